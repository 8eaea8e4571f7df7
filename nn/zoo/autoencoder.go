package zoo

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// Autoencoder squeezes what it sees into Code numbers and draws it again from
// those: dense layers that grow narrower, and the same ones in reverse.
//
//	x [batch ...] -> the same
//
// All lengths but that of the batch must be known. The last layer has no
// activation: the result is that of a regression, or logits for
// nn.BinaryCrossEntropy. Hinton and Salakhutdinov 2006, doi:10.1126/science.1127647
type Autoencoder struct {
	graph.Scope
	Hidden []int // widths of the layers before the code; nil for 256 and 64
	Code   int
	Act    func(*graph.Node) *graph.Node // of the layers between; nil for ops.ReLU

	Encoder, Decoder nn.Sequential

	shape graph.Shape // of what is encoded
}

// Apply maps x to what is drawn from its code, a value of its type.
func (a *Autoencoder) Apply(x *graph.Node) *graph.Node { return a.Decode(a.Encode(x)) }

// Encode maps x [batch ...] to its code [batch Code].
func (a *Autoencoder) Encode(x *graph.Node) *graph.Node {
	return a.Wrap(func() *graph.Node {
		if bad := a.prepare(x); bad != nil {
			return bad
		}
		return a.Encoder.Apply(x)
	})
}

// Decode draws from a code [batch Code], and fails before anything was encoded.
//
//	code [batch Code] -> [batch ...]
func (a *Autoencoder) Decode(code *graph.Node) *graph.Node {
	return a.Wrap(func() *graph.Node { return decode("autoencoder", a.Decoder, a.shape, code) })
}

// prepare makes the layers for values like x, or says what does not fit.
func (a *Autoencoder) prepare(x *graph.Node) *graph.Node {
	if a.Encoder != nil {
		return broken("autoencoder", x)
	}
	size, bad := sizeOf("autoencoder", x, a.Code)
	if bad != nil {
		return bad
	}
	a.Encoder = append(nn.Sequential{&nn.Flatten{}}, perceptron(hidden(a.Hidden), a.Code, a.Act, false)...)
	a.Decoder, a.shape = perceptron(hidden(a.Hidden), size, a.Act, true), x.Shape()
	return nil
}

// VAE is an [Autoencoder] whose code is a normal distribution: the encoder tells
// its mean and the logarithm of its variance, and in training the decoder draws
// from a sample of it, mean + deviation·noise. In programs made by graph.Compile
// it draws from the mean. Codes drawn from the standard normal distribution then
// give new things like those seen.
//
//	x [batch ...] -> the same, logits
//
// Kingma and Welling 2014, arXiv:1312.6114
type VAE struct {
	graph.Scope
	Hidden []int // widths of the layers before the code; nil for 256 and 64
	Code   int
	Act    func(*graph.Node) *graph.Node // of the layers between; nil for ops.ReLU

	Encoder, Decoder nn.Sequential
	Noise            nn.Random

	shape graph.Shape // of what is encoded
}

// Apply maps x to what is drawn from its code, logits of its type.
func (v *VAE) Apply(x *graph.Node) *graph.Node {
	mean, logVar := v.Encode(x)
	return v.Decode(v.Sample(mean, logVar))
}

// Encode maps x [batch ...] to the means and the logarithms of the variances of
// its code, each [batch Code].
func (v *VAE) Encode(x *graph.Node) (mean, logVar *graph.Node) {
	both := v.Wrap(func() *graph.Node {
		if bad := v.prepare(x); bad != nil {
			return bad
		}
		return v.Encoder.Apply(x)
	})
	parts := ops.Split(both, -1, graph.Dim(v.Code), graph.Dim(v.Code))
	return parts[0], parts[1]
}

// Sample is mean + exp(logVar/2)·noise in training, and the mean elsewhere.
func (v *VAE) Sample(mean, logVar *graph.Node) *graph.Node {
	return v.Wrap(func() *graph.Node {
		if bad := broken("vae", mean, logVar); bad != nil {
			return bad
		}
		drawn := ops.Add(mean, ops.Mul(ops.Exp(ops.Scale(logVar, 0.5)), v.Noise.Normal(mean.Type())))
		return ops.InTraining(drawn, mean)
	})
}

// Decode draws logits from a code, and fails before anything was encoded.
//
//	code [batch Code] -> [batch ...]
func (v *VAE) Decode(code *graph.Node) *graph.Node {
	return v.Wrap(func() *graph.Node { return decode("vae", v.Decoder, v.shape, code) })
}

// Loss is what a VAE is trained on, the negative lower bound of the likelihood:
// the binary cross-entropy of the image, x [batch ...] from 0 to 1, added up over
// its elements, and the Kullback-Leibler divergence of its code from the standard
// normal distribution, both averaged over the batch.
func (v *VAE) Loss(x *graph.Node) (loss, picture, divergence *graph.Node) {
	mean, logVar := v.Encode(x)
	logits := v.Decode(v.Sample(mean, logVar))
	picture = nn.BinaryCrossEntropy(logits, x, nn.BatchMean)
	spread := ops.Sub(ops.Add(ops.Square(mean), ops.Expm1(logVar)), logVar) // m² + σ² - 1 - log σ²
	divergence = ops.Scale(ops.Mean(ops.Sum(spread, -1)), 0.5)
	return ops.Add(picture, divergence), picture, divergence
}

// prepare makes the layers for values like x, or says what does not fit.
func (v *VAE) prepare(x *graph.Node) *graph.Node {
	if v.Encoder != nil {
		return broken("vae", x)
	}
	size, bad := sizeOf("vae", x, v.Code)
	if bad != nil {
		return bad
	}
	v.Encoder = append(nn.Sequential{&nn.Flatten{}}, perceptron(hidden(v.Hidden), 2*v.Code, v.Act, false)...)
	v.Decoder, v.shape = perceptron(hidden(v.Hidden), size, v.Act, true), x.Shape()
	return nil
}

// decode applies a decoder and gives the result the shape of what was encoded.
func decode(name string, decoder nn.Sequential, shape graph.Shape, code *graph.Node) *graph.Node {
	if bad := broken(name, code); bad != nil {
		return bad
	}
	if decoder == nil || code.Shape().Rank() != 2 {
		return graph.Fail(name, []*graph.Node{code}, "want a code [batch Code], got {0}, of a model that has encoded something: its shape is that of the result")
	}
	return ops.Reshape(decoder.Apply(code), shape.With(0, code.Shape().Dim(0)).Dims()...)
}

// sizeOf returns the number of elements of x after the batch, and says why there
// is none.
func sizeOf(name string, x *graph.Node, code int) (size int, bad *graph.Node) {
	if bad := broken(name, x); bad != nil {
		return 0, bad
	}
	n := graph.Dim(1)
	for i := 1; i < x.Shape().Rank(); i++ {
		n = n.Mul(x.Shape().Dim(i))
	}
	if x.Shape().Rank() < 2 || !x.DType().Float() || n < 1 || code < 1 {
		return 0, graph.Fail(name, []*graph.Node{x}, "Code is %d and the input {0}: want a Code above 0, and floats [batch ...] whose other lengths are known", code)
	}
	return int(n), nil
}

// hidden returns the widths given, or the usual ones.
func hidden(widths []int) []int {
	if widths == nil {
		return []int{256, 64}
	}
	return widths
}

// perceptron is a stack of dense layers of the given widths, from the last one if
// backward, and one of the width out without an activation.
func perceptron(widths []int, out int, act func(*graph.Node) *graph.Node, backward bool) (s nn.Sequential) {
	if act == nil {
		act = ops.ReLU
	}
	for i := range widths {
		width := widths[i]
		if backward {
			width = widths[len(widths)-1-i]
		}
		s = append(s, &nn.Dense{Out: width, Act: act})
	}
	return append(s, &nn.Dense{Out: out})
}
