package report

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/train/tune"
)

func TestStudy(t *testing.T) {
	s := &tune.Study{
		Space:  tune.Space{tune.Float("rate", 0, 1), tune.Choice("rule", "adam", "sgd"), tune.Float("momentum", 0, 1).When("rule", "sgd")},
		Trials: 30, Pruner: tune.ASHA{}, Largest: true,
		Objective: func(_ context.Context, t *tune.Trial) (float64, error) {
			if t.Number == 4 {
				return 0, errors.New("no luck")
			}
			v := -t.Float("rate") * t.Float("rate")
			return v, t.Report(t.Number%3+1, v)
		},
	}
	r, err := s.Run(t.Context())
	require.NoError(t, err)
	f, err := New(t.TempDir(), "study")
	require.NoError(t, err)
	require.NoError(t, f.Study("A search", r))
	require.NoError(t, f.Close())
	for _, name := range []string{"search.svg", "importance.svg", "coordinates.svg"} {
		text, err := os.ReadFile(f.Path(name))
		require.NoError(t, err)
		assert.Contains(t, string(text), "<svg")
	}
	page, err := os.ReadFile(f.Path("report.html"))
	require.NoError(t, err)
	for _, want := range []string{"A search", "30 trials: ", " 1 failed.", "momentum", "best tenth", "what each parameter explains alone"} {
		assert.Contains(t, string(page), want)
	}
	best := bestTrials(r)
	assert.Equal(t, r.Best.Number, best[0].Number)
	assert.GreaterOrEqual(t, best[0].Value, best[1].Value)

	// few trials have no importances, and none no pictures
	f, err = New(t.TempDir(), "few")
	require.NoError(t, err)
	require.NoError(t, f.Study("Few", &tune.Result{Space: s.Space[:1], Trials: r.Trials[:1]}))
	assert.FileExists(t, f.Path("search.svg"))
	assert.NoFileExists(t, f.Path("importance.svg"))
	f, err = New(t.TempDir(), "none")
	require.NoError(t, err)
	require.NoError(t, f.Study("None", &tune.Result{}))
	assert.NoFileExists(t, f.Path("search.svg"))
}
