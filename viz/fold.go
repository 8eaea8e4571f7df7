package viz

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A branch is one group on its way to being shown open, closed, or by a sibling
// that is built the same.
type branch struct {
	info    int // index in sketch.scopes
	parent  *branch
	kids    []*branch
	nodes   []int // own vertices and those of all descendants, in order
	own     int
	rep     *branch // the sibling that stands for this one
	times   int
	open    bool
	params  int
	ops     int
	weight  int // ops times repetitions: what opening it explains
	visible int // boxes that it shows when open
}

// A folding makes a sketch that shows at most about limit boxes.
type folding struct {
	g    *sketch
	all  []*branch // parents first
	home []*branch // per vertex
	rep  []int     // per vertex: the one that stands for it
	// scratch of the comparison of two branches
	local, side []int
}

// fold returns the sketch of what is visible: equal neighbours that feed each
// other become one, and groups are opened from the outside in while at most
// limit boxes show; opened says which are open or closed in any case. A limit
// below 0 opens everything and merges nothing.
func fold(g *sketch, limit int, opened map[string]bool) *sketch {
	if limit < 0 && len(opened) == 0 {
		return g
	}
	f := &folding{g: g}
	f.plant()
	f.repeat(f.all[0])
	for v := range f.rep { // a representative may itself lie in a closed group
		for f.rep[v] != f.rep[f.rep[v]] {
			f.rep[v] = f.rep[f.rep[v]]
		}
	}
	f.choose(limit, opened)
	return f.draw()
}

// plant makes the tree of groups.
func (f *folding) plant() {
	g := f.g
	f.all = make([]*branch, len(g.scopes))
	for i, s := range g.scopes {
		t := &branch{info: i, times: 1}
		if i > 0 {
			t.parent = f.all[s.parent]
			t.parent.kids = append(t.parent.kids, t)
		}
		f.all[i] = t
	}
	f.home, f.rep = make([]*branch, len(g.v)), make([]int, len(g.v))
	f.local, f.side = make([]int, len(g.v)), make([]int, len(g.v))
	for v := range g.v {
		n := &g.v[v]
		t := f.all[n.scope]
		f.home[v], f.rep[v] = t, v
		t.own++
		if n.kind != Param && n.kind != Const {
			t.visible++
		}
		for ; t != nil; t = t.parent {
			t.nodes = append(t.nodes, v)
			if n.kind == Param {
				t.params += int(n.node().Shape().Size())
			} else if len(n.in) > 0 {
				t.ops++
			}
		}
	}
}

// repeat merges runs of equal siblings that feed each other.
func (f *folding) repeat(t *branch) {
	for i := 0; i < len(t.kids); {
		r := t.kids[i]
		j := i + 1
		for j < len(t.kids) && f.same(r, t.kids[j]) && f.chained(t.kids[j-1], t.kids[j]) {
			j++
		}
		if r.times = j - i; r.times > 1 {
			for _, d := range t.kids[i:j] {
				d.rep = r
				if d != r {
					for k, v := range d.nodes {
						f.rep[v] = r.nodes[k]
					}
				}
			}
		}
		t.visible++
		f.repeat(r)
		i = j
	}
}

// same reports whether two siblings are built the same: the same ops on the same
// types in the same inner groups, with operands from the same places inside, and
// from outside in the same order of first use.
func (f *folding) same(a, b *branch) bool {
	if len(a.nodes) != len(b.nodes) || len(a.nodes) == 0 || a.params != b.params {
		return false
	}
	for k, t := range []*branch{a, b} {
		for i, v := range t.nodes {
			f.local[v], f.side[v] = i, 2*t.info+k+1
		}
	}
	outA, outB := map[int]int{}, map[int]int{}
	inner := map[*branch]*branch{a: b}
	for i, v := range a.nodes {
		w := b.nodes[i]
		p, q := &f.g.v[v], &f.g.v[w]
		if p.kind != q.kind || len(p.in) != len(q.in) || p.node().Type() != q.node().Type() || p.kind != Param && p.title != q.title {
			return false
		}
		if !f.match(inner, f.home[v], f.home[w]) {
			return false
		}
		for k, x := range p.in {
			y := q.in[k]
			insideA, insideB := f.side[x] == 2*a.info+1, f.side[y] == 2*b.info+2
			if insideA != insideB || insideA && f.local[x] != f.local[y] {
				return false
			}
			if !insideA && number(outA, x) != number(outB, y) {
				return false
			}
		}
	}
	return true
}

// number counts keys in the order of their first use.
func number(m map[int]int, key int) int {
	n, ok := m[key]
	if !ok {
		n = len(m)
		m[key] = n
	}
	return n
}

// match pairs the inner groups of two branches; numbers in names do not count.
func (f *folding) match(pairs map[*branch]*branch, a, b *branch) bool {
	if to, ok := pairs[a]; ok {
		return to == b
	}
	if a.parent == nil || b.parent == nil || f.bare(a) != f.bare(b) || !f.match(pairs, a.parent, b.parent) {
		return false
	}
	pairs[a] = b
	return true
}

// bare is the last name of a group's path without digits.
func (f *folding) bare(t *branch) string {
	path := f.g.scopes[t.info].path
	return strings.Map(noDigit, path[strings.LastIndexByte(path, '.')+1:])
}

func noDigit(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}

// chained reports whether b uses something of a: parallel twins stay apart.
func (f *folding) chained(a, b *branch) bool {
	for _, v := range b.nodes {
		for _, u := range f.g.v[v].in {
			if f.side[u] != f.side[b.nodes[0]] && f.home[u].under(a) {
				return true
			}
		}
	}
	return false
}

func (t *branch) under(a *branch) bool {
	for ; t != nil; t = t.parent {
		if t == a {
			return true
		}
	}
	return false
}

// choose opens groups, those first that explain most.
func (f *folding) choose(limit int, opened map[string]bool) {
	root := f.all[0]
	var weigh func(t *branch, times int)
	weigh = func(t *branch, times int) {
		for _, k := range t.kids {
			k.weight = k.ops * times * k.times
			weigh(k, times*k.times)
		}
	}
	weigh(root, 1)
	root.open = true
	shown := root.visible
	queue := slices.Clone(root.kids)
	for len(queue) > 0 {
		slices.SortStableFunc(queue, func(a, b *branch) int { return cmp.Compare(b.weight, a.weight) })
		t := queue[0]
		queue = queue[1:]
		if t.rep != nil && t.rep != t {
			continue
		}
		more := t.visible - 1
		open := limit < 0 || shown+more <= limit || more <= 0
		if asked, ok := opened[f.g.scopes[t.info].path]; ok {
			open = asked
		}
		if open {
			shown += more
			t.open = true
			queue = append(queue, t.kids...)
		}
	}
}

// hidden returns the outermost closed group that v lies in, or nil.
func (f *folding) hidden(v int) (top *branch) {
	for t := f.home[v]; t != nil; t = t.parent {
		if !t.open {
			top = t
		}
	}
	return top
}

// titles names the open groups. A group that holds nothing but one open group is
// drawn as that one: "Blocks · Attention".
func (f *folding) titles(out *sketch) (at map[*branch]int) {
	at = map[*branch]int{f.all[0]: 0}
	out.scopes = []cluster{{times: 1}}
	for _, t := range f.all[1:] {
		if !t.open || t.rep != nil && t.rep != t {
			continue
		}
		s := f.g.scopes[t.info]
		s.times = t.times
		if t.times > 1 {
			s.title = f.runTitle(t)
		}
		up := t.parent
		if f.only(t) {
			i := at[up]
			outer := &out.scopes[i]
			s.parent = outer.parent
			if s.title != outer.title {
				s.title = strings.TrimPrefix(outer.title+" · "+strings.TrimPrefix(s.title, outer.title+" "), " · ")
			}
			*outer = s
			at[t] = i
			continue
		}
		s.parent = at[up]
		at[t] = len(out.scopes)
		out.scopes = append(out.scopes, s)
	}
	return at
}

// only reports whether an open group is all that its parent, an open group too,
// shows.
func (f *folding) only(t *branch) bool {
	up := t.parent
	if up.parent == nil || up.own > 0 || !up.open || up.times > 1 {
		return false
	}
	return !slices.ContainsFunc(up.kids, func(k *branch) bool { return k != t && (k.rep == nil || k.rep == k) })
}

// runTitle names a run of equal groups: without the number of the first.
func (f *folding) runTitle(t *branch) string {
	if s := strings.TrimRight(f.bare(t), "_-. "); s != "" {
		return s
	}
	if t.parent.parent != nil {
		return f.g.scopes[t.parent.info].title
	}
	return "layers"
}

// draw builds the visible sketch.
func (f *folding) draw() *sketch {
	out := &sketch{}
	at := f.titles(out)
	shown := make([]int, len(f.g.v))
	closed := map[*branch]int{}
	for v := range f.g.v {
		if f.rep[v] != v {
			continue
		}
		top := f.hidden(v)
		if top == nil {
			n := f.g.v[v]
			n.in, n.scope = nil, at[f.home[v]]
			shown[v] = len(out.v)
			out.v = append(out.v, n)
			continue
		}
		i, ok := closed[top]
		if !ok {
			i = len(out.v)
			closed[top] = i
			out.v = append(out.v, f.closed(top, at))
		}
		shown[v] = i
		out.v[i].take(&f.g.v[v])
	}
	for v := range f.g.v { // the first of a run may differ: no gradient for what is fed
		if n := &out.v[shown[f.rep[v]]]; f.rep[v] != v && n.kind != Folded {
			n.stand(&f.g.v[v])
		}
	}
	f.link(out, shown)
	return out.sorted()
}

// closed returns the vertex of a closed group.
func (f *folding) closed(t *branch, at map[*branch]int) vertex {
	s := f.g.scopes[t.info]
	n := vertex{path: s.path, title: s.title, kind: Folded, scope: at[t.parent], times: t.times, ops: t.ops, params: t.params}
	if t.times > 1 {
		n.title = f.runTitle(t)
	}
	n.line = plural(t.ops, "op")
	if t.params > 0 {
		n.line += " · " + human(t.params) + " params"
	}
	return n
}

// stand lets a vertex show what a copy of it computes beyond its own.
func (n *vertex) stand(copy *vertex) {
	n.active = n.active || copy.active
	if len(copy.grads) > len(n.grads) {
		n.grads, n.saves = copy.grads, copy.saves
	}
	if len(n.update) == 0 {
		n.update = copy.update
	}
}

// take adds one vertex to a closed group.
func (n *vertex) take(v *vertex) {
	n.nodes = append(n.nodes, v.nodes...)
	n.grads = append(n.grads, v.grads...)
	n.active = n.active || v.active
	if len(v.saves) > 0 {
		n.saves = append(n.saves, v.title)
	}
	if len(v.update) > 0 {
		n.moves++
		n.update = append(n.update, v.update...)
	}
}

// link draws the edges that are left.
func (f *folding) link(out *sketch, shown []int) {
	for v := range f.g.v {
		for _, u := range f.g.v[v].in {
			if f.repeats(f.home[u], f.home[v]) || f.inCopy(u, v) {
				continue
			}
			a, b := shown[f.rep[u]], shown[f.rep[v]]
			if a == b {
				continue
			}
			n := &out.v[b]
			if n.kind != Folded || !contains(n.in, a) {
				n.in = append(n.in, a)
			}
			if src := &out.v[a]; src.kind == Folded {
				src.note = shape(f.g.v[u].node().Type())
			}
		}
	}
	for i := range out.v { // the shape is told where it changes
		n := &out.v[i]
		if n.kind == Folded && slices.ContainsFunc(n.in, func(u int) bool { return f.shapeAt(&out.v[u]) == n.note }) {
			n.note = ""
		}
	}
}

func (f *folding) shapeAt(n *vertex) string {
	if n.kind == Folded {
		return n.note
	}
	return shape(n.node().Type())
}

// inCopy reports whether an edge lies inside a copy that is not drawn.
func (f *folding) inCopy(u, v int) bool {
	for s := f.home[u]; s != nil; s = s.parent {
		if s.rep != nil && s.rep != s && f.home[v].under(s) {
			return true
		}
	}
	return false
}

// repeats reports whether an edge from a to b leads from one repetition to the
// next.
func (f *folding) repeats(a, b *branch) bool {
	da, db := a.depth(), b.depth()
	for a != b && a.parent != b.parent {
		if da >= db {
			a, da = a.parent, da-1
		} else {
			b, db = b.parent, db-1
		}
	}
	return a != b && a.rep != nil && a.rep == b.rep
}

func (t *branch) depth() (n int) {
	for ; t.parent != nil; t = t.parent {
		n++
	}
	return n
}

// sorted returns the sketch in topological order, as folding may have put a
// group before what feeds it.
func (g *sketch) sorted() *sketch {
	n := len(g.v)
	var forth, back [][2]int32
	for v := range g.v {
		for _, u := range g.v[v].in {
			forth, back = append(forth, [2]int32{int32(u), int32(v)}), append(back, [2]int32{int32(v), int32(u)})
		}
	}
	topo := topoByIndex(group(n, forth), group(n, back))
	if len(topo) < n { // groups that use each other in a circle
		return g
	}
	place := make([]int, n)
	for i, v := range topo {
		place[v] = i
	}
	out := &sketch{scopes: g.scopes, v: make([]vertex, n)}
	for i, v := range topo {
		out.v[i] = g.v[v]
		in := make([]int, len(g.v[v].in))
		for k, u := range g.v[v].in {
			in[k] = place[u]
		}
		out.v[i].in = in
	}
	return out
}

// plural counts things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// human writes a count with at most three digits.
func human(n int) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1fG", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%dk", n/1000)
	case n >= 1000:
		return fmt.Sprintf("%.1fk", float64(n)/1000)
	}
	return fmt.Sprint(n)
}
