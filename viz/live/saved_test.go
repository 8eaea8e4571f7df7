package live_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/viz/live"
)

// learned is a frame with what a file needs of it.
type learned struct {
	shown
	Biases [][]float32
}

// file writes a frame as the page does.
func (f *learned) file(t *testing.T, setup string) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"setup": json.RawMessage(setup), "epoch": f.Epoch, "weights": f.Weights, "biases": f.Biases})
	require.NoError(t, err)
	return string(b)
}

// TestSaved trains, saves, and opens the file in another tab and another server:
// weights, epoch and losses are the same, and training goes on from there.
func TestSaved(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s)
	var f learned
	p.order(`{"setup":%s}`, small)
	p.next("frame", &f)
	for range 7 {
		p.order(`{"do":"step"}`)
		f = learned{}
		p.next("frame", &f)
	}
	file := f.file(t, small)
	path := filepath.Join(t.TempDir(), "playground.json")
	require.NoError(t, os.WriteFile(path, []byte(file), 0o666))

	q := open(t, s)
	assert.Equal(t, "{}\n", q.order(`{"saved":%s}`, file))
	var g learned
	q.next("frame", &g)
	require.NotNil(t, g.Points)
	g.Points = nil
	assert.Equal(t, f, g)
	assert.Equal(t, "{}\n", q.order(`{"do":"step"}`))
	q.next("frame", &g)
	assert.Equal(t, 8, g.Epoch)
	assert.NotEqual(t, f.Weights, g.Weights)

	again := serve(t, live.Options{Saved: path})
	assert.JSONEq(t, file, helloOf(t, again))
}

// helloOf returns what a new tab is to begin with.
func helloOf(t *testing.T, s *live.Server) string {
	t.Helper()
	r, err := http.Get(s.URL + "playground/events")
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Body.Close() })
	require.Equal(t, http.StatusOK, r.StatusCode)
	var hello struct{ Saved json.RawMessage }
	(&player{t: t, events: bufio.NewReader(r.Body)}).next("hello", &hello)
	return string(hello.Saved)
}

func TestSavedMistakes(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s)
	good := `{"setup":` + small + `,"epoch":3,"weights":[[1,2,3,4,5,6],[1,2,3]],"biases":[[1,2,3],[1]]}`
	var f shown
	assert.Equal(t, "{}\n", p.order(`{"saved":%s}`, good))
	p.next("frame", &f)
	for _, c := range []struct{ old, new, want string }{
		{"[1,2,3,4,5,6]", "[1,2,3,4,5]", "layer 1 has 5 weights and 3 biases: want 6 and 3, for 2 inputs and 3 units"},
		{`],"biases"`, `,[1]],"biases"`, "weights of 3 layers and biases of 2: want 2 of each, for the hidden layers and the output"},
		{`"epoch":3`, `"epoch":-3`, "epoch -3: want 0 or more"},
		{`"units":3`, `"units":1000000000`, "layer 1 has 1000000000 units: want 1 to 12"},
		{`"epoch":3`, `"epoch":3,"more":1`, `unknown field \"more\"`},
	} {
		assert.Contains(t, p.order(`{"saved":%s}`, strings.Replace(good, c.old, c.new, 1)), c.want)
	}
	assert.Equal(t, "{}\n", p.order(`{"do":"step"}`), "what was open goes on")
	p.next("frame", &f)
	assert.Equal(t, 4, f.Epoch)

	dir := t.TempDir()
	for name, c := range map[string][2]string{
		"cut.json":   {good[:40], "unexpected EOF"},
		"wrong.json": {strings.Replace(good, "[1,2,3,4,5,6]", "[]", 1), "layer 1 has 0 weights"},
		"large.json": {strings.Repeat(" ", 2<<20) + good, "has 2097"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(c[0]), 0o666))
		_, err := live.Serve(live.Options{Saved: path})
		assert.ErrorContains(t, err, "live: "+path)
		assert.ErrorContains(t, err, c[1])
	}
	_, err := live.Serve(live.Options{Saved: filepath.Join(dir, "none")})
	assert.ErrorContains(t, err, "none: no such file")
}
