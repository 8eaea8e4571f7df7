package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/bench/measure"
)

// A peer is a program in a folder of this module that does the same workloads
// with another framework, and prints the same lines.
type peer struct {
	name, title string
	modes       func(workload string) []string // beyond its usual one
	slow        bool                           // measured in one round only
	command     func(folder string) ([]string, error)
}

// peers are listed in the order of the table's columns.
var peers = []peer{
	{name: "torch", title: "PyTorch", modes: torchModes, command: python},
	{name: "gorgonia", title: "Gorgonia", slow: true, command: build("gorgonia")},
	{name: "gomlx", title: "GoMLX", slow: true, command: build("gomlx")},
}

// findPeers returns the peers named in a list with commas.
func findPeers(names string) ([]peer, error) {
	var found []peer
	for _, name := range strings.FieldsFunc(names, func(r rune) bool { return r == ',' }) {
		i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no peer %q: want torch, gorgonia or gomlx", name)
		}
		found = append(found, peers[i])
	}
	return found, nil
}

// build returns a function that compiles the Go program of a folder into
// another one.
func build(name string) func(folder string) ([]string, error) {
	return func(folder string) ([]string, error) {
		program := filepath.Join(folder, name)
		cmd := exec.Command("go", "build", "-o", program, ".")
		cmd.Dir = name
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("building %s: %w; run this in the folder bench", name, err)
		}
		return []string{program}, nil
	}
}

// python returns the command of the PyTorch program, if the system's Python has
// torch.
func python(string) ([]string, error) {
	const interpreter = "/usr/bin/python3"
	if err := exec.Command(interpreter, "-c", "import torch").Run(); err != nil {
		return nil, fmt.Errorf("%s has no torch: on Debian, apt-get install python3-torch python3-numpy", interpreter)
	}
	return []string{interpreter, "torch/bench.py"}, nil
}

// torchModes lists the ways to run PyTorch that may be its best one.
func torchModes(workload string) []string {
	switch workload {
	case "W1", "W2":
		return []string{"foreach", "jit"}
	case "W3", "W6":
		return []string{"foreach", "channels_last", "channels_last+foreach"}
	case "W4", "W5", "L4":
		return []string{"foreach", "jit"}
	case "M4":
		return []string{"channels_last"}
	case "M2", "M5", "L1":
		return []string{"jit"}
	}
	return nil
}

// runPeer runs a peer's program instead of this one's workloads.
func runPeer(name string, args []string) error {
	found, err := findPeers(name)
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return fmt.Errorf("-peer %s: want one peer", name)
	}
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	command, err := found[0].command(folder)
	if err != nil {
		return err
	}
	cmd := exec.Command(command[0], append(command[1:], args...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// lines runs a command and returns the lines it prints, up to where it fails.
func lines(command []string, args ...string) ([]measure.Line, error) {
	cmd := exec.Command(command[0], slices.Concat(command[1:], args)...)
	var message bytes.Buffer
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(message.Bytes()))
	}
	var all []measure.Line
	for from := json.NewDecoder(bytes.NewReader(out)); ; {
		var l measure.Line
		switch e := from.Decode(&l); {
		case e == io.EOF:
			return all, err
		case e != nil:
			return all, fmt.Errorf("reading its lines: %w", e)
		}
		all = append(all, l)
	}
}
