package nn

import (
	"math/rand/v2"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// Dropout sets a share of the elements of x to 0 in training, each by itself
// with probability Rate, and multiplies the others by 1/(1-Rate), which keeps
// the mean. In programs made by graph.Compile it is x itself.
//
// What is dropped depends on State alone: its seed, which [Init] draws, and its
// step, which each training run counts up. Applying the layer again draws from
// another stream of the same state. A rate outside of [0, 1) is an error; 0
// leaves the layer out.
//
// Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a.html
type Dropout struct {
	graph.Scope
	Rate  float64
	State *graph.Param // i64[2]: seed and step

	streams int         // drawn from so far
	next    *graph.Node // the one assignment of all applications
}

// Apply maps x to a value of its type.
func (d *Dropout) Apply(x *graph.Node) *graph.Node {
	if bad := d.check(x); bad != nil {
		return bad
	}
	if d.Rate == 0 {
		return x
	}
	return d.Wrap(func() *graph.Node { return ops.InTraining(d.after(d.drop(x)), x) })
}

// check says what does not fit.
func (d *Dropout) check(x *graph.Node) *graph.Node {
	if bad := broken("dropout", x); bad != nil {
		return bad
	}
	fail := func(format string, arg ...any) *graph.Node {
		return graph.Fail("dropout", []*graph.Node{x}, format, arg...)
	}
	switch {
	case d == nil:
		return fail("the layer is nil: want &nn.Dropout{Rate: p}")
	case !(d.Rate >= 0 && d.Rate < 1):
		return fail("rate %g is outside of [0, 1): want the share of elements to drop", d.Rate)
	case !x.DType().Float():
		return fail("want floats, got {0}: convert it with ops.Convert")
	}
	return nil
}

// drop drops of x what the next stream says.
func (d *Dropout) drop(x *graph.Node) *graph.Node {
	return d.Wrap(func() *graph.Node {
		keep := ops.Bernoulli(d.state(), d.streams, 1-d.Rate, x.Shape())
		d.streams++
		return ops.Where(keep, ops.Scale(x, 1/(1-d.Rate)), graph.Scalar(0))
	})
}

// after is y with the step counted up. A loop keeps what assignments follow from
// all steps, so it is not for what is large in the body of one.
func (d *Dropout) after(y *graph.Node) *graph.Node {
	return d.Wrap(func() *graph.Node {
		if state := d.state(); d.next == nil {
			d.next = graph.Assign(d.State, ops.NextState(state))
		}
		return ops.After(y, d.next)
	})
}

// state is the node of State, which it makes if there is none.
func (d *Dropout) state() *graph.Node {
	if d.State == nil {
		d.State = &graph.Param{Label: "State", Type: graph.Type{DType: graph.Int64, Shape: graph.Of(2)}, Init: seedState}
	}
	return d.State.Node()
}

// seedState draws the seed of a random state and leaves its step at 0.
func seedState(t graph.Tensor, rnd *rand.Rand) { t.SetInt(0, rnd.Int64()) }
