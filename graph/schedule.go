package graph

import "fmt"

// A Schedule is what a program does in one run: which nodes are computed
// together, and where their values lie.
type Schedule struct {
	Instructions []Instruction // in the order they run
	Memory       []Buffer      // in the order it is taken
	Bytes        int           // planned memory, with accumulators and what workers share
}

// An Instruction is one pass over memory, product, or op that is called.
type Instruction struct {
	Launch int     // those of one launch run at the same time
	What   string  // such as "pass over [] 128 512: ..."
	Parts  int     // that workers can do at the same time
	Nodes  []*Node // that it computes: those with more than one were fused
}

// A Buffer is the planned memory of one value. Buffers whose bytes overlap take
// turns; one may begin in the launch in which another ends, over which it is
// written element by element.
type Buffer struct {
	Node        *Node
	At, Size    int // bytes
	First, Last int // the launches from which and until which it is needed
}

// Schedule returns what a run with these feeds does, of which only the shapes
// matter; a program without symbols needs none.
func (p *Program) Schedule(feeds ...Feed) (*Schedule, error) {
	q, err := p.planFor(feeds)
	if err != nil {
		return nil, err
	}
	if q.engine == nil {
		return nil, fmt.Errorf("schedule: a value is empty, and so the program runs on the reference executor")
	}
	s := &Schedule{Bytes: q.engine.prog.Stats().Arena}
	for _, i := range q.engine.prog.Instructions() {
		t := Instruction{Launch: i.Launch, What: i.What, Parts: i.Parts}
		seen := map[*Node]bool{}
		for _, k := range i.Nodes {
			if n := p.node(k); !seen[n] {
				seen[n] = true
				t.Nodes = append(t.Nodes, n)
			}
		}
		s.Instructions = append(s.Instructions, t)
	}
	for _, b := range q.engine.prog.Places() {
		s.Memory = append(s.Memory, Buffer{p.node(b.Node), b.At, b.Size, b.First, b.Last})
	}
	return s, nil
}
