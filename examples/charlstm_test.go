package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testCharLSTM(t *testing.T, dir string) {
	short := []string{"-steps", "40", "-every", "20", "-state", "32", "-length", "60"}
	out := run(t, dir, "charlstm", short...)
	assert.Contains(t, out, "20820 characters, 25 kinds")
	loss := numbers(t, out, `loss ([\d.]+)`)
	require.Len(t, loss, 2)
	assert.Less(t, loss[1], 2.6, "guessing by frequency is at 2.9")
	wrote := func(out string) string { return out[strings.Index(out, "written"):] }
	assert.Equal(t, wrote(out), wrote(run(t, dir, "charlstm", short...)), "the same seed gives the same text")

	file := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("abcd\n", 400)), 0o600))
	out = run(t, dir, "charlstm", "-data", file, "-steps", "60", "-state", "32", "-length", "50", "-temperature", "0.1")
	assert.Contains(t, out, strings.Repeat("  abcd\n", 5))
}
