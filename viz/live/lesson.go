package live

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// A Lesson is a training step that the page walks through, one op at a time:
// forward to the loss, backward to the parameters, then their update. Its values
// are those of the engine.
type Lesson struct {
	Loss   *graph.Node
	Params []*graph.Param // with values; a walk changes them as training does
	Rule   optim.Rule     // of the update; nil is optim.SGD(0.1)
	Feeds  []graph.Feed   // of the inputs, the same at each step
}

const maxSteps = 2000 // ops of a lesson: more would take long to walk through

// Xor is the lesson of a network with two hidden units on the four rows of xor,
// whose weights are kept small: both the error and that pull at each of them.
func Xor(seed uint64) Lesson {
	x, y := graph.Input("x", 4, 2), graph.Input("y", 4, 1)
	model := nn.Sequential{&nn.Dense{Out: 2, Act: ops.Tanh}, &nn.Dense{Out: 1, Act: ops.Sigmoid}}
	pred := model.Apply(x)
	params := nn.Params(model)
	loss := ops.Add(nn.MSE(pred, y), nn.L2([]*graph.Param{params[0], params[2]}, 0.001))
	nn.Init(model, seed)
	xs := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking([]float32{0, 0, 0, 1, 1, 0, 1, 1}))
	ys := tensor.New(tensor.WithShape(4, 1), tensor.WithBacking([]float32{0, 1, 1, 0}))
	return Lesson{Loss: loss, Params: params, Rule: optim.SGD(1), Feeds: []graph.Feed{x.Is(xs), y.Is(ys)}}
}

// A walk is a lesson that is compiled.
type walk struct {
	Lesson
	mutex     sync.Mutex // of all below: several tabs may ask
	nodes     []*graph.Node
	index     map[*graph.Node]int
	terms     []term
	slopes    map[int]int    // for each node with a cotangent, its place among the values
	values    *graph.Program // of the nodes, cotangents and terms
	step      *graph.Program
	first     *train.Snapshot // of all that steps change
	iteration int
}

// A term is what one user of a node adds to its cotangent.
type term struct{ user, operand, value int }

// walk compiles a lesson.
func (l Lesson) walk() (*walk, error) {
	if l.Loss == nil {
		return nil, errors.New("live: the lesson has no loss: set Lesson.Loss")
	}
	if l.Rule == nil {
		l.Rule = optim.SGD(0.1)
	}
	w := &walk{Lesson: l, nodes: graph.Topo(l.Loss), index: map[*graph.Node]int{}, slopes: map[int]int{}}
	if len(w.nodes) > maxSteps {
		return nil, fmt.Errorf("live: the lesson has %d ops: want at most %d; choose a smaller network", len(w.nodes), maxSteps)
	}
	for i, n := range w.nodes {
		w.index[n] = i
	}
	var err error
	if w.step, err = optim.Minimize(l.Loss, l.Params, l.Rule); err != nil {
		return nil, err
	}
	if w.values, err = graph.CompileTraining(w.backward()); err != nil {
		return nil, err
	}
	w.first = &train.Snapshot{Params: union(w.step.Params(), w.values.Params())}
	return w, w.first.Take()
}

func union(a, b []*graph.Param) []*graph.Param {
	for _, p := range b {
		if !slices.Contains(a, p) {
			a = append(a, p)
		}
	}
	return a
}

// backward returns the nodes, then the cotangents and their terms.
func (w *walk) backward() []*graph.Node {
	out := slices.Clone(w.nodes)
	active := w.active()
	for i, ct := range autodiff.VJP(w.Loss, graph.ScalarOf(w.Loss.DType(), 1), active...) {
		if graph.IsZero(ct) {
			continue // the loss depends on its shape alone
		}
		w.slopes[w.index[active[i]]] = len(out)
		out = append(out, ct)
	}
	for i, n := range w.nodes {
		at, ok := w.slopes[i]
		if _, loop := n.Op().(interface{ Parts() graph.Result }); !ok || loop || len(n.In()) == 0 {
			continue // the results of a loop have their gradients together
		}
		for k, g := range n.Op().VJP(n, out[at], n.In()...) {
			x := n.In()[k]
			if _, ok := w.slopes[w.index[x]]; !ok || g == nil {
				continue
			}
			w.terms = append(w.terms, term{i, k, len(out)})
			out = append(out, ops.BroadcastTo(ops.SumTo(g, x.Shape()), x.Shape()))
		}
	}
	return out
}

// active returns the nodes between parameters and loss.
func (w *walk) active() []*graph.Node {
	on := map[*graph.Node]bool{}
	for _, p := range w.Params {
		on[p.Node()] = true
	}
	var list []*graph.Node
	for _, n := range w.nodes {
		if n.DType().Float() && (on[n] || slices.ContainsFunc(n.In(), func(x *graph.Node) bool { return on[x] })) {
			on[n] = true
			list = append(list, n)
		}
	}
	return list
}

// A lessonNode is a node of the lesson with its values.
type lessonNode struct {
	Name     string       `json:"name"`
	Op       string       `json:"op"`
	Kind     string       `json:"kind"` // input, param, const or op
	Type     string       `json:"type"`
	Scope    string       `json:"scope"`
	Pos      string       `json:"pos"`
	In       []int        `json:"in"`
	Text     string       `json:"text"`
	Formula  notation     `json:"formula"`
	Gradient notation     `json:"gradient"`
	Value    view         `json:"value"`
	Slope    *view        `json:"slope,omitempty"` // the cotangent
	Terms    []lessonTerm `json:"terms"`           // that it is the sum of
	After    *view        `json:"after,omitempty"` // a parameter's value after the update
}

type lessonTerm struct {
	User  int  `json:"user"`
	Value view `json:"value"`
}

// A lessonState is what the page shows of one training step.
type lessonState struct {
	Iteration int          `json:"iteration"`
	Nodes     []lessonNode `json:"nodes"`
}

// state computes everything at the present parameters, which stay as they are.
func (w *walk) state() (s lessonState, err error) {
	before := &train.Snapshot{Params: w.first.Params}
	if err := before.Take(); err != nil {
		return s, err
	}
	values, err := w.values.Eval(context.Background(), w.Feeds...)
	if err != nil {
		return s, err
	}
	if err := before.Restore(); err != nil { // a random state has been counted up
		return s, err
	}
	if _, err := w.step.Run(w.Feeds...); err != nil {
		return s, err
	}
	s.Iteration = w.iteration
	for i, n := range w.nodes {
		l := w.describe(i)
		l.Value = viewOf(values[i])
		if at, ok := w.slopes[i]; ok {
			v := viewOf(values[at])
			l.Slope = &v
		}
		if p, ok := n.Op().(*graph.Param); ok {
			v, err := graph.FromDense(p.Value)
			if err != nil {
				return s, err
			}
			after := viewOf(v)
			l.After = &after
		}
		s.Nodes = append(s.Nodes, l)
	}
	for _, t := range w.terms {
		x := w.index[w.nodes[t.user].In()[t.operand]]
		s.Nodes[x].Terms = append(s.Nodes[x].Terms, lessonTerm{t.user, viewOf(values[t.value])})
	}
	return s, before.Restore()
}

// describe says what a node is.
func (w *walk) describe(i int) lessonNode {
	n := w.nodes[i]
	l := lessonNode{Op: n.Op().Name(), Kind: kind(n), Type: n.Type().String(), Scope: n.Scope(), Pos: n.Pos(), Terms: []lessonTerm{}, In: []int{}}
	for _, x := range n.In() {
		l.In = append(l.In, w.index[x])
	}
	d := docOf(n)
	l.Text, l.Formula, l.Gradient = d.Text, mathOf(d.Formula), mathOf(d.Gradient)
	switch l.Kind {
	case "input":
		l.Name = strings.TrimPrefix(l.Op, "input ")
	case "param":
		l.Name = strings.TrimPrefix(l.Op, "param ")
	case "const":
		l.Name = l.Op
	default:
		l.Name = "v" + strconv.Itoa(i)
		if n == w.Loss {
			l.Name = "loss"
		}
	}
	return l
}

// kind says what kind of node n is.
func kind(n *graph.Node) string {
	_, param := n.Op().(*graph.Param)
	switch {
	case param:
		return "param"
	case strings.HasPrefix(n.Op().Name(), "input "):
		return "input"
	case len(n.In()) == 0:
		return "const"
	}
	return "op"
}

// docOf is the explanation of a node's op, or what its name says.
func docOf(n *graph.Node) graph.Doc {
	if d, ok := n.Op().(graph.Documented); ok {
		return d.Doc()
	}
	args := "x"
	if len(n.In()) > 1 {
		args = strings.Join(strings.Split("abcdefgh"[:min(len(n.In()), 8)], ""), ", ")
	}
	return graph.Doc{Formula: "y = " + n.Op().Name() + "(" + args + ")"}
}

// advance makes a training step, or goes back to the first values.
func (w *walk) advance(verb string) (lessonState, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch verb {
	case "look":
	case "update":
		if _, err := w.step.Run(w.Feeds...); err != nil {
			return lessonState{}, err
		}
		w.iteration++
	case "reset":
		if err := w.first.Restore(); err != nil {
			return lessonState{}, err
		}
		w.iteration = 0
	default:
		return lessonState{}, fmt.Errorf("the order %q is unknown: want look, update or reset", verb)
	}
	return w.state()
}

func (s *Server) lessonRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /step/{verb}", func(w http.ResponseWriter, r *http.Request) {
		state, err := s.lesson.advance(r.PathValue("verb"))
		reply(w, state, err)
	})
}
