package viz

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/graph"
)

//go:embed page.js
var pageScript string

//go:embed page.css
var pageStyle string

// HTML draws the graph of y as a page.
func HTML(w io.Writer, y ...*graph.Node) error { return Picture{}.HTML(w, y...) }

// HTML writes what y depends on as one page that opens from a file and loads
// nothing: groups open and close, nodes are searched for, and each tells its op,
// formulas, type, place in the user's code, work and value. All works by
// keyboard too.
//
// The page holds one drawing for each group that is opened or closed, so that it
// needs neither a server nor a layout engine; opening one group may close
// another. Above 200 groups the innermost stay closed.
func (p Picture) HTML(w io.Writer, y ...*graph.Node) error {
	b := &book{p: p, y: y, state: map[string]int{}, notes: map[uint64]*note{}}
	whole, err := p.whole(y)
	if err != nil {
		return err
	}
	b.whole = whole
	b.draw()
	return b.write(w)
}

// mostStates bounds the drawings of a page.
const mostStates = 400

// A book is the drawings of one graph with different groups open.
type book struct {
	p        Picture
	y        []*graph.Node
	whole    *sketch
	text     string // of the first drawing
	drawings []string
	state    map[string]int   // "+path" or "-path" to the drawing where that group is open or closed
	notes    map[uint64]*note // what is known of the nodes that are shown
	queue    []chapter
}

// draw makes the first drawing, and then one for each group that can be opened
// or closed in one that is there.
func (b *book) draw() {
	b.queue = []chapter{{open: b.p.Open}}
	for done := 0; done < len(b.queue); done++ {
		p := b.p
		p.Title, p.Open = "", b.queue[done].open // the page has the title
		g := p.fold(b.whole)
		l := p.arrange(g)
		at := b.keep(l)
		if key := b.queue[done].key; key != "" {
			b.state[key] = at
		}
		b.note(g, at)
		for i := range l.Boxes {
			if path := l.Boxes[i].Scope; path != "" {
				b.want("+"+path, b.opening(path))
			}
		}
		for i := range l.Groups {
			if path := l.Groups[i].Path; path != "" {
				b.want("-"+path, b.with(path, false))
			}
		}
	}
}

// keep stores a drawing, once, and returns its number.
func (b *book) keep(l *Layout) int {
	if b.text == "" {
		b.text = l.Text
	}
	s := &svg{page: true}
	s.head(l, "")
	l.draw(s)
	s.WriteString("</svg>")
	if i := slices.Index(b.drawings, s.String()); i >= 0 {
		return i
	}
	b.drawings = append(b.drawings, s.String())
	return len(b.drawings) - 1
}

// A chapter is a drawing to be made: with which groups open, and for what.
type chapter struct {
	key  string
	open map[string]bool
}

func (b *book) want(key string, open map[string]bool) {
	if _, ok := b.state[key]; ok || len(b.queue) >= mostStates {
		return
	}
	b.state[key] = 0
	b.queue = append(b.queue, chapter{key, open})
}

// with returns the picture's own choice with one group more.
func (b *book) with(path string, open bool) map[string]bool {
	m := map[string]bool{path: open}
	for k, v := range b.p.Open {
		if k != path {
			m[k] = v
		}
	}
	return m
}

// opening opens a group and those around it.
func (b *book) opening(path string) map[string]bool {
	m := b.with(path, true)
	for i := range path {
		if path[i] == '.' {
			m[path[:i]] = true
		}
	}
	return m
}

// A note is what the inspector shows of a node.
type note struct {
	Op       string `json:"op"`
	Box      string `json:"box,omitempty"` // what its box says, where that is another op made of it
	Type     string `json:"type"`
	Shape    string `json:"shape"`
	Scope    string `json:"scope,omitempty"`
	At       string `json:"at"` // file and line
	Text     string `json:"text,omitempty"`
	Formula  string `json:"formula,omitempty"`  // MathML
	Gradient string `json:"gradient,omitempty"` // MathML
	Flops    string `json:"flops,omitempty"`
	Value    string `json:"value,omitempty"`
	Slope    string `json:"slope,omitempty"`
	State    int    `json:"state"` // the drawing that shows it
}

// note collects what a drawing shows for the first time.
func (b *book) note(g *sketch, at int) {
	for i := range g.v {
		n := &g.v[i]
		if n.kind == Folded {
			continue
		}
		for _, list := range [][]*graph.Node{n.nodes, n.grads, n.update} {
			for _, m := range list {
				if b.notes[m.ID()] == nil {
					t := b.describe(m, at)
					if n.title != t.Op {
						t.Box = n.title
					}
					b.notes[m.ID()] = t
				}
			}
		}
	}
}

func (b *book) describe(n *graph.Node, at int) *note {
	t := &note{Op: title(n), Type: n.DType().String(), Shape: n.Shape().String(), Scope: n.Scope(), At: n.Pos(), State: at}
	if n.Op().Name() != t.Op && !isInput(n) && !isParam(n) {
		t.Op = n.Op().Name() + " " + t.Op
	}
	if n.Err() != nil {
		t.Text = n.Err().Error()
		return t
	}
	if d, ok := n.Op().(graph.Documented); ok {
		doc := d.Doc()
		t.Text, t.Formula, t.Gradient = doc.Text, mathML(doc.Formula), mathML(doc.Gradient)
	}
	if f := graph.Flops(n); f != 0 {
		t.Flops = f.String()
	}
	if v, ok := b.p.Values.Value(n); ok && v.Len() > 0 {
		t.Value = inWords(NewTile(v))
	}
	if v, ok := b.p.Values.Gradient(n); ok && v.Len() > 0 {
		t.Slope = inWords(NewTile(v))
	}
	return t
}

// inWords says what is known of a tensor.
func inWords(k *Tile) string {
	if s, ok := k.scalar(); ok {
		return s
	}
	s := fmt.Sprintf("min %s, mean %s, max %s", num(float64(k.Min)), num(float64(k.Mean)), num(float64(k.Max)))
	if k.NaN > 0 {
		s += fmt.Sprintf(", %d NaN or infinite", k.NaN)
	}
	return s
}

// mathML writes formulas for a browser, one under the other.
func mathML(text string) string {
	if text == "" {
		return ""
	}
	e, err := formula.Parse(text)
	if err != nil {
		return html.EscapeString(text)
	}
	var b strings.Builder
	for _, one := range e.List() {
		b.WriteString(one.MathML())
	}
	return b.String()
}

// write writes the page.
func (b *book) write(w io.Writer) error {
	data, err := json.Marshal(struct {
		State map[string]int   `json:"state"`
		Notes map[uint64]*note `json:"notes"`
	}{b.state, b.notes})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	sum := sha256.Sum256([]byte(pageScript))
	title := b.p.Title
	if title == "" {
		title = "Computation graph"
	}
	fmt.Fprintf(&out, `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-%s'">
<title>%s</title>
<style>%s
%s</style>
`, base64.StdEncoding.EncodeToString(sum[:]), html.EscapeString(title), css(), pageStyle)
	fmt.Fprintf(&out, `<header><h1>%s</h1><input id="search" type="search" placeholder="search (/)" aria-label="search nodes" autocomplete="off"><span id="zoom"><button data-zoom="-1" aria-label="smaller">−</button><button data-zoom="0">1:1</button><button data-zoom="1" aria-label="larger">+</button></span><ol id="found"></ol></header>
<main><div id="graph" role="tree" tabindex="0" aria-label="%s"></div><aside id="inspector" aria-live="polite"><p>Point at a box, or walk with the arrow keys: up to what it is computed from, down to what uses it, left and right to its gradient. Enter opens and closes a group.</p></aside></main>
`, html.EscapeString(title), html.EscapeString(b.text))
	for i, d := range b.drawings {
		fmt.Fprintf(&out, "<template id=\"s%d\">%s</template>\n", i, d)
	}
	fmt.Fprintf(&out, "<script type=\"application/json\" id=\"data\">%s</script>\n<script>%s</script>\n</html>\n", data, pageScript)
	_, err = w.Write(out.Bytes())
	return err
}
