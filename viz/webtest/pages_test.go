package webtest

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp/kb"
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

// TestPreferences goes to every page: it is dark for who prefers that, and nothing
// moves by itself for who prefers that it does not.
func TestPreferences(t *testing.T) {
	s := serve(t, live.Options{})
	const moving = `[...document.querySelectorAll("*")].filter(e => { const s = getComputedStyle(e);
		return s.animationName !== "none" || s.transitionDuration.split(",").some(d => parseFloat(d) > 0); }).length + document.getAnimations().length`
	const luminance = `(([r, g, b]) => 0.2126*r + 0.7152*g + 0.0722*b)(getComputedStyle(%s).%s.match(/[0-9.]+/g))`
	for _, name := range []string{"step", "graph", "train", "loss", "explain", "playground"} {
		p := open(t, s.URL+name, 1100, 800)
		p.wait("document.querySelector('main h1')")
		for _, scheme := range []string{"light", "dark"} {
			p.prefer(scheme, "reduce")
			assert.Zero(t, js[int](p, moving), "what moves on %s", name)
			page, ink := js[float64](p, fmt.Sprintf(luminance, "document.body", "backgroundColor")), js[float64](p, fmt.Sprintf(luminance, "document.body", "color"))
			assert.Equal(t, scheme == "dark", page < 60, "the page of %s, %s", name, scheme)
			assert.Greater(t, math.Abs(page-ink), 150.0, "ink on the page of %s, %s", name, scheme)
		}
		p.prefer("light", "no-preference")
		assert.Positive(t, js[int](p, moving), "what moves on %s where it may", name)
	}
}

// TestPageFromFile opens a page that needs no server, in both themes: groups open and
// close, nodes are found, the inspector tells what they are, all by keyboard.
func TestPageFromFile(t *testing.T) {
	loss, _, _ := transformer(t, 2)
	var text bytes.Buffer
	require.NoError(t, viz.Picture{Title: "A transformer"}.HTML(&text, loss))
	file := filepath.Join(t.TempDir(), "graph.html")
	require.NoError(t, os.WriteFile(file, text.Bytes(), 0o666))
	background := map[string]bool{}
	for name, dark := range map[string]bool{"page.jpg": false, "": true} {
		p := open(t, "file://"+file, 1100, 800, dark)
		p.wait("document.body.dataset.state === '0'")
		background[js[string](p, "getComputedStyle(document.body).backgroundColor")] = true
		boxes := func() int { return js[int](p, "document.querySelectorAll('#graph .box').length") }
		before := boxes()
		require.Greater(t, before, 5)
		assert.NotEmpty(t, js[string](p, "document.getElementById('graph').getAttribute('aria-label')"))

		// a group closes and opens
		p.reach("graph")
		for range 3 {
			p.press(kb.ArrowDown)
		}
		p.press("\r")
		p.wait("document.querySelector('.box.here')?.dataset.scope === '0'")
		assert.Equal(t, "false", js[string](p, "document.querySelector('.box.here').getAttribute('aria-expanded')"))
		assert.Less(t, boxes(), before, "the first layer is one box")
		p.press("\r")
		p.wait("document.querySelector('.box.here') && !document.querySelector('.box.here').dataset.scope")
		assert.Equal(t, before, boxes())
		js[any](p, "(document.querySelector('.fold[data-path=\"1.Attention\"] text').dispatchEvent(new MouseEvent('click', {bubbles: true})), 0)")
		p.wait("document.querySelector('.box.here')?.dataset.scope === '1.Attention'")
		p.press("\r")
		p.wait("document.querySelector('.fold[data-path=\"1.Attention\"]')")

		// the search leads to a node inside, and the inspector tells what it is
		p.press("/")
		p.wait("document.activeElement.id === 'search'")
		js[any](p, "document.activeElement.value = ''") // a driven browser types the key after it was taken
		p.press("gelu")
		p.wait("document.querySelectorAll('#found button').length > 0")
		p.press("\r")
		p.wait("document.querySelector('#inspector dd') && document.querySelector('#inspector').innerText.includes('graph_test.go')")
		inspected := js[string](p, "document.getElementById('inspector').innerText")
		assert.Contains(t, inspected, "[batch 6 64]")
		assert.Greater(t, js[int](p, "document.querySelectorAll('#inspector math').length"), 0, "formulas")
		was := js[string](p, "document.querySelector('.box.here').id")
		p.press(kb.ArrowUp)
		p.wait(fmt.Sprintf("document.querySelector('.box.here').id !== %q", was))
		if name != "" {
			p.picture(name)
		}
		p.mutex.Lock()
		assert.Equal(t, []string{"file://" + file}, p.requests, "it asks for nothing but itself")
		assert.Empty(t, p.mistakes, "mistakes of the script")
		p.mutex.Unlock()
	}
	assert.Len(t, background, 2, "light and dark differ")
}
