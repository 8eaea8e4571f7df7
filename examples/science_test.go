package examples

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testPhysics(t *testing.T, dir string) {
	var r []struct{ Error, Worst float64 }
	last(t, run(t, dir, "physics", "-problem", "heat", "-points", "400", "-adam", "100", "-lbfgs", "150", "-json"), &r)
	require.Len(t, r, 1)
	assert.Less(t, r[0].Error, 0.01)
	bad, err := command(dir, "physics", "-problem", "wave").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), `unknown equation "wave": want poisson, heat or burgers`)
}

func testNeuralODE(t *testing.T, dir string) {
	var r struct {
		Off   []float64
		Loss  float64
		Error float64
	}
	for _, gradient := range []string{"adjoint", "direct"} {
		last(t, run(t, dir, "neuralode", "-iterations", "150", "-finest", "4", "-gradient", gradient, "-json"), &r)
		require.Len(t, r.Off, 3)
		assert.Less(t, r.Off[2], 1e-8)
		assert.Less(t, r.Loss, 0.005)
		assert.Less(t, r.Error, 1.0)
	}
	bad, err := command(dir, "neuralode", "-gradient", "numeric").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "-gradient numeric: want adjoint or direct")
}

func testOverfit(t *testing.T, dir string) {
	var r []struct {
		Treatment   string
		Train, Test float64
		Epochs      int
	}
	out := run(t, dir, "overfit", "-digits", "100", "-width", "32", "-epochs", "8", "-json")
	last(t, out, &r)
	require.Len(t, r, 7)
	assert.Equal(t, "none", r[0].Treatment)
	assert.Greater(t, r[0].Train, 0.5)
	assert.Equal(t, numbers(t, out, `, ([\d.]+) on test`), numbers(t, run(t, dir, "overfit", "-digits", "100", "-width", "32", "-epochs", "8"), `, ([\d.]+) on test`), "the same seed gives the same numbers")
	bad, err := command(dir, "overfit", "-wrong", "2").CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "-digits 500 -width 256 -epochs 100 -wrong 2: want at least 10, 1 and 1, and a share\n", string(bad))
}

func testCost(t *testing.T, dir string) {
	var r []struct {
		Family        string
		Params, Flops float64
		Costs         []struct{ Width, Params, Flops, Bytes int }
	}
	last(t, run(t, dir, "cost", "-widest", "64", "-repeat", "1", "-json"), &r)
	require.Len(t, r, 4)
	for _, g := range r {
		assert.Greater(t, g.Params, 0.9, "%s: at least linear", g.Family)
		assert.Less(t, g.Flops, 2.1, "%s: at most quadratic", g.Family)
	}
	bad, err := command(dir, "cost", "-kinds", "SVM").CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "unknown kind \"SVM\": want MLP, CNN, LSTM or GPT\n", string(bad))
	bad, err = command(dir, "cost", "-widest", "8").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "-widest 8 leaves 0 networks of MLP: want two at least")
}
