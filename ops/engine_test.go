package ops_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestEngineMeansWhatEvalMeans compares values and gradients of each line with
// those of the reference, at sizes below and above those that the engine cuts
// into tiles and parts, and with each operand in turn a single number, where the
// function accepts that: a condition, say, for a whole array.
func TestEngineMeansWhatEvalMeans(t *testing.T) {
	each(t, func(t *testing.T, l line) {
		l.checkEngine(t, "all operands as they are")
		for i := range l.args {
			scalar := l
			scalar.args = slices.Clone(l.args)
			scalar.args[i].dims = nil
			if l.f(scalar.inputs(graph.Float64, &usual)...).Err() == nil {
				scalar.checkEngine(t, fmt.Sprintf("operand %d a number", i))
			}
		}
	})
}

func (l line) checkEngine(t *testing.T, how string) {
	bindings := []binding{{1, 1}, {0, 3}, {4, 17}, {37, 45}, {3, 1100}, {1100, 3}}
	if testing.Short() {
		bindings = bindings[:4]
	}
	for round, k := range bindings {
		if l.elements(k) > 1e5 { // such as [n n]
			continue
		}
		k = l.moderate(k)
		for turn, float := range []graph.DType{graph.Float64, graph.Float32} {
			if testing.Short() && turn != round%2 {
				continue
			}
			p, x, err := l.compiled(float, &k)
			if err != nil {
				break // such as a window longer than the axis
			}
			fed := feed(x, l.draw(k))
			want, err := p.Reference().Eval(context.Background(), fed...)
			got, failed := p.Eval(context.Background(), fed...)
			require.Equal(t, err == nil, failed == nil, "%v: %v, but the engine: %v", k, err, failed)
			for i := range want {
				tolerance, cancelled := 1e-9, 0.0
				if want[i].DType == graph.Float32 {
					tolerance = 1e-3
					for j := range want[i].Len() { // sums that cancel err in the last bits of their terms
						if w := math.Abs(want[i].At(j)); !math.IsInf(w, 0) {
							cancelled = max(cancelled, 2e-5*w)
						}
					}
				}
				for j := range want[i].Len() {
					w, g := want[i].At(j), got[i].At(j)
					if !(math.Abs(w-g) <= cancelled+tolerance*(1+math.Abs(w))) && w != g && w == w {
						t.Errorf("%s, %v %v, output %d, element %d: want %v, the engine has %v (seed %d)", how, k, float, i, j, w, g, seed)
						return
					}
				}
			}
		}
	}
}

// moderate makes the larger length smaller until no result is so large that it costs
// much and shows nothing more, as those of [n n] may be.
func (l line) moderate(k binding) binding {
	for {
		most := 0
		for _, y := range l.outputs(l.inputs(graph.Float64, &k)) {
			n := 1
			for _, d := range y.Shape().Dims() {
				n *= k.length(d)
			}
			most = max(most, n)
		}
		switch {
		case most < 2e5:
			return k
		case k.b > k.n:
			k.b /= 2
		default:
			k.n /= 2
		}
	}
}

// elements is the number of elements of the largest operand.
func (l line) elements(k binding) (most int) {
	for _, a := range l.args {
		n := 1
		for _, d := range a.dims {
			n *= k.length(d)
		}
		most = max(most, n)
	}
	return most
}

// TestTruthOfAnArrayIsOneByte computes a single truth between other results,
// which it must leave alone.
func TestTruthOfAnArrayIsOneByte(t *testing.T) {
	y, x := graph.InputOf(graph.Float64, "y", 3, 3, 17), graph.InputOf(graph.Float64, "x", 3, graph.Sym("n"))
	truth := ops.All(ops.NotEqual(y, y)) // before the others, so that they lie after it in memory
	p, err := graph.Compile(ops.Exp(x), truth, graph.Zeros(y.Type()))
	require.NoError(t, err)
	ones, err := graph.NewTensor(graph.Float64, 3, 33)
	require.NoError(t, err)
	for i := range ones.Len() {
		ones.Set(i, 1)
	}
	zeros, err := graph.NewTensor(graph.Float64, 3, 3, 17)
	require.NoError(t, err)
	out, err := p.Eval(context.Background(), x.IsTensor(ones), y.IsTensor(zeros))
	require.NoError(t, err)
	same(t, slices.Repeat([]float64{math.E}, 99), floatsOf(out[0]), 1e-15)
	same(t, []float64{0}, floatsOf(out[1]), 0)
	same(t, make([]float64, 153), floatsOf(out[2]), 0)
}
