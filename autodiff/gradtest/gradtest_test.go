package gradtest_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// TestSymbolsThatNoDerivativeDependsOn checks functions whose second derivative
// is zero: nothing in the program needs the operand, but its lengths.
func TestSymbolsThatNoDerivativeDependsOn(t *testing.T) {
	x := gradtest.Of(graph.Sym("b"), graph.Sym("n"))
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return ops.Sum(x[0], 1) }, x)
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return ops.Reshape(x[0], graph.Auto) }, x)
}

// recorder keeps what Check reports.
type recorder struct{ said []string }

func (*recorder) Helper() {}
func (r *recorder) Errorf(format string, arg ...any) {
	r.said = append(r.said, fmt.Sprintf(format, arg...))
}

// check returns what Check says of a function of one operand whose gradient is
// given.
func check(f autodiff.Function, rule autodiff.Rule, arg ...gradtest.Arg) []string {
	var r recorder
	if rule != nil {
		f = autodiff.CustomVJP(f, rule)
	}
	gradtest.Check(&r, f, arg...)
	return r.said
}

type node = graph.Node

func TestCheckFindsWrongGradients(t *testing.T) {
	square := func(x ...*node) *node { return ops.Square(x[0]) }
	x := gradtest.Of(graph.Sym("batch"), 2)
	assert.Empty(t, check(square, nil, x))

	wrong := check(square, func(_, ct *node, x ...*node) []*node { return []*node{ops.Mul(ct, x[0])} }, x)
	if assert.Len(t, wrong, 1, "the second derivative is that of the first as it stands") {
		assert.Regexp(t, `^order 1, seed \d+: reverse .*, forward .*, numeric `, wrong[0])
	}
	stopped := check(square, func(_, ct *node, x ...*node) []*node {
		return []*node{ops.Mul(ct, ops.Scale(ops.StopGradient(x[0]), 2))}
	}, x)
	if assert.Len(t, stopped, 1, "right at order 1, wrong at 2") {
		assert.Contains(t, stopped[0], "order 2")
	}
	bent := check(square, func(_, ct *node, x ...*node) []*node {
		return []*node{ops.Mul(ops.Square(ct), ops.Scale(x[0], 2))}
	}, x)
	assert.NotEmpty(t, bent, "not linear in the cotangent")
	undefined := check(square, func(_, ct *node, x ...*node) []*node { return []*node{ops.Log(ops.Neg(ops.Abs(ct)))} }, x)
	assert.NotEmpty(t, undefined, "NaN differs from all")
	assert.NotEmpty(t, check(square, func(_, ct *node, x ...*node) []*node { return []*node{nil} }, x), "a gradient that is missing")
}

func TestCheckReportsMistakes(t *testing.T) {
	bad := func(x ...*node) *node { return ops.Reshape(x[0], 7) }
	for _, said := range check(bad, nil, gradtest.Of(2)) {
		assert.Contains(t, said, "reshape: cannot reshape x0 f64[2] to [7]")
	}
	ints := func(x ...*node) *node { return ops.Convert(x[0], graph.Int32) }
	assert.Contains(t, check(ints, nil, gradtest.Of(2))[0], "the function's value i32[2] is no float")
}

func TestFixedOperands(t *testing.T) {
	gradtest.Check(t, func(x ...*node) *node { return ops.Mul(ops.Take(x[1], x[0], 0), x[2]) },
		gradtest.Fixed([]int64{2, 0, 2}, 3), gradtest.Of(3), gradtest.Fixed([]float64{1, 2, 3}, 3))
	assert.Panics(t, func() { gradtest.Fixed([]int64{1, 2}, 3) }, "a shape that the data does not fill")
	assert.Empty(t, check(func(x ...*node) *node { return ops.Log(x[0]) }, nil, gradtest.Of(3).In(2, 3)))
	assert.NotEmpty(t, check(func(x ...*node) *node { return ops.Log(x[0]) }, nil, gradtest.Of(3).In(-3, -2)), "NaN")
	assert.NotEmpty(t, check(func(x ...*node) *node { return ops.Abs(x[0]) }, nil, gradtest.Of(100).In(-0.01, 0.01)), "a kink")
}
