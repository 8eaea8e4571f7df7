package viz

// Geometry, in units of a picture: pixels at its natural size.
const (
	columnGap = 26.0 // between neighbours in a row
	laneGap   = 12.0 // between rails
	trackGap  = 9.0  // between horizontal tracks of a channel
	scopePad  = 14.0
	headPad   = 20.0 // room for a scope's title
	portGap   = 16.0
	chipGap   = 22.0
	chipH     = 24.0
	chipStep  = chipH + 4
)

type itemKind uint8

const (
	leaf itemKind = iota
	box
	inPort
	outPort
)

// An item is what a scope arranges: a vertex, an open child scope, or a port on
// the scope's border.
type item struct {
	kind  itemKind
	v     int    // leaf: the vertex; port: the value that passes
	sub   *scope // box
	chips []int  // vertices tucked to the left
	l, r  float64
	w, h  float64 // of the box; l includes chips
	over  float64 // how far chips reach above and below the box
	tag   float64 // room right of the anchor taken by the label below the box
	rank  int
	pos   int
	x, y  float64 // anchor (a column) and top, relative to the scope
}

// solid reports whether the item takes room in its row.
func (it *item) solid() bool { return it.kind == leaf || it.kind == box }

// A net is one value inside one scope: a source and all its users there. A
// value has at most one net per scope, which is what bundles edges.
type net struct {
	val, src, srcPort int
	to                []target
	rail              bool
	lo, hi            int // rows the rail passes
	lane              float64
	segs              []seg
	at                map[int]int // channel to index in segs, once segs is long
}

// A target is one user of a net: the item, its port if that is a box, and where
// the line arrives.
type target struct {
	item, port int
	pin        float64
}

// A seg is the part of a net in one channel between two rows.
type seg struct {
	channel  int
	up, down []float64
	lo, hi   float64
	y        float64
	track    int
	jogs     []jog
}

// A route is a drawn piece of a net inside one scope.
type route struct {
	val, src, dst int // dst and src are items
	points        []Point
}

// A join is a point where a value fans out; backward, where gradients add up.
type join struct {
	at  Point
	val int
}

// A scope is one box of the hierarchy.
type scope struct {
	info       int // index in sketch.scopes
	parent     *scope
	self       int // index in the parent's items
	depth      int
	items      []item
	nets       []net
	x, y, w, h float64 // x and y are of the page once placed
	anchor     float64
	title      float64 // least width for the title
	routes     []route
	joins      []join
	room       *room
}

// A place is an item of a scope.
type place struct {
	s *scope
	i int
}

// A plan is an arranged sketch.
type plan struct {
	g      *sketch
	scopes []*scope // parents first
	where  []place  // per vertex; item -1 when it is tucked
	chip   []place  // per tucked vertex: the place of its user
	tape   bool
	room   room
}

// arrange lays out g. As a tape, every row holds one op and all ops share one
// column, so that something may stand beside each.
func arrange(g *sketch, tape bool) *plan {
	p := &plan{g: g, tape: tape}
	p.build()
	for i := len(p.scopes) - 1; i >= 0; i-- {
		p.settle(p.scopes[i])
	}
	if !tape {
		p.wrap()
	}
	p.absolute()
	return p
}

// build makes the scopes and splits every edge into one net per scope it crosses.
func (p *plan) build() {
	g := p.g
	uses := g.uses()
	p.open(uses)
	b := &wiring{p: p, net: stamps(len(g.scopes)), in: stamps(len(g.scopes)), out: stamps(len(g.scopes))}
	for u := range g.v {
		if p.where[u].i < 0 {
			continue
		}
		last := -1
		for _, v := range uses.of(u) {
			if int(v) != last { // x*x is one line
				last = int(v)
				b.wire(u, last)
			}
		}
	}
}

// open makes the scopes that hold something, and their leaves.
func (p *plan) open(uses lists) {
	g := p.g
	p.where = make([]place, len(g.v))
	p.chip = make([]place, len(g.v))
	made := make([]*scope, len(g.scopes))
	for i := range g.scopes { // parents first
		s := &scope{info: i, title: 0, room: &p.room}
		if i > 0 {
			s.parent = made[g.scopes[i].parent]
			s.depth = s.parent.depth + 1
			s.title = textWidth(g.scopes[i].title, 11)*1.12 + 20
			if g.scopes[i].times > 1 {
				s.title += 34
			}
		}
		made[i] = s
	}
	tucked := make([]bool, len(g.v))
	for v := range g.v {
		tucked[v] = g.tucked(v, uses)
	}
	leaves := make([]int, len(g.scopes))
	for v := range g.v {
		if !tucked[v] {
			leaves[g.v[v].scope]++
		}
	}
	for i, s := range made { // most values of a scope come from its leaves
		n := leaves[i] + leaves[i]/4 + 4
		s.items, s.nets = make([]item, 0, n), make([]net, 0, n)
	}
	first := make([]bool, len(g.scopes)) // whether the scope is an item of its parent
	first[0] = true
	p.scopes = append(p.scopes, made[0])
	var enter func(s *scope)
	enter = func(s *scope) {
		if first[s.info] {
			return
		}
		enter(s.parent)
		first[s.info] = true
		s.self = len(s.parent.items)
		s.parent.items = append(s.parent.items, item{kind: box, sub: s})
		p.scopes = append(p.scopes, s)
	}
	for v := range g.v {
		if tucked[v] {
			p.where[v] = place{nil, -1}
			continue
		}
		s := made[g.v[v].scope]
		enter(s)
		p.where[v] = place{s, len(s.items)}
		it := p.leaf(v, uses, tucked)
		for _, u := range it.chips {
			p.chip[u] = p.where[v]
		}
		s.items = append(s.items, it)
	}
}

// leaf returns the item of a vertex with what is tucked beside it.
func (p *plan) leaf(v int, uses lists, tucked []bool) item {
	n := &p.g.v[v]
	it := item{kind: leaf, v: v, w: n.w, h: n.h, l: n.w / 2, r: n.w / 2}
	widest := 0.0
	for k, u := range n.in {
		if tucked[u] && !contains(n.in[:k], u) {
			it.chips = append(it.chips, u)
			widest = max(widest, p.g.v[u].chipW)
		}
	}
	if len(it.chips) > 0 {
		it.l += chipGap + widest
		it.h = max(it.h, float64(len(it.chips))*chipStep-4)
		it.over = (it.h - n.h) / 2
	}
	if n.note != "" && len(uses.of(v)) > 0 {
		it.tag = 10 + textWidth(n.note, 10)
	}
	return it
}

// A wiring makes nets and ports, value by value: each stamp remembers what the
// current value already has in a scope.
type wiring struct {
	p            *plan
	net, in, out []stamp
}

type stamp struct{ val, i int }

func stamps(n int) []stamp {
	s := make([]stamp, n)
	for i := range s {
		s[i].val = -1
	}
	return s
}

// wire links the value of u to its user v: it climbs from the deeper side until
// both are in one scope.
func (b *wiring) wire(u, v int) {
	from, to := b.p.where[u], b.p.where[v]
	fromPort, toPort := -1, -1
	for from.s != to.s {
		if from.s.depth >= to.s.depth {
			port, old := b.port(b.out, from.s, outPort, u)
			if !old {
				b.link(from.s, u, from.i, fromPort, port, -1)
			}
			from, fromPort = place{from.s.parent, from.s.self}, port
		} else {
			port, old := b.port(b.in, to.s, inPort, u)
			b.link(to.s, u, port, -1, to.i, toPort)
			if old { // linked from above already
				return
			}
			to, toPort = place{to.s.parent, to.s.self}, port
		}
	}
	b.link(from.s, u, from.i, fromPort, to.i, toPort)
}

func (b *wiring) port(of []stamp, s *scope, k itemKind, val int) (i int, old bool) {
	if of[s.info].val == val {
		return of[s.info].i, true
	}
	i = len(s.items)
	of[s.info] = stamp{val, i}
	s.items = append(s.items, item{kind: k, v: val})
	return i, false
}

func (b *wiring) link(s *scope, val, src, srcPort, dst, dstPort int) {
	if b.net[s.info].val != val {
		b.net[s.info] = stamp{val, len(s.nets)}
		s.nets = append(s.nets, net{val: val, src: src, srcPort: srcPort, to: b.p.room.targets.take(1)})
	}
	n := &s.nets[b.net[s.info].i]
	n.to = append(n.to, target{item: dst, port: dstPort})
}

// srcX is where the value leaves its source, relative to the scope.
func (s *scope) srcX(n *net) float64 { return s.items[n.src].x + s.items[n.src].pin(n.srcPort) }

// pin is the place of a port of a box, relative to the item's anchor.
func (it *item) pin(port int) float64 {
	if port < 0 {
		return 0
	}
	return it.sub.items[port].x - it.sub.anchor
}

// settle lays out one scope whose children are done.
func (p *plan) settle(s *scope) {
	s.room.clear()
	s.routes, s.joins = nil, nil
	for i := range s.nets {
		n := &s.nets[i]
		n.rail, n.segs, n.at = false, nil, nil
	}
	for i := range s.items {
		if it := &s.items[i]; it.kind == box {
			it.l, it.r, it.h, it.w = it.sub.anchor, it.sub.w-it.sub.anchor, it.sub.h, it.sub.w
		}
	}
	rows := s.rank(p.tape)
	if p.tape {
		for _, row := range rows {
			for j, i := range row {
				s.items[i].x, s.items[i].pos = 0, j
			}
		}
		s.tapePorts()
	} else {
		s.order(rows)
		s.columns(rows)
	}
	s.rails(rows, p.tape)
	s.pins()
	s.route(rows, p)
}

// tapePorts keeps ports that lead straight to the shared column apart; rails
// place the others.
func (s *scope) tapePorts() {
	k := 0
	for i := range s.nets {
		n := &s.nets[i]
		src := &s.items[n.src]
		if src.kind == inPort && s.direct(n) {
			src.x = -portGap * float64(k)
			k++
		}
		for _, t := range n.to {
			if it := &s.items[t.item]; it.kind == outPort && it.rank == src.rank+1 && src.kind != inPort {
				it.x = s.srcX(n)
			}
		}
	}
}

// direct reports whether some user sits in the very next row.
func (s *scope) direct(n *net) bool {
	for _, t := range n.to {
		if s.items[t.item].rank == s.items[n.src].rank+1 {
			return true
		}
	}
	return false
}

// absolute turns positions in scopes into positions on the page, parents first.
func (p *plan) absolute() {
	for _, s := range p.scopes {
		if s.parent != nil {
			it := &s.parent.items[s.self]
			s.x, s.y = it.x-s.anchor, it.y
		}
		for i := range s.items {
			s.items[i].x += s.x
			s.items[i].y += s.y
		}
		for _, r := range s.routes {
			for j := range r.points {
				r.points[j].X += s.x
				r.points[j].Y += s.y
			}
		}
		for i := range s.joins {
			s.joins[i].at.X += s.x
			s.joins[i].at.Y += s.y
		}
	}
}

func contains(list []int, v int) bool {
	for _, u := range list {
		if u == v {
			return true
		}
	}
	return false
}
