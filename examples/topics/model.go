package main

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A topicModel is ProdLDA. It thinks of a text as written like this: draw how much
// of each topic is in it, θ, and then draw its words by softmax(θ·β), where row k of β
// says how likely topic k makes each word.
type topicModel struct {
	Topics  int
	Encoder nn.Sequential // of a bag of words: what its θ may be
	Mean    nn.Sequential
	LogVar  nn.Sequential
	Noise   nn.Random
	Mix     nn.Dropout // of θ: no topic may rely on another
	Beta    nn.Dense   // [topics words]
	Scale   nn.BatchNorm
}

func newTopicModel(topics, words, hidden int) *topicModel {
	// without its norms the model soon gives all texts the same θ
	out := func() nn.Sequential {
		return nn.Sequential{&nn.Dense{Out: topics}, &nn.BatchNorm{NoAffine: true}}
	}
	return &topicModel{
		Topics:  topics,
		Encoder: nn.Sequential{&nn.Dense{Out: hidden, Act: ops.Softplus}, &nn.Dense{Out: hidden, Act: ops.Softplus}, &nn.Dropout{Rate: 0.2}},
		Mean:    out(), LogVar: out(),
		Mix:   nn.Dropout{Rate: 0.2},
		Beta:  nn.Dense{Out: words, NoBias: true},
		Scale: nn.BatchNorm{NoAffine: true},
	}
}

// Encode maps counts of words to the normal distribution of the logits of θ.
func (m *topicModel) Encode(x *graph.Node) (mean, logVar *graph.Node) {
	h := m.Encoder.Apply(x)
	return m.Mean.Apply(h), m.LogVar.Apply(h)
}

// Decode maps θ [n topics] to the logarithms of the words' probabilities.
func (m *topicModel) Decode(theta *graph.Node) *graph.Node {
	return ops.LogSoftmax(m.Scale.Apply(m.Beta.Apply(theta)), -1)
}

// Loss is the negative lower bound of the likelihood: how badly a sample of θ tells
// the words, and how far the distribution of θ is from what LDA expects.
func (m *topicModel) Loss(x *graph.Node, alpha float64) (loss, words *graph.Node) {
	mean, logVar := m.Encode(x)
	noise := m.Noise.Normal(mean.Type())
	logits := ops.InTraining(ops.Add(mean, ops.Mul(ops.Exp(ops.Scale(logVar, 0.5)), noise)), mean)
	theta := m.Mix.Apply(ops.Softmax(logits, -1))
	words = ops.Neg(ops.Sum(ops.Mul(x, m.Decode(theta)), -1))
	return ops.Mean(ops.Add(words, divergence(mean, logVar, alpha))), ops.Sum(words)
}

// divergence is that of Kullback and Leibler from the prior. LDA's is a Dirichlet
// distribution, all of whose parameters are alpha; in terms of logits, the normal
// distribution that comes nearest to it has the mean 0 and the variance
// (1 - 1/K)/alpha (the approximation of Laplace).
func divergence(mean, logVar *graph.Node, alpha float64) *graph.Node {
	k := float64(mean.Shape().Dim(-1))
	v := (1 - 1/k) / alpha
	spread := ops.Scale(ops.Add(ops.Exp(logVar), ops.Square(mean)), 1/v)
	log := ops.Sub(logVar, graph.ScalarOf(mean.DType(), math.Log(v)))
	return ops.Scale(ops.Sum(ops.Sub(ops.Sub(spread, graph.Scalar(1)), log), -1), 0.5)
}
