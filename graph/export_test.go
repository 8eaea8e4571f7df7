package graph

// Apart returns the same program compiled op by op: the engine makes one pass for
// each value, so that tests can say what fusing gains.
func (p *Program) Apart() *Program {
	q := p.Reference()
	q.reference, q.apart = false, true
	return q
}
