package examples

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInterrupt presses Ctrl-C in the middle of a training and goes on: the weights are
// those of a run that was left alone.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send an interrupt there")
	}
	dir, runs := build(t), t.TempDir()
	settings := []string{"-runs", runs, "-epochs", "6", "-batch", "50", "-quiet", "-name"}
	weights := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(runs, name, "model.safetensors"))
		require.NoError(t, err)
		return b
	}
	run(t, dir, "mnist", append(settings, "whole")...)

	cut := command(dir, "mnist", append(settings, "cut")...)
	var errs bytes.Buffer
	cut.Stderr = &errs
	require.NoError(t, cut.Start())
	require.Eventually(t, func() bool {
		list, _ := filepath.Glob(filepath.Join(runs, "cut", "checkpoints", "checkpoint-*"))
		return len(list) > 0
	}, time.Minute, time.Millisecond)
	require.NoError(t, cut.Process.Signal(os.Interrupt))
	require.Error(t, cut.Wait(), "it must not have come to the end")
	assert.Regexp(t, `^train: interrupted after step \d+: context canceled: the same command with -resume goes on\n$`, errs.String())
	step := int(numbers(t, errs.String(), `step (\d+)`)[0])
	assert.Less(t, step, 6*200)
	t.Logf("interrupted after step %d of %d", step, 6*200)

	out := run(t, dir, "mnist", "-resume", "-runs", runs, "-name", "cut")
	assert.Equal(t, float64(step), numbers(t, out, `going on after (\d+) steps`)[0], "the very step")
	assert.True(t, bytes.Equal(weights("whole"), weights("cut")), "the same weights, bit by bit")
}
