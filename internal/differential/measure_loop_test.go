package differential_test

import (
	"slices"

	"github.com/adjointml/adjoint/graph"
)

// loop measures the results of a loop on the same operands, step by step: the
// ops in it round too.
func (m *meter) loop(results []*graph.Node, all map[*graph.Node]*measured) error {
	l := results[0].Op().(graph.Looper).Parts().Loop
	in := make([]*measured, len(results[0].In()))
	for i, x := range results[0].In() {
		in[i] = all[x]
	}
	switch l.Kind {
	case graph.Branch:
		return m.branch(l, results, in, all)
	case graph.WhileLoop:
		return m.while(l, results, in, all)
	}
	return m.scan(l, results, in, all)
}

// step measures nodes of a body for the given arguments.
func (m *meter) step(l *graph.Loop, of []*graph.Node, args []*measured) ([]*measured, error) {
	env := map[*graph.Node]*measured{}
	for i, a := range l.Args {
		env[a] = args[i]
	}
	if err := m.run(l.Body(of...), env); err != nil {
		return nil, err
	}
	out := make([]*measured, len(of))
	for i, n := range of {
		out[i] = env[n]
	}
	return out, nil
}

func (m *meter) branch(l *graph.Loop, results []*graph.Node, in []*measured, all map[*graph.Node]*measured) error {
	from := l.Next
	if in[0].value.At(0) == 0 {
		from = l.Else
	}
	out, err := m.step(l, from, in[1:])
	if err != nil {
		return err
	}
	for _, n := range results {
		all[n] = out[n.Op().(graph.Looper).Parts().I].tippedBy(in[0])
	}
	return nil
}

func (m *meter) while(l *graph.Loop, results []*graph.Node, in []*measured, all map[*graph.Node]*measured) error {
	args, tests := slices.Clone(in), &measured{}
	for k := 0; l.Limit == 0 || k < l.Limit; k++ {
		test, err := m.step(l, []*graph.Node{l.Test}, args)
		if err != nil {
			return err
		}
		tests.tipping = tests.tipping || test[0].tipping
		if test[0].value.At(0) == 0 {
			break
		}
		next, err := m.step(l, l.Next, args)
		if err != nil {
			return err
		}
		copy(args, next)
	}
	for _, n := range results {
		all[n] = args[n.Op().(graph.Looper).Parts().I].tippedBy(tests)
	}
	return nil
}

// tippedBy is x, or x as it may be another one if the test that it depends on
// tips.
func (x *measured) tippedBy(test *measured) *measured {
	y := *x
	y.tipping = x.tipping || test.tipping
	return &y
}

func (m *meter) scan(l *graph.Loop, results []*graph.Node, in []*measured, all map[*graph.Node]*measured) error {
	steps := lengthOf(l.Length, m.leaves)
	of := slices.Clone(l.Next)
	for _, n := range results {
		if r := n.Op().(graph.Looper).Parts(); r.Each != nil {
			of = append(of, r.Each)
		}
	}
	args := slices.Clone(in)
	each := make([][]*measured, len(of)-len(l.Next))
	for k := range steps {
		if l.Reverse {
			k = steps - 1 - k
		}
		for i := l.Carries; i < l.Carries+l.Slices; i++ {
			args[i] = in[i].slot(k)
		}
		out, err := m.step(l, of, args)
		if err != nil {
			return err
		}
		copy(args, out[:l.Carries])
		for i, y := range out[len(l.Next):] {
			each[i] = append(each[i], y)
		}
	}
	for _, n := range results {
		r := n.Op().(graph.Looper).Parts()
		if r.Each == nil {
			all[n] = args[r.I]
			continue
		}
		if l.Reverse {
			slices.Reverse(each[0])
		}
		all[n] = stackMeasured(n.DType(), shapeOf(n, m.leaves), each[0], m.samples)
		each = each[1:]
	}
	return nil
}

// slot is slice k along axis 0.
func (x *measured) slot(k int) *measured {
	y := *x
	y.value = slot(x.value, k)
	y.with = make([]graph.Tensor, len(x.with))
	for s, v := range x.with {
		y.with[s] = slot(v, k)
	}
	return &y
}

func stackMeasured(d graph.DType, shape []int, slots []*measured, samples int) *measured {
	y := &measured{constant: true, with: make([]graph.Tensor, samples)}
	pick := func(f func(x *measured) graph.Tensor) graph.Tensor {
		list := make([]graph.Tensor, len(slots))
		for i, x := range slots {
			list[i] = f(x)
		}
		return stack(d, shape, list)
	}
	for _, x := range slots {
		y.tipping, y.constant = y.tipping || x.tipping, y.constant && x.constant
	}
	y.value = pick(func(x *measured) graph.Tensor { return x.value })
	for s := range y.with {
		y.with[s] = pick(func(x *measured) graph.Tensor { return x.with[s] })
	}
	return y
}
