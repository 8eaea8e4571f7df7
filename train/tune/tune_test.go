package tune

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

// curve is a study whose trials fall towards their value over 27 steps.
func curve(p Pruner) *Study {
	space, f := objective(2, branin)
	return &Study{
		Space: space, Pruner: p, Trials: 40, Seed: 1,
		Objective: func(ctx context.Context, t *Trial) (float64, error) {
			end, err := f(ctx, t)
			for step := 1; step <= 27 && err == nil; step++ {
				err = t.Report(step, end+50/float64(step))
			}
			return end, err
		},
	}
}

func steps(r *Result) (n int) {
	for _, t := range r.Trials {
		n += len(t.Reports)
	}
	return n
}

func TestPruning(t *testing.T) {
	all, err := curve(nil).Run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 40*27, steps(all))
	for p, most := range map[Pruner]int{ASHA{}: 300, Median{}: 800} {
		r, err := curve(p).Run(t.Context())
		require.NoError(t, err)
		done, pruned := 0, 0
		for _, trial := range r.Trials {
			switch trial.State {
			case Done:
				done++
			case Pruned:
				pruned++
				assert.Equal(t, trial.Reports[len(trial.Reports)-1].Value, trial.Value)
				assert.Less(t, len(trial.Reports), 28)
			}
		}
		t.Logf("%T: %d done, %d pruned, %d of %d steps, best %.4f against %.4f", p, done, pruned, steps(r), steps(all), r.Best.Value, all.Best.Value)
		assert.Equal(t, 40, done+pruned)
		assert.Less(t, steps(r), most, "%T", p)
		assert.Less(t, r.Best.Value, 1.0, "%T", p)
	}
}

// TestASHARungs goes through the rule by hand.
func TestASHARungs(t *testing.T) {
	s := &Study{}
	trials := []Trial{}
	reach := func(number, step int, value float64) bool {
		for len(trials) <= number {
			trials = append(trials, Trial{Number: len(trials), State: Running})
		}
		trials[number].Reports = append(trials[number].Reports, Report{step, value})
		return ASHA{}.Prune(s, trials, number)
	}
	assert.False(t, reach(0, 1, 5), "the first goes on")
	assert.True(t, reach(1, 1, 6), "one of two goes on")
	assert.False(t, reach(2, 1, 4), "the best of three goes on")
	assert.True(t, reach(3, 1, 4.5))
	assert.True(t, reach(4, 1, 4.6))
	assert.False(t, reach(5, 1, 4.5), "the second of six goes on")
	assert.False(t, reach(0, 2, 99), "step 2 is no rung")
	assert.False(t, reach(0, 3, 5), "the first to come to step 3")
	assert.True(t, reach(2, 4, 6), "a step past the rung counts for it")
	assert.True(t, reach(5, 3, math.NaN()))
	largest := &Study{Largest: true}
	assert.False(t, ASHA{}.Prune(largest, []Trial{{Reports: []Report{{1, 2}}}, {Reports: []Report{{1, 3}}}}, 1))
	assert.True(t, ASHA{}.Prune(largest, []Trial{{Reports: []Report{{1, 2}}}, {Reports: []Report{{1, 3}}}}, 0))
}

func TestMedianRule(t *testing.T) {
	trials := []Trial{{Reports: []Report{{1, 9}, {2, 9}}}}
	for i := range 5 {
		trials = append(trials, Trial{Reports: []Report{{1, float64(i)}, {2, float64(i)}}})
	}
	s := &Study{}
	assert.True(t, Median{}.Prune(s, trials, 0))
	assert.False(t, Median{After: 2}.Prune(s, trials, 0))
	assert.False(t, Median{Start: 6}.Prune(s, trials, 0))
	trials[0].Reports[0].Value = 1.5
	assert.False(t, Median{}.Prune(s, trials, 0), "its best is better than the median, 2")
	assert.False(t, Median{}.Prune(&Study{Largest: true}, []Trial{{Reports: []Report{{1, 9}}}}, 0))
}

// sameTrials compares trials, but for the time they took.
func sameTrials(t *testing.T, want, got *Result) {
	t.Helper()
	strip := func(r *Result) []string {
		var list []string
		for _, trial := range r.Trials {
			trial.Seconds = 0
			list = append(list, fmt.Sprintf("%d %v %v %v %v %q", trial.Number, trial.Values, trial.State, trial.Value, trial.Reports, trial.Error))
		}
		return list
	}
	assert.Equal(t, strip(want), strip(got))
}

// TestResume cuts a journal after every so many bytes, within lines too, and goes on.
func TestResume(t *testing.T) {
	study := func(path string) *Study {
		s := curve(ASHA{})
		s.Space = append(s.Space, Choice("word", "x", "y"), LogInt("n", 1, 50).When("word", "y"))
		s.Trials, s.Journal = 25, path
		inner := s.Objective
		s.Objective = func(ctx context.Context, t *Trial) (float64, error) {
			if t.Number == 3 {
				return 0, errors.New("no luck")
			}
			return inner(ctx, t)
		}
		return s
	}
	path := filepath.Join(t.TempDir(), "journal")
	want, err := study(path).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, Failed, want.Trials[3].State)
	require.Equal(t, "no luck", want.Trials[3].Error)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for cut := 0; cut < len(text); cut += 1 + len(text)/12 {
		part := filepath.Join(t.TempDir(), "journal")
		require.NoError(t, os.WriteFile(part, text[:cut], 0o666))
		got, err := study(part).Run(t.Context())
		require.NoError(t, err, "cut at %d", cut)
		sameTrials(t, want, got)
	}
	// a whole one runs nothing
	s := study(path)
	s.Objective = func(context.Context, *Trial) (float64, error) { panic("it is done") }
	got, err := s.Run(t.Context())
	require.NoError(t, err)
	sameTrials(t, want, got)
	// more trials go on from it
	s = study(path)
	s.Trials = 30
	got, err = s.Run(t.Context())
	require.NoError(t, err)
	assert.Len(t, got.Trials, 30)
}

func TestJournalMistakes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	s := curve(nil)
	s.Trials, s.Journal = 2, path
	_, err := s.Run(t.Context())
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(text, []byte("\n"))

	s.Seed = 2
	_, err = s.Run(t.Context())
	assert.EqualError(t, err, "tune: journal "+path+": line 1: it is of a study with another space, seed or direction: give this one a journal of its own")
	s.Seed = 1
	for _, c := range []struct{ text, want string }{
		{"{}\n", "line 1: it is no journal of a study"},
		{"x\n", "line 1: invalid character 'x' looking for beginning of value"},
		{`{"study":{"version":2}}` + "\n", "line 1: version 2: this program reads version 1"},
		{string(lines[0]) + `{"trial":1,"values":{"a":0,"b":0}}` + "\n", "line 2: it speaks of a trial that did not begin"},
		{string(lines[0]) + `{"trial":0,"state":"done"}` + "\n", "line 2: it speaks of a trial that did not begin"},
		{string(lines[0]) + `{"trial":0,"values":{"a":0,"c":0}}` + "\n", `line 2: "c" is none of the parameters a, b`},
		{string(lines[0]) + `{"trial":0,"values":{"a":0}}` + "\n", "line 2: the parameter b is missing, or should be"},
		{string(lines[0]) + `{"trial":0,"values":{"a":0,"b":7}}` + "\n", "line 2: 7 is no value of b"},
		{string(lines[0]) + `{"trial":0,"values":{"a":0,"b":"x"}}` + "\n", "line 2: x is no value of b"},
		{string(lines[0]) + string(lines[1]) + `{"trial":0,"state":"odd"}` + "\n", `line 3: the state "odd" is not known`},
		{string(text) + `{"trial":0,"state":"done"}` + "\n", fmt.Sprintf("line %d: trial 0 has ended before", len(lines))},
	} {
		require.NoError(t, os.WriteFile(path, []byte(c.text), 0o666))
		_, err := s.Run(t.Context())
		assert.EqualError(t, err, "tune: journal "+path+": "+c.want)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, c.text, string(after), "a journal that cannot be read is left as it is")
	}
	s.Journal = t.TempDir()
	_, err = s.Run(t.Context())
	assert.ErrorContains(t, err, "tune: journal: open ")
}

func TestWorkersShareMemory(t *testing.T) {
	space, f := objective(2, bowl)
	space = append(space, Int("size", 1, 4))
	var used, most, at, atOnce atomic.Int64
	s := &Study{
		Space: space, Trials: 40, Workers: 4, Memory: 5, Sampler: Random{},
		Need: func(v Values) int64 {
			if n := v["size"].(int); n < 4 {
				return int64(n)
			}
			return 6
		},
	}
	s.Objective = func(ctx context.Context, t *Trial) (float64, error) {
		n := int64(t.Int("size"))
		most.Store(max(most.Load(), used.Add(n)))
		atOnce.Store(max(atOnce.Load(), at.Add(1)))
		time.Sleep(2 * time.Millisecond)
		used.Add(-n)
		at.Add(-1)
		return f(ctx, t)
	}
	r, err := s.Run(t.Context())
	require.NoError(t, err)
	assert.Len(t, r.Trials, 40)
	assert.LessOrEqual(t, most.Load(), int64(5))
	assert.Greater(t, atOnce.Load(), int64(1))
	for _, trial := range r.Trials {
		if trial.Values["size"] == 4 {
			assert.Equal(t, Failed, trial.State)
			assert.Equal(t, "it needs 6 bytes, more than the budget of 5", trial.Error)
		} else {
			assert.Equal(t, Done, trial.State)
		}
	}
}

func TestCancel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	s := curve(nil)
	want, err := s.Run(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	inner := s.Objective
	s.Journal = path
	s.Objective = func(ctx context.Context, t *Trial) (float64, error) {
		if t.Number == 7 {
			cancel()
			return 0, ctx.Err()
		}
		return inner(ctx, t)
	}
	r, err := s.Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, r.Trials, 7, "the one that was broken off does not count")
	s.Objective = inner
	r, err = s.Run(t.Context())
	require.NoError(t, err)
	sameTrials(t, want, r)

	// workers that wait for memory end too
	ctx, cancel = context.WithCancel(t.Context())
	s = &Study{Space: s.Space, Workers: 2, Memory: 1, Need: func(Values) int64 { return 1 }}
	s.Objective = func(ctx context.Context, t *Trial) (float64, error) {
		cancel()
		<-ctx.Done()
		return 0, ctx.Err()
	}
	r, err = s.Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, r.Trials)
}

func TestFailures(t *testing.T) {
	space, f := objective(2, bowl)
	var told []State
	s := &Study{
		Space: space, Trials: 9, Done: func(t Trial) { told = append(told, t.State) },
		Objective: func(ctx context.Context, t *Trial) (float64, error) {
			switch t.Number {
			case 0:
				return 0, errors.New("out of luck")
			case 1:
				panic("boom")
			case 2:
				return math.NaN(), nil
			case 3:
				return t.Float("c"), nil
			case 4:
				return float64(t.Int("a")), nil
			case 5:
				return 0, ErrPruned
			case 6:
				return 0, errors.Join(t.Report(3, 1), t.Report(3, 1))
			}
			return f(ctx, t)
		},
	}
	r, err := s.Run(t.Context())
	require.NoError(t, err)
	want := []string{"out of luck", "panic: boom", "its value is NaN", `there is no parameter "c": the space has a, b`, "", "tune: the trial is pruned",
		"tune: a report of step 3 after one of step 3: steps must grow", "", ""}
	want[4] = fmt.Sprintf("parameter a is %v, a float64, not a int", r.Trials[4].Values["a"])
	for i, trial := range r.Trials {
		assert.Equal(t, want[i], trial.Error)
		assert.Equal(t, want[i] == "", trial.State == Done)
		assert.Equal(t, trial.State, told[i])
	}
	s.Trials = 7
	r, err = s.Run(t.Context())
	assert.EqualError(t, err, "tune: none of 7 trials is done: trial 0: out of luck")
	assert.Len(t, r.Trials, 7)

	for _, c := range []struct {
		s    Study
		want string
	}{
		{Study{Space: space}, "tune: there is nothing to search for: set Study.Objective"},
		{Study{Space: space, Objective: f, Trials: -1}, "tune: -1 trials: want at least 1"},
		{Study{Space: space, Objective: f, Memory: 5}, "tune: a budget of 5 bytes needs Study.Need to say what a trial needs"},
	} {
		_, err := c.s.Run(t.Context())
		assert.EqualError(t, err, c.want)
	}
}

// TestFollow prunes a training from its callback.
func TestFollow(t *testing.T) {
	x := tensor.New(tensor.WithShape(8, 1), tensor.WithBacking([]float32{-4, -3, -2, -1, 0, 1, 2, 3}))
	y := tensor.New(tensor.WithShape(8, 1), tensor.WithBacking([]float32{-8, -6, -4, -2, 0, 2, 4, 6}))
	rows, err := data.Of(x, y)
	require.NoError(t, err)
	s := &Study{
		Space: Space{LogFloat("rate", 1e-5, 0.1)}, Trials: 12, Pruner: ASHA{}, Seed: 2,
		Objective: func(ctx context.Context, t *Trial) (float64, error) {
			m := &train.Model{Net: &nn.Dense{Out: 1}, Loss: nn.MSE, Optimizer: optim.SGD(t.Float("rate"))}
			h, err := m.Fit(ctx, rows, train.Options{Epochs: 9, Batch: 8, Callbacks: []train.Callback{t.Follow("loss")}})
			return h.Last().Train["loss"], err
		},
	}
	r, err := s.Run(t.Context())
	require.NoError(t, err)
	pruned := 0
	for _, trial := range r.Trials {
		if trial.State == Pruned {
			pruned++
		}
		require.NotEqual(t, Failed, trial.State, trial.Error)
		assert.NotEmpty(t, trial.Reports)
	}
	assert.Greater(t, pruned, 3)
	assert.Greater(t, r.Best.Values["rate"], 0.01)

	s.Objective = func(ctx context.Context, t *Trial) (float64, error) {
		m := &train.Model{Net: &nn.Dense{Out: 1}, Loss: nn.MSE, Optimizer: optim.SGD(0.01)}
		_, err := m.Fit(ctx, rows, train.Options{Callbacks: []train.Callback{t.Follow("val_loss")}})
		return 0, err
	}
	_, err = s.Run(t.Context())
	assert.EqualError(t, err, `tune: none of 12 trials is done: trial 0: tune: there is no figure "val_loss" to follow`)
}

// FuzzJournal opens damaged journals.
func FuzzJournal(f *testing.F) {
	path := filepath.Join(f.TempDir(), "journal")
	s := curve(ASHA{})
	s.Trials, s.Journal = 4, path
	_, err := s.Run(f.Context())
	require.NoError(f, err)
	text, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(text)
	f.Add(text[:len(text)/2])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		require.NoError(t, os.WriteFile(path, b, 0o666))
		j, trials, err := openJournal(path, s)
		j.close()
		if err != nil {
			return
		}
		for i, trial := range trials {
			require.Equal(t, i, trial.Number)
			for _, u := range s.Space.Point(trial.Values) {
				require.True(t, u >= 0 && u <= 1)
			}
		}
	})
}
