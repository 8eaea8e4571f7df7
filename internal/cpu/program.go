package cpu

import (
	"cmp"
	"slices"

	"github.com/adjointml/adjoint/internal/ir"
)

// A Program is a compiled program: launches in order, each of work that does
// not depend on each other. It is immutable; runs take place in frames.
type Program struct {
	launches []launch
	leafs    []*val // memory that is there before the run
	outs     []*val
	writes   []write // parameters written over in the run
	commits  []write // and those copied at its end

	slots, arena, accs, scratch, shared, ops int
	offset                                   []int // of each slot in the arena, or -1
	safe                                     int   // from this launch on nothing fails
	firm                                     int   // this launch is the first that changes a parameter
	spare                                    int   // this launch leaves workers idle for a while; -1 if none does
	progs                                    map[*group]*prog
	loops                                    []*loopWork
	stats                                    Stats
	places                                   []Place
}

// A write gives a leaf the value of v.
type write struct {
	v    *val
	leaf int
}

// A launch is work that may run at once.
type launch struct {
	at       [3]int // level, piece, phase
	segments []*segment
	parts    int
	cost     float64   // ns on one worker
	loop     *loopWork // or nil: the only segment
}

// A segment is one pass, product or call of a launch, in parts.
type segment struct {
	work
	first int // part of the launch
	parts int
	per   int // units of a part, of a pass
	accs  int // bytes from the start of the launch's accumulators
	at    int // bytes from the start of the launch's shared scratch
	cost  float64
	nodes []int // of the host, for reports
}

// pass returns the pass that s computes, or nil.
func (s *segment) pass() *prog {
	switch w := s.work.(type) {
	case *prog:
		return w
	case *epilogue:
		return w.pass
	}
	return nil
}

// planned returns the product or convolution that s computes, or nil.
func (s *segment) planned() *planned {
	switch w := s.work.(type) {
	case *planned:
		return w
	case *epilogue:
		return &w.planned
	}
	return nil
}

// work is what a segment does.
type work interface {
	part(f *Frame, w *worker, s *segment, i int)
}

// passes are what Compile does, in order, and why there.
var passes = []struct {
	name   string
	run    func(c *compiler)
	fused  bool // only for programs of more than one value a pass
	reason string
}{
	{"masks", (*compiler).masks, true, "before all that asks who reads what, which it changes"},
	{"place", (*compiler).place, false, "on those edges: what can join depends on the spaces"},
	{"fits", (*compiler).fits, false, "before levels: copies are values too"},
	{"levels", (*compiler).levels, false, "on the final edges: each breaking one goes up a level"},
	{"sink", (*compiler).sink, true, "after levels, which it raises or clones for"},
	{"groups", (*compiler).group, false, "within the final levels, so that no cycle can form"},
	{"settle", (*compiler).settle, false, "after groups: what crosses them lies in memory"},
	{"check", (*compiler).check, false, "last of the analysis: the code trusts it"},
	{"emit", (*compiler).emit, false, "instructions for each group and for what stands alone"},
	{"memory", (*compiler).memory, false, "last: places depend on the order of launches"},
}

// Options change how a program is compiled, for tests and for looking at it.
type Options struct {
	Apart bool                    // one pass for each value
	Dump  func(pass, text string) // gets a listing after each pass; nil for none

	outside bool // the results are in memory that each run gives: for the step of a loop
}

// Compile compiles a lowered program.
func Compile(low *ir.Program, o Options) *Program {
	p := &Program{progs: map[*group]*prog{}}
	c := &compiler{Program: p, low: low, domains: map[[ir.MaxRank + 1]int]*domain{}, fused: !o.Apart, options: o}
	p.outs = c.take(low)
	c.compileLoops()
	for _, pass := range passes {
		if pass.fused && !c.fused {
			continue
		}
		pass.run(c)
		if o.Dump != nil {
			o.Dump(pass.name, c.listing())
		}
	}
	return p
}

// emit makes the instructions.
func (c *compiler) emit() {
	b := &launcher{Program: c.Program, byAt: map[[3]int]int{}, planned: map[*val][]*segment{}, follows: map[*val]*group{}}
	if c.fused {
		b.epilogues(c.vals)
	}
	done := map[*group]bool{}
	for _, g := range b.follows {
		done[g] = true
	}
	for _, g := range c.groups {
		if !done[g] {
			b.addGroup(g)
		}
	}
	for _, v := range c.vals {
		if v.group == nil && !v.leaf() {
			if v.Kind == ir.Loop {
				b.addLoop(c, v)
			} else {
				b.addAlone(v)
			}
		}
	}
	needWhole(c.vals)
	b.order(c.vals)
}

// memory gives everything its place.
func (c *compiler) memory() {
	p := c.Program
	p.commit(c, c.low)
	p.layOut(c.vals, c.options.outside)
	p.commits = slices.DeleteFunc(p.commits, func(w write) bool { return slices.Contains(p.writes, w) })
	p.spare = p.spareLaunch()
	p.count(c)
}

// commit lists the parameters that the run gives values, and finds the launch
// from which on nothing can fail.
func (p *Program) commit(c *compiler, low *ir.Program) {
	byValue := map[*ir.Value]*val{}
	for _, v := range c.vals {
		if v.out {
			byValue[v.Value] = v
		}
		if v.leaf() && v.mat {
			p.leafs = append(p.leafs, v)
		}
	}
	for _, u := range low.Store {
		p.commits = append(p.commits, write{byValue[u.Value.V], u.Leaf})
	}
	for i := range p.launches {
		for _, s := range p.launches[i].segments {
			if mayFail(s) {
				p.safe = i + 1
			}
		}
	}
}

func mayFail(s *segment) bool {
	switch w := s.work.(type) {
	case *callWork:
		return true
	case *loopWork:
		return w.mayFail()
	case *prog:
		for _, v := range w.g.vals {
			if v.Op == ir.Pick || v.Op == ir.Index {
				return true
			}
		}
	case *scalarProg:
		for _, v := range w.g.vals {
			if v.Op == ir.Index || v.Op == ir.Finite {
				return true
			}
		}
	}
	return false
}

// A launcher sorts work into launches.
type launcher struct {
	*Program
	byAt    map[[3]int]int
	gen     gen
	planned map[*val][]*segment // of products looked at already
	follows map[*val]*group     // the pass that is computed with the parts of a product
}

func (b *launcher) add(at [3]int, s *segment) int {
	i, ok := b.byAt[at]
	if !ok {
		i = len(b.launches)
		b.byAt[at] = i
		b.launches = append(b.launches, launch{at: at})
	}
	l := &b.launches[i]
	l.segments = append(l.segments, s)
	return i
}

// partElems is how many elements of a pass are worth a part of their own, and
// partCost how many ns of work are.
const (
	partElems = 16 << 10
	partCost  = 8000
)

// addGroup makes the program of a group a segment.
func (b *launcher) addGroup(g *group) {
	var s *segment
	if len(g.dom.dims) == 0 {
		p := compileScalar(g)
		s = &segment{work: p, parts: 1, cost: 8 * float64(len(p.code))}
		b.scratch = max(b.scratch, p.regs*g.ct.Size())
	} else {
		p := b.progOf(g)
		p.widen()
		b.scratch = max(b.scratch, p.scratch)
		s = p.cut()
	}
	s.nodes = g.nodes()
	b.place(g, b.add([3]int{g.level, g.seq, 1}, s))
}

// progOf compiles a group with a space, once.
func (b *launcher) progOf(g *group) *prog {
	p := b.progs[g]
	if p == nil {
		p = b.gen.compile(g)
		b.progs[g] = p
		b.scratch, b.ops = max(b.scratch, p.scratch), max(b.ops, len(p.ops))
	}
	return p
}

// cut makes a pass a segment.
func (p *prog) cut() *segment {
	units := p.units()
	most := 64
	if len(p.accs) > 0 {
		most = 16
	}
	parts := min(most, max(1, p.g.dom.size()/partElems, int(p.cost()/partCost)), units)
	per := (units + parts - 1) / parts
	return &segment{work: p, per: per, parts: (units + per - 1) / per, cost: p.cost()}
}

// nodes returns the host's nodes that g computes.
func (g *group) nodes() []int {
	list := make([]int, len(g.vals))
	for i, v := range g.vals {
		list[i] = v.Node
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// place notes that launch l computes a group.
func (b *launcher) place(g *group, l int) {
	for _, v := range g.vals {
		v.when = int32(l)
	}
}

// cost estimates the time of a pass on one worker, in ns.
func (p *prog) cost() float64 {
	sum := 0.0
	for _, v := range p.g.vals {
		n := p.g.dom.size()
		if p.g.rows >= 0 && v.partial() && !v.acc {
			n = v.Size()
		}
		sum += float64(n*v.Op.Cost()) / 100
	}
	return sum
}

// addAlone makes a product, a call or a move a segment.
func (b *launcher) addAlone(v *val) {
	l := -1
	phases := b.planned[v]
	if phases == nil {
		phases = b.segmentsOf(v)
	}
	for i, s := range phases { // the last phase is launched with the passes of its level
		s.nodes = []int{v.Node}
		g := b.follows[v]
		if g != nil && i == len(phases)-1 {
			p := b.progs[g]
			e := &epilogue{*s.work.(*planned), p}
			e.widenFor(s.parts)
			b.scratch = max(b.scratch, p.scratch)
			s.work = e
			s.cost += p.cost()
			s.nodes = append(s.nodes, g.nodes()...)
		}
		l = b.add([3]int{v.level, 0, i + 2 - len(phases)}, s)
		if g != nil && i == len(phases)-1 {
			b.place(g, l)
		}
	}
	v.when = int32(l)
}

// addLoop makes a loop a launch, when its first result is met.
func (b *launcher) addLoop(c *compiler, v *val) {
	w := c.loopOf[v.Loop]
	if i := slices.IndexFunc(b.launches, func(l launch) bool { return l.loop == w }); i >= 0 {
		v.when = int32(i)
		return
	}
	s := &segment{work: w, parts: 1, cost: w.cost(), nodes: []int{v.Node}}
	const late = 1 << 30 // after the passes of its level
	l := b.add([3]int{v.level, late, w.id}, s)
	b.launches[l].loop = w
	v.when = int32(l)
}

// order sorts the launches and numbers their parts.
func (b *launcher) order(vals []*val) {
	place := make([]int, len(b.launches))
	for i := range place {
		place[i] = i
	}
	slices.SortFunc(place, func(i, j int) int {
		x, y := b.launches[i].at, b.launches[j].at
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]), cmp.Compare(x[2], y[2]))
	})
	sorted, at := make([]launch, len(place)), make([]int, len(place))
	for i, j := range place {
		sorted[i], at[j] = b.launches[j], i
	}
	b.launches = sorted
	for _, v := range vals {
		if v.when >= 0 {
			v.when = int32(at[v.when])
		}
	}
	for i := range b.launches {
		l := &b.launches[i]
		slices.SortStableFunc(l.segments, func(s, t *segment) int { // long parts first
			return cmp.Compare(t.cost*float64(s.parts), s.cost*float64(t.parts))
		})
		accs := 0
		for _, s := range l.segments {
			s.first = l.parts
			l.parts += s.parts
			l.cost += s.cost
			if p := s.pass(); p != nil {
				s.accs = accs
				accs += p.accBytes * s.parts
			}
		}
		b.accs = max(b.accs, accs)
	}
	b.share()
}

// share gives each plan scratch memory that all of its phases see, and no other
// plan of its level.
func (b *launcher) share() {
	level, end := -1, 0
	at := map[*val]int{}
	for i := range b.launches {
		l := &b.launches[i]
		if l.at[0] != level {
			level, end = l.at[0], 0
		}
		for _, s := range l.segments {
			p := s.planned()
			if p == nil {
				continue
			}
			if _, ok := at[p.v]; !ok {
				at[p.v] = end
				end += aligned(p.plan.Shared())
			}
			s.at = at[p.v]
		}
		b.shared = max(b.shared, end)
	}
}
