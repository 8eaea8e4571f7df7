package optim_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/optim"
)

// param returns a parameter with the given elements.
func param[T graph.Elem](label string, v ...T) *graph.Param {
	value := tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(append([]T(nil), v...)))
	t, err := graph.FromDense(value)
	if err != nil {
		panic(err)
	}
	return &graph.Param{Label: label, Type: graph.Type{DType: t.DType, Shape: graph.Of(graph.Dim(len(v)))}, Value: value}
}

// floats returns the elements of a parameter.
func floats(t testing.TB, p *graph.Param) []float64 {
	v, err := graph.FromDense(p.Value)
	require.NoError(t, err)
	return elements(v)
}

func elements(t graph.Tensor) []float64 {
	out := make([]float64, t.Len())
	for i := range out {
		out[i] = t.At(i)
	}
	return out
}

// minimize compiles a training step.
func minimize(t testing.TB, loss *graph.Node, rule optim.Rule, params ...*graph.Param) *graph.Program {
	t.Helper()
	p, err := optim.Minimize(loss, params, rule)
	require.NoError(t, err)
	return p
}

// steps runs n training steps and returns the last one's loss.
func steps(t testing.TB, p *graph.Program, n int, feeds ...graph.Feed) (loss float64) {
	for range n {
		out, err := p.Eval(context.Background(), feeds...)
		require.NoError(t, err)
		loss = out[0].At(0)
	}
	return loss
}

// near compares numbers up to a relative error, or that much of 1e-6 near 0.
func near(t testing.TB, want, got []float64, rtol float64, msg ...any) {
	t.Helper()
	require.Len(t, got, len(want), msg...)
	for i := range want {
		require.InDelta(t, want[i], got[i], rtol*max(math.Abs(want[i]), 1e-6), msg...)
	}
}

// ratesOf returns the first n rates of a schedule.
func ratesOf(t testing.TB, s optim.Schedule, lr float64, n int) []float64 {
	at := graph.InputOf(graph.Float64, "t")
	p, err := graph.Compile(s(graph.ScalarOf(graph.Float64, lr), at))
	require.NoError(t, err)
	out := make([]float64, n)
	for i := range out {
		v, err := graph.TensorOf([]float64{float64(i)})
		require.NoError(t, err)
		got, err := p.Eval(context.Background(), at.IsTensor(v))
		require.NoError(t, err)
		out[i] = got[0].At(0)
	}
	return out
}
