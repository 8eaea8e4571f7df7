// Package fullbatch minimises a loss over all data at once by quasi-Newton methods,
// which reach more digits than the rules of package optim where the data are fixed
// and the loss is smooth: fits of curves, physics-informed networks, calibration.
//
//	r, err := fullbatch.Minimize(ctx, loss, params, fullbatch.Options{}, x.Is(xs), y.Is(ys))
//
// The loss and its gradient are one compiled program; the search runs on the host, in
// float64, by gonum's package optimize.
package fullbatch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
)

// Options says how to search; the zero value is L-BFGS.
type Options struct {
	// Method is one of gonum's that needs gradients and no Hessian; nil is L-BFGS
	// (Liu & Nocedal 1989, doi:10.1007/BF01589116) with the line search of Moré and
	// Thuente (1994, doi:10.1145/192115.192132).
	Method optimize.Method
	// Memory is the number of past steps that L-BFGS keeps; 0 is 20.
	Memory int
	// Iterations are the most that are made; 0 is 500.
	Iterations int
	// Tolerance ends the search when no element of the gradient is larger; 0 is 1e-9.
	Tolerance float64
	// Each is called after every iteration but perhaps the last, if there is one. An error of it ends the
	// search, and Minimize returns it.
	Each func(iteration int, loss float64) error
}

// A Result is what a search found.
type Result struct {
	Loss        float64
	Gradient    float64 // the largest element
	Iterations  int
	Evaluations int    // of the loss and its gradient
	Why         string // the search ended
}

// Minimize moves the trained parameters to a minimum of the loss, a single number,
// for the given feeds. At the end they have the best values met, also where the
// context or Each ended the search early. That a line search finds nothing better any
// more, as at the limit of float32, is an end and no error.
func Minimize(ctx context.Context, loss *graph.Node, params []*graph.Param, o Options, feeds ...graph.Feed) (*Result, error) {
	s := &search{ctx: ctx, feeds: feeds, best: math.Inf(1)}
	if err := s.compile(loss, params); err != nil {
		return nil, err
	}
	method := o.Method
	if method == nil {
		memory := o.Memory
		if memory == 0 {
			memory = 20
		}
		method = &optimize.LBFGS{Linesearcher: &optimize.MoreThuente{}, Store: memory}
	}
	settings := &optimize.Settings{
		MajorIterations:   o.Iterations,
		GradientThreshold: o.Tolerance,
		Converger:         optimize.NeverTerminate{},
		Recorder:          &recorder{s, o.Each},
	}
	if settings.MajorIterations == 0 {
		settings.MajorIterations = 500
	}
	if settings.GradientThreshold == 0 {
		settings.GradientThreshold = 1e-9
	}
	found, err := optimize.Minimize(optimize.Problem{Func: s.loss, Grad: s.gradient}, s.read(), settings, method)
	if s.bestAt != nil {
		s.write(s.bestAt)
	}
	switch {
	case s.err != nil:
		return nil, s.err
	case s.bestAt == nil:
		return nil, fmt.Errorf("%s: fullbatch: the loss is %v to begin with: want a number", loss.Pos(), s.value)
	case found == nil:
		return nil, fmt.Errorf("fullbatch: %w", err)
	}
	r := &Result{Loss: s.best, Gradient: s.bestSlope, Iterations: found.MajorIterations, Evaluations: s.evaluations, Why: found.Status.String()}
	if err != nil { // of the line search
		r.Why = err.Error()
	}
	return r, nil
}

// A search is the loss as a function of one long vector.
type search struct {
	ctx    context.Context
	params []*graph.Param
	values []graph.Tensor // of these
	n      int            // elements of all
	p      *graph.Program
	feeds  []graph.Feed

	at          []float64 // the last place, with the loss and the gradient there
	value       float64
	slope       []float64
	evaluations int
	best        float64
	bestAt      []float64
	bestSlope   float64
	err         error
}

func (s *search) compile(loss *graph.Node, params []*graph.Param) error {
	for _, p := range params {
		if !p.Untrained && p.Type.DType.Float() {
			s.params = append(s.params, p)
		}
	}
	if len(s.params) == 0 {
		return errors.New("fullbatch: there is no parameter to train: want some of a floating-point type that are not marked as untrained")
	}
	if loss.Type().Rank() != 0 {
		return fmt.Errorf("%s: fullbatch: the loss is %v: want a single number, such as ops.Mean of it", loss.Pos(), loss.Type())
	}
	wrt := make([]*graph.Node, len(s.params))
	for i, p := range s.params {
		wrt[i] = p.Node()
	}
	for _, p := range s.params {
		v, err := graph.FromDense(p.Value)
		if err != nil {
			return fmt.Errorf("fullbatch: parameter %s: %w", p.Label, err)
		}
		own, err := graph.NewTensor(v.DType, v.Shape...) // a value may be a view of another
		if err != nil {
			return err
		}
		own.Copy(v)
		if p.Value, err = own.Dense(); err != nil {
			return err
		}
		s.values = append(s.values, own)
		s.n += own.Len()
	}
	var err error
	s.p, err = graph.Compile(append([]*graph.Node{loss}, autodiff.Grad(loss, wrt...)...)...)
	return err
}

// read returns the parameters' values as one vector, write sets them.
func (s *search) read() []float64 {
	x := make([]float64, 0, s.n)
	for _, v := range s.values {
		for i := range v.Len() {
			x = append(x, v.At(i))
		}
	}
	return x
}

func (s *search) write(x []float64) {
	for _, v := range s.values {
		for i := range v.Len() {
			v.Set(i, x[i])
		}
		x = x[v.Len():]
	}
}

// evaluate computes the loss and its gradient at x, unless that was the last place.
// After an error the loss is NaN, and the search ends.
func (s *search) evaluate(x []float64) {
	if s.err != nil || slices.Equal(s.at, x) {
		return
	}
	s.at = append(s.at[:0], x...)
	s.write(x)
	out, err := s.p.RunContext(s.ctx, s.feeds...)
	if err != nil {
		s.err = err
		s.value = math.NaN()
		return
	}
	s.evaluations++
	s.slope = s.slope[:0]
	largest := 0.0
	for k, d := range out {
		v, err := graph.FromDense(d)
		if err != nil {
			s.err = err
			return
		}
		if k == 0 {
			s.value = v.At(0)
			continue
		}
		for i := range v.Len() {
			g := v.At(i)
			s.slope = append(s.slope, g)
			largest = max(largest, math.Abs(g))
		}
	}
	if s.value < s.best {
		s.best, s.bestAt, s.bestSlope = s.value, append(s.bestAt[:0], x...), largest
	}
}

func (s *search) loss(x []float64) float64 {
	s.evaluate(x)
	return s.value
}

func (s *search) gradient(grad, x []float64) {
	s.evaluate(x)
	copy(grad, s.slope)
}

// A recorder hears of gonum's iterations.
type recorder struct {
	*search
	each func(int, float64) error
}

func (r *recorder) Init() error { return nil }

func (r *recorder) Record(l *optimize.Location, op optimize.Operation, stats *optimize.Stats) error {
	if r.err == nil && op == optimize.MajorIteration && r.each != nil {
		r.err = r.each(stats.MajorIterations, l.F)
	}
	return r.err
}
