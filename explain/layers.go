package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Layer returns the result of the layer at a path, such as "Trunk.3", among the
// values that y depends on: the last value made in the scope of that path, or in
// one below it. Paths are those of [nn.Params], which must have been called, as
// nn.Init does. If the layer was applied several times it is the last one.
func Layer(y *graph.Node, path string) *graph.Node {
	if bad := broken("layer", y); bad != nil {
		return bad
	}
	var found *graph.Node
	var paths []string
	for _, n := range graph.Topo(y) {
		scope := n.Scope()
		if len(n.In()) == 0 || scope == "" || n.From() != (graph.Provenance{}) {
			continue
		}
		if !slices.Contains(paths, scope) {
			paths = append(paths, scope)
		}
		if scope == path || strings.HasPrefix(scope, path+".") {
			found = n
		}
	}
	switch {
	case found != nil:
		return found
	case len(paths) == 0:
		return graph.Fail("layer", []*graph.Node{y}, "{0} has no layers with paths: call nn.Init or nn.Params before")
	}
	return graph.Fail("layer", []*graph.Node{y}, "there is no layer %q: there are %s", path, strings.Join(paths, ", "))
}

// Attention returns the weights of an nn.MultiHeadAttention at a path: how much
// each place takes from each other one, head by head. See [Layer] for the path.
//
//	y -> [batch heads time places], rows add up to 1
func Attention(y *graph.Node, path string) *graph.Node {
	if path == "" {
		return Layer(y, "Weights")
	}
	return Layer(y, path+".Weights")
}

// Attentions returns the weights of all attentions that y depends on, in the order
// of computing: each is what [Attention] returns for its path, which its Scope()
// tells, and a layer that was applied several times is there as often. [HeadName]
// names their heads. There is none in a graph without attention.
//
//	y -> [batch heads time places], one for each
//
// It takes for attention what lies in a scope Weights, as nn.MultiHeadAttention
// leaves it, and has these four axes; the names of scopes come from nn.Init or
// nn.Params, which must have been called. They are asked for whole: a program that
// returns them needs room for time·places numbers of each head.
func Attentions(y *graph.Node) []*graph.Node {
	if bad := broken("attentions", y); bad != nil {
		return []*graph.Node{bad}
	}
	inside := func(n *graph.Node) bool {
		scope := n.Scope()
		return len(n.In()) > 0 && n.From() == (graph.Provenance{}) && (scope == "Weights" || strings.HasSuffix(scope, ".Weights"))
	}
	var found []*graph.Node
	read := map[*graph.Node]bool{} // by another of the same scope
	all := graph.Topo(y)
	for _, n := range all {
		for _, in := range n.In() {
			if inside(n) && in.Scope() == n.Scope() {
				read[in] = true
			}
		}
	}
	for _, n := range all {
		if inside(n) && !read[n] && n.Shape().Rank() == 4 {
			found = append(found, n)
		}
	}
	return found
}

// HeadName returns what a reader calls a head, counted from 0, of weights that
// [Attention] or [Attentions] found: the scopes that they lie in, as pictures title
// them, and the head's number, counted from 1. It is "layer 2, head 1" of the first
// head of 2.Attention, "Blocks 3, Cross, head 2" of the second of Blocks.3.Cross, and
// "head 1" of an attention that is the whole model.
func HeadName(weights *graph.Node, head int) string {
	var parts []string
	path := strings.TrimSuffix("."+weights.Scope(), ".Weights")
	for _, name := range strings.Split(path, ".") {
		switch number := strings.Trim(name, "0123456789") == ""; {
		case name == "":
		case number && len(parts) == 0:
			parts = append(parts, "layer "+name)
		case number:
			parts[len(parts)-1] += " " + name
		default:
			parts = append(parts, name)
		}
	}
	if last := len(parts) - 1; last > 0 && parts[last] == "Attention" { // as each of them is one
		parts = parts[:last]
	}
	return strings.Join(append(parts, fmt.Sprintf("head %d", head+1)), ", ")
}

// Active returns the share of rows, and places, at which each unit is above 0. A
// unit of a ReLU that never is has no gradient and cannot learn: it is dead.
//
//	h [batch units ...] -> [units]
//
// The share of dead units is the mean of Equal(Active(h), 0), over data enough.
func Active(h *graph.Node) *graph.Node {
	if bad := broken("active", h); bad != nil {
		return bad
	}
	if h.Shape().Rank() < 2 || !h.DType().Float() {
		return graph.Fail("active", []*graph.Node{h}, "want activations [batch units ...], got {0}")
	}
	on := ops.Convert(ops.Greater(h, graph.Scalar(0)), h.DType())
	axes := []int{0}
	for i := 2; i < h.Shape().Rank(); i++ {
		axes = append(axes, i)
	}
	return ops.Mean(on, axes...)
}

// Dead returns the share of units that are above 0 nowhere: see [Active].
//
//	h [batch units ...] -> []
func Dead(h *graph.Node) *graph.Node {
	share := Active(h)
	if share.Err() != nil {
		return share
	}
	return ops.Mean(ops.Convert(ops.Equal(share, graph.Scalar(0)), h.DType()))
}

// Gradients returns the root of the mean square of the loss's gradient by each
// parameter: layers that learn at the same pace have like numbers, and those that
// vanish or explode along the layers show it. Parameters that the loss does not
// depend on get 0, and so do those that are not trained, such as running means and
// random states.
//
//	loss [] -> [], one for each parameter
func Gradients(loss *graph.Node, params []*graph.Param) []*graph.Node {
	out := make([]*graph.Node, len(params))
	var at []int
	var of []*graph.Node
	for i, p := range params {
		out[i] = graph.ScalarOf(graph.Float64, 0)
		if p.Type.DType.Float() && !p.Untrained {
			at, of = append(at, i), append(of, p.Node())
		}
	}
	for k, g := range autodiff.Grad(loss, of...) {
		out[at[k]] = ops.Sqrt(ops.Mean(ops.Square(g)))
	}
	return out
}

// Updates compares parameters with what they were: how far training moves them. The
// zero value has seen nothing.
type Updates struct {
	before map[*graph.Param][]float64
}

// Step returns, for each parameter, the length of its change since the last call
// divided by its length then; about 1e-3 a step is usual, 1 destroys what was
// learned. A parameter that was not seen before, or was 0, gives NaN. It must not
// be called while a program runs that updates them.
func (u *Updates) Step(params []*graph.Param) ([]float64, error) {
	if u.before == nil {
		u.before = map[*graph.Param][]float64{}
	}
	ratios := make([]float64, len(params))
	for i, p := range params {
		now, err := floats(p.Value)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", p.Label, err)
		}
		ratios[i] = math.NaN()
		if old := u.before[p]; len(old) == len(now) {
			change, length := 0.0, 0.0
			for j, v := range now {
				change += (v - old[j]) * (v - old[j])
				length += old[j] * old[j]
			}
			if length > 0 {
				ratios[i] = math.Sqrt(change / length)
			}
		}
		u.before[p] = now
	}
	return ratios, nil
}

// floats returns a copy of the elements.
func floats(d *tensor.Dense) ([]float64, error) {
	if d == nil {
		return nil, fmt.Errorf("it has no value: call nn.Init(model, seed)")
	}
	t, err := graph.FromDense(d)
	if err != nil {
		return nil, err
	}
	list := make([]float64, t.Len())
	for i := range list {
		list[i] = t.At(i)
	}
	return list, nil
}
