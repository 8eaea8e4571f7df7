// Package dist holds probability distributions as graphs: what a policy or a
// decoder outputs is their parameters; log-probabilities, entropies and
// divergences are for losses, samples for acting.
//
//	p := dist.Categorical{Logits: net.Apply(obs)}
//	action := random.Draw(p.Sample) // random is an nn.Random
//	loss := ops.Neg(ops.Mean(ops.Mul(p.LogProb(taken), advantage)))
package dist

import (
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A Distribution is one for each line of its parameters along their last axis.
// Nothing goes wrong for classes of probability 0 and logit -Inf, such as moves
// that a game does not allow.
type Distribution interface {
	// LogProb is the logarithm of the probability, or of its density, of x.
	LogProb(x *graph.Node) *graph.Node
	// Entropy is the mean of -LogProb, in nats.
	Entropy() *graph.Node
	// Sample draws, by the random state and stream: see [ops.Uniform].
	Sample(state *graph.Node, stream int) *graph.Node
	// Mode is the most probable value.
	Mode() *graph.Node
}

// A Categorical chooses one of n classes with the probabilities
// softmax(Logits).
//
//	Logits [... n]; values [...] Int32 or Int64; log-probabilities [...]
type Categorical struct{ Logits *graph.Node }

// LogProb is log softmax(Logits) at the class x. A number that is no class makes
// the run fail.
//
//	x [...] Int32 or Int64 -> [...]
func (c Categorical) LogProb(x *graph.Node) *graph.Node {
	if bad := c.check("categorical", x); bad != nil {
		return bad
	}
	lines := c.Logits.Shape().Remove(c.Logits.Shape().Rank() - 1)
	if t := x.Type(); !t.DType.Int() || t.Shape != lines {
		return graph.Fail("categorical", []*graph.Node{c.Logits, x}, "want the class number of each line of {0}, got {1}: use ops.Squeeze and ops.Convert")
	}
	logp := ops.LogSoftmax(c.Logits, -1)
	return ops.Squeeze(ops.TakeAlongAxis(logp, ops.Expand(x, -1), -1), -1)
}

// Entropy is -Σ p·log p, where 0·log 0 is 0.
//
//	-> [...]
func (c Categorical) Entropy() *graph.Node {
	if bad := c.check("entropy"); bad != nil {
		return bad
	}
	return ops.Neg(mean(c, finite(c, ops.LogSoftmax(c.Logits, -1))))
}

// KL is the divergence Σ p·(log p - log q) of c from q, in nats: 0 where p is 0,
// and infinite where q alone is.
//
//	q.Logits [... n] of the type of c's -> [...]
func (c Categorical) KL(q Categorical) *graph.Node {
	if bad := c.check("kl", q.Logits); bad != nil {
		return bad
	}
	if c.Logits.Type() != q.Logits.Type() {
		return graph.Fail("kl", []*graph.Node{c.Logits, q.Logits}, "the logits {0} and {1} are not of one type")
	}
	a, b := ops.LogSoftmax(c.Logits, -1), ops.LogSoftmax(q.Logits, -1)
	return mean(c, ops.Sub(finite(c, a), finite(c, b)))
}

// Sample draws a class: see [ops.Categorical].
//
//	-> [...] Int64
func (c Categorical) Sample(state *graph.Node, stream int) *graph.Node {
	if bad := c.check("sample", state); bad != nil {
		return bad
	}
	return ops.Categorical(state, stream, c.Logits)
}

// Mode is the first of the most probable classes.
//
//	-> [...] Int64
func (c Categorical) Mode() *graph.Node {
	if bad := c.check("mode"); bad != nil {
		return bad
	}
	return ops.ArgMax(c.Logits, -1)
}

func (c Categorical) check(name string, more ...*graph.Node) *graph.Node {
	return floats(name, "logits", c.Logits, more)
}

// finite returns x, with 0 for classes that cannot be.
func finite(c Categorical, x *graph.Node) *graph.Node {
	return ops.Where(ops.Equal(c.Logits, graph.Scalar(math.Inf(-1))), graph.Scalar(0), x)
}

// mean returns the mean of x over the classes.
func mean(c Categorical, x *graph.Node) *graph.Node {
	return ops.Sum(ops.Mul(ops.Softmax(c.Logits, -1), x), -1)
}

// A Normal is n independent normal distributions.
//
//	Mean [... n], LogStd that broadcasts to it, such as a parameter [n];
//	values [... n]; log-probabilities [...]
type Normal struct{ Mean, LogStd *graph.Node }

// LogProb is Σ -((x - Mean)/Std)²/2 - LogStd - log(2π)/2 over the last axis.
//
//	x [... n] -> [...]
func (n Normal) LogProb(x *graph.Node) *graph.Node {
	if bad := n.check("normal", x); bad != nil {
		return bad
	}
	if x.Type() != n.Mean.Type() {
		return graph.Fail("normal", []*graph.Node{n.Mean, x}, "want values of the type of the mean {0}, got {1}")
	}
	e := ops.Mul(ops.Sub(x, n.Mean), ops.Exp(ops.Neg(n.LogStd)))
	return ops.Sum(ops.Sub(ops.Scale(ops.Square(e), -0.5), shifted(n.LogStd)), -1)
}

// Entropy is Σ LogStd + log(2πe)/2 over the last axis, of densities and so of
// any sign.
//
//	-> [...]
func (n Normal) Entropy() *graph.Node {
	if bad := n.check("entropy"); bad != nil {
		return bad
	}
	each := ops.BroadcastTo(n.LogStd, n.Mean.Shape())
	return ops.Sum(ops.Add(shifted(each), graph.Scalar(0.5)), -1)
}

// KL is the divergence of n from q, in nats:
//
//	Σ log(σq/σ) + (σ² + (μ-μq)²)/(2σq²) - 1/2
//
//	q.Mean [... n] of the type of n's -> [...]
func (n Normal) KL(q Normal) *graph.Node {
	if bad := n.check("kl", q.Mean, q.LogStd); bad != nil {
		return bad
	}
	if n.Mean.Type() != q.Mean.Type() {
		return graph.Fail("kl", []*graph.Node{n.Mean, q.Mean}, "the means {0} and {1} are not of one type")
	}
	narrow := ops.Exp(ops.Neg(q.LogStd))
	ratio := ops.Sub(n.LogStd, q.LogStd)
	far := ops.Square(ops.Mul(ops.Sub(n.Mean, q.Mean), narrow))
	// (e^2r - 1)/2 - r is exact where the two are close
	return ops.Sum(ops.Add(ops.Sub(ops.Scale(ops.Expm1(ops.Scale(ratio, 2)), 0.5), ratio), ops.Scale(far, 0.5)), -1)
}

// Sample is Mean + exp(LogStd)·noise. Gradients flow through it to both
// (Kingma and Welling 2014, arXiv:1312.6114).
//
//	-> [... n]
func (n Normal) Sample(state *graph.Node, stream int) *graph.Node {
	if bad := n.check("sample", state); bad != nil {
		return bad
	}
	return ops.Add(n.Mean, ops.Mul(ops.Exp(n.LogStd), ops.Normal(state, stream, n.Mean.Type())))
}

// Mode is Mean.
//
//	-> [... n]
func (n Normal) Mode() *graph.Node { return n.Mean }

func (n Normal) check(name string, more ...*graph.Node) *graph.Node {
	if n.LogStd == nil {
		return graph.Fail(name, nil, "the distribution has no logarithm of the standard deviation")
	}
	if bad := floats(name, "mean", n.Mean, append(more, n.LogStd)); bad != nil {
		return bad
	}
	if wide := ops.BroadcastTo(n.LogStd, n.Mean.Shape()); wide.Err() != nil || n.LogStd.DType() != n.Mean.DType() {
		return graph.Fail(name, []*graph.Node{n.Mean, n.LogStd}, "the logarithm of the standard deviation {1} does not broadcast to the mean {0}")
	}
	return nil
}

// shifted is LogStd + log(2π)/2.
func shifted(logStd *graph.Node) *graph.Node {
	return ops.Add(logStd, graph.Scalar(math.Log(2*math.Pi)/2))
}

// floats returns a poisoned node if a parameter or another operand is missing or
// unfit.
func floats(name, what string, x *graph.Node, more []*graph.Node) *graph.Node {
	if x == nil {
		return graph.Fail(name, nil, "the distribution has no %s", what)
	}
	for _, y := range append(more, x) {
		if y.Err() != nil {
			return graph.Fail(name, append(more, x), "")
		}
	}
	if !x.DType().Float() || x.Shape().Rank() == 0 {
		return graph.Fail(name, []*graph.Node{x}, "want floats [... n] for the %s, got {0}", what)
	}
	return nil
}
