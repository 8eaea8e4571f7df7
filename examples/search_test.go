package examples

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testTune(t *testing.T, dir string) {
	type result struct {
		Accuracy float64        `json:"test_accuracy"`
		Values   map[string]any `json:"values"`
		Pruned   int            `json:"pruned"`
	}
	small := []string{"-images", "900", "-trials", "14", "-epochs", "4", "-json", "-name", "tune-a"}
	var r, again, more result
	last(t, run(t, dir, "tune", small...), &r)
	assert.Greater(t, r.Accuracy, 0.7)
	assert.Greater(t, r.Pruned, 2)
	for _, file := range []string{"report.html", "journal.ndjson", "search.svg", "coordinates.svg", "result.json"} {
		assert.FileExists(t, filepath.Join(dir, "runs", "tune-a", file))
	}

	// a torn journal goes on to the same end
	journal := filepath.Join(dir, "runs", "tune-a", "journal.ndjson")
	text, err := os.ReadFile(journal)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(journal, text[:len(text)/2], 0o666))
	last(t, run(t, dir, "tune", append(small, "-journal", journal, "-name", "tune-b")...), &again)
	assert.Equal(t, r, again)
	last(t, run(t, dir, "tune", append(small, "-sampler", "random", "-pruner", "none", "-trials", "3", "-name", "tune-c")...), &more)
	assert.Zero(t, more.Pruned)
	bad, err := command(dir, "tune", "-sampler", "grid").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "-sampler grid -pruner asha: want random, halton or tpe, and none, median or asha")
}

func testAutoML(t *testing.T, dir string) {
	var found []struct {
		Way, Cell        string
		Channels, Params int
		Accuracy         float64
	}
	small := []string{"-images", "400", "-trials", "5", "-epochs", "3", "-search", "3", "-final", "4", "-channels", "4", "-batch", "20", "-json"}
	last(t, run(t, dir, "automl", small...), &found)
	require.Len(t, found, 3)
	for _, f := range found[:2] {
		assert.Greater(t, f.Accuracy, 0.5, f.Way)
		assert.Greater(t, f.Accuracy, found[2].Accuracy, "%s %s beats skips alone", f.Way, f.Cell)
	}
	assert.FileExists(t, filepath.Join(dir, "runs", "automl", "weights.svg"))
	bad, err := command(dir, "automl", "-data", t.TempDir()).CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "train-images-idx3-ubyte")
}
