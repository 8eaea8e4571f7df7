package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Stats says what a program does in one run, for one binding of its symbols.
type Stats struct {
	Instructions int // passes over memory, products, and ops that are called
	Launches     int // of instructions that run at the same time
	Flops        int // floating-point operations, one for each element of a function
	Moved        int // bytes that the instructions read and write
	Bytes        int // planned memory, beside inputs, parameters and results
}

// Stats returns what a run with these feeds does, of which only the shapes
// matter; a program without symbols needs none.
func (p *Program) Stats(feeds ...Feed) (Stats, error) {
	q, err := p.planFor(feeds)
	if err != nil {
		return Stats{}, err
	}
	if q.engine == nil { // a value is empty
		return Stats{Instructions: len(p.order), Launches: len(p.order), Bytes: q.bytes}, nil
	}
	s := q.engine.prog.Stats()
	return Stats{s.Instructions, s.Launches, s.Flops, s.Moved, s.Arena}, nil
}

// planFor returns the plan for the lengths of feeds.
func (p *Program) planFor(feeds []Feed) (*plan, error) {
	dims := make([]int, len(p.symbols))
	if len(p.symbols) > 0 || len(feeds) > 0 {
		if err := p.bind(feeds, dims); err != nil {
			return nil, err
		}
	}
	return p.plan(dims)
}

// A Profile is where the time of one run goes.
type Profile struct {
	Total time.Duration
	Rows  []ProfileRow // in the order they run
}

// A ProfileRow is one instruction of a profile.
type ProfileRow struct {
	Time  time.Duration
	Parts int      // that workers can do at the same time
	What  string   // such as "pass over [] 128 512: ..."
	Ops   []string // of the nodes that it computes
	Lines []string // of the user that made them, such as "model.go:12"
	// Scopes are where they were made, such as "Blocks.0.Attention"; those of gradients
	// are where the layer is.
	Scopes []string
	Deep   int // how many loops it is in, whose times include this one
}

// Profile runs the program once, one instruction after the other, and returns
// the time that each takes. It is a run: parameters change.
func (p *Program) Profile(feeds ...Feed) (*Profile, error) {
	q, err := p.planFor(feeds)
	if err != nil {
		return nil, err
	}
	if q.engine == nil {
		return nil, fmt.Errorf("profile: a value is empty, and so the program runs on the reference executor")
	}
	for _, h := range p.params {
		h.lock()
	}
	defer p.unlock()
	return q.engine.profile(context.Background(), p, q, feeds)
}

func (e *engine) profile(ctx context.Context, p *Program, q *plan, feeds []Feed) (*Profile, error) {
	f := e.frame(p, q)
	defer e.release(f)
	if err := f.feed(p, feeds); err != nil {
		return nil, err
	}
	list, err := f.Profile(ctx)
	if err != nil {
		return nil, p.explain(err)
	}
	f.Commit()
	t := &Profile{}
	for _, x := range list {
		row := ProfileRow{Time: x.Time, Parts: x.Parts, What: x.What, Deep: x.Deep}
		for _, i := range x.Nodes {
			n := p.node(i)
			if !slices.Contains(row.Ops, n.op.Name()) {
				row.Ops = append(row.Ops, n.op.Name())
			}
			if pos := n.Pos(); !slices.Contains(row.Lines, pos) {
				row.Lines = append(row.Lines, pos)
			}
			if scope := n.Scope(); !slices.Contains(row.Scopes, scope) {
				row.Scopes = append(row.Scopes, scope)
			}
		}
		if x.Deep == 0 {
			t.Total += x.Time
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// String writes the profile as a table, the longest first.
func (t *Profile) String() string {
	rows := slices.Clone(t.Rows)
	slices.SortStableFunc(rows, func(a, b ProfileRow) int { return int(b.Time - a.Time) })
	var b strings.Builder
	fmt.Fprintf(&b, "%10s %6s %5s  %s\n", "time", "share", "parts", "ops, lines and instruction")
	for _, r := range rows {
		fmt.Fprintf(&b, "%10s %5.1f%% %5d  %s\n", r.Time.Round(100*time.Nanosecond), 100*float64(r.Time)/float64(max(t.Total, 1)), r.Parts, strings.Join(r.Ops, " "))
		fmt.Fprintf(&b, "%25s%s\n%25s%s\n", "", strings.Join(r.Lines, " "), "", r.What)
	}
	fmt.Fprintf(&b, "%10s in all\n", t.Total.Round(time.Microsecond))
	return b.String()
}

var memoryLimit atomic.Int64

// MemoryLimit sets the planned memory in bytes that one run may need, beside
// inputs, parameters and results, and returns the limit before; 0, as at start,
// is none. A run that would need more fails with a [MemoryError] before it takes
// any.
func MemoryLimit(bytes int) int { return int(memoryLimit.Swap(int64(bytes))) }

// A MemoryError says that a run would need more memory than [MemoryLimit].
type MemoryError struct{ Need, Limit int } // bytes

// Error says how much the run needs, and the limit.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("run: it needs %d bytes of memory, but graph.MemoryLimit is %d: use smaller batches, or autodiff.Checkpoint", e.Need, e.Limit)
}

// fits returns a MemoryError if a plan needs more than the limit.
func (q *plan) fits() error {
	if limit := int(memoryLimit.Load()); limit > 0 && q.bytes > limit {
		return &MemoryError{q.bytes, limit}
	}
	return nil
}
