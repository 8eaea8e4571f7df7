package golden

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adjointml/adjoint/graph"
	"github.com/stretchr/testify/require"
)

type (
	Node = graph.Node
	Dim  = graph.Dim
)

// A table says how a user writes PyTorch's ops with ours.
type table map[string]call

// A call is one op: the names of its parameters in PyTorch's order, and the
// graph of its results.
type call struct {
	params string
	build  func(a *args) []*Node
}

func one(x *Node) []*Node       { return []*Node{x} }
func num(v float64) *Node       { return graph.Scalar(v) }
func rank(x *Node) int          { return x.Shape().Rank() }
func length(x *Node, i int) int { return int(x.Shape().Dim(i)) }

// unary is an op with one operand and nothing else.
func unary(f func(x *Node) *Node) call {
	return call{"x", func(a *args) []*Node { return one(f(a.node("x"))) }}
}

// binary is an op with two operands, of which one may be a number.
func binary(f func(x, y *Node) *Node) call {
	return call{"x y", func(a *args) []*Node { return one(f(a.operand("x"), a.operand("y"))) }}
}

// args are the arguments of a case by PyTorch's names: nil, bool, float64,
// string, []any or *Node.
type args struct {
	t      *testing.T
	values map[string]any
	used   map[string]bool // what build has asked for
	feeds  []graph.Feed
	wrt    []*Node  // what gradients are wanted of, in order
	want   []*Array // the results
}

func newArgs(t *testing.T, c *Case, params string) *args {
	a := &args{t: t, values: map[string]any{}, used: map[string]bool{}, want: c.Out}
	names := strings.Fields(params)
	for i, v := range c.Args {
		if i >= len(names) {
			t.Fatalf("%d arguments for the parameters %q", len(c.Args), params)
		}
		a.values[names[i]] = a.value(v, names[i])
	}
	for _, k := range c.Kwargs {
		name := k.Name
		if name == "input" {
			name = "x"
		}
		if !slices.Contains(names, name) {
			t.Fatalf("argument %q is not among the parameters %q", name, params)
		}
		a.values[name] = a.value(k.Value, name)
	}
	return a
}

// value makes inputs of the arrays of an argument.
func (a *args) value(v Value, name string) any {
	switch v := v.Any.(type) {
	case *Array:
		value := tensorOf(a.t, v)
		dims := make([]Dim, len(v.Shape))
		for i, d := range v.Shape {
			dims[i] = Dim(d)
		}
		x := graph.InputOf(value.DType, name, dims...)
		a.feeds = append(a.feeds, x.IsTensor(value))
		if v.Grad {
			a.wrt = append(a.wrt, x)
		}
		return x
	case []Value:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = a.value(e, fmt.Sprint(name, i))
		}
		return list
	default:
		return v
	}
}

func tensorOf(t *testing.T, a *Array) (x graph.Tensor) {
	t.Helper()
	var err error
	switch data := a.Data.(type) {
	case []float32:
		x, err = graph.TensorOf(data, a.Shape...)
	case []float64:
		x, err = graph.TensorOf(data, a.Shape...)
	case []int32:
		x, err = graph.TensorOf(data, a.Shape...)
	case []int64:
		x, err = graph.TensorOf(data, a.Shape...)
	case []bool:
		x, err = graph.TensorOf(data, a.Shape...)
	}
	require.NoError(t, err)
	return x
}

// unused returns the arguments that build did not look at: a case cannot pass
// because its point was overlooked.
func (a *args) unused() (names []string) {
	for name, v := range a.values {
		if v != nil && !a.used[name] {
			names = append(names, name)
		}
	}
	return names
}

// get returns an argument; nil if it was not given or None.
func (a *args) get(name string) any {
	a.used[name] = true
	return a.values[name]
}

// as returns an argument of type T, or the default.
func as[T any](a *args, name string, otherwise T) T {
	v := a.get(name)
	if v == nil {
		return otherwise
	}
	x, ok := v.(T)
	if !ok {
		a.t.Fatalf("argument %s is %T, want %T", name, v, otherwise)
	}
	return x
}

func (a *args) node(name string) *Node {
	x := as[*Node](a, name, nil)
	if x == nil {
		a.t.Fatalf("argument %s is missing", name)
	}
	return x
}

// operand is node for what may be a number.
func (a *args) operand(name string) *Node {
	if v, ok := a.get(name).(float64); ok {
		return num(v)
	}
	return a.node(name)
}

// maybe is node for what may be None.
func (a *args) maybe(name string) *Node { return as[*Node](a, name, nil) }

func (a *args) num(name string, otherwise float64) float64 { return as(a, name, otherwise) }
func (a *args) flag(name string, otherwise bool) bool      { return as(a, name, otherwise) }
func (a *args) text(name, otherwise string) string         { return as(a, name, otherwise) }
func (a *args) int(name string, otherwise int) int {
	return int(as(a, name, float64(otherwise)))
}

// ints returns a list of integers, which may be given as one.
func (a *args) ints(name string, otherwise ...int) (list []int) {
	switch v := a.get(name).(type) {
	case nil:
		return otherwise
	case float64:
		return []int{int(v)}
	case []any:
		for _, e := range v {
			list = append(list, int(e.(float64)))
		}
		return list
	}
	a.t.Fatalf("argument %s is no list", name)
	return nil
}

func (a *args) dims(name string) (list []Dim) {
	for _, d := range a.ints(name) {
		list = append(list, Dim(d))
	}
	return list
}

func (a *args) nodes(name string) (list []*Node) {
	for _, e := range as[[]any](a, name, nil) {
		list = append(list, e.(*Node))
	}
	return list
}

// axes returns the axes to reduce x over, none standing for all. PyTorch lets
// scalars have an axis, the only one of a vector.
func (a *args) axes(name string, x *Node) []int {
	list := a.ints(name)
	if rank(x) == 0 {
		return nil
	}
	return list
}

// ignore marks arguments that do not change the results.
func (a *args) ignore(names ...string) {
	for _, name := range names {
		a.used[name] = true
	}
}
