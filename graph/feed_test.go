package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// table returns a tensor of random numbers, and a copy of some of its rows.
type table struct {
	*tensor.Dense
	width int
}

func newTable(seed uint64, rows int, row ...int) table {
	width := 1
	for _, n := range row {
		width *= n
	}
	rnd, x := rand.New(rand.NewPCG(seed, 0)), make([]float32, rows*width)
	for i := range x {
		x[i] = float32(rnd.NormFloat64())
	}
	return table{tensor.New(tensor.WithShape(append([]int{rows}, row...)...), tensor.WithBacking(x)), width}
}

func (t table) rows(rows []int) *tensor.Dense {
	var x []float32
	for _, r := range rows {
		x = append(x, t.Float32s()[r*t.width:][:t.width]...)
	}
	shape := t.Shape().Clone()
	shape[0] = len(rows)
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))
}

// long is work on x of which one part is large and alone, so that others have time.
func long(x *graph.Node) *graph.Node {
	h := ops.ReLU(ops.MatMul(x, graph.Const(newTable(5, 784, 512).Dense)))
	return ops.MatMul(h, graph.Const(newTable(6, 512, 10).Dense))
}

// dense is a step of a layer [width]->[out] on batches, with another input for what it
// should be.
type dense struct {
	x, y *graph.Node
	w    *graph.Param
	step *graph.Program
}

func newDense(t testing.TB, width, out int, more ...func(x *graph.Node) *graph.Node) dense {
	batch := graph.Sym("batch")
	d := dense{x: graph.Input("x", batch, graph.Dim(width)), y: graph.Input("y", batch, graph.Dim(out))}
	w := newTable(7, width, out)
	for i := range w.Float32s() {
		w.Float32s()[i] /= float32(math.Sqrt(float64(width)))
	}
	d.w = &graph.Param{Label: "w", Type: graph.Type{DType: graph.Float32, Shape: graph.Of(graph.Dim(width), graph.Dim(out))}, Value: w.Dense}
	loss := ops.Mean(ops.Square(ops.Sub(ops.MatMul(d.x, d.w.Node()), d.y)))
	var extra []*graph.Node
	for _, f := range more {
		extra = append(extra, f(d.x))
	}
	var err error
	d.step, err = optim.Minimize(loss, []*graph.Param{d.w}, optim.SGD(0.01), extra...)
	require.NoError(t, err)
	return d
}

// TestRows trains with batches that are rows of a table, and with copies of them: all
// bits are the same, whether products read the rows where they lie or the run copies
// them, in part ahead.
func TestRows(t *testing.T) {
	for name, c := range map[string]struct {
		width, out, batch int
		more              []func(x *graph.Node) *graph.Node
	}{
		"in place":      {784, 10, 32, nil},
		"one column":    {784, 1, 32, nil},
		"copied":        {100, 10, 32, []func(x *graph.Node) *graph.Node{func(x *graph.Node) *graph.Node { return ops.Sum(ops.Tanh(x)) }}},
		"copied ahead":  {784, 10, 128, []func(x *graph.Node) *graph.Node{long}},
		"also returned": {20, 3, 8, []func(x *graph.Node) *graph.Node{func(x *graph.Node) *graph.Node { return x }}},
		"narrow":        {1, 1, 5, nil},
		"a row":         {50, 4, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			x, y := newTable(1, 500, c.width), newTable(2, 500, c.out)
			a, b := newDense(t, c.width, c.out, c.more...), newDense(t, c.width, c.out, c.more...)
			r := newDense(t, c.width, c.out, c.more...)
			rnd := rand.New(rand.NewPCG(3, 0))
			var order []int
			for range 8 * c.batch {
				order = append(order, rnd.IntN(500)) // some of them several times
			}
			for i := range 2 * c.batch {
				order[i] = 100 + i // the first two follow each other
			}
			for len(order) >= c.batch {
				rows, rest := order[:c.batch], order[c.batch:]
				var next []int
				if len(rest) >= c.batch && len(rest) != 3*c.batch {
					next = rest[:c.batch]
				}
				if len(rest) == 4*c.batch { // and are not those that come
					next = order[:c.batch]
				}
				got, err := a.step.Run(a.x.Rows(x.Dense, rows).Next(next), a.y.Rows(y.Dense, rows).Next(next))
				require.NoError(t, err)
				want, err := b.step.Run(b.x.Is(x.rows(rows)), b.y.Is(y.rows(rows)))
				require.NoError(t, err)
				for i := range got {
					require.Equal(t, want[i].Float32s(), got[i].Float32s())
				}
				require.Equal(t, b.w.Value.Data(), a.w.Value.Data())
				near, err := r.step.Reference().Run(r.x.Rows(x.Dense, rows), r.y.Rows(y.Dense, rows))
				require.NoError(t, err)
				assert.InDelta(t, near[0].Data(), got[0].Data(), 1e-4)
				order = rest
			}
		})
	}
}

// TestRowsChange changes a table between runs whose rows were copied ahead for another
// run: only what Next promises is relied on.
func TestRowsChange(t *testing.T) {
	x, y := newTable(1, 300, 784), newTable(2, 300, 64)
	a := newDense(t, 784, 64, long)
	first, second := rand.Perm(300)[:128], rand.Perm(300)[:128]
	run := func(rows, next []int) any {
		out, err := a.step.Run(a.x.Rows(x.Dense, rows).Next(next), a.y.Rows(y.Dense, rows))
		require.NoError(t, err)
		return out[0].Data()
	}
	w := a.w.Value.Clone().(*tensor.Dense)
	again := func(rows []int) (want any) {
		b := newDense(t, 784, 64, long)
		copy(b.w.Value.Float32s(), a.w.Value.Float32s())
		out, err := b.step.Run(b.x.Is(x.rows(rows)), b.y.Is(y.rows(rows)))
		require.NoError(t, err)
		return out[0].Data()
	}
	run(first, second)
	want := again(first)
	assert.Equal(t, want, run(first, nil), "others than were said")
	x.Float32s()[second[3]*784] += 5
	want = again(second)
	assert.Equal(t, want, run(second, nil), "what was copied for a run before is not taken")

	copy(a.w.Value.Float32s(), w.Float32s())
	order := append(append([]int{}, first...), second...)
	run(order[:128], order[128:])
	copy(order[128:], first) // the list is the caller's again
	want = again(first)
	assert.Equal(t, want, run(order[128:], nil))

	a.step.Run(a.x.Rows(x.Dense, first).Next(second), a.y.Is(newTable(1, 3, 64).Dense)) // fails
	x.Float32s()[second[3]*784] += 5
	want = again(second)
	assert.Equal(t, want, run(second, nil), "a run that failed has copied nothing")
}

// TestRowsOfMany feeds one program from several goroutines.
func TestRowsOfMany(t *testing.T) {
	x := graph.Input("x", 128, 784)
	p, err := graph.Compile(long(x))
	require.NoError(t, err)
	all := newTable(1, 400, 784)
	var wait sync.WaitGroup
	for seed := range uint64(4) {
		wait.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, 0))
			rows := rnd.Perm(400)[:128]
			for range 10 {
				next := rnd.Perm(400)[:128]
				got, err := p.Run(x.Rows(all.Dense, rows).Next(next))
				if !assert.NoError(t, err) {
					return
				}
				want, err := p.Run(x.Is(all.rows(rows)))
				if !assert.NoError(t, err) || !assert.Equal(t, want[0].Float32s(), got[0].Float32s()) {
					return
				}
				rows = next
			}
		})
	}
	wait.Wait()
}

// TestRowsTypes takes rows of every type of element.
func TestRowsTypes(t *testing.T) {
	rows := []int{3, 0, 3}
	for _, c := range []struct {
		all, want any
	}{
		{[]float32{1, 2, 3, 4}, []float32{4, 1, 4}},
		{[]float64{1, 2, 3, 4}, []float64{4, 1, 4}},
		{[]int32{1, 2, 3, 4}, []int32{4, 1, 4}},
		{[]int64{1, 2, 3, 1 << 60}, []int64{1 << 60, 1, 1 << 60}},
		{[]bool{false, true, true, true}, []bool{true, false, true}},
	} {
		all := tensor.New(tensor.WithShape(4), tensor.WithBacking(c.all))
		v, err := graph.FromDense(all)
		require.NoError(t, err)
		x := graph.InputOf(v.DType, "x", 3)
		p, err := graph.Compile(x)
		require.NoError(t, err)
		for _, p := range []*graph.Program{p, p.Reference()} {
			out, err := p.Run(x.Rows(all, rows))
			require.NoError(t, err)
			assert.Equal(t, c.want, out[0].Data())
			runtime.KeepAlive(out)
		}
	}
}

// TestRowsMistakes names rows that are not there.
func TestRowsMistakes(t *testing.T) {
	x, s := graph.Input("x", graph.Sym("batch"), 2), graph.Input("s")
	p, err := graph.Compile(ops.Add(ops.Sum(x), s))
	require.NoError(t, err)
	all, one := newTable(1, 4, 2).Dense, tensor.New(tensor.FromScalar(float32(1)))
	for want, feeds := range map[string][]graph.Feed{
		"x f32[batch 2] is fed row 4 of a tensor of shape [4 2] as its row 1: name rows from 0 to 3":  {x.Rows(all, []int{0, 4}), s.Is(one)},
		"x f32[batch 2] is fed row -1 of a tensor of shape [4 2] as its row 0: name rows from 0 to 3": {x.Rows(all, []int{-1}), s.Is(one)},
		"x f32[batch 2] is fed row 9 of a tensor of shape [4 2] as its row 0: name rows from 0 to 3":  {x.Rows(all, []int{1}).Next([]int{9}), s.Is(one)},
		"x f32[batch 2] is fed a tensor of shape [2 3]: axis 1 is 3, not 2":                           {x.Rows(newTable(1, 4, 3).Dense, []int{1, 2}), s.Is(one)},
		"s f32[] is fed rows, and has none: feed it with Is":                                          {x.Rows(all, []int{1}), s.Rows(one, []int{0})},
	} {
		_, err := p.Run(feeds...)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "feed_test.go:")
	}
	_, err = p.Run(x.Rows(nil, []int{0}), s.Is(one))
	assert.Error(t, err)
	_, err = p.Run(x.Is(all), s.Is(one).Next([]int{7}))
	assert.NoError(t, err)
}

// TestRowsAllocate nothing once the program has run, on several processors too, where
// rows are copied ahead.
func TestRowsAllocate(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	x, y := newTable(1, 500, 784), newTable(2, 500, 64)
	d := newDense(t, 784, 64, long)
	into := []*tensor.Dense{tensor.New(tensor.FromScalar(float32(0))), newTable(0, 128, 10).Dense}
	order := rand.Perm(500)[:384]
	run := func() {
		for i := range 2 {
			rows, next := order[128*i:][:128], order[128*i+128:][:128]
			if err := d.step.RunInto(into, d.x.Rows(x.Dense, rows).Next(next), d.y.Rows(y.Dense, rows).Next(next)); err != nil {
				t.Fatal(err)
			}
		}
	}
	run()
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		run()
	}
	runtime.ReadMemStats(&after)
	assert.Less(t, after.Mallocs-before.Mallocs, uint64(runs), "what else the process does allocates a few")
	assert.Zero(t, testing.AllocsPerRun(20, run), "on one processor")
}

func ExampleNode_Rows() {
	x := graph.Input("x", graph.Sym("batch"), 2)
	p, _ := graph.Compile(ops.Sum(x, 1))
	all := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{1, 1, 2, 2, 3, 3, 4, 4}))
	out, _ := p.Run(x.Rows(all, []int{3, 0}))
	fmt.Println(out[0].Float32s())
	// Output: [8 2]
}
