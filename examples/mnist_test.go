package examples

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testMNIST(t *testing.T, dir string) {
	out := run(t, dir, "mnist", "-json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var r struct {
		Accuracy float64 `json:"test_accuracy"`
		Loss     float64 `json:"test_loss"`
		Seconds  float64
		Params   int
	}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &r), out)
	assert.GreaterOrEqual(t, r.Accuracy, 0.97)
	assert.Positive(t, r.Loss)
	assert.Equal(t, 784*256+256+256*10+10, r.Params)
	short := func(arg ...string) string {
		out := run(t, dir, "mnist", append(arg, "-epochs", "1", "-batch", "500")...)
		return regexp.MustCompile(`[\d.]+ s\n|see .*\n`).ReplaceAllString(out, "")
	}
	assert.Equal(t, short(), short(), "the same seed gives the same numbers")
	for _, rule := range []string{"sgd", "momentum", "adamw", "rmsprop", "nadam", "lion"} {
		lr := "0.002"
		if rule == "sgd" || rule == "momentum" {
			lr = "0.05"
		}
		accuracy := numbers(t, short("-optimizer", rule, "-lr", lr), `test accuracy ([\d.]+)`)
		assert.Greater(t, accuracy[0], 0.3, rule)
	}
	testMNISTFolder(t, dir)
}

// testMNISTFolder looks at what a run leaves, takes its end away, and goes on from
// the middle of an epoch: the weights are the same again.
func testMNISTFolder(t *testing.T, dir string) {
	runs := t.TempDir()
	run(t, dir, "mnist", "-epochs", "2", "-runs", runs, "-name", "cut")
	for _, file := range []string{"config.json", "result.json", "curves.svg", "curves-accuracy.svg", "confusion.svg", "graph.svg", "report.html"} {
		assert.FileExists(t, filepath.Join(runs, "cut", file))
	}
	read := func(file string) string {
		text, err := os.ReadFile(filepath.Join(runs, "cut", file))
		require.NoError(t, err)
		return string(text)
	}
	weights, history := read("model.safetensors"), read("history.ndjson")
	assert.Equal(t, 2, strings.Count(history, "\n"))
	require.NoError(t, os.Remove(filepath.Join(runs, "cut", "checkpoints", "checkpoint-000000158.safetensors")))
	require.NoError(t, os.Remove(filepath.Join(runs, "cut", "model.safetensors")))

	out := run(t, dir, "mnist", "-resume", "-runs", runs, "-name", "cut")
	assert.Contains(t, out, "going on after 100 steps\n")
	assert.True(t, weights == read("model.safetensors"), "the same weights, bit by bit")
	assert.Equal(t, 2, strings.Count(read("history.ndjson"), "\n"))
	out = run(t, dir, "mnist", "-resume", "-runs", runs, "-name", "cut", "-epochs", "3", "-quiet")
	assert.Empty(t, out)
	assert.Equal(t, 3, strings.Count(read("history.ndjson"), "\n"))

	bad, err := command(dir, "mnist", "-resume", "-runs", runs, "-name", "other").CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "-resume: there is no run other in "+runs+"\n", string(bad))
}

// TestMNISTMistakes checks that bad flags and files give one clear line.
func TestMNISTMistakes(t *testing.T) {
	dir := build(t)
	broken := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, "train-images-idx3-ubyte"), binary.BigEndian.AppendUint32(nil, 0x803), 0o600))
	for want, arg := range map[string][]string{
		`no such file or directory|cannot find`: {"-data", filepath.Join(broken, "nowhere")},
		`train-images-idx3-ubyte.*offset 4`:     {"-data", broken},
		`unknown optimizer "nothing"`:           {"-optimizer", "nothing"},
		`-epochs 0 -batch 128`:                  {"-epochs", "0"},
		`unexpected argument "5"`:               {"5"},
	} {
		cmd := command(dir, "mnist", arg...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		assert.Error(t, cmd.Run(), want)
		assert.Regexp(t, want, stderr.String())
		assert.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
	}
}
