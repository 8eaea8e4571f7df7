package live

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/viz"
)

// A canvas is the graph that the page shows.
type canvas struct {
	out   []*graph.Node
	feeds []graph.Feed
	nodes []*graph.Node
	all   map[uint64]*graph.Node
	files map[string]bool // that the nodes were made in: the only ones that are read

	once   sync.Once
	values *viz.Values
	failed error
}

func newCanvas(out []*graph.Node, feeds []graph.Feed) (*canvas, error) {
	c := &canvas{out: out, feeds: feeds, all: map[uint64]*graph.Node{}, files: map[string]bool{}}
	if i := slices.Index(out, nil); i >= 0 {
		return nil, fmt.Errorf("live: node %d of the graph is nil", i)
	}
	c.nodes = graph.Topo(out...)
	for _, n := range c.nodes {
		c.all[n.ID()] = n
		if file, _ := n.Source(); file != "" {
			c.files[file] = true
		}
	}
	return c, nil
}

// A look says which picture of the graph is wanted.
type look struct {
	Boxes    int             `json:"boxes"` // most boxes; -1 opens all
	Open     map[string]bool `json:"open"`
	Gradient bool            `json:"gradient"`
}

func (c *canvas) layout(l look) (*viz.Layout, error) {
	p := viz.Picture{Boxes: l.Boxes, Open: l.Open, Gradient: l.Gradient}
	out := c.out
	if l.Gradient {
		out = out[:1]
	}
	return p.Layout(out...)
}

// run computes values and gradients, once, for as long as the parameters stay.
func (c *canvas) run() (*viz.Values, error) {
	c.once.Do(func() {
		if len(c.out) == 0 {
			c.failed = errors.New("the graph is empty")
			return
		}
		c.values, c.failed = viz.Run(c.out[0], c.feeds...)
	})
	return c.values, c.failed
}

// An inspection is what is known of a node.
type inspection struct {
	Op       string   `json:"op"`
	Type     string   `json:"type"`
	Scope    string   `json:"scope"`
	Pos      string   `json:"pos"`
	Source   []string `json:"source"` // lines around the user's
	First    int      `json:"first"`  // the first one's number
	Line     int      `json:"line"`
	Text     string   `json:"text"`
	Formula  notation `json:"formula"`
	Gradient notation `json:"gradient"`
	Params   int      `json:"params"` // elements
	Flops    string   `json:"flops"`
	Bytes    string   `json:"bytes"` // of the value
	In       []string `json:"in"`
	Value    *view    `json:"value,omitempty"`
	Slope    *view    `json:"slope,omitempty"`
	Why      string   `json:"why,omitempty"` // there are no values
}

func (c *canvas) inspect(id uint64) (*inspection, error) {
	n, ok := c.all[id]
	if !ok {
		return nil, fmt.Errorf("node %d is a part of a gradient or of no graph: want a forward one", id)
	}
	d := docOf(n)
	i := &inspection{Op: n.Op().Name(), Type: n.Type().String(), Scope: n.Scope(), Pos: n.Pos(), Text: d.Text, Formula: mathOf(d.Formula), Gradient: mathOf(d.Gradient),
		Flops: graph.Flops(n).String(), Bytes: fmt.Sprint(size(n.Type())), In: []string{}}
	for _, x := range n.In() {
		i.In = append(i.In, x.String())
	}
	if p, ok := n.Op().(*graph.Param); ok {
		if dims, ok := p.Type.Shape.Literal(); ok {
			i.Params = 1
			for _, d := range dims {
				i.Params *= d
			}
		}
	}
	if file, line := n.Source(); c.files[file] {
		i.Line = line
		i.Source, i.First = lines(file, line-3, line+3)
	}
	values, err := c.run()
	if err != nil {
		i.Why = err.Error()
		return i, nil
	}
	if t, ok := values.Value(n); ok {
		v := viewOf(t)
		i.Value = &v
	}
	if t, ok := values.Gradient(n); ok {
		v := viewOf(t)
		i.Slope = &v
	}
	return i, nil
}

// size is the number of bytes of a value, perhaps in symbols.
func size(t graph.Type) string {
	width := map[graph.DType]int{graph.Float64: 8, graph.Int64: 8, graph.Float32: 4, graph.Int32: 4, graph.Bool: 1}[t.DType]
	if dims, ok := t.Shape.Literal(); ok {
		for _, d := range dims {
			width *= d
		}
		return strconv.Itoa(width)
	}
	return fmt.Sprintf("%d·%v", width, t.Shape.Size())
}

// lines returns lines of a file of the program's source, or nothing if it is not
// on this machine.
func lines(file string, from, to int) (text []string, first int) {
	f, err := os.Open(file)
	if err != nil {
		return nil, 0
	}
	defer f.Close()
	first = max(from, 1)
	scan := bufio.NewScanner(f)
	for k := 1; scan.Scan() && k <= to; k++ {
		if k >= first {
			text = append(text, scan.Text())
		}
	}
	return text, first
}

// A hit is a node that was searched for.
type hit struct {
	ID    uint64 `json:"id"`
	Scope string `json:"scope"`
}

const maxHits = 1000

// find returns the nodes with a word in op, type, layer or place, the oldest
// first, of which more than some are too many to walk through.
func (c *canvas) find(word string) []hit {
	word = strings.ToLower(strings.TrimSpace(word))
	hits := []hit{}
	for _, n := range c.nodes {
		text := strings.ToLower(n.String() + " " + n.Op().Name() + " " + n.Scope() + " " + n.Pos())
		if word != "" && strings.Contains(text, word) && len(hits) < maxHits {
			hits = append(hits, hit{n.ID(), n.Scope()})
		}
	}
	return hits
}

// overlays are what boxes can be coloured by: a number for each node that has one.
var overlays = map[string]func(c *canvas) (map[uint64]float64, error){
	"value": byValue(func(n *graph.Node, t graph.Tensor) (float64, bool) { return meanSize(t), true }),
	"bad":   byValue(func(n *graph.Node, t graph.Tensor) (float64, bool) { return float64(viewOf(t).Bad), true }),
	"dead":  byValue(dead),
	"memory": byValue(func(n *graph.Node, t graph.Tensor) (float64, bool) {
		return float64(t.Len() * elementSize(t.DType)), true
	}),
	"gradient": (*canvas).gradients,
	"time":     (*canvas).times,
}

func elementSize(d graph.DType) int {
	switch d {
	case graph.Float64, graph.Int64:
		return 8
	case graph.Bool:
		return 1
	}
	return 4
}

func byValue(f func(n *graph.Node, t graph.Tensor) (float64, bool)) func(c *canvas) (map[uint64]float64, error) {
	return func(c *canvas) (map[uint64]float64, error) {
		values, err := c.run()
		if err != nil {
			return nil, err
		}
		m := map[uint64]float64{}
		for id, n := range c.all {
			if t, ok := values.Value(n); ok {
				if v, ok := f(n, t); ok {
					m[id] = v
				}
			}
		}
		return m, nil
	}
}

// meanSize is the root of the mean square of what is finite.
func meanSize(t graph.Tensor) float64 {
	sum, n := 0.0, 0.0
	for i := range t.Len() {
		if x := t.At(i); !math.IsNaN(x) && !math.IsInf(x, 0) {
			sum, n = sum+x*x, n+1
		}
	}
	return math.Sqrt(sum / max(n, 1))
}

// dead is the share of a rectifier's units, along the last axis, that are 0
// everywhere.
func dead(n *graph.Node, t graph.Tensor) (float64, bool) {
	if n.Op().Name() != "relu" || len(t.Shape) == 0 || t.Len() == 0 {
		return 0, false
	}
	units := t.Shape[len(t.Shape)-1]
	alive := make([]bool, units)
	for i := range t.Len() {
		alive[i%units] = alive[i%units] || t.At(i) > 0
	}
	none := 0
	for _, a := range alive {
		if !a {
			none++
		}
	}
	return float64(none) / float64(units), true
}

func (c *canvas) gradients() (map[uint64]float64, error) {
	values, err := c.run()
	if err != nil {
		return nil, err
	}
	m := map[uint64]float64{}
	for id, n := range c.all {
		if t, ok := values.Gradient(n); ok {
			m[id] = meanSize(t) * math.Sqrt(float64(t.Len()))
		}
	}
	return m, nil
}

// times shares the time of each instruction of a run among the nodes of its ops
// and lines, in microseconds: what is fused has no time of its own.
func (c *canvas) times() (map[uint64]float64, error) {
	p, err := graph.Compile(c.out...)
	if err != nil {
		return nil, err
	}
	before := &train.Snapshot{Params: p.Params()}
	if err := before.Take(); err != nil {
		return nil, err
	}
	if _, err := p.Eval(context.Background(), c.feeds...); err != nil { // warm
		return nil, err
	}
	profile, err := p.Profile(c.feeds...)
	if err != nil {
		return nil, err
	}
	m := map[uint64]float64{}
	for _, row := range profile.Rows {
		var of []uint64
		for id, n := range c.all {
			if len(n.In()) > 0 && slices.Contains(row.Ops, n.Op().Name()) && slices.Contains(row.Lines, n.Pos()) {
				of = append(of, id)
			}
		}
		for _, id := range of {
			m[id] += float64(row.Time.Nanoseconds()) / 1e3 / float64(len(of))
		}
	}
	return m, before.Restore()
}

func (s *Server) graphRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /graph/layout", func(w http.ResponseWriter, r *http.Request) {
		var l look
		if err := read(r, &l); err != nil {
			reply(w, nil, err)
			return
		}
		layout, err := s.canvas.layout(l)
		reply(w, layout, err)
	})
	mux.HandleFunc("POST /graph/find", func(w http.ResponseWriter, r *http.Request) {
		var word string
		err := read(r, &word)
		reply(w, s.canvas.find(word), err)
	})
	mux.HandleFunc("POST /graph/node/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
		if err != nil {
			reply(w, nil, fmt.Errorf("%q is no node", r.PathValue("id")))
			return
		}
		i, err := s.canvas.inspect(id)
		reply(w, i, err)
	})
	mux.HandleFunc("POST /graph/overlay/{name}", func(w http.ResponseWriter, r *http.Request) {
		overlay, ok := s.overlay(r.PathValue("name"))
		if !ok {
			reply(w, nil, fmt.Errorf("no overlay is called %q: want one of update, %s", r.PathValue("name"), names(overlays)))
			return
		}
		m, err := overlay(s.canvas)
		list := map[string]num{}
		for id, v := range m {
			list[strconv.FormatUint(id, 10)] = num(v)
		}
		reply(w, list, err)
	})
}

// overlay finds an overlay by its name.
func (s *Server) overlay(name string) (func(c *canvas) (map[uint64]float64, error), bool) {
	if name == "update" {
		return func(*canvas) (map[uint64]float64, error) { return s.lesson.updates() }, true
	}
	f, ok := overlays[name]
	return f, ok
}

// updates is the size of each parameter's next change as a share of its own size.
func (w *walk) updates() (map[uint64]float64, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	before := &train.Snapshot{Params: w.first.Params}
	if err := before.Take(); err != nil {
		return nil, err
	}
	old := make([]graph.Tensor, len(w.Params))
	for i, p := range w.Params {
		v, err := graph.FromDense(p.Value)
		if err != nil {
			return nil, err
		}
		if old[i], err = graph.NewTensor(v.DType, v.Shape...); err != nil {
			return nil, err
		}
		old[i].Copy(v)
	}
	if _, err := w.step.Run(w.Feeds...); err != nil {
		return nil, err
	}
	m := map[uint64]float64{}
	for i, p := range w.Params {
		v, err := graph.FromDense(p.Value)
		if err != nil {
			return nil, err
		}
		size := meanSize(old[i])
		for k := range v.Len() {
			old[i].Set(k, v.At(k)-old[i].At(k))
		}
		if size > 0 {
			m[p.Node().ID()] = meanSize(old[i]) / size
		}
	}
	return m, before.Restore()
}
