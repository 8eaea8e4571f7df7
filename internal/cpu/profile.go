package cpu

import (
	"context"
	"time"

	"github.com/adjointml/adjoint/internal/cpu/par"
)

// A Timing is the time of one instruction in a run.
type Timing struct {
	What  string
	Parts int
	Nodes []int // of the host, whose values it computes
	Time  time.Duration
}

// Profile is Run with each instruction on its own, though on all workers, and
// timed.
func (f *Frame) Profile(ctx context.Context) (list []Timing, err error) {
	f.prepare()
	team := par.Enter()
	defer team.Leave()
	f.crewFor(team.Workers())
	for i := range f.p.launches {
		l := &f.p.launches[i]
		if i <= f.p.firm && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for _, s := range l.segments {
			alone := *s
			alone.first = 0
			one := launch{segments: []*segment{&alone}, parts: s.parts, cost: s.cost}
			start := time.Now()
			if err := f.launch(&one, team); err != nil {
				return nil, err
			}
			list = append(list, Timing{s.describe(), s.parts, s.nodes, time.Since(start)})
		}
	}
	return list, nil
}
