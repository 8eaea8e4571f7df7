// Package measure times workloads and writes a JSON line for each of their
// cases, with the same fields whatever framework does the work.
package measure

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options say how to measure.
type Options struct {
	Threads int     // GOMAXPROCS
	Reps    int     // timed repetitions, whose median counts
	Seconds float64 // about how long each takes; 0 means once, at tiny size
}

// Flags registers -t, -r and -s.
func Flags() *Options {
	o := &Options{}
	flag.IntVar(&o.Threads, "t", 2, "threads")
	flag.IntVar(&o.Reps, "r", 3, "timed repetitions")
	flag.Float64Var(&o.Seconds, "s", 1, "about this many `seconds` per repetition; 0 only shows that all works, at tiny sizes")
	return o
}

// Args returns the flags that say the same.
func (o Options) Args() []string {
	return []string{"-t", strconv.Itoa(o.Threads), "-r", strconv.Itoa(o.Reps), "-s", fmt.Sprint(o.Seconds)}
}

// Size returns the length to measure at, or the tiny one where it is only to be
// seen that the workload runs.
func (o Options) Size(full, tiny int) int {
	if o.Seconds == 0 {
		return tiny
	}
	return full
}

// A Case is one thing to time: a call that can be repeated. The functions of
// this package that are named after a metric make one.
type Case struct {
	Variant string
	Metric  string // "seconds", "steps_per_s", "gflops" or "gbytes"
	Unit    string
	Work    float64 // what one call counts for: the value is Work/time, or Work·time for "seconds"
	Call    func() error

	Build     float64                              // seconds to build the graph and to compile it
	ColdBuild float64                              // the same for the first time in a process, where Build is for later ones
	Params    int                                  // numbers that are trained
	Steps     int                                  // training steps in a call, if it is not one
	Nodes     int                                  // of the graph
	Loss      func() float64                       // after the last call
	Profile   func(reps int) (fmt.Stringer, error) // where the time goes, if it can be told
}

// Time is a case whose value is the seconds of a call.
func Time(variant string, call func() error) Case {
	return Case{Variant: variant, Metric: "seconds", Unit: "s", Work: 1, Call: call}
}

// Steps is a case whose value is the number of calls in a second.
func Steps(call func() error) Case {
	return Case{Metric: "steps_per_s", Unit: "1/s", Work: 1, Call: call}
}

// Flops is a case whose value is a rate of floating point operations.
func Flops(variant string, perCall float64, call func() error) Case {
	return Case{Variant: variant, Metric: "gflops", Unit: "GFLOP/s", Work: perCall * 1e-9, Call: call}
}

// Bytes is a case whose value is a rate of bytes that any program must at least
// read and write.
func Bytes(variant string, perCall float64, call func() error) Case {
	return Case{Variant: variant, Metric: "gbytes", Unit: "GB/s", Work: perCall * 1e-9, Call: call}
}

// PerNode is a case whose value is the nanoseconds of a call for each node.
func PerNode(variant string, nodes int, call func() error) Case {
	return Case{Variant: variant, Metric: "seconds", Unit: "ns/node", Work: 1e9 / float64(nodes), Nodes: nodes, Call: call}
}

// Value returns what a call that takes so many seconds is worth in the unit.
func (c Case) Value(seconds float64) float64 {
	if c.Metric == "seconds" {
		return c.Work * seconds
	}
	return c.Work / seconds
}

// A Workload is a standard task. Cases makes its cases one after the other, and
// hands each to run before it makes the next; an error of run ends it.
type Workload struct {
	Name  string
	Doc   string
	Cases func(o Options, run func(Case) error) error
}

// A Line is what is printed of a case.
type Line struct {
	Workload string    `json:"workload"`
	Variant  string    `json:"variant"`
	Mode     string    `json:"mode"` // the framework, or how it ran
	Version  string    `json:"version"`
	Threads  int       `json:"threads"`
	Env      string    `json:"env"` // settings from outside, or "plain"
	Metric   string    `json:"metric"`
	Unit     string    `json:"unit"`
	Value    float64   `json:"value"` // the median
	Best     float64   `json:"best"`
	Reps     []float64 `json:"reps"`
	OtherCPU float64   `json:"other_cpu"` // share of the machine, 0 to 1, that other processes used meanwhile
	Seconds  float64   `json:"seconds"`   // of a call, the median
	Allocs   *float64  `json:"allocs,omitempty"`
	Build    float64   `json:"build_s,omitempty"`
	Cold     float64   `json:"cold_build_s,omitempty"` // the first build, where build_s is of later ones
	First    float64   `json:"first_s,omitempty"`      // of the first call
	Params   int       `json:"params,omitempty"`
	Loss     *float64  `json:"loss,omitempty"`
	Steps    int       `json:"steps,omitempty"`
	Nodes    int       `json:"nodes,omitempty"`
}

// Run measures the workloads with the given names, all if there are none, and
// writes their lines. A workload that fails does not keep the others from
// running.
func Run(w io.Writer, mode string, o Options, all []Workload, names ...string) error {
	if o.Threads < 1 || o.Reps < 1 || o.Seconds < 0 {
		return fmt.Errorf("-t %d -r %d -s %g: want at least 1, 1 and 0", o.Threads, o.Reps, o.Seconds)
	}
	picked, err := Pick(all, names)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(o.Threads)
	to := json.NewEncoder(w)
	var failed []error
	for _, work := range picked {
		err := work.Cases(o, func(c Case) error {
			line, err := o.measure(c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Variant, err)
			}
			line.Workload, line.Mode = work.Name, mode
			return to.Encode(line)
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", work.Name, err))
		}
		runtime.GC() // what this workload leaves is no concern of the next
	}
	return errors.Join(failed...)
}

// Pick returns the workloads with the given names, all if there are none.
func Pick(all []Workload, names []string) ([]Workload, error) {
	if len(names) == 0 {
		return all, nil
	}
	var picked []Workload
	for _, name := range names {
		i := slices.IndexFunc(all, func(w Workload) bool { return w.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no workload %q: want some of %s", name, Names(all))
		}
		picked = append(picked, all[i])
	}
	return picked, nil
}

// Names returns the names of workloads, with spaces between.
func Names(all []Workload) string {
	names := make([]string, len(all))
	for i, w := range all {
		names[i] = w.Name
	}
	return strings.Join(names, " ")
}

// measure warms a case up and times it.
func (o Options) measure(c Case) (Line, error) {
	l := Line{Variant: c.Variant, Version: runtime.Version(), Threads: o.Threads, Env: settings(), Metric: c.Metric, Unit: c.Unit,
		Build: round(c.Build), Cold: round(c.ColdBuild), Params: c.Params, Steps: c.Steps, Nodes: c.Nodes}
	first, err := clock(c.Call, 1)
	if err != nil {
		return l, err
	}
	l.First = round(first)
	n, err := o.calls(c.Call)
	if err != nil {
		return l, err
	}
	var seconds, others, allocs []float64
	for range o.Reps {
		other := watch()
		before := mallocs()
		t, err := clock(c.Call, n)
		if err != nil {
			return l, err
		}
		allocs = append(allocs, float64(mallocs()-before)/float64(n))
		others = append(others, other())
		seconds = append(seconds, t)
		l.Reps = append(l.Reps, round(c.Value(t)))
	}
	l.Seconds, l.Value = round(median(seconds)), round(c.Value(median(seconds)))
	l.Best, l.OtherCPU = round(c.Value(slices.Min(seconds))), round(median(others))
	l.Allocs = new(round(median(allocs)))
	if c.Loss != nil {
		l.Loss = new(round(c.Loss()))
	}
	return l, nil
}

// calls warms a case up and returns how many calls fill a repetition.
func (o Options) calls(call func() error) (int, error) {
	if o.Seconds == 0 {
		return 1, nil
	}
	least := 0.0
	for start, i := time.Now(), 0; i < 3 && (i < 1 || time.Since(start) < time.Second); i++ {
		t, err := clock(call, 1)
		if err != nil {
			return 0, err
		}
		if i == 0 || t < least {
			least = t
		}
	}
	return max(1, int(o.Seconds/max(1e-7, least))), nil
}

// clock returns the seconds of one of n calls.
func clock(call func() error, n int) (float64, error) {
	start := time.Now()
	for range n {
		if err := call(); err != nil {
			return 0, err
		}
	}
	return time.Since(start).Seconds() / float64(n), nil
}

// mallocs returns how many objects this process has allocated. It stops the
// world, so it is called outside of what is timed.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// settings returns the environment variables that change what is measured.
func settings() string {
	var set []string
	for _, v := range os.Environ() {
		for _, p := range []string{"ADJOINT_", "GOGC=", "GODEBUG=", "GOMEMLIMIT=", "GOMLX_BACKEND="} {
			if strings.HasPrefix(v, p) {
				set = append(set, v)
			}
		}
	}
	return cmp.Or(strings.Join(set, " "), "plain")
}
