package cpu

import (
	"fmt"
	"strings"
)

// listing writes the values with what is known of them so far: level, space and
// group, and from the emit pass on the launches and their instructions.
func (c *compiler) listing() string {
	var b strings.Builder
	if len(c.launches) > 0 {
		for i := range c.launches {
			c.launches[i].list(&b)
		}
		return b.String()
	}
	number := map[*group]int{}
	for i, g := range c.groups {
		number[g] = i
	}
	for _, v := range c.vals {
		fmt.Fprintf(&b, "%-60v", v.Value)
		if v.fusible() && v.dom != nil {
			fmt.Fprintf(&b, " over %v axes %b rows %d", v.dom.dims, v.mask, v.rows)
		}
		fmt.Fprintf(&b, " level %d", v.level)
		if v.group != nil {
			fmt.Fprintf(&b, " group %d", number[v.group])
		}
		if v.mat {
			b.WriteString(" in memory")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (l *launch) list(b *strings.Builder) {
	fmt.Fprintf(b, "launch level %d.%d.%d: %d parts, %.1f us\n", l.at[0], l.at[1], l.at[2], l.parts, l.cost/1e3)
	for _, s := range l.segments {
		fmt.Fprintf(b, "  %s, %d parts\n", s.describe(), s.parts)
		switch w := s.work.(type) {
		case *prog:
			w.list(b)
		case *loopWork:
			w.list(b)
		}
	}
}

// describe says what a segment computes, in one line.
func (s *segment) describe() string {
	switch w := s.work.(type) {
	case *prog:
		return fmt.Sprintf("pass over %v %d %d: %d values, %d instructions, %d on whole tiles, tile %dx%d, %d registers of %d KiB",
			w.outer, w.r, w.c, len(w.g.vals), w.insts, w.wides, w.rb, w.ch, w.regs, w.scratch>>10)
	case *scalarProg:
		return fmt.Sprintf("%d single numbers", len(w.code))
	case *planned:
		return fmt.Sprintf("phase %d of %v", w.phase, w.v.Value)
	case *epilogue:
		return fmt.Sprintf("phase %d of %v, then %s", w.phase, w.v.Value, (&segment{work: w.pass}).describe())
	case *callWork:
		return w.v.String()
	case *moveWork:
		return w.v.String()
	case *middleWork:
		return w.v.String()
	case *joinWork:
		return w.v.String()
	case *loopWork:
		return fmt.Sprintf("%v: %d instructions in %d launches a step", w.LoopBody, w.step().stats.Instructions, w.step().stats.Launches)
	}
	return "?"
}

// list writes the launches of a loop's programs, indented.
func (w *loopWork) list(b *strings.Builder) {
	for i, p := range w.programs {
		var inner strings.Builder
		for k := range p.launches {
			p.launches[k].list(&inner)
		}
		fmt.Fprintf(b, "    program %d\n", i)
		for line := range strings.Lines(inner.String()) {
			b.WriteString("      " + line)
		}
	}
}

func (p *prog) list(b *strings.Builder) {
	for _, st := range p.steps {
		if p.chunks > 1 {
			fmt.Fprintf(b, "    chunks %v\n", st.loop)
		}
		indent := "    "
		if st.strip > 0 {
			fmt.Fprintf(b, "    in strips of %dx%d\n", st.strip, p.c)
			indent += "  "
		}
		for k := range st.code {
			i := &st.code[k]
			fmt.Fprintf(b, "%s%s = %v %s", indent, p.operandName(i.d), i.op, [...]string{"tile", "run", "column", "one", "chunks", "pick", "index", "gather"}[i.mode])
			for _, x := range i.x[:i.nx] {
				b.WriteString(" " + p.operandName(x))
			}
			b.WriteByte('\n')
		}
	}
}

// operandName writes v4 for memory, r3 for a register, a1 for an accumulator,
// and a number for itself.
func (p *prog) operandName(x int32) string {
	switch o := &p.ops[x]; {
	case o.v != nil:
		return fmt.Sprintf("v%d", o.v.ID)
	case o.konst > 0:
		return fmt.Sprintf("%g", p.consts[o.konst-1])
	case o.acc > 0:
		return fmt.Sprintf("a%d", o.acc)
	default:
		return fmt.Sprintf("r%d", o.reg/64)
	}
}
