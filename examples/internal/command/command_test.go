package command

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parsed returns the command of an example with a flag of its own, and where it
// writes.
func parsed(t *testing.T, arguments ...string) (*Command, *strings.Builder, error) {
	t.Helper()
	var out strings.Builder
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	c := in(flags, &out, "demo")
	flags.Float64("rate", 0.5, "of learning")
	return c, &out, c.parse(append([]string{"-runs", t.TempDir()}, arguments...))
}

func TestRun(t *testing.T) {
	c, out, err := parsed(t, "-seed", "7", "-json")
	require.NoError(t, err)
	f, err := c.Folder()
	require.NoError(t, err)
	fmt.Fprintln(c.Out, "working")
	require.NoError(t, c.Finish(f, map[string]float64{"figure": 0.25}))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	assert.Equal(t, "working", lines[0])
	assert.Contains(t, lines[1], "demo/report.html")
	assert.Equal(t, `{"figure":0.25}`, lines[2])

	for file, want := range map[string]string{"config.json": `{"rate":0.5,"seed":7}`, "result.json": `{"figure":0.25}`} {
		text, err := os.ReadFile(f.Path(file))
		require.NoError(t, err)
		assert.JSONEq(t, want, string(text))
	}
	assert.FileExists(t, f.Path("report.html"))
}

func TestQuiet(t *testing.T) {
	c, out, err := parsed(t, "-quiet", "-json", "-name", "other")
	require.NoError(t, err)
	f, err := c.Folder()
	require.NoError(t, err)
	fmt.Fprintln(c.Out, "working")
	require.NoError(t, c.Finish(f, struct{ A int }{3}))
	var result struct{ A int }
	require.NoError(t, json.Unmarshal([]byte(out.String()), &result), "nothing but the result")
	assert.Equal(t, 3, result.A)
	assert.True(t, strings.HasSuffix(f.Dir, "other"))
}

func TestMistakes(t *testing.T) {
	_, _, err := parsed(t, "surplus")
	assert.EqualError(t, err, `unexpected argument "surplus"`)
	_, _, err = parsed(t, "-seed", "x")
	assert.ErrorContains(t, err, "seed")
	c, _, err := parsed(t, "-name", "../away")
	require.NoError(t, err)
	_, err = c.Folder()
	assert.ErrorContains(t, err, `report: the run is named "../away"`)
	c, _, err = parsed(t)
	require.NoError(t, err)
	f, err := c.Folder()
	require.NoError(t, err)
	assert.ErrorContains(t, c.Finish(f, func() {}), "the result: ")
}
