package differential_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A job is a training step with the data of its batches.
type job struct {
	step  *graph.Program
	out   []*tensor.Dense
	feeds []graph.Feed
}

// newJob compiles a classifier of rows with so many features, or of images.
func newJob(tb testing.TB, seed uint64, model nn.Layer, batch, classes int, dims ...graph.Dim) *job {
	return newJobBy(tb, optim.Adam(1e-3), seed, model, batch, classes, dims...)
}

// newJobBy is newJob with a rule.
func newJobBy(tb testing.TB, rule optim.Rule, seed uint64, model nn.Layer, batch, classes int, dims ...graph.Dim) *job {
	x := graph.Input("x", append([]graph.Dim{graph.Sym("batch")}, dims...)...)
	y := graph.InputOf(graph.Int32, "y", graph.Sym("batch"))
	logits := model.Apply(x)
	nn.Init(model, seed)
	step, err := optim.Minimize(nn.CrossEntropy(logits, y), nn.Params(model), rule, nn.Accuracy(logits, y))
	require.NoError(tb, err)
	rnd := rand.New(rand.NewPCG(seed, 0))
	shape := []int{batch}
	for _, d := range dims {
		shape = append(shape, int(d))
	}
	xs, err := graph.NewTensor(graph.Float32, shape...)
	require.NoError(tb, err)
	for i := range xs.Len() {
		xs.Set(i, rnd.NormFloat64())
	}
	ys := make([]int32, batch)
	for i := range ys {
		ys[i] = int32(rnd.IntN(classes))
	}
	xd, err := xs.Dense()
	require.NoError(tb, err)
	scalar := func() *tensor.Dense { return tensor.New(tensor.WithShape(), tensor.WithBacking([]float32{0})) }
	return &job{
		step:  step,
		out:   []*tensor.Dense{scalar(), scalar()},
		feeds: []graph.Feed{x.Is(xd), y.Is(tensor.New(tensor.WithShape(batch), tensor.WithBacking(ys)))},
	}
}

func (j *job) run(tb testing.TB, steps int) {
	for range steps {
		require.NoError(tb, j.step.RunInto(j.out, j.feeds...))
	}
}

// sum returns the hash of all parameters, the optimizer's among them.
func (j *job) sum() string {
	h := sha256.New()
	for _, v := range save(j.step.Params()) {
		for i := range v.Len() {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(v.At(i)))
			h.Write(b[:])
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func perceptron(units int) nn.Layer {
	return nn.Sequential{&nn.Dense{Out: units, Act: ops.ReLU}, &nn.Dense{Out: units, Act: ops.ReLU}, &nn.Dense{Out: 10}}
}

// convolutions is a small network on images.
func convolutions() nn.Layer {
	weights := func(dims ...graph.Dim) *graph.Param {
		return &graph.Param{Type: graph.Type{DType: graph.Float32, Shape: graph.Of(dims...)}, Init: nn.GlorotUniform}
	}
	c := &convNet{A: weights(3, 3, 3, 16), B: weights(3, 3, 16, 32), Head: &nn.Dense{Out: 10}}
	return c
}

type convNet struct {
	A, B *graph.Param
	Head *nn.Dense
}

func (c *convNet) Apply(x *graph.Node) *graph.Node {
	same := ops.ConvOptions{ChannelsLast: true, Same: true}
	x = ops.MaxPool(ops.ReLU(ops.Conv(x, c.A.Node(), same)), []int{2, 2}, ops.PoolOptions{ChannelsLast: true})
	x = ops.AvgPool(ops.GELU(ops.Conv(x, c.B.Node(), same)), []int{2, 2}, ops.PoolOptions{ChannelsLast: true})
	return c.Head.Apply(ops.Flatten(x, 1))
}

// lenet is the network of the workload W3 of bench.
func lenet() nn.Layer {
	relu, pad := nn.Func(ops.ReLU), [][2]int{{2, 2}}
	return &nn.Sequential{
		&nn.Conv2D{Out: 32, Kernel: []int{5}, Pad: pad}, relu, &nn.MaxPool{Window: []int{2}},
		&nn.Conv2D{Out: 64, Kernel: []int{5}, Pad: pad}, relu, &nn.MaxPool{Window: []int{2}},
		&nn.Flatten{}, &nn.Dense{Out: 256, Act: ops.ReLU}, &nn.Dense{Out: 10},
	}
}

// TestSameBits trains networks, whose passes have several parts and whose
// products are split, on numbers of threads from 1 to 8 and over and over, and
// wants the same bits of all parameters. ADJOINT_LONG=1 takes the workloads W2 and W3
// of bench, and 200 steps.
func TestSameBits(t *testing.T) {
	long := os.Getenv("ADJOINT_LONG") != ""
	units, features, batch, steps := 192, 196, 256, 20
	if testing.Short() || raced {
		steps = 4
	}
	if long {
		units, features, batch, steps = 512, 784, 128, 200
	}
	jobs := map[string]func() *job{
		"perceptron": func() *job { return newJob(t, 1, perceptron(units), batch, 10, graph.Dim(features)) },
		"convolutions": func() *job {
			if long {
				return newJobBy(t, optim.SGD(0.01, optim.SGDOptions{Momentum: 0.9}), 2, lenet(), 64, 10, 1, 28, 28)
			}
			return newJob(t, 2, convolutions(), 32, 10, 16, 16, 3)
		},
	}
	for name, make := range jobs {
		t.Run(name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
			n := steps
			if name == "convolutions" && !long {
				n = max(1, steps/4)
			}
			want := ""
			for i, threads := range []int{1, 2, 3, 4, 8, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2} {
				runtime.GOMAXPROCS(threads)
				j := make()
				j.run(t, n)
				if i == 0 {
					want = j.sum()
					t.Logf("%d steps: %s", n, want)
				}
				require.Equal(t, want, j.sum(), "run %d, on %d threads", i, threads)
			}
		})
	}
}

// small is a job with all kinds of instructions: products, passes, numbers,
// draws and other calls.
func small(tb testing.TB) *job {
	return newJob(tb, 3, nn.Sequential{&nn.Dense{Out: 24, Act: ops.Tanh}, &nn.Dropout{Rate: 0.2}, &nn.Dense{Out: 10}}, 32, 10, 12)
}

// TestNoGrowth makes many steps and wants no more memory and no more
// goroutines after them.
func TestNoGrowth(t *testing.T) {
	steps := 10000
	if testing.Short() || raced {
		steps = 500
	}
	j := small(t)
	measure := func() (heap uint64, goroutines int) {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	j.run(t, 100)
	heap, goroutines := measure()
	j.run(t, steps)
	after, more := measure()
	assert.LessOrEqual(t, float64(after), 1.01*float64(heap), "bytes of heap after %d steps", steps)
	assert.LessOrEqual(t, more, goroutines, "goroutines after %d steps", steps)
}

// TestNoAllocations wants steps in the steady state to allocate nothing.
func TestNoAllocations(t *testing.T) {
	for name, make := range map[string]func() *job{
		"small":      func() *job { return small(t) },
		"perceptron": func() *job { return newJob(t, 1, perceptron(64), 256, 10, 96) },
		"convolutions": func() *job {
			return newJob(t, 2, convolutions(), 8, 10, 16, 16, 3)
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := make()
			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			j.run(t, 3)
			assert.Zero(t, testing.AllocsPerRun(20, func() { j.run(t, 1) }))
		})
	}
}

// TestIntegersDoNotAllocate runs ops that the engine calls, on integers and
// truths, and views of them.
func TestIntegersDoNotAllocate(t *testing.T) {
	x := graph.InputOf(graph.Int64, "x", 6, 5)
	m := ops.Mod(ops.Add(ops.Transpose(x), graph.Scalar(3)), graph.Scalar(4))
	hot := ops.Sum(ops.OneHot(m, 4, graph.Float32), 0, 1)
	p, err := graph.Compile(ops.ArgMax(hot, 0), hot, ops.Slice(x, 1, 1, 4, 2), ops.Any(ops.Less(m, graph.Scalar(2)), 0))
	require.NoError(t, err)
	v, err := graph.NewTensor(graph.Int64, 6, 5)
	require.NoError(t, err)
	for i := range v.Len() {
		v.SetInt(i, int64(i*i%7))
	}
	xs, err := v.Dense()
	require.NoError(t, err)
	out, err := p.Run(x.Is(xs))
	require.NoError(t, err)
	feed := x.Is(xs)
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		if err := p.RunInto(out, feed); err != nil {
			t.Error(err)
		}
	}))
}
