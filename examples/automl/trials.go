package main

import (
	"context"
	"fmt"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/train/tune"
)

// searchByTrials trains networks of many designs, each for some epochs, and returns
// the settings of the best.
func searchByTrials(ctx context.Context, c *command.Command, f *report.Folder, o options, set *data.Arrays) (settings, error) {
	learn, valid := set.Split(0.5)
	space := tune.Space{tune.LogFloat("rate", 3e-4, 3e-2), tune.LogInt("channels", 4, 16)}
	for k := range edges {
		space = append(space, tune.Choice(fmt.Sprintf("edge%d", k), candidates...))
	}
	of := func(v tune.Values) (s settings) {
		for k := range edges {
			s.cell[k] = v[fmt.Sprintf("edge%d", k)].(string)
		}
		s.channels, s.rate = v["channels"].(int), v["rate"].(float64)
		return s
	}
	study := &tune.Study{
		Space: space, Trials: o.trials, Pruner: tune.ASHA{Factor: 2}, Seed: c.Seed, Journal: f.Path("journal.ndjson"),
		Objective: func(ctx context.Context, t *tune.Trial) (float64, error) {
			h, err := model(of(t.Values), c.Seed).Fit(ctx, learn, train.Options{
				Epochs: o.epochs, Batch: o.batch, Seed: c.Seed, Validation: valid, Callbacks: []train.Callback{t.Follow("val_loss")},
			})
			return h.Last().Validation["loss"], err
		},
		Done: func(t tune.Trial) {
			s := of(t.Values)
			fmt.Fprintf(c.Out, "trial %2d  %-6s after %d epochs  loss %.4f  rate %-8.2g channels %-3d %s%s\n",
				t.Number, t.State, len(t.Reports), t.Value, s.rate, s.channels, s.cell, t.Error)
		},
	}
	found, err := study.Run(ctx)
	if err != nil {
		return settings{}, err
	}
	return of(found.Best.Values), f.Study("Search by trials", found)
}
