package cpu

import (
	"cmp"
	"slices"

	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// A group is a set of vals computed in one pass over its space.
type group struct {
	vals  []*val // each after its operands
	dom   *domain
	rows  int
	ct    kernel.Type
	level int
	seq   int // among the pieces of one that was cut
}

// breaks reports whether v cannot read e within one pass.
func (v *val) breaks(i int) bool {
	e := &v.in[i]
	o := e.v
	return !v.fusible() || !e.continues(v) || o.dom != v.dom || o.rows != v.rows || o.mask != e.moves.place(v.operandSpace(i)) || v.DType.Float() && v.Op == ir.Convert && o.DType.Float()
}

// breaksFor reports whether one of u's reads of v breaks.
func (v *val) breaksFor(u *val) bool {
	for i := range u.in {
		if u.in[i].v == v && u.breaks(i) {
			return true
		}
	}
	return false
}

// levels gives each val the number of breaking edges on its longest path: what
// is on one level can run at once. An edge between two groups always goes up a
// level, so groups formed within levels cannot form a cycle.
func (c *compiler) levels() {
	for _, v := range c.vals {
		v.level = 0
		for i := range v.in {
			o := v.in[i].v
			if o.leaf() {
				continue
			}
			l := o.level
			if !c.fused || v.breaks(i) {
				l++
			}
			v.level = max(v.level, l)
		}
	}
}

// inMemory reports whether o lies in memory whatever becomes of its user but.
func (o *val) inMemory(but *val) bool {
	if o.leaf() || o.out || !o.fusible() {
		return true
	}
	for _, u := range o.uses {
		if u != but && (o.breaksFor(u) || u.level != o.level) {
			return true
		}
	}
	return false
}

// cacheBytes is the size below which an array stays in the second-level cache
// between passes.
const cacheBytes = 512 << 10

// sink moves a map to the level of what uses it, or computes it again at each
// such level, where that costs less than carrying it through memory.
func (c *compiler) sink() {
	cloned := false
	for i := len(c.vals) - 1; i >= 0; i-- {
		v := c.vals[i]
		if v.Kind != ir.Map || !v.fusible() || v.out {
			continue
		}
		lo, hi, ok := v.useLevels()
		if !ok || hi == v.level {
			continue
		}
		extra := 0 // elements that would newly lie in memory
		for _, e := range v.in {
			if !e.v.inMemory(v) {
				extra += e.v.Size()
			}
		}
		if extra > v.Size() {
			continue
		}
		if lo == hi {
			v.level = lo
			continue
		}
		limit := 12 // what a store and a load of one element cost
		if v.Size()*v.ct.Size() > cacheBytes {
			limit = 40
		}
		if v.Op.Cost() <= limit {
			v.split(max(lo, v.level))
			cloned = true
		}
	}
	if cloned {
		list := make([]*val, 0, len(c.vals)*5/4)
		for _, v := range c.vals {
			for ; v != nil; v = v.next {
				list = append(list, v)
			}
		}
		c.vals = list
		for i, v := range c.vals {
			v.id = i
		}
	}
}

// useLevels returns the lowest and the highest level of v's users, and whether
// all could read it within a pass.
func (v *val) useLevels() (lo, hi int, ok bool) {
	lo = 1 << 30
	for _, u := range v.uses {
		if v.breaksFor(u) {
			return 0, 0, false
		}
		lo, hi = min(lo, u.level), max(hi, u.level)
	}
	return lo, hi, len(v.uses) > 0
}

// split leaves v at the given level and gives a clone of it to the users at
// each of the others.
func (v *val) split(level int) {
	v.again = true
	keep := make([]*val, 0, len(v.uses))
	for _, u := range v.uses {
		if u.level == level {
			keep = append(keep, u)
			continue
		}
		last := v
		for last.next != nil && last.next.level != u.level {
			last = last.next
		}
		if last.next == nil {
			w := *v
			w.in, w.uses, w.next, w.level = slices.Clone(v.in), nil, nil, u.level
			for k, e := range w.in {
				if !slices.ContainsFunc(w.in[:k], func(d edge) bool { return d.v == e.v }) {
					e.v.uses = append(e.v.uses, &w)
				}
			}
			last.next = &w
		}
		w := last.next
		w.uses = append(w.uses, u)
		for k := range u.in {
			if u.in[k].v == v {
				u.in[k].v = w
			}
		}
	}
	v.uses, v.level = keep, level
}

// Limits of one pass: instructions, and arrays alive at once. Programs of
// single numbers have none.
const maxVals, maxAlive = 300, 40

// group forms the passes.
func (c *compiler) group() {
	type meeting struct {
		level, dom, rows int
		ct               kernel.Type
		via              *val
	}
	met := map[meeting]*val{}
	s := newSets(len(c.vals))
	for _, v := range c.vals {
		if !v.fusible() || !c.fused {
			continue
		}
		meet := func(via *val) {
			m := meeting{v.level, v.dom.id, v.rows, v.ct, via}
			if o := met[m]; o != nil {
				s.join(v, o)
			} else {
				met[m] = v
			}
		}
		if len(v.dom.dims) == 0 { // single numbers of a level are one program
			meet(nil)
			continue
		}
		for k := range v.in {
			if o := v.in[k].v; !v.breaks(k) && o.level == v.level {
				s.join(v, o)
			} else if o.Size() > 1 { // read it once
				meet(o)
			}
		}
	}
	list := c.collect(s)
	if c.fused {
		for _, g := range raise(list) {
			c.groups = append(c.groups, g.cut()...)
		}
	} else {
		c.groups = list
	}
}

// collect makes a group of each set of vals.
func (c *compiler) collect(s sets) (list []*group) {
	size := make([]int32, len(c.vals)) // of the set that the val stands for
	for _, v := range c.vals {
		if v.fusible() {
			size[s.find(v.id)]++
		}
	}
	of := make([]*group, len(c.vals))
	for _, v := range c.vals {
		if !v.fusible() {
			continue
		}
		i := s.find(v.id)
		if of[i] == nil {
			of[i] = &group{vals: make([]*val, 0, size[i]), dom: v.dom, rows: v.rows, ct: v.ct, level: v.level}
			list = append(list, of[i])
		}
		v.group = of[i]
		v.group.vals = append(v.group.vals, v)
	}
	return list
}

// sets are vals that are being joined: each has another val of its set, nearer to
// the one that stands for all, which has itself.
type sets []int32

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = int32(i)
	}
	return s
}

// find returns the val that stands for the set of val i.
func (s sets) find(i int) int {
	for int(s[i]) != i {
		s[i] = s[s[i]]
		i = int(s[i])
	}
	return i
}

// join makes one set of those of v and w.
func (s sets) join(v, w *val) { s[s.find(v.id)] = int32(s.find(w.id)) }

// raise moves a whole group up to the level of the first group that uses it,
// where both have one space and everything else that uses it comes later. The
// two become one pass.
func raise(list []*group) []*group {
	order := slices.Clone(list)
	slices.SortStableFunc(order, func(a, b *group) int { return cmp.Compare(b.level, a.level) })
	dead := map[*group]bool{}
	for _, a := range order {
		b := a.nextUser()
		if b == nil || b.dom != a.dom || b.rows != a.rows || b.ct != a.ct {
			continue
		}
		b.vals = append(b.vals, a.vals...)
		slices.SortFunc(b.vals, func(v, w *val) int { return cmp.Compare(v.id, w.id) })
		for _, v := range a.vals {
			v.group, v.level = b, b.level
		}
		dead[a] = true
	}
	return slices.DeleteFunc(list, func(g *group) bool { return dead[g] })
}

// nextUser returns the one group at the lowest level that uses a, if it could
// read it within a pass, else nil.
func (a *group) nextUser() (b *group) {
	level, alone := 1<<30, true
	for _, v := range a.vals {
		for _, u := range v.uses {
			if u.group == a {
				continue
			}
			if u.level < level {
				level, b, alone = u.level, nil, true
			}
			if u.level == level {
				if v.breaksFor(u) || b != nil && u.group != b {
					alone = false
				}
				b = u.group
			}
		}
	}
	if !alone {
		return nil
	}
	return b
}

// cut cuts a pass with too much alive in pieces, in order.
func (g *group) cut() (pieces []*group) {
	if len(g.dom.dims) == 0 || len(g.vals) <= maxAlive {
		return []*group{g}
	}
	inside := make(map[*val]int, len(g.vals)) // users still to come
	for _, v := range g.vals {
		for _, u := range v.uses {
			if u.group == g {
				inside[v]++
			}
		}
	}
	piece := func(seq int) *group {
		return &group{dom: g.dom, rows: g.rows, ct: g.ct, level: g.level, seq: seq}
	}
	cur, alive := piece(0), map[*val]bool{}
	next := make([]*group, len(g.vals))
	for k, v := range g.vals {
		cur.vals = append(cur.vals, v)
		next[k] = cur
		if inside[v] > 0 && !v.partial() {
			alive[v] = true
		}
		for i, e := range v.in {
			if slices.ContainsFunc(v.in[:i], func(d edge) bool { return d.v == e.v }) {
				continue
			}
			if n, ok := inside[e.v]; ok {
				if inside[e.v] = n - 1; n == 1 {
					delete(alive, e.v)
				}
			}
		}
		if len(cur.vals) >= maxVals || len(alive) >= maxAlive {
			pieces = append(pieces, cur)
			cur = piece(cur.seq + 1)
			clear(alive)
		}
	}
	if len(cur.vals) > 0 {
		pieces = append(pieces, cur)
	}
	for k, v := range g.vals {
		v.group = next[k]
	}
	return pieces
}

// settle finds out what lies in memory.
func (c *compiler) settle() {
	for _, v := range c.vals {
		v.mat = v.out || !v.fusible() && v.Kind != ir.Const
		for _, u := range v.uses {
			v.mat = v.Kind != ir.Const && (v.mat || u.group == nil || u.group != v.group)
		}
		for _, u := range v.uses { // a pass reads it from memory all the same
			v.mat = v.Kind != ir.Const && (v.mat || v.breaksFor(u))
		}
	}
}

// check reports an edge between two groups that does not go up.
func (c *compiler) check() {
	at := func(v *val) (int, int) {
		if v.group != nil {
			return v.level, v.group.seq
		}
		return v.level, 0
	}
	for _, v := range c.vals {
		for _, e := range v.in {
			if e.v.leaf() || v.group != nil && v.group == e.v.group {
				continue
			}
			ol, os := at(e.v)
			if l, s := at(v); l < ol || l == ol && s <= os {
				panic("cpu: " + v.String() + " does not come after " + e.v.String())
			}
		}
	}
}
