package explain_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// run compiles the nodes and runs them once.
func run(t *testing.T, feeds []graph.Feed, out ...*graph.Node) [][]float64 {
	t.Helper()
	p, err := graph.Compile(out...)
	require.NoError(t, err)
	got, err := p.Run(feeds...)
	require.NoError(t, err)
	return floats(t, got)
}

func floats(t *testing.T, of []*tensor.Dense) (list [][]float64) {
	t.Helper()
	for _, d := range of {
		v, err := graph.FromDense(d)
		require.NoError(t, err)
		row := make([]float64, v.Len())
		for i := range row {
			if v.DType == graph.Bool {
				row[i] = map[bool]float64{true: 1}[graph.Data[bool](v)[i]]
			} else {
				row[i] = v.At(i)
			}
		}
		list = append(list, row)
	}
	return list
}

// of feeds numbers to an input of any float dtype.
func of(t *testing.T, x *graph.Node, values []float64, shape ...int) graph.Feed {
	t.Helper()
	v, err := graph.NewTensor(x.DType(), shape...)
	require.NoError(t, err)
	require.Len(t, values, v.Len())
	for i, f := range values {
		v.Set(i, f)
	}
	return x.IsTensor(v)
}

// mistake returns what Compile says of a node.
func mistake(t *testing.T, n *graph.Node) string {
	t.Helper()
	_, err := graph.Compile(n)
	require.Error(t, err)
	return err.Error()
}

// A reader is a small network that reads digits, and some to read.
type reader struct {
	x, label, logits *graph.Node
	model            nn.Sequential
	test             *data.Arrays
	accuracy         float64
}

// digits trains the reader once for all tests, with seed 1.
var digits = sync.OnceValues(func() (*reader, error) {
	const seed, train, test = 1, 1500, 300
	batch := graph.Sym("batch")
	r := &reader{x: graph.Input("x", batch, 28, 28), label: graph.InputOf(graph.Int64, "label", batch)}
	r.model = nn.Sequential{
		&nn.Conv2D{Out: 8, Kernel: []int{5}, Stride: []int{2}, Act: ops.ReLU},
		&nn.Conv2D{Out: 16, Kernel: []int{3}, NoBias: true}, &nn.BatchNorm{}, nn.Func(ops.ReLU),
		&nn.MaxPool{Window: []int{2}}, &nn.Flatten{}, &nn.Dropout{Rate: 0.2},
		&nn.Dense{Out: 10},
	}
	r.logits = r.model.Apply(ops.Expand(r.x, 1))
	loss, accuracy := nn.CrossEntropy(r.logits, r.label), nn.Accuracy(r.logits, r.label)
	nn.Init(r.model, seed)
	step, err := optim.Minimize(loss, nn.Params(r.model), optim.Adam(3e-3))
	if err != nil {
		return nil, err
	}
	all := data.Digits(train+test, seed)
	r.test = all.Rows(0, test)
	for epoch := range 3 {
		for b, err := range all.Rows(test, all.Len()).Shuffle(uint64(epoch)).Batches(50) {
			if err != nil {
				return nil, err
			}
			if _, err := step.Run(r.x.Is(b[0]), r.label.Is(b[1])); err != nil {
				return nil, err
			}
		}
	}
	evaluate, err := graph.Compile(accuracy)
	if err != nil {
		return nil, err
	}
	out, err := evaluate.Run(r.feeds(test)...)
	if err == nil {
		r.accuracy = float64(out[0].Data().(float32))
	}
	return r, err
})

// feeds are the first n digits of the test set.
func (r *reader) feeds(n int) []graph.Feed {
	rows := r.test.Rows(0, n)
	return []graph.Feed{r.x.Is(rows.Column(0)), r.label.Is(rows.Column(1))}
}

func trained(t *testing.T) *reader {
	t.Helper()
	r, err := digits()
	require.NoError(t, err)
	require.Greater(t, r.accuracy, 0.85, "seed 1: the fixture reads digits")
	return r
}
