package viz

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// A sketch is a graph that can be laid out: vertices in topological order, in a
// tree of groups.
type sketch struct {
	v      []vertex
	scopes []cluster // parents first; the first is the page
}

// A cluster is a scope to be drawn.
type cluster struct {
	path, title string
	parent      int
	times       int // repetitions that this one stands for
}

// A vertex is one box: an op with its value, or a closed group of such.
type vertex struct {
	nodes   []*graph.Node // one, or those of a closed group or an idiom: the last is the result
	idiom   string        // its name
	formula string        // of an idiom
	path    string        // of a closed group
	title   string
	line    string // under the title
	note    string // beside the edge below
	kind    Kind
	scope   int
	in      []int
	times   int
	grads   []*graph.Node // what its gradient computes
	active  bool          // a cotangent arrives here
	saves   []string      // what its gradient reads of the forward pass
	update  []*graph.Node // of a parameter
	ops     int           // of a closed group
	params  int           // elements of the parameters in a closed group
	moves   int           // parameters in a closed group that are updated

	w, h, chipW               float64
	pill, pillRest, slopePill string
	value, slope              *Tile
}

// node is the node whose value the box shows.
func (n *vertex) node() *graph.Node { return n.nodes[len(n.nodes)-1] }

// uses lists the users of each vertex.
func (g *sketch) uses() lists {
	var pairs [][2]int32
	for v := range g.v {
		for _, u := range g.v[v].in {
			pairs = append(pairs, [2]int32{int32(u), int32(v)})
		}
	}
	return group(len(g.v), pairs)
}

// tucked reports whether v sits beside its one user: parameters and constants of
// the same group always, inputs when the user has another operand.
func (g *sketch) tucked(v int, uses lists) bool {
	n := &g.v[v]
	users := uses.of(v)
	if len(n.in) > 0 || len(users) == 0 || users[0] != users[len(users)-1] {
		return false
	}
	user := &g.v[users[0]]
	if user.kind == Folded && n.kind != Input || n.scope != user.scope && n.kind != Input {
		return false
	}
	switch n.kind {
	case Param, Const:
		return true
	case Input:
		for _, u := range user.in {
			if len(g.v[u].in) > 0 {
				return true
			}
		}
	}
	return false
}

// parts are the nodes of a picture by the column they belong to.
type parts struct {
	left     []*graph.Node
	gradient map[uint64][]*graph.Node // by the node whose gradient they compute
	update   map[*graph.Param][]*graph.Node
	place    map[uint64]int // of the left ones
	users    map[uint64][]*graph.Node
}

// order is how often a node was differentiated.
func order(n *graph.Node) (k int) {
	for n = n.From().Of; n != nil; n = n.From().Of {
		k++
	}
	return k
}

// split sorts nodes into columns: on the left what is differentiated, beside it
// what its gradient adds, and the updates. If something on the left needs a
// gradient, all is on the left, and so if there are to be no columns.
func split(nodes []*graph.Node, columns bool) *parts {
	s := &parts{gradient: map[uint64][]*graph.Node{}, update: map[*graph.Param][]*graph.Node{}, place: map[uint64]int{}}
	top := 0
	for _, n := range nodes {
		top = max(top, order(n))
	}
	side := make(map[uint64]*graph.Param, len(nodes)) // nil for a gradient
	other := map[uint64]bool{}
	for _, n := range nodes {
		switch from := n.From(); {
		case !columns:
		case from.Param != nil:
			side[n.ID()], other[n.ID()] = from.Param, true
		case from.Of != nil && order(n) == top:
			other[n.ID()] = true
		}
	}
	users := map[uint64][]*graph.Node{}
	s.users = users
	for _, n := range nodes {
		for _, x := range n.In() {
			users[x.ID()] = append(users[x.ID()], n)
			if other[x.ID()] && !other[n.ID()] {
				clear(other)
				clear(side)
			}
		}
	}
	for _, n := range nodes { // the optimizer's own state
		if u := users[n.ID()]; len(n.In()) == 0 && len(u) > 0 && !slices.ContainsFunc(u, func(m *graph.Node) bool { return !other[m.ID()] }) && !isInput(n) {
			other[n.ID()], side[n.ID()] = true, side[u[0].ID()]
		}
	}
	for _, n := range nodes {
		if !other[n.ID()] {
			s.place[n.ID()] = len(s.left)
			s.left = append(s.left, n)
		}
	}
	for _, n := range nodes {
		if p := side[n.ID()]; p != nil {
			s.update[p] = append(s.update[p], n)
		} else if other[n.ID()] {
			if at := s.home(n.From().Of, 8); at != nil {
				s.gradient[at.ID()] = append(s.gradient[at.ID()], n)
			}
		}
	}
	return s
}

// home returns the node on the left that a gradient belongs to: n, or if a pass
// has replaced that, what n was computed from.
func (s *parts) home(n *graph.Node, depth int) *graph.Node {
	if n == nil || depth == 0 {
		return nil
	}
	if _, ok := s.place[n.ID()]; ok {
		return n
	}
	for _, x := range n.In() {
		if at := s.home(x, depth-1); at != nil {
			return at
		}
	}
	return nil
}

// draft makes the sketch of all nodes, with every group open.
func draft(nodes []*graph.Node, roots []*graph.Node, p *Picture) *sketch {
	s := split(nodes, p.fused == nil)
	d := &drafting{p: p, parts: s, g: &sketch{scopes: []cluster{{}}, v: make([]vertex, 0, len(s.left))}, scope: map[string]int{"": 0}, place: map[uint64]int{}, bodies: map[*graph.Loop]bool{}}
	for _, n := range s.left {
		d.add(n, "")
	}
	if !p.Primitives {
		d.phrase()
	}
	if p.fused == nil {
		d.adopt()
	}
	for _, n := range roots {
		if at, ok := d.place[n.ID()]; ok && d.result(n) {
			d.g.v[at].kind = Loss
		}
	}
	d.activate()
	d.save()
	return d.g
}

// result reports whether n is a scalar that nothing on the left uses.
func (d *drafting) result(n *graph.Node) bool {
	if n.Shape().Rank() != 0 || !n.DType().Float() || len(n.In()) == 0 || n.Err() != nil {
		return false
	}
	return !slices.ContainsFunc(d.parts.users[n.ID()], func(m *graph.Node) bool { _, left := d.parts.place[m.ID()]; return left })
}

type drafting struct {
	p     *Picture
	parts *parts
	g     *sketch
	scope map[string]int
	place map[uint64]int
	// bodies are the loops whose bodies are drawn already
	bodies map[*graph.Loop]bool
}

// open returns the group with the given path, made if need be.
func (d *drafting) open(path string) int {
	if i, ok := d.scope[path]; ok {
		return i
	}
	cut := max(strings.LastIndexByte(path, '.'), 0)
	parent := d.open(path[:cut])
	d.scope[path] = len(d.g.scopes)
	name := scopeTitle(path, d.g.scopes[parent].title)
	if d.p.fused != nil && d.p.fused.title[path] != "" {
		name = d.p.fused.title[path]
	}
	d.g.scopes = append(d.g.scopes, cluster{path: path, title: name, parent: parent, times: 1})
	return d.scope[path]
}

// scopeTitle is the last name of a path; a number alone says of what it is one.
func scopeTitle(path, parent string) string {
	name := path[strings.LastIndexByte(path, '.')+1:]
	if strings.Trim(name, "0123456789") == "" {
		if parent == "" {
			return "layer " + name
		}
		return parent + " " + name
	}
	return name
}

// add makes the vertex of a node; under is the path of the loop it is in.
func (d *drafting) add(n *graph.Node, under string) {
	if _, ok := d.place[n.ID()]; ok {
		return
	}
	path := n.Scope()
	if d.p.fused != nil {
		path = d.p.fused.group[n.ID()]
	}
	if under != "" {
		path = under
	}
	v := vertex{nodes: []*graph.Node{n}, title: title(n), kind: kindOf(n), times: 1}
	operands := n.In()
	if op, ok := n.Op().(graph.Looper); ok && len(n.In()) > 0 {
		path = d.loop(n, op.Parts(), path)
		operands = resultOf(op.Parts())
	}
	v.scope = d.open(path)
	if v.kind != Const { // what a count reads is a shape
		for _, x := range operands {
			if at, ok := d.place[x.ID()]; ok {
				v.in = append(v.in, at)
			}
		}
	}
	v.note = d.note(n, &v)
	v.grads = d.parts.gradient[n.ID()]
	if p, ok := n.Op().(*graph.Param); ok {
		v.update = d.parts.update[p]
	}
	d.place[n.ID()] = len(d.g.v)
	d.g.v = append(d.g.v, v)
}

// loop draws the body of a loop, once, as a group that its results belong to.
func (d *drafting) loop(n *graph.Node, r graph.Result, path string) string {
	l := r.Loop
	name := fmt.Sprintf("%s #%d", r.Name(), len(d.bodies)+1)
	if d.bodies[l] {
		return d.g.scopes[d.g.v[d.place[l.Args[0].ID()]].scope].path
	}
	d.bodies[l] = true
	path = strings.TrimPrefix(path+"."+name, ".")
	at := d.open(path)
	d.g.scopes[at].title = loopTitle(l, r.Name())
	given := len(n.In()) - len(l.Args)
	for i, a := range l.Args {
		d.add(a, path)
		v := &d.g.v[d.place[a.ID()]]
		v.title, v.kind = argTitle(l, i), Control
		if x, ok := d.place[n.In()[i+given].ID()]; ok {
			v.in = append(v.in, x)
			if i >= l.Carries+l.Slices {
				v.title = d.g.v[x].title
			}
		}
	}
	for _, m := range l.Body() {
		if _, isArg := d.place[m.ID()]; !isArg {
			d.add(m, path)
		}
	}
	return path
}

// adopt moves what stands between ops of one inner group into that: such as a
// function without a scope among the layers of a block.
func (d *drafting) adopt() {
	uses := d.g.uses()
	for i := range d.g.v {
		n := &d.g.v[i]
		common, some := -1, false
		for _, u := range n.in {
			if len(d.g.v[u].in) > 0 {
				common = d.meet(common, d.g.v[u].scope)
			}
		}
		for _, u := range uses.of(i) {
			common, some = d.meet(common, d.g.v[u].scope), true
		}
		if some && common > 0 && common != n.scope && len(n.in) > 0 && d.meet(common, n.scope) == n.scope {
			n.scope = common
		}
	}
}

// meet returns the innermost group around two; -1 is none yet.
func (d *drafting) meet(a, b int) int {
	for a >= 0 && a != b {
		if a > b { // parents come first
			a = d.g.scopes[a].parent
		} else {
			b = d.g.scopes[b].parent
		}
	}
	return b
}

// resultOf returns the nodes of the body that a result of a loop shows.
func resultOf(r graph.Result) []*graph.Node {
	switch {
	case r.Each != nil:
		return []*graph.Node{r.Each}
	case r.Loop.Kind == graph.Branch:
		return []*graph.Node{r.Loop.Next[r.I], r.Loop.Else[r.I]}
	}
	return []*graph.Node{r.Loop.Next[r.I]}
}

func loopTitle(l *graph.Loop, name string) string {
	switch l.Kind {
	case graph.ScanLoop:
		return name + " over " + l.Length.String() + " steps"
	case graph.WhileLoop:
		return "while"
	}
	return "if"
}

func argTitle(l *graph.Loop, i int) string {
	switch {
	case i < l.Carries:
		return "carry " + strconv.Itoa(i)
	case i < l.Carries+l.Slices:
		return "slice " + strconv.Itoa(i-l.Carries)
	}
	return "given " + strconv.Itoa(i-l.Carries-l.Slices)
}

// note is the text beside a value's edge: its shape, where that changes.
func (d *drafting) note(n *graph.Node, v *vertex) string {
	if n.Shape().Rank() == 0 || v.kind == Param || v.kind == Const {
		return ""
	}
	for _, u := range v.in {
		if k := d.g.v[u].kind; k != Param && k != Const && d.g.v[u].node().Shape() == n.Shape() {
			return ""
		}
	}
	return shape(n.Type())
}

// shape writes a shape as people do: batch×784.
func shape(t graph.Type) string {
	if t.Rank() == 0 {
		return ""
	}
	var b strings.Builder
	for i, d := range t.Shape.Dims() {
		if i > 0 {
			b.WriteString("×")
		}
		b.WriteString(strings.ReplaceAll(d.String(), "*", "·"))
	}
	return b.String()
}

// title is what a box says of its node.
func title(n *graph.Node) string {
	if p, ok := n.Op().(*graph.Param); ok {
		return p.Label[strings.LastIndexByte(p.Label, '.')+1:]
	}
	if v, ok := graph.ScalarValue(n); ok {
		return strings.Replace(strconv.FormatFloat(v, 'g', 4, 64), "-", "−", 1)
	}
	name := n.Op().Name()
	if isInput(n) {
		return strings.TrimPrefix(name, "input ")
	}
	if s, ok := n.Op().(fmt.Stringer); ok {
		if long := s.String(); len(long) <= 18 && !strings.Contains(long, "[") {
			return long
		}
	}
	return name
}

// activate marks the vertices that a cotangent arrives at: those between what is
// differentiated for and a vertex whose gradient is computed.
func (d *drafting) activate() {
	v := d.g.v
	some := false
	for i := range v {
		some = some || len(v[i].grads) > 0
	}
	if !some {
		return
	}
	trained := slices.ContainsFunc(v, func(v vertex) bool { return v.kind == Param && differentiable(v) })
	needs := make([]bool, len(v))
	for i := range v {
		needs[i] = v[i].kind == Param || !trained && v[i].kind == Input
		for _, u := range v[i].in {
			needs[i] = needs[i] || u < i && needs[u]
		}
		needs[i] = needs[i] && differentiable(v[i])
	}
	reached := make([]bool, len(v))
	for i := len(v) - 1; i >= 0; i-- {
		reached[i] = reached[i] || len(v[i].grads) > 0 || v[i].kind == Loss && needs[i] && d.leads(i)
		v[i].active = reached[i] && needs[i]
		for _, u := range v[i].in {
			reached[u] = reached[u] || v[i].active
		}
	}
}

// leads reports whether a gradient is computed at v or right before it.
func (d *drafting) leads(i int) bool {
	return len(d.g.v[i].grads) > 0 || slices.ContainsFunc(d.g.v[i].in, func(u int) bool { return len(d.g.v[u].grads) > 0 })
}

func differentiable(v vertex) bool {
	n := v.node()
	if p, ok := n.Op().(*graph.Param); ok && p.Untrained {
		return false
	}
	return n.DType().Float() && n.Op().Name() != "stopgradient"
}

// save notes what the gradient of each vertex reads of the forward pass, by the
// names that formulas use.
func (d *drafting) save() {
	for i := range d.g.v {
		v := &d.g.v[i]
		if len(v.grads) == 0 {
			continue
		}
		own := map[uint64]bool{}
		for _, n := range v.grads {
			own[n.ID()] = true
		}
		for _, n := range v.grads {
			for _, x := range n.In() {
				at, forward := d.place[x.ID()]
				if !forward || own[x.ID()] || len(d.g.v[at].in) == 0 && d.g.v[at].kind == Const {
					continue
				}
				name := d.operand(v, at)
				if at == i {
					name = "y"
				}
				if !slices.Contains(v.saves, name) {
					v.saves = append(v.saves, name)
				}
			}
		}
	}
}

// operand is the name of an operand x: its own, or the letter in formulas.
func (d *drafting) operand(v *vertex, at int) string {
	if k := d.g.v[at].kind; k == Param || k == Input {
		return d.g.v[at].title
	}
	i := slices.Index(v.in, at)
	switch {
	case i < 0:
		return d.g.v[at].title
	case len(v.in) == 1:
		return "x"
	case i < 26:
		return string(rune('a' + i))
	}
	return "x" + strconv.Itoa(i)
}
