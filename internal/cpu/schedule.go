package cpu

// An Instruction is one pass, product or call of a program.
type Instruction struct {
	Launch int // those of one launch run at once
	What   string
	Parts  int
	Nodes  []int // of the host, whose values it computes
}

// A Place is the memory of one computed value, from the launch that makes it to
// the last that reads it.
type Place struct {
	Node        int // of the host
	At, Size    int // bytes
	First, Last int // launches
}

// Instructions lists what a run does, without the insides of loops.
func (p *Program) Instructions() (list []Instruction) {
	for i := range p.launches {
		for _, s := range p.launches[i].segments {
			list = append(list, Instruction{i, s.describe(), s.parts, s.nodes})
		}
	}
	return list
}

// Places lists the planned memory in the order it is taken.
func (p *Program) Places() []Place { return p.places }
