package train

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// workload is a model with its data.
type workload struct {
	model func() *Model
	data  *data.Arrays
	batch int
}

// seedNetwork is the network 784-10-8-1 on 1000 random rows, in batches of 32.
func seedNetwork(b *testing.B) workload {
	digits := data.Digits(1000, 1)
	y := make([]float32, 1000)
	for i := range y {
		y[i] = float32(i % 2)
	}
	x := digits.Column(0)
	require.NoError(b, x.Reshape(1000, 784))
	return workload{func() *Model {
		return &Model{
			Net:       nn.Sequential{&nn.Dense{Out: 10, Act: ops.ReLU}, &nn.Dense{Out: 8, Act: ops.ReLU}, &nn.Dense{Out: 1}},
			Loss:      func(pred, y *graph.Node) *graph.Node { return nn.BinaryCrossEntropy(pred, y) },
			Optimizer: optim.Adam(1e-3),
		}
	}, rows(b, x, column(y)), 32}
}

// digitsNetwork is the network 784-512-512-10 in batches of 128.
func digitsNetwork(*testing.B) workload {
	return workload{func() *Model {
		return &Model{
			Net:       nn.Sequential{&nn.Flatten{}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 10}},
			Loss:      crossEntropy,
			Optimizer: optim.Adam(1e-3),
		}
	}, data.Digits(12_800, 1), 128}
}

// BenchmarkFit measures a step through Fit, over the same batches through a bare
// program, and the bare program on one batch, as ns/step.
func BenchmarkFit(b *testing.B) {
	for _, w := range []struct {
		name string
		of   func(b *testing.B) workload
	}{{"small", seedNetwork}, {"large", digitsNetwork}} {
		load := w.of(b)
		m := load.model()
		tr, err := m.Build(load.data)
		require.NoError(b, err)
		steps := (load.data.Len() + load.batch - 1) / load.batch
		perStep := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*steps), "ns/step")
		}
		b.Run(w.name+"/fit", func(b *testing.B) {
			for b.Loop() {
				_, err := m.Fit(context.Background(), load.data, Options{Batch: load.batch})
				require.NoError(b, err)
			}
			perStep(b)
		})
		bare := load.model()
		step := bareStep(b, bare, tr)
		into := tensor.New(tensor.FromScalar(float32(0)))
		run := func(b *testing.B, batch data.Batch) {
			if err := step.RunInto([]*tensor.Dense{into}, tr.Inputs[0].Is(batch[0]), tr.Inputs[1].Is(batch[1])); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(w.name+"/loop", func(b *testing.B) {
			for b.Loop() {
				for batch, err := range load.data.Shuffle(0).Batches(load.batch) {
					require.NoError(b, err)
					run(b, batch)
				}
			}
			perStep(b)
		})
		b.Run(w.name+"/step", func(b *testing.B) {
			for batch := range load.data.Batches(load.batch) {
				for b.Loop() {
					for range steps {
						run(b, batch)
					}
				}
				break
			}
			perStep(b)
		})
	}
}

// bareStep returns the same step without what Fit adds to it.
func bareStep(b *testing.B, m *Model, tr *Trainer) *graph.Program {
	loss := m.Loss(m.Net.Apply(tr.Inputs[0]), tr.Inputs[1])
	nn.Init(m.Net, 1)
	step, err := optim.Minimize(loss, nn.Params(m.Net), m.Optimizer)
	require.NoError(b, err)
	return step
}
