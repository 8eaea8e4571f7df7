package differential_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// A trial is a graph with the values of its inputs.
type trial struct {
	seed     uint64
	out      []*graph.Node
	training bool
	leaves   map[*graph.Node]graph.Tensor // of inputs, and of parameters
}

// A verdict says how many outputs were compared and how many could not be
// judged.
type verdict struct{ judged, skipped int }

func (t *trial) feeds() []graph.Feed {
	var list []graph.Feed
	for n, v := range t.leaves {
		if strings.HasPrefix(n.Op().Name(), "input ") {
			list = append(list, n.IsTensor(v))
		}
	}
	return list
}

// scattered feeds the same values as rows from anywhere in larger tensors.
func (t *trial) scattered() ([]graph.Feed, error) {
	rnd := rand.New(rand.NewPCG(t.seed, 5))
	list := t.feeds()
	for i, f := range list {
		v := f.Value
		if len(v.Shape) == 0 || v.Len() == 0 {
			continue
		}
		n := v.Shape[0]
		all, err := graph.NewTensor(v.DType, append([]int{3 * n}, v.Shape[1:]...)...)
		if err != nil {
			return nil, err
		}
		rows, row := rnd.Perm(3 * n)[:n], v.Len()/n
		for k := range v.Len() {
			at := rows[k/row]*row + k%row
			if v.DType == graph.Int64 {
				all.SetInt(at, v.Int(k))
			} else {
				all.Set(at, v.At(k))
			}
		}
		d, err := all.Dense()
		if err != nil {
			return nil, err
		}
		list[i] = f.Input.Rows(d, rows).Next(rows)
	}
	return list, nil
}

// compile makes the program; a panic of the compiler's comes back as an error.
func compile(out []*graph.Node) (p *graph.Program, err error) {
	defer catch(&err)
	return graph.Compile(out...)
}

func eval(p *graph.Program, feeds []graph.Feed) (out []graph.Tensor, err error) {
	defer catch(&err)
	return p.Eval(context.Background(), feeds...)
}

func catch(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// compare runs the graph on both executors.
func (t *trial) compare(p *graph.Program) (v verdict, err error) {
	feeds := t.feeds()
	want, wantErr := eval(p.Reference(), feeds)
	got, gotErr := eval(p, feeds)
	if wantErr != nil || gotErr != nil {
		if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
			return v, fmt.Errorf("error %v, want %v", gotErr, wantErr)
		}
		return v, nil
	}
	scattered, err := t.scattered()
	if err != nil {
		return v, err
	}
	for _, feeds := range [][]graph.Feed{feeds, scattered, scattered} {
		again, err := eval(p, feeds)
		if err != nil {
			return v, fmt.Errorf("another run fails: %w", err)
		}
		for i := range got {
			if at := firstDifference(got[i], again[i]); at >= 0 {
				return v, fmt.Errorf("output %d element %d: %v, and %v in another run", i, at, got[i].At(at), again[i].At(at))
			}
		}
	}
	return t.within(got, want)
}

// An outcome is an output of both executors.
type outcome struct {
	place     int
	n         *graph.Node
	got, want graph.Tensor
}

// within compares the outputs within what evaluations with errors allow, more of them
// for what fails with few. What differs by no more than an ulp, after an op that
// rounds, needs none.
func (t *trial) within(got, want []graph.Tensor) (v verdict, err error) {
	var open []outcome
	for i, n := range t.out {
		if alike(n, got[i], want[i]) {
			v.judged++
		} else {
			open = append(open, outcome{i, n, got[i], want[i]})
		}
	}
	for _, samples := range []int{few, 4 * few, many} {
		if len(open) > 0 {
			open, err = t.judge(&v, open, samples)
		}
	}
	return v, err
}

// alike tells whether two values of a node agree to what its own op may be off.
func alike(n *graph.Node, got, want graph.Tensor) bool {
	ulp := 0.0
	if rounds(n) {
		ulp = 2 * unit(n.DType())
	}
	if got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) {
		return false
	}
	for i := range got.Len() {
		if w := want.At(i); distance(got.At(i), w) > ulp*math.Abs(w) {
			return false
		}
	}
	return true
}

// judge compares outputs within what so many evaluations allow, and returns those that
// differ, with how the first of them does.
func (t *trial) judge(v *verdict, open []outcome, samples int) (failed []outcome, err error) {
	y := make([]*graph.Node, len(open))
	for i, o := range open {
		y[i] = o.n
	}
	estimates, err := measure(graph.Topo(y...), y, t.training, t.leaves, samples, t.seed)
	if err != nil {
		return open, err
	}
	for i, o := range open {
		e := estimates[i]
		if e.tipping {
			v.skipped++
			continue
		}
		for j := range e.off {
			zeros := math.IsNaN(e.value.At(j)) && !math.IsNaN(o.want.At(j)) // times NaN are zeros in a program
			if zeros || !finite(o.got.At(j)) && !finite(o.want.At(j)) {
				e.off[j] = math.Inf(1)
			}
		}
		bad := agree(o.got, o.want, e.off)
		if bad == nil {
			v.judged++
			continue
		}
		if failed = append(failed, o); err == nil {
			err = fmt.Errorf("output %d: %w", o.place, bad)
		}
	}
	return failed, err
}

// finite reports whether x is a number like others. Of two results that are not,
// one may be NaN and the other infinite: a factor is taken out of a sum, so an
// infinite one may meet no zero.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// firstDifference returns the first element that is not the same, or -1.
func firstDifference(x, y graph.Tensor) int {
	for i := range x.Len() {
		if distance(x.At(i), y.At(i)) != 0 {
			return i
		}
	}
	return -1
}

// agree compares floats within the given distances and others exactly.
func agree(got, want graph.Tensor, off []float64) error {
	if got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) {
		return fmt.Errorf("%v%v, want %v%v", got.DType, got.Shape, want.DType, want.Shape)
	}
	bad, first := 0, -1
	for i := range got.Len() {
		if distance(got.At(i), want.At(i)) > off[i] {
			if bad++; first < 0 {
				first = i
			}
		}
	}
	if bad == 0 {
		return nil
	}
	return fmt.Errorf("%v%v: %d elements are wrong, the first %d: %v, want %v ± %.3g", got.DType, got.Shape, bad, first, got.At(first), want.At(first), off[first])
}

// fails compiles and compares some nodes of the graph; sub replaces nodes by
// inputs with the values they have.
func (t *trial) fails(y []*graph.Node, sub map[*graph.Node]*graph.Node, values map[*graph.Node]graph.Tensor) (*graph.Program, error) {
	u := &trial{seed: t.seed, out: graph.Rewrite(y, sub), leaves: map[*graph.Node]graph.Tensor{}}
	for n, v := range t.leaves {
		u.leaves[n] = v
	}
	for n, x := range sub {
		u.leaves[x] = values[n]
	}
	for n := range u.leaves { // feeds of inputs that lend a symbol stay
		if !slices.Contains(graph.Topo(u.out...), n) && sub[n] == nil {
			delete(u.leaves, n)
		}
	}
	p, err := compile(u.out)
	if err != nil {
		return nil, nil // such as a symbol that no input has any more
	}
	_, err = u.compare(p)
	return p, err
}

// shrink looks for a small part of a graph that fails and describes it.
func (t *trial) shrink() string {
	out := slices.Clone(t.out)
	p, err := t.fails(out, nil, nil)
	if err == nil {
		return "the failure does not come back"
	}
	for i := 0; i < len(out) && len(out) > 1; { // drop outputs
		fewer := slices.Delete(slices.Clone(out), i, i+1)
		if q, e := t.fails(fewer, nil, nil); e != nil {
			out, p, err = fewer, q, e
		} else {
			i++
		}
	}
	if len(out) == 1 { // the first node that fails alone
		for _, n := range graph.Topo(out...) {
			if q, e := t.fails([]*graph.Node{n}, nil, nil); e != nil {
				out, p, err = []*graph.Node{n}, q, e
				break
			}
		}
	}
	values := t.values(out)
	for depth := 1; depth < 40 && values != nil; depth++ {
		if q, e := t.fails(out, cut(out, depth), values); e != nil {
			p, err = q, e
			break
		}
	}
	return fmt.Sprintf("%v\n%s", err, p.Listing())
}

// values returns the value of each node, or nil if they cannot be computed.
func (t *trial) values(out []*graph.Node) map[*graph.Node]graph.Tensor {
	order := graph.Topo(out...)
	list, err := measure(order, order, false, t.leaves, 0, t.seed)
	if err != nil {
		return nil
	}
	values := map[*graph.Node]graph.Tensor{}
	for i, n := range order {
		values[n] = list[i].value
	}
	return values
}

// cut replaces what lies more than depth steps below the outputs by inputs.
func cut(out []*graph.Node, depth int) map[*graph.Node]*graph.Node {
	sub := map[*graph.Node]*graph.Node{}
	near := map[*graph.Node]bool{}
	layer := out
	for range depth {
		var below []*graph.Node
		for _, n := range layer {
			if !near[n] {
				near[n] = true
				below = append(below, n.In()...)
			}
		}
		layer = below
	}
	for n := range near {
		for _, x := range n.In() {
			if !near[x] && len(x.In()) > 0 {
				sub[x] = graph.InputOf(x.DType(), fmt.Sprint("v", len(sub)), x.Shape().Dims()...)
			}
		}
	}
	return sub
}
