// Gradbench is a tool for GradBench (github.com/gradbench/gradbench), which
// compares automatic differentiation systems: it reads messages, a line of JSON
// each, from standard input and answers on standard output. Run it there with
//
//	gradbench run --eval "..." --tool "go run ./examples/gradbench"
//
// Each eval has a file, which writes its function in ops and leaves the
// derivatives to package autodiff. Compiling a graph is not part of the measured
// time, as reading the input is not.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"
)

// A task is a function of an eval with its input prepared.
type task struct {
	run    func() error // what is measured
	output func() any   // the result of the last run, for JSON
}

// evals has the functions of each module by name.
var evals = map[string]map[string]func(input []byte) (*task, error){
	"hello":    {"square": square, "double": double},
	"lse":      {"primal": lse(false), "gradient": lse(true)},
	"llsq":     {"primal": llsq(false), "gradient": llsq(true)},
	"gmm":      {"objective": gmm(false), "jacobian": gmm(true)},
	"ode":      {"primal": ode(false), "gradient": ode(true)},
	"det":      {"primal": det(false), "gradient": det(true)},
	"kmeans":   {"cost": kmeans(false), "dir": kmeans(true)},
	"lstm":     {"objective": lstm(false), "jacobian": lstm(true)},
	"ba":       {"objective": ba(false), "jacobian": ba(true)},
	"ht":       {"objective": ht(false), "jacobian": ht(true)},
	"particle": {"ff": particle(true, true), "fr": particle(true, false), "rf": particle(false, true), "rr": particle(false, false)},
	"saddle":   {"ff": saddle(true, true), "fr": saddle(true, false), "rf": saddle(false, true), "rr": saddle(false, false)},
}

type message struct {
	ID       json.RawMessage
	Kind     string
	Module   string
	Function string
	Input    json.RawMessage
}

type response struct {
	ID      json.RawMessage `json:"id"`
	Tool    string          `json:"tool,omitempty"`
	Success *bool           `json:"success,omitempty"`
	Output  any             `json:"output,omitempty"`
	Timings []timing        `json:"timings,omitempty"`
	Error   string          `json:"error,omitempty"`
}

type timing struct {
	Name        string `json:"name"`
	Nanoseconds int64  `json:"nanoseconds"`
}

// answer responds to a message.
func answer(m message) response {
	r := response{ID: m.ID}
	var err error
	switch m.Kind {
	case "start":
		r.Tool = "adjoint"
		return r
	case "define":
		if evals[m.Module] == nil {
			err = fmt.Errorf("module %q is not known", m.Module)
		}
	case "evaluate":
		r.Output, r.Timings, err = evaluate(m)
	default:
		return r
	}
	success := err == nil
	if r.Success = &success; err != nil {
		r.Error = err.Error()
	}
	return r
}

// evaluate runs a function as often, and as long, as its input asks for.
func evaluate(m message) (output any, timings []timing, err error) {
	function := evals[m.Module][m.Function]
	if function == nil {
		return nil, nil, fmt.Errorf("function %q of module %q is not known", m.Function, m.Module)
	}
	t, err := function(m.Input)
	if err != nil {
		return nil, nil, err
	}
	var least struct {
		Runs    int     `json:"min_runs"`
		Seconds float64 `json:"min_seconds"`
	}
	_ = json.Unmarshal(m.Input, &least) // the input of hello is a number
	for total := time.Duration(0); len(timings) < max(1, least.Runs) || total.Seconds() < least.Seconds; {
		start := time.Now()
		if err := t.run(); err != nil {
			return nil, nil, err
		}
		took := time.Since(start)
		total += took
		timings = append(timings, timing{"evaluate", took.Nanoseconds()})
	}
	return t.output(), timings, nil
}

// line returns a response as JSON, which has no NaN and no infinity: an output
// with one is an error.
func line(r response) []byte {
	text, err := json.Marshal(r)
	if err != nil {
		failed := false
		text, _ = json.Marshal(response{ID: r.ID, Success: &failed, Error: err.Error()})
	}
	return text
}

// serve answers messages until there are no more.
func serve(in io.Reader, out io.Writer) error {
	messages, w := json.NewDecoder(in), bufio.NewWriter(out)
	for {
		var m message
		if err := messages.Decode(&m); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if _, err := w.Write(append(line(answer(m)), '\n')); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}
