package nn

import (
	"cmp"
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// BatchNorm gives each channel of x mean 0 and variance 1 over the batch and all
// other axes, and then a gain and a bias of its own:
//
//	y = (x - mean)/√(variance + Epsilon)·Gain + Bias
//	x [n c ...] -> the same, Gain, Bias, Mean, Variance [c]
//
// In training the statistics are those of the batch (the variance divided by n),
// and each step moves the running ones by a share of Momentum towards them (the
// variance divided by n - 1). In programs made by graph.Compile the running ones
// are used. A layer that is applied twice in one program cannot update its
// statistics twice, and Compile says so: use a layer for each.
//
// It fails where the axis of channels is not of a known length. Ioffe and Szegedy
// 2015, arXiv:1502.03167
type BatchNorm struct {
	graph.Scope
	Axis           int     // of the channels; 0 means 1, and -1 the last
	Momentum       float64 // 0 means 0.1
	Epsilon        float64 // 0 means 1e-5
	NoAffine       bool    // no Gain and Bias
	Gain, Bias     *graph.Param
	Mean, Variance *graph.Param // running
}

// Apply maps x to a value of its type.
func (b *BatchNorm) Apply(x *graph.Node) *graph.Node {
	if b == nil {
		return graph.Fail("batchnorm", []*graph.Node{x}, "the layer is nil: want &nn.BatchNorm{}")
	}
	return b.Wrap(func() *graph.Node {
		c, bad := newChannels("batchnorm", x, b.Axis)
		if bad != nil {
			return bad
		}
		if bad := c.affine(&b.Gain, &b.Bias, b.NoAffine); bad != nil {
			return bad
		}
		if bad := c.param(&b.Mean, "Mean", Zeros, c.each()); bad != nil {
			return bad
		}
		if bad := c.param(&b.Variance, "Variance", Ones, c.each()); bad != nil {
			return bad
		}
		b.Mean.Untrained, b.Variance.Untrained = true, true
		epsilon := cmp.Or(b.Epsilon, 1e-5)
		centered, mean, variance := moments(x, c.others()...)
		train := b.scaled(c, centered, variance, epsilon)
		train = ops.After(train, b.updates(c, mean, variance)...)
		infer := b.scaled(c, ops.Sub(x, c.along(b.Mean)), c.along(b.Variance), epsilon)
		return ops.InTraining(train, infer)
	})
}

// scaled is [normal] with gain and bias. The gain is multiplied with the root, a
// number for each channel, rather than with each element.
func (b *BatchNorm) scaled(c channels, centered, variance *graph.Node, epsilon float64) *graph.Node {
	if b.Gain == nil {
		return normal(centered, variance, epsilon)
	}
	scale := ops.Mul(ops.Rsqrt(ops.Add(variance, graph.Scalar(epsilon))), c.along(b.Gain))
	return ops.Add(ops.Mul(centered, scale), c.along(b.Bias))
}

// updates are the next values of the running statistics.
func (b *BatchNorm) updates(c channels, mean, variance *graph.Node) []*graph.Node {
	share := cmp.Or(b.Momentum, 0.1)
	n := ops.Count(c.x, c.others()...)
	unbiased := ops.Mul(variance, ops.Div(n, ops.Maximum(ops.Sub(n, graph.Scalar(1)), graph.Scalar(1))))
	move := func(p *graph.Param, to *graph.Node) *graph.Node {
		to = ops.Reshape(ops.StopGradient(to), c.length())
		return graph.Assign(p, ops.Add(ops.Scale(p.Node(), 1-share), ops.Scale(to, share)))
	}
	return []*graph.Node{move(b.Mean, mean), move(b.Variance, unbiased)}
}

// LayerNorm gives each row of x mean 0 and variance 1 over its last axes, and
// then a gain and a bias for each element of a row:
//
//	y = (x - mean)/√(variance + Epsilon)·Gain + Bias
//	x [... c] -> the same, Gain, Bias [c]
//
// Ba et al. 2016, arXiv:1607.06450
type LayerNorm struct {
	graph.Scope
	Axes       int     // how many last axes; 0 means 1
	Epsilon    float64 // 0 means 1e-5
	NoAffine   bool    // no Gain and Bias
	NoBias     bool
	Gain, Bias *graph.Param
}

// Apply maps x to a value of its type.
func (l *LayerNorm) Apply(x *graph.Node) *graph.Node {
	if l == nil {
		return graph.Fail("layernorm", []*graph.Node{x}, "the layer is nil: want &nn.LayerNorm{}")
	}
	return l.Wrap(func() *graph.Node {
		r, bad := newLastAxes("layernorm", x, l.Axes)
		if bad != nil {
			return bad
		}
		centered, _, variance := moments(x, r.axes()...)
		return r.affine(normal(centered, variance, cmp.Or(l.Epsilon, 1e-5)), &l.Gain, &l.Bias, l.NoAffine, l.NoBias)
	})
}

// RMSNorm divides each row of x by its root mean square, and multiplies each
// element of a row by a gain:
//
//	y = x/√(mean of x² + Epsilon)·Gain
//	x [... c] -> the same, Gain [c]
//
// Zhang and Sennrich 2019, arXiv:1910.07467
type RMSNorm struct {
	graph.Scope
	Axes     int     // how many last axes; 0 means 1
	Epsilon  float64 // 0 means 1e-5
	NoAffine bool    // no Gain
	Gain     *graph.Param
}

// Apply maps x to a value of its type.
func (l *RMSNorm) Apply(x *graph.Node) *graph.Node {
	if l == nil {
		return graph.Fail("rmsnorm", []*graph.Node{x}, "the layer is nil: want &nn.RMSNorm{}")
	}
	return l.Wrap(func() *graph.Node {
		r, bad := newLastAxes("rmsnorm", x, l.Axes)
		if bad != nil {
			return bad
		}
		square := ops.Keep(ops.Mean, ops.Square(x), r.axes()...)
		y := ops.Mul(x, ops.Rsqrt(ops.Add(square, graph.Scalar(cmp.Or(l.Epsilon, 1e-5)))))
		return r.affine(y, &l.Gain, nil, l.NoAffine, true)
	})
}

// GroupNorm gives each of Groups groups of channels of each image mean 0 and
// variance 1 over the group's channels and all other axes, and then a gain and a
// bias for each channel. It fails where the groups do not divide the channels.
//
//	x [n c ...] -> the same, Gain, Bias [c]
//
// Wu and He 2018, arXiv:1803.08494
type GroupNorm struct {
	graph.Scope
	Groups     int
	Axis       int     // of the channels; 0 means 1, and -1 the last
	Epsilon    float64 // 0 means 1e-5
	NoAffine   bool    // no Gain and Bias
	Gain, Bias *graph.Param
}

// Apply maps x to a value of its type.
func (g *GroupNorm) Apply(x *graph.Node) *graph.Node {
	if g == nil {
		return graph.Fail("groupnorm", []*graph.Node{x}, "the layer is nil: want &nn.GroupNorm{Groups: n}")
	}
	return g.Wrap(func() *graph.Node {
		return groupNorm("groupnorm", x, g.Axis, g.Groups, cmp.Or(g.Epsilon, 1e-5), &g.Gain, &g.Bias, g.NoAffine)
	})
}

// InstanceNorm gives each channel of each image mean 0 and variance 1 over its
// pixels, and then a gain and a bias for each channel: [GroupNorm] with a group
// for each channel.
//
//	x [n c ...] -> the same, Gain, Bias [c]
//
// Ulyanov et al. 2016, arXiv:1607.08022
type InstanceNorm struct {
	graph.Scope
	Axis       int     // of the channels; 0 means 1, and -1 the last
	Epsilon    float64 // 0 means 1e-5
	NoAffine   bool    // no Gain and Bias
	Gain, Bias *graph.Param
}

// Apply maps x to a value of its type.
func (i *InstanceNorm) Apply(x *graph.Node) *graph.Node {
	if i == nil {
		return graph.Fail("instancenorm", []*graph.Node{x}, "the layer is nil: want &nn.InstanceNorm{}")
	}
	return i.Wrap(func() *graph.Node {
		return groupNorm("instancenorm", x, i.Axis, -1, cmp.Or(i.Epsilon, 1e-5), &i.Gain, &i.Bias, i.NoAffine)
	})
}

// groupNorm is the group norm of x with its channels in n groups, or each by
// itself if n is -1.
func groupNorm(name string, x *graph.Node, axis, n int, epsilon float64, gain, bias **graph.Param, noAffine bool) *graph.Node {
	c, bad := newChannels(name, x, axis)
	if bad != nil {
		return bad
	}
	if n == -1 {
		n = int(c.length())
	}
	if n < 1 || int(c.length())%n != 0 {
		return c.fail("%d groups do not divide the %d channels of {0}: set Groups to a divisor", n, c.length())
	}
	if bad := c.affine(gain, bias, noAffine); bad != nil {
		return bad
	}
	dims := slices.Insert(x.Shape().Dims(), c.axis, graph.Dim(n))
	dims[c.axis+1] = c.length() / graph.Dim(n)
	split := ops.Reshape(x, dims...)
	var over []int
	for i := 1; i < len(dims); i++ { // axis 0 is the batch
		if i != c.axis {
			over = append(over, i)
		}
	}
	centered, _, variance := moments(split, over...)
	return c.finish(ops.Reshape(normal(centered, variance, epsilon), x.Shape().Dims()...), *gain, *bias)
}

// LocalResponseNorm divides each element by a power of the squares of its
// neighbours in the channels next to its own:
//
//	y = x/(K + Alpha/Size·Σ x²)^Beta
//
// with Size channels in the sum, Size/2 of them before, and zeros beyond the
// ends. Krizhevsky et al. 2012, doi:10.1145/3065386
type LocalResponseNorm struct {
	Size           int
	Alpha, Beta, K float64 // 0 means 1e-4, 0.75 and 1
	Axis           int     // of the channels; 0 means 1, and -1 the last
}

// Apply maps x to a value of its type.
func (l LocalResponseNorm) Apply(x *graph.Node) *graph.Node {
	c, bad := newChannels("localresponsenorm", x, l.Axis)
	if bad != nil {
		return bad
	}
	if l.Size < 1 {
		return c.fail("Size is %d: want the number of channels in a sum", l.Size)
	}
	square := ops.Square(x)
	sum := square
	for i := -(l.Size / 2); i < l.Size-l.Size/2; i++ {
		if i != 0 && graph.Dim(max(i, -i)) < c.length() {
			sum = ops.Add(sum, ops.Shift(square, -i, c.axis, 0))
		}
	}
	base := ops.Add(ops.Scale(sum, cmp.Or(l.Alpha, 1e-4)/float64(l.Size)), graph.Scalar(cmp.Or(l.K, 1)))
	return ops.Mul(x, ops.Pow(base, graph.Scalar(-cmp.Or(l.Beta, 0.75))))
}

// moments returns x less its mean, the mean and the variance (divided by n) over
// the axes, which are kept.
func moments(x *graph.Node, axes ...int) (centered, mean, variance *graph.Node) {
	mean = ops.Keep(ops.Mean, x, axes...)
	centered = ops.Sub(x, mean)
	return centered, mean, ops.Keep(ops.Mean, ops.Square(centered), axes...)
}

// normal is centered/√(variance + epsilon).
func normal(centered, variance *graph.Node, epsilon float64) *graph.Node {
	return ops.Mul(centered, ops.Rsqrt(ops.Add(variance, graph.Scalar(epsilon))))
}

// channels is an input with an axis of channels.
type channels struct {
	name string
	x    *graph.Node
	axis int
}

// newChannels checks x and its axis of channels; 0 stands for axis 1.
func newChannels(name string, x *graph.Node, axis int) (c channels, bad *graph.Node) {
	c = channels{name: name, x: x}
	if bad := broken(name, x); bad != nil {
		return c, bad
	}
	if axis == 0 {
		axis = 1
	}
	axis, err := x.Shape().Axis(axis)
	c.axis = axis
	switch {
	case !x.DType().Float():
		return c, c.fail("want floats, got {0}: convert it with ops.Convert")
	case err != nil:
		return c, c.fail("%v", err)
	case axis == 0:
		return c, c.fail("axis 0 of {0} is the batch: set Axis to that of the channels")
	case c.length() < 1:
		return c, c.fail("axis %d of {0} must have a known length: it is the number of channels", axis)
	}
	return c, nil
}

func (c channels) fail(format string, arg ...any) *graph.Node {
	return graph.Fail(c.name, []*graph.Node{c.x}, format, arg...)
}

func (c channels) length() graph.Dim { return c.x.Shape().Dim(c.axis) }

// each is the type of a number for each channel.
func (c channels) each() graph.Type { return c.x.Type().Of(graph.Of(c.length())) }

// others are the axes without that of the channels.
func (c channels) others() (axes []int) {
	for i := range c.x.Shape().Rank() {
		if i != c.axis {
			axes = append(axes, i)
		}
	}
	return axes
}

// along gives a parameter for each channel the shape that broadcasts against x.
func (c channels) along(p *graph.Param) *graph.Node {
	dims := make([]graph.Dim, c.x.Shape().Rank())
	for i := range dims {
		dims[i] = 1
	}
	dims[c.axis] = c.length()
	return ops.Reshape(p.Node(), dims...)
}

// param makes a parameter, or checks the one that is there.
func (c channels) param(p **graph.Param, label string, init graph.Initializer, want graph.Type) *graph.Node {
	if *p == nil {
		*p = &graph.Param{Label: label, Type: want, Init: init}
	}
	if (*p).Type != want {
		return c.fail("{0} needs a parameter %v, but the layer has %s %v: use another layer for another input", want, (*p).Label, (*p).Type)
	}
	return nil
}

// affine makes gain and bias unless there are to be none.
func (c channels) affine(gain, bias **graph.Param, none bool) *graph.Node {
	if none {
		return nil
	}
	if bad := c.param(gain, "Gain", Ones, c.each()); bad != nil {
		return bad
	}
	return c.param(bias, "Bias", Zeros, c.each())
}

// finish applies gain and bias, if there are any.
func (c channels) finish(y *graph.Node, gain, bias *graph.Param) *graph.Node {
	if gain == nil {
		return y
	}
	return ops.Add(ops.Mul(y, c.along(gain)), c.along(bias))
}

// lastAxes is an input whose last axes are normalized.
type lastAxes struct {
	channels
	n int // of axes
}

func newLastAxes(name string, x *graph.Node, n int) (r lastAxes, bad *graph.Node) {
	r = lastAxes{channels{name: name, x: x}, max(n, 1)}
	if bad := broken(name, x); bad != nil {
		return r, bad
	}
	if !x.DType().Float() {
		return r, r.fail("want floats, got {0}: convert it with ops.Convert")
	}
	if n < 0 || r.n > x.Shape().Rank() {
		return r, r.fail("{0} has no %d last axes", r.n)
	}
	return r, nil
}

func (r lastAxes) axes() (axes []int) {
	for i := range r.n {
		axes = append(axes, i-r.n)
	}
	return axes
}

// affine makes gain and bias as they are wanted, and applies them.
func (r lastAxes) affine(y *graph.Node, gain, bias **graph.Param, noGain, noBias bool) *graph.Node {
	if noGain {
		return y
	}
	s := r.x.Shape()
	want := r.x.Type().Of(graph.Of(s.Dims()[s.Rank()-r.n:]...))
	if _, known := want.Shape.Literal(); !known {
		return r.fail("the last axes of {0} must have known lengths: they are those of the gain")
	}
	if bad := r.param(gain, "Gain", Ones, want); bad != nil {
		return bad
	}
	y = ops.Mul(y, (*gain).Node())
	if noBias {
		return y
	}
	if bad := r.param(bias, "Bias", Zeros, want); bad != nil {
		return bad
	}
	return ops.Add(y, (*bias).Node())
}
