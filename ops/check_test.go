package ops_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// seed is that of all drawn values.
const seed = 7

// A binding gives b and n their lengths.
type binding struct{ b, n int }

var usual = binding{3, 3}

// length returns the value of a dim.
func (k binding) length(d graph.Dim) int {
	v, err := d.Value(func(s graph.Dim) int {
		if s == b {
			return k.b
		}
		return k.n
	})
	if err != nil {
		panic(err)
	}
	return v
}

// draw returns the values of an operand.
func (a arg) draw(k binding, rnd *rand.Rand) array {
	x := array{shape: make([]int, len(a.dims))}
	for i, d := range a.dims {
		x.shape[i] = k.length(d)
	}
	lo, hi := a.lo, a.hi
	if a.index {
		lo, hi = -float64(k.n), float64(k.n)
	}
	x.v = make([]float64, product(x.shape))
	for i := range x.v {
		x.v[i] = lo + (hi-lo)*rnd.Float64()
		if !a.dtype.Float() {
			x.v[i] = float64(int(x.v[i]-lo) + int(lo))
		}
	}
	return x
}

func (l line) draw(k binding) []array {
	rnd := rand.New(rand.NewPCG(seed, 0))
	x := make([]array, len(l.args))
	for i, a := range l.args {
		x[i] = a.draw(k, rnd)
	}
	return x
}

// inputs returns a line's operands as inputs with the given dtype for floats;
// with symbols, or with the lengths of a binding.
func (l line) inputs(float graph.DType, k *binding) []*node {
	x := make([]*node, len(l.args))
	for i, a := range l.args {
		dims := append([]graph.Dim{}, a.dims...)
		for j := range dims {
			if k != nil {
				dims[j] = graph.Dim(k.length(dims[j]))
			}
		}
		d := a.dtype
		if d.Float() {
			d = float
		}
		x[i] = graph.InputOf(d, fmt.Sprint("x", i), dims...)
	}
	return x
}

// outputs returns f of the operands, and the gradients of the sum of its
// squares with respect to those that are floats.
func (l line) outputs(x []*node) []*node {
	y := l.f(x...)
	var floats []*node
	for _, x := range x {
		if x.DType().Float() {
			floats = append(floats, x)
		}
	}
	if !y.DType().Float() || len(floats) == 0 {
		return []*node{y}
	}
	return append([]*node{y}, autodiff.Grad(ops.Sum(ops.Square(y)), floats...)...)
}

// compiled returns a line's program and its operands.
func (l line) compiled(float graph.DType, k *binding) (*graph.Program, []*node, error) {
	x := l.inputs(float, k)
	p, err := graph.Compile(l.outputs(x)...)
	return p, x, err
}

// feed gives the operands their values.
func feed(x []*node, v []array) []graph.Feed {
	feeds := make([]graph.Feed, len(x))
	for i, x := range x {
		t, err := graph.NewTensor(x.DType(), v[i].shape...)
		if err != nil {
			panic(err)
		}
		for j, e := range v[i].v {
			t.Set(j, e)
		}
		feeds[i] = x.IsTensor(t)
	}
	return feeds
}

// eval runs a line at a binding.
func (l line) eval(float graph.DType, k binding) ([]graph.Tensor, error) {
	p, x, err := l.compiled(float, &k)
	if err != nil {
		return nil, err
	}
	return p.Eval(context.Background(), feed(x, l.draw(k))...)
}

// hasFloats reports whether an operand is a float.
func (l line) hasFloats() bool {
	for _, a := range l.args {
		if a.dtype.Float() {
			return true
		}
	}
	return false
}

// each runs a check on all lines.
func each(t *testing.T, check func(t *testing.T, l line)) {
	for _, l := range table() {
		t.Run(l.name, func(t *testing.T) { check(t, l) })
	}
}

func TestValuesAgreeWithTheReference(t *testing.T) {
	each(t, func(t *testing.T, l line) {
		for _, k := range []binding{usual, {1, 3}, {4, 1}, {5, 2}} {
			if l.want == nil {
				continue
			}
			got, err := l.eval(graph.Float64, k)
			require.NoError(t, err)
			same(t, l.want(l.draw(k)), floatsOf(got[0]), 1e-12, k, "seed", seed)
		}
	})
}

// TestFloat32AgreesWithFloat64 compares values and gradients.
func TestFloat32AgreesWithFloat64(t *testing.T) {
	each(t, func(t *testing.T, l line) {
		if !l.hasFloats() {
			t.Skip("no floats")
		}
		double, err := l.eval(graph.Float64, usual)
		require.NoError(t, err)
		single, err := l.eval(graph.Float32, usual)
		require.NoError(t, err)
		for i := range double {
			if l.name != "Convert" || i > 0 {
				assert.Equal(t, double[i].DType == graph.Float64, single[i].DType == graph.Float32, "the dtype follows the operands")
			}
			tolerance := 2e-6
			if i > 0 {
				tolerance = 1e-4
			}
			same(t, floatsOf(double[i]), floatsOf(single[i]), tolerance, "output", i, "seed", seed)
		}
	})
}

// TestGradients compares reverse mode, forward mode and differences, at orders
// 1 and 2.
func TestGradients(t *testing.T) {
	each(t, func(t *testing.T, l line) {
		x := l.inputs(graph.Float64, nil)
		if l.known {
			x = l.inputs(graph.Float64, &usual)
		}
		if y := l.f(x...); l.flat || !y.DType().Float() || !l.hasFloats() {
			t.Skip("no gradient")
		}
		gradtest.Check(t, l.f, l.checked()...)
	})
}

// checked returns the operands for the gradient checker. Those that are no
// floats have known lengths, and then the others must have them, too.
func (l line) checked() []gradtest.Arg {
	args := make([]gradtest.Arg, len(l.args))
	literal := l.known
	for _, a := range l.args {
		literal = literal || !a.dtype.Float()
	}
	for i, v := range l.draw(usual) {
		a := l.args[i]
		dims := append([]graph.Dim{}, a.dims...)
		for j := range dims {
			if literal {
				dims[j] = graph.Dim(v.shape[j])
			}
		}
		switch a.dtype {
		case graph.Int64:
			data := make([]int64, len(v.v))
			for j := range data {
				data[j] = int64(v.v[j])
			}
			args[i] = gradtest.Fixed(data, v.shape...)
		case graph.Bool:
			data := make([]bool, len(v.v))
			for j := range data {
				data[j] = v.v[j] != 0
			}
			args[i] = gradtest.Fixed(data, v.shape...)
		default:
			args[i] = gradtest.Of(dims...).In(a.lo, a.hi)
		}
	}
	return args
}

// TestSymbolsMeanWhatNumbersMean runs one program with free lengths at several
// bindings, and compares with programs of known lengths: values, gradients and
// shapes, axes of length 1 and 0 included.
func TestSymbolsMeanWhatNumbersMean(t *testing.T) {
	each(t, func(t *testing.T, l line) {
		var free *graph.Program
		var x []*node
		if !l.known {
			var err error
			free, x, err = l.compiled(graph.Float64, nil)
			require.NoError(t, err)
		}
		for _, k := range []binding{usual, {1, 3}, {4, 1}, {5, 2}, {1, 1}, {0, 3}, {3, 0}, {0, 0}} {
			want, err := l.eval(graph.Float64, k)
			if l.full && k.n == 0 && err != nil {
				assert.NotContains(t, err.Error(), "\n")
				want = nil
			} else {
				require.NoError(t, err, k)
			}
			l.checkShapes(t, k, want)
			if free == nil {
				continue
			}
			got, err := free.Eval(context.Background(), feed(x, l.draw(k))...)
			if want == nil {
				if k.b != 0 {
					oneLine(t, err, "")
				}
				continue
			}
			if !assert.NoError(t, err, k) {
				continue
			}
			for i := range want {
				assert.True(t, slices.Equal(want[i].Shape, got[i].Shape), "%v output %d: want shape %v, got %v", k, i, want[i].Shape, got[i].Shape)
				same(t, floatsOf(want[i]), floatsOf(got[i]), 1e-12, k, "output", i, "seed", seed)
			}
		}
	})
}

// checkShapes compares the shapes of gradients with those of their operands,
// and the number of elements with the shapes.
func (l line) checkShapes(t *testing.T, k binding, out []graph.Tensor) {
	for i, o := range out {
		assert.Equal(t, product(o.Shape), o.Len())
		if i > 0 && i == len(out)-1 && l.args[len(l.args)-1].dtype.Float() {
			assert.Equal(t, l.draw(k)[len(l.args)-1].shape, o.Shape, "%v gradient", k)
		}
	}
}

// TestKnownOperandsMeanWhatFedOnesMean gives the same values as constants, which
// are computed while compiling, and as inputs.
func TestKnownOperandsMeanWhatFedOnesMean(t *testing.T) {
	each(t, func(t *testing.T, l line) {
		want, err := l.eval(graph.Float64, usual)
		require.NoError(t, err)
		x := l.inputs(graph.Float64, &usual)
		for i, v := range l.draw(usual) {
			x[i] = ops.Convert(graph.ConstOf(v.v, v.shape...), x[i].DType())
		}
		for i, got := range run(t, l.outputs(x)...) {
			same(t, floatsOf(want[i]), floatsOf(got), 1e-12, "output", i, "seed", seed)
		}
	})
}

// TestKnownZerosMeanWhatFedOnesMean gives each operand in turn as graph.Zeros,
// which ops simplify away, and as an input of zeros. Only where that gives NaN
// may the results differ: known zeros win.
func TestKnownZerosMeanWhatFedOnesMean(t *testing.T) {
	each(t, func(t *testing.T, l line) {
		for i, a := range l.args {
			if !a.dtype.Float() {
				continue
			}
			x, v := l.inputs(graph.Float64, &usual), l.draw(usual)
			clear(v[i].v)
			p, err := graph.Compile(l.outputs(x)...)
			require.NoError(t, err)
			want, err := p.Eval(context.Background(), feed(x, v)...)
			require.NoError(t, err)
			fed := feed(x, v)
			x[i] = graph.Zeros(x[i].Type())
			p, err = graph.Compile(l.outputs(x)...)
			require.NoError(t, err)
			got, err := p.Eval(context.Background(), fed...)
			require.NoError(t, err)
			for j := range want {
				w, g := floatsOf(want[j]), floatsOf(got[j])
				for k := range w {
					if w[k] != w[k] || math.IsInf(w[k], 0) {
						w[k], g[k] = 0, 0
					}
				}
				same(t, w, g, 1e-12, "operand", i, "output", j, "seed", seed)
			}
		}
	})
}

// TestMistakesInOperands puts nodes that cannot be right for each operand: never
// a panic, never more than one line, and nothing but the first mistake.
func TestMistakesInOperands(t *testing.T) {
	dims := func(x *node) []graph.Dim { return x.Shape().Dims() }
	each(t, func(t *testing.T, l line) {
		for i := range l.args {
			if _, variant, _ := strings.Cut(l.name, "/"); i == 1 && (variant == "like" || strings.HasSuffix(l.name, "To")) {
				continue // the line reads a shape off that operand
			}
			x := l.inputs(graph.Float32, &usual)
			right, bad := x[i], ops.Reshape(graph.Input("bad", 2), 3)
			for _, x[i] = range []*node{
				bad, nil,
				graph.InputOf(graph.Bool, "bool", dims(right)...),
				graph.InputOf(graph.Int32, "int", dims(right)...),
				graph.InputOf(graph.Float64, "double", dims(right)...),
				graph.Input("scalar"), graph.Input("empty", 0), graph.Input("prime", 7),
				graph.Input("odd", 5, 7, 11), graph.Input("deep", 1, 1, 1, 1, 1, 1, 1, 1),
			} {
				err := l.f(x...).Err()
				switch {
				case x[i] == bad && assert.Error(t, err):
					assert.Equal(t, bad.Err().Error(), err.Error(), "the first mistake alone is reported")
				case x[i] != nil && err != nil:
					oneLine(t, err, "")
				case x[i] == nil && l.name != "Affine" && l.name != "Trapezoid/places":
					oneLine(t, err, "nil")
				}
			}
		}
	})
}

// sources returns the package's files, tests left out.
func sources(t *testing.T) []*ast.File {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	var list []*ast.File
	for _, f := range files {
		if name := f.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			require.NoError(t, err)
			list = append(list, file)
		}
	}
	return list
}

// TestEveryFunctionIsInTheTable fails for an exported function without a line.
func TestEveryFunctionIsInTheTable(t *testing.T) {
	have := map[string]bool{}
	for _, l := range table() {
		assert.False(t, have[l.name], "%s is there twice", l.name)
		have[l.name] = true
	}
	for _, f := range sources(t) {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.IsExported() {
				assert.True(t, have[d.Name.Name], "%s has no line in the table", d.Name.Name)
				delete(have, d.Name.Name)
			}
		}
	}
	for name := range have {
		assert.Contains(t, name, "/", "%s is no exported function", name)
	}
}

// TestEveryNameHasADoc fails for an exported identifier without a comment.
func TestEveryNameHasADoc(t *testing.T) {
	for _, f := range sources(t) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Recv == nil {
					assert.True(t, strings.HasPrefix(d.Doc.Text(), d.Name.Name+" "), "%s has no doc comment that starts with its name", d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					assert.True(t, documented(s, d.Doc), "%v has no doc comment", s)
				}
			}
		}
	}
}

// documented reports whether a declaration has a comment, or exports nothing.
func documented(s ast.Spec, group *ast.CommentGroup) bool {
	switch s := s.(type) {
	case *ast.TypeSpec:
		return !s.Name.IsExported() || group != nil || s.Doc != nil
	case *ast.ValueSpec:
		return !s.Names[0].IsExported() || group != nil || s.Doc != nil
	}
	return true
}

// TestEveryOpIsReached fails for an op that neither a line of the table nor the
// gradient of one applies.
func TestEveryOpIsReached(t *testing.T) {
	reached := map[string]bool{}
	for _, l := range table() {
		for _, float := range []graph.DType{graph.Float64, graph.Float32} {
			k := &usual
			if float == graph.Float64 && !l.known {
				k = nil
			}
			for _, n := range graph.Topo(l.outputs(l.inputs(float, k))...) {
				reached[reflect.TypeOf(n.Op()).Name()] = true
			}
		}
	}
	ops := 0
	for _, f := range sources(t) {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv != nil && d.Name.Name == "Name" {
				ops++
				op := d.Recv.List[0].Type.(*ast.Ident).Name
				assert.True(t, reached[op], "no line of the table applies the op %s", op)
			}
		}
	}
	assert.Greater(t, ops, 80)
}

// TestEveryOpDescribesItself looks at what listings and summaries show: an op's
// text starts with its name, and two ops that differ, on operands of the same
// types, have different texts or types. The operations it counts are a length.
func TestEveryOpDescribesItself(t *testing.T) {
	told := map[string]graph.Op{}
	for _, l := range table() {
		for _, n := range graph.Topo(l.outputs(l.inputs(graph.Float64, &usual))...) {
			op := n.Op()
			if len(n.In()) == 0 || !reflect.TypeOf(op).Comparable() {
				continue
			}
			if _, ok := op.(graph.Looper); ok { // two loops may have equal bodies
				continue
			}
			text := op.Name()
			if s, ok := op.(fmt.Stringer); ok {
				assert.True(t, strings.HasPrefix(s.String(), text), "%s is described as %v", text, s)
				text = s.String()
			}
			for _, x := range n.In() {
				text += " " + x.Type().String()
			}
			text += " -> " + n.Type().String()
			if old, ok := told[text]; ok && op != old {
				assert.Fail(t, "two ops look the same", "%s: %#v and %#v", text, old, op)
			}
			told[text] = op
			assert.GreaterOrEqual(t, int(graph.Flops(n)), 0, text)
		}
	}
	assert.Greater(t, len(told), 300)
}
