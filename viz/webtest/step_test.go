package webtest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/viz/live"
)

// shown returns the numbers of a table in the page, and whether it is there.
func (p *tab) shown(selector string) (list []float64) {
	p.t.Helper()
	for _, text := range js[[]string](p, fmt.Sprintf("[...document.querySelectorAll(%q)].map(e => e.textContent)", selector+" td")) {
		v, err := strconv.ParseFloat(strings.ReplaceAll(text, "−", "-"), 64)
		require.NoError(p.t, err)
		list = append(list, v)
	}
	return list
}

// same compares numbers of the page, which are rounded, with the engine's.
func same(t *testing.T, want graph.Tensor, got []float64, what string) {
	t.Helper()
	require.Len(t, got, want.Len(), what)
	for i, v := range got {
		assert.InDelta(t, want.At(i), v, 0.0006*max(1, want.At(i), -want.At(i)), "%s: element %d", what, i)
	}
}

// TestStepXor walks through training steps of xor with the keyboard alone, and
// compares all numbers on the way with what the engine says of the same graph.
func TestStepXor(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL+"step", 1280, 800)
	lesson := live.Xor(1)
	step, err := optim.Minimize(lesson.Loss, lesson.Params, lesson.Rule)
	require.NoError(t, err)
	nodes := graph.Topo(lesson.Loss)
	values, err := graph.Compile(nodes...)
	require.NoError(t, err)
	p.wait("document.getElementById('card').dataset.at === '0'")
	sums := 0
	for range 2 {
		v, err := values.Eval(t.Context(), lesson.Feeds...)
		require.NoError(t, err)
		for at := 0; ; at++ {
			p.wait(fmt.Sprintf("document.getElementById('card').dataset.at === '%d'", at))
			i := js[int](p, "+document.getElementById('card').dataset.node")
			switch phase := js[string](p, "document.getElementById('card').dataset.phase"); phase {
			case "forward":
				same(t, v[i], p.shown("#result"), "value of "+nodes[i].String())
			case "backward":
				same(t, slope(t, lesson, nodes[i]), p.shown("#incoming"), "cotangent of "+nodes[i].String())
				for k, x := range nodes {
					if js[bool](p, fmt.Sprintf("!!document.getElementById('slope-%d')", k)) {
						same(t, slope(t, lesson, x), p.shown(fmt.Sprintf("#slope-%d", k)), "cotangent of "+x.String())
					}
				}
				if js[bool](p, "!!document.querySelector('.sum')") {
					sums++
					if sums == 2 {
						p.picture("step-sum.jpg")
					}
				}
			}
			if at == 4 {
				p.picture("step.jpg")
			}
			if js[string](p, "document.getElementById('card').dataset.phase") == "update" {
				break
			}
			p.press(kb.ArrowRight)
		}
		_, err = step.Run(lesson.Feeds...)
		require.NoError(t, err)
		for k, param := range lesson.Params { // the page says it before it happens
			if k > 0 {
				p.press(kb.ArrowRight)
			}
			p.wait(fmt.Sprintf("document.querySelector('#card h2').textContent === %q", "the optimizer moves "+param.Label))
			after, err := graph.FromDense(param.Value)
			require.NoError(t, err)
			same(t, after, p.shown("#result"), param.Label)
		}
		p.press(kb.ArrowRight) // the step is made, and the next begins
		p.wait("document.getElementById('card').dataset.at === '0'")
	}
	assert.Equal(t, "2", js[string](p, "document.getElementById('iteration').textContent"))
	assert.GreaterOrEqual(t, sums, 4, "weights are used in the product and in the penalty: both terms are shown")
	p.press("r")
	p.wait("document.getElementById('iteration').textContent === '0'")
	p.homely(s)
}

// slope is the gradient of the lesson's loss with respect to a node.
func slope(t *testing.T, l live.Lesson, n *graph.Node) graph.Tensor {
	t.Helper()
	p, err := graph.Compile(autodiff.Grad(l.Loss, n)...)
	require.NoError(t, err)
	v, err := p.Eval(t.Context(), l.Feeds...)
	require.NoError(t, err)
	return v[0]
}
