package zoo_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func TestAutoencoder(t *testing.T) {
	x := graph.Input("x", graph.Sym("batch"), 28, 28)
	a := &zoo.Autoencoder{Code: 8}
	y := a.Apply(x)
	require.NoError(t, y.Err())
	assert.Equal(t, x.Type(), y.Type())
	dense := func(in, out int) int { return in*out + out }
	assert.Equal(t, dense(784, 256)+dense(256, 64)+dense(64, 8)+dense(8, 64)+dense(64, 256)+dense(256, 784), parameters(a))
	assert.Equal(t, "f32[batch 8]", a.Encode(x).Type().String())
	assert.Equal(t, "f32[5 28 28]", a.Decode(graph.Input("code", 5, 8)).Type().String())

	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		a := &zoo.Autoencoder{Hidden: []int{3}, Code: 2, Act: ops.Tanh}
		y := a.Apply(x[0])
		nn.Init(a, 1)
		return y
	}, gradtest.Of(2, 2, 2))

	// points of a line are one number each
	line := graph.InputOf(graph.Float64, "line", graph.Sym("batch"), 3)
	a = &zoo.Autoencoder{Hidden: []int{}, Code: 1}
	loss := nn.MSE(a.Apply(line), line)
	nn.Init(a, 1)
	step, err := optim.Minimize(loss, nn.Params(a), optim.Adam(0.05))
	require.NoError(t, err)
	v := []float64{1, 2, -1, -2, -4, 2, 0.5, 1, -0.5}
	var last float64
	for range 500 {
		out, err := step.Eval(context.Background(), line.IsTensor(tensor(t, graph.Float64, v, 3, 3)))
		require.NoError(t, err)
		last = out[0].At(0)
	}
	assert.Less(t, last, 1e-4)

	mistake(t, (&zoo.Autoencoder{}).Apply(x), "autoencoder: Code is 0 and the input x [batch 28 28]: want a Code above 0, and floats [batch ...]")
	mistake(t, (&zoo.Autoencoder{Code: 2}).Apply(graph.Input("x", 2, graph.Sym("n"))), "whose other lengths are known")
	mistake(t, (&zoo.Autoencoder{Code: 2}).Decode(x), "autoencoder: want a code [batch Code], got x [batch 28 28], of a model that has encoded something")
}

func TestVAE(t *testing.T) {
	x := graph.InputOf(graph.Float64, "x", graph.Sym("batch"), 2, 3)
	v := &zoo.VAE{Hidden: []int{5}, Code: 2}
	loss, picture, divergence := v.Loss(x)
	require.NoError(t, loss.Err())
	mean, logVar := v.Encode(x)
	drawn := v.Sample(mean, logVar)
	nn.Init(v, 1)
	assert.Equal(t, 6*5+5+5*4+4+2*5+5+5*6+6, parameters(v))
	in := []float64{0, 1, 0.5, 1, 0, 0.25, 1, 1, 1, 0, 0, 0}
	feed := x.IsTensor(tensor(t, graph.Float64, in, 2, 2, 3))

	// inference draws from the mean; the terms as they are defined
	m, s := infer(t, mean, feed), infer(t, logVar, feed)
	sample := infer(t, drawn, feed)
	for i := range 4 {
		assert.Equal(t, m.At(i), sample.At(i))
	}
	logits := infer(t, v.Decode(mean), feed)
	kl, bce := 0.0, 0.0
	for i := range 4 {
		kl += (m.At(i)*m.At(i) + math.Exp(s.At(i)) - 1 - s.At(i)) / 2 / 2
	}
	for i, y := range in {
		p := 1 / (1 + math.Exp(-logits.At(i)))
		bce -= (y*math.Log(p) + (1-y)*math.Log(1-p)) / 2
	}
	assert.InDelta(t, kl, infer(t, divergence, feed).At(0), 1e-12)
	assert.InDelta(t, bce, infer(t, picture, feed).At(0), 1e-12)
	assert.InDelta(t, kl+bce, infer(t, loss, feed).At(0), 1e-12)

	// in training the code has the mean and the deviation that are told
	still := optim.Rule(func(p, _ *graph.Node, _ *optim.State) *graph.Node { return p })
	step, err := optim.Minimize(ops.Sum(drawn), nn.Params(v), still, drawn)
	require.NoError(t, err)
	const n = 4000
	sum, square := make([]float64, 4), make([]float64, 4)
	for range n {
		out, err := step.Eval(context.Background(), feed)
		require.NoError(t, err)
		for i := range 4 {
			e := (out[1].At(i) - m.At(i)) / math.Exp(s.At(i)/2)
			sum[i] += e / n
			square[i] += e * e / n
		}
	}
	for i := range 4 {
		assert.InDelta(t, 0, sum[i], 4/math.Sqrt(n))
		assert.InDelta(t, 1, square[i], 4*math.Sqrt(2.0/n))
	}

	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		v := &zoo.VAE{Hidden: []int{3}, Code: 2, Act: ops.Tanh}
		l, _, _ := v.Loss(ops.Sigmoid(x[0]))
		nn.Init(v, 1)
		return l
	}, gradtest.Of(2, 4))
	bad, _, _ := (&zoo.VAE{}).Loss(x)
	mistake(t, bad, "vae: Code is 0 and the input x f64[batch 2 3]")
	mistake(t, (&zoo.VAE{Code: 2}).Decode(graph.Input("code", 1, 2)), "of a model that has encoded something")
}
