package golden

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

var norms = table{
	"nn.functional.batch_norm": {"x mean var weight bias training momentum eps", func(a *args) []*Node {
		x, eps := a.node("x"), a.num("eps", 1e-5)
		a.ignore("momentum") // is for the next running statistics
		if a.flag("training", false) {
			a.ignore("mean", "var")
			return one(affine(a, standardize(x, eps, others(x, 1)...)))
		}
		return one(affine(a, byStatistics(x, a.node("mean"), a.node("var"), eps)))
	}},
	"nn.functional.instance_norm": {"x running_mean running_var weight bias use_input_stats momentum eps", func(a *args) []*Node {
		x, eps := a.node("x"), a.num("eps", 1e-5)
		a.ignore("momentum")
		if a.flag("use_input_stats", true) {
			a.ignore("running_mean", "running_var")
			return one(affine(a, standardize(x, eps, others(x, 0, 1)...)))
		}
		return one(affine(a, byStatistics(x, a.node("running_mean"), a.node("running_var"), eps)))
	}},
	"nn.functional.group_norm": {"x groups weight bias eps", func(a *args) []*Node {
		x := a.node("x")
		grouped := ops.Reshape(x, x.Shape().Dim(0), Dim(a.int("groups", 1)), graph.Auto)
		y := standardize(grouped, a.num("eps", 1e-5), 2)
		return one(affine(a, ops.Reshape(y, x.Shape().Dims()...)))
	}},
	"nn.functional.layer_norm": {"x shape weight bias eps", func(a *args) []*Node {
		x := a.node("x")
		var axes []int
		for i := range a.ints("shape") {
			axes = append(axes, -1-i)
		}
		y := standardize(x, a.num("eps", 1e-5), axes...)
		if w := a.maybe("weight"); w != nil {
			y = ops.Mul(y, w)
		}
		if b := a.maybe("bias"); b != nil {
			y = ops.Add(y, b)
		}
		return one(y)
	}},
	"nn.functional.local_response_norm": {"x size alpha beta k", func(a *args) []*Node {
		return one(nn.LocalResponseNorm{Size: a.int("size", 1), Alpha: a.num("alpha", 1e-4), Beta: a.num("beta", 0.75), K: a.num("k", 1)}.Apply(a.node("x")))
	}},
	"renorm": {"x p dim maxnorm", func(a *args) []*Node {
		return one(ops.Renorm(a.node("x"), a.num("p", 2), a.int("dim", 0), a.num("maxnorm", 0)))
	}},
	"nn.functional.normalize": {"x p dim eps", func(a *args) []*Node {
		x := a.node("x")
		size := powers(x, a.num("p", 2), a.int("dim", 1))
		return one(ops.Div(x, ops.Maximum(size, num(a.num("eps", 1e-12)))))
	}},
	"nn.functional.cosine_similarity": {"x y dim eps", func(a *args) []*Node {
		axis, eps := a.int("dim", 1), num(a.num("eps", 1e-8))
		unit := func(x *Node) *Node { return ops.Div(x, ops.Maximum(powers(x, 2, axis), eps)) }
		return one(ops.Sum(ops.Mul(unit(a.node("x")), unit(a.node("y"))), axis))
	}},
	"nn.functional.pairwise_distance": {"x y p eps keepdim", func(a *args) []*Node {
		d := ops.Add(ops.Sub(a.node("x"), a.node("y")), num(a.num("eps", 1e-6)))
		if p := a.num("p", 2); a.flag("keepdim", false) {
			return one(powers(d, p, -1))
		} else {
			return one(ops.NormP(d, p, -1))
		}
	}},
}

// powers returns the p-norms over the axes, which stay with length 1.
func powers(x *Node, p float64, axes ...int) *Node {
	return ops.Keep(func(x *Node, axes ...int) *Node { return ops.NormP(x, p, axes...) }, x, axes...)
}

// standardize gives x mean 0 and variance 1 over the axes.
func standardize(x *Node, eps float64, axes ...int) *Node {
	centered := ops.Sub(x, ops.Keep(ops.Mean, x, axes...))
	variance := ops.Keep(ops.Mean, ops.Square(centered), axes...)
	return ops.Mul(centered, ops.Rsqrt(ops.Add(variance, num(eps))))
}

// byStatistics standardizes x [n channels ...] by the given mean and variance
// of each channel.
func byStatistics(x, mean, variance *Node, eps float64) *Node {
	centered := ops.Sub(x, perChannel(mean, x))
	return ops.Mul(centered, ops.Rsqrt(ops.Add(perChannel(variance, x), num(eps))))
}

// affine multiplies the channels of x with a weight, if there is one, and adds
// a bias.
func affine(a *args, x *Node) *Node {
	if w := a.maybe("weight"); w != nil {
		x = ops.Mul(x, perChannel(w, x))
	}
	if b := a.maybe("bias"); b != nil {
		x = ops.Add(x, perChannel(b, x))
	}
	return x
}

// perChannel shapes a vector such that it broadcasts against axis 1 of x.
func perChannel(v, x *Node) *Node {
	if rank(v) == 0 || rank(x) < 2 {
		return v
	}
	return onAxis(v, x, 1)
}

// others returns the axes of x that are not listed.
func others(x *Node, axes ...int) (list []int) {
	listed := map[int]bool{}
	for _, i := range axes {
		listed[(i+rank(x))%rank(x)] = true
	}
	for i := range rank(x) {
		if !listed[i] {
			list = append(list, i)
		}
	}
	return list
}

// onAxis shapes a vector such that it broadcasts against x along the axis.
func onAxis(v, x *Node, axis int) *Node {
	s := x.Shape()
	for i := range s.Rank() {
		s = s.With(i, 1)
	}
	return ops.Reshape(v, s.With(axis, graph.Auto).Dims()...)
}
