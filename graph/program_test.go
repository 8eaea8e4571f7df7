package graph_test

import (
	"context"
	"errors"
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

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func TestRun(t *testing.T) {
	batch := graph.Sym("batch")
	x, w := graph.Input("x", batch, 2), graph.Input("w", 2, 3)
	y := ops.ReLU(ops.MatMul(x, w))
	p := compile(t, y, ops.Sum(y))
	ws := w.Is(matrix(2, 3, 1, 0, -1, 0, 1, -1))
	out, err := p.Run(x.Is(matrix(1, 2, 3, 4)), ws)
	require.NoError(t, err)
	assert.Equal(t, []float32{3, 4, 0}, out[0].Float32s())
	assert.Equal(t, tensor.Shape{1, 3}, out[0].Shape())
	assert.Equal(t, float32(7), out[1].Data())
	out, err = p.Run(ws, x.Is(matrix(2, 2, 1, 1, -1, 2)))
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 1, 0, 0, 2, 0}, out[0].Float32s())
}

// TestMemory checks that buffers are used again: a chain needs two at a time.
func TestMemory(t *testing.T) {
	x := graph.Input("x", graph.Sym("n"))
	y := x
	for range 100 {
		y = ops.Exp(ops.Neg(y))
	}
	p := compile(t, y).Reference()
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
	all, err := compile(t, pool...).Reference().Run(feed)
	require.NoError(t, err)
	last, err := compile(t, pool[len(pool)-1]).Reference().Run(feed)
	require.NoError(t, err)
	assert.Equal(t, all[len(pool)-1].Float32s(), last[0].Float32s())
	for i, n := range pool {
		alone, err := compile(t, n).Reference().Run(feed)
		require.NoError(t, err)
		assert.Equal(t, alone[0].Float32s(), all[i].Float32s(), "value %d", i)
	}
}

func TestRunInto(t *testing.T) {
	x := graph.Input("x", 3)
	p := compile(t, ops.Exp(x), ops.Neg(x))
	out := []*tensor.Dense{nil, vector(0, 0, 0)}
	require.NoError(t, p.RunInto(out, x.Is(vector(1, 2, 3))))
	assert.Equal(t, []float32{-1, -2, -3}, out[1].Float32s())
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
					w := out[1].Float32s()[0]
					assert.Equal(t, 1+w, out[0].Float32s()[0], "one value of w in a run")
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
	assert.Equal(t, []float32{400}, w.Value.Float32s())
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
		assert.Regexp(t, `^program_test\.go:\d+: `, err.Error())
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
