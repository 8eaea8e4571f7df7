package golden

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cases is a file beside the checkout; it is no part of the project.
const cases = "../../../shared/data/golden/opinfo.jsonl.gz"

// tables are parts of one table, by subject.
var tables = []table{elementwise, reductions, shapes, indexing, products, norms, losses, margins, images, resizes, factorisations, orders}

// notYet are PyTorch's ops without a counterpart among ours.
var notYet = strings.Fields(`
`)

// coarse are the tolerances of ops whose own numbers are not of the precision
// of their dtype.
var coarse = map[string]float64{
	"nn.functional.hardsigmoid": 1e-7, // PyTorch's gradient multiplies by 1/6 as a float32, in float64 too
}

func TestGolden(t *testing.T) {
	list, err := Read[*Case](cases)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the golden cases %s are not there", cases)
	}
	require.NoError(t, err)
	calls := table{}
	for _, part := range tables {
		for op, c := range part {
			require.NotContains(t, calls, op, "op is in two tables")
			calls[op] = c
		}
	}
	ran, ranOps, missing := 0, map[string]bool{}, map[string]bool{}
	for _, c := range list {
		call, ok := calls[c.Op]
		if !ok {
			missing[c.Op] = true
			continue
		}
		ran++
		ranOps[c.Op] = true
		t.Run(c.String(), func(t *testing.T) {
			check(t, c, call)
			check(t, single(c), call)
		})
	}
	later := 0
	for _, c := range list {
		if missing[c.Op] {
			later++
		}
	}
	t.Logf("golden: %d of %d cases ran, in float64 and float32, over %d ops; %d cases are of %d ops not there yet", ran, len(list), len(ranOps), later, len(missing))
	assert.ElementsMatch(t, notYet, slices.Collect(maps.Keys(missing)), "the list of ops not there yet")
	assert.ElementsMatch(t, slices.Collect(maps.Keys(calls)), slices.Collect(maps.Keys(ranOps)), "ops of the table without a case")
}

// check runs a case: all outputs, and the gradients of what wants one.
func check(t *testing.T, c *Case, call call) {
	a := newArgs(t, c, call.params)
	out := call.build(a)
	require.Len(t, out, len(c.Out), "outputs")
	assert.Empty(t, a.unused(), "arguments that the mapping ignores")
	require.Len(t, a.wrt, len(c.Grads), "gradients")
	y := graph.ScalarOf(graph.Float64, 0)
	for _, out := range out {
		require.NoError(t, out.Err())
		if out.DType().Float() {
			y = ops.Add(y, ops.Convert(ops.Sum(ops.Mul(out, linspace(out))), graph.Float64))
		}
	}
	program, err := graph.Compile(append(slices.Clone(out), autodiff.Grad(y, a.wrt...)...)...)
	require.NoError(t, err)
	got, err := program.Eval(context.Background(), a.feeds...)
	require.NoError(t, err)
	for i, want := range c.Out {
		compare(t, tensorOf(t, want), got[i], coarse[c.Op], "output %d", i)
	}
	for i, want := range c.Grads {
		got := got[len(c.Out)+i]
		expected, _ := graph.NewTensor(got.DType, got.Shape...) // zero where the outputs do not depend on it
		if want != nil {
			expected = tensorOf(t, want)
		}
		compare(t, expected, got, coarse[c.Op], "gradient %d", i)
	}
}

// linspace returns numbers from -1 to 1 in the shape of x.
func linspace(x *Node) *Node {
	shape, _ := x.Shape().Literal()
	t, _ := graph.NewTensor(graph.Float64, shape...)
	for i := range t.Len() {
		t.Set(i, -1)
		if t.Len() > 1 {
			t.Set(i, -1+2*float64(i)/float64(t.Len()-1))
		}
	}
	return ops.Convert(graph.ConstOf(graph.Data[float64](t), shape...), x.DType())
}

// compare reports where got differs from want: floats by more than rounding, or
// than coarse if that is larger, the rest at all.
func compare(t *testing.T, want, got graph.Tensor, coarse float64, format string, arg ...any) {
	t.Helper()
	what := append([]any{format}, arg...)
	if !assert.Equal(t, want.DType, got.DType, what...) || !assert.Equal(t, want.Shape, got.Shape, what...) {
		return
	}
	rtol, atol := 0.0, 0.0
	switch want.DType {
	case graph.Float64:
		rtol, atol = max(coarse, 1e-9), 1e-11
	case graph.Float32:
		rtol, atol = max(coarse, 1e-4), 1e-6
		for i := range want.Len() { // sums that cancel err in the last bits of their terms
			if w := math.Abs(want.At(i)); !math.IsInf(w, 0) {
				atol = max(atol, 2e-5*w)
			}
		}
	}
	for i := range want.Len() {
		w, g := want.At(i), got.At(i)
		if !(w == g || math.Abs(w-g) <= atol+rtol*math.Abs(w) || math.IsNaN(w) && math.IsNaN(g)) {
			assert.Failf(t, "differs", format+": element %d of %v is %v, want %v", append(arg, i, want.Shape, g, w)...)
			return
		}
	}
}
