package cpu

import (
	"slices"
	"unsafe"
)

// stripElems is how many elements of a tile are computed at a time by instructions that
// only use what the ones before have made or read: so few that all their registers stay
// in the first cache, which gives up to twice as much in the same time as the second.
const stripElems = 1024

// stripCode is from how many such instructions in a row it pays to start them more often.
const stripCode = 4

// stripRows returns the rows of a strip, or 0 if tiles are not cut into strips.
func (p *prog) stripRows() int {
	if n := max(1, stripElems/p.c); p.chunks == 1 && len(p.steps) == 1 && n < p.rb {
		return n
	}
	return 0
}

// arrange brings the instructions on whole tiles together that numbers per row lie
// between: those of the numbers that an instruction on a tile still needs go up, as far
// as what they read allows, and the others down.
func (g *gen) arrange() {
	if g.stripRows() == 0 {
		return
	}
	code := g.steps[0].code
	needed, maker := make([]bool, len(code)), make([]int, len(g.ops))
	for n := range code {
		maker[code[n].d] = n + 1
		if code[n].sums > 0 {
			maker[code[n].sums-1] = n + 1
		}
	}
	for n := len(code) - 1; n >= 0; n-- {
		if needed[n] || code[n].mode <= overRun {
			for _, x := range code[n].x[:code[n].nx] {
				if k := maker[x] - 1; k >= 0 && k < n {
					needed[k] = true
				}
			}
		}
	}
	moves := func(n int) bool { return code[n].mode == overColumn || code[n].mode == overOne }
	swap := func(n int) {
		code[n], code[n+1] = code[n+1], code[n]
		needed[n], needed[n+1] = needed[n+1], needed[n]
	}
	for n := range code {
		for k := n - 1; k >= 0 && moves(k+1) && needed[k+1] && !g.ordered(&code[k], &code[k+1]); k-- {
			swap(k)
		}
	}
	for n := len(code) - 1; n >= 0; n-- {
		for k := n; k+1 < len(code) && moves(k) && !needed[k] && !g.ordered(&code[k], &code[k+1]); k++ {
			swap(k)
		}
	}
}

// reads reports whether i reads what j makes.
func (i *inst) reads(j *inst) bool {
	x := i.x[:i.nx]
	return slices.Contains(x, j.d) || j.sums > 0 && slices.Contains(x, j.sums-1)
}

// ordered reports whether a and b, which follows it, cannot change places: one writes
// what the other reads or writes, or may, as values share memory.
func (g *gen) ordered(a, b *inst) bool {
	if b.reads(a) || a.reads(b) || a.d == b.d {
		return true
	}
	memory := func(i *inst) bool {
		return slices.ContainsFunc(i.x[:i.nx], func(x int32) bool { return g.ops[x].v != nil })
	}
	writesA, writesB := g.ops[a.d].v != nil, g.ops[b.d].v != nil
	return writesA && (writesB || memory(b)) || writesB && memory(a)
}

// cutStrips makes steps of their own of the instructions that are done strip by strip.
// What first reads memory, or writes it, is done on whole tiles, for which memory is
// faster.
func (g *gen) cutStrips() {
	rows := g.stripRows()
	if rows == 0 {
		return
	}
	code, touched := g.steps[0].code, make([]bool, len(g.ops))
	first := func(i *inst) (found bool) { // time that it touches some memory
		i.touch(func(x int32) {
			found = found || g.ops[x].v != nil && g.ops[x].row != 0 && !touched[x]
			touched[x] = true
		})
		return found
	}
	g.steps = nil
	whole, from := 0, 0 // where the instructions since the last strips begin, and those of the next
	flush := func(n int) {
		if n-from >= stripCode {
			if from > whole {
				g.steps = append(g.steps, step{loop: true, code: code[whole:from]})
			}
			g.steps = append(g.steps, step{loop: true, strip: rows, moves: g.moving(code, from, n), code: code[from:n]})
			whole = n
		}
		from = n + 1
	}
	for n := range code {
		if first(&code[n]) || code[n].mode > overRun {
			flush(n)
		}
	}
	flush(len(code))
	if whole < len(code) {
		g.steps = append(g.steps, step{loop: true, code: code[whole:]})
	}
}

// moving returns which operands of the instructions from and to lie elsewhere for each
// strip: all but the registers in places that hold nothing of other instructions.
func (g *gen) moving(code []inst, from, to int) (moves []int32) {
	inside, outside := make([]bool, len(g.ops)), make([]bool, len(g.ops))
	for n := range code {
		by := outside
		if from <= n && n < to {
			by = inside
		}
		code[n].touch(func(x int32) { by[x] = true })
	}
	shared := func(place int) bool {
		for x := range g.ops {
			if o := &g.ops[x]; inside[x] && outside[x] && o.size > 0 && o.reg == place {
				return true
			}
		}
		return false
	}
	for x := range g.ops {
		if o := &g.ops[x]; inside[x] && o.pitch != 0 && (o.size == 0 || shared(o.reg)) {
			moves = append(moves, int32(x))
		}
	}
	return moves
}

// touch visits the operands and the results of i.
func (i *inst) touch(visit func(x int32)) {
	for _, x := range i.x[:i.nx] {
		visit(x)
	}
	visit(i.d)
	if i.sums > 0 {
		visit(i.sums - 1)
	}
}

// strips runs the instructions of a step strip by strip.
func (p *prog) strips(w *worker, st *step, rows int) {
	at := 0
	for {
		p.code(w, st.code, min(st.strip, rows-at), 0, p.c)
		if at+st.strip >= rows {
			break
		}
		at += st.strip
		for _, x := range st.moves {
			w.cur[x] = unsafe.Add(w.cur[x], st.strip*p.ops[x].pitch)
		}
	}
	for _, x := range st.moves {
		w.cur[x] = unsafe.Add(w.cur[x], -at*p.ops[x].pitch)
	}
}
