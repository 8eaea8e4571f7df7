package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/graph"
)

// applied returns one node of each op that the table's lines and their gradients
// apply, floats being float64; an op with other attributes, or on other ranks, is
// another one.
func applied() (all []*node) {
	known := map[string]bool{}
	for _, l := range table() {
		for _, n := range graph.Topo(l.outputs(l.inputs(graph.Float64, &usual))...) {
			key := fmt.Sprintf("%T %v", n.Op(), n.Op())
			for _, x := range n.In() {
				key += fmt.Sprint(" ", x.Shape().Rank())
			}
			if !known[key] {
				known[key] = true
				all = append(all, n)
			}
		}
	}
	return all
}

// TestEveryOpExplainsItself fails for an op without a sentence, or without
// formulas that can be read.
func TestEveryOpExplainsItself(t *testing.T) {
	for _, n := range applied() {
		d, ok := n.Op().(graph.Documented)
		if !assert.True(t, ok, "%T has no Doc", n.Op()) {
			continue
		}
		checkDoc(t, d.Doc(), n)
	}
}

func checkDoc(t *testing.T, d graph.Doc, n *node) {
	t.Helper()
	name := fmt.Sprintf("%T %v", n.Op(), n.Op())
	assert.Regexp(t, `^[A-Z].*[.?]$`, d.Text, name)
	assert.Less(t, len(d.Text), 160, "%s: %s", name, d.Text)
	if len(n.In()) == 0 {
		return
	}
	_, err := formula.Parse(d.Formula)
	assert.NoError(t, err, "%s: %s", name, d.Formula)
	g, err := formula.Parse(d.Gradient)
	if !assert.NoError(t, err, "%s: %s", name, d.Gradient) {
		return
	}
	for _, e := range g.List() {
		left, _ := e.Sides()
		if assert.NotNil(t, left, "%s: %s is no equation", name, e) && left.Text != "f" {
			assert.True(t, left.Bar, "%s: %s has no bar", name, left)
		}
	}
}

// operandNames are the names of n operands in formulas.
func operandNames(n int) []string {
	if n == 1 {
		return []string{"x"}
	}
	return []string{"a", "b", "c"}[:n]
}

// elementwiseOps returns those whose formula is about numbers.
func elementwiseOps() (list []*node) {
	for _, n := range applied() {
		if len(n.In()) == 0 || len(n.In()) > 3 {
			continue
		}
		numeric := reflect.TypeOf(n.Op()).Comparable()
		for _, x := range n.In() {
			numeric = numeric && (x.DType() == graph.Float64 || x.DType() == graph.Bool)
		}
		if !numeric {
			continue
		}
		e, err := formula.Parse(n.Op().(graph.Documented).Doc().Formula)
		if err != nil {
			continue
		}
		vars := map[string]float64{}
		for _, name := range operandNames(len(n.In())) {
			vars[name] = 0.5
		}
		if left, _ := e.Sides(); left == nil || left.String() != "y" {
			continue
		}
		if _, err := e.Eval(vars); err == nil && !strings.Contains(e.String(), "sum") {
			list = append(list, n)
		}
	}
	return list
}

// gradients reads a doc's gradient: a formula for each operand.
func gradients(t *testing.T, d graph.Doc) map[string]*formula.Expr {
	t.Helper()
	e, err := formula.Parse(d.Gradient)
	require.NoError(t, err)
	all := map[string]*formula.Expr{}
	for _, e := range e.List() {
		left, right := e.Sides()
		all[left.Text] = right
	}
	return all
}

// close reports whether two numbers agree, relative to the larger one.
func close(a, b float64) bool {
	if math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return math.IsNaN(a) == math.IsNaN(b) && (math.IsNaN(a) || a == b)
	}
	return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b))
}

// TestFormulasOfNumbers compares, for the ops that compute each element from one
// of each operand, the formula with Eval and the gradient's with the VJP.
func TestFormulasOfNumbers(t *testing.T) {
	all := elementwiseOps()
	kinds := map[string]bool{}
	for _, n := range all {
		kinds[n.Op().Name()] = true
		compareNumbers(t, n.Op(), n.In())
	}
	assert.Greater(t, len(kinds), 60, "%v", kinds)
}

func compareNumbers(t *testing.T, op graph.Op, like []*node) {
	t.Helper()
	d := op.(graph.Documented).Doc()
	e, err := formula.Parse(d.Formula)
	require.NoError(t, err)
	g := gradients(t, d)
	names := operandNames(len(like))
	var x []*node
	for i, l := range like {
		x = append(x, graph.InputOf(l.DType(), names[i]))
	}
	y := graph.Apply(op, x...)
	require.NoError(t, y.Err())
	ct := graph.InputOf(graph.Float64, "ct")
	out, parts := []*node{y}, []int{}
	if y.DType().Float() {
		for i, c := range op.VJP(y, ct, x...) {
			if c != nil {
				out, parts = append(out, c), append(parts, i)
			}
		}
	}
	p, err := graph.Compile(out...)
	require.NoError(t, err)
	inputs := graph.Topo(out...)
	rnd := rand.New(rand.NewPCG(seed, 1))
	compared := 0
	for range 40 {
		vars := map[string]float64{"ȳ": rnd.NormFloat64()}
		var feeds []graph.Feed
		for i, n := range x {
			v := 3 * (rnd.Float64()*2 - 1)
			if rnd.IntN(3) == 0 {
				v = math.Abs(v) / 3
			}
			if n.DType() == graph.Bool {
				v = float64(rnd.IntN(2))
			}
			if op.Name() == "polygamma" { // formulas have positive x alone
				v = math.Abs(v)
			}
			vars[names[i]] = v
			feeds = append(feeds, number(n, v))
		}
		feeds = append(feeds, number(ct, vars["ȳ"]))
		feeds = slices.DeleteFunc(feeds, func(f graph.Feed) bool { return !slices.Contains(inputs, f.Input) })
		got, err := p.Reference().Eval(t.Context(), feeds...)
		require.NoError(t, err)
		want, err := e.Eval(vars)
		require.NoError(t, err)
		vars["y"] = got[0].At(0)
		if !assert.True(t, close(got[0].At(0), want), "%v: %s is %v, but Eval gives %v at %v", op, d.Formula, want, got[0].At(0), vars) {
			return
		}
		for k, i := range parts {
			require.Contains(t, g, names[i], "%v: no gradient of %s", op, names[i])
			want, err := g[names[i]].Eval(vars)
			require.NoError(t, err, "%v: %s", op, d.Gradient)
			if !assert.True(t, close(got[k+1].At(0), want), "%v: %s is %v for %s, but the VJP gives %v at %v", op, d.Gradient, want, names[i], got[k+1].At(0), vars) {
				return
			}
			derived(t, d, e, names[i], vars, want)
		}
		for i, name := range names {
			if z, ok := g[name]; ok && y.DType().Float() && x[i].DType().Float() && !slices.Contains(parts, i) {
				v, err := z.Eval(vars)
				require.NoError(t, err)
				assert.Zero(t, v, "%v has no gradient of %s, but says %s", op, name, z)
			}
		}
		compared++
	}
	assert.Greater(t, compared, 5, "%v", op)
}

// derived compares a gradient with the derivative of the formula.
func derived(t *testing.T, d graph.Doc, e *formula.Expr, name string, vars map[string]float64, want float64) {
	t.Helper()
	slope, err := formula.Derive(e, name)
	require.NoError(t, err)
	v, err := slope.Eval(vars)
	require.NoError(t, err)
	if v *= vars["ȳ"]; !math.IsNaN(v) && !math.IsNaN(want) {
		assert.InDelta(t, v, want, 1e-6*max(1, math.Abs(v)), "the derivative of %s by %s, %s, is not %s at %v", d.Formula, name, slope, d.Gradient, vars)
	}
}

// number feeds a scalar.
func number(n *node, v float64) graph.Feed {
	x, err := graph.NewTensor(n.DType())
	if err != nil {
		panic(err)
	}
	x.Set(0, v)
	return n.IsTensor(x)
}
