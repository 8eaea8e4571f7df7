package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
)

// A relaxed search is one network in which each edge is a mixture of all candidates,
// by the softmax of parameters α. Weights w and α are trained in turns, on different
// images: w to lower the loss of the one half, and α that of the other after a step of
// w, which depends on α:
//
//	minimize over α  L_valid(w - ξ·∂L_train(w, α)/∂w, α)
type relaxed struct {
	alpha            *graph.Param // [edges candidates]
	x, y             *graph.Node  // images of the first half
	xv, yv           *graph.Node  // and of the second
	after            *graph.Node  // the loss of the second half after a virtual step
	weights, designs *graph.Program
	mix              *graph.Program // softmax of α
}

func relax(o options, seed uint64) (*relaxed, error) {
	r := &relaxed{alpha: &graph.Param{Label: "alpha", Type: graph.Type{Shape: graph.Of(edges, graph.Dim(len(candidates)))}}}
	r.alpha.Init = func(t graph.Tensor, rng *rand.Rand) {
		for i := range t.Len() {
			t.Set(i, 1e-3*rng.NormFloat64())
		}
	}
	if err := r.alpha.Reset(rand.New(rand.NewPCG(seed, 0))); err != nil {
		return nil, err
	}
	mix := ops.Softmax(r.alpha.Node(), 1)
	net := newNetwork(design{}, o.channels)
	net.Mix = mix
	loss := func(half string) (x, y, l *graph.Node) {
		batch := graph.Sym(half)
		x, y = graph.Input("x "+half, batch, 28, 28), graph.InputOf(graph.Int64, "y "+half, batch)
		return x, y, nn.CrossEntropy(net.Apply(x), y)
	}
	var learn, valid *graph.Node
	r.x, r.y, learn = loss("train")
	r.xv, r.yv, valid = loss("valid")
	nn.Init(net, seed)
	params := nn.Params(net)
	r.after = virtual(learn, valid, params, o)
	var err error
	if r.weights, err = optim.Minimize(learn, params, optim.SGD(o.rate, optim.SGDOptions{Momentum: 0.9}).ClipNorm(5)); err != nil {
		return nil, err
	}
	rule := optim.Adam(o.alpha, optim.AdamOptions{Beta1: 0.5}).WeightDecay(1e-3)
	if r.designs, err = optim.Minimize(r.after, []*graph.Param{r.alpha}, rule); err != nil {
		return nil, err
	}
	r.mix, err = graph.Compile(mix)
	return r, err
}

// virtual returns the loss of the second half after a step of gradient descent on that
// of the first. The step is graph, so the gradient by α goes through it: it holds the
// second derivative ∂²L_train/∂α∂w.
func virtual(learn, valid *graph.Node, params []*graph.Param, o options) *graph.Node {
	var w []*graph.Node
	for _, p := range params {
		w = append(w, p.Node())
	}
	instead := map[*graph.Node]*graph.Node{}
	for i, g := range autodiff.Grad(learn, w...) {
		if o.first {
			g = ops.StopGradient(g)
		}
		instead[w[i]] = ops.Sub(w[i], ops.Scale(g, o.step))
	}
	return graph.Rewrite([]*graph.Node{valid}, instead)[0]
}

// shares returns the weights of the candidates of each edge.
func (r *relaxed) shares() ([]float32, error) {
	out, err := r.mix.Run()
	if err != nil {
		return nil, err
	}
	return out[0].Float32s(), nil
}

// chosen returns the design whose edges are the candidates with most weight, none
// excepted.
func chosen(shares []float32) (d design) {
	for k := range d {
		row, best := shares[k*len(candidates):], 1
		for i := 1; i < len(candidates); i++ {
			if row[i] > row[best] {
				best = i
			}
		}
		d[k] = candidates[best]
	}
	return d
}

// searchByGradients trains the mixture and returns the design it comes to.
func searchByGradients(ctx context.Context, c *command.Command, f *report.Folder, o options, set *data.Arrays) (design, error) {
	r, err := relax(o, c.Seed)
	if err != nil {
		return design{}, err
	}
	first, second := set.Split(0.5)
	var course [][]float32 // shares after each epoch
	shares, err := r.shares()
	if err != nil {
		return design{}, err
	}
	course = append(course, append([]float32(nil), shares...))
	for epoch := range o.search {
		valid := []data.Batch{}
		for b, err := range second.Shuffle(c.Seed + uint64(epoch)).Batches(o.batch) {
			if err != nil {
				return design{}, err
			}
			valid = append(valid, data.Batch{b[0].Clone().(*tensor.Dense), b[1].Clone().(*tensor.Dense)})
		}
		sum, n := [2]float64{}, 0
		for b, err := range first.Shuffle(c.Seed + 1000 + uint64(epoch)).Batches(o.batch) {
			if err != nil {
				return design{}, err
			}
			v := valid[n%len(valid)]
			feeds := []graph.Feed{r.x.Is(b[0]), r.y.Is(b[1]), r.xv.Is(v[0]), r.yv.Is(v[1])}
			for i, p := range []*graph.Program{r.designs, r.weights} {
				out, err := p.RunContext(ctx, feeds...)
				if err != nil {
					return design{}, err
				}
				sum[i] += graph.Values(out[0])[0]
			}
			n++
		}
		if shares, err = r.shares(); err != nil {
			return design{}, err
		}
		course = append(course, append([]float32(nil), shares...))
		fmt.Fprintf(c.Out, "search epoch %d  loss %.4f  after a virtual step %.4f  %s\n", epoch+1, sum[1]/float64(n), sum[0]/float64(n), chosen(shares))
	}
	return chosen(shares), draw(f, course)
}

// draw shows how the candidates' weights changed.
func draw(f *report.Folder, course [][]float32) error {
	f.Section("Search by gradients", "The weight of each candidate of each edge, from epoch to epoch.")
	var last [][]float64
	for k := range edges {
		ch := &chart.Chart{Title: fmt.Sprintf("edge %d", k), X: "epoch", Y: "weight"}
		var row []float64
		for i, name := range candidates {
			var y []float64
			for _, shares := range course {
				y = append(y, float64(shares[k*len(candidates)+i]))
			}
			ch.Layers = append(ch.Layers, chart.Line{Name: name, Y: y})
			row = append(row, y[len(y)-1])
		}
		last = append(last, row)
		if err := f.Chart(fmt.Sprintf("edge%d", k), ch); err != nil {
			return err
		}
	}
	return f.Chart("weights", &chart.Chart{Title: "weights at the end", Layers: []chart.Layer{
		chart.Heat{Z: last, Rows: []string{"edge 0", "edge 1", "edge 2"}, Columns: candidates, Numbers: true}}})
}
