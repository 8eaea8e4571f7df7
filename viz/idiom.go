package viz

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// An idiom is what several ops make together, known by its pattern: op(operand,
// ...), where a word alone stands for any operand, always the same one, a number
// for that constant, keep(p) for p or a reshape of it, and name:op(...) names the
// result for use further on. Operands of add and mul may change places.
type idiom struct {
	name    string
	pattern string
	kind    Kind
	formula string
}

// idioms are found from the first to the last, so that later ones may build on
// those before.
var idioms = []idiom{
	{"mean", "div(sum(x), count())", Reduce, "y = Σ x / n"},
	{"softmax", "div(e:exp(sub(x, stopgradient(keep(max(x))))), keep(sum(e)))", Reduce, "y = exp(x) / Σ exp(x)"},
	{"logsoftmax", "sub(c:sub(x, stopgradient(keep(max(x)))), log(keep(sum(exp(c)))))", Reduce, "y = x − log Σ exp(x)"},
	{"standardize", "mul(c:sub(x, keep(mean(x))), rsqrt(add(keep(mean(square(c))), epsilon)))", Reduce, "y = (x − mean) / √(variance + ε)"},
	{"rms", "mul(x, rsqrt(add(keep(mean(square(x))), epsilon)))", Reduce, "y = x / √(mean x² + ε)"},
	{"gelu", "mul(x, mul(erfc(mul(x, -0.7071067811865475)), 0.5))", Elementwise, "y = x·Φ(x)"},
	{"silu", "mul(x, sigmoid(x))", Elementwise, "y = x·sigmoid(x)"},
	{"mish", "mul(x, tanh(softplus(x)))", Elementwise, "y = x·tanh(softplus(x))"},
	{"cross entropy", "mean(add(mul(y, softplus(neg(z))), mul(sub(1, y), softplus(z))))", Reduce, "y = mean −log p(label)"},
	{"mean square", "mean(square(sub(a, b)))", Reduce, "y = mean (a − b)²"},
}

// A form is a parsed pattern.
type form struct {
	op, name string
	args     []form
	free     bool // any operand
	number   float64
	constant bool
}

var forms = func() (list []form) {
	for _, i := range idioms {
		f, rest := parseForm(i.pattern)
		if rest != "" {
			panic("viz: idiom " + i.name + " does not end at " + rest)
		}
		list = append(list, f)
	}
	return list
}()

// parseForm reads one form and returns what follows it.
func parseForm(s string) (f form, rest string) {
	end := strings.IndexAny(s, "(),")
	if end < 0 {
		end = len(s)
	}
	word := strings.TrimSpace(s[:end])
	if end == len(s) || s[end] != '(' {
		if v, err := strconv.ParseFloat(word, 64); err == nil {
			return form{number: v, constant: true}, s[end:]
		}
		return form{name: word, free: true}, s[end:]
	}
	if name, op, ok := strings.Cut(word, ":"); ok {
		f.name, word = name, op
	}
	f.op = word
	for s = s[end+1:]; s != "" && s[0] != ')'; s = strings.TrimLeft(s, ", ") {
		var arg form
		arg, s = parseForm(s)
		f.args = append(f.args, arg)
	}
	return f, s[1:]
}

// opName is what patterns call the vertex.
func (n *vertex) opName() string {
	if n.idiom != "" {
		return n.idiom
	}
	return n.node().Op().Name()
}

// A match is one attempt to find an idiom.
type match struct {
	g      *sketch
	bound  map[string]int
	free   []int // operands, in the order of the pattern
	inside []int
}

func (m *match) try(f form, v int) bool {
	n := &m.g.v[v]
	switch {
	case f.constant:
		x, ok := graph.ScalarValue(n.node())
		return ok && float32(x) == float32(f.number)
	case f.free:
		if to, ok := m.bound[f.name]; ok {
			return to == v
		}
		m.bound[f.name] = v
		m.free = append(m.free, v)
		return true
	case f.op == "keep":
		if n.opName() == "reshape" && len(n.in) == 1 {
			m.inside = append(m.inside, v)
			v = n.in[0]
		}
		return m.try(f.args[0], v)
	}
	if to, ok := m.bound[f.name]; ok && f.name != "" {
		return to == v
	}
	if n.opName() != f.op || len(n.in) != len(f.args) {
		return false
	}
	m.inside = append(m.inside, v)
	if m.all(f.args, n.in) {
		if f.name != "" {
			m.bound[f.name] = v
		}
		return true
	}
	return false
}

// all matches operands, those of add and mul in either order.
func (m *match) all(args []form, in []int) bool {
	bound, free, inside := maps.Clone(m.bound), slices.Clone(m.free), slices.Clone(m.inside)
	if m.each(args, in) {
		return true
	}
	if len(in) != 2 {
		return false
	}
	if name := m.g.v[m.inside[len(inside)-1]].opName(); name != "add" && name != "mul" {
		return false
	}
	m.bound, m.free, m.inside = bound, free, inside
	return m.each(args, []int{in[1], in[0]})
}

func (m *match) each(args []form, in []int) bool {
	for i, f := range args {
		if !m.try(f, in[i]) {
			return false
		}
	}
	return true
}

// phrase draws idioms as one box each.
func (d *drafting) phrase() {
	for i, f := range forms {
		uses := d.g.uses()
		gone := make([]bool, len(d.g.v))
		some := false
		for v := len(d.g.v) - 1; v >= 0; v-- {
			if gone[v] || d.g.v[v].opName() != f.op {
				continue
			}
			m := &match{g: d.g, bound: map[string]int{}}
			if m.try(f, v) && m.closed(v, uses, gone) {
				d.replace(&idioms[i], m, v, gone)
				some = true
			}
		}
		if some {
			d.drop(gone)
		}
	}
}

// closed reports whether what the idiom hides is used by nothing else, in one
// group.
func (m *match) closed(root int, uses lists, gone []bool) bool {
	for _, v := range m.inside {
		if gone[v] || m.g.v[v].scope != m.g.v[root].scope || m.g.v[v].kind == Loss && v != root {
			return false
		}
		if v == root {
			continue
		}
		for _, u := range uses.of(v) {
			if !slices.Contains(m.inside, int(u)) {
				return false
			}
		}
	}
	return true
}

// replace makes the vertex at the end of an idiom stand for all of it.
func (d *drafting) replace(i *idiom, m *match, root int, gone []bool) {
	n := &d.g.v[root]
	slices.Sort(m.inside)
	m.inside = slices.Compact(m.inside)
	axes := ""
	var nodes, grads []*graph.Node
	for _, v := range m.inside {
		w := &d.g.v[v]
		nodes, grads = append(nodes, w.nodes...), append(grads, w.grads...)
		if cut := strings.IndexByte(w.title, '('); cut >= 0 && axes == "" && i.kind == Reduce && strings.HasSuffix(w.title, ")") {
			axes = w.title[cut:]
		}
		gone[v] = v != root
	}
	n.nodes, n.grads, n.in = nodes, grads, nil
	n.title, n.idiom, n.kind, n.formula = i.name+axes, i.name, i.kind, i.formula
	if n.node().Shape().Rank() == 0 && axes != "" {
		n.title = i.name
	}
	for _, v := range m.free {
		if d.g.v[v].kind != Const { // such as a small epsilon
			n.in = append(n.in, v)
		}
	}
	n.note = d.note(n.node(), n)
}

// drop removes the vertices that idioms hide, and constants that only they used.
func (d *drafting) drop(gone []bool) {
	used := make([]bool, len(d.g.v))
	for v := range d.g.v {
		for _, u := range d.g.v[v].in {
			used[u] = used[u] || !gone[v]
		}
	}
	for v := range d.g.v {
		if n := &d.g.v[v]; n.kind == Const && !used[v] && len(d.parts.users[n.node().ID()]) > 0 {
			gone[v] = true
		}
	}
	place := make([]int, len(d.g.v))
	kept := d.g.v[:0]
	for v, n := range d.g.v {
		if place[v] = len(kept); !gone[v] {
			kept = append(kept, n)
			continue
		}
		for _, n := range n.nodes {
			delete(d.place, n.ID())
		}
	}
	d.g.v = kept
	for i := range kept {
		for k, u := range kept[i].in {
			kept[i].in[k] = place[u]
		}
		for _, n := range kept[i].nodes {
			d.place[n.ID()] = i
		}
	}
}
