package cpu

import (
	"math"
	"slices"

	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// tileElems is how many elements of a pass are computed at a time: a register
// holds so many, rounded down to whole rows.
const tileElems = 4096

// A mode says over what an instruction runs.
type mode uint8

const (
	overTile   mode = iota // rows and columns
	overRun                // the same, lying in one run
	overColumn             // a number per row
	overOne                // a single number
	overChunks             // the parts of one row
	picking                // an element of each row
	indexing               // integers as places
	gathering              // elements with a step between columns
)

// An inst is one instruction of a pass.
type inst struct {
	fn   kernel.Func
	op   kernel.Op
	mode mode
	nx   uint8
	pad  bool  // runs to whole vectors, into the padding of registers
	run  int32 // elements of a row of the run
	d    int32
	x    [4]int32
	sums int32 // place of a second result + 1: the sums of the rows of the first
	dr   int   // the pitches of d, x and sums, at hand
	xr   [4]int
	sr   int
	node int // of the host, for reports
}

// A step is a run of instructions, done for each chunk of a row, for each strip of a
// tile, or once for all.
type step struct {
	loop  bool
	strip int     // rows of a strip, if the step is done in strips
	moves []int32 // operands that move from strip to strip
	code  []inst
}

// An accum adds up over all rows of a part.
type accum struct {
	v     *val
	n     int // elements
	op    kernel.Op
	start float64
	at    int // bytes from the first one
	fn    kernel.Func
	store kernel.Func // to memory of another type
}

// A prog computes one group tile by tile.
type prog struct {
	g        *group
	size     int   // of an element, in bytes
	outer    []int // lengths of the outer axes
	r, c     int
	rb, ch   int // rows and columns of a tile
	chunks   int
	single   bool // a tile holds whole rows
	split    bool // chunks are work of their own
	ops      []operand
	steps    []step
	accs     []accum
	consts   []float64
	numbers  []uint64 // the same, as elements
	byOuter  []int32  // operands that move along the outer axes
	byRow    []int32  // that move from tile to tile
	byColumn []int32  // and from chunk to chunk
	accBytes int
	scratch  int
	regs     int
	insts    int
	wides    int         // of the instructions, those on whole tiles
	times    int         // rows that are taken as one, if more than one
	repeats  []int32     // operands that are the same for all of these
	copy     kernel.Func // for them
}

// units returns the number of tiles, or of rows of tiles.
func (p *prog) units() int {
	n := ir.Size(p.outer) * ((p.r + p.rb - 1) / p.rb)
	if p.split {
		n *= p.chunks
	}
	return n
}

// A gen is the generator of one prog after the other, which reuses its memory.
type gen struct {
	*prog
	in      map[*val]bool
	axes    []axes // of the domain that each collapsed axis is made of
	phase   map[*val]int
	made    map[made]int32
	mem     map[memKey]int32
	rowbuf  map[*val]bool
	nums    map[float64]int32
	cur     *step
	columns []inst // code once per row, after the loop over chunks
	spare   []operand
}

// begin forgets the last prog and begins that of a group.
func (g *gen) begin(gr *group) {
	if g.in == nil {
		*g = gen{in: map[*val]bool{}, phase: map[*val]int{}, made: map[made]int32{}, mem: map[memKey]int32{}, rowbuf: map[*val]bool{}, nums: map[float64]int32{}}
	}
	clear(g.in)
	clear(g.phase)
	clear(g.made)
	clear(g.mem)
	clear(g.rowbuf)
	clear(g.nums)
	g.prog, g.axes, g.cur, g.columns = &prog{g: gr, size: gr.ct.Size(), ops: g.spare[:0]}, nil, nil, nil
}

// end returns the prog, with no more memory than it needs.
func (g *gen) end() *prog {
	g.spare, g.ops = g.ops, slices.Clone(g.ops)
	return g.prog
}

// made is a val in a phase, where phases differ.
type made struct {
	v     *val
	phase int
	as    int32 // the memory that is converted, or 0
}

type memKey struct {
	v     *val
	off   int
	steps [ir.MaxRank]int
}

// compile generates the program of a group.
func (g *gen) compile(gr *group) *prog {
	g.begin(gr)
	for _, v := range gr.vals {
		g.in[v] = true
	}
	g.collapse()
	g.cutTiles()
	top := g.phases()
	for _, v := range gr.vals { // what crosses phases and must be kept for a whole row
		if v.Kind == ir.Reduce || v.mat {
			for i := range v.in {
				g.need(v, i, g.phase[v])
			}
		}
	}
	for p := 0; p <= top; p++ {
		s := step{loop: true}
		g.cur, g.columns = &s, nil
		for _, v := range gr.vals {
			if g.phase[v] == p && (v.Kind == ir.Reduce || v.mat || g.rowbuf[v] || !g.single && g.isColumn(v)) {
				g.emit(v, p)
			}
		}
		if len(s.code) > 0 {
			g.steps = append(g.steps, s)
		}
		if len(g.columns) > 0 {
			g.steps = append(g.steps, step{code: g.columns})
		}
	}
	g.arrange()
	g.allocate()
	g.pads()
	g.cutStrips()
	g.finish()
	return g.end()
}

// pitches notes with the instructions how far apart the rows of their operands lie.
func (p *prog) pitches() {
	for s := range p.steps {
		for k := range p.steps[s].code {
			i := &p.steps[s].code[k]
			i.dr = p.ops[i.d].pitch
			for j, x := range i.x[:i.nx] {
				i.xr[j] = p.ops[x].pitch
			}
			if i.sums > 0 {
				i.sr = p.ops[i.sums-1].pitch
			}
		}
	}
}

// finish lists what the executor has to move.
func (g *gen) finish() {
	g.pitches()
	for i := range g.ops {
		o := &g.ops[i]
		if o.outer != nil {
			g.byOuter = append(g.byOuter, int32(i))
		}
		if o.row != 0 {
			g.byRow = append(g.byRow, int32(i))
		}
		if o.col != 0 && g.chunks > 1 {
			g.byColumn = append(g.byColumn, int32(i))
		}
	}
	for _, x := range g.consts {
		bits := math.Float64bits(x)
		if g.size == 4 {
			bits = uint64(math.Float32bits(float32(x)))
		}
		g.numbers = append(g.numbers, bits)
	}
	for k := range g.accs {
		a := &g.accs[k]
		a.fn = kernel.Lookup(a.op, g.g.ct, 0)
		if !a.v.DType.Float() {
			a.store = kernel.Lookup(kernel.ToBool, g.g.ct, 0)
		}
	}
	g.placeAccs()
}

func (g *gen) isFull(v *val) bool   { return v.mask == g.g.dom.all() }
func (g *gen) isColumn(v *val) bool { return !v.acc && !g.isFull(v) }

// reads reports whether operand i of v is computed in this pass.
func (g *gen) reads(v *val, i int) bool { return g.in[v.in[i].v] && !v.breaks(i) }

// collapse joins the axes of the space along which everything moves alike.
func (g *gen) collapse() {
	dims := g.g.dom.dims
	join := make([]bool, len(dims))
	for i := range join {
		join[i] = i > 0 && i != g.g.rows
	}
	for _, v := range g.g.vals {
		for i := 1; i < len(dims); i++ {
			join[i] = join[i] && (v.mask>>i&1 == v.mask>>(i-1)&1 || v.acc && v.mask == 0)
		}
		for k := range v.in {
			if g.reads(v, k) || v.in[k].v.Kind == ir.Const {
				continue
			}
			s := v.steps(&v.in[k])
			space := v.operandSpace(k)
			for i := 1; i < len(dims); i++ {
				join[i] = join[i] && (s[i-1] == s[i]*dims[i] && space>>i&1 == space>>(i-1)&1)
			}
		}
	}
	for i, d := range dims {
		if join[i] {
			n := len(g.outer) - 1
			g.outer[n] *= d
			g.axes[n] |= 1 << i
		} else {
			g.outer = append(g.outer, d)
			g.axes = append(g.axes, 1<<i)
		}
	}
	n := len(g.outer)
	g.r, g.c = 1, g.outer[n-1]
	if n > 1 {
		g.r = g.outer[n-2]
	}
	g.outer = g.outer[:max(n-2, 0)]
}

// cutTiles chooses the size of a tile.
func (g *gen) cutTiles() {
	columns := false
	for _, v := range g.g.vals {
		columns = columns || g.isColumn(v) || v.Kind == ir.Reduce && v.space != g.g.dom.all()
	}
	tile := tileElems
	if !columns && g.r == 1 {
		tile = min(tile, flatTile)
	}
	g.single = g.c <= tile
	if g.single {
		g.rb, g.ch, g.chunks = min(g.r, max(1, tile/g.c)), g.c, 1
		return
	}
	g.rb, g.ch = 1, tile
	g.chunks = (g.c + g.ch - 1) / g.ch
	g.split = !columns
}

// flatTile is the tile of a pass without rows: small, so that registers stay in
// the first-level cache.
const flatTile = 1024

// phases numbers what must wait for a number of the whole row.
func (g *gen) phases() (top int) {
	for _, v := range g.g.vals {
		p := 0
		for i, e := range v.in {
			if !g.reads(v, i) {
				continue
			}
			q := g.phase[e.v]
			if !g.single && g.isColumn(e.v) && (g.isFull(v) || v.Kind == ir.Reduce && !g.isColumn(v.in[0].v)) {
				q++
			}
			p = max(p, q)
		}
		g.phase[v] = p
		top = max(top, p)
	}
	return top
}

// againCost is the cost up to which a value is computed again in a later phase
// rather than kept for the whole row.
const againCost = 18

// again returns what computing operand i of v again in phase p costs.
func (g *gen) again(v *val, i, p, budget int) int {
	o := v.in[i].v
	if !g.reads(v, i) || o.mat || g.isColumn(o) || g.phase[o] == p || g.rowbuf[o] {
		return 0
	}
	if o.Kind != ir.Map {
		return budget + 1
	}
	cost := o.Op.Cost()
	for k := range o.in {
		if cost > budget {
			break
		}
		cost += g.again(o, k, p, budget-cost)
	}
	return cost
}

// need decides whether operand i of v, needed in phase p, is kept in a buffer.
func (g *gen) need(v *val, i, p int) {
	o := v.in[i].v
	if !g.reads(v, i) || o.mat || g.isColumn(o) || o.Kind == ir.Reduce || g.rowbuf[o] {
		return
	}
	if q := g.phase[o]; q < p && g.again(v, i, p, againCost) > againCost {
		g.rowbuf[o] = true
		p = q
	}
	for k := range o.in {
		g.need(o, k, p)
	}
}

// emit makes v available in phase p and returns its operand.
func (g *gen) emit(v *val, p int) int32 {
	k := made{v: v, phase: p}
	truths := v.mat && !v.DType.Float() // in memory as bytes, and in a register for the chunk
	if g.single || g.isColumn(v) || v.mat && !truths || g.rowbuf[v] || v.Kind == ir.Reduce {
		k.phase = -1
	} else if truths && p > g.phase[v] {
		return g.load(v, g.own(v), p, false).at
	}
	if d, ok := g.made[k]; ok {
		return d
	}
	var d int32
	if v.Kind == ir.Reduce {
		d = g.reduce(v, p)
	} else {
		d = g.mapping(v, p)
	}
	g.made[k] = d
	if truths && !v.acc { // what all rows are reduced to is stored after the last one
		g.store(v, d)
	}
	return d
}

// store writes a register to memory of another type.
func (g *gen) store(v *val, d int32) {
	op := map[ir.DType]kernel.Op{ir.Bool: kernel.ToBool, ir.I32: kernel.ToI32, ir.I64: kernel.ToI64}[v.DType]
	g.put(v, inst{op: op, nx: 1, d: g.own(v), x: [4]int32{d}}, []arg{{d, true}})
}

// An arg is an operand as an instruction reads it.
type arg struct {
	at     int32
	vector bool // moves along the columns, or in code for numbers per row along the rows
}

// arg makes operand i of v available in phase p.
func (g *gen) arg(v *val, i, p int) arg {
	e := &v.in[i]
	column := g.isColumn(v) && v.Kind == ir.Map || v.Kind == ir.Reduce && v.acc && v.space != g.g.dom.all()
	if e.v.Kind == ir.Const {
		return arg{g.number(e.v.Num), false}
	}
	if g.reads(v, i) {
		return arg{g.emit(e.v, p), column || !g.isColumn(e.v)}
	}
	m := g.memory(e.v, v.steps(e), e.Off)
	return g.load(v, m, p, column)
}

// load makes memory readable by the instructions: in the type of the pass, and
// with columns next to each other.
func (g *gen) load(v *val, m int32, p int, column bool) arg {
	o := &g.ops[m]
	size, step := o.v.DType.Size(), o.col
	if column {
		step = o.row
	}
	same := o.v.DType == floatType(g.g.ct)
	if same && (step == 0 || step == size) {
		return arg{m, step != 0}
	}
	k := made{o.v, p, m + 1}
	if g.single || column {
		k.phase = -1
	}
	if d, ok := g.made[k]; ok {
		return arg{d, step != 0}
	}
	i := inst{op: fromType(o.v.DType), nx: 1, x: [4]int32{m}, node: v.Node}
	if same {
		i.op = kernel.Copy
	}
	switch {
	case column:
		i.d = g.register(g.rb, g.size, 0)
		i.mode = overColumn
	case step == 0:
		i.d = g.register(g.rb, g.size, 0) // a number per row
		i.mode = overColumn
		if o.row != size && o.row != 0 {
			i.mode = gathering
		}
	default:
		i.d = g.tileRegister()
	}
	if step != 0 && step != size {
		i.mode = gathering
	}
	kinds := uint8(0)
	if i.mode == overColumn && o.row == 0 {
		kinds = 1
	}
	i.fn = kernel.Lookup(i.op, g.g.ct, kinds)
	g.append(i, column) // in a loop over chunks, a number per row too: what is done once per row comes after it
	g.made[k] = i.d
	return arg{i.d, step != 0}
}

func floatType(t kernel.Type) ir.DType {
	if t == kernel.F64 {
		return ir.F64
	}
	return ir.F32
}

func fromType(d ir.DType) kernel.Op {
	return [...]kernel.Op{kernel.FromF32, kernel.FromF64, kernel.FromI32, kernel.FromI64, kernel.FromBool}[d]
}

// append adds an instruction to the code of the phase: of its loop over chunks,
// or what is done once per row.
func (g *gen) append(i inst, perRow bool) {
	if perRow && !g.single {
		g.columns = append(g.columns, i)
	} else {
		g.cur.code = append(g.cur.code, i)
	}
}

// mapping computes a function of elements.
func (g *gen) mapping(v *val, p int) int32 {
	if v.Op == ir.Index {
		return g.index(v)
	}
	op, from := g.super(v)
	var args []arg
	i := inst{op: op, node: v.Node}
	for k, f := range from {
		a := g.arg(f.v, f.i, p)
		args = append(args, a)
		i.x[k] = a.at
	}
	if v.Op == ir.Convert && g.reads(v, 0) || v.Op == ir.Convert && v.in[0].v.Kind == ir.Const {
		// numbers of one register are of one type
		if !v.mat && v.DType != ir.Bool && args[0].vector {
			return i.x[0]
		}
	} else if v.Op == ir.Convert && !v.mat && v.DType.Float() && args[0].vector {
		return i.x[0] // load has converted it
	}
	i.nx = uint8(len(args))
	i.d = g.dest(v)
	g.put(v, i, args)
	return i.d
}

// index reads integers from memory as places along an axis.
func (g *gen) index(v *val) int32 {
	e := &v.in[0]
	i := inst{mode: indexing, nx: 2, node: v.Node, d: g.dest(v), x: [4]int32{g.memory(e.v, v.steps(e), e.Off), g.number(v.in[1].v.Num)}}
	g.append(i, g.isColumn(v))
	return i.d
}

// put adds the instruction of a function of elements.
func (g *gen) put(v *val, i inst, args []arg) {
	i.node = v.Node
	column := g.isColumn(v)
	if len(args) == 2 && !args[0].vector && args[1].vector && commutes(i.op) {
		args[0], args[1] = args[1], args[0]
		i.x[0], i.x[1] = i.x[1], i.x[0]
	}
	scalars := 0
	for _, a := range args {
		if !a.vector {
			scalars++
		}
	}
	if scalars == len(args) && !(i.op == kernel.Copy) { // spread one over the row
		var to int32 // one register only, for each gets a place if an instruction writes it
		if column {
			to = g.register(g.rb, g.size, 0)
		} else {
			to = g.tileRegister()
		}
		s := inst{op: kernel.Copy, nx: 1, d: to, x: [4]int32{i.x[0]}, node: v.Node}
		g.put(v, s, args[:1])
		args[0] = arg{to, true}
		i.x[0] = to
	}
	kinds := uint8(0)
	for k, a := range args {
		if !a.vector {
			kinds |= 1 << k
		}
	}
	switch {
	case column:
		i.mode = overColumn
	default:
		if n, ok := g.oneRun(i, args); ok {
			i.mode, i.run = overRun, int32(n)
		}
	}
	i.fn = kernel.Lookup(i.op, g.g.ct, kinds)
	g.append(i, column)
}

// oneRun returns the elements of a row if all rows of the tile lie in one run in
// each operand.
func (g *gen) oneRun(i inst, args []arg) (int, bool) {
	if g.rb == 1 {
		return g.ch, true
	}
	length := func(at int32) int {
		o := &g.ops[at]
		size := g.size
		if o.v != nil {
			size = o.v.DType.Size()
		}
		if o.pitch%size != 0 {
			return -1
		}
		return o.pitch / size
	}
	n := length(i.d)
	if g.ops[i.d].size == 0 && n != g.ch {
		return 0, false
	}
	for k, a := range args {
		if o := &g.ops[i.x[k]]; !a.vector {
			if o.pitch != 0 {
				return 0, false
			}
		} else if length(i.x[k]) != n {
			return 0, false
		}
	}
	return n, n > 0
}

func commutes(op kernel.Op) bool {
	switch op {
	case kernel.Add, kernel.Mul, kernel.Maximum, kernel.Minimum, kernel.Equal, kernel.And, kernel.Or, kernel.Xor:
		return true
	}
	return false
}

// pads lets instructions run to whole vectors where they write only registers,
// whose rows are padded, and read nothing that may end with its memory.
func (g *gen) pads() {
	for s := range g.steps {
		for k := range g.steps[s].code {
			i := &g.steps[s].code[k]
			g.insts++
			if i.mode <= overRun {
				g.wides++
			}
			if i.mode > overRun || !i.op.Pointwise() || g.ops[i.d].size == 0 || g.pitch()%64 != 0 || g.ops[i.d].pitch != g.pitch() {
				continue
			}
			i.pad = true
			for _, x := range i.x[:i.nx] {
				o := &g.ops[x]
				i.pad = i.pad && (o.size > 0 && o.pitch%64 == 0 || o.konst > 0 || o.size > 0 && o.pitch == g.size && o.col == 0)
			}
			if i.mode == overRun && g.rb == 1 && g.ch*g.size%64 != 0 {
				i.pad = false
			}
		}
	}
}
