package webtest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/viz/live"
)

// transformer is the loss of a small one, with a rectifier that has died.
func transformer(t *testing.T, blocks int) (*graph.Node, []graph.Feed, nn.Sequential) {
	t.Helper()
	x, y := graph.Input("x", graph.Sym("batch"), 6, 16), graph.Input("y", graph.Sym("batch"), 6, 4)
	model := nn.Sequential{&nn.Dense{Out: 16, Act: ops.ReLU}}
	for range blocks {
		model = append(model, &nn.TransformerBlock{Attention: nn.MultiHeadAttention{Heads: 2}})
	}
	model = append(model, &nn.Dense{Out: 4})
	pred := model.Apply(x) // the line that the inspector shows
	loss := nn.MSE(pred, y)
	nn.Init(model, 1)
	for _, p := range nn.Params(model) {
		if p.Label == "0.B" {
			copy(p.Value.Float32s(), []float32{-99, -99, -99, -99}) // dead
		}
	}
	xs := tensor.New(tensor.WithShape(3, 6, 16), tensor.WithBacking(tensor.Range(tensor.Float32, 0, 3*6*16)))
	ys := tensor.New(tensor.WithShape(3, 6, 4), tensor.WithBacking(make([]float32, 3*6*4)))
	for i, v := range xs.Float32s() {
		xs.Float32s()[i] = v/288 - 0.5
	}
	return loss, []graph.Feed{x.Is(xs), y.Is(ys)}, model
}

func TestGraph(t *testing.T) {
	loss, feeds, _ := transformer(t, 2)
	require.NoError(t, loss.Err())
	s := serve(t, live.Options{Graph: []*graph.Node{loss}, Feeds: feeds})
	p := open(t, s.URL+"graph", 1280, 800)
	p.wait("document.getElementById('graph').dataset.boxes > 5")
	folded := js[int](p, "+document.getElementById('graph').dataset.boxes")
	assert.LessOrEqual(t, folded, 100)
	p.picture("graph.jpg")

	// the keyboard: find, open, walk, close
	p.press("/")
	p.wait("document.activeElement.id === 'search'")
	js[any](p, "document.activeElement.value = ''") // a driven browser types the key after it was taken
	p.press("relu")
	p.wait("document.getElementById('found').textContent.includes('found')")
	p.press("\r") // opens the layer that it is in
	p.wait("document.querySelector('#inspector h2').textContent.includes('relu') && document.querySelectorAll('#inspector dd').length > 3")
	text := js[string](p, "document.getElementById('inspector').innerText")
	for _, want := range []string{"f32[batch 6 16]", "graph_test.go", "the line that the inspector shows", "4·"} {
		assert.Contains(t, text, want)
	}
	assert.Contains(t, text, "layer\n0")
	p.press(kb.Escape)
	assert.Equal(t, "graph", p.focused())
	folded = js[int](p, "+document.getElementById('graph').dataset.boxes")
	before := js[string](p, "document.querySelector('#inspector h2').textContent")
	p.press(kb.ArrowUp)
	p.wait("document.querySelector('#inspector h2').textContent !== " + fmt.Sprintf("%q", before))
	assert.NotEmpty(t, js[string](p, "document.getElementById('live').textContent"), "what is chosen is read out")
	assert.Equal(t, 1, js[int](p, "document.querySelectorAll('#graph-tree [aria-selected=true]').length"))
	assert.Equal(t, min(folded, 200), js[int](p, "document.querySelectorAll('#graph-tree [role=treeitem]').length"))

	// overlays: what is dead is seen
	js[any](p, "(s => { s.value = 'dead rectifiers'; s.onchange(); })(document.getElementById('overlay'))")
	p.wait("document.getElementById('legend').textContent.startsWith('dead rectifiers: 0.250 (pale) to 0.250')")
	for _, name := range []string{"size of values", "gradient norm", "time", "memory", "update / weight"} {
		js[any](p, fmt.Sprintf("(s => { s.value = %q; s.onchange(); })(document.getElementById('overlay'))", name))
		p.wait(fmt.Sprintf("document.getElementById('legend').textContent.startsWith(%q)", name))
		assert.Empty(t, js[string](p, "document.querySelector('.message').textContent"), name)
	}
	js[any](p, "(s => { s.value = 'gradient norm'; s.onchange(); })(document.getElementById('overlay'))")
	p.wait("document.getElementById('legend').textContent.startsWith('gradient norm')")
	p.picture("graph-gradient.jpg")

	// everything open, and the gradient beside it
	js[any](p, "(s => { s.value = 'all'; s.onchange(); })(document.getElementById('boxes'))")
	p.wait(fmt.Sprintf("document.getElementById('graph').dataset.boxes > %d", folded))
	whole := js[int](p, "+document.getElementById('graph').dataset.boxes")
	p.click("#gradient")
	p.wait(fmt.Sprintf("document.getElementById('graph').dataset.boxes > %d", whole+20))
	p.homely(s)
}

// TestGraphLarge asks for the first picture of 10,000 nodes in 500 ms and for
// 17 ms a frame, twice that on a machine that others use too. Each picture and
// each frame of the way counts as the best of some tries: what others take of the
// machine differs between them, and what the page takes does not.
func TestGraphLarge(t *testing.T) {
	const (
		first  = 2 * 500.0
		frame  = 2 * 17.0
		worst  = 3 * 17.0
		frames = 120
	)
	x := graph.Input("x", 8)
	y := x
	stages := make([]*graph.Scope, 0, 200)
	for i := range 200 {
		stages = append(stages, &graph.Scope{Label: fmt.Sprintf("stage%d.block%d", i/20, i)})
		y = stages[i].Wrap(func() *graph.Node {
			h := y
			for j := range 13 {
				h = ops.Add(ops.Tanh(h), ops.Scale(y, float64(j+2)))
			}
			return h
		})
	}
	loss := ops.Mean(y)
	nodes := len(graph.Topo(loss))
	require.Greater(t, nodes, 10_000)
	s := serve(t, live.Options{Graph: []*graph.Node{loss}})
	p := open(t, s.URL+"graph", 1280, 800)
	p.wait("document.getElementById('graph').dataset.first")
	best := func(choice string) float64 {
		ms := math.Inf(1)
		for range 3 {
			js[any](p, fmt.Sprintf("(s => { delete document.getElementById('graph').dataset.first; s.value = %q; s.onchange(); })(document.getElementById('boxes'))", choice))
			p.wait("document.getElementById('graph').dataset.first")
			ms = min(ms, js[float64](p, "+document.getElementById('graph').dataset.first"))
		}
		return ms
	}
	folded, all := best("60"), best("all")
	require.Greater(t, js[int](p, "+document.getElementById('graph').dataset.boxes"), 9000)
	took := slices.Repeat([]float64{math.Inf(1)}, frames)
	for range 3 {
		js[any](p, fmt.Sprintf("(window.took = undefined, paintForTest(%d).then(f => { window.took = f; }), 0)", frames))
		p.wait("window.took")
		for i, ms := range js[[]float64](p, "window.took") {
			took[i] = min(took[i], ms)
		}
	}
	slices.Sort(took)
	t.Logf("%d nodes: first picture %.0f ms folded, %.0f ms all open; frames of all %.1f ms median, %.1f ms for 95 of 100, %.1f ms at most",
		nodes, folded, all, took[frames/2], took[frames*95/100], took[frames-1])
	assert.Less(t, folded, first, "first picture, folded")
	assert.Less(t, all, first, "first picture, all open")
	assert.Less(t, took[frames*95/100], frame, "95 of 100 frames")
	assert.Less(t, took[frames-1], worst, "slowest frame")
	assert.False(t, strings.Contains(js[string](p, "document.querySelector('.message').textContent"), "error"))
}
