package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
)

// A cost is what one training step of a network takes: loss, gradient and Adam.
type cost struct {
	Family  string
	Width   int
	Params  int
	Flops   int     // predicted
	Bytes   int     // predicted, beside parameters
	Heap    int     // bytes that the first run allocates
	Seconds float64 // the fastest run
	Layers  []layer
}

// A layer is its part of a step.
type layer struct {
	Path    string
	Params  int
	Flops   int
	Bytes   int     // of its result
	Seconds float64 // by the profile: one instruction after the other
}

// measure predicts what a step takes, and then takes it.
func measure(ctx context.Context, f family, width, repeat int, seed uint64) (*cost, error) {
	n := f.build(width)
	y := n.labels()
	loss := nn.CrossEntropy(n.logits, y)
	nn.Init(n.model, seed)
	step, err := optim.Minimize(loss, nn.Params(n.model), optim.Adam(1e-3))
	if err != nil {
		return nil, err
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	xs, err := feed(n.x, n.ids, rnd)
	if err != nil {
		return nil, err
	}
	ys, err := feed(y, int(n.logits.Shape().Dim(n.logits.Shape().Rank()-1)), rnd)
	if err != nil {
		return nil, err
	}
	s, err := step.Stats(xs, ys)
	if err != nil {
		return nil, err
	}
	c := &cost{Family: f.name, Width: width, Flops: s.Flops, Bytes: s.Bytes, Seconds: math.Inf(1)}
	for _, p := range nn.Params(n.model) {
		c.Params += int(p.Type.Shape.Size())
	}
	var before, after runtime.MemStats
	for i := range repeat {
		runtime.ReadMemStats(&before)
		begin := time.Now()
		if _, err := step.Eval(ctx, xs, ys); err != nil {
			return nil, err
		}
		c.Seconds = min(c.Seconds, time.Since(begin).Seconds())
		if i == 0 {
			runtime.ReadMemStats(&after)
			c.Heap = int(after.TotalAlloc - before.TotalAlloc)
		}
	}
	profile, err := step.Profile(xs, ys)
	if err != nil {
		return nil, err
	}
	c.Layers = layers(n, step, profile)
	return c, nil
}

// layers parts what a step takes by the layers that it is for. Each value, those of
// gradients too, knows the layer that it was made for; an instruction that computes
// values of several is shared evenly.
func layers(n network, step *graph.Program, profile *graph.Profile) []layer {
	var list []layer
	at := func(scope string) *layer {
		path := layerOf(scope)
		for i := range list {
			if list[i].Path == path {
				return &list[i]
			}
		}
		list = append(list, layer{Path: path})
		return &list[len(list)-1]
	}
	for _, v := range graph.Topo(n.logits) {
		if len(v.In()) > 0 { // the last one is the layer's result
			at(v.Scope()).Bytes = int(v.Shape().Size()) * v.DType().Size()
		}
	}
	for _, p := range nn.Params(n.model) {
		at(p.Node().Scope()).Params += int(p.Type.Shape.Size())
	}
	values := map[string][]*graph.Node{}
	for _, v := range step.Nodes() {
		path := at(v.Scope()).Path
		values[path] = append(values[path], v)
	}
	for i := range list {
		list[i].Flops = int(graph.TotalFlops(values[list[i].Path]...)) // where a loop counts once
	}
	for _, row := range profile.Rows {
		if row.Deep > 0 {
			continue // its loop is there
		}
		var paths []string
		for _, s := range row.Scopes {
			if p := layerOf(s); !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		}
		for _, p := range paths {
			at(p).Seconds += row.Time.Seconds() / float64(len(paths))
		}
	}
	return list
}

// outside is what belongs to no layer: the loss and the updates.
const outside = "loss, Adam"

// layerOf cuts a scope to the path of a layer of the model: Blocks.0 of
// Blocks.0.Attention.
func layerOf(scope string) string {
	part := strings.Split(scope, ".")
	switch {
	case scope == "":
		return outside
	case len(part) > 1 && strings.Trim(part[1], "0123456789") == "":
		return part[0] + "." + part[1]
	}
	return part[0]
}

// exponent fits y = c·x^a and returns a: the slope of a line through the logarithms.
func exponent(x, y []float64) float64 {
	var mx, my, xx, xy float64
	for i := range x {
		mx, my = mx+math.Log(x[i])/float64(len(x)), my+math.Log(y[i])/float64(len(x))
	}
	for i := range x {
		dx := math.Log(x[i]) - mx
		xx, xy = xx+dx*dx, xy+dx*(math.Log(y[i])-my)
	}
	return xy / xx
}

// of returns a figure of costs.
func of(costs []*cost, figure func(*cost) float64) []float64 {
	list := make([]float64, len(costs))
	for i, c := range costs {
		list[i] = figure(c)
	}
	return list
}

// grouped writes a number with a comma after each three digits.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
