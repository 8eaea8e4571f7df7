package live

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// An Exhibit is a trained model of images for the page that asks why it answers as
// it does. The zero value is a small reader of synthetic digits, which is trained
// when the page is opened first.
type Exhibit struct {
	X      *graph.Node   // images [batch h w] or [batch c h w]
	Logits *graph.Node   // of the classes [batch n]
	Layer  *graph.Node   // [batch c h w] the last result that knows places, for Grad-CAM and for units; nil for none
	Images *tensor.Dense // rows of X to look at; the first 40 are shown
}

// show is an exhibit with what is compiled of it.
type show struct {
	Exhibit
	once   sync.Once
	failed error
	label  *graph.Node
	mutex  sync.Mutex
	maps   map[string]*graph.Program // by method
}

const maxShown = 40

func (e *show) prepare() error {
	e.once.Do(func() {
		if e.X == nil {
			e.Exhibit, e.failed = digitReader()
		}
		if e.failed == nil && (e.Logits == nil || e.Images == nil || e.Images.Dims() != e.X.Shape().Rank() || e.X.Shape().Rank() < 3) {
			e.failed = errors.New("the exhibit is not whole: want images X [batch h w] or [batch c h w], Logits, and Images, rows of X")
		}
		e.label, e.maps = graph.InputOf(graph.Int64, "label", graph.Sym("batch")), map[string]*graph.Program{}
	})
	return e.failed
}

// digitReader trains a small network for some seconds.
func digitReader() (e Exhibit, err error) {
	batch := graph.Sym("batch")
	x, label := graph.Input("x", batch, 28, 28), graph.InputOf(graph.Int64, "label", batch)
	model := nn.Sequential{
		&nn.Conv2D{Out: 8, Kernel: []int{5}, Stride: []int{2}, Act: ops.ReLU},
		&nn.Conv2D{Out: 16, Kernel: []int{3}, Act: ops.ReLU},
		&nn.MaxPool{Window: []int{2}}, &nn.Flatten{}, &nn.Dense{Out: 10},
	}
	logits := model.Apply(ops.Expand(x, 1))
	nn.Init(model, 1)
	step, err := optim.Minimize(nn.CrossEntropy(logits, label), nn.Params(model), optim.Adam(3e-3))
	if err != nil {
		return e, err
	}
	all := data.Digits(2000+maxShown, 1)
	for epoch := range 4 {
		for b, err := range all.Rows(maxShown, all.Len()).Shuffle(uint64(epoch)).Batches(50) {
			if err != nil {
				return e, err
			}
			if _, err := step.Run(x.Is(b[0]), label.Is(b[1])); err != nil {
				return e, err
			}
		}
	}
	return Exhibit{X: x, Logits: logits, Layer: explain.Layer(logits, "1"), Images: all.Rows(0, maxShown).Column(0)}, nil
}

// methods make a map of a score and the image. The first of its results is the map.
var methods = map[string]func(e *show, score *graph.Node) []*graph.Node{
	"saliency":             func(e *show, s *graph.Node) []*graph.Node { return one(explain.Saliency(s, e.X)) },
	"gradient × input":     func(e *show, s *graph.Node) []*graph.Node { return one(explain.GradientInput(s, e.X)) },
	"integrated gradients": integrated,
	"SmoothGrad": func(e *show, s *graph.Node) []*graph.Node {
		return one(explain.SmoothGrad(explain.Saliency(s, e.X), e.X, 0.15, 32, 1))
	},
	"guided":    func(e *show, s *graph.Node) []*graph.Node { return one(explain.Guided(s, e.X)) },
	"occlusion": func(e *show, s *graph.Node) []*graph.Node { return one(explain.Occlusion(s, e.X, 5, 2, 0)) },
	"Grad-CAM": func(e *show, s *graph.Node) []*graph.Node {
		if e.Layer == nil {
			return one(graph.Fail("grad-cam", nil, "the exhibit names no layer: set Exhibit.Layer"))
		}
		return one(explain.GradCAM(s, e.Layer))
	},
	"what it looks for": func(e *show, s *graph.Node) []*graph.Node {
		return one(explain.Maximize(s, e.X, explain.Ascent{Steps: 160, Smooth: 0.02, Blur: 1, Jitter: 1, Lo: 0, Hi: 1, Seed: 1}))
	},
}

func one(n *graph.Node) []*graph.Node { return []*graph.Node{n} }

// integrated has the gain of the score beside the map, which adds up to it.
func integrated(e *show, s *graph.Node) []*graph.Node {
	zero := graph.Rewrite(one(s), map[*graph.Node]*graph.Node{e.X: ops.Scale(e.X, 0)})[0]
	return []*graph.Node{explain.IntegratedGradients(s, e.X, nil, 128), ops.Sub(s, zero)}
}

// A question is what a page asks of an image.
type question struct {
	Image  int    `json:"image"`
	Class  int    `json:"class"` // -1 for the one that the model takes it for
	Method string `json:"method"`
	Unit   [3]int `json:"unit"` // channel, row and column of the layer; below 0 for the middle
}

// An answer is a map beside the image.
type answer struct {
	Shares []num   `json:"shares"` // the probabilities of the classes
	Class  int     `json:"class"`
	Image  [][]num `json:"image"`
	Map    [][]num `json:"map"`
	Note   string  `json:"note"`
}

// image returns a row of the images, as a batch of one.
func (e *show) image(i int) (graph.Tensor, error) {
	v, err := graph.FromDense(e.Images)
	if err != nil {
		return v, err
	}
	if n := min(v.Shape[0], maxShown); i < 0 || i >= n {
		return v, fmt.Errorf("image %d: want 0 to %d", i, n-1)
	}
	shape := append([]int{1}, v.Shape[1:]...)
	row, err := graph.NewTensor(v.DType, shape...)
	if err != nil {
		return row, err
	}
	for k := range row.Len() {
		row.Set(k, v.At(i*row.Len()+k))
	}
	return row, nil
}

// pixels are the last two axes of a value, with the axes before added up.
func pixels(t graph.Tensor) [][]num {
	r := len(t.Shape)
	h, w := t.Shape[r-2], t.Shape[r-1]
	m := make([][]num, h)
	for y := range m {
		m[y] = make([]num, w)
	}
	for i := range t.Len() {
		m[i/w%h][i%w] += num(t.At(i))
	}
	return m
}

// program compiles once for each name.
func (e *show) program(name string, nodes func() []*graph.Node) (*graph.Program, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if p, ok := e.maps[name]; ok {
		return p, nil
	}
	p, err := graph.Compile(nodes()...)
	if err == nil {
		e.maps[name] = p
	}
	return p, err
}

func (e *show) ask(ctx context.Context, q question) (*answer, error) {
	if err := e.prepare(); err != nil {
		return nil, err
	}
	method, ok := methods[q.Method]
	if !ok {
		return nil, fmt.Errorf("no method is called %q: want one of %s", q.Method, names(methods))
	}
	image, err := e.image(q.Image)
	if err != nil {
		return nil, err
	}
	predict, err := e.program("", func() []*graph.Node { return one(ops.Softmax(e.Logits, -1)) })
	if err != nil {
		return nil, err
	}
	p, err := predict.Eval(ctx, e.X.IsTensor(image))
	if err != nil {
		return nil, err
	}
	a := &answer{Class: q.Class, Image: pixels(image)}
	best := 0
	for i := range p[0].Len() {
		a.Shares = append(a.Shares, num(p[0].At(i)))
		if p[0].At(i) > p[0].At(best) {
			best = i
		}
	}
	if q.Class < 0 {
		a.Class = best
	} else if q.Class >= len(a.Shares) {
		return nil, fmt.Errorf("class %d: want 0 to %d", q.Class, len(a.Shares)-1)
	}
	program, err := e.program(q.Method, func() []*graph.Node { return method(e, explain.Class(e.Logits, e.label)) })
	if err != nil {
		return nil, err
	}
	if q.Method == "what it looks for" { // from grey, whatever the image
		for i := range image.Len() {
			image.Set(i, 0.3)
		}
	}
	label, err := graph.NewTensor(graph.Int64, 1)
	if err != nil {
		return nil, err
	}
	label.SetInt(0, int64(a.Class))
	out, err := program.Eval(ctx, e.X.IsTensor(image), e.label.IsTensor(label))
	if err != nil {
		return nil, err
	}
	a.Map = pixels(out[0])
	if len(out) > 1 {
		sum := 0.0
		for i := range out[0].Len() {
			sum += out[0].At(i)
		}
		a.Note = fmt.Sprintf("The map adds up to %.3f; the score has gained %.3f since the empty image.", sum, out[1].At(0))
	}
	return a, nil
}

// A unitAnswer is what one unit of the layer is made of.
type unitAnswer struct {
	Channels [][][]num `json:"channels"` // the layer's results
	Weight   [][]num   `json:"weight"`
	Product  [][]num   `json:"product"`
	Field    [4]int    `json:"field"` // first row and column of the receptive field, and those after the last
	Rest     num       `json:"rest"`
	Sum      num       `json:"sum"` // of the products
	Value    num       `json:"value"`
	Unit     [3]int    `json:"unit"`
}

func (e *show) unit(ctx context.Context, q question) (*unitAnswer, error) {
	if err := e.prepare(); err != nil {
		return nil, err
	}
	if e.Layer == nil || e.Layer.Shape().Rank() != 4 {
		return nil, errors.New("the exhibit names no layer with channels, rows and columns: set Exhibit.Layer")
	}
	image, err := e.image(q.Image)
	if err != nil {
		return nil, err
	}
	unit := e.Layer
	for k, i := range q.Unit {
		n := e.Layer.Shape().Dim(1 + k)
		if i < 0 {
			i = max(int(n)/2, 0)
			q.Unit[k] = i
		}
		if !n.Symbolic() && i >= int(n) {
			return nil, fmt.Errorf("unit %v lies outside of the layer %v", q.Unit, e.Layer.Type())
		}
		unit = ops.Index(unit, 1, i)
	}
	program, err := e.program(fmt.Sprint(q.Unit), func() []*graph.Node {
		weight, product, rest := explain.Products(unit, e.X)
		return []*graph.Node{e.Layer, weight, product, rest, unit, explain.Field(unit, e.X)}
	})
	if err != nil {
		return nil, err
	}
	e.mutex.Lock()
	delete(e.maps, fmt.Sprint(q.Unit)) // there are too many units to keep
	e.mutex.Unlock()
	out, err := program.Eval(ctx, e.X.IsTensor(image))
	if err != nil {
		return nil, err
	}
	u := &unitAnswer{Weight: pixels(out[1]), Product: pixels(out[2]), Rest: num(out[3].At(0)), Value: num(out[4].At(0)), Unit: q.Unit}
	for i := range out[2].Len() {
		u.Sum += num(out[2].At(i))
	}
	c, h, w := out[0].Shape[1], out[0].Shape[2], out[0].Shape[3]
	for k := range c {
		m := make([][]num, h)
		for y := range m {
			for x := range w {
				m[y] = append(m[y], num(out[0].At((k*h+y)*w+x)))
			}
		}
		u.Channels = append(u.Channels, m)
	}
	u.Field = [4]int{math.MaxInt, math.MaxInt, 0, 0}
	for y, row := range pixels(out[5]) {
		for x, on := range row {
			if on > 0 {
				u.Field = [4]int{min(u.Field[0], y), min(u.Field[1], x), max(u.Field[2], y+1), max(u.Field[3], x+1)}
			}
		}
	}
	return u, nil
}

func (s *Server) explainRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /explain/images", func(w http.ResponseWriter, r *http.Request) {
		err := s.show.prepare()
		images := [][][]num{}
		for i := 0; err == nil && i < min(s.show.Images.Shape()[0], maxShown); i++ {
			var t graph.Tensor
			if t, err = s.show.image(i); err == nil {
				images = append(images, pixels(t))
			}
		}
		reply(w, images, err)
	})
	mux.HandleFunc("POST /explain/ask", func(w http.ResponseWriter, r *http.Request) {
		var q question
		err := read(r, &q)
		var a *answer
		if err == nil {
			a, err = s.show.ask(r.Context(), q)
		}
		reply(w, a, err)
	})
	mux.HandleFunc("POST /explain/unit", func(w http.ResponseWriter, r *http.Request) {
		var q question
		err := read(r, &q)
		var a *unitAnswer
		if err == nil {
			a, err = s.show.unit(r.Context(), q)
		}
		reply(w, a, err)
	})
}
