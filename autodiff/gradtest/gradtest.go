// Package gradtest checks gradients: reverse mode against forward mode and
// against differences of the values, for first and second derivatives. It is
// for the tests of ops and functions, one's own included.
package gradtest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// T is what Check needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
}

// An Arg says what values an operand of the checked function takes.
type Arg struct {
	dims   []graph.Dim
	lo, hi float64
	fixed  *graph.Tensor
}

// Of is an operand of floats with the given dims, drawn evenly from [0.5, 1.5),
// where most functions are smooth. A symbolic dim is given the length 3.
func Of(dims ...graph.Dim) Arg { return Arg{dims: dims, lo: 0.5, hi: 1.5} }

// In is a with another interval. Kinks must not lie in it.
func (a Arg) In(lo, hi float64) Arg {
	a.lo, a.hi = lo, hi
	return a
}

// Fixed is an operand with the given value, such as indices, with respect to
// which nothing is differentiated.
func Fixed[E graph.Elem](data []E, shape ...int) Arg {
	t, err := graph.TensorOf(data, shape...)
	if err != nil {
		panic(err) // a bug of the test's
	}
	return Arg{fixed: &t}
}

// Tolerances of Check in float64, relative to 1 + the size of what is compared:
// the modes differ by rounding only, the differences are of sixth order.
const (
	modes       = 1e-9
	differences = 1e-6
)

// seed is that of the drawn values; failures print it.
const seed = 1

// Check reports where the gradient of f at random values disagrees: for order
// 1 and 2, it draws directions u and v and compares <u, J·v> by reverse mode,
// by forward mode and by differences of f's values. For order 2 it does the
// same to the gradient.
func Check(t T, f func(x ...*graph.Node) *graph.Node, args ...Arg) {
	t.Helper()
	for order := 1; order <= 2; order++ {
		if err := check(order, f, args); err != nil {
			t.Errorf("order %d, seed %d: %v", order, seed, err)
		}
	}
}

// A point holds the operands of one check, their values, and the directions.
type point struct {
	rnd     *rand.Rand
	x, v    []*graph.Node // v[i] is nil where x[i] is fixed
	feeds   []graph.Feed
	symbols func(graph.Dim) int
}

func check(order int, f func(x ...*graph.Node) *graph.Node, args []Arg) error {
	p := &point{rnd: rand.New(rand.NewPCG(seed, 0)), symbols: func(graph.Dim) int { return 3 }}
	for i, a := range args {
		if err := p.add(i, a); err != nil {
			return err
		}
	}
	g, err := p.projected(f, "u")
	if err != nil {
		return err
	}
	for i := 1; i < order; i++ {
		inner := g
		g, err = p.projected(func(x ...*graph.Node) *graph.Node { return flatGradient(inner(x...), x, p.v) }, fmt.Sprint("w", i))
		if err != nil {
			return err
		}
	}
	return p.compare(g)
}

// add makes the i-th operand.
func (p *point) add(i int, a Arg) error {
	if a.fixed != nil {
		dims := make([]graph.Dim, len(a.fixed.Shape))
		for j, d := range a.fixed.Shape {
			dims[j] = graph.Dim(d)
		}
		x := graph.InputOf(a.fixed.DType, fmt.Sprint("x", i), dims...)
		p.feeds = append(p.feeds, x.IsTensor(*a.fixed))
		p.x, p.v = append(p.x, x), append(p.v, nil)
		return nil
	}
	x, err := p.input(fmt.Sprint("x", i), graph.Of(a.dims...), a.lo, a.hi)
	if err != nil {
		return err
	}
	v, err := p.input(fmt.Sprint("v", i), graph.Of(a.dims...), -1, 1)
	p.x, p.v = append(p.x, x), append(p.v, v)
	return err
}

// input makes a float64 input and draws its value.
func (p *point) input(name string, s graph.Shape, lo, hi float64) (*graph.Node, error) {
	shape := make([]int, s.Rank())
	for i, d := range s.Dims() {
		var err error
		if shape[i], err = d.Value(p.symbols); err != nil {
			return nil, err
		}
	}
	value, err := graph.NewTensor(graph.Float64, shape...)
	if err != nil {
		return nil, err
	}
	for i := range value.Len() {
		value.Set(i, lo+(hi-lo)*p.rnd.Float64())
	}
	x := graph.InputOf(graph.Float64, name, s.Dims()...)
	p.feeds = append(p.feeds, x.IsTensor(value))
	return x, nil
}

// projected returns <u, f> for a random u: a scalar function.
func (p *point) projected(f func(x ...*graph.Node) *graph.Node, name string) (func(x ...*graph.Node) *graph.Node, error) {
	y := f(p.x...)
	if err := y.Err(); err != nil {
		return nil, err
	}
	if !y.DType().Float() {
		return nil, fmt.Errorf("the function's value %v is no float", y.Type())
	}
	u, err := p.input(name, y.Shape(), -1, 1)
	return func(x ...*graph.Node) *graph.Node { return ops.Sum(ops.Mul(u, f(x...))) }, err
}

// flatGradient returns all gradients of the scalar y as one vector.
func flatGradient(y *graph.Node, x, v []*graph.Node) *graph.Node {
	var parts []*graph.Node
	for _, g := range autodiff.Grad(y, moving(x, v)...) {
		parts = append(parts, ops.Reshape(g, graph.Auto))
	}
	return ops.Concat(0, parts...)
}

// moving returns the operands that are not fixed.
func moving(x, v []*graph.Node) (list []*graph.Node) {
	for i := range x {
		if v[i] != nil {
			list = append(list, x[i])
		}
	}
	return list
}

// compare checks the derivative of the scalar function g in the direction v.
func (p *point) compare(g func(x ...*graph.Node) *graph.Node) error {
	y := g(p.x...)
	along := func(s float64) *graph.Node {
		x := make([]*graph.Node, len(p.x))
		for i := range x {
			if x[i] = p.x[i]; p.v[i] != nil {
				x[i] = ops.Add(x[i], ops.Scale(p.v[i], s))
			}
		}
		return g(x...)
	}
	slope := func(h float64) *graph.Node { return ops.Scale(ops.Sub(along(h), along(-h)), 1/(2*h)) }
	const h = 1e-2
	// differences at three distances, extrapolated to distance 0
	numeric := ops.Add(ops.Scale(slope(h), 1.5), ops.Add(ops.Scale(slope(2*h), -0.6), ops.Scale(slope(3*h), 0.1)))
	reverse, forward := graph.ScalarOf(graph.Float64, 0), graph.ScalarOf(graph.Float64, 0)
	i := 0
	for _, gr := range autodiff.Grad(y, moving(p.x, p.v)...) {
		for p.v[i] == nil {
			i++
		}
		reverse = ops.Add(reverse, ops.Sum(ops.Mul(gr, p.v[i])))
		forward = ops.Add(forward, autodiff.JVP(y, p.x[i], p.v[i]))
		i++
	}
	// the operands are there to give symbols their lengths, even where no
	// derivative depends on them
	program, err := graph.Compile(append([]*graph.Node{numeric, reverse, forward}, p.x...)...)
	if err != nil {
		return err
	}
	out, err := program.Eval(context.Background(), p.feeds...)
	if err != nil {
		return err
	}
	n, r, f := out[0].At(0), out[1].At(0), out[2].At(0)
	if far(r, f, modes) || far(r, n, differences) {
		return fmt.Errorf("reverse %.12g, forward %.12g, numeric %.12g", r, f, n)
	}
	return nil
}

// far reports whether a and b differ; NaN differs from all.
func far(a, b, tolerance float64) bool {
	return !(math.Abs(a-b) <= tolerance*(1+math.Abs(a)))
}
