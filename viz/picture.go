// Package viz draws graphs: as text, DOT, SVG, PNG, or a page of HTML that opens
// without a server.
//
//	viz.SVG(w, loss)                                     // what loss is computed from
//	viz.SVG(w, step.Nodes()...)                          // a training step: forward, backward, update
//	values, err := viz.Run(loss, x.Is(xs), y.Is(ys))     // and with numbers:
//	err = viz.Picture{Values: values}.SVG(w, loss)
//
// Groups are the scopes that layers make. They nest and fold, and repeated ones
// are drawn once. Gradients stand in a column of their own, each on the row of
// the op it belongs to; [graph.Node.From] tells which. Pictures are
// deterministic: the same graph gives the same bytes.
package viz

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/graph"
)

// A Picture says how to draw a graph. The zero value is a good start.
type Picture struct {
	Title      string
	Boxes      int             // most boxes that are shown: groups close to keep to it; 0 stands for 60, or 40 beside gradients, and -1 opens all
	Open       map[string]bool // groups, by their path, that are open (true) or closed (false) in any case
	Gradient   bool            // adds the gradient of the first node, a scalar, for all parameters, or without any for the inputs
	Training   bool            // draws what a training step computes where that differs, such as dropout
	Primitives bool            // draws each op by itself, where else what several make together, such as softmax, is one box
	Formulas   bool            // writes the ops' formulas into their boxes
	Values     *Values         // draws the values of a run, and gradients
	Bars       bool            // with Values: adds histograms

	fused *fused // draws these groups instead of scopes
}

// SVG draws the graph of y as SVG.
func SVG(w io.Writer, y ...*graph.Node) error { return Picture{}.SVG(w, y...) }

// What fits on a screen.
const defaultBoxes, defaultRows = 60, 40

// Layout arranges the picture of what y depends on.
func (p Picture) Layout(y ...*graph.Node) (*Layout, error) {
	g, err := p.sketch(y)
	if err != nil {
		return nil, err
	}
	return p.arrange(g), nil
}

func (p *Picture) arrange(g *sketch) *Layout {
	return p.compose(arrange(g, g.backward()))
}

// sketch is the graph as it will be shown, folded.
func (p *Picture) sketch(y []*graph.Node) (*sketch, error) {
	g, err := p.whole(y)
	if err != nil {
		return nil, err
	}
	return p.fold(g), nil
}

// fold closes groups of a sketch, and sizes what is left.
func (p *Picture) fold(g *sketch) *sketch {
	limit := defaultBoxes
	if g.backward() { // one row each
		limit = defaultRows
	}
	g = fold(g, cmp.Or(p.Boxes, limit), p.Open)
	tape := g.backward()
	for i := range g.v {
		p.describe(&g.v[i], tape)
	}
	return g
}

// whole is the graph before folding.
func (p *Picture) whole(y []*graph.Node) (*sketch, error) {
	if slices.Contains(y, nil) {
		return nil, fmt.Errorf("viz: node %d is nil", slices.Index(y, nil))
	}
	roots := y
	if p.Gradient {
		grads, err := p.gradient(y)
		if err != nil {
			return nil, err
		}
		roots = slices.Concat(y, grads)
	}
	return draft(p.reach(roots), y, p), nil
}

// gradient returns the gradient of y[0] for its parameters, else its inputs.
func (p *Picture) gradient(y []*graph.Node) ([]*graph.Node, error) {
	if len(y) == 0 || y[0].Err() != nil {
		return nil, nil
	}
	if t := y[0].Type(); t.Rank() != 0 || !t.DType.Float() {
		return nil, fmt.Errorf("viz: the gradient of %v is not drawn: want a scalar of floats first", t)
	}
	var params, inputs []*graph.Node
	for _, n := range p.reach(y[:1]) {
		q, ok := n.Op().(*graph.Param)
		switch {
		case !n.DType().Float():
		case ok && !q.Untrained:
			params = append(params, n)
		case isInput(n):
			inputs = append(inputs, n)
		}
	}
	if len(params) == 0 {
		params = inputs
	}
	return autodiff.Grad(y[0], params...), nil
}

// reach returns the nodes that y depends on in this mode, in order.
func (p *Picture) reach(y []*graph.Node) []*graph.Node { return reach(p.Training, y) }

func reach(training bool, y []*graph.Node) []*graph.Node {
	seen := map[*graph.Node]bool{}
	var list []*graph.Node
	for stack := slices.Clone(y); len(stack) > 0; {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if n == nil || seen[n] {
			continue
		}
		seen[n] = true
		list = append(list, n)
		if c, ok := n.Op().(graph.Chooser); ok && n.Err() == nil && !c.Also() {
			stack = append(stack, n.In()[c.Choose(training)])
			continue
		}
		stack = append(stack, n.In()...)
	}
	return inOrder(list)
}

// inOrder sorts nodes by their making, but each after its operands: what a
// compiler makes is younger than its users.
func inOrder(list []*graph.Node) []*graph.Node {
	slices.SortFunc(list, func(a, b *graph.Node) int { return cmp.Compare(a.ID(), b.ID()) })
	wanted, done := make(map[*graph.Node]bool, len(list)), make(map[*graph.Node]bool, len(list))
	for _, n := range list {
		wanted[n] = true
	}
	order := make([]*graph.Node, 0, len(list))
	for _, n := range list {
		for stack := []*graph.Node{n}; len(stack) > 0; {
			top := stack[len(stack)-1]
			ready := true
			for _, x := range top.In() {
				if wanted[x] && !done[x] {
					stack, ready = append(stack, x), false
				}
			}
			if ready {
				stack = stack[:len(stack)-1]
				if !done[top] {
					done[top] = true
					order = append(order, top)
				}
			}
		}
	}
	return order
}

// backward reports whether there is a column of gradients.
func (g *sketch) backward() bool {
	return slices.ContainsFunc(g.v, func(v vertex) bool { return v.active })
}

// describe sets what a box says, and its size. On a tape the gradient has a box
// of its own, of the same size.
func (p *Picture) describe(n *vertex, tape bool) {
	if n.kind != Folded {
		n.line = p.formula(n)
	}
	if n.kind == Mistake {
		n.line = mistakeLine(n.node())
	}
	n.w, n.h = max(68, textWidth(n.title, 12)*1.06+24), 30
	if n.line != "" {
		n.w, n.h = max(n.w, textWidth(n.line, 10.5)+20), 44
	}
	if n.active {
		n.w = max(n.w, textWidth("∂ "+n.title, 12)*1.06+24, textWidth(p.gradientLine(n), 10.5)+20)
		n.h = 44
	}
	p.makeRoom(n, tape)
	p.describePill(n, tape)
}

// mistakeLine is what is wrong with a node: nothing if that is told before it.
func mistakeLine(n *graph.Node) string {
	for _, x := range n.In() {
		if x.Err() != nil {
			return ""
		}
	}
	text, _, _ := strings.Cut(n.Err().Error(), "\n")
	if _, rest, ok := strings.Cut(text, ": "+n.Op().Name()+": "); ok {
		text = rest
	}
	return short(text, 90)
}

// describePill sets what a tucked box says: the name, faintly what else there
// is, and of its gradient.
func (p *Picture) describePill(n *vertex, tape bool) {
	n.pill, n.pillRest, n.slopePill = n.title, "", "∂"+n.title
	width := 20.0
	switch s, ok := n.value.scalar(); {
	case n.kind == Const:
	case ok:
		n.pill += " = " + s
		if g, ok := n.slope.scalar(); ok && tape {
			n.slopePill += " = " + g
		} else if ok {
			n.pillRest = "grad " + g
		}
	default:
		n.pillRest = shape(n.node().Type())
		if n.value != nil {
			width += pillHeat
		}
	}
	n.chipW = width + textWidth(n.pill, 11)
	if n.pillRest != "" {
		n.chipW += textWidth(" "+n.pillRest, 10)
	}
	if n.active {
		n.chipW = max(n.chipW, width+textWidth(n.slopePill, 11))
	}
}

// formula is the formula of an op, if it says one.
func (p *Picture) formula(n *vertex) string {
	switch d, ok := n.node().Op().(graph.Documented); {
	case !p.Formulas || n.node().Err() != nil || len(n.in) == 0:
	case n.idiom != "":
		return n.formula
	case ok:
		return short(plain(d.Doc().Formula), 40)
	}
	return ""
}

// gradientLine says what a gradient computes: the formula if the op says one,
// else its ops.
func (p *Picture) gradientLine(n *vertex) string {
	if n.kind == Folded {
		return plural(len(n.grads), "op")
	}
	if d, ok := n.node().Op().(graph.Documented); ok && p.Formulas && n.idiom == "" && n.node().Err() == nil {
		if g := d.Doc().Gradient; g != "" {
			return short(plain(g), 48)
		}
	}
	var names []string
	count := map[string]int{}
	for _, m := range n.grads {
		name := m.Op().Name()
		if k := kindOf(m); k == View || k == Const {
			continue
		}
		if count[name]++; count[name] == 1 {
			names = append(names, name)
		}
	}
	for i, name := range names {
		if count[name] > 1 {
			names[i] = fmt.Sprintf("%d %s", count[name], name)
		}
	}
	if len(names) == 0 {
		if len(n.grads) > 0 {
			return "reorders"
		}
		return "passes on"
	}
	return short(strings.Join(names, ", "), 40)
}

// plain writes a formula as people do.
func plain(text string) string {
	e, err := formula.Parse(text)
	if err != nil {
		return text
	}
	return e.Pretty()
}

// short cuts a text that is too long for a box.
func short(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}
