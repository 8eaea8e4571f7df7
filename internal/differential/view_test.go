package differential_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// views are tensors that are no plain row-major arrays, [4 3], on the numbers
// 0, 1, 2 ...
var views = []struct {
	name string
	make func(t *testing.T) *tensor.Dense
}{
	{"transposed", func(t *testing.T) *tensor.Dense {
		d := numbers(3, 4)
		require.NoError(t, d.T())
		return d
	}},
	{"columns", func(t *testing.T) *tensor.Dense { return sliced(t, numbers(4, 7), nil, tensor.S(2, 5)) }},
	{"rows", func(t *testing.T) *tensor.Dense { return sliced(t, numbers(9, 3), tensor.S(2, 6), nil) }},
	{"slice of transposed", func(t *testing.T) *tensor.Dense {
		d := numbers(5, 8)
		require.NoError(t, d.T())
		return sliced(t, d, tensor.S(3, 7), tensor.S(1, 4))
	}},
	{"by columns", func(t *testing.T) *tensor.Dense {
		data := make([]float32, 12)
		for i := range data {
			data[i] = float32(i)
		}
		return tensor.New(tensor.WithShape(4, 3), tensor.AsFortran(data))
	}},
}

func numbers(shape ...int) *tensor.Dense {
	n := 1
	for _, d := range shape {
		n *= d
	}
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(i)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
}

func sliced(t *testing.T, d *tensor.Dense, s ...tensor.Slice) *tensor.Dense {
	v, err := d.Slice(s...)
	require.NoError(t, err)
	return v.(*tensor.Dense)
}

// plain returns the elements of a view, asked for one by one.
func plain(t *testing.T, d *tensor.Dense) *tensor.Dense {
	out := numbers(4, 3)
	for i := range 4 {
		for j := range 3 {
			v, err := d.At(i, j)
			require.NoError(t, err)
			require.NoError(t, out.SetAt(v, i, j))
		}
	}
	return out
}

// TestViewsAsValues feeds views and keeps them in parameters, on both
// executors. A step puts the new value of such a parameter in memory of its
// own, and leaves what the view shows alone.
func TestViewsAsValues(t *testing.T) {
	for _, c := range views {
		t.Run(c.name, func(t *testing.T) {
			x := graph.Input("x", 4, 3)
			p := &graph.Param{Label: "p", Type: x.Type()}
			y := ops.Add(ops.Scale(p.Node(), 100), x)
			z := ops.MatMul(ops.Transpose(y), x)
			next := graph.Assign(p, ops.Add(p.Node(), x))

			p.Value = plain(t, c.make(t))
			prog, err := graph.CompileTraining([]*graph.Node{y, z, p.Node(), x}, next)
			require.NoError(t, err)
			want, err := prog.Run(x.Is(plain(t, c.make(t))))
			require.NoError(t, err)
			wantNext := p.Value

			for _, prog := range []*graph.Program{prog, prog.Reference()} {
				view, fed := c.make(t), c.make(t)
				p.Value = view
				got, err := prog.Run(x.Is(fed))
				require.NoError(t, err)
				for i := range want {
					assert.Equal(t, want[i].Shape(), got[i].Shape())
					assert.Equal(t, want[i].Data(), got[i].Data(), "output %d", i)
				}
				assert.Equal(t, wantNext.Data(), p.Value.Data(), "the next value")
				if c.name != "rows" { // which lie in order, and so are the parameter's memory
					assert.Equal(t, plain(t, c.make(t)).Data(), plain(t, view).Data(), "what the view shows")
				}
				assert.Equal(t, plain(t, c.make(t)).Data(), plain(t, fed).Data(), "what was fed")
				_, err = prog.Run(x.Is(fed))
				require.NoError(t, err, "a second step")
			}
		})
	}
}

// TestRunIntoViews wants results refused that cannot be written.
func TestRunIntoViews(t *testing.T) {
	x := graph.Input("x", 4, 3)
	prog, err := graph.Compile(ops.Neg(x))
	require.NoError(t, err)
	for _, c := range views {
		d := c.make(t)
		if c.name == "rows" { // which lie in order
			require.NoError(t, prog.RunInto([]*tensor.Dense{d}, x.Is(numbers(4, 3))))
			assert.Equal(t, plain(t, d).Data(), tensor.New(tensor.WithBacking([]float32{0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11})).Data())
			continue
		}
		err := prog.RunInto([]*tensor.Dense{d}, x.Is(numbers(4, 3)))
		assert.ErrorContains(t, err, "cannot be written to a view", c.name)
	}
}

// TestOneArrayTwice feeds one array to two inputs, and the array of a parameter
// to an input of the step that changes the parameter.
func TestOneArrayTwice(t *testing.T) {
	x, y := graph.Input("x", 40, 30), graph.Input("y", 30, 40)
	d := numbers(40, 30)
	flat := tensor.New(tensor.WithShape(30, 40), tensor.WithBacking(d.Data()))
	p := &graph.Param{Label: "p", Type: x.Type()}
	late := ops.Exp(ops.Scale(ops.Sub(x, ops.Keep(ops.Max, x)), 1e-3))
	prog, err := graph.Compile(ops.MatMul(x, y), ops.Sub(x, ops.Transpose(y)))
	require.NoError(t, err)
	p.Value = numbers(40, 30)
	step, err := graph.CompileTraining([]*graph.Node{late}, graph.Assign(p, ops.Scale(p.Node(), 3)))
	require.NoError(t, err)
	var out [2][]*tensor.Dense
	for i := range out {
		a, b := prog, step
		if i == 1 {
			a, b = prog.Reference(), step.Reference()
		}
		out[i], err = a.Run(x.Is(d), y.Is(flat))
		require.NoError(t, err)
		p.Value = numbers(40, 30)
		more, err := b.Run(x.Is(p.Value))
		require.NoError(t, err)
		out[i] = append(append(out[i], more...), p.Value)
	}
	for k := range out[0] {
		got, err := graph.FromDense(out[0][k])
		require.NoError(t, err)
		want, err := graph.FromDense(out[1][k])
		require.NoError(t, err)
		for j := range got.Len() {
			require.InDelta(t, want.At(j), got.At(j), 1e-5*(1+math.Abs(want.At(j))), "result %d element %d", k, j)
		}
	}
}
