package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

var trainCommand = command{
	name: "train", arguments: "FILE", does: "train the network that a description says, and leave a folder in runs",
	help: `FILE is YAML or JSON:

  data:      {kind: csv, path: iris.csv, target: [species], scale: standard, test: 0.3}
  model:     [{dense: 16, act: relu}, {dropout: 0.1}]     # the output layer is added
  optimizer: {name: adam, rate: 0.01}
  epochs:    30
  batch:     16

adjoint train FILE leaves runs/NAME with the description, curves, weights, checkpoints and
report.html. With -resume it goes on where the last run of that name was cut off; an interrupt
(Ctrl-C) saves the step it comes at.
docs/command.md lists all entries.`,
	define: func(f *flag.FlagSet) action {
		runs := f.String("runs", "runs", "`folder` that gains one for this run")
		name := f.String("name", "", "of the run's folder (default the description's)")
		epochs := f.Int("epochs", 0, "times to go through the data (default the description's)")
		resume := f.Bool("resume", false, "go on with the last run of this name")
		return func(ctx context.Context, t *tool, arguments []string) error {
			path, err := one(arguments, "a description")
			if err != nil {
				return err
			}
			if *epochs < 0 {
				return usage("-epochs %d: want at least 1", *epochs)
			}
			d, err := readDescription(path)
			if err != nil {
				return err
			}
			if *name != "" {
				d.name = *name
			}
			if *epochs > 0 {
				d.epochs = *epochs
			}
			return d.train(ctx, t, path, *runs, *resume)
		}
	},
}

// scores are figures with where they come from.
type scores struct {
	Run     string       `json:"run"`
	Rows    int          `json:"rows"`
	Figures train.Scores `json:"figures"`
}

func (s scores) text() string {
	text := fmt.Sprintf("%d rows:", s.Rows)
	for _, name := range slices.Sorted(keys(s.Figures)) {
		text += fmt.Sprintf("  %s %.4g", name, s.Figures[name])
	}
	return text + "\n"
}

func (d *description) train(ctx context.Context, t *tool, path, runs string, resume bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s, err := d.data.open(d.seed)
	if err != nil {
		return err
	}
	steps := d.epochs * ((s.learn.Len() + d.batch - 1) / d.batch)
	m, err := d.model(s, steps)
	if err != nil {
		return err
	}
	learn := s.scaled(s.learn)
	trainer, err := m.Build(learn)
	if err != nil {
		return err
	}
	f, err := d.folder(runs, resume)
	if err != nil {
		return err
	}
	if err := save(f, d, text, filepath.Dir(path), s); err != nil {
		return err
	}
	fmt.Fprint(t.told(), m.Summary())
	f.Section(d.name, fmt.Sprintf("%d rows to learn from, each with %s to predict.", s.learn.Len(), s.target()))
	o := train.Options{Epochs: d.epochs, Batch: d.batch, Seed: d.seed, Progress: t.told()}
	if s.test != nil {
		o.Validation = s.scaled(s.test)
	}
	if d.stop > 0 {
		o.Callbacks = append(o.Callbacks, &train.EarlyStopping{Patience: d.stop})
	}
	o.Callbacks = append(o.Callbacks, f.Callback(), &train.Checkpoints{Saver: train.Saver{Dir: f.Path("checkpoints"), Keep: 2}, Every: 500})
	if resume {
		last, found, err := train.Resume(f.Path("checkpoints"), trainer.State())
		if err != nil {
			return err
		}
		if found {
			o.From = last.Position
		}
	}
	_, err = trainer.Fit(ctx, learn, o)
	if errors.Is(err, context.Canceled) { // the checkpoints have that step
		return fmt.Errorf("%w: the same command with -resume goes on", err)
	}
	if err != nil {
		return err
	}
	return d.finish(ctx, t, f, m, s)
}

// folder makes the folder of the run, or opens the last one.
func (d *description) folder(runs string, resume bool) (*report.Folder, error) {
	if !resume {
		return report.New(runs, d.name)
	}
	dir, found := report.Latest(runs, d.name)
	if !found {
		return nil, fmt.Errorf("-resume: there is no run %s in %s", d.name, runs)
	}
	return report.Open(dir)
}

// finish tells what the network reaches, on rows it has not seen if there are.
func (d *description) finish(ctx context.Context, t *tool, f *report.Folder, m *train.Model, s *set) error {
	seen := s.test
	if seen == nil {
		seen = s.learn
	}
	figures, err := judge(ctx, m, s, seen, f)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	result := scores{f.Dir, seen.Len(), figures}
	return t.print(result, result.text()+"see "+filepath.ToSlash(f.Path("report.html"))+"\n")
}

// judge evaluates rows, and reports which class was taken for which.
func judge(ctx context.Context, m *train.Model, s *set, rows *data.Arrays, f *report.Folder) (train.Scores, error) {
	d := s.scaled(rows)
	figures, err := m.Evaluate(ctx, d, 256)
	if err != nil || f == nil {
		return figures, err
	}
	f.Section("Judged", scores{Rows: rows.Len(), Figures: figures}.text())
	if s.classes == nil {
		return figures, nil
	}
	p, err := m.Predict(ctx, d, 256)
	if err != nil {
		return nil, err
	}
	predicted, err := report.Classes(p)
	if err != nil {
		return nil, err
	}
	labels, err := report.Classes(rows.Column(1))
	if err != nil {
		return nil, err
	}
	return figures, f.Confusion(s.classes, labels, predicted)
}
