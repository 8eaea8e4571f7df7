package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/graph"
)

// An indexed computes formulas with indices, element by element as they read: an
// element outside of its array is 0, and one of an equation's left side is what
// its right side says.
type indexed struct {
	arrays map[string]graph.Tensor
	rules  map[string]*formula.Expr // equations by the name on their left
	shapes map[string][]int         // of what they define
	n      int                      // the length of the axis that has places p and q
}

// A reading is where an index letter stands, and which places ... stands for.
type reading struct {
	at   map[string]int
	rest []int
}

// unreadable is the panic for what has no meaning here.
type unreadable string

// element returns an element of an array, or of what a rule defines.
func (x *indexed) element(name string, at []int) float64 {
	if a, ok := x.arrays[name]; ok {
		if len(at) != len(a.Shape) {
			panic(unreadable(fmt.Sprintf("%s has %d axes, not %d", name, len(a.Shape), len(at))))
		}
		i := 0
		for k, n := range a.Shape {
			if at[k] < 0 || at[k] >= n {
				return 0
			}
			i = i*n + at[k]
		}
		if a.DType.Float() || a.DType == graph.Bool {
			return a.At(i)
		}
		return float64(a.Int(i))
	}
	rule, ok := x.rules[name]
	if !ok {
		panic(unreadable("no " + name))
	}
	left, right := rule.Sides()
	r := reading{at: map[string]int{}}
	if len(at) < len(left.Args)-1 {
		panic(unreadable(fmt.Sprintf("%s has %d axes", left, len(at))))
	}
	for i, l := range left.Args {
		switch after := len(left.Args) - i - 1; {
		case l.Text == "..." && l.Kind == formula.Name:
			r.rest = at[i : len(at)-after]
		case slices.ContainsFunc(left.Args[:i], func(a *formula.Expr) bool { return a.Text == "..." }):
			r.at[l.Text] = at[len(at)-after-1]
		default:
			r.at[l.Text] = at[i]
		}
	}
	for i, n := range x.shapes[name] {
		if at[i] < 0 || at[i] >= n { // what comes before the first place, or after the last
			return 0
		}
	}
	return x.value(right, r)
}

// places reads the indices of an element.
func (x *indexed) places(args []*formula.Expr, r reading) (at []int) {
	for _, a := range args {
		if a.Kind == formula.Name && a.Text == "..." {
			at = append(at, r.rest...)
			continue
		}
		at = append(at, int(x.value(a, r)))
	}
	return at
}

func (x *indexed) value(e *formula.Expr, r reading) float64 {
	switch {
	case e.Kind == formula.Name && len(e.Args) > 0:
		plain := *e
		plain.Args = nil
		return x.element(plain.String(), x.places(e.Args, r))
	case e.Kind == formula.Name:
		if i, ok := r.at[e.String()]; ok {
			return float64(i)
		}
		if i := strings.Index("ijkl", e.Sub); e.Text == "n" && e.Sub != "" {
			return float64(x.arrays["x"].Shape[i])
		} else if e.Text == "n" {
			return float64(x.n)
		}
	case e.Kind == formula.Call && e.Sub != "":
		return x.over(e, r)
	case e.Kind == formula.Call && e.Text == "number": // of an element of x, in row-major order
		i := 0
		for k, at := range x.places(e.Args, r) {
			i = i*x.arrays["x"].Shape[k] + at
		}
		return float64(i)
	case e.Kind == formula.Call && e.Text == "where":
		if x.value(e.Args[0], r) != 0 {
			return x.value(e.Args[1], r)
		}
		return x.value(e.Args[2], r)
	}
	c := *e
	c.Args = nil
	for _, a := range e.Args {
		c.Args = append(c.Args, &formula.Expr{Kind: formula.Number, Value: x.value(a, r)})
	}
	v, err := c.Eval(nil)
	if err != nil {
		panic(unreadable(err.Error()))
	}
	return v
}

// over goes over all places of the indices of a sum, or what is like it.
func (x *indexed) over(e *formula.Expr, r reading) float64 {
	var all []float64
	var visit func(letters string)
	inner := reading{at: map[string]int{}, rest: r.rest}
	for k, v := range r.at {
		inner.at[k] = v
	}
	visit = func(letters string) {
		if letters == "" {
			all = append(all, x.value(e.Args[0], inner))
			return
		}
		l := letters[:1]
		n := x.extent(l, e.Args[0])
		if n < 0 {
			panic(unreadable("nothing says how far " + l + " goes"))
		}
		for i := range n {
			inner.at[l] = i
			visit(letters[1:])
		}
	}
	visit(e.Sub)
	switch e.Text {
	case "sum", "prod":
		v := 0.0
		if e.Text == "prod" {
			v = 1
		}
		for _, a := range all {
			if e.Text == "sum" {
				v += a
			} else {
				v *= a
			}
		}
		return v
	case "max":
		return slices.Max(all)
	case "argmax": // of equal ones the last so far, or the first
		best := 0
		for i, a := range all {
			if a > all[best] {
				best = i
			}
		}
		if math.IsInf(all[best], -1) {
			return -1
		}
		return float64(best)
	}
	panic(unreadable(e.Text))
}

// extent returns how long the axis is that a letter alone is the index of.
func (x *indexed) extent(letter string, e *formula.Expr) int {
	if e.Kind == formula.Name {
		plain := *e
		plain.Args = nil
		a, ok := x.arrays[plain.String()]
		for i, arg := range e.Args {
			if ok && arg.Kind == formula.Name && arg.Text == letter && len(arg.Args) == 0 {
				if slices.ContainsFunc(e.Args[:i], func(a *formula.Expr) bool { return a.Text == "..." }) {
					i += len(a.Shape) - len(e.Args)
				}
				return a.Shape[i]
			}
		}
	}
	for _, a := range e.Args {
		if n := x.extent(letter, a); n >= 0 {
			return n
		}
	}
	return -1
}

// compute returns all elements of what an equation defines, or why it cannot.
func (x *indexed) compute(name string, shape []int) (v []float64, err error) {
	defer func() {
		if r := recover(); r != nil {
			u, ok := r.(unreadable)
			if !ok {
				panic(r)
			}
			err = fmt.Errorf("%s", string(u))
		}
	}()
	for i := range product(shape) {
		at := make([]int, len(shape))
		for k := len(shape) - 1; k >= 0; k-- {
			at[k], i = i%shape[k], i/shape[k]
		}
		v = append(v, x.element(name, at))
	}
	return v, nil
}

// equations reads formulas by the name on their left; nil if one has none with
// letters for indices alone.
func equations(text string) map[string]*formula.Expr {
	e, err := formula.Parse(text)
	if err != nil {
		return nil
	}
	all := map[string]*formula.Expr{}
	for _, e := range e.List() {
		left, right := e.Sides()
		if left == nil || left.Kind != formula.Name || len(left.Args) == 0 && right.String() != "0" {
			return nil
		}
		for _, a := range left.Args {
			if a.Kind != formula.Name || a.Sub != "" {
				return nil
			}
		}
		plain := *left
		plain.Args = nil
		all[plain.String()] = e
	}
	return all
}

// TestFormulasWithIndices compares formulas with indices with Eval, and those of
// gradients with the VJP.
func TestFormulasWithIndices(t *testing.T) {
	forward, backward := map[string]bool{}, map[string]bool{}
	for _, n := range applied() {
		d := n.Op().(graph.Documented).Doc()
		if f := equations(d.Formula); f["y"] != nil && len(n.In()) <= 3 && !strings.Contains(d.Formula, "im*") {
			for _, most := range []int{2, 1} { // of the integers; an axis of length 1 has no place 1
				if compareIndexed(t, n, most, f, equations(d.Gradient), forward, backward) {
					break
				}
			}
		}
	}
	for _, op := range []string{"sum", "max", "prod", "any", "cumsum", "recurrence", "argcummax", "logcumsumexp", "take", "untake", "takealong", "untakealong", "writers",
		"argsegment", "transpose", "slice", "unslice", "pad", "flip", "searchsorted", "argmax", "conv", "convtranspose", "convweight"} {
		assert.True(t, forward[op], "the formula of %s was not compared", op)
		delete(forward, op)
	}
	for _, op := range []string{"sum", "max", "prod", "cumsum", "recurrence", "logcumsumexp", "take", "untake", "takealong", "untakealong", "transpose", "slice", "unslice", "pad", "flip", "conv", "convtranspose", "convweight"} {
		assert.True(t, backward[op], "the gradient of %s was not compared", op)
	}
}

// barOf is the name of the cotangent of an operand, as formulas write it.
func barOf(name string) string { return named(name, true).String() }

// compareIndexed notes which formulas of an op it has compared, on operands like
// those of a node with integers below most. It reports whether the op runs on
// those.
func compareIndexed(t *testing.T, like *node, most int, f, g map[string]*formula.Expr, forward, backward map[string]bool) bool {
	t.Helper()
	op := like.Op()
	rnd := rand.New(rand.NewPCG(seed, 2))
	var x []*node
	values := map[*node]graph.Tensor{}
	draw := func(name string, typ graph.Type) *node {
		shape := make([]int, typ.Rank())
		for i := range shape {
			if shape[i] = int(typ.Dim(i)); shape[i] < 1 {
				return nil
			}
		}
		if product(shape) > 100 { // this is slow
			return nil
		}
		n := graph.InputOf(typ.DType, name, typ.Shape.Dims()...)
		v, err := graph.NewTensor(typ.DType, shape...)
		require.NoError(t, err)
		for i := range v.Len() {
			switch {
			case typ.DType.Float():
				v.Set(i, rnd.NormFloat64())
			case typ.DType == graph.Bool:
				v.Set(i, float64(rnd.IntN(2)))
			default:
				v.SetInt(i, int64(rnd.IntN(most)))
			}
		}
		values[n] = v
		return n
	}
	names := operandNames(len(like.In()))
	env := &indexed{arrays: map[string]graph.Tensor{}, rules: f, shapes: map[string][]int{}}
	for i, l := range like.In() {
		n := draw(names[i], l.Type())
		if n == nil {
			return true
		}
		x = append(x, n)
		env.arrays[names[i]] = values[n]
	}
	if op.Name() == "searchsorted" { // which wants it so
		v := graph.Data[float64](values[x[0]])
		slices.Sort(v)
	}
	y := graph.Apply(op, x...)
	require.NoError(t, y.Err())
	out := []*node{y}
	var with []int
	if ct := draw("ct", like.Type()); ct != nil && like.DType().Float() && g != nil {
		env.arrays["ȳ"] = values[ct]
		for i, c := range op.VJP(y, ct, x...) {
			if c != nil {
				out, with = append(out, c), append(with, i)
			}
		}
	}
	p, err := graph.Compile(out...)
	require.NoError(t, err)
	var feeds []graph.Feed
	for _, n := range graph.Topo(out...) {
		if v, ok := values[n]; ok {
			feeds = append(feeds, n.IsTensor(v))
		}
	}
	got, err := p.Reference().Eval(t.Context(), feeds...)
	if err != nil {
		return false
	}
	left, _ := f["y"].Sides()
	for i, a := range left.Args {
		if (a.Text == "p" || a.Text == "q") && len(x) > 0 && i < len(values[x[0]].Shape) {
			if env.n = values[x[0]].Shape[i]; op.Name() == "unslice" { // n is that of the whole
				env.n = got[0].Shape[i]
			}
			break
		}
	}
	env.shapes["y"] = got[0].Shape
	for i, n := range x {
		env.shapes[barOf(names[i])] = values[n].Shape
	}
	if env.same(t, op, "y", f["y"], got[0]) {
		forward[op.Name()] = true
	}
	env.arrays["y"], env.rules = got[0], g
	for k, i := range with {
		name := barOf(names[i])
		if assert.NotNil(t, g[name], "%v: no gradient of %s", op, names[i]) && env.same(t, op, name, g[name], got[k+1]) {
			backward[op.Name()] = true
		}
	}
	return true
}

// same compares what an equation says with values, and reports whether it could.
func (x *indexed) same(t *testing.T, op graph.Op, name string, e *formula.Expr, got graph.Tensor) bool {
	t.Helper()
	v, err := x.compute(name, got.Shape)
	if err != nil {
		return false
	}
	for i, want := range v {
		var have float64
		if got.DType.Float() || got.DType == graph.Bool {
			have = got.At(i)
		} else {
			have = float64(got.Int(i))
		}
		if !assert.InDelta(t, want, have, 1e-9*max(1, math.Abs(want)), "%v: element %d of %s", op, i, e) {
			return true
		}
	}
	return true
}
