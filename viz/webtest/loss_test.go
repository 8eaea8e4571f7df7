package webtest

import (
	"testing"

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
	p.reach("text") // around the page
	js[any](p, "(document.activeElement.select(), 0)")
	p.press("mean(p-z)")
	p.wait("document.querySelector('.message').textContent.includes('z')")
	assert.Empty(t, js[string](p, "document.getElementById('badge').textContent"))
	p.homely(s)
}
