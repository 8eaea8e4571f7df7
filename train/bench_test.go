package train

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
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
func seedNetwork(b testing.TB) workload {
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
			Loss:      nn.BinaryCrossEntropy,
			Optimizer: optim.Adam(1e-3),
		}
	}, rows(b, x, column(y)), 32}
}

// digitsNetwork is the network 784-512-512-10 in batches of 128.
func digitsNetwork(rows int) workload {
	return workload{func() *Model {
		return &Model{
			Net:       nn.Sequential{&nn.Flatten{}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 10}},
			Loss:      crossEntropy,
			Optimizer: optim.Adam(1e-3),
		}
	}, data.Digits(rows, 1), 128}
}

// BenchmarkFitW1 measures a step of the network 784-10-8-1: see benchmarkFit.
func BenchmarkFitW1(b *testing.B) { benchmarkFit(b, seedNetwork(b)) }

// BenchmarkFitW2 measures a step of the network 784-512-512-10: see benchmarkFit.
func BenchmarkFitW2(b *testing.B) { benchmarkFit(b, digitsNetwork(12_800)) }

// benchmarkFit measures, in ns/step of ten epochs, a bare program over batches that lie
// ready in memory ("ready"), over the same rows shuffled anew for each epoch ("loop"),
// and Fit, which shuffles them too ("fit"), also in the data's order
// ("inorder"); and the bare program repeated on one batch, which stays in the cache
// ("one").
func benchmarkFit(b *testing.B, load workload) {
	m := load.model()
	tr, err := m.Build(load.data)
	require.NoError(b, err)
	steps := (load.data.Len() + load.batch - 1) / load.batch
	run, ready := bareStep(b, load.model(), tr), readyBatches(load)
	loop := func(d *data.Arrays) {
		for batch, err := range d.Batches(load.batch) {
			require.NoError(b, err)
			run(batch)
		}
	}
	fit := func(o Options) {
		o.Epochs, o.Batch = epochs, load.batch
		_, err := m.Fit(context.Background(), load.data, o)
		require.NoError(b, err)
	}
	for _, c := range []struct {
		name  string
		train func()
	}{
		{"ready", func() {
			for range epochs {
				for _, batch := range ready {
					run(batch)
				}
			}
		}},
		{"loop", func() {
			for n := range epochs {
				loop(load.data.Shuffle(uint64(n)))
			}
		}},
		{"fit", func() { fit(Options{}) }},
		{"inorder", func() { fit(Options{InOrder: true}) }},
		{"one", func() {
			for range epochs * steps {
				run(ready[0])
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.train()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*epochs*steps), "ns/step")
		})
	}
}

// bareStep returns the same step on a batch without what Fit adds to it.
func bareStep(b testing.TB, m *Model, tr *Trainer) func(data.Batch) {
	of, err := measure("Model.Loss", m.Loss)
	require.NoError(b, err)
	loss := of(m.Net.Apply(tr.Inputs[0]), tr.Inputs[1])
	nn.Init(m.Net, 1)
	step, err := optim.Minimize(loss, nn.Params(m.Net), m.Optimizer)
	require.NoError(b, err)
	into := []*tensor.Dense{tensor.New(tensor.FromScalar(float32(0)))}
	return func(batch data.Batch) {
		if err := step.RunInto(into, tr.Inputs[0].Is(batch[0]), tr.Inputs[1].Is(batch[1])); err != nil {
			b.Fatal(err)
		}
	}
}

// readyBatches returns the batches of an epoch in the order of the rows.
func readyBatches(load workload) (list []data.Batch) {
	for lo := 0; lo < load.data.Len(); lo += load.batch {
		part := load.data.Rows(lo, lo+load.batch)
		list = append(list, data.Batch{part.Column(0), part.Column(1)})
	}
	return list
}
