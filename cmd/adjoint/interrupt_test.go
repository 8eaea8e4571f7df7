package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain is the tool itself where a test runs it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("ADJOINT_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// process returns the tool as a process.
func process(arguments ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], arguments...)
	c.Env = append(os.Environ(), "ADJOINT_TEST_MAIN=1")
	return c
}

// TestInterrupt presses Ctrl-C in the middle of a training and goes on.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send an interrupt there")
	}
	dir := t.TempDir()
	path, runs := filepath.Join(dir, "d.yaml"), filepath.Join(dir, "runs")
	text := "data: {kind: digits, rows: 2000, test: 0.2}\nmodel: [flatten, {dense: 64, act: relu}, {dropout: 0.2}]\nepochs: 20\nbatch: 16\n"
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	weights := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(runs, name, "model.safetensors"))
		require.NoError(t, err)
		return b
	}
	does(t, nil, "train", "-runs", runs, "-name", "whole", path)

	cut := process("train", "-runs", runs, "-name", "cut", path)
	var errs bytes.Buffer
	cut.Stderr = &errs
	require.NoError(t, cut.Start())
	require.Eventually(t, func() bool {
		list, _ := filepath.Glob(filepath.Join(runs, "cut", "checkpoints", "checkpoint-*"))
		return len(list) > 0
	}, time.Minute, time.Millisecond)
	require.NoError(t, cut.Process.Signal(os.Interrupt))
	require.Error(t, cut.Wait(), "it must not have come to the end")
	assert.Regexp(t, `^adjoint train: train: interrupted after step \d+: context canceled: the same command with -resume goes on\n$`, errs.String())
	assert.Equal(t, 1, cut.ProcessState.ExitCode())

	does(t, nil, "train", "-resume", "-runs", runs, "-name", "cut", path)
	assert.True(t, bytes.Equal(weights("whole"), weights("cut")), "the same weights, bit by bit")
}
