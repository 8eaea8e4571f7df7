package nn

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Identity is the layer x: for a place that needs a layer and should do nothing.
type Identity struct{}

// Apply returns x.
func (Identity) Apply(x *graph.Node) *graph.Node { return x }

// WeightNorm applies a layer with each column of its weight in two parts,
// direction and length, which are trained apart:
//
//	W = Gain·V/|V|
//
// V is the layer's own parameter, and the columns are those along its last axis:
// the weights of one output. The gain starts as |V|, so that at first the layer
// does what it would do without.
//
//	x and the result as of the layer, Gain [out]
//
// It fails where the layer has no such weight. Salimans and Kingma 2016,
// arXiv:1602.07868
type WeightNorm struct {
	graph.Scope
	Layer  Layer
	Weight string       // path of the weight in the layer; "" means "W"
	Gain   *graph.Param // after Layer: its first value is made from that of the weight

	made replaced
}

// Apply applies the layer.
func (w *WeightNorm) Apply(x *graph.Node) *graph.Node {
	if w == nil || w.Layer == nil {
		return graph.Fail("weightnorm", []*graph.Node{x}, "there is no layer: want &nn.WeightNorm{Layer: layer}")
	}
	return w.Wrap(func() *graph.Node { return w.made.apply("weightnorm", w.Layer, w.Weight, x, w.normal) })
}

// normal is the weight made of length and direction.
func (w *WeightNorm) normal(p *graph.Param) *graph.Node {
	if w.Gain == nil {
		out := p.Type.Shape.Dim(-1)
		w.Gain = &graph.Param{Label: "Gain", Type: p.Type.Of(graph.Of(out)), Init: lengths(p)}
	}
	v := p.Node()
	var axes []int
	for i := range v.Shape().Rank() - 1 {
		axes = append(axes, i)
	}
	return ops.Mul(ops.Div(v, ops.Norm(v, axes...)), w.Gain.Node())
}

// lengths returns the initializer of the lengths of a parameter's columns.
func lengths(p *graph.Param) graph.Initializer {
	return func(t graph.Tensor, rnd *rand.Rand) {
		Ones(t, rnd)
		if p.Value == nil {
			return
		}
		v, err := graph.FromDense(p.Value)
		if err != nil {
			return // Compile says what is wrong with the value
		}
		for i := range t.Len() {
			sum := 0.0
			for k := i; k < v.Len(); k += t.Len() {
				sum += v.At(k) * v.At(k)
			}
			t.Set(i, math.Sqrt(sum))
		}
	}
}

// SpectralNorm applies a layer with its weight divided by the largest singular
// value of it, as a matrix [... out] whose first axes are one, so that the
// layer stretches no vector: discriminators that cannot grow steep.
//
//	W/σ, σ = vᵀ·W·u
//
// The directions u and v are found by a step of the power method in each training
// step, which starts where the one before ended, and count as constants in the
// gradient. In programs made by graph.Compile they stay as they are.
//
//	x and the result as of the layer, U [out]
//
// It fails where the layer has no such weight. Miyato et al. 2018, arXiv:1802.05957
type SpectralNorm struct {
	graph.Scope
	Layer      Layer
	Weight     string       // path of the weight in the layer; "" means "W"
	Iterations int          // of the power method in a step; 0 means 1
	U          *graph.Param // direction of the outputs, untrained

	made replaced
}

// Apply applies the layer.
func (s *SpectralNorm) Apply(x *graph.Node) *graph.Node {
	if s == nil || s.Layer == nil {
		return graph.Fail("spectralnorm", []*graph.Node{x}, "there is no layer: want &nn.SpectralNorm{Layer: layer}")
	}
	return s.Wrap(func() *graph.Node { return s.made.apply("spectralnorm", s.Layer, s.Weight, x, s.normal) })
}

// normal is the weight over its largest singular value.
func (s *SpectralNorm) normal(p *graph.Param) *graph.Node {
	out := p.Type.Shape.Dim(-1)
	if s.U == nil {
		s.U = &graph.Param{Label: "U", Type: p.Type.Of(graph.Of(out)), Init: direction, Untrained: true}
	}
	w := ops.Reshape(p.Node(), graph.Auto, out)
	fixed := ops.StopGradient(w)
	across := func(u *graph.Node) *graph.Node { return unit(ops.MatMul(fixed, u)) }
	divided := func(u *graph.Node) *graph.Node {
		sigma := ops.Sum(ops.Mul(across(u), ops.MatMul(w, u)))
		return ops.Div(p.Node(), sigma)
	}
	u := s.U.Node()
	for range cmp.Or(s.Iterations, 1) {
		u = unit(ops.MatMul(across(u), fixed))
	}
	return ops.InTraining(ops.After(divided(u), graph.Assign(s.U, u)), divided(s.U.Node()))
}

// direction draws a vector of length 1, all directions being equally likely.
func direction(t graph.Tensor, rnd *rand.Rand) {
	Normal(0, 1)(t, rnd)
	sum := 0.0
	for i := range t.Len() {
		sum += t.At(i) * t.At(i)
	}
	for i := range t.Len() {
		t.Set(i, t.At(i)/math.Sqrt(sum))
	}
}

// replaced is a layer's weight and what stands in its place, once it was applied.
type replaced struct {
	weight *graph.Param
	by     *graph.Node
}

// apply applies the layer to x and puts another value where it uses its weight,
// the parameter with the given path.
func (r *replaced) apply(name string, layer Layer, path string, x *graph.Node, by func(*graph.Param) *graph.Node) *graph.Node {
	y := layer.Apply(x)
	if y.Err() != nil {
		return y
	}
	if r.weight == nil {
		p, err := weightOf(layer, cmp.Or(path, "W"))
		if err != nil {
			return graph.Fail(name, []*graph.Node{x}, "%v", err)
		}
		r.weight, r.by = p, by(p)
	}
	// what x itself was made from stays as it is
	return graph.Rewrite([]*graph.Node{y}, map[*graph.Node]*graph.Node{x: x, r.weight.Node(): r.by})[0]
}

// weightOf returns the weight of a layer.
func weightOf(layer Layer, path string) (*graph.Param, error) {
	var there []string
	for _, p := range Params(layer) {
		switch {
		case p.Label != path:
			there = append(there, p.Label)
		case p.Type.Shape.Rank() < 2 || !p.Type.DType.Float():
			return nil, fmt.Errorf("parameter %s %v of the layer is no weight: want floats [... in out]", path, p.Type)
		default:
			return p, nil
		}
	}
	return nil, fmt.Errorf("the layer has no parameter %s: set Weight to one of %q", path, there)
}
