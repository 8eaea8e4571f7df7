package graph_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

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
		runtime.KeepAlive(out)
	}
	x := graph.InputOf(graph.Int64, "x", 2)
	out, err := compile(t, x).Run(x.Is(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{3, -4}))))
	require.NoError(t, err)
	assert.Equal(t, []int64{3, -4}, out[0].Int64s())
	s := graph.InputOf(graph.Float64, "s")
	out, err = compile(t, s).Run(s.Is(tensor.New(tensor.FromScalar(2.5))))
	require.NoError(t, err)
	assert.Equal(t, 2.5, out[0].Data())
}

func TestValues(t *testing.T) {
	for want, d := range map[*[]float64]*tensor.Dense{
		{1.5, -2}: tensor.New(tensor.WithBacking([]float32{1.5, -2})),
		{1, 0}:    tensor.New(tensor.WithBacking([]bool{true, false})),
		{1 << 40}: tensor.New(tensor.WithBacking([]int64{1 << 40})),
		{0.25}:    tensor.New(tensor.FromScalar(float32(0.25))),
		{}:        tensor.New(tensor.WithShape(0, 3), tensor.Of(tensor.Float64)),
	} {
		assert.Equal(t, *want, graph.Values(d))
	}
	view := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	require.NoError(t, view.T())
	assert.Equal(t, []float64{1, 4, 2, 5, 3, 6}, graph.Values(view), "in the order of the view")
	assert.Nil(t, graph.Values(nil))
	assert.Nil(t, graph.Values(tensor.New(tensor.WithBacking([]string{"a"}))))
}
