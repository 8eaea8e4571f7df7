// Command bench measures adjoint and its peers on the same work. Each line of
// its output is a JSON object: see measure.Line.
//
//	go run . -t 2 -r 5 W1 W2 M1          # adjoint
//	go run . -peer gorgonia -t 2 W1 W2   # the same on Gorgonia, or gomlx
//	go run . -table -t 2 -r 5            # all side by side, PyTorch included
//	go run . -profile -t 2 -r 20 W5      # where the time of adjoint goes
//	go run . -list                       # the workloads
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/adjointml/adjoint/bench/measure"
)

// settings are the command's flags.
type settings struct {
	*measure.Options
	list, table, profile bool
	peer, peers, into    string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	s := settings{Options: measure.Flags()}
	flag.BoolVar(&s.list, "list", false, "tell what the workloads are")
	flag.BoolVar(&s.profile, "profile", false, "print the time of each instruction instead, the mean of the repetitions")
	flag.StringVar(&s.peer, "peer", "", "run a `framework` instead: torch, gorgonia or gomlx")
	flag.BoolVar(&s.table, "table", false, "run all by turns and print a table; the lines go to the standard error")
	flag.StringVar(&s.peers, "peers", "torch,gorgonia,gomlx", "`frameworks` of the table beside adjoint")
	flag.StringVar(&s.into, "into", "", "`page` that has the table between two marks, to put it there")
	flag.Parse()
	if err := run(s, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(s settings, names []string) error {
	switch {
	case s.list:
		for _, w := range workloads {
			fmt.Printf("%-3s %s\n", w.Name, w.Doc)
		}
		return nil
	case s.profile:
		return profile(os.Stdout, *s.Options, names)
	case s.peer != "":
		return runPeer(s.peer, append(s.Args(), names...))
	case s.table:
		return runTable(s, names)
	}
	return measure.Run(os.Stdout, "adjoint", *s.Options, workloads, names...)
}

func runTable(s settings, names []string) error {
	if s.Seconds == 0 {
		return errors.New("-table -s 0: at tiny sizes there is nothing to compare")
	}
	with, err := findPeers(s.peers)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	t, err := newTable(folder, with, os.Stderr)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = strings.Fields(measure.Names(workloads))
	}
	t.measure(*s.Options, names)
	if s.into == "" {
		t.write(os.Stdout)
		return nil
	}
	page, err := os.ReadFile(s.into)
	if err != nil {
		return err
	}
	text, err := t.into(string(page))
	if err != nil {
		return fmt.Errorf("%s: %w", s.into, err)
	}
	return os.WriteFile(s.into, []byte(text), 0o644)
}
