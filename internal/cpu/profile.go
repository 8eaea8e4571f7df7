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
	Deep  int // how many loops it is in, whose times include this one
}

// Profile is Run with each instruction on its own, though on all workers, and
// timed. Those of loops are listed after their loop, with the time of all steps.
func (f *Frame) Profile(ctx context.Context) ([]Timing, error) {
	team := par.Enter()
	defer team.Leave()
	p := &profile{at: map[*segment]int{}}
	err := p.run(f, &steps{ctx: ctx, team: team, profile: p})
	return p.list, err
}

// A profile adds up the times of instructions.
type profile struct {
	list []Timing
	at   map[*segment]int // in the list
	deep int              // how many loops are around
}

// run runs a program once.
func (p *profile) run(f *Frame, s *steps) error {
	if err := f.prepare(s.team); err != nil {
		return err
	}
	f.crewFor(s.team.Workers())
	for i := range f.p.launches {
		l := &f.p.launches[i]
		if i <= f.p.firm && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		for _, g := range l.segments {
			k, ok := p.at[g]
			if !ok {
				k = len(p.list)
				p.at[g] = k
				p.list = append(p.list, Timing{What: g.describe(), Parts: g.parts, Nodes: g.nodes, Deep: p.deep})
			}
			start := time.Now()
			if err := p.one(f, l, g, s); err != nil {
				return err
			}
			p.list[k].Time += time.Since(start)
		}
	}
	return nil
}

// one runs one instruction.
func (p *profile) one(f *Frame, l *launch, g *segment, s *steps) error {
	if l.loop != nil {
		p.deep++
		defer func() { p.deep-- }()
		return f.runLoop(l.loop, s)
	}
	alone := *g
	alone.first = 0
	return f.launch(&launch{segments: []*segment{&alone}, parts: g.parts, cost: g.cost}, s.team)
}
