package graph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

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
	assert.Equal(t, []float32{-1, -3, -2, -4}, c.Value.Float32s())
}

// TestSharedMemory gives two parameters one array, which is a mistake as soon as
// a program changes one of them.
func TestSharedMemory(t *testing.T) {
	of := graph.Type{DType: graph.Float32, Shape: graph.Of(4)}
	memory := []float32{1, 2, 3, 4, 5, 6}
	a := &graph.Param{Label: "a", Type: of, Value: tensor.New(tensor.WithShape(4), tensor.WithBacking(memory[:4]))}
	b := &graph.Param{Label: "b", Type: of, Value: tensor.New(tensor.WithShape(4), tensor.WithBacking(memory[2:]))}
	sum := ops.Add(a.Node(), b.Node())
	out, err := compile(t, sum).Run()
	require.NoError(t, err, "reading is fine")
	assert.Equal(t, []float32{4, 6, 8, 10}, out[0].Float32s())

	step, err := graph.CompileTraining([]*graph.Node{sum}, graph.Assign(b, ops.Scale(b.Node(), 2)))
	require.NoError(t, err)
	for range 2 {
		_, err = step.Run()
		assert.ErrorContains(t, err, "parameters a and b lie in the same memory, and the program changes one")
	}
	assert.Equal(t, []float32{1, 2, 3, 4, 5, 6}, memory)
	b.Value = tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{3, 4, 5, 6}))
	_, err = step.Run()
	require.NoError(t, err)
	assert.Equal(t, []float32{6, 8, 10, 12}, b.Value.Float32s())
}

// TestTypeOfValue: a parameter made of a value needs no type, one made of none is a
// scalar of float32.
func TestTypeOfValue(t *testing.T) {
	p := &graph.Param{Label: "p", Value: tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, 2, 3, 4, 5, 6}))}
	require.NoError(t, p.Node().Err())
	assert.Equal(t, graph.Type{DType: graph.Float64, Shape: graph.Of(2, 3)}, p.Node().Type())
	assert.Equal(t, p.Node().Type(), p.Type)
	out, err := compile(t, ops.Scale(p.Node(), 2)).Run()
	require.NoError(t, err)
	assert.Equal(t, []float64{2, 4, 6, 8, 10, 12}, graph.Values(out[0]))
	assert.Equal(t, graph.Type{}, (&graph.Param{Label: "q"}).Node().Type())
	wrong := &graph.Param{Label: "r", Type: graph.Type{Shape: graph.Of(3)}, Value: tensor.New(tensor.WithBacking([]float32{1, 2}))}
	_, err = graph.Compile(wrong.Node())
	assert.ErrorContains(t, err, "parameter r f32[3]: its value has shape [2]", "a type that is given is not changed")
}
