package live

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A setup is what the playground's page says of data, network and training.
type setup struct {
	Data     string       `json:"data"`   // a name of data.Plane, or "own"
	Points   [][3]float32 `json:"points"` // x, y and class 0 or 1 of own data
	Noise    float64      `json:"noise"`  // of data.Plane
	Count    int          `json:"count"`  // points of data.Plane
	Share    float64      `json:"share"`  // of the points, for training
	Features []string     `json:"features"`
	Layers   []layer      `json:"layers"` // the hidden ones

	Dropout   float64 `json:"dropout"`
	L1        float64 `json:"l1"`
	L2        float64 `json:"l2"`
	Optimizer string  `json:"optimizer"`
	Rate      float64 `json:"rate"`
	Batch     int     `json:"batch"`
	Seed      uint64  `json:"seed"`
}

type layer struct {
	Units int    `json:"units"`
	Act   string `json:"act"`
}

// What a playground takes at most: more would not fit the picture.
const (
	maxLayers = 6
	maxUnits  = 12
	maxPoints = 5000
)

// A choice is something that can be chosen by its name, with its Go code.
type choice[T any] struct {
	code string
	make T
}

type unary = func(*graph.Node) *graph.Node

var activations = map[string]choice[unary]{
	"identity": {"nil", nil},
	"relu":     {"ops.ReLU", ops.ReLU},
	"tanh":     {"ops.Tanh", ops.Tanh},
	"sigmoid":  {"ops.Sigmoid", ops.Sigmoid},
	"gelu":     {"ops.GELU", ops.GELU},
	"silu":     {"ops.SiLU", ops.SiLU},
	"softplus": {"ops.Softplus", ops.Softplus},
	"sin":      {"ops.Sin", ops.Sin},
}

var optimizers = map[string]choice[func(lr float64) optim.Rule]{
	"sgd":      {"optim.SGD(%g)", func(lr float64) optim.Rule { return optim.SGD(lr) }},
	"momentum": {"optim.SGD(%g, optim.SGDOptions{Momentum: 0.9})", func(lr float64) optim.Rule { return optim.SGD(lr, optim.SGDOptions{Momentum: 0.9}) }},
	"adagrad":  {"optim.Adagrad(%g)", func(lr float64) optim.Rule { return optim.Adagrad(lr) }},
	"rmsprop":  {"optim.RMSProp(%g)", func(lr float64) optim.Rule { return optim.RMSProp(lr) }},
	"adam":     {"optim.Adam(%g)", func(lr float64) optim.Rule { return optim.Adam(lr) }},
	"lion":     {"optim.Lion(%g, 0)", func(lr float64) optim.Rule { return optim.Lion(lr, 0) }},
}

// features are made from x, the points [batch 2], of whose columns u and v are the first and the second.
var features = map[string]choice[func(u, v *graph.Node) *graph.Node]{
	"x":     {"u", func(u, _ *graph.Node) *graph.Node { return u }},
	"y":     {"v", func(_, v *graph.Node) *graph.Node { return v }},
	"x²":    {"ops.Square(u)", func(u, _ *graph.Node) *graph.Node { return ops.Square(u) }},
	"y²":    {"ops.Square(v)", func(_, v *graph.Node) *graph.Node { return ops.Square(v) }},
	"xy":    {"ops.Mul(u, v)", ops.Mul},
	"sin x": {"ops.Sin(u)", func(u, _ *graph.Node) *graph.Node { return ops.Sin(u) }},
	"sin y": {"ops.Sin(v)", func(_, v *graph.Node) *graph.Node { return ops.Sin(v) }},
}

// names lists what can be chosen.
func names[T any](m map[string]T) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

// check says what is wrong with a setup.
func (s *setup) check() error {
	if err := s.checkData(); err != nil {
		return err
	}
	if len(s.Layers) > maxLayers {
		return fmt.Errorf("%d hidden layers: want at most %d", len(s.Layers), maxLayers)
	}
	for i, l := range s.Layers {
		if l.Units < 1 || l.Units > maxUnits {
			return fmt.Errorf("layer %d has %d units: want 1 to %d", i+1, l.Units, maxUnits)
		}
		if _, ok := activations[l.Act]; !ok {
			return fmt.Errorf("layer %d has the activation %q: want one of %s", i+1, l.Act, names(activations))
		}
	}
	if _, ok := optimizers[s.Optimizer]; !ok {
		return fmt.Errorf("no optimizer is called %q: want one of %s", s.Optimizer, names(optimizers))
	}
	for _, n := range []struct {
		name      string
		v, lo, hi float64
	}{{"learning rate", s.Rate, 0, 100}, {"dropout", s.Dropout, 0, 0.9}, {"L1", s.L1, 0, 10}, {"L2", s.L2, 0, 10}, {"batch", float64(s.Batch), 1, maxPoints}} {
		if !(n.v >= n.lo && n.v <= n.hi) {
			return fmt.Errorf("%s %v: want %v to %v", n.name, n.v, n.lo, n.hi)
		}
	}
	return nil
}

func (s *setup) checkData() error {
	if len(s.Features) == 0 {
		return fmt.Errorf("no feature is chosen: want at least one of %s", names(features))
	}
	for i, f := range s.Features {
		if _, ok := features[f]; !ok || slices.Contains(s.Features[:i], f) {
			return fmt.Errorf("feature %q: want each once, of %s", f, names(features))
		}
	}
	if !(s.Share >= 0.1 && s.Share <= 0.9) {
		return fmt.Errorf("a share of %v of the points for training: want 0.1 to 0.9", s.Share)
	}
	if s.Data != "own" {
		if s.Count < 20 || s.Count > maxPoints {
			return fmt.Errorf("%d points: want 20 to %d", s.Count, maxPoints)
		}
		if !(s.Noise >= 0 && s.Noise <= 10) {
			return fmt.Errorf("noise %v: want 0 to 10", s.Noise)
		}
		return nil
	}
	return checkPoints(s.Points)
}

// checkPoints says why points cannot be learned from.
func checkPoints(points [][3]float32) error {
	var classes [2]int
	for i, p := range points {
		if c := p[2]; c != 0 && c != 1 {
			return fmt.Errorf("point %d has the class %v: want 0 or 1", i+1, c)
		}
		if x, y := p[0], p[1]; !(x >= -1e6 && x <= 1e6 && y >= -1e6 && y <= 1e6) {
			return fmt.Errorf("point %d lies at %v, %v: want finite places up to a million", i+1, x, y)
		}
		classes[int(p[2])]++
	}
	switch {
	case len(points) > maxPoints:
		return fmt.Errorf("%d points: want at most %d", len(points), maxPoints)
	case classes[0] < 2 || classes[1] < 2:
		return fmt.Errorf("%d points of class 0 and %d of class 1: want at least 2 of each", classes[0], classes[1])
	}
	return nil
}

// rows returns the points for training and those for testing.
func (s *setup) rows() (train, test *data.Arrays, err error) {
	var all *data.Arrays
	if s.Data == "own" {
		n := len(s.Points)
		xs, ys := make([]float32, 0, 2*n), make([]float32, 0, n)
		for _, p := range s.Points {
			xs, ys = append(xs, p[0], p[1]), append(ys, p[2])
		}
		all, err = data.Of(tensor.New(tensor.WithShape(n, 2), tensor.WithBacking(xs)), tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(ys)))
	} else {
		all, err = data.Plane(s.Data, s.Count, s.Noise, s.Seed)
	}
	if err != nil {
		return nil, nil, err
	}
	train, test = all.Shuffle(s.Seed).Split(s.Share)
	return train, test, nil
}

// A network is what a setup says, ready to run.
type network struct {
	x, y   *graph.Node
	model  nn.Sequential
	dense  []*nn.Dense // the hidden layers and the output's
	step   *graph.Program
	scores *graph.Program // the loss without penalties, and the share of right answers
	look   *graph.Program // of points: the probability of class 1, features and hidden units
}

// build makes the network, which [goCode] writes as Go.
func (s *setup) build() (*network, error) {
	batch := graph.Sym("batch")
	n := &network{x: graph.Input("x", batch, 2), y: graph.Input("y", batch, 1)}
	u, v := ops.Slice(n.x, 1, 0, 1, 1), ops.Slice(n.x, 1, 1, 2, 1)
	var in []*graph.Node
	for _, f := range s.Features {
		in = append(in, features[f].make(u, v))
	}
	h := ops.Concat(1, in...)
	shown := []*graph.Node{h}
	for _, l := range s.Layers {
		d := &nn.Dense{Out: l.Units, Act: activations[l.Act].make, Init: start(l.Act)}
		h = d.Apply(h)
		shown = append(shown, h)
		n.dense, n.model = append(n.dense, d), append(n.model, d)
		if s.Dropout > 0 {
			drop := &nn.Dropout{Rate: s.Dropout}
			h, n.model = drop.Apply(h), append(n.model, drop)
		}
	}
	last := &nn.Dense{Out: 1}
	logits := last.Apply(h)
	n.dense, n.model = append(n.dense, last), append(n.model, last)
	params := nn.Params(n.model)
	nn.Init(n.model, s.Seed)
	loss := nn.BinaryCrossEntropy(logits, n.y)
	total := loss
	if s.L1 > 0 {
		total = ops.Add(total, nn.L1(params, s.L1))
	}
	if s.L2 > 0 {
		total = ops.Add(total, nn.L2(params, s.L2))
	}
	var err error
	if n.step, err = optim.Minimize(total, params, optimizers[s.Optimizer].make(s.Rate)); err != nil {
		return nil, err
	}
	if n.scores, err = graph.Compile(loss, nn.Accuracy(logits, n.y)); err != nil {
		return nil, err
	}
	n.look, err = graph.Compile(append([]*graph.Node{ops.Sigmoid(logits)}, shown...)...)
	return n, err
}

// start is the initializer that goes with an activation.
func start(act string) graph.Initializer {
	if rectifies(act) {
		return nn.HeUniform
	}
	return nn.GlorotUniform
}

// rectifies says whether an activation lets about half of its inputs through.
func rectifies(act string) bool {
	return act == "relu" || act == "gelu" || act == "silu" || act == "softplus"
}
