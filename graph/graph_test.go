package graph_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func vector(v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))
}

func matrix(rows, columns int, v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(v))
}

func compile(t *testing.T, out ...*graph.Node) *graph.Program {
	t.Helper()
	p, err := graph.Compile(out...)
	require.NoError(t, err)
	return p
}

func TestRun(t *testing.T) {
	batch := graph.Sym("batch")
	x, w := graph.Input("x", batch, 2), graph.Input("w", 2, 3)
	y := ops.ReLU(ops.MatMul(x, w))
	p := compile(t, y, ops.Sum(y))
	ws := w.Is(matrix(2, 3, 1, 0, -1, 0, 1, -1))
	out, err := p.Run(x.Is(matrix(1, 2, 3, 4)), ws)
	require.NoError(t, err)
	assert.Equal(t, []float32{3, 4, 0}, out[0].Data())
	assert.Equal(t, tensor.Shape{1, 3}, out[0].Shape())
	assert.Equal(t, float32(7), out[1].Data())
	out, err = p.Run(ws, x.Is(matrix(2, 2, 1, 1, -1, 2)))
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 1, 0, 0, 2, 0}, out[0].Data())
}

// TestViews feeds tensors that do not lie in row-major order.
func TestViews(t *testing.T) {
	x := graph.Input("x", graph.Sym("m"), graph.Sym("n"))
	p := compile(t, ops.Scale(x, 1))
	base := func() *tensor.Dense { return matrix(3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) }
	transposed := base()
	require.NoError(t, transposed.T())
	columns, err := base().Slice(nil, tensor.S(1, 3))
	require.NoError(t, err)
	rows, err := base().Slice(tensor.S(1, 3), nil)
	require.NoError(t, err)
	both, err := transposed.Slice(tensor.S(0, 2))
	require.NoError(t, err)
	fortran := tensor.New(tensor.WithShape(2, 3), tensor.AsFortran([]float32{1, 2, 3, 4, 5, 6}))
	for _, d := range []*tensor.Dense{base(), transposed, columns.(*tensor.Dense), rows.(*tensor.Dense), both.(*tensor.Dense), fortran} {
		out, err := p.Run(x.Is(d))
		require.NoError(t, err)
		for i := range d.Shape()[0] {
			for j := range d.Shape()[1] {
				want, err := d.At(i, j)
				require.NoError(t, err)
				got, err := out[0].At(i, j)
				require.NoError(t, err)
				assert.Equal(t, want, got, "%v%v at %d %d", d.Shape(), d.Strides(), i, j)
			}
		}
	}
}

func TestDTypesAtTheEdge(t *testing.T) {
	for d, data := range map[graph.DType]any{
		graph.Float32: []float32{1, 2}, graph.Float64: []float64{1, 2}, graph.Int32: []int32{1, 2},
		graph.Int64: []int64{1, 2}, graph.Bool: []bool{true, false},
	} {
		x := graph.InputOf(d, "x", 2)
		out, err := compile(t, x).Run(x.Is(tensor.New(tensor.WithShape(2), tensor.WithBacking(data))))
		require.NoError(t, err, d)
		assert.Equal(t, data, out[0].Data())
	}
	x := graph.InputOf(graph.Int64, "x", 2)
	out, err := compile(t, x).Run(x.Is(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{3, -4}))))
	require.NoError(t, err)
	assert.Equal(t, []int64{3, -4}, out[0].Data())
	s := graph.InputOf(graph.Float64, "s")
	out, err = compile(t, s).Run(s.Is(tensor.New(tensor.FromScalar(2.5))))
	require.NoError(t, err)
	assert.Equal(t, 2.5, out[0].Data())
}

func TestListing(t *testing.T) {
	batch := graph.Sym("batch")
	x := graph.Input("x", batch, 784)
	w := &graph.Param{Label: "W", Type: graph.Type{Shape: graph.Of(784, 10)}}
	var layer graph.Scope
	y := layer.Wrap(func() *graph.Node { return ops.ReLU(ops.MatMul(x, w.Node())) })
	loss := ops.Sum(y, -1)
	layer.Label = "Trunk.0"
	_, _, line, _ := runtime.Caller(0)
	want := fmt.Sprintf(`v0 = input x f32[batch 784] // graph_test.go:%d
v1 = param W f32[784 10] // graph_test.go:%d
v2 = matmul f32[batch 10] v0 v1 // Trunk.0 graph_test.go:%[2]d
v3 = relu f32[batch 10] v2 // Trunk.0 graph_test.go:%[2]d
v4 = sum(1) f32[batch] v3 // graph_test.go:%d
`, line-6, line-3, line-2)
	assert.Equal(t, want, graph.Listing(loss))
}

// TestListingOfProgram checks that gradients name their forward node in a
// program too, where nodes may be the compiler's copies.
func TestListingOfProgram(t *testing.T) {
	x := graph.Input("x", 3)
	y := ops.Sum(ops.Sin(ops.Transpose(ops.Transpose(ops.Reshape(ops.Mul(x, graph.Scalar(1)), 1, 3)))))
	p := compile(t, y, autodiff.Grad(y, x)[0])
	assert.Regexp(t, `(?m)^v\d+ = cos .* // gradient at v2 `, p.Listing(), "v2 is the sine")
}

// TestMerge checks that equal ops on equal operands are one step, that
// constants are folded, and that what nothing needs is dropped.
func TestMerge(t *testing.T) {
	x := graph.Input("x", 4)
	a := ops.Exp(ops.Add(x, graph.Scalar(1)))
	b := ops.Exp(ops.Add(x, graph.Scalar(1)))
	assert.Equal(t, 5, compile(t, ops.Mul(a, b)).Len(), "x, 1, add, exp, mul")
	c := ops.Concat(0, x, x, x, a)
	d := ops.Concat(0, x, x, x, b)
	e := ops.Concat(0, x, x, a, x)
	assert.Equal(t, 6, compile(t, ops.Sub(c, d)).Len(), "lists of operands merge")
	assert.Equal(t, 7, compile(t, ops.Sub(c, e)).Len(), "their order matters")
	sum := ops.Mul(x, ops.Add(graph.Scalar(2), ops.Sqrt(graph.Scalar(9))))
	p := compile(t, sum)
	assert.Equal(t, 3, p.Len(), "x, 5, mul:\n%s", p.Listing())
	out, err := p.Run(x.Is(vector(1, 2, 3, 4)))
	require.NoError(t, err)
	assert.Equal(t, []float32{5, 10, 15, 20}, out[0].Data())
	assert.Equal(t, 1, compile(t, ops.Transpose(ops.Transpose(graph.Input("m", 2, 3)))).Len())
	assert.Equal(t, 1, compile(t, ops.Mul(ops.Add(x, graph.Zeros(x.Type())), graph.Scalar(1))).Len())
}

func TestDeepChain(t *testing.T) {
	x := graph.Input("x")
	y := x
	for range 200_000 {
		y = ops.Neg(ops.Tanh(y))
	}
	p := compile(t, y)
	assert.Equal(t, 400_001, p.Len())
}

// TestMemory checks that buffers are used again: a chain needs two at a time.
func TestMemory(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"))
	y := x
	for range 100 {
		y = ops.Exp(ops.Neg(y))
	}
	p := compile(t, y)
	bytes, err := p.Bytes(map[graph.Dim]int{graph.Sym("n"): 1024})
	require.NoError(t, err)
	assert.Equal(t, 2*4*1024, bytes)
}

// TestArena compares every value kept with the same graph run for that value
// alone, so that no buffer is reused too early.
func TestArena(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"), 3)
	pool := []*graph.Node{x, ops.Exp(x)}
	for i := range 60 {
		a, b := pool[(i*7)%len(pool)], pool[(i*5+1)%len(pool)]
		switch i % 5 {
		case 0:
			pool = append(pool, ops.Tanh(ops.Add(a, b)))
		case 1:
			pool = append(pool, ops.Mul(ops.Sin(a), ops.Keep(ops.Mean, b, 0)))
		case 2:
			pool = append(pool, ops.BroadcastTo(ops.Sum(ops.Cos(a), 1, 0), b.Shape()))
		case 3:
			pool = append(pool, ops.Sigmoid(ops.Sub(a, b)))
		case 4:
			pool = append(pool, ops.Softmax(ops.Add(a, ops.Neg(b)), -1))
		}
	}
	feed := x.Is(matrix(2, 3, .1, .2, .3, -.4, .5, .6))
	all, err := compile(t, pool...).Run(feed)
	require.NoError(t, err)
	last, err := compile(t, pool[len(pool)-1]).Run(feed)
	require.NoError(t, err)
	assert.Equal(t, all[len(pool)-1].Data(), last[0].Data())
	for i, n := range pool {
		alone, err := compile(t, n).Run(feed)
		require.NoError(t, err)
		assert.Equal(t, alone[0].Data(), all[i].Data(), "value %d", i)
	}
}

func TestRunInto(t *testing.T) {
	x := graph.Input("x", 3)
	p := compile(t, ops.Exp(x), ops.Neg(x))
	out := []*tensor.Dense{nil, vector(0, 0, 0)}
	require.NoError(t, p.RunInto(out, x.Is(vector(1, 2, 3))))
	assert.Equal(t, []float32{-1, -2, -3}, out[1].Data())
	assert.EqualError(t, p.RunInto(out[:1], x.Is(vector(1, 2, 3))), "run: 1 tensors for 2 outputs")
	assert.EqualError(t, p.RunInto([]*tensor.Dense{vector(1, 2), nil}, x.Is(vector(1, 2, 3))), "run: output 0: is f32[3], the tensor for it f32[2]")
}

// TestSteadyState checks that a run allocates nothing once it is warm.
func TestSteadyState(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 4)
	w := &graph.Param{Label: "w", Type: graph.Type{Shape: graph.Of(4)}, Value: vector(1, 2, 3, 4)}
	y := ops.Exp(ops.Reshape(x, -1))
	update := graph.Assign(w, ops.Flip(w.Node()))
	p, err := graph.CompileTraining([]*graph.Node{y}, update)
	require.NoError(t, err)
	xs, out := matrix(2, 4, 1, 2, 3, 4, 5, 6, 7, 8), []*tensor.Dense{vector(0, 0, 0, 0, 0, 0, 0, 0)}
	allocs := testing.AllocsPerRun(100, func() {
		if err := p.RunInto(out, x.Is(xs)); err != nil {
			t.Fatal(err)
		}
	})
	t.Log("allocations per run:", allocs)
	assert.LessOrEqual(t, allocs, 2.0)
}

func TestAssign(t *testing.T) {
	scalar := graph.Type{DType: graph.Int64}
	value := func(v int64) *tensor.Dense { return tensor.New(tensor.FromScalar(v)) }
	a := &graph.Param{Label: "a", Type: scalar, Value: value(1)}
	b := &graph.Param{Label: "b", Type: scalar, Value: value(2)}
	// exchange: both read the old values
	p, err := graph.CompileTraining([]*graph.Node{a.Node()}, graph.Assign(a, b.Node()), graph.Assign(b, a.Node()))
	require.NoError(t, err)
	out, err := p.Run()
	require.NoError(t, err)
	assert.Equal(t, int64(1), out[0].Data(), "results are of the time before the updates")
	assert.Equal(t, int64(2), a.Value.Data())
	assert.Equal(t, int64(1), b.Value.Data())

	counted := ops.After(graph.ScalarOf(graph.Float32, 7), graph.Assign(a, ops.Add(a.Node(), graph.Scalar(1))))
	p = compile(t, counted, counted)
	for range 3 {
		_, err = p.Run()
		require.NoError(t, err)
	}
	assert.Equal(t, int64(5), a.Value.Data(), "once in each run")
	_, err = graph.Compile(counted, graph.Assign(a, graph.ScalarOf(graph.Int64, 9)))
	assert.ErrorContains(t, err, "parameter a is assigned two values in one program")

	// the view that a user put there is replaced, not written through
	m := matrix(2, 2, 1, 2, 3, 4)
	require.NoError(t, m.T())
	c := &graph.Param{Label: "c", Type: graph.Type{Shape: graph.Of(2, 2)}, Value: m}
	_, err = compile(t, ops.After(c.Node(), graph.Assign(c, ops.Neg(c.Node())))).Run()
	require.NoError(t, err)
	assert.Equal(t, []float32{-1, -3, -2, -4}, c.Value.Data())
}

func TestInTraining(t *testing.T) {
	x := graph.Input("x", 2)
	steps := &graph.Param{Label: "steps", Type: graph.Type{DType: graph.Int64}, Value: tensor.New(tensor.FromScalar(int64(0)))}
	noisy := ops.After(ops.Scale(x, 10), graph.Assign(steps, ops.Add(steps.Node(), graph.Scalar(1))))
	y := ops.InTraining(noisy, x)
	infer := compile(t, y)
	train, err := graph.CompileTraining([]*graph.Node{y})
	require.NoError(t, err)
	assert.Equal(t, 1, infer.Len(), "nothing of training is left")
	for want, p := range map[float32]*graph.Program{1: infer, 10: train} {
		out, err := p.Run(x.Is(vector(1, 1)))
		require.NoError(t, err)
		assert.Equal(t, []float32{want, want}, out[0].Data())
	}
	assert.Equal(t, int64(1), steps.Value.Data())
}

// TestConcurrentRuns runs one program, and one that updates a parameter it
// reads, from many goroutines; go test -race watches.
func TestConcurrentRuns(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"))
	w := &graph.Param{Label: "w", Type: graph.Type{Shape: graph.Of(1)}, Value: vector(0)}
	read := compile(t, ops.Add(ops.Exp(x), w.Node()), w.Node())
	count, err := graph.CompileTraining(nil, graph.Assign(w, ops.Add(w.Node(), graph.Scalar(1))))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for i := range 50 {
				xs := vector(make([]float32, 1+(g*7+i)%20)...)
				out, err := read.Run(x.Is(xs))
				if assert.NoError(t, err) {
					w := out[1].Data().([]float32)[0]
					assert.Equal(t, 1+w, out[0].Data().([]float32)[0], "one value of w in a run")
				}
			}
		}()
		go func() {
			defer wg.Done()
			for range 50 {
				_, err := count.Run()
				assert.NoError(t, err)
			}
		}()
	}
	wg.Wait()
	assert.Equal(t, []float32{400}, w.Value.Data())
}

// TestConcurrentBuilding builds graphs on shared nodes from many goroutines.
func TestConcurrentBuilding(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"))
	w := &graph.Param{Label: "w", Type: graph.Type{Shape: graph.Of(1)}, Value: vector(2)}
	shared := ops.Mul(x, w.Node())
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var scope graph.Scope
			y := scope.Wrap(func() *graph.Node {
				return ops.Sum(ops.Square(ops.Add(shared, graph.Scalar(float64(g)))))
			})
			p, err := graph.Compile(autodiff.Grad(y, x, w.Node())...)
			if !assert.NoError(t, err) {
				return
			}
			out, err := p.Run(x.Is(vector(1, 2)))
			if assert.NoError(t, err) {
				a, b := float32(2+g), float32(4+g)
				assert.Equal(t, []float32{4 * a, 4 * b}, out[0].Data())
				assert.Equal(t, []float32{2*a + 4*b}, out[1].Data())
			}
		})
	}
	wg.Wait()
}

func TestCancel(t *testing.T) {
	x := graph.Input("x")
	w := &graph.Param{Label: "w", Type: graph.Type{}, Value: tensor.New(tensor.FromScalar(float32(1)))}
	ctx, cancel := context.WithCancel(context.Background())
	y := ops.Neg(graph.Apply(hook{func() { cancel() }}, x))
	p, err := graph.CompileTraining([]*graph.Node{y}, graph.Assign(w, y))
	require.NoError(t, err)
	_, err = p.RunContext(ctx, x.Is(tensor.New(tensor.FromScalar(float32(2)))))
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, float32(1), w.Value.Data(), "a run that fails changes nothing")
}

// hook is an op that is not comparable, so it is never merged.
type hook struct{ f func() }

func (hook) Name() string                                          { return "hook" }
func (hook) Infer(in ...graph.Type) (graph.Type, error)            { return in[0], nil }
func (h hook) Eval(out graph.Tensor, in ...graph.Tensor)           { h.f(); out.Copy(in[0]) }
func (hook) VJP(_, ct *graph.Node, _ ...*graph.Node) []*graph.Node { return []*graph.Node{ct} }

func TestPanicInEval(t *testing.T) {
	x := graph.Input("x", 2)
	for what, want := range map[string]func(){
		"hook: index out of range": func() { panic(errors.New("index out of range")) },
		"hook: odd":                func() { panic("odd") },
		"hook: panic in Eval":      func() { var none []int; _ = none[len(os.Args)] },
	} {
		_, err := compile(t, graph.Apply(hook{want}, x)).Run(x.Is(vector(1, 2)))
		require.Error(t, err)
		assert.Contains(t, err.Error(), what)
		assert.Regexp(t, `^graph_test\.go:\d+: `, err.Error())
	}
}

// TestBindings runs more batch sizes than a program remembers.
func TestBindings(t *testing.T) {
	n := graph.Sym("n")
	x := graph.Input("x", n.Mul(2).Add(1))
	p := compile(t, ops.Reshape(ops.Pad(x, 0, 1, 0, 0), 2, -1))
	for _, k := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 5, 10} {
		out, err := p.Run(x.Is(vector(make([]float32, 2*k+1)...)))
		require.NoError(t, err)
		assert.Equal(t, tensor.Shape{2, k + 1}, out[0].Shape())
	}
	_, err := p.Run(x.Is(vector(1, 2)))
	assert.ErrorContains(t, err, "axis 0 is 2, which is no value of 2*n+1")
}

func TestEmpty(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"), 3)
	p := compile(t, ops.Exp(x), ops.Sum(x, 0))
	empty, err := graph.TensorOf([]float32{}, 0, 3)
	require.NoError(t, err)
	out, err := p.Eval(context.Background(), x.IsTensor(empty))
	require.NoError(t, err)
	assert.Equal(t, []int{0, 3}, out[0].Shape)
	assert.Equal(t, []float32{0, 0, 0}, graph.Data[float32](out[1]))
	_, err = p.Run(x.IsTensor(empty))
	assert.ErrorContains(t, err, "output 0: shape [0 3]: a gorgonia tensor cannot be empty")
}

// TestLengthOfUnusedInput computes a value that only needs the batch size of an
// input.
func TestLengthOfUnusedInput(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 2)
	p := compile(t, ops.Sum(ops.Mul(x, graph.Zeros(x.Type())), 1))
	out, err := p.Run(x.Is(matrix(3, 2, 1, 2, 3, 4, 5, 6)))
	require.NoError(t, err)
	assert.Equal(t, []float32{0, 0, 0}, out[0].Data())
	assert.Equal(t, 1, compile(t, ops.Mul(graph.Input("y", 2), graph.Zeros(graph.Type{Shape: graph.Of(2)}))).Len())
}

func TestRewrite(t *testing.T) {
	x, z := graph.Input("x", 2), graph.Input("z", 2)
	y := ops.Exp(ops.Add(x, graph.Scalar(1)))
	again := graph.Rewrite([]*graph.Node{y, x}, map[*graph.Node]*graph.Node{x: z})
	out, err := compile(t, again...).Run(z.Is(vector(0, 1)))
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float32{math.E, math.E * math.E}, out[0].Data(), 1e-6)
	assert.Same(t, y, graph.Rewrite([]*graph.Node{y}, nil)[0])
	assert.Equal(t, y.Pos(), again[0].Pos())
	long := graph.Rewrite([]*graph.Node{y}, map[*graph.Node]*graph.Node{x: graph.InputOf(graph.Bool, "b", 2)})
	assert.ErrorContains(t, long[0].Err(), "have different dtypes")
}

// TestCleanEnvironment builds and runs a program that imports the package, in
// an environment without any of the variables that would hide a panic at start.
func TestCleanEnvironment(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command")
	}
	binary := filepath.Join(t.TempDir(), "probe")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build, err := exec.Command(goTool, "build", "-o", binary, "./testdata/probe").CombinedOutput()
	require.NoError(t, err, "%s", build)
	run := exec.Command(binary)
	run.Env = []string{} // nil would mean this process's
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Equal(t, "12", strings.TrimSpace(string(out)))
}
