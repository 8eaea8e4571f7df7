package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
)

// Options say how to go through the data. What is left 0 has the default.
type Options struct {
	Epochs     int          // times to go through the data; 0 means 1
	Batch      int          // rows in a step; 0 means 32
	Seed       uint64       // of the order of rows, which differs from epoch to epoch
	InOrder    bool         // keep the rows in the data's order
	Validation data.Dataset // evaluated after each epoch
	Split      float64      // or this share of the rows, from the end, for validation: of a [data.Arrays]
	Callbacks  []Callback   // in this order, but for Checkpoints, which come last
	Progress   io.Writer    // where to show how it goes; nil is quiet
	From       Position     // where to go on: that of a checkpoint, whose parameters are loaded
}

// A Run is a training as its callbacks see it.
type Run struct {
	Trainer  *Trainer
	History  *History
	Position Position  // after this step
	Epochs   int       // the last one's number
	Batch    data.Rows // of this step; Batch.Batch copies it
	Loss     float64   // of this step
	Rate     float64   // the learning rate of this step, or of the last update; 0 if it is not known
	Updated  bool      // this step has changed the parameters, which with Graph.Accumulate not each does

	stop bool
	fit  *fit
}

// Stop ends the training after this step, or this epoch, and says why in
// [History.Stopped].
func (r *Run) Stop(why string) { r.stop, r.History.Stopped = true, why }

// last returns the last of some options.
func last(o []Options) Options {
	if len(o) == 0 {
		return Options{}
	}
	return o[len(o)-1]
}

// complete fills in the defaults and says what cannot be.
func (o *Options) complete(d data.Dataset) (data.Dataset, error) {
	if o.Epochs == 0 {
		o.Epochs = 1
	}
	if o.Batch == 0 {
		o.Batch = 32
	}
	switch {
	case d == nil:
		return nil, fmt.Errorf("train: there is no data: data.Of makes a data set of tensors")
	case o.Epochs < 0 || o.Batch < 0:
		return nil, fmt.Errorf("train: %d epochs in batches of %d: both must be at least 1", o.Epochs, o.Batch)
	case o.Split == 0:
		return d, nil
	case !(o.Split > 0 && o.Split < 1):
		return nil, fmt.Errorf("train: a split of %v: want a share of the rows between 0 and 1", o.Split)
	case o.Validation != nil:
		return nil, fmt.Errorf("train: both a validation set and a split are given: choose one")
	}
	a, ok := d.(*data.Arrays)
	if !ok {
		return nil, fmt.Errorf("train: a %T cannot be split: give Options.Validation a data set of its own", d)
	}
	first, rest := a.Split(1 - o.Split)
	if first.Len() == 0 || rest.Len() == 0 {
		return nil, fmt.Errorf("train: a split of %v leaves %d rows to train on and %d to validate: want more rows", o.Split, first.Len(), rest.Len())
	}
	o.Validation = rest
	return first, nil
}

// Fit trains for some epochs. The rows come in an order that depends on the seed
// and the number of the epoch. The history is returned with an error too: when ctx
// is done, Fit returns an error that is ctx's after the steps that are whole, and the
// parameters are those after the last of them, which [Checkpoints] have saved.
func (t *Trainer) Fit(ctx context.Context, d data.Dataset, o ...Options) (*History, error) {
	opt := last(o)
	h := &History{Names: t.names()}
	d, err := opt.complete(d)
	if err != nil {
		return h, err
	}
	f := &fit{Options: opt, Run: Run{Trainer: t, History: h, Position: opt.From, Epochs: opt.Epochs}}
	f.Position.Seed, f.Run.fit = opt.Seed, f
	f.Callbacks = slices.Clone(opt.Callbacks)
	slices.SortStableFunc(f.Callbacks, func(a, b Callback) int { return cmp.Compare(saves(a), saves(b)) })
	if f.step, err = t.prepare("fit", t.Step); err != nil {
		return h, err
	}
	if err = t.prepareRate(f.step); err != nil {
		return h, err
	}
	if opt.Validation != nil {
		if f.valid, err = t.prepare("evaluate", t.Evaluation); err != nil {
			return h, err
		}
	}
	if opt.Validation != nil {
		f.Validation = data.Reuse(opt.Validation)
	}
	f.show = newProgress(opt.Progress)
	err = f.run(ctx, data.Reuse(d))
	return h, err
}

// A fit is one call of Fit.
type fit struct {
	Options
	Run
	step, valid *figures
	show        *progress
	stepsBefore int // that were done before this epoch
	parts       int // steps since the last update
}

// saves is 1 for callbacks that save what the others remember, else 0.
func saves(c Callback) int {
	if _, ok := c.(*Checkpoints); ok {
		return 1
	}
	return 0
}

func (f *fit) run(ctx context.Context, d data.Dataset) (err error) {
	if err := f.each(func(c Callback) error {
		if c, ok := c.(Starter); ok {
			return c.Start(&f.Run)
		}
		return nil
	}); err != nil {
		return err
	}
	defer func() {
		f.show.end()
		err = f.interrupted(ctx, err)
		err = errors.Join(err, f.each(func(c Callback) error {
			if c, ok := c.(Ender); ok {
				return c.End(&f.Run)
			}
			return nil
		}))
	}()
	if err := f.begin(); err != nil {
		return err
	}
	for f.Position.Epoch < f.Run.Epochs && !f.stop {
		if err := f.epoch(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// interrupted tells callbacks of a training that the context has ended, and says
// after which step.
func (f *fit) interrupted(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	err = fmt.Errorf("train: interrupted after step %d: %w", f.Position.Steps, err)
	return errors.Join(err, f.each(func(c Callback) error {
		if c, ok := c.(Interrupter); ok {
			return c.Interrupt(&f.Run)
		}
		return nil
	}))
}

// begin takes in where to go on.
func (f *fit) begin() error {
	f.stepsBefore = f.Position.Steps
	t := f.Trainer
	if t.Accumulation != nil { // the last batch of an epoch may be short
		f.parts = (f.Position.Rows + f.Options.Batch - 1) / f.Options.Batch % max(t.Accumulate, 1)
	}
	f.step.reset()
	if err := f.restore(); err != nil {
		return err
	}
	if t.Accumulation != nil && f.parts == 0 { // an earlier training may have been broken off within a batch
		return t.Accumulation.Reset()
	}
	return nil
}

// each calls callbacks in order until one fails.
func (f *fit) each(call func(c Callback) error) error {
	for i, c := range f.Callbacks {
		if c == nil {
			return fmt.Errorf("train: callback %d is nil", i)
		}
		if err := call(c); err != nil {
			return err
		}
	}
	return nil
}

// epoch goes through the data once, or through what is left of it.
func (f *fit) epoch(ctx context.Context, d data.Dataset) error {
	start := time.Now()
	if !f.InOrder {
		d = data.Shuffle(d, f.Seed<<16+uint64(f.Position.Epoch))
	}
	f.show.begin(f.Position.Epoch+1, f.Run.Epochs, d.Len(), f.Position.Rows)
	for b, err := range data.InPlace(data.Skip(d, f.Position.Rows), f.Options.Batch) {
		if err == nil {
			err = f.one(ctx, b)
		}
		if err != nil {
			return err
		}
		if f.stop {
			return nil
		}
	}
	if f.step.rows == 0 && f.Position.Rows == 0 {
		return fmt.Errorf("train: the data set has no rows")
	}
	err := f.update()
	if err != nil {
		return err
	}
	e := Epoch{Number: f.Position.Epoch + 1, Steps: f.Position.Steps - f.stepsBefore, Rows: f.step.rows, Rate: f.Run.Rate}
	if e.Train, err = f.Trainer.scores(f.step); err != nil {
		return err
	}
	if f.Validation != nil {
		if e.Validation, err = f.Trainer.evaluate(ctx, f.Validation, f.Options.Batch, f.valid); err != nil {
			return err
		}
	}
	e.Seconds = time.Since(start).Seconds()
	f.History.Epochs = append(f.History.Epochs, e)
	f.Position.Epoch, f.Position.Rows, f.stepsBefore = f.Position.Epoch+1, 0, f.Position.Steps
	f.step.reset()
	f.show.epoch(f.History, f.Run.Epochs)
	return f.each(func(c Callback) error { return c.Epoch(&f.Run) })
}

// one runs a step.
func (f *fit) one(ctx context.Context, b data.Rows) error {
	t, s := f.Trainer, f.step
	var err error
	if s.feeds, err = t.feed(b, s.feeds); err != nil {
		return err
	}
	rows := b.Len()
	if err := t.Step.RunIntoContext(ctx, s.into, s.feeds...); err != nil {
		return f.explain(ctx, err)
	}
	s.add(t, rows)
	f.Updated = true
	if t.Accumulation != nil {
		f.Updated = false
		if f.parts++; f.parts >= t.Accumulate {
			if err := f.update(); err != nil {
				return err
			}
		}
	}
	f.Position.Rows += rows
	f.Position.Steps++
	f.Run.Batch, f.Loss = b, s.value[0].At(0)
	f.noteRate()
	if f.show.live() {
		f.show.step(rows, s.sum[0].At(0)/float64(s.rows), t.Figures[0].Total == nil, f.Run.Rate)
	}
	for _, c := range f.Callbacks {
		if c, ok := c.(Stepper); ok {
			if err := c.Step(&f.Run); err != nil {
				return err
			}
		}
	}
	return nil
}

// update moves the parameters by the gradients of the steps since the last time. It
// is not cancelled, for the last step counts with it.
func (f *fit) update() error {
	if f.Trainer.Accumulation == nil || f.parts == 0 {
		return nil
	}
	f.parts, f.Updated = 0, true
	err := f.Trainer.Accumulation.Update.RunInto(f.step.update)
	f.noteRate()
	return err
}

// noteRate takes the learning rate from where the step has written it.
func (f *fit) noteRate() {
	if r := f.step.rate; r.Len() == 1 && !math.IsNaN(r.At(0)) {
		f.Run.Rate = r.At(0)
	}
}

// explain looks for the op that made a loss which is no number.
func (f *fit) explain(ctx context.Context, err error) error {
	var bad *NotFinite
	if !errors.As(err, &bad) {
		return err
	}
	bad.Step = f.Position.Steps + 1
	if err2 := bad.trace(ctx, f.Trainer.Step, f.step.feeds); err2 != nil || bad.Node == nil {
		return fmt.Errorf("train: step %d: %w", bad.Step, err)
	}
	return bad
}

// Evaluate returns the figures of a data set. A batch of 0 rows means 32; the
// figures do not depend on it, apart from rounding.
func (t *Trainer) Evaluate(ctx context.Context, d data.Dataset, batch int) (Scores, error) {
	o := Options{Batch: batch}
	d, err := o.complete(d)
	if err != nil {
		return nil, err
	}
	f, err := t.prepare("evaluate", t.Evaluation)
	if err != nil {
		return nil, err
	}
	return t.evaluate(ctx, d, o.Batch, f)
}

func (t *Trainer) evaluate(ctx context.Context, d data.Dataset, batch int, f *figures) (Scores, error) {
	f.reset()
	for b, err := range data.InPlace(d, batch) {
		if err != nil {
			return nil, err
		}
		if f.feeds, err = t.feed(b, f.feeds); err != nil {
			return nil, err
		}
		if err := t.Evaluation.RunIntoContext(ctx, f.into, f.feeds...); err != nil {
			return nil, err
		}
		f.add(t, b.Len())
	}
	if f.rows == 0 {
		return nil, fmt.Errorf("train: the data set to evaluate has no rows")
	}
	return t.scores(f)
}

// Predict returns the outputs for all rows of a data set, in its order. Columns
// of labels may be missing if they come last. A batch of 0 rows means 32.
func (t *Trainer) Predict(ctx context.Context, d data.Dataset, batch int) ([]*tensor.Dense, error) {
	o := Options{Batch: batch}
	d, err := o.complete(d)
	if err != nil {
		return nil, err
	}
	if t.Prediction == nil {
		return nil, fmt.Errorf("train: there is nothing to predict: set Graph.Outputs or Trainer.Prediction")
	}
	var all []joined
	var feeds []graph.Feed
	for b, err := range data.InPlace(d, o.Batch) {
		if err != nil {
			return nil, err
		}
		feeds = t.inputs(b, feeds[:0])
		out, err := t.Prediction.Eval(ctx, feeds...)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = make([]joined, len(out))
		}
		for i, y := range out {
			if err := all[i].add(y, b.Len()); err != nil {
				return nil, fmt.Errorf("train: output %d: %w", i, err)
			}
		}
	}
	if all == nil {
		return nil, fmt.Errorf("train: the data set to predict has no rows")
	}
	return finish(all)
}

// A joined is what the batches of an output make together.
type joined struct {
	dtype graph.DType
	shape []int
	data  any
}

func (j *joined) add(y graph.Tensor, rows int) error {
	if len(y.Shape) == 0 || y.Shape[0] != rows {
		return fmt.Errorf("%v of a batch of %d rows: an output needs one row for each", y.Shape, rows)
	}
	if j.shape == nil {
		j.dtype, j.shape = y.DType, append([]int{0}, y.Shape[1:]...)
	}
	j.shape[0] += rows
	switch y.DType {
	case graph.Float32:
		j.data = more[float32](j.data, y)
	case graph.Float64:
		j.data = more[float64](j.data, y)
	case graph.Int32:
		j.data = more[int32](j.data, y)
	case graph.Int64:
		j.data = more[int64](j.data, y)
	case graph.Bool:
		j.data = more[bool](j.data, y)
	}
	return nil
}

func more[T graph.Elem](list any, y graph.Tensor) []T {
	before, _ := list.([]T)
	return append(before, graph.Data[T](y)...)
}

func finish(all []joined) ([]*tensor.Dense, error) {
	out := make([]*tensor.Dense, len(all))
	for i, j := range all {
		for _, n := range j.shape {
			if n == 0 {
				return nil, fmt.Errorf("train: output %d %v is empty", i, j.shape)
			}
		}
		out[i] = tensor.New(tensor.WithShape(j.shape...), tensor.WithBacking(j.data))
	}
	return out, nil
}
