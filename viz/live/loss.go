package live

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/formula/graphs"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/viz"
)

// A trial is a loss that the user has typed, over predictions p and labels y.
type trial struct {
	Text  string  `json:"text"`
	Label float64 `json:"label"` // y of the curve
}

const trialLimit = 500 // characters

// A verdict is what the page says of a loss.
type verdict struct {
	Formula    notation    `json:"formula"`
	Derivative notation    `json:"derivative"` // by p
	Reduced    bool        `json:"reduced"`    // the mean has been taken, as the formula takes none
	P          []float64   `json:"p"`
	Loss       []num       `json:"loss"`
	Slope      []num       `json:"slope"`
	Worst      num         `json:"worst"` // difference of gradient and finite differences, as a share
	Where      num         `json:"where"` // p of that
	Agrees     bool        `json:"agrees"`
	Graph      *viz.Layout `json:"graph"`
}

// A notation is a formula to read, as text and as MathML.
type notation struct {
	Text   string `json:"text"`
	MathML string `json:"mathml"`
}

// mathOf writes a formula; what cannot be read stays as it is.
func mathOf(text string) notation {
	e, err := formula.Parse(text)
	if err != nil {
		return notation{Text: text}
	}
	return notation{e.Pretty(), e.MathML()}
}

// lossOf is the loss as a scalar: the mean, if the formula leaves one of each row.
func lossOf(text string, p, y *graph.Node) (loss *graph.Node, reduced bool, err error) {
	if len(text) > trialLimit {
		return nil, false, fmt.Errorf("%d characters: want at most %d", len(text), trialLimit)
	}
	loss = graphs.Parse(text, map[string]*graph.Node{"p": p, "y": y})
	if loss.Err() == nil && loss.Shape().Rank() > 0 {
		loss, reduced = ops.Mean(loss), true
	}
	if loss.Err() == nil && !slices.Contains(graph.Topo(loss), p) {
		return nil, false, errors.New("the loss does not depend on p, the predictions: write one such as mean((p-y)^2)")
	}
	return loss, reduced, loss.Err()
}

// judge examines a loss.
func (t trial) judge() (*verdict, error) {
	batch := graph.Sym("batch")
	p, y := graph.InputOf(graph.Float64, "p", batch, 1), graph.InputOf(graph.Float64, "y", batch, 1)
	loss, reduced, err := lossOf(t.Text, p, y)
	if err != nil {
		return nil, err
	}
	e, err := formula.Parse(t.Text)
	if err != nil {
		return nil, err
	}
	v := &verdict{Formula: notation{e.Pretty(), e.MathML()}, Reduced: reduced}
	if d, err := formula.Derive(e, "p"); err == nil {
		v.Derivative = notation{d.Pretty(), d.MathML()}
	} else {
		v.Derivative.Text = err.Error()
	}
	run, err := graph.Compile(append([]*graph.Node{loss}, autodiff.Grad(loss, p)...)...)
	if err != nil {
		return nil, err
	}
	at := func(ps, ys []float64) (float64, []float64, error) {
		column := func(list []float64) *tensor.Dense {
			return tensor.New(tensor.WithShape(len(list), 1), tensor.WithBacking(slices.Clone(list)))
		}
		out, err := run.Eval(context.Background(), p.Is(column(ps)), y.Is(column(ys)))
		if err != nil {
			return 0, nil, err
		}
		return out[0].At(0), graph.Data[float64](out[1]), nil
	}
	if err := v.curve(t.Label, at); err != nil {
		return nil, err
	}
	if err := v.differences(at); err != nil {
		return nil, err
	}
	v.Graph, err = viz.Picture{Gradient: true, Boxes: 40}.Layout(loss)
	return v, err
}

type evaluation func(p, y []float64) (loss float64, slope []float64, err error)

// curve is loss and slope for one prediction.
func (v *verdict) curve(label float64, at evaluation) error {
	for i := range 161 {
		p := float64(i-80) / 20
		loss, slope, err := at([]float64{p}, []float64{label})
		if err != nil {
			return err
		}
		v.P, v.Loss, v.Slope = append(v.P, p), append(v.Loss, num(loss)), append(v.Slope, num(slope[0]))
	}
	return nil
}

// differences compares the gradient with central differences at random places.
func (v *verdict) differences(at evaluation) error {
	rnd := rand.New(rand.NewPCG(1, 2))
	const h = 1e-6
	v.Agrees = true
	for range 12 {
		ps, ys := make([]float64, 4), make([]float64, 4)
		for i := range ps {
			ps[i], ys[i] = rnd.NormFloat64(), float64(rnd.IntN(2))
		}
		_, slope, err := at(ps, ys)
		if err != nil {
			return err
		}
		for i := range ps {
			was := ps[i]
			ps[i] = was + h
			above, _, err := at(ps, ys)
			if err != nil {
				return err
			}
			ps[i] = was - h
			below, _, err := at(ps, ys)
			if err != nil {
				return err
			}
			ps[i] = was
			d := (above - below) / (2 * h)
			if math.IsNaN(d) && math.IsNaN(slope[i]) {
				continue // outside of where the loss is defined, as of a logarithm
			}
			if off := math.Abs(d-slope[i]) / max(1, math.Abs(d)); !(off <= float64(v.Worst)) {
				v.Worst, v.Where = num(off), num(was)
			}
		}
	}
	v.Agrees = v.Worst < 1e-5
	return nil
}

// A fitting is what a small network learns with a loss, beside the squared error.
type fitting struct {
	X     []float64 `json:"x"` // of the points
	Y     []float64 `json:"y"`
	Grid  []float64 `json:"grid"`
	Own   []num     `json:"own"` // what the network says there
	Other []num     `json:"other"`
	Steps []num     `json:"steps"` // the loss of each epoch
}

// fit trains on a noisy wave, in which every eighth point is far off.
func (t trial) fit(ctx context.Context) (*fitting, error) {
	rnd := rand.New(rand.NewPCG(3, 4))
	const n = 96
	f := &fitting{}
	xs, ys := make([]float32, n), make([]float32, n)
	for i := range n {
		x := 6*float64(i)/(n-1) - 3
		y := math.Sin(1.5*x) + 0.1*rnd.NormFloat64()
		if i%8 == 3 {
			y += 2.5
		}
		xs[i], ys[i] = float32(x), float32(y)
		f.X, f.Y = append(f.X, x), append(f.Y, y)
		f.Grid = append(f.Grid, x)
	}
	rows, err := data.Of(tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(xs)), tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(ys)))
	if err != nil {
		return nil, err
	}
	learn := func(loss func(p, y *graph.Node) *graph.Node) ([]num, []num, error) {
		m := &train.Model{Net: nn.Sequential{&nn.Dense{Out: 24, Act: ops.Tanh}, &nn.Dense{Out: 24, Act: ops.Tanh}, &nn.Dense{Out: 1}}, Loss: loss, Optimizer: optim.Adam(0.01), Seed: 1}
		h, err := m.Fit(ctx, rows, train.Options{Epochs: 300, Batch: 32})
		if err != nil {
			return nil, nil, err
		}
		p, err := m.Predict(ctx, rows, n)
		if err != nil {
			return nil, nil, err
		}
		var out, steps []num
		for _, v := range p.Float32s() {
			out = append(out, num(v))
		}
		for _, v := range h.Values("loss") {
			steps = append(steps, num(v))
		}
		return out, steps, nil
	}
	if f.Own, f.Steps, err = learn(func(p, y *graph.Node) *graph.Node {
		loss, _, err := lossOf(t.Text, p, y)
		if err != nil {
			return graph.Fail("loss", nil, "%v", err)
		}
		return loss
	}); err != nil {
		return nil, err
	}
	f.Other, _, err = learn(func(p, y *graph.Node) *graph.Node { return nn.MSE(p, y) })
	return f, err
}

func (s *Server) lossRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /loss/judge", func(w http.ResponseWriter, r *http.Request) {
		var t trial
		err := read(r, &t)
		var v *verdict
		if err == nil {
			v, err = t.judge()
		}
		reply(w, v, err)
	})
	mux.HandleFunc("POST /loss/fit", func(w http.ResponseWriter, r *http.Request) {
		var t trial
		err := read(r, &t)
		var f *fitting
		if err == nil {
			f, err = t.fit(r.Context())
		}
		reply(w, f, err)
	})
}
