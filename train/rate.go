package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A Rate is a factor of the learning rate that may change between steps. It is a
// parameter of the step, so a checkpoint holds it. The zero value is 1.
//
//	rate := &train.Rate{}
//	optimizer := optim.Adam(1e-3).Schedule(rate.Schedule)
type Rate struct{ param graph.Param }

func (r *Rate) prepare() {
	if r.param.Value == nil {
		r.param.Label, r.param.Untrained = "rate", true
		r.param.Type = graph.Type{DType: graph.Float64}
		r.param.Value = tensor.New(tensor.FromScalar(1.0))
	}
}

// Schedule is lr times the factor: an [optim.Schedule].
func (r *Rate) Schedule(lr, _ *graph.Node) *graph.Node {
	r.prepare()
	return ops.Mul(lr, r.param.Node())
}

// Factor returns the factor.
func (r *Rate) Factor() float64 {
	r.prepare()
	return r.param.Value.Data().(float64)
}

// Set changes the factor for the steps to come.
func (r *Rate) Set(v float64) {
	r.prepare()
	r.param.Value = tensor.New(tensor.FromScalar(v))
}

// in says whether a step depends on the factor.
func (r *Rate) in(who string, t *Trainer) error {
	if r != nil {
		for _, p := range t.State() {
			if p == &r.param {
				return nil
			}
		}
	}
	return fmt.Errorf("train: %s needs a rate that the step reads: give the optimizer .Schedule(rate.Schedule)", who)
}

// ReduceOnPlateau lowers the learning rate when a figure has not become better for
// some epochs.
type ReduceOnPlateau struct {
	Watch
	Rate     *Rate
	Patience int     // epochs without a better value that are borne
	Factor   float64 // of each reduction; 0 means 0.1
	Least    float64 // the factor of the rate never falls below
}

// Start checks the settings and forgets an earlier training.
func (p *ReduceOnPlateau) Start(r *Run) error {
	p.Watch.any, p.since = false, 0
	if !(p.Factor >= 0 && p.Factor < 1) {
		return fmt.Errorf("train: reduce on plateau has the factor %v: want one between 0 and 1", p.Factor)
	}
	return p.Rate.in("reduce on plateau", r.Trainer)
}

// Epoch looks at the figure.
func (p *ReduceOnPlateau) Epoch(r *Run) error {
	if _, err := p.look("reduce on plateau", r); err != nil {
		return err
	}
	if p.since > p.Patience {
		f := p.Factor
		if f == 0 {
			f = 0.1
		}
		p.Rate.Set(max(p.Least, p.Rate.Factor()*f))
		p.since = 0
	}
	return nil
}

// A RateFinder tries learning rates that grow from step to step and finds one where
// the loss falls fastest (Smith 2017, arXiv:1506.01186).
type RateFinder struct {
	Rate     *Rate
	From, To float64 // factors of the optimizer's rate; 0 means 1e-3 and 1e3
	Steps    int     // at most; 0 means 100
	Batch    int     // rows; 0 means 32
	Seed     uint64  // of the order of rows

	Factors []float64 // those that were tried
	Losses  []float64 // the loss of each, as a running average
}

// Find returns the factor of the optimizer's learning rate to train with, and puts
// all parameters back.
func (f *RateFinder) Find(ctx context.Context, t *Trainer, d data.Dataset) (factor float64, err error) {
	from, to, steps := or(f.From, 1e-3), or(f.To, 1e3), int(or(float64(f.Steps), 100))
	if !(from > 0 && from < to) || steps < 3 {
		return 0, fmt.Errorf("train: rates from %v to %v in %d steps: want growing positive ones in at least 3", from, to, steps)
	}
	if t.Step == nil {
		return 0, fmt.Errorf("train: there is no program to fit: set Trainer.Step")
	}
	if err := f.Rate.in("the rate finder", t); err != nil {
		return 0, err
	}
	saved := &Snapshot{Params: t.State()}
	if err := saved.Take(); err != nil {
		return 0, err
	}
	defer func() {
		if err2 := saved.Restore(); err == nil {
			err = err2
		}
	}()
	f.Factors, f.Losses = nil, nil
	mean, least := 0.0, math.Inf(1)
	try := OnStep(func(r *Run) error {
		const beta = 0.9 // of the average
		mean = beta*mean + (1-beta)*r.Loss
		n := len(f.Losses) + 1
		loss := mean / (1 - math.Pow(beta, float64(n)))
		f.Factors, f.Losses = append(f.Factors, f.Rate.Factor()), append(f.Losses, loss)
		least = min(least, loss)
		if n == steps || !(loss < 4*least || least <= 0) {
			r.Stop("the rates are tried")
			return nil
		}
		f.Rate.Set(from * math.Pow(to/from, float64(n)/float64(steps-1)))
		return nil
	})
	f.Rate.Set(from)
	_, err = t.Fit(ctx, d, Options{Epochs: math.MaxInt32, Batch: f.Batch, Seed: f.Seed, Callbacks: []Callback{try}})
	var bad *NotFinite
	if err != nil && !(errors.As(err, &bad) && len(f.Losses) > 2) {
		return 0, err
	}
	return f.steepest(), nil
}

// steepest returns the factor where the loss falls fastest, over the logarithm of
// the factor, before it is lowest and before it first rises to twice what it was
// lowest till then: what falls later only comes back.
func (f *RateFinder) steepest() float64 {
	end, lowest := 0, f.Losses[0]
	for i, v := range f.Losses {
		if v > 2*lowest {
			break
		}
		if v < lowest {
			end, lowest = i, v
		}
	}
	best, slope := f.Factors[0], math.Inf(1)
	for i := 1; i < min(end+1, len(f.Losses)-1); i++ {
		if s := f.Losses[i+1] - f.Losses[i-1]; s < slope {
			best, slope = f.Factors[i], s
		}
	}
	return best
}

func or(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}
