package webtest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/viz"
	"github.com/adjointml/adjoint/viz/live"
)

// TestPages goes to every page with the keyboard alone. Each has one heading, names
// for all its controls, and a place to skip to.
func TestPages(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL, 1100, 800)
	p.wait("document.body.dataset.page === 'playground'")
	for _, name := range []string{"Step", "Graph", "Train", "Loss lab", "Explain", "Playground"} {
		p.reach(name)
		p.press("\r")
		p.wait("document.querySelector('[aria-current=page]')?.textContent === " + `"` + name + `" && document.querySelector('main h1')`)
		assert.Equal(t, 1, js[int](p, "document.querySelectorAll('h1').length"), name)
		assert.Empty(t, js[[]string](p, `[...document.querySelectorAll("button, input, select, canvas[tabindex], summary")]
			.filter(e => !(e.textContent.trim() || e.labels?.length || e.getAttribute("aria-label"))).map(e => e.outerHTML)`), "controls of %s without a name", name)
		assert.LessOrEqual(t, js[float64](p, "document.documentElement.scrollWidth"), 1100.0, "%s fits the width", name)
		assert.Equal(t, "#main", js[string](p, "document.querySelector('.skip').getAttribute('href')"))
	}
	p.homely(s)
}

// TestPictureFromFile opens a picture that needs no server.
func TestPictureFromFile(t *testing.T) {
	loss, _, _ := transformer(t, 1)
	var picture bytes.Buffer
	require.NoError(t, viz.SVG(&picture, loss))
	file := filepath.Join(t.TempDir(), "graph.svg")
	require.NoError(t, os.WriteFile(file, picture.Bytes(), 0o666))
	p := open(t, "file://"+file, 900, 900)
	assert.Greater(t, js[int](p, "document.querySelectorAll('rect').length"), 20)
	assert.NotEmpty(t, js[string](p, "document.querySelector('desc').textContent"))
	p.mutex.Lock()
	defer p.mutex.Unlock()
	assert.Equal(t, []string{"file://" + file}, p.requests, "it asks for nothing but itself")
}
