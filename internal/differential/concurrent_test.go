package differential_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// drawn returns a tensor of normal numbers.
func drawn(seed uint64, shape ...int) graph.Tensor {
	rnd := rand.New(rand.NewPCG(seed, 0))
	v, err := graph.NewTensor(graph.Float32, shape...)
	if err != nil {
		panic(err)
	}
	for i := range v.Len() {
		v.Set(i, rnd.NormFloat64())
	}
	return v
}

// paramOf returns a parameter with the value v.
func paramOf(tb testing.TB, label string, v graph.Tensor) *graph.Param {
	dims := make([]graph.Dim, len(v.Shape))
	for i, d := range v.Shape {
		dims[i] = graph.Dim(d)
	}
	d, err := v.Dense()
	require.NoError(tb, err)
	return &graph.Param{Label: label, Type: graph.Type{DType: v.DType, Shape: graph.Of(dims...)}, Value: d}
}

// together runs f on so many goroutines and fails if they do not end.
func together(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- f(i) }()
	}
	for range n {
		select {
		case err := <-errs:
			assert.NoError(t, err)
		case <-time.After(2 * time.Minute):
			debug.SetTraceback("all")
			panic("a run does not end")
		}
	}
}

// TestOneProgramOnManyGoroutines runs one program, and bindings of its symbol,
// from many goroutines.
func TestOneProgramOnManyGoroutines(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 64)
	w := paramOf(t, "w", drawn(1, 64, 256))
	h := ops.GELU(ops.MatMul(x, w.Node()))
	p, err := graph.Compile(ops.Softmax(ops.MatMul(h, ops.Transpose(w.Node())), 1), ops.Sum(h, 0))
	require.NoError(t, err)
	var feeds [][]graph.Feed
	var want [][]graph.Tensor
	for i := range 5 {
		feeds = append(feeds, []graph.Feed{x.IsTensor(drawn(uint64(i), 20+60*i, 64))})
		out, err := eval(p, feeds[i])
		require.NoError(t, err)
		want = append(want, out)
	}
	together(t, 12, func(i int) error {
		for round := range 10 {
			k := (i + round) % len(feeds)
			got, err := eval(p, feeds[k])
			if err != nil {
				return err
			}
			for j := range got {
				if at := firstDifference(got[j], want[k][j]); at >= 0 {
					return fmt.Errorf("output %d element %d is %v, want %v", j, at, got[j].At(at), want[k][j].At(at))
				}
			}
		}
		return nil
	})
}

// TestTrainingBesideInference trains two parameters, of which each step adds 1
// to all elements, from several goroutines and by two programs, while others
// read them: these must see one step's values, whole.
func TestTrainingBesideInference(t *testing.T) {
	zeros := func() graph.Tensor { v, _ := graph.NewTensor(graph.Float32, 300, 200); return v }
	a, b := paramOf(t, "a", zeros()), paramOf(t, "b", zeros())
	one := graph.Scalar(1)
	up, err := graph.CompileTraining(nil, graph.Assign(a, ops.Add(a.Node(), one)), graph.Assign(b, ops.Add(b.Node(), one)))
	require.NoError(t, err)
	// the values change places, too
	over, err := graph.CompileTraining(nil, graph.Assign(a, ops.Add(b.Node(), one)), graph.Assign(b, ops.Add(a.Node(), one)))
	require.NoError(t, err)
	x := a.Node()
	look, err := graph.Compile(ops.Max(x), ops.Min(x), ops.Max(ops.Abs(ops.Sub(x, b.Node()))), ops.Sum(ops.MatMul(ops.Scale(x, 1e-6), ops.Transpose(b.Node()))))
	require.NoError(t, err)
	const writers, steps = 4, 25
	together(t, 2*writers, func(i int) error {
		for range steps {
			switch {
			case i >= writers:
				out, err := eval(look, nil)
				if err != nil {
					return err
				}
				if out[0].At(0) != out[1].At(0) || out[2].At(0) != 0 {
					return fmt.Errorf("a reader sees %v to %v, and %v between the two", out[1].At(0), out[0].At(0), out[2].At(0))
				}
			case i%2 == 0:
				if _, err := eval(up, nil); err != nil {
					return err
				}
			default:
				if _, err := eval(over, nil); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for _, v := range save([]*graph.Param{a, b}) {
		for i := range v.Len() {
			require.Equal(t, float64(writers*steps), v.At(i))
		}
	}
}

// TestManyProgramsAtOnce trains several models at once, of which each must end
// as it does alone.
func TestManyProgramsAtOnce(t *testing.T) {
	jobs := func(i int) *job { return newJob(t, uint64(i), perceptron(48+16*i), 200, 10, 60) }
	var want []string
	for i := range 4 {
		j := jobs(i)
		j.run(t, 8)
		want = append(want, j.sum())
	}
	together(t, 8, func(i int) error {
		j := jobs(i % 4)
		for range 8 {
			if err := j.step.RunInto(j.out, j.feeds...); err != nil {
				return err
			}
		}
		if j.sum() != want[i%4] {
			return errors.New("the parameters differ from those of a model trained alone")
		}
		return nil
	})
}

// hook is an op that does something while it is computed.
type hook struct{ do func() }

func (hook) Name() string                                          { return "hook" }
func (hook) Infer(in ...graph.Type) (graph.Type, error)            { return in[0], nil }
func (h hook) Eval(out graph.Tensor, in ...graph.Tensor)           { out.Copy(in[0]); h.do() }
func (hook) VJP(_, ct *graph.Node, _ ...*graph.Node) []*graph.Node { return []*graph.Node{ct} }

func hooked(x *graph.Node, do func()) *graph.Node { return graph.Apply(hook{do}, x) }

func unchanged(t *testing.T, before state, params []*graph.Param) {
	t.Helper()
	for i, v := range save(params) {
		assert.Equal(t, -1, firstDifference(before[i], v), "%s has changed", params[i].Label)
	}
}

// trainer compiles a step of a network in which middle sees the hidden values,
// [150 300].
func trainer(t *testing.T, middle func(h *graph.Node) *graph.Node) (*graph.Program, graph.Feed) {
	x := graph.Input("x", graph.Sym("batch"), 40)
	model := nn.Sequential{&nn.Dense{Out: 300, Act: ops.Tanh}, nn.Func(middle), &nn.Dense{Out: 200}}
	y := model.Apply(x)
	nn.Init(model, 1)
	p, err := optim.Minimize(nn.MSE(y, ops.StopGradient(ops.Sin(y))), nn.Params(model), optim.Adam(1e-2))
	require.NoError(t, err)
	return p, x.IsTensor(drawn(5, 150, 40))
}

// TestCancelledRunChangesNothing cancels a run in its middle, and runs at any
// time.
func TestCancelledRunChangesNothing(t *testing.T) {
	var cancel func()
	p, feed := trainer(t, func(h *graph.Node) *graph.Node { return hooked(h, func() { cancel() }) })
	ctx, stop := context.WithCancel(context.Background())
	cancel = stop
	before := save(p.Params())
	_, err := p.RunContext(ctx, feed)
	require.ErrorIs(t, err, context.Canceled)
	unchanged(t, before, p.Params())

	cancel = func() {}
	start := time.Now()
	for range 5 {
		_, err = p.Run(feed)
		require.NoError(t, err)
	}
	took := time.Since(start) / 5
	done := 0
	for i := range 60 {
		before := save(p.Params())
		ctx, stop := context.WithTimeout(context.Background(), took*time.Duration(i)/50)
		_, err := p.RunContext(ctx, feed)
		stop()
		if err != nil {
			require.ErrorIs(t, err, context.DeadlineExceeded)
			unchanged(t, before, p.Params())
			continue
		}
		done++
		for i, v := range save(p.Params()) {
			assert.NotEqual(t, -1, firstDifference(before[i], v), "%s has not changed in a run that ends well", p.Params()[i].Label)
		}
	}
	t.Logf("%d of 60 runs were in time", done)
}

// TestLongRunIsCancelled wants a run without calls, which cannot fail, to end
// early all the same.
func TestLongRunIsCancelled(t *testing.T) {
	x := graph.Input("x", 300, 300)
	y := x
	for range 200 {
		y = ops.Tanh(ops.MatMul(y, x))
	}
	p, err := graph.Compile(y)
	require.NoError(t, err)
	feed := x.IsTensor(drawn(1, 300, 300))
	_, err = p.Run(feed)
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	_, err = p.RunContext(ctx, feed)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// failures are the ways in which a run may fail. Each makes something of the
// hidden values that fails when bad is set, or for the places at of bad runs,
// and says which node is to blame.
var failures = []struct {
	name, text string
	middle     func(h, at *graph.Node, bad *atomic.Bool) (y, culprit *graph.Node)
}{
	{"error", "hook: the disk is full", func(h, _ *graph.Node, bad *atomic.Bool) (y, culprit *graph.Node) {
		n := hooked(h, func() {
			if bad.Load() {
				panic(errors.New("the disk is full"))
			}
		})
		return n, n
	}},
	{"text", "hook: oh", func(h, _ *graph.Node, bad *atomic.Bool) (y, culprit *graph.Node) {
		n := hooked(h, func() {
			if bad.Load() {
				panic("oh")
			}
		})
		return n, n
	}},
	{"runtime error", "hook: panic in Eval: runtime error: index out of range [1] with length 0", func(h, _ *graph.Node, bad *atomic.Bool) (y, culprit *graph.Node) {
		n := hooked(h, func() {
			if none := []int(nil); bad.Load() {
				none[len(none)+1]++
			}
		})
		return n, n
	}},
	{"helpers", "hook: the disk is full", func(h, _ *graph.Node, bad *atomic.Bool) (y, culprit *graph.Node) {
		y = h
		for i := range 24 { // in one launch, and so slow that the helpers take some
			culprit = hooked(ops.Scale(h, float64(i)/24), func() {
				time.Sleep(100 * time.Microsecond)
				if i > 12 && bad.Load() {
					panic(errors.New("the disk is full"))
				}
			})
			y = ops.Add(y, culprit)
		}
		return y, culprit
	}},
	{"called look-up", "take: index 300 is outside of an axis of length 300", func(h, at *graph.Node, _ *atomic.Bool) (y, culprit *graph.Node) {
		n := ops.Take(h, at, 1)
		return ops.Add(h, ops.Mean(n)), n
	}},
	{"look-up", "takealong: index 300 is outside of an axis of length 300", func(h, at *graph.Node, _ *atomic.Bool) (y, culprit *graph.Node) {
		n := ops.TakeAlongAxis(h, at, 1)
		return ops.Add(h, n), n
	}},
	{"label", "checklabel: ", func(h, at *graph.Node, _ *atomic.Bool) (y, culprit *graph.Node) {
		n := nn.CrossEntropy(h, ops.Squeeze(at, 1))
		return ops.Add(h, n), n
	}},
}

// TestFailingRunChangesNothing makes runs fail on the caller's and on the
// helpers' threads, and wants no parameter changed, the line of the op that
// failed, and the next run to be right.
func TestFailingRunChangesNothing(t *testing.T) {
	for _, c := range failures {
		t.Run(c.name, func(t *testing.T) {
			var bad atomic.Bool
			var culprit *graph.Node
			at := graph.InputOf(graph.Int32, "at", graph.Sym("batch"), 1)
			p, feed := trainer(t, func(h *graph.Node) (y *graph.Node) {
				y, culprit = c.middle(h, at, &bad)
				return y
			})
			places := make([]int32, 150)
			good, err := graph.TensorOf(places, 150, 1)
			require.NoError(t, err)
			wrong := clone(good)
			wrong.SetInt(149, 300)
			start := save(p.Params())
			want, _, err := start.after(p, []graph.Feed{feed, at.IsTensor(good)})
			require.NoError(t, err)
			for range 5 {
				bad.Store(true)
				after, _, err := start.after(p, []graph.Feed{feed, at.IsTensor(wrong)})
				require.ErrorContains(t, err, culprit.Pos()+": "+c.text)
				for i, v := range after {
					require.Equal(t, -1, firstDifference(start[i], v), "%s has changed", p.Params()[i].Label)
				}
				bad.Store(false)
				after, _, err = start.after(p, []graph.Feed{feed, at.IsTensor(good)})
				require.NoError(t, err)
				for i, v := range after {
					require.Equal(t, -1, firstDifference(want[i], v), "%s after a run that failed", p.Params()[i].Label)
				}
			}
		})
	}
}

// TestCollecting runs all of this while memory is collected all the time:
// addresses beside what they belong to would be found.
func TestCollecting(t *testing.T) {
	type run struct {
		seed  uint64
		p     *graph.Program
		feeds []graph.Feed
		want  []graph.Tensor
	}
	var runs []run
	for seed := range uint64(100) {
		g := newGrower(seed).grown()
		out := g.outputs()
		p, err := compile(out)
		require.NoError(t, err)
		r := run{seed: seed, p: p, feeds: g.trial(seed, out, g.bindings[0]).feeds()}
		if r.want, err = eval(p, r.feeds); err == nil {
			runs = append(runs, r)
		}
	}
	require.Greater(t, len(runs), 90, "most graphs can be run")
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	t.Run("goroutines", TestOneProgramOnManyGoroutines)
	t.Run("training", TestTrainingBesideInference)
	t.Run("failing", TestFailingRunChangesNothing)
	for _, r := range runs {
		for range 3 {
			got, err := eval(r.p, r.feeds)
			require.NoError(t, err)
			for i := range got {
				require.Equal(t, -1, firstDifference(r.want[i], got[i]), "seed %d output %d", r.seed, i)
			}
		}
	}
	j := small(t)
	j.run(t, 200)
}
