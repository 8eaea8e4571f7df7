package main

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/adjointml/adjoint/bench/measure"
	"github.com/adjointml/adjoint/graph"
)

// profile prints where the time of the workloads' calls goes.
func profile(w io.Writer, o measure.Options, names []string) error {
	picked, err := measure.Pick(workloads, names)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(o.Threads)
	for _, work := range picked {
		err := work.Cases(o, func(c measure.Case) error {
			for range 5 { // warm up
				if err := c.Call(); err != nil {
					return err
				}
			}
			p, err := c.Profile(o.Reps)
			if err == nil {
				fmt.Fprintf(w, "%s %s\n%v\n", work.Name, c.Variant, p)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", work.Name, err)
		}
	}
	return nil
}

// profile returns the mean of n profiles.
func (p *program) profile(n int) (fmt.Stringer, error) {
	var sum *graph.Profile
	for i := range n {
		one, err := p.p.Profile(p.feeds[i%len(p.feeds)]...)
		if err != nil {
			return nil, err
		}
		if sum == nil {
			sum = one
			continue
		}
		for k := range sum.Rows {
			sum.Rows[k].Time += one.Rows[k].Time
		}
	}
	for k := range sum.Rows {
		sum.Rows[k].Time /= time.Duration(n)
	}
	return sum, nil
}
