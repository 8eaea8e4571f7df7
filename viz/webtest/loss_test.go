package webtest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/viz/live"
)

// TestLossLab types a loss with the keyboard, and trains with it.
func TestLossLab(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL+"loss", 1280, 900)
	p.wait("document.getElementById('badge').dataset.agrees === 'true'")
	assert.Greater(t, js[int](p, "document.querySelectorAll('main math').length"), 1, "loss and derivative are set")
	assert.Greater(t, js[int](p, "+document.getElementById('loss-graph').dataset.boxes"), 6, "loss and gradient are drawn")
	p.reach("text")
	js[any](p, "(document.activeElement.select(), 0)")
	p.press("mean(log(1+((p-y)/0.5)^2))")
	p.wait("location.hash.includes('log') && document.getElementById('badge').dataset.agrees === 'true'")
	p.reach("fit")
	p.press("\r")
	p.wait("document.querySelector('[data-done]')?.dataset.done === 'mean(log(1+((p-y)/0.5)^2))'")
	p.picture("loss.jpg")
	p.reach("loss-graph") // and walks through its graph
	p.press(kb.ArrowUp)
	p.wait("document.getElementById('about').textContent")
	last := js[string](p, "document.getElementById('about').textContent")
	for _, key := range []string{kb.ArrowLeft, kb.ArrowUp} { // from the gradient to the loss, and along its edges
		p.press(key)
		p.wait(fmt.Sprintf("document.getElementById('about').textContent !== %q", last))
		last = js[string](p, "document.getElementById('about').textContent")
	}
	assert.Equal(t, 1, js[int](p, "document.querySelectorAll('#loss-graph-tree [aria-selected=true]').length"))
	assert.Equal(t, js[string](p, "document.querySelector('#loss-graph-tree [aria-selected=true]').id"), js[string](p, "document.activeElement.getAttribute('aria-activedescendant')"))
	assert.Equal(t, js[string](p, "document.getElementById('about').textContent"), js[string](p, "document.getElementById('live').textContent"), "it is read out")
	p.press(kb.Escape)
	p.wait("!document.getElementById('about').textContent")
	p.reach("text") // around the page
	js[any](p, "(document.activeElement.select(), 0)")
	p.press("mean(p-z)")
	p.wait("document.querySelector('.message').textContent.includes('z')")
	assert.Empty(t, js[string](p, "document.getElementById('badge').textContent"))
	p.homely(s)
}
