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
	c.Resumable()
	flags.Float64("rate", 0.5, "of learning")
	flags.String("words", "", "of all kinds")
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

	for file, want := range map[string]string{"config.json": `{"rate":0.5,"seed":7,"words":""}`, "result.json": `{"figure":0.25}`} {
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

// TestResume goes on in the last folder, with its settings where none are given.
func TestResume(t *testing.T) {
	c, _, err := parsed(t, "-resume")
	require.NoError(t, err)
	_, err = c.Folder()
	assert.ErrorContains(t, err, "-resume: there is no run demo in ")

	c, _, err = parsed(t, "-seed", "9", "-rate", "0.25", "-words", `two "words"`)
	require.NoError(t, err)
	f, err := c.Folder()
	require.NoError(t, err)

	again, _, err := parsed(t, "-resume", "-runs", c.Runs, "-seed", "10")
	require.NoError(t, err)
	g, err := again.Folder()
	require.NoError(t, err)
	assert.Equal(t, f.Dir, g.Dir)
	assert.Equal(t, map[string]any{"seed": uint64(10), "rate": 0.25, "words": `two "words"`}, again.settings())

	require.NoError(t, os.WriteFile(f.Path("config.json"), []byte(`{"rate":"fast"}`), 0o666))
	again, _, err = parsed(t, "-resume", "-runs", c.Runs)
	require.NoError(t, err)
	_, err = again.Folder()
	assert.ErrorContains(t, err, "config.json: rate: ")
	require.NoError(t, os.WriteFile(f.Path("config.json"), []byte(`{`), 0o666))
	_, err = again.Folder()
	assert.ErrorContains(t, err, "config.json: unexpected end")
}
