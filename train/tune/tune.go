// Package tune searches for good hyper-parameters: a [Study] runs trials, each with
// values that a [Sampler] proposes from what earlier ones gave, and a [Pruner] ends
// those that fall behind.
//
//	study := &tune.Study{
//		Space: tune.Space{
//			tune.LogFloat("rate", 1e-4, 1e-1),
//			tune.LogInt("width", 16, 512),
//			tune.Choice("optimizer", "adam", "sgd"),
//			tune.Float("momentum", 0, 0.99).When("optimizer", "sgd"),
//		},
//		Objective: func(ctx context.Context, t *tune.Trial) (float64, error) {
//			m := model(t.Float("rate"), t.Int("width"))
//			h, err := m.Fit(ctx, rows, train.Options{Callbacks: []train.Callback{t.Follow("val_loss")}})
//			return h.Last().Validation["loss"], err
//		},
//		Trials: 50, Sampler: tune.TPE{}, Pruner: tune.ASHA{}, Journal: "study.ndjson",
//	}
//	result, err := study.Run(ctx)
//
// A study with a journal goes on where it was broken off. With one worker the same
// seed gives the same trials, broken off or not.
package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/adjointml/adjoint/train"
)

// A Study is a search for the parameters with the best value. What is left 0 has the
// default.
type Study struct {
	Space     Space
	Objective func(ctx context.Context, t *Trial) (float64, error) // the value of a trial
	Largest   bool                                                 // the largest value is the best; else the smallest
	Trials    int                                                  // in all, those of the journal included; 0 means 20
	Sampler   Sampler                                              // nil means TPE{}
	Pruner    Pruner                                               // nil ends no trial early
	Seed      uint64
	Workers   int    // trials that run at once; 0 means 1
	Journal   string // file that is written and gone on from; "" keeps none
	// Memory is how many bytes the running trials may need together, each as much as
	// Need says. 0 sets no limit.
	Memory int64
	Need   func(v Values) int64
	Done   func(t Trial) // called after each trial, one at a time; may be nil
}

// A State says how a trial ended.
type State string

// The states of a trial.
const (
	Running State = "running"
	Done    State = "done"
	Pruned  State = "pruned" // ended early by the pruner; its value is the last it reported
	Failed  State = "failed"
)

// A Report is a value on the way, such as that of an epoch.
type Report struct {
	Step  int     `json:"step"`
	Value float64 `json:"value"`
}

// A Trial is one set of values and what came of it.
type Trial struct {
	Number  int // from 0
	Values  Values
	State   State
	Value   float64 // if it is done or pruned
	Reports []Report
	Error   string // if it failed
	Seconds float64

	run   *run  // while it runs
	wrong error // the first mistake in its use
}

// Float returns a parameter of Float or LogFloat, and 0 if it does not exist in this
// trial. A name that the space has not makes the trial fail.
func (t *Trial) Float(name string) float64 {
	v, _ := valueOf[float64](t, name)
	return v
}

// Int returns a parameter of Int or LogInt, and 0 if it does not exist in this trial.
func (t *Trial) Int(name string) int {
	v, _ := valueOf[int](t, name)
	return v
}

// Choice returns the word of a Choice, and "" if it does not exist in this trial.
func (t *Trial) Choice(name string) string {
	v, _ := valueOf[string](t, name)
	return v
}

func valueOf[T any](t *Trial, name string) (v T, ok bool) {
	value, has := t.Values[name]
	if v, ok = value.(T); ok || t.run == nil || t.wrong != nil {
		return v, ok
	}
	switch space := t.run.Space; {
	case space.index(name) < 0:
		t.wrong = fmt.Errorf("there is no parameter %q: the space has %s", name, space.names())
	case has:
		t.wrong = fmt.Errorf("parameter %s is %v, a %T, not a %T", name, value, value, v)
	}
	return v, false
}

// ErrPruned is what [Trial.Report] returns when the trial should end. The objective
// returns it, as it is or wrapped.
var ErrPruned = errors.New("tune: the trial is pruned")

// Report tells a value on the way, at a step that grows, and returns [ErrPruned] if
// the trial should end.
func (t *Trial) Report(step int, value float64) error {
	if n := len(t.Reports); n > 0 && step <= t.Reports[n-1].Step {
		return fmt.Errorf("tune: a report of step %d after one of step %d: steps must grow", step, t.Reports[n-1].Step)
	}
	return t.run.report(t, Report{step, value})
}

// Follow returns a callback of training that reports a figure, such as "val_loss",
// after each epoch, and ends training with [ErrPruned].
func (t *Trial) Follow(figure string) train.Callback {
	return train.OnEpoch(func(r *train.Run) error {
		list := r.History.Values(figure)
		if len(list) == 0 {
			return fmt.Errorf("tune: there is no figure %q to follow", figure)
		}
		return t.Report(r.Position.Epoch, list[len(list)-1])
	})
}

// A Result is what a study found.
type Result struct {
	Space   Space
	Largest bool
	Trials  []Trial // by their numbers
	Best    *Trial  // of those that are done; nil if none is
}

// Run runs the trials that the journal has not, and returns all. A trial that fails
// does not end the study; if all fail, Run does. When ctx is done it returns ctx's
// error beside what was found; the trials that were running are not counted, and run
// again when the study goes on.
func (s *Study) Run(ctx context.Context) (*Result, error) {
	r, err := s.prepare()
	if err != nil {
		return nil, err
	}
	defer r.journal.close()
	var workers sync.WaitGroup
	for range max(s.Workers, 1) {
		workers.Go(func() { r.work(ctx) })
	}
	stop := context.AfterFunc(ctx, r.wake)
	workers.Wait()
	stop()
	result := r.result()
	switch {
	case r.broken != nil:
		return result, r.broken
	case ctx.Err() != nil:
		return result, ctx.Err()
	case result.Best == nil:
		return result, fmt.Errorf("tune: none of %d trials is done: %s", len(result.Trials), r.why())
	}
	return result, nil
}

// A run is one call of Run.
type run struct {
	Study
	journal *journal

	mu     sync.Mutex
	trials []*Trial
	again  []int      // trials that were broken off
	used   int64      // bytes that running trials need
	freed  *sync.Cond // some memory may be free
	broken error      // the journal cannot be written
}

func (s *Study) prepare() (*run, error) {
	r := &run{Study: *s}
	r.freed = sync.NewCond(&r.mu)
	if r.Trials == 0 {
		r.Trials = 20
	}
	if r.Sampler == nil {
		r.Sampler = TPE{}
	}
	switch {
	case r.Objective == nil:
		return nil, fmt.Errorf("tune: there is nothing to search for: set Study.Objective")
	case r.Trials < 0:
		return nil, fmt.Errorf("tune: %d trials: want at least 1", r.Trials)
	case r.Memory < 0 || r.Memory > 0 && r.Need == nil:
		return nil, fmt.Errorf("tune: a budget of %d bytes needs Study.Need to say what a trial needs", r.Memory)
	}
	if err := r.Space.check(); err != nil {
		return nil, err
	}
	var err error
	r.journal, r.trials, err = openJournal(s.Journal, s)
	for _, t := range r.trials {
		t.run = r
		if t.State == Running {
			r.again = append(r.again, t.Number)
		}
	}
	return r, err
}

// work runs trials until there are no more.
func (r *run) work(ctx context.Context) {
	for {
		t, need := r.next(ctx)
		if t == nil {
			return
		}
		if need > r.Memory && r.Memory > 0 {
			r.end(t, 0, fmt.Errorf("it needs %d bytes, more than the budget of %d", need, r.Memory), 0, 0)
			continue
		}
		start := time.Now()
		value, err := r.attempt(ctx, t)
		if err != nil && ctx.Err() != nil {
			r.forget(t, need)
			return
		}
		r.end(t, value, err, time.Since(start), need)
	}
}

// attempt calls the objective; a panic of its is an error.
func (r *run) attempt(ctx context.Context, t *Trial) (value float64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	value, err = r.Objective(ctx, t)
	if t.wrong != nil {
		err = t.wrong
	}
	if err == nil && (math.IsNaN(value) || math.IsInf(value, 0)) {
		err = fmt.Errorf("its value is %v", value)
	}
	return value, err
}

// next begins a trial, as soon as there is memory for it.
func (r *run) next(ctx context.Context) (t *Trial, need int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil || r.broken != nil {
		return nil, 0
	}
	switch {
	case len(r.again) > 0:
		t, r.again = r.trials[r.again[0]], r.again[1:]
		t.Reports = nil
	case len(r.trials) < r.Trials:
		t = &Trial{Number: len(r.trials), State: Running, run: r}
		t.Values = r.Space.values(r.Sampler.Point(&r.Study, r.snapshot()))
		r.trials = append(r.trials, t)
	default:
		return nil, 0
	}
	if r.write(entry{Trial: &t.Number, Values: t.Values}); r.broken != nil {
		return nil, 0
	}
	if r.Need != nil {
		need = r.Need(t.Values)
	}
	if r.Memory > 0 && need <= r.Memory {
		for r.used+need > r.Memory {
			if r.freed.Wait(); ctx.Err() != nil {
				return nil, 0
			}
		}
		r.used += need
	}
	return t, need
}

func (r *run) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.freed.Broadcast()
}

// snapshot returns the trials as they are, without what only a run needs.
func (r *run) snapshot() []Trial {
	list := make([]Trial, len(r.trials))
	for i, t := range r.trials {
		list[i] = Trial{Number: t.Number, Values: t.Values, State: t.State, Value: t.Value, Reports: slices.Clip(t.Reports), Error: t.Error, Seconds: t.Seconds}
	}
	return list
}

func (r *run) report(t *Trial, p Report) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.Reports = append(t.Reports, p)
	if r.write(entry{Trial: &t.Number, Report: &p}); r.broken != nil {
		return r.broken
	}
	if r.Pruner != nil && r.Pruner.Prune(&r.Study, r.snapshot(), t.Number) {
		return ErrPruned
	}
	return nil
}

// end writes down what came of a trial.
func (r *run) end(t *Trial, value float64, err error, took time.Duration, need int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= need
	r.freed.Broadcast()
	t.Seconds = took.Seconds()
	switch {
	case err == nil:
		t.State, t.Value = Done, value
	case errors.Is(err, ErrPruned) && len(t.Reports) > 0:
		t.State, t.Value = Pruned, t.Reports[len(t.Reports)-1].Value
	default:
		t.State, t.Error = Failed, err.Error()
	}
	r.write(entry{Trial: &t.Number, State: t.State, Value: t.Value, Error: t.Error, Seconds: t.Seconds})
	if r.Done != nil {
		list := r.snapshot()
		r.Done(list[t.Number])
	}
}

// forget takes a trial back that was broken off.
func (r *run) forget(t *Trial, need int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= need
	t.Reports = nil
}

// write appends to the journal; the first failure ends the study.
func (r *run) write(e entry) {
	if err := r.journal.append(e); err != nil && r.broken == nil {
		r.broken = err
	}
}

func (r *run) result() *Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	res := &Result{Space: r.Space, Largest: r.Largest}
	for _, t := range r.snapshot() {
		if t.State != Running {
			res.Trials = append(res.Trials, t)
		}
	}
	for i := range res.Trials {
		t := &res.Trials[i]
		if t.State == Done && (res.Best == nil || r.better(t.Value, res.Best.Value)) {
			res.Best = t
		}
	}
	return res
}

// better reports whether a is a better value than b.
func (s *Study) better(a, b float64) bool {
	if s.Largest {
		return a > b
	}
	return a < b
}

// why says what became of the first trial.
func (r *run) why() string {
	for _, t := range r.trials {
		if t.State == Failed {
			return fmt.Sprintf("trial %d: %s", t.Number, t.Error)
		}
	}
	return "all were pruned"
}
