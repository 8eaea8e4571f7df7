package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testGPT(t *testing.T, dir string) {
	short := []string{"-steps", "60", "-every", "30", "-length", "40"}
	out := run(t, dir, "gpt", short...)
	assert.Contains(t, out, "16393 characters, 58 kinds, 804352 parameters")
	loss := numbers(t, out, `validation loss ([\d.]+)`)
	require.Len(t, loss, 2)
	assert.Less(t, loss[1], 2.9, "guessing by frequency is at 3.3")
	wrote := func(out string) string { return out[strings.Index(out, "written"):][30:] }
	assert.Equal(t, wrote(out), wrote(run(t, dir, "gpt", short...)), "the same seed gives the same text")

	file := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("abcd ", 400)), 0o600))
	out = run(t, dir, "gpt", "-data", file, "-steps", "80", "-length", "50", "-temperature", "0.1")
	assert.Contains(t, out, strings.Repeat("abcd ", 5))
	require.NoError(t, os.WriteFile(file, []byte("too short"), 0o600))
	bad, err := command(dir, "gpt", "-data", file).CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "data: 8 ids are too few for a window of 64 and the one after it\n", string(bad))
}

func testVAE(t *testing.T, dir string) {
	out := run(t, dir, "vae", "-images", "3000", "-epochs", "8")
	picture := numbers(t, out, `picture ([\d.]+)`)
	require.Len(t, picture, 8)
	assert.Less(t, picture[7], 240.0)
	assert.Positive(t, numbers(t, out, `divergence ([\d.]+)`)[7])
	assert.Contains(t, out, "what is drawn from random codes:")
}

func testMultihead(t *testing.T, dir string) {
	out := run(t, dir, "multihead", "-images", "3000", "-epochs", "3")
	a := numbers(t, out, `left ([\d.]+), right ([\d.]+), larger ([\d.]+)`)
	require.Len(t, a, 9)
	assert.Greater(t, a[6], 0.75)
	assert.Greater(t, a[7], 0.75)
	assert.Greater(t, a[8], 0.55)
	for _, head := range []string{"left ", "right", "larger"} {
		sum := 0.0
		for _, p := range strings.Fields(strings.Split(strings.Split(out, "first image, "+head)[1], "]")[0]) {
			sum += numbers(t, strings.TrimPrefix(p, "["), `([\d.]+)`)[0]
		}
		assert.InDelta(t, 1, sum, 0.06, head)
	}
}
