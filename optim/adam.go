package optim

import (
	"cmp"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// AdamOptions are the settings of [Adam] and [AdamW].
type AdamOptions struct {
	Beta1   float64 // of the average of the gradient; 0 means 0.9
	Beta2   float64 // of the average of its square; 0 means 0.999
	Eps     float64 // added to the root; 0 means 1e-8
	AMSGrad bool    // divide by the largest average so far. Reddi et al. 2018, arXiv:1904.09237
}

// Adam is p - lr·m̂/(√v̂ + eps), where m̂ and v̂ are the running averages of g
// and g², m and v, without their bias to the start: m/(1-beta1^t), v/(1-beta2^t).
// Kingma and Ba 2015, arXiv:1412.6980.
func Adam(lr float64, o ...AdamOptions) Rule {
	set := last(o)
	b1, b2, eps := cmp.Or(set.Beta1, 0.9), cmp.Or(set.Beta2, 0.999), cmp.Or(set.Eps, 1e-8)
	if bad := failing("adam", rate(lr), fraction("Beta1", b1), fraction("Beta2", b2), notNegative("Eps", eps)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		m, v := s.Average("m", g, b1), s.Average("v", ops.Square(g), b2)
		if set.AMSGrad {
			v = s.Slot("vmax", func(old *graph.Node) *graph.Node { return ops.Maximum(old, v) })
		}
		step := ops.Div(s.Rate(lr), s.like(grown(b1, s)))
		root := ops.Div(ops.Sqrt(v), s.like(ops.Sqrt(grown(b2, s))))
		return ops.Sub(p, ops.Mul(step, ops.Div(m, plus(root, eps))))
	}
}

// AdamW is [Adam] with the parameters drawn to 0 apart from the gradient: each
// step first multiplies p by 1 - lr·decay. Loshchilov and Hutter 2019,
// arXiv:1711.05101.
func AdamW(lr, decay float64, o ...AdamOptions) Rule {
	return decayed("adamw", lr, decay, Adam(lr, o...))
}

// AdamaxOptions are the settings of [Adamax].
type AdamaxOptions struct {
	Beta1 float64 // of the average of the gradient; 0 means 0.9
	Beta2 float64 // of the decaying maximum; 0 means 0.999
	Eps   float64 // added to |g|; 0 means 1e-8
}

// Adamax is p - lr·m̂/u, where u = max(beta2·u, |g| + eps): [Adam] with the
// maximum norm. A usual rate is 2e-3. Kingma and Ba 2015, arXiv:1412.6980.
func Adamax(lr float64, o ...AdamaxOptions) Rule {
	set := last(o)
	b1, b2, eps := cmp.Or(set.Beta1, 0.9), cmp.Or(set.Beta2, 0.999), cmp.Or(set.Eps, 1e-8)
	if bad := failing("adamax", rate(lr), fraction("Beta1", b1), fraction("Beta2", b2), notNegative("Eps", eps)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		m := s.Average("m", g, b1)
		u := s.Slot("u", func(old *graph.Node) *graph.Node {
			return ops.Maximum(ops.Scale(old, b2), plus(ops.Abs(g), eps))
		})
		step := ops.Div(s.Rate(lr), s.like(grown(b1, s)))
		return ops.Sub(p, ops.Mul(step, ops.Div(m, u)))
	}
}

// NAdamOptions are the settings of [NAdam].
type NAdamOptions struct {
	Beta1         float64 // of the average of the gradient; 0 means 0.9
	Beta2         float64 // of the average of its square; 0 means 0.999
	Eps           float64 // added to the root; 0 means 1e-8
	MomentumDecay float64 // ψ; 0 means 4e-3
	PyTorch1      bool    // Π·μ·μ' for Π·μ' below, as PyTorch had it by mistake until version 2
}

// NAdam is [Adam] with Nesterov's momentum:
//
//	p - lr·((1-μ)/(1-Π)·g + μ'/(1-Π·μ')·m)/(√v̂ + eps)
//
// where μ is beta1·(1 - 0.96^(t·ψ)/2), μ' the same for t + 1, and Π the product
// of all μ so far. Dozat 2016.
func NAdam(lr float64, o ...NAdamOptions) Rule {
	set := last(o)
	b1, b2, eps, psi := cmp.Or(set.Beta1, 0.9), cmp.Or(set.Beta2, 0.999), cmp.Or(set.Eps, 1e-8), cmp.Or(set.MomentumDecay, 4e-3)
	if bad := failing("nadam", rate(lr), fraction("Beta1", b1), fraction("Beta2", b2), notNegative("Eps", eps), notNegative("MomentumDecay", psi)); bad != nil {
		return bad
	}
	momentum := func(t *graph.Node) *graph.Node {
		return ops.Scale(ops.OneMinus(ops.Scale(ops.Pow(graph.Scalar(0.96), ops.Scale(t, psi)), 0.5)), b1)
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		m, v := s.Average("m", g, b1), s.Average("v", ops.Square(g), b2)
		mu, next := momentum(s.Count()), momentum(plus(s.Count(), 1))
		product := s.SlotOf("mu", graph.Type{DType: graph.Float64}, 1, func(old *graph.Node) *graph.Node { return ops.Mul(old, mu) })
		future := ops.Mul(product, next)
		if set.PyTorch1 {
			future = ops.Mul(future, mu)
		}
		now := ops.Mul(s.like(ops.Div(ops.OneMinus(mu), ops.OneMinus(product))), g)
		ahead := ops.Mul(s.like(ops.Div(next, ops.OneMinus(future))), m)
		root := ops.Div(ops.Sqrt(v), s.like(ops.Sqrt(grown(b2, s))))
		return ops.Sub(p, ops.Mul(s.Rate(lr), ops.Div(ops.Add(now, ahead), plus(root, eps))))
	}
}

// RAdamOptions are the settings of [RAdam].
type RAdamOptions struct {
	Beta1 float64 // of the average of the gradient; 0 means 0.9
	Beta2 float64 // of the average of its square; 0 means 0.999
	Eps   float64 // added to the root; 0 means 1e-8
}

// RAdam is [Adam] that waits with dividing by √v̂ until it can be trusted: at
// first it is p - lr·m̂, and once ρ > 5
//
//	p - lr·m̂·r/(√v̂ + eps),  r² = (ρ-4)(ρ-2)ρ∞/((ρ∞-4)(ρ∞-2)ρ)
//
// where ρ∞ = 2/(1-beta2) - 1 and ρ = ρ∞ - 2t·beta2^t/(1-beta2^t); eps is added
// to √v, before its bias is removed. Liu et al. 2020, arXiv:1908.03265.
func RAdam(lr float64, o ...RAdamOptions) Rule {
	set := last(o)
	b1, b2, eps := cmp.Or(set.Beta1, 0.9), cmp.Or(set.Beta2, 0.999), cmp.Or(set.Eps, 1e-8)
	if bad := failing("radam", rate(lr), fraction("Beta1", b1), fraction("Beta2", b2), notNegative("Eps", eps)); bad != nil {
		return bad
	}
	return func(p, g *graph.Node, s *State) *graph.Node {
		m, v := s.Average("m", g, b1), s.Average("v", ops.Square(g), b2)
		trusted, r := rectified(s.Count(), b2)
		scale := ops.Div(s.like(ops.Mul(r, ops.Sqrt(grown(b2, s)))), plus(ops.Sqrt(v), eps))
		step := ops.Div(s.Rate(lr), s.like(grown(b1, s)))
		return ops.Sub(p, ops.Mul(step, ops.Mul(m, ops.Where(trusted, scale, graph.Scalar(1)))))
	}
}

// rectified returns RAdam's ρ > 5 and r at step t.
func rectified(t *graph.Node, b2 float64) (trusted, r *graph.Node) {
	most := 2/(1-b2) - 1
	power := ops.Pow(graph.Scalar(b2), t)
	rho := ops.Sub(graph.Scalar(most), ops.Div(ops.Scale(ops.Mul(t, power), 2), ops.OneMinus(power)))
	square := ops.Scale(ops.Div(ops.Mul(plus(rho, -4), plus(rho, -2)), rho), most/((most-4)*(most-2)))
	return ops.Greater(rho, graph.Scalar(5)), ops.Sqrt(square)
}

// grown returns 1 - beta^t, the weight that a running average has gathered in t
// steps, in Float64.
func grown(beta float64, s *State) *graph.Node {
	return ops.OneMinus(ops.Pow(graph.Scalar(beta), s.Count()))
}
