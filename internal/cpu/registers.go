package cpu

import "slices"

// each visits the instructions in order.
func (p *prog) each(visit func(n int, i *inst)) {
	n := 0
	for s := range p.steps {
		for k := range p.steps[s].code {
			visit(n, &p.steps[s].code[k])
			n++
		}
	}
}

// allocate gives registers their place: one walk over the instructions, with a
// free list per size. A result may take the place of an operand that dies.
func (g *gen) allocate() {
	g.coalesce()
	last := make([]int, len(g.ops))
	g.each(func(n int, i *inst) {
		last[i.d] = n
		if i.sums > 0 {
			last[i.sums-1] = n
		}
		for _, x := range i.x[:i.nx] {
			last[x] = n
		}
	})
	if g.chunks > 1 {
		g.outlive(last)
	}
	free := map[int][]int{}
	begin := g.begins()
	late := map[int]int{} // after which instruction a place was free
	g.each(func(n int, i *inst) {
		for _, at := range []int32{i.d, i.sums - 1} {
			if at >= 0 && g.ops[at].size > 0 && g.ops[at].reg < 0 {
				g.placeRegister(n, i, at, last, free, func(reg int) bool { return late[reg] < begin[n] })
			}
		}
		d := &g.ops[i.d]
		for k, x := range i.x[:i.nx] {
			o := &g.ops[x]
			if o.size > 0 && !o.alone && last[x] == n && o.reg != d.reg && !slices.Contains(i.x[:k], x) {
				free[o.size] = append(free[o.size], o.reg)
				late[o.reg] = n
			}
		}
	})
}

// begins returns, for each instruction, the first one of its step.
func (g *gen) begins() (begin []int) {
	for s := range g.steps {
		first := len(begin)
		for range g.steps[s].code {
			begin = append(begin, first)
		}
	}
	return begin
}

// placeRegister gives a result of an instruction its place: that of an
// operand of the same form that dies here, a free one, or a new one. What a loop
// over chunks writes piece by piece must not lie where the next round of the loop
// writes again, so it needs a place that is free since before the loop.
func (g *gen) placeRegister(n int, i *inst, at int32, last []int, free map[int][]int, before func(reg int) bool) {
	d := &g.ops[at]
	if !d.alone && i.mode < picking && i.op.Pointwise() {
		for _, x := range i.x[:i.nx] {
			o := &g.ops[x]
			if o.size == d.size && o.pitch == d.pitch && o.col == d.col && !o.alone && last[x] == n {
				d.reg = o.reg
				return
			}
		}
	}
	pieces := g.chunks > 1 && (d.chunk || d.col != 0)
	for k := len(free[d.size]) - 1; k >= 0 && !d.alone; k-- {
		if reg := free[d.size][k]; !pieces || before(reg) {
			d.reg, free[d.size] = reg, slices.Delete(free[d.size], k, k+1)
			return
		}
	}
	d.reg = g.scratch
	g.scratch += d.size
	g.regs++
}

// outlive lets what comes into a loop over chunks live until all its rounds
// are over.
func (g *gen) outlive(last []int) {
	def := make([]int, len(g.ops))
	for i := range def {
		def[i] = -1
	}
	n := 0
	for s := range g.steps {
		from, end := n, n+len(g.steps[s].code)-1
		for k := range g.steps[s].code {
			i := &g.steps[s].code[k]
			for _, x := range i.x[:i.nx] {
				if def[x] >= 0 && def[x] < from {
					last[x] = max(last[x], end)
				}
			}
			if def[i.d] < 0 {
				def[i.d] = n
			}
			if g.ops[i.d].chunk || g.ops[i.d].col != 0 { // written piece by piece
				last[i.d] = max(last[i.d], end)
			}
			n++
		}
	}
}

// coalesce lets a register that dies into an output live in the output's memory
// from the start: the write misses then fall into the instruction that makes
// the value, and the tile needs less of the cache.
func (g *gen) coalesce() {
	if g.c*g.size%64 != 0 {
		return
	}
	last, writes := make([]int, len(g.ops)), make([]int, len(g.ops))
	var all []*inst
	g.each(func(n int, i *inst) {
		all = append(all, i)
		writes[i.d]++
		if i.sums > 0 {
			writes[i.sums-1]++
		}
		for _, x := range i.x[:i.nx] {
			last[x] = n
		}
	})
	for n, i := range all {
		d := &g.ops[i.d]
		if d.v == nil || d.v.store >= 0 || !g.isFull(d.v) || !d.v.DType.Float() || writes[i.d] != 1 || i.mode > overRun {
			continue
		}
		for _, x := range i.x[:i.nx] {
			o := &g.ops[x]
			tile := o.size == (g.rb*g.pitch()+63)&^63 && o.pitch == g.pitch() && o.col == 0
			whole := tile && (g.single || g.split) || !g.single && !g.split && o.col == g.size && !o.chunk && o.size == (g.c*g.size+63)&^63
			if o.size == 0 || o.alone || !whole || last[x] != n || writes[x] != 1 {
				continue
			}
			*o = operand{}
			for _, j := range all {
				if j.d == x {
					j.d = i.d
				}
				for k := range j.x[:j.nx] {
					if j.x[k] == x {
						j.x[k] = i.d
					}
				}
			}
			break
		}
	}
}
