package cpu

import (
	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// A from is an operand of an instruction: operand i of v.
type from struct {
	v *val
	i int
}

// kernelOps are the kernels of the functions.
var kernelOps = [ir.NumOps]kernel.Op{
	ir.Copy: kernel.Copy, ir.Neg: kernel.Neg, ir.Abs: kernel.Abs, ir.Sign: kernel.Sign, ir.Square: kernel.Square, ir.Recip: kernel.Recip,
	ir.Sqrt: kernel.Sqrt, ir.Rsqrt: kernel.Rsqrt, ir.Exp: kernel.Exp, ir.Exp2: kernel.Exp2, ir.Expm1: kernel.Expm1, ir.Log: kernel.Log,
	ir.Log1p: kernel.Log1p, ir.Log2: kernel.Log2, ir.Log10: kernel.Log10, ir.Sin: kernel.Sin, ir.Cos: kernel.Cos, ir.Tan: kernel.Tan,
	ir.Asin: kernel.Asin, ir.Acos: kernel.Acos, ir.Atan: kernel.Atan, ir.Sinh: kernel.Sinh, ir.Cosh: kernel.Cosh, ir.Tanh: kernel.Tanh,
	ir.Asinh: kernel.Asinh, ir.Acosh: kernel.Acosh, ir.Atanh: kernel.Atanh, ir.Erf: kernel.Erf, ir.Erfc: kernel.Erfc, ir.Sigmoid: kernel.Sigmoid,
	ir.Softplus: kernel.Softplus, ir.ReLU: kernel.ReLU, ir.Floor: kernel.Floor, ir.Ceil: kernel.Ceil, ir.Round: kernel.Round, ir.IsNaN: kernel.IsNaN,
	ir.Not: kernel.Not, ir.Convert: kernel.Copy, ir.Add: kernel.Add, ir.Sub: kernel.Sub, ir.Mul: kernel.Mul, ir.Div: kernel.Div,
	ir.Maximum: kernel.Maximum, ir.Minimum: kernel.Minimum, ir.Pow: kernel.Pow, ir.Atan2: kernel.Atan2, ir.Mod: kernel.Mod, ir.Hypot: kernel.Hypot,
	ir.LogAddExp: kernel.LogAddExp, ir.Equal: kernel.Equal, ir.Less: kernel.Less, ir.LessEqual: kernel.LessEqual, ir.And: kernel.And, ir.Or: kernel.Or,
	ir.Xor: kernel.Xor, ir.Where: kernel.Where, ir.Sum: kernel.Sum, ir.Max: kernel.Max, ir.Min: kernel.Min, ir.Prod: kernel.Prod,
}

// pairs are the functions of two operands that join with a third: where the
// first or the second operand of the outer one is the result of the inner one.
var pairs = []struct {
	outer, inner ir.Op
	second       bool
	op           kernel.Op
}{
	{ir.Add, ir.Mul, false, kernel.FMA},
	{ir.Add, ir.Mul, true, kernel.FMA},
	{ir.Sub, ir.Mul, false, kernel.FMS},
	{ir.Sub, ir.Mul, true, kernel.FNMA},
	{ir.Mul, ir.Sub, false, kernel.SubMul},
	{ir.Mul, ir.Sub, true, kernel.SubMul},
	{ir.Mul, ir.Add, false, kernel.AddMul},
	{ir.Mul, ir.Add, true, kernel.AddMul},
	{ir.Mul, ir.Mul, false, kernel.MulMul},
	{ir.Mul, ir.Mul, true, kernel.MulMul},
	{ir.Sub, ir.Sub, false, kernel.SubSub},
}

// super finds the instruction that computes v, and what it reads: v's own, or
// one that does the work of an operand too.
func (g *gen) super(v *val) (kernel.Op, []from) {
	plain := make([]from, len(v.in))
	for i := range v.in {
		plain[i] = from{v, i}
	}
	if !g.isFull(v) {
		return kernelOps[v.Op], plain
	}
	if from := g.erfcMul(v); from != nil {
		return kernel.ErfcMul, from
	}
	for _, p := range pairs {
		if p.outer != v.Op {
			continue
		}
		i := 0
		if p.second {
			i = 1
		}
		if m, ok := g.private(v, i, p.inner); ok && g.wide(m, 0) && !(contracts(p.op) && (v.again || m.again)) {
			return p.op, []from{{m, 0}, {m, 1}, {v, 1 - i}}
		}
	}
	switch v.Op {
	case ir.Mul:
		for i := range 2 {
			if m, ok := g.private(v, i, ir.Square); ok && g.wide(m, 0) {
				return kernel.MulMul, []from{{m, 0}, {m, 0}, {v, 1 - i}}
			}
		}
	case ir.Exp:
		if m, ok := g.private(v, 0, ir.Sub); ok && g.wide(m, 0) {
			return kernel.ExpSub, []from{{m, 0}, {m, 1}}
		}
	case ir.Where:
		zero := v.in[2].v
		if m, ok := g.private(v, 0, ir.Less); ok && zero.Kind == ir.Const && zero.Num == 0 {
			return kernel.Above, []from{{m, 1}, {m, 0}, {v, 1}}
		}
		if m, ok := g.private(v, 0, ir.Equal); ok && !g.wide(v, 1) && !g.wide(v, 2) {
			return kernel.Choose, []from{{m, 0}, {m, 1}, {v, 1}, {v, 2}}
		}
	}
	return kernelOps[v.Op], plain
}

// erfcMul returns the operands of v = a·erfc(x·y)·z, where y and z are numbers, one per
// row at most, or nil: a gelu.
func (g *gen) erfcMul(v *val) []from {
	if v.Op != ir.Mul || g.wide(v, 1) {
		return nil
	}
	m, ok := g.private(v, 0, ir.Mul)
	for i := 0; ok && i < 2; i++ {
		e, found := g.private(m, i, ir.Erfc)
		if !found || !g.wide(m, 1-i) {
			continue
		}
		if s, ok := g.private(e, 0, ir.Mul); ok && g.wide(s, 0) && !g.wide(s, 1) {
			return []from{{s, 0}, {s, 1}, {m, 1 - i}, {v, 1}}
		}
	}
	return nil
}

// contracts reports whether op rounds a product and its sum once. It must not be
// used for a val that other passes compute too, for there the product may be
// needed, hence rounded, and a value must be the same everywhere: x = max(x) is
// true somewhere.
func contracts(op kernel.Op) bool {
	return op == kernel.FMA || op == kernel.FMS || op == kernel.FNMA
}

// private returns operand i of v if it is an op that nothing else needs, or that
// whatever needs it computes for itself.
func (g *gen) private(v *val, i int, op ir.Op) (*val, bool) {
	m := v.in[i].v
	ok := g.reads(v, i) && m.Kind == ir.Map && m.Op == op && (len(m.uses) == 1 || g.dissolves(m)) && !m.mat && !g.rowbuf[m] && m.mask == v.operandSpace(i)
	for k := range v.in {
		ok = ok && (k == i || v.in[k].v != m)
	}
	return m, ok
}

// dissolves reports whether m is a difference between memory and a number per row
// that is part of the instruction of each of its users, as x less the largest of its
// row is in a softmax and its logarithm.
func (g *gen) dissolves(m *val) bool {
	if m.Op != ir.Sub || g.reads(m, 0) || !g.wide(m, 0) || g.wide(m, 1) {
		return false
	}
	for _, u := range m.uses {
		if u.Op != ir.Exp && (u.Op != ir.Sub || u.in[0].v != m) || !g.isFull(u) {
			return false
		}
	}
	return true
}

// wide reports whether operand i of v moves along the columns.
func (g *gen) wide(v *val, i int) bool {
	last := len(g.g.dom.dims) - 1
	return v.in[i].moves.place(v.space)>>last&1 == 1
}

// reduce computes a reduction.
func (g *gen) reduce(v *val, p int) int32 {
	if v.Op == ir.Pick {
		return g.pick(v, p)
	}
	if d, ok := g.summed(v, p); ok {
		return d
	}
	op, args := kernelOps[v.Op], []from{{v, 0}}
	if v.Op == ir.Sum && v.space == g.g.dom.all() {
		if m, ok := g.private(v, 0, ir.Mul); ok && g.isFull(m) && g.wide(m, 0) && g.wide(m, 1) {
			op, args = kernel.Dot, []from{{m, 0}, {m, 1}}
		} else if m, ok := g.private(v, 0, ir.Square); ok && g.isFull(m) {
			op, args = kernel.SumSquares, []from{{m, 0}}
		}
	}
	i := inst{op: op, nx: uint8(len(args)), node: v.Node}
	for k, f := range args {
		a := g.arg(f.v, f.i, p)
		if !a.vector { // a number per row counts as often as there are columns
			a.at = g.spread(a, v)
		}
		i.x[k] = a.at
	}
	i.fn = kernel.Lookup(op, g.g.ct, 0)
	switch {
	case !v.acc:
		return g.reduceRows(v, i)
	case v.mask == 0:
		return g.accumulateAll(v, i)
	}
	return g.accumulateColumns(v, i)
}

// summed computes a sum of rows by the instruction that computes what is summed, if
// that is still to come and there is one that sums.
func (g *gen) summed(v *val, p int) (int32, bool) {
	e := v.in[0].v
	if v.Op != ir.Sum || v.acc || g.chunks > 1 || !g.reads(v, 0) || e.Kind != ir.Map || !g.isFull(e) {
		return 0, false
	}
	if _, ok := g.made[made{v: e, phase: -1}]; ok {
		return 0, false
	}
	op, from := g.super(e)
	switch {
	case op == kernel.ExpSub && !g.wide(from[1].v, from[1].i):
		op = kernel.ExpSubSum
	case op == kernel.FMA:
		op = kernel.FMASum
	default:
		return 0, false
	}
	i := inst{op: op, nx: uint8(len(from)), node: e.Node}
	kinds := uint8(0)
	for k, f := range from {
		a := g.arg(f.v, f.i, p)
		i.x[k] = a.at
		if !a.vector {
			kinds |= 1 << k
		}
	}
	i.fn = kernel.Lookup(op, g.g.ct, kinds)
	i.d = g.dest(e)
	sums := g.column(v)
	i.sums = sums + 1
	g.cur.code = append(g.cur.code, i)
	g.made[made{v: e, phase: -1}] = i.d
	return sums, true
}

// spread fills a tile with numbers per row.
func (g *gen) spread(a arg, v *val) int32 {
	to := g.tileRegister()
	g.cur.code = append(g.cur.code, inst{op: kernel.Copy, nx: 1, d: to, x: [4]int32{a.at}, fn: kernel.Lookup(kernel.Copy, g.g.ct, 1), node: v.Node})
	return to
}

// reduceRows makes each row one number.
func (g *gen) reduceRows(v *val, i inst) int32 {
	if g.chunks == 1 {
		i.d = g.column(v)
		g.cur.code = append(g.cur.code, i)
		return i.d
	}
	parts := g.operand(operand{reg: -1, size: (g.chunks*g.size + 63) &^ 63, pitch: g.size, col: g.size, chunk: true})
	i.d = parts
	g.cur.code = append(g.cur.code, i)
	d := g.column(v)
	op := combine(v.Op)
	g.columns = append(g.columns, inst{op: reduction(op), nx: 1, mode: overChunks, d: d, x: [4]int32{parts}, fn: kernel.Lookup(reduction(op), g.g.ct, 0), node: v.Node})
	return d
}

// column returns where a number per row goes: memory of its type, or a register.
func (g *gen) column(v *val) int32 {
	if v.mat && v.DType.Float() {
		return g.own(v)
	}
	return g.register(g.rb, g.size, 0)
}

// combine returns the function that joins two results of a reduction.
func combine(op ir.Op) kernel.Op {
	switch op {
	case ir.Max:
		return kernel.Maximum
	case ir.Min:
		return kernel.Minimum
	case ir.Prod:
		return kernel.Mul
	}
	return kernel.Add
}

// reduction returns the reduction whose joining function op is.
func reduction(op kernel.Op) kernel.Op {
	switch op {
	case kernel.Maximum:
		return kernel.Max
	case kernel.Minimum:
		return kernel.Min
	case kernel.Mul:
		return kernel.Prod
	}
	return kernel.Sum
}

// accumulator makes the place where a part of the rows adds up.
func (g *gen) accumulator(v *val) int32 {
	op := combine(v.Op)
	g.accs = append(g.accs, accum{v: v, n: v.Size(), op: op, start: identity(op)})
	o := operand{acc: len(g.accs)}
	if v.Size() > 1 { // an address past a single number would be fatal at the next garbage collection
		o.col = g.size
	}
	return g.operand(o)
}

// accumulateColumns adds the rows to an accumulator.
func (g *gen) accumulateColumns(v *val, i inst) int32 {
	a := g.accumulator(v)
	op := combine(v.Op)
	switch i.op {
	case kernel.Dot:
		i.op, i.x[2], i.nx = kernel.FMA, a, 3
	case kernel.SumSquares:
		i.op, i.x[1], i.x[2], i.nx = kernel.FMA, i.x[0], a, 3
	default:
		i.op, i.x[1], i.nx = op, a, 2
	}
	i.fn = kernel.Lookup(i.op, g.g.ct, 0)
	i.d = a
	g.cur.code = append(g.cur.code, i)
	return a
}

// accumulateAll adds all elements of a tile to one number.
func (g *gen) accumulateAll(v *val, i inst) int32 {
	a := g.accumulator(v)
	op := combine(v.Op)
	perRow := v.space != g.g.dom.all()
	total := func(x int32) int32 { // of numbers per row
		t := g.register(1, 0, 0)
		r := inst{op: reduction(op), nx: 1, mode: overColumn, d: t, x: [4]int32{x}, fn: kernel.Lookup(reduction(op), g.g.ct, 0), node: v.Node}
		g.append(r, perRow)
		return t
	}
	var t int32
	switch {
	case perRow:
		t = total(i.x[0])
	case g.rb == 1:
		t = g.register(1, 0, 0)
		i.d = t
		g.cur.code = append(g.cur.code, i)
	default:
		i.d = g.register(g.rb, g.size, 0)
		g.cur.code = append(g.cur.code, i)
		t = total(i.d)
	}
	g.append(inst{op: op, nx: 2, mode: overOne, d: a, x: [4]int32{t, a}, fn: kernel.Lookup(op, g.g.ct, 0), node: v.Node}, perRow)
	return a
}

// pick looks up an element of each row.
func (g *gen) pick(v *val, p int) int32 {
	x := g.arg(v, 0, p)
	e := &v.in[1]
	at := g.memory(e.v, v.steps(e), e.Off)
	d := g.column(v)
	g.ops[d].alone = true // it is written in one round of the loop over chunks only
	g.cur.code = append(g.cur.code, inst{op: kernel.Copy, nx: 2, mode: picking, d: d, x: [4]int32{x.at, at}, node: v.Node})
	return d
}
