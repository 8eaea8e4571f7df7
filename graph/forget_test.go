package graph_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// rounds is an op that the engine calls.
type rounds struct{}

func (rounds) Name() string                               { return "rounds" }
func (rounds) Infer(in ...graph.Type) (graph.Type, error) { return in[0], nil }
func (rounds) Eval(out graph.Tensor, in ...graph.Tensor) {
	for i := range out.Len() {
		out.Set(i, math.Round(in[0].At(i)))
	}
}
func (rounds) VJP(_, ct *graph.Node, _ ...*graph.Node) []*graph.Node { return []*graph.Node{ct} }

// TestFeedsAreForgotten lets go of what was fed, and of where the results were
// written, and wants the collector to take it although the program lives on.
func TestFeedsAreForgotten(t *testing.T) {
	const n = 1 << 14
	x := graph.Input("x", 128, 128)
	w := &graph.Param{Label: "w", Type: graph.Type{DType: graph.Float32, Shape: graph.Of(128, 128)}}
	w.Value = tensor.New(tensor.WithShape(128, 128), tensor.WithBacking(make([]float32, n)))
	carry, ys := ops.Scan(func(c, s []*graph.Node) (next, y []*graph.Node) {
		h := ops.Tanh(ops.Add(ops.MatMul(c[0], x), s[0]))
		return []*graph.Node{h}, []*graph.Node{h}
	}, []*graph.Node{ops.Expand(ops.Index(x, 0, 0), 0)}, []*graph.Node{x})
	chosen := ops.Cond(ops.Less(ops.Sum(x), graph.Scalar(1e9)), func() []*graph.Node { return []*graph.Node{ops.Sin(x)} }, func() []*graph.Node { return []*graph.Node{x} })
	for name, out := range map[string][]*graph.Node{
		"pass":    {ops.Tanh(x)},
		"product": append(autodiff.Grad(ops.Sum(ops.Square(ops.MatMul(x, w.Node()))), x), ops.Sum(x)),
		"call":    {graph.Apply(rounds{}, x), ops.ArgSort(x, 0, false)},
		"loop":    append(carry, ys[0], chosen[0]),
		"view":    {ops.Transpose(x)},
	} {
		for _, reference := range []bool{false, true} {
			p, err := graph.Compile(out...)
			require.NoError(t, err)
			if reference {
				p = p.Reference()
			}
			gone := make(chan string, 8)
			run := func() {
				fed := make([]float32, n)
				runtime.AddCleanup(&fed[0], func(string) { gone <- "feed" }, "")
				feed := x.Is(tensor.New(tensor.WithShape(128, 128), tensor.WithBacking(fed)))
				into, err := p.Run(feed)
				require.NoError(t, err)
				require.NoError(t, p.RunInto(into, feed))
				runtime.AddCleanup(&into[0].Float32s()[0], func(string) { gone <- "result" }, "")
			}
			run()
			left := map[string]bool{"feed": true, "result": true}
			for range 50 {
				runtime.GC()
				for more := true; more; {
					select {
					case what := <-gone:
						delete(left, what)
					default:
						more = false
					}
				}
				if len(left) == 0 {
					break
				}
				runtime.Gosched()
			}
			assert.Empty(t, left, "%s, reference %t: is kept alive", name, reference)
			runtime.KeepAlive(p)
		}
	}
}
