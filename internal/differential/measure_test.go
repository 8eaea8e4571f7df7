package differential_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// An estimate is the value of a node by the ops' own Eval, and how far rounding
// may move each element of it.
type estimate struct {
	value   graph.Tensor
	off     []float64
	tipping bool // rounding may change it altogether
}

// What doc.go says: the number of evaluations with errors, the factor on the
// largest deviation, and the errors of one op in units of half an ulp of 1.
const (
	few      = 3 // evaluations suffice in most cases
	many     = 40
	factor   = 4
	elemUlps = 4
)

// A node as it is measured: its value, and those with errors.
type measured struct {
	value    graph.Tensor
	with     []graph.Tensor
	tipping  bool
	constant bool // no errors reach it
}

// A meter measures nodes, with so many evaluations with errors.
type meter struct {
	leaves   map[*graph.Node]graph.Tensor
	training bool
	samples  int
	rnd      *rand.Rand
}

// measure evaluates nodes without errors, and so many times with errors. The order
// has each node after its operands, and y among them.
func measure(order, y []*graph.Node, training bool, leaves map[*graph.Node]graph.Tensor, samples int, seed uint64) ([]estimate, error) {
	m := &meter{leaves: leaves, training: training, samples: samples, rnd: rand.New(rand.NewPCG(seed, 2))}
	all := map[*graph.Node]*measured{}
	for n, v := range leaves {
		all[n] = given(v, samples)
	}
	if err := m.run(order, all); err != nil {
		return nil, err
	}
	list := make([]estimate, len(y))
	for i, n := range y {
		list[i] = all[n].estimate()
	}
	return list, nil
}

// run measures the nodes that are not among all yet.
func (m *meter) run(order []*graph.Node, all map[*graph.Node]*measured) (err error) {
	for _, n := range order {
		if all[n] != nil {
			continue
		}
		switch op := n.Op().(type) {
		case graph.Chooser:
			all[n] = all[n.In()[op.Choose(m.training)]]
			continue
		case graph.Looper:
			var results []*graph.Node
			for _, o := range order {
				if p, ok := o.Op().(graph.Looper); ok && p.Parts().Loop == op.Parts().Loop && slices.Equal(o.In(), n.In()) {
					results = append(results, o)
				}
			}
			if err := m.loop(results, all); err != nil {
				return err
			}
			continue
		}
		if n.Op().Name() == "const" {
			all[n] = given(constant(n), m.samples)
			continue
		}
		in := make([]*measured, len(n.In()))
		for i, x := range n.In() {
			in[i] = all[x]
		}
		if all[n], err = measureNode(n, in, shapeOf(n, m.leaves), m.samples, m.rnd); err != nil {
			return err
		}
	}
	return nil
}

func given(v graph.Tensor, samples int) *measured {
	m := &measured{value: v, constant: true, with: make([]graph.Tensor, samples)}
	for s := range m.with {
		m.with[s] = v
	}
	return m
}

// shapeOf returns the shape of a node when the inputs have the given values.
func shapeOf(n *graph.Node, leaves map[*graph.Node]graph.Tensor) []int {
	shape := make([]int, n.Shape().Rank())
	for i, d := range n.Shape().Dims() {
		shape[i] = lengthOf(d, leaves)
	}
	return shape
}

// lengthOf returns what d is when the inputs have the given values.
func lengthOf(d graph.Dim, leaves map[*graph.Node]graph.Tensor) int {
	v, _ := d.Value(func(s graph.Dim) int {
		for x, v := range leaves {
			if j := slices.Index(x.Shape().Dims(), s); j >= 0 {
				return v.Shape[j]
			}
		}
		return 0
	})
	return v
}

func measureNode(n *graph.Node, in []*measured, shape []int, samples int, rnd *rand.Rand) (*measured, error) {
	m := &measured{constant: true, with: make([]graph.Tensor, samples)}
	operands := make([]graph.Tensor, len(in))
	for i, x := range in {
		operands[i] = x.value
		m.tipping = m.tipping || x.tipping
		m.constant = m.constant && x.constant
	}
	eval := func(in []graph.Tensor) (graph.Tensor, error) {
		out, err := graph.NewTensor(n.DType(), shape...)
		if err == nil {
			err = evalErr(n.Op(), out, in)
		}
		return out, err
	}
	var err error
	if m.value, err = eval(operands); err != nil {
		return nil, err
	}
	errors := rounding(n, m.value, operands, eval)
	m.constant = m.constant && errors == nil
	for s := range m.with {
		m.with[s] = m.value
		if m.constant {
			continue
		}
		for i, x := range in {
			operands[i] = x.with[s]
		}
		if m.with[s], err = eval(operands); err != nil { // an index that tips out of its axis
			m.with[s], m.tipping = m.value, true
		}
		disturb(m.with[s], errors, rnd)
	}
	if jumps(n) && !m.constant && !m.tipping {
		m.tipping = tips(n.Op().Name(), m.value, in, samples, eval)
	}
	return m, nil
}

func evalErr(op graph.Op, out graph.Tensor, in []graph.Tensor) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err, _ = r.(error)
		}
	}()
	op.Eval(out, in...)
	return nil
}

// exact ops only move or select elements, or are computed by the engine as by
// the reference executor.
var exact = []string{
	"reshape", "transpose", "broadcast", "slice", "unslice", "flip", "concat", "part", "pad", "take", "takealong", "where", "neg", "abs",
	"sign", "relu", "maximum", "minimum", "max", "floor", "ceil", "round", "iota", "count", "stopgradient", "later", "checknan", "zeros",
	"uniform", "normal", "snake", "maxpool", "pickpool",
}

// sums add up products of their operands' elements, or these themselves: their
// results on magnitudes are the sums of the magnitudes.
var sums = []string{
	"sum", "matmul", "cumsum", "recurrence", "untake", "untakealong", "conv", "convtranspose", "convweight", "avgpool", "unavgpool", "unpickpool",
}

// rounds tells whether the result of a node's op is rounded.
func rounds(n *graph.Node) bool {
	name := n.Op().Name()
	exactly := name == "convert" && !n.In()[0].DType().Float() && n.DType() == graph.Float64
	return n.DType().Float() && len(n.In()) > 0 && !slices.Contains(exact, name) && !exactly
}

// rounding returns how large the rounding errors of one op may be, for each
// element of its result, or nil if it has none.
func rounding(n *graph.Node, y graph.Tensor, in []graph.Tensor, eval func([]graph.Tensor) (graph.Tensor, error)) []float64 {
	if !rounds(n) {
		return nil
	}
	name := n.Op().Name()
	unit := unit(n.DType())
	errors := make([]float64, y.Len())
	allowed, sizes := elemUlps*unit, y
	magnitudes := slices.Clone(in)
	for i, x := range in {
		if name != "unpickpool" || i == 0 {
			magnitudes[i] = magnitude(x)
		}
	}
	switch {
	case slices.Contains(sums, name):
		sizes, _ = eval(magnitudes)
		fallthrough
	case name == "prod":
		allowed *= math.Sqrt(terms(name, y, in))
		if n.DType() == graph.Float64 { // which Eval adds one by one: terms that are equal are all rounded to one side
			allowed += unit * terms(name, y, in) / factor
		}
	case name == "logaddexp": // the larger operand, and what is added to it
		add(errors, y, allowed)
		sizes, _ = graph.NewTensor(n.DType(), y.Shape...)
		ops.Maximum(n, n).Op().Eval(sizes, magnitudes...)
	}
	add(errors, sizes, allowed)
	if name == "add" || name == "sub" { // a product that is added may stay as it is, unrounded
		for i, x := range n.In() {
			if !isProduct(x) {
				continue
			}
			sizes := in[i]
			if x.Shape() != n.Shape() {
				sizes, _ = graph.NewTensor(n.DType(), y.Shape...)
				ops.BroadcastTo(x, n.Shape()).Op().Eval(sizes, in[i])
			}
			add(errors, sizes, unit)
		}
	}
	return errors
}

// unit returns half an ulp of 1.
func unit(d graph.DType) float64 {
	if d == graph.Float64 {
		return math.Exp2(-53)
	}
	return math.Exp2(-24)
}

// add adds a multiple of the sizes to the errors, but for infinite ones.
func add(errors []float64, sizes graph.Tensor, multiple float64) {
	for i := range errors {
		if e := multiple * math.Abs(sizes.At(i)); e < math.Inf(1) {
			errors[i] += e
		}
	}
}

// isProduct reports whether n is a product, perhaps read in another way.
func isProduct(n *graph.Node) bool {
	for slices.Contains([]string{"neg", "reshape", "broadcast", "transpose", "slice", "flip"}, n.Op().Name()) {
		n = n.In()[0]
	}
	return slices.Contains([]string{"mul", "div", "square"}, n.Op().Name())
}

// terms returns how many terms a result is the sum of, or more.
func terms(name string, y graph.Tensor, in []graph.Tensor) float64 {
	n := in[0].Len()
	switch {
	case y.Len() == 0:
		return 1
	case name == "matmul":
		n = in[0].Shape[len(in[0].Shape)-1]
	case name == "sum", name == "prod":
		n /= y.Len()
	}
	return max(1, float64(n))
}

// magnitude returns |x| of floats, and x of others.
func magnitude(x graph.Tensor) graph.Tensor {
	if !x.DType.Float() {
		return x
	}
	y, _ := graph.NewTensor(x.DType, x.Shape...)
	for i := range y.Len() {
		y.Set(i, math.Abs(x.At(i)))
	}
	return y
}

// disturb adds an error to each element, one part of it common to all: a
// number that every element is multiplied by may be rounded.
func disturb(t graph.Tensor, errors []float64, rnd *rand.Rand) {
	if errors == nil {
		return
	}
	if t.DType == graph.Float32 {
		disturbElems(graph.Data[float32](t), errors, rnd)
	} else {
		disturbElems(graph.Data[float64](t), errors, rnd)
	}
}

func disturbElems[T float32 | float64](data []T, errors []float64, rnd *rand.Rand) {
	all := 2*rnd.Float64() - 1
	for i, e := range errors {
		data[i] = T(float64(data[i]) + e*(float64(int32(rnd.Uint32()))/(1<<31)+all))
	}
}

// jumps reports whether a small error in an operand may make a large one in
// the result.
func jumps(n *graph.Node) bool {
	switch n.Op().Name() {
	case "less", "lessequal", "equal", "floor", "ceil", "round", "sign", "mod", "argmax", "pickpool", "unpickpool":
		return true
	case "convert":
		return !n.DType().Float()
	}
	return false
}

// tips reports whether errors in the operands of such an op, as large as may be
// at the end, change its result.
func tips(name string, y graph.Tensor, in []*measured, samples int, eval func([]graph.Tensor) (graph.Tensor, error)) bool {
	step := 0.25 // more than an error, less than a jump
	if strings.HasSuffix(name, "pickpool") {
		step = 0
	}
	for s := range samples {
		for _, f := range []float64{factor, -factor} {
			operands := make([]graph.Tensor, len(in))
			for i, x := range in {
				operands[i] = x.value
				if x.value.DType.Float() && !x.constant && (step > 0 || i == 1) { // pools choose by the second
					operands[i] = moved(x.value, x.with[s], f)
				}
			}
			z, err := eval(operands)
			if err != nil {
				return true
			}
			for i := range y.Len() {
				if distance(y.At(i), z.At(i)) > step {
					return true
				}
			}
		}
	}
	return false
}

// moved returns x + f·(to - x).
func moved(x, to graph.Tensor, f float64) graph.Tensor {
	y, _ := graph.NewTensor(x.DType, x.Shape...)
	for i := range x.Len() {
		v := x.At(i)
		if d := f * (to.At(i) - v); !math.IsNaN(d) {
			v += d
		}
		y.Set(i, v)
	}
	return y
}

func (m *measured) estimate() estimate {
	e := estimate{value: m.value, off: make([]float64, m.value.Len()), tipping: m.tipping}
	tiny := math.SmallestNonzeroFloat32
	if m.value.DType != graph.Float32 {
		tiny = math.SmallestNonzeroFloat64
	}
	for i := range e.off {
		v := m.value.At(i)
		for _, w := range m.with {
			e.off[i] = max(e.off[i], factor*distance(v, w.At(i))+factor*tiny)
		}
	}
	return e
}

// distance returns |x - y|, 0 if both are NaN or the same infinity, and infinity
// if only one is.
func distance(x, y float64) float64 {
	switch {
	case x == y || math.IsNaN(x) && math.IsNaN(y):
		return 0
	case math.IsNaN(x) || math.IsNaN(y):
		return math.Inf(1)
	}
	return math.Abs(x - y)
}
