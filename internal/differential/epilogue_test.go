package differential_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestEpilogues checks passes that follow products and convolutions part by
// part: they are found, are right, and give the same bits for any number of
// workers.
func TestEpilogues(t *testing.T) {
	in := func(name string, d graph.DType, dims ...graph.Dim) *graph.Node {
		return graph.InputOf(d, name, dims...)
	}
	for _, d := range []graph.DType{graph.Float32, graph.Float64} {
		for _, c := range []struct {
			name string
			in   []*graph.Node
			out  func(x []*graph.Node) []*graph.Node
		}{
			{"flat", []*graph.Node{in("x", d, 2100, 20), in("w", d, 20, 10)}, func(x []*graph.Node) []*graph.Node {
				return []*graph.Node{ops.ReLU(ops.MatMul(x[0], x[1]))}
			}},
			{"rows", []*graph.Node{in("x", d, 2100, 20), in("w", d, 20, 10), in("b", d, 10), in("y", d, 2100, 10)}, func(x []*graph.Node) []*graph.Node {
				h := ops.Tanh(ops.Add(ops.MatMul(x[0], x[1]), x[2]))
				return []*graph.Node{ops.Add(h, x[3]), h}
			}},
			{"softmax", []*graph.Node{in("q", d, 3, 2, 33, 8), in("k", d, 3, 2, 8, 33)}, func(x []*graph.Node) []*graph.Node {
				return []*graph.Node{ops.Softmax(ops.Scale(ops.MatMul(x[0], x[1]), .3), -1)}
			}},
			{"sums of columns", []*graph.Node{in("x", d, 1500, 20), in("w", d, 20, 12), in("y", d, 1500, 12)}, func(x []*graph.Node) []*graph.Node {
				h := ops.Mul(ops.MatMul(x[0], x[1]), x[2])
				return []*graph.Node{h, ops.Mean(h, 0)}
			}},
			{"gradients", []*graph.Node{in("x", d, 600, 20), in("w", d, 20, 12), in("b", d, 12), in("v", d, 12, 9)}, func(x []*graph.Node) []*graph.Node {
				h := ops.Sigmoid(ops.Add(ops.MatMul(x[0], x[1]), x[2]))
				return autodiff.Grad(ops.Mean(ops.Square(ops.MatMul(h, x[3]))), x...)
			}},
			{"convolution", []*graph.Node{in("x", d, 48, 24, 24, 8), in("w", d, 3, 3, 8, 16), in("b", d, 16)}, func(x []*graph.Node) []*graph.Node {
				return []*graph.Node{ops.ReLU(ops.Add(ops.Conv(x[0], x[1], ops.ConvOptions{ChannelsLast: true}), x[2]))}
			}},
			{"one row", []*graph.Node{in("x", d, 1, 20), in("w", d, 20, 1), in("b", d, 1)}, func(x []*graph.Node) []*graph.Node {
				return []*graph.Node{ops.ReLU(ops.Add(ops.MatMul(x[0], x[1]), x[2]))}
			}},
		} {
			t.Run(c.name+" "+d.String(), func(t *testing.T) {
				p, err := compile(c.out(c.in))
				require.NoError(t, err)
				var feeds []graph.Feed
				for i, n := range c.in {
					dims := make([]int, n.Shape().Rank())
					for k := range dims {
						dims[k] = int(n.Shape().Dim(k))
					}
					v, err := graph.NewTensor(d, dims...)
					require.NoError(t, err)
					from := drawn(uint64(i), dims...)
					for k := range v.Len() {
						v.Set(k, from.At(k))
					}
					feeds = append(feeds, n.IsTensor(v))
				}
				prof, err := p.Profile(feeds...)
				require.NoError(t, err)
				if c.name != "one row" {
					assert.Contains(t, whats(prof), "then pass")
				}
				want, err := eval(p.Reference(), feeds)
				require.NoError(t, err)
				tolerance := 1e-5
				if d == graph.Float64 {
					tolerance = 1e-12
				}
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
				var first []graph.Tensor
				for _, workers := range []int{1, 2, 4} {
					runtime.GOMAXPROCS(workers)
					got, err := eval(p, feeds)
					require.NoError(t, err)
					if first == nil {
						first = got
					}
					for i := range got {
						off := make([]float64, got[i].Len())
						for k := range off {
							off[k] = tolerance * max(1, math.Abs(want[i].At(k)))
						}
						require.NoError(t, agree(got[i], want[i], off))
						require.Equal(t, -1, firstDifference(first[i], got[i]), "%d workers", workers)
					}
				}
			})
		}
	}
}

func whats(p *graph.Profile) (s string) {
	for _, r := range p.Rows {
		s += r.What + "\n"
	}
	return s
}
