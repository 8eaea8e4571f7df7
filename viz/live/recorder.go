package live

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/train"
)

// A Recorder is a callback that shows a training on a page while it goes on, and
// obeys the page: pause, go on, one step, stop. It records while a page looks at
// it and does nothing else otherwise; it spends at most a fiftieth of the time of
// the training, and never waits for a page but where that has paused it. A paused
// training goes on when the last page has been closed for some seconds.
//
// The loss and the time of each step are recorded, figures of epochs, and from
// time to time the gradients of the last batch, as inference computes them, and
// the weights.
type Recorder struct {
	watching atomic.Int32 // pages that look
	mutex    sync.Mutex
	turn     *sync.Cond // something has been recorded, or ordered
	closed   bool

	status  string // of the training: "", running, paused, done, or why it has stopped
	paused  bool
	steps   int // to make while it is paused
	stop    bool
	left    time.Time // when the last page left
	curves  map[string]*series
	names   []string // of the curves, in the order of their coming
	shapes  []shapes
	version int // counts changes
	drops   int // shapes that were forgotten

	probe *probe
	next  time.Time     // before which weights are not looked at again
	debt  time.Duration // taken from the training and not earned yet
	last  time.Time     // of the last step
	at    int           // the last step
	loss  float64
	spent time.Duration // in this callback, for tests
	epoch int           // that has been recorded
}

// patienceAlone is how long a paused training waits for a page to come back.
const patienceAlone = 10 * time.Second

// share is the part of a training's time that looking at weights may take, with what
// the machine took away meanwhile: they are looked at again when the training has
// earned the time that is gone. It is half of the promised fiftieth, as a step may be
// slow. What is noted of each step is a fraction of a microsecond and does not count:
// where steps are as short, nothing would be seen otherwise.
const share = 0.01

// gap is the least time between two looks at the weights: a page shows no more.
const gap = 200 * time.Millisecond

// shapes are histograms of a parameter's weights and gradient at one step.
type shapes struct {
	Step    int       `json:"step"`
	Name    string    `json:"name"`
	Weights histogram `json:"weights"`
	Slopes  histogram `json:"slopes"`
}

type histogram struct {
	Low  num   `json:"low"`
	High num   `json:"high"`
	Bins []int `json:"bins"`
}

const shapesLimit = 1200 // of all parameters together

func newRecorder() *Recorder {
	r := &Recorder{curves: map[string]*series{}}
	r.turn = sync.NewCond(&r.mutex)
	return r
}

// Recorder returns the server's callback, for [train.Options.Callbacks].
func (s *Server) Recorder() *Recorder { return s.recorder }

// Start forgets an earlier training.
func (r *Recorder) Start(run *train.Run) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.status, r.stop, r.paused, r.probe, r.epoch = "running", false, false, nil, 0
	r.curves, r.names, r.shapes, r.drops = map[string]*series{}, nil, nil, r.drops+len(r.shapes)
	r.last, r.next, r.debt = time.Time{}, time.Time{}, 0
	r.changed()
	return nil
}

// changed wakes those who wait; the mutex is held.
func (r *Recorder) changed() {
	r.version++
	r.turn.Broadcast()
}

// Step records a step if a page looks, and waits while the training is paused.
func (r *Recorder) Step(run *train.Run) error {
	if r.watching.Load() == 0 && !r.waiting() {
		return nil
	}
	if r.watching.Load() > 0 {
		r.record(run)
	}
	if r.wait() {
		run.Stop("stopped by the page")
	}
	return nil
}

func (r *Recorder) waiting() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.paused || r.stop
}

// record notes loss and throughput, and looks into the weights when it is time.
func (r *Recorder) record(run *train.Run) {
	now := time.Now()
	looked := r.note(run, now)
	if looked {
		r.look(run)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	took := time.Since(now)
	r.spent += took
	if looked {
		r.debt += took
	}
}

// note notes a step and its learning rate, and reports whether it is time to look into the weights.
func (r *Recorder) note(run *train.Run, now time.Time) (due bool) {
	step := float64(run.Position.Steps)
	rows := run.Batch.Len()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.at, r.loss = run.Position.Steps, run.Loss
	r.add("loss", step, run.Loss)
	if took := now.Sub(r.last); !r.last.IsZero() && took > 0 {
		r.add("rows per second", step, float64(rows)/took.Seconds())
		r.debt = max(r.debt-time.Duration(share*float64(took)), 0)
	}
	if run.Rate != 0 {
		r.add("learning rate", step, run.Rate)
	}
	r.last = now
	r.version++
	if r.debt > 0 || now.Before(r.next) {
		return false
	}
	r.next = now.Add(gap)
	return true
}

// add adds a point to a curve; the mutex is held.
func (r *Recorder) add(name string, x, y float64) {
	s, ok := r.curves[name]
	if !ok {
		s = &series{}
		r.curves[name], r.names = s, append(r.names, name)
	}
	s.add(x, y)
}

// A probe computes the gradients of a batch, beside the training: their norms, and
// a sample of their elements for histograms.
type probe struct {
	program *graph.Program // for each parameter the norm of its gradient, then the samples; nil if there is none
	params  []*graph.Param
}

// sample is the number of elements that histograms are made of, at most.
const sample = 4096

// newProbe compiles the gradient of the run's loss; a run without its graph has
// none.
func newProbe(t *train.Trainer) *probe {
	p := &probe{}
	var nodes []*graph.Node
	for _, q := range t.Params {
		if q != nil && q.Type.DType.Float() && !q.Untrained {
			p.params, nodes = append(p.params, q), append(nodes, q.Node())
		}
	}
	if len(t.Figures) == 0 || t.Figures[0].Value == nil || t.Figures[0].Value.Err() != nil || len(nodes) == 0 {
		return p
	}
	var norms, samples []*graph.Node
	for i, g := range autodiff.Grad(t.Figures[0].Value, nodes...) {
		n := 1
		for _, d := range p.params[i].Value.Shape() {
			n *= d
		}
		norms = append(norms, ops.Norm(g))
		samples = append(samples, ops.Slice(ops.Reshape(g, graph.Dim(n)), 0, 0, n, stride(n)))
	}
	p.program, _ = graph.Compile(append(norms, samples...)...) // nil where it cannot be: there are weights still
	return p
}

// stride is the distance of the elements of a sample of n.
func stride(n int) int { return max(1, (n+sample-1)/sample) }

// sampleOf is a sample of the elements of a value.
func sampleOf(t graph.Tensor) graph.Tensor {
	by := stride(t.Len())
	if by == 1 {
		return t
	}
	s, err := graph.NewTensor(t.DType, (t.Len()+by-1)/by)
	if err != nil {
		return t
	}
	for i := range s.Len() {
		s.Set(i, t.At(i*by))
	}
	return s
}

// look records weights and gradients.
func (r *Recorder) look(run *train.Run) {
	if r.probe == nil {
		r.probe = newProbe(run.Trainer)
		return // the first time has been spent
	}
	var slopes []graph.Tensor
	if r.probe.program != nil {
		var err error
		if slopes, err = r.probe.program.Eval(context.Background(), run.Trainer.Feeds(run.Batch)...); err != nil {
			slopes = nil
		}
	}
	step, total := run.Position.Steps, 0.0
	var all []shapes
	norms := map[string]float64{}
	for i, p := range r.probe.params {
		w, err := graph.FromDense(p.Value)
		if err != nil {
			continue
		}
		s := shapes{Step: step, Name: p.Label, Weights: histogramOf(sampleOf(w))}
		if slopes != nil {
			s.Slopes = histogramOf(slopes[len(r.probe.params)+i])
			norm := slopes[i].At(0)
			norms[p.Label] = norm
			total += norm * norm
		}
		all = append(all, s)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if slopes != nil {
		r.add("gradient norm", float64(step), math.Sqrt(total))
		for _, p := range r.probe.params {
			r.add("gradient norm of "+p.Label, float64(step), norms[p.Label])
		}
	}
	for _, p := range run.Trainer.Step.Params() {
		if run.Rate == 0 && p.Label == "rate" && p.Value != nil && p.Value.Shape().IsScalar() { // a train.Rate
			if v, err := graph.FromDense(p.Value); err == nil {
				r.add("factor of the learning rate", float64(step), v.At(0))
			}
		}
	}
	r.shapes = append(r.shapes, all...)
	if over := len(r.shapes) - shapesLimit; over > 0 {
		r.shapes, r.drops = slices.Delete(r.shapes, 0, over), r.drops+over
	}
	r.changed()
}

func histogramOf(t graph.Tensor) histogram {
	v := view{}
	v.measure(t)
	v.histogram(t)
	return histogram{v.Min, v.Max, v.Bins}
}

// wait holds the training while it is paused, and reports whether it is to stop.
func (r *Recorder) wait() (stop bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for r.paused && !r.stop && !r.closed {
		if r.steps > 0 {
			r.steps--
			return false
		}
		if r.watching.Load() == 0 {
			if time.Since(r.left) > patienceAlone {
				r.paused, r.status = false, "running"
				break
			}
			wake := time.AfterFunc(time.Second, r.turn.Broadcast)
			r.turn.Wait()
			wake.Stop()
			continue
		}
		r.turn.Wait()
	}
	r.last = time.Time{}
	if !r.paused {
		r.last = time.Now()
	}
	return r.stop
}

// Epoch records the figures of the epochs that are done, if a page looks.
func (r *Recorder) Epoch(run *train.Run) error {
	if r.watching.Load() == 0 {
		return nil
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, e := range run.History.Epochs[min(r.epoch, len(run.History.Epochs)):] {
		for _, f := range epochFigures(e) {
			r.add("epoch "+f.name, float64(e.Number), f.value)
		}
	}
	r.epoch = len(run.History.Epochs)
	r.changed()
	return nil
}

type namedFigure struct {
	name  string
	value float64
}

// epochFigures are an epoch's figures by name, those of the validation as val_.
func epochFigures(e train.Epoch) (list []namedFigure) {
	for name, v := range e.Train {
		list = append(list, namedFigure{name, v})
	}
	for name, v := range e.Validation {
		list = append(list, namedFigure{"val_" + name, v})
	}
	slices.SortFunc(list, func(a, b namedFigure) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return list
}

// End says that the training has ended.
func (r *Recorder) End(run *train.Run) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.status = "done"; run.History.Stopped != "" {
		r.status = run.History.Stopped
	}
	r.paused = false
	r.changed()
	return nil
}

// order does what a page wants.
func (r *Recorder) order(verb string) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.status != "running" && r.status != "paused" {
		return fmt.Errorf("no training goes on: give the server's Recorder to train.Options.Callbacks")
	}
	switch verb {
	case "pause":
		r.paused, r.status, r.steps = true, "paused", 0
	case "resume":
		r.paused, r.status = false, "running"
	case "step":
		r.paused, r.status = true, "paused"
		r.steps++
	case "stop":
		r.stop = true
	default:
		return fmt.Errorf("the order %q is unknown: want pause, resume, step or stop", verb)
	}
	r.changed()
	return nil
}

// end lets a paused training go on, as its server is closed.
func (r *Recorder) end() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.closed = true
	r.changed()
}
