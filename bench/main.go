// Command bench measures adjoint and its peers on the same work. Each line of
// its output is a JSON object: see measure.Line.
//
//	go run . -t 2 -r 5 W1 W2 M1          # adjoint
//	go run . -peer gorgonia -t 2 W1 W2   # the same on Gorgonia, or gomlx
//	go run . -table -t 2 -r 5            # all side by side, PyTorch included
//	go run . -list                       # the workloads
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/adjointml/adjoint/bench/measure"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	o := measure.Flags()
	list := flag.Bool("list", false, "tell what the workloads are")
	flag.Parse()
	if err := run(o, *list); err != nil {
		log.Fatal(err)
	}
}

func run(o *measure.Options, list bool) error {
	switch {
	case list:
		for _, w := range workloads {
			fmt.Printf("%-3s %s\n", w.Name, w.Doc)
		}
		return nil
	}
	return measure.Run(os.Stdout, "adjoint", *o, workloads, flag.Args()...)
}
