package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Dense is Act(x·W + B).
//
//	x [... in], W [in Out], B [Out] -> [... Out]
//
// The parameters are made when it is first applied, with the width and dtype
// of that input; an input of another width or dtype is an error later. A
// parameter that is set before is used as it is, so that layers can share one.
type Dense struct {
	graph.Scope
	Out    int
	Act    func(*graph.Node) *graph.Node // nil for none
	NoBias bool
	Init   graph.Initializer // of W; nil for GlorotUniform. B starts at 0.
	W, B   *graph.Param
}

// Apply maps x [... in] to [... Out].
func (d *Dense) Apply(x *graph.Node) *graph.Node {
	if d == nil {
		return graph.Fail("dense", []*graph.Node{x}, "the layer is nil: want &nn.Dense{Out: n}")
	}
	return d.Wrap(func() *graph.Node {
		if bad := d.prepare(x); bad != nil {
			return bad
		}
		y := ops.MatMul(x, d.W.Node())
		if !d.NoBias {
			y = ops.Add(y, d.B.Node())
		}
		if d.Act != nil {
			y = d.Act(y)
		}
		return y
	})
}

// prepare makes the parameters for the input x, or returns a poisoned node that
// says why x does not fit.
func (d *Dense) prepare(x *graph.Node) *graph.Node {
	if bad := broken("dense", x); bad != nil {
		return bad
	}
	fail := func(format string, arg ...any) *graph.Node {
		return graph.Fail("dense", []*graph.Node{x}, format, arg...)
	}
	in, out, t := x.Shape().Dim(-1), graph.Dim(d.Out), x.Type()
	switch {
	case d.Out < 1:
		return fail("Out is %d: want the number of outputs", d.Out)
	case !t.DType.Float():
		return fail("want floats, got {0}: convert it with ops.Convert")
	case t.Rank() == 0:
		return fail("{0} is a scalar: want an axis of inputs")
	case in < 0:
		return fail("the last axis of {0} must have a known length: it is the height of the weights")
	}
	if d.W == nil {
		init := d.Init
		if init == nil {
			init = GlorotUniform
		}
		d.W = &graph.Param{Label: "W", Type: t.Of(graph.Of(in, out)), Init: init}
	}
	if d.B == nil && !d.NoBias {
		d.B = &graph.Param{Label: "B", Type: t.Of(graph.Of(out)), Init: Zeros}
	}
	if want := t.Of(graph.Of(in, out)); d.W.Type != want {
		return fail("{0} needs weights %v, but the layer has %s %v: use another nn.Dense for another input", want, d.W.Label, d.W.Type)
	}
	if want := t.Of(graph.Of(out)); !d.NoBias && d.B.Type != want {
		return fail("{0} needs a bias %v, but the layer has %s %v", want, d.B.Label, d.B.Type)
	}
	return nil
}
