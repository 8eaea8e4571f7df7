package live

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func vector(values ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(values)), tensor.WithBacking(values))
}

// residual is a lesson in which a value has three users, a loop among them, and
// dropout draws random numbers.
func residual() (Lesson, *graph.Param) {
	w := &graph.Param{Label: "w", Type: graph.Type{DType: graph.Float64, Shape: graph.Of(3)}, Value: vector(0.5, -1, 2)}
	x := graph.InputOf(graph.Float64, "x", 3)
	h := ops.Mul(w.Node(), x)
	drop := &nn.Dropout{Rate: 0.5}
	kept := drop.Apply(h)
	nn.Init(drop, 7)
	_, ys := ops.Scan(func(c, x []*graph.Node) (next, y []*graph.Node) {
		s := ops.Add(c[0], ops.Square(x[0]))
		return []*graph.Node{s}, []*graph.Node{s}
	}, []*graph.Node{graph.ScalarOf(graph.Float64, 0)}, []*graph.Node{h})
	loss := ops.Add(ops.Sum(ops.Add(ops.Sin(h), kept)), ops.Mean(ys[0]))
	return Lesson{Loss: loss, Params: []*graph.Param{w}, Rule: optim.Adam(0.1), Feeds: []graph.Feed{x.Is(vector(1, 2, 3))}}, w
}

// TestWalkAddsUp compares each cotangent with the sum of its terms.
func TestWalkAddsUp(t *testing.T) {
	for name, lesson := range map[string]func() (Lesson, *graph.Param){
		"xor": func() (Lesson, *graph.Param) { l := Xor(3); return l, l.Params[0] }, "residual": residual,
	} {
		l, p := lesson()
		before := fmt.Sprint(p.Value.Data())
		w, err := l.walk()
		require.NoError(t, err, name)
		s, err := w.state()
		require.NoError(t, err, name)
		again, err := w.state()
		require.NoError(t, err)
		assert.Equal(t, s, again, "%s: looking changes nothing, random numbers neither", name)
		assert.Equal(t, before, fmt.Sprint(p.Value.Data()), name)
		several := 0
		for i, n := range s.Nodes {
			if n.Slope == nil || len(n.Terms) == 0 || n.Slope.Values == nil {
				continue
			}
			loop := false // whose terms are not known
			for j, user := range s.Nodes {
				for _, in := range user.In {
					if _, ok := w.nodes[j].Op().(interface{ Parts() graph.Result }); ok && in == i {
						loop = true
					}
				}
			}
			if len(n.Terms) > 1 {
				several++
			}
			for k, v := range n.Slope.Values {
				sum := 0.0
				for _, term := range n.Terms {
					sum += term.Value.Values[k]
				}
				if !loop {
					assert.InDelta(t, v, sum, 1e-6, "%s: %s, element %d", name, n.Name, k)
				}
			}
		}
		assert.Positive(t, several, "%s: some value has several users", name)
	}
}

func TestWalkSteps(t *testing.T) {
	l, p := residual()
	w, err := l.walk()
	require.NoError(t, err)
	first := fmt.Sprint(p.Value.Data())
	s, err := w.advance("update")
	require.NoError(t, err)
	assert.Equal(t, 1, s.Iteration)
	assert.NotEqual(t, first, fmt.Sprint(p.Value.Data()))
	s, err = w.advance("reset")
	require.NoError(t, err)
	assert.Equal(t, 0, s.Iteration)
	assert.Equal(t, first, fmt.Sprint(p.Value.Data()))
	_, err = w.advance("fly")
	assert.EqualError(t, err, `the order "fly" is unknown: want look, update or reset`)
	updates, err := w.updates()
	require.NoError(t, err)
	assert.InDelta(t, 0.1/1.3229, updates[p.Node().ID()], 1e-3, "Adam's first step is its rate, the weight's size 1.3229")
	assert.Equal(t, first, fmt.Sprint(p.Value.Data()))
}

func TestLessonMistakes(t *testing.T) {
	_, err := Lesson{}.walk()
	assert.EqualError(t, err, "live: the lesson has no loss: set Lesson.Loss")
	x := graph.Input("x")
	y := x
	for range 2000 {
		y = ops.Tanh(y)
	}
	_, err = Lesson{Loss: y}.walk()
	assert.EqualError(t, err, "live: the lesson has 2001 ops: want at most 2000; choose a smaller network")
	_, err = Lesson{Loss: ops.Tanh(x)}.walk()
	assert.ErrorContains(t, err, "there are no parameters to train")
}

func TestView(t *testing.T) {
	of := func(values []float64, shape ...int) view {
		v, err := graph.NewTensor(graph.Float64, shape...)
		require.NoError(t, err)
		for i, x := range values {
			v.Set(i, x)
		}
		return viewOf(v)
	}
	few := of([]float64{1, 2, 3, 4}, 2, 2)
	assert.Equal(t, []float64{1, 2, 3, 4}, few.Values)
	assert.Equal(t, num(2.5), few.Mean)
	assert.InDelta(t, 1.118, float64(few.Std), 1e-3)
	long := make([]float64, 300*200)
	for i := range long {
		long[i] = float64(i % 200)
	}
	many := of(long, 300, 200)
	assert.Nil(t, many.Values)
	require.Len(t, many.Heat, 64)
	require.Len(t, many.Heat[0], 64)
	assert.Equal(t, num(1), many.Heat[0][0], "columns 0 to 2")
	sum := 0
	for _, n := range many.Bins {
		sum += n
	}
	assert.Equal(t, len(long), sum)
	empty := of(nil, 0, 3)
	b, err := empty.Min.MarshalJSON()
	require.NoError(t, err)
	assert.Equal(t, "null", string(b))
}

// TestSeries adds more points than are kept: the first, the extremes and the order
// stay.
func TestSeries(t *testing.T) {
	s := &series{}
	for i := range 1_000_000 {
		v := float64(i % 7)
		if i == 654_321 {
			v = 99
		}
		s.add(float64(i), v)
	}
	assert.Less(t, len(s.X), seriesLimit)
	assert.Greater(t, len(s.X), seriesLimit/4)
	assert.IsIncreasing(t, s.X)
	assert.Contains(t, s.Y, 99.0, "a peak stays")
	assert.Positive(t, s.Era)
}
