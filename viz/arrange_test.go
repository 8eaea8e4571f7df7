package viz

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A report counts what a picture must not have.
type report struct{ through, overlap, escapes, upward, label, shared, texts int }

type line struct {
	x0, y0, x1, y1 float64
	value          int
	kind           EdgeKind
}

func inflate(r Rect, d float64) line {
	return line{x0: float64(r.X) - d, y0: float64(r.Y) - d, x1: float64(r.X+r.W) + d, y1: float64(r.Y+r.H) + d}
}

func hit(a, b line) bool { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1 }

// inspect is quadratic: for tests on small graphs.
func inspect(l *Layout) (r report) {
	const e = 0.3
	for i := range l.Boxes {
		b := &l.Boxes[i]
		for j := range i {
			if hit(inflate(b.Rect, -e), inflate(l.Boxes[j].Rect, -e)) {
				r.overlap++
			}
		}
		if b.Group >= 0 {
			in, out := inflate(b.Rect, 0), inflate(l.Groups[b.Group].Rect, e)
			if in.x0 < out.x0 || in.x1 > out.x1 || in.y0 < out.y0 || in.y1 > out.y1 {
				r.escapes++
			}
		}
		px := 12.0
		if b.Pill {
			px = 11
		}
		if b.Title != "" && textWidth(b.Title, px) > float64(b.W)-4 || textWidth(b.Line, 10.5) > float64(b.W) {
			r.texts++
		}
	}
	for i := range l.Groups {
		g := &l.Groups[i]
		if g.Parent >= 0 {
			in, out := inflate(g.Rect, 0), inflate(l.Groups[g.Parent].Rect, e)
			if in.x0 < out.x0 || in.x1 > out.x1 || in.y0 < out.y0 || in.y1 > out.y1 {
				r.escapes++
			}
		}
	}
	lines := segments(l)
	for _, s := range lines {
		thin := line{x0: s.x0 - 0.2, y0: s.y0 - 0.2, x1: s.x1 + 0.2, y1: s.y1 + 0.2}
		for i := range l.Boxes {
			if hit(thin, inflate(l.Boxes[i].Rect, -0.6)) {
				r.through++
			}
		}
		for _, t := range l.Labels {
			if t.Style == "note" && s.kind == Forward && hit(thin, line{x0: t.At.X + 1, y0: t.At.Y - 8, x1: t.At.X + textWidth(t.Text, 10)*0.9, y1: t.At.Y}) {
				r.label++
			}
		}
	}
	r.shared = shared(lines)
	for i, e := range l.Edges {
		if len(e.Points) < 2 {
			r.upward++
			continue
		}
		p, q := e.Points[0], e.Points[len(e.Points)-1]
		if e.Kind == Forward && e.To >= 0 && !l.Boxes[e.To].Pill && p.Y > q.Y+e1 && len(l.Edges) > i && !wrapped(e) {
			r.upward++
		}
	}
	return r
}

const e1 = 30 // an edge from a pill may rise a little

// wrapped reports whether an edge goes on in the next column of a tall group.
func wrapped(e Edge) bool { return len(e.Points) >= 6 }

// segments are the straight pieces of the lines in the column of the forward pass
// and its mirror.
func segments(l *Layout) (list []line) {
	for _, e := range l.Edges {
		for i := 1; i < len(e.Points); i++ {
			a, b := e.Points[i-1], e.Points[i]
			list = append(list, line{min(a.X, b.X), min(a.Y, b.Y), max(a.X, b.X), max(a.Y, b.Y), e.Value, e.Kind})
		}
	}
	return list
}

// shared counts stretches where two values are drawn as one line.
func shared(lines []line) (n int) {
	for i, a := range lines {
		for _, b := range lines[:i] {
			if a.value == b.value || a.kind != Forward || b.kind != Forward {
				continue
			}
			upA, upB := a.x1-a.x0 < 0.1, b.x1-b.x0 < 0.1
			switch {
			case upA && upB && math.Abs(a.x0-b.x0) < 2 && min(a.y1, b.y1)-max(a.y0, b.y0) > 1,
				!upA && !upB && math.Abs(a.y0-b.y0) < 2 && min(a.x1, b.x1)-max(a.x0, b.x0) > 1:
				n++
			}
		}
	}
	return n
}

// Pictures of networks and of random graphs, in every degree of folding, forward,
// beside gradients, of training steps and of compiled programs: no box overlaps
// another or leaves its group, no line runs through a box or a label or up, two values
// never share a line, texts fit, and the bytes are the same again.
func TestInvariants(t *testing.T) {
	graphs := map[string][]*graph.Node{
		"one node": {graph.Input("x", 3)},
		"block":    {transformer(1)},
		"three":    {transformer(3)},
		"loss":     {ops.Mean(transformer(2))},
	}
	for seed := range uint64(6) {
		graphs[fmt.Sprintf("flat, seed %d", seed)] = random(seed, 60, 8, 0)
		for deep := range 3 {
			graphs[fmt.Sprintf("nested %d deep, seed %d", deep+1, seed)] = random(seed, 60, 8, deep+1)
		}
	}
	for name, y := range graphs {
		for _, boxes := range []int{-1, 20, 60} {
			p := Picture{Boxes: boxes, Formulas: boxes == 20}
			keeps(t, fmt.Sprintf("%s, %d boxes", name, boxes), p, y)
			loss := []*graph.Node{ops.Sum(y[0])}
			p.Gradient = true
			keeps(t, fmt.Sprintf("%s, %d boxes, gradient", name, boxes), p, loss)
			p.Gradient = false
			l := keeps(t, fmt.Sprintf("%s, %d boxes, update", name, boxes), p, minimized(t, loss[0]))
			if name != "one node" {
				assert.Equal(t, 3, l.Columns, name)
			}
		}
	}
}

// keeps draws a picture and fails if it has what pictures must not have.
func keeps(t *testing.T, name string, p Picture, y []*graph.Node) *Layout {
	t.Helper()
	l, err := p.Layout(y...)
	require.NoError(t, err, name)
	assert.Zero(t, inspect(l), name)
	var a, b bytes.Buffer
	require.NoError(t, l.SVG(&a))
	require.NoError(t, p.SVG(&b, y...))
	assert.True(t, bytes.Equal(a.Bytes(), b.Bytes()), "%s: two runs, two pictures", name)
	return l
}

// minimized are the nodes of a training step, or the loss if there is nothing to
// train.
func minimized(t *testing.T, loss *graph.Node) []*graph.Node {
	params := valued(loss)
	if len(params) == 0 {
		return []*graph.Node{loss}
	}
	step, err := optim.Minimize(loss, params, optim.Adam(1e-3))
	require.NoError(t, err)
	return step.Nodes()
}

// valued gives the parameters of y values, and returns them.
func valued(y ...*graph.Node) (params []*graph.Param) {
	for _, n := range graph.Topo(y...) {
		if p, ok := n.Op().(*graph.Param); ok {
			dims, _ := n.Shape().Literal()
			p.Value = tensor.New(tensor.WithShape(dims...), tensor.Of(tensor.Float32))
			params = append(params, p)
		}
	}
	return params
}

// TestInvariantsOfPrograms draws compiled programs, their memory, and both beside each
// other.
func TestInvariantsOfPrograms(t *testing.T) {
	for seed := range uint64(6) {
		for deep := range 3 {
			y := random(seed, 40, 8, deep)
			programs := map[string]*graph.Program{}
			valued(y...)
			var err error
			programs["forward"], err = graph.Compile(y...)
			require.NoError(t, err)
			loss := ops.Sum(y[0])
			if params := valued(loss); len(params) > 0 {
				programs["step"], err = optim.Minimize(loss, params, optim.Adam(1e-3))
				require.NoError(t, err)
			}
			for name, q := range programs {
				name = fmt.Sprintf("%s, seed %d, %d deep", name, seed, deep)
				var views []*Layout
				for _, boxes := range []int{-1, 20, 60} {
					l, err := Picture{Boxes: boxes}.Program(q, feedsOf(t, q)...)
					require.NoError(t, err, name)
					assert.Zero(t, inspect(l), "%s, %d boxes", name, boxes)
					views = append(views, l)
				}
				m, err := Picture{}.Memory(q, feedsOf(t, q)...)
				require.NoError(t, err, name)
				assert.Zero(t, inspect(m), "memory of %s", name)
				assert.Zero(t, inspect(Beside("all", append(views, m)...)), name)
			}
		}
	}
}

// feedsOf are zeros for all inputs of a program.
func feedsOf(t *testing.T, q *graph.Program) (feeds []graph.Feed) {
	t.Helper()
	for _, n := range graph.Topo(q.Nodes()...) {
		if isInput(n) {
			feeds = append(feeds, n.Is(tensor.New(tensor.WithShape(4), tensor.Of(tensor.Float32))))
		}
	}
	return feeds
}

// Repeated blocks are drawn once, whatever their number, and no edge turns round.
func TestFoldRuns(t *testing.T) {
	var texts []string
	for _, n := range []int{3, 12, 40} {
		g, err := (&Picture{}).sketch([]*graph.Node{transformer(n)})
		require.NoError(t, err)
		times := 0
		for _, s := range g.scopes {
			times = max(times, s.times)
		}
		assert.Equal(t, n, times)
		for v := range g.v {
			for _, u := range g.v[v].in {
				assert.Less(t, u, v)
			}
		}
		var b bytes.Buffer
		require.NoError(t, Text(&b, transformer(n)))
		texts = append(texts, strings.Replace(b.String(), fmt.Sprintf("×%d", n), "×n", 1))
	}
	assert.Equal(t, texts[0], texts[1])
	assert.Equal(t, texts[0], texts[2])
}

// What differs in one op, one shape or one edge is not one run.
func TestFoldKeepsWhatDiffers(t *testing.T) {
	chain := func(f func(i int, x *graph.Node) *graph.Node) int {
		x := graph.Input("x", 4)
		for i := range 4 {
			before := x
			x = within(fmt.Sprintf("L.%d", i), func() *graph.Node { return f(i, before) })
		}
		g, err := (&Picture{}).sketch([]*graph.Node{x})
		require.NoError(t, err)
		most := 0
		for _, s := range g.scopes {
			most = max(most, s.times)
		}
		for _, v := range g.v {
			most = max(most, v.times)
		}
		return most
	}
	assert.Equal(t, 4, chain(func(_ int, x *graph.Node) *graph.Node { return ops.Tanh(ops.Sin(x)) }))
	assert.Equal(t, 2, chain(func(i int, x *graph.Node) *graph.Node {
		if i == 2 {
			return ops.Tanh(ops.Cos(x))
		}
		return ops.Tanh(ops.Sin(x))
	}), "another op")
	assert.Equal(t, 3, chain(func(i int, x *graph.Node) *graph.Node {
		if i == 0 {
			return ops.Sub(ops.Sin(x), x)
		}
		return ops.Sub(x, ops.Sin(x))
	}), "operands the other way round")
}

// Groups that use each other in a circle keep all edges and end.
func TestGroupsInACircle(t *testing.T) {
	x := graph.Input("x", 4)
	y := within("A", func() *graph.Node { return ops.Sin(x) })
	y = within("B", func() *graph.Node { return ops.Cos(y) })
	y = within("A", func() *graph.Node { return ops.Tanh(y) })
	y = within("B", func() *graph.Node { return ops.Exp(y) })
	for _, p := range []Picture{{}, {Boxes: 1}, {Gradient: true}} {
		l, err := p.Layout(ops.Sum(y))
		require.NoError(t, err)
		r := inspect(l)
		r.upward = 0 // in a circle something must
		assert.Zero(t, r, "%+v", p)
	}
}

// sketchOf is all of a graph, open, with sizes.
func sketchOf(y ...*graph.Node) *sketch {
	p := &Picture{Boxes: -1, Primitives: true}
	g, err := p.sketch(y)
	if err != nil {
		panic(err)
	}
	return g
}

// budgets are the sizes that are timed: 1 ms is allowed for 100 nodes, 5 for 1,000,
// 50 for 10,000 and 500 for 100,000.
var budgets = []int{100, 1000, 10_000, 100_000}

// sized is a transformer of just over n nodes.
func sized(n int) *graph.Node {
	one, two := len(graph.Topo(transformer(1))), len(graph.Topo(transformer(2)))
	return transformer(max(1, (n-one)/(two-one)+2))
}

// BenchmarkLayout times all places and lines of a picture with every box open;
// reading the nodes, before it, is BenchmarkOpen's.
func BenchmarkLayout(b *testing.B) {
	for _, n := range budgets {
		g := sketchOf(sized(n))
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				arrange(g, false)
			}
			b.ReportMetric(float64(len(g.v)), "boxes")
		})
	}
}

// BenchmarkOpen times the whole way from nodes to a picture with every box open.
func BenchmarkOpen(b *testing.B) { benchmarkPicture(b, Picture{Boxes: -1, Primitives: true}) }

// BenchmarkFold times the whole way to a folded picture.
func BenchmarkFold(b *testing.B) { benchmarkPicture(b, Picture{}) }

func benchmarkPicture(b *testing.B, p Picture) {
	for _, n := range budgets {
		y := sized(n)
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := p.Layout(y); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
