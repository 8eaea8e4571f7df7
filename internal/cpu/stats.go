package cpu

import "github.com/adjointml/adjoint/internal/ir"

// Stats says what a program does in one run.
type Stats struct {
	Instructions int // passes, products and calls
	Launches     int // of instructions that run at once
	Flops        int // floating-point operations, one for each element of a function
	Moved        int // bytes that instructions read and write
	Arena        int // bytes of planned memory, beside inputs, parameters and results
}

// Stats returns what a run does.
func (p *Program) Stats() Stats { return p.stats }

// count fills in the statistics.
func (p *Program) count(c *compiler) {
	s := &p.stats
	s.Launches, s.Arena = len(p.launches), p.need()
	for i := range p.launches {
		s.Instructions += len(p.launches[i].segments)
		if w := p.launches[i].loop; w != nil {
			s.addLoop(w)
		}
	}
	for _, v := range c.vals {
		if v.leaf() {
			continue
		}
		s.Flops += v.flops()
		if v.mat {
			s.Moved += v.bytes()
		}
		for i, e := range v.in {
			if e.v.mat && (v.group == nil || v.breaks(i)) && !v.group.readEarlier(v, i) {
				s.Moved += e.v.bytes()
			}
		}
	}
}

// readEarlier reports whether a val before v in its pass reads operand i too.
func (g *group) readEarlier(v *val, i int) bool {
	if g == nil {
		return false
	}
	for _, u := range v.in[i].v.uses {
		if u.group == g && u.id < v.id {
			return true
		}
	}
	return false
}

func (v *val) flops() int {
	switch v.Kind {
	case ir.Contract:
		l := v.in[0].Dims
		return 2 * v.Size() * l[len(l)-1]
	case ir.Conv:
		return v.Win.Flops()
	case ir.Reduce:
		return ir.Size(v.in[0].Dims)
	case ir.Map:
		if v.Op != ir.Copy && v.DType.Float() {
			return v.Size()
		}
	}
	return 0
}

// addLoop adds what a loop does: the steps of a scan, one of a while, and of a
// branch the one program or the other, whichever does more.
func (s *Stats) addLoop(w *loopWork) {
	var one Stats
	for _, p := range w.programs {
		q := p.stats
		if w.Kind == ir.Branch {
			one = Stats{max(one.Instructions, q.Instructions), max(one.Launches, q.Launches), max(one.Flops, q.Flops), max(one.Moved, q.Moved), 0}
		} else {
			one = Stats{one.Instructions + q.Instructions, one.Launches + q.Launches, one.Flops + q.Flops, one.Moved + q.Moved, 0}
		}
	}
	n := 1
	if w.Kind == ir.ScanLoop {
		n = w.Steps
	}
	s.Instructions += n * one.Instructions
	s.Launches += n * one.Launches
	s.Flops += n * one.Flops
	s.Moved += n * one.Moved
}
