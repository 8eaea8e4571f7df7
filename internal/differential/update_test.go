package differential_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A state is the value of each parameter of a program.
type state []graph.Tensor

// save returns a copy of the parameters.
func save(params []*graph.Param) (s state) {
	for _, p := range params {
		v, _ := graph.FromDense(p.Value)
		s = append(s, clone(v))
	}
	return s
}

func clone(v graph.Tensor) graph.Tensor {
	c, _ := graph.NewTensor(v.DType, v.Shape...)
	c.Copy(v)
	return c
}

// restore gives the parameters their saved values.
func (s state) restore(params []*graph.Param) {
	for i, p := range params {
		v, _ := graph.FromDense(p.Value)
		v.Copy(s[i])
	}
}

// after runs a program from a state and returns the state that it leaves.
func (s state) after(p *graph.Program, feeds []graph.Feed) (state, []graph.Tensor, error) {
	s.restore(p.Params())
	out, err := eval(p, feeds)
	return save(p.Params()), out, err
}

// TestRandomUpdates compares programs that store values of random graphs in
// parameters: also the values of other parameters, and of one twice.
func TestRandomUpdates(t *testing.T) {
	v := seeds(t, 300, func(seed uint64) (v verdict, err error) {
		g := newGrower(seed)
		for len(g.params) < 3 {
			g.leaf(g.float, literal(g, g.dims()))
		}
		for _, p := range g.params {
			g.push(p.Node())
		}
		for range 3 + g.rnd.IntN(20) {
			g.grow()
		}
		var assigned []*graph.Param
		var next, stores []*graph.Node
		for _, p := range g.params {
			if n := g.next(p); n != nil {
				assigned, next, stores = append(assigned, p), append(next, n), append(stores, graph.Assign(p, n))
			}
		}
		out := g.outputs()
		if len(assigned) == 0 {
			return v, nil
		}
		p, err := compileTraining(out, stores)
		if err != nil {
			return v, err
		}
		for range 2 {
			u := g.trial(seed, next, choose(g, g.bindings))
			if u == nil {
				continue
			}
			u.training = true
			w, err := u.compareUpdates(p, out, assigned)
			if err != nil {
				return v, fmt.Errorf("%w\n%s", err, p.Listing())
			}
			v.judged += w.judged
			v.skipped += w.skipped
		}
		return v, nil
	})
	t.Logf("%d updates judged, %d not", v.judged, v.skipped)
	if os.Getenv("ADJOINT_SEED") == "" {
		assert.Greater(t, v.judged, 10*v.skipped, "most updates are judged")
	}
}

func compileTraining(out, stores []*graph.Node) (p *graph.Program, err error) {
	defer catch(&err)
	return graph.CompileTraining(out, stores...)
}

// literal replaces symbols, which parameters cannot have.
func literal(g *grower, dims []graph.Dim) []graph.Dim {
	for i, d := range dims {
		dims[i] = max(1, graph.Dim(g.known(d)))
	}
	return dims
}

// next makes the next value of a parameter, or none.
func (g *grower) next(p *graph.Param) *graph.Node {
	x := p.Node()
	same := g.pick(func(n *graph.Node) bool { return n.Type() == p.Type })
	switch k := g.rnd.IntN(5); {
	case k == 0:
		return nil
	case k == 1 && same != nil: // of another parameter, perhaps, or of itself
		return same
	case !p.Type.DType.Float():
		return nil
	case k == 2 && same != nil:
		return ops.Add(ops.Scale(x, 0.9), ops.Scale(same, 0.1))
	}
	d := autodiff.Grad(g.scalar(g.any1()), x)[0]
	if p.Type.DType != g.float {
		return nil
	}
	return ops.Sub(x, ops.Scale(d, 0.01))
}

// compareUpdates runs a program on both executors and compares the parameters
// that were assigned the trial's outputs, and the program's outputs.
func (t *trial) compareUpdates(p *graph.Program, out []*graph.Node, assigned []*graph.Param) (v verdict, err error) {
	before := save(p.Params())
	want, wantOut, wantErr := before.after(p.Reference(), t.feeds())
	got, gotOut, gotErr := before.after(p, t.feeds())
	again, _, _ := before.after(p, t.feeds())
	if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
		return v, fmt.Errorf("error %v, want %v", gotErr, wantErr)
	}
	place := map[*graph.Param]int{}
	for i, q := range p.Params() {
		place[q] = i
		if at := firstDifference(got[i], again[i]); at >= 0 {
			return v, fmt.Errorf("%s element %d: %v, and %v in the second run", q.Label, at, got[i].At(at), again[i].At(at))
		}
		if wantErr != nil && firstDifference(got[i], before[i]) >= 0 {
			return v, fmt.Errorf("%s has changed in a run that fails", q.Label)
		}
	}
	if wantErr != nil {
		return v, nil
	}
	u := *t
	u.out = append(append([]*graph.Node{}, t.out...), out...)
	var gotAll, wantAll []graph.Tensor
	for _, q := range assigned {
		gotAll, wantAll = append(gotAll, got[place[q]]), append(wantAll, want[place[q]])
	}
	return u.within(append(gotAll, gotOut...), append(wantAll, wantOut...))
}

var rules = []struct {
	name string
	rule optim.Rule
}{
	{"sgd", optim.SGD(0.1)}, {"momentum", optim.SGD(0.1, optim.SGDOptions{Momentum: 0.9})}, {"adam", optim.Adam(1e-2)},
	{"adamw", optim.AdamW(1e-2, 0.1)}, {"rmsprop", optim.RMSProp(1e-2)}, {"adagrad", optim.Adagrad(1e-2)},
	{"adadelta", optim.Adadelta(1)}, {"adamax", optim.Adamax(1e-2)}, {"nadam", optim.NAdam(1e-2)}, {"radam", optim.RAdam(1e-2)},
	{"lion", optim.Lion(1e-3, 0.1)}, {"rprop", optim.Rprop(1e-2)}, {"asgd", optim.ASGD(1e-2)},
	{"clip", optim.Adam(1e-2).ClipNorm(0.5)}, {"cosine", optim.SGD(0.1).Schedule(optim.Cosine(10, 0))},
}

// TestRandomTraining compares all parameters after steps of each rule, those
// of its memory included.
func TestRandomTraining(t *testing.T) {
	for i, r := range rules {
		seeds(t, 12, func(seed uint64) (v verdict, err error) {
			g := newGrower(seed*100 + uint64(i))
			g.special = false
			for len(g.params) < 3 {
				g.leaf(g.float, literal(g, g.dims()))
			}
			for _, p := range g.params {
				g.push(p.Node())
			}
			for range 3 + g.rnd.IntN(12) {
				g.grow()
			}
			loss := g.scalar(g.any1())
			for _, p := range g.params {
				if p.Type.DType == g.float {
					loss = ops.Add(loss, g.scalar(p.Node()))
				}
			}
			p, err := optim.Minimize(loss, g.params, r.rule, g.outputs()...)
			if err != nil {
				return v, fmt.Errorf("%s: %w", r.name, err)
			}
			for step := range 3 {
				u := g.trial(seed, nil, g.bindings[0])
				u.training = true
				if err := u.compareStep(p); err != nil {
					return v, fmt.Errorf("%s, step %d: %w\n%s", r.name, step, err, p.Listing())
				}
			}
			return v, nil
		})
	}
}

// compareStep compares the parameters after a step that both executors make
// from the same state.
func (t *trial) compareStep(p *graph.Program) error {
	before := save(p.Params())
	want, _, wantErr := before.after(p.Reference(), t.feeds())
	got, _, gotErr := before.after(p, t.feeds())
	if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
		return fmt.Errorf("error %v, want %v", gotErr, wantErr)
	}
	value := map[graph.Op]graph.Tensor{}
	for n, v := range t.leaves {
		value[n.Op()] = v
	}
	for i, q := range p.Params() {
		value[q] = before[i]
	}
	u := &trial{seed: t.seed, leaves: map[*graph.Node]graph.Tensor{}}
	for _, n := range p.Nodes() { // which are not those that were compiled
		if len(n.In()) > 0 {
			continue
		}
		if v, ok := value[n.Op()]; ok {
			u.leaves[n] = v
		}
	}
	var open []step
	for i, q := range p.Params() {
		if firstDifference(got[i], want[i]) >= 0 {
			open = append(open, step{q, got[i], want[i], nil})
		}
	}
	if len(open) == 0 {
		return nil
	}
	if err := u.stored(p.Nodes(), open); err != nil {
		return err
	}
	var err error
	for _, samples := range []int{few, 4 * few, many} {
		if len(open) > 0 {
			open, err = u.judgeSteps(p.Nodes(), open, samples)
		}
	}
	return err
}

// A step is the new value of a parameter by both executors, and the nodes that may be
// it: those with the bits that the reference executor has stored.
type step struct {
	q         *graph.Param
	got, want graph.Tensor
	nodes     []*graph.Node
}

// stored finds the nodes of the steps.
func (t *trial) stored(nodes []*graph.Node, steps []step) error {
	values, err := measure(nodes, nodes, true, t.leaves, 0, t.seed)
	if err != nil {
		return err
	}
	for i := range steps {
		s := &steps[i]
		for k, n := range nodes {
			if n.Type() == s.q.Type && firstDifference(values[k].value, s.want) < 0 {
				s.nodes = append(s.nodes, n)
			}
		}
		if len(s.nodes) == 0 {
			return fmt.Errorf("%s: no step of the program has the value that the reference executor has stored", s.q.Label)
		}
	}
	return nil
}

// judgeSteps is judge for parameters.
func (t *trial) judgeSteps(nodes []*graph.Node, open []step, samples int) (failed []step, err error) {
	var y []*graph.Node
	for _, s := range open {
		y = append(y, s.nodes...)
	}
	needed := map[*graph.Node]bool{}
	for _, n := range graph.Topo(y...) {
		needed[n] = true
	}
	order := slices.DeleteFunc(nodes, func(n *graph.Node) bool { return !needed[n] })
	estimates, err := measure(order, y, true, t.leaves, samples, t.seed)
	if err != nil {
		return open, err
	}
	for _, s := range open {
		var bad error
		for _, e := range estimates[:len(s.nodes)] {
			if bad = agree(s.got, s.want, e.off); bad == nil || e.tipping {
				bad = nil
				break
			}
		}
		estimates = estimates[len(s.nodes):]
		if bad == nil {
			continue
		}
		if failed = append(failed, s); err == nil {
			err = fmt.Errorf("%s: %w", s.q.Label, bad)
		}
	}
	return failed, err
}
