package cpu

import "github.com/adjointml/adjoint/internal/ir"

// place gives every fusible val its space. A number per row, such as a mean,
// belongs to the space of what it is computed from, or else of what uses it,
// so that it can be part of one pass with the rows.
func (c *compiler) place() {
	for _, v := range c.vals {
		switch {
		case !v.fusible():
		case v.Kind == ir.Map:
			c.placeMap(v)
		default:
			c.placeReduce(v)
		}
	}
	for i := len(c.vals) - 1; i >= 0; i-- {
		if v := c.vals[i]; v.Kind == ir.Map && v.fusible() {
			v.adoptUsers()
		}
	}
	for _, v := range c.vals { // what the users decided reaches the operands' other users
		if v.Kind == ir.Map && v.fusible() && v.rows < 0 {
			v.adoptRows()
		}
	}
}

func (v *val) partial() bool { return v.mask != v.dom.all() }

// continues reports whether v could read e in one pass if their spaces agree.
func (e *edge) continues(v *val) bool {
	return e.v.fusible() && e.plain && !e.v.acc && e.v.ct == v.ct && e.v.number()
}

func (c *compiler) placeMap(v *val) {
	v.dom = c.domain(v.Dims)
	v.mask = v.dom.all()
	v.space = v.mask
	for i := range v.in {
		e := &v.in[i]
		if e.continues(v) && e.moves == first(len(v.Dims)) && e.v.partial() {
			v.dom, v.mask, v.space, v.rows = e.v.dom, e.v.mask, e.v.mask, e.v.rows
			return
		}
	}
	v.adoptRows()
}

// adoptRows takes the number of row axes from an operand.
func (v *val) adoptRows() {
	for i := range v.in {
		e := &v.in[i]
		if e.continues(v) && e.v.rows >= 0 && e.v.dom == v.dom && e.v.mask == e.moves.place(v.space) {
			v.rows = e.v.rows
			return
		}
	}
}

func (c *compiler) placeReduce(v *val) {
	e := &v.in[0]
	kept := len(v.Dims)
	v.dom = c.domain(e.Dims)
	v.space = v.dom.all()
	whole := e.continues(v) && e.moves == v.space
	if whole && e.v.partial() && v.Over == ir.Lead && kept == 0 { // of a number per row
		v.dom, v.space = e.v.dom, e.v.mask
	}
	switch {
	case v.Over == ir.Rows:
		v.mask, v.rows = first(kept), kept
	case kept == 0:
		v.acc = true
		if e.continues(v) && e.v.dom == v.dom {
			v.rows = e.v.rows
		}
	default:
		v.acc = true
		v.rows = len(e.Dims) - kept
		v.mask = v.space &^ first(v.rows)
	}
}

// adoptUsers lets v join the rows of what uses it.
func (v *val) adoptUsers() {
	if v.partial() || v.rows >= 0 {
		return
	}
	var to *val
	var mask axes
	for _, u := range v.uses { // in its own space, one user's rows are as good as another's
		for i := range u.in {
			e := &u.in[i]
			if e.v == v && v.rows < 0 && u.fusible() && e.continues(u) && u.dom == v.dom && u.rows >= 0 && e.moves.place(u.operandSpace(i)) == v.mask {
				v.rows = u.rows
			}
		}
	}
	if v.rows >= 0 {
		return
	}
	for _, u := range v.uses {
		for i := range u.in {
			e := &u.in[i]
			if e.v != v {
				continue
			}
			m := e.moves.place(u.space)
			switch {
			case !u.fusible() || !e.continues(u):
				return
			case to == nil:
				to, mask = u, m
			case to.dom != u.dom || to.rows != u.rows || mask != m:
				return
			}
		}
	}
	switch {
	case to == nil || to.rows < 0:
	case to.rows > 0 && mask == first(to.rows):
		v.dom, v.mask, v.space, v.rows = to.dom, mask, mask, to.rows
	}
}

// fits copies what cannot be read along rows: operands that move along a part
// of the axes that make a row only, or with no one step along them.
func (c *compiler) fits() {
	var list []*val // once there are copies
	for k, v := range c.vals {
		if v.fusible() && v.rows >= 0 {
			for i := range v.in {
				if !v.rowFits(i) && v.operandSpace(i) != 0 {
					if list == nil {
						list = append(make([]*val, 0, len(c.vals)+1), c.vals[:k]...)
					}
					list = append(list, c.copyFor(v, &v.in[i], v.operandSpace(i)))
				}
			}
		}
		if list != nil {
			list = append(list, v)
		}
	}
	if list != nil {
		c.vals = list
		c.link()
	}
}

// operandSpace returns the axes that operand i is over.
func (v *val) operandSpace(i int) axes {
	if i == 1 && v.Op == ir.Pick {
		return v.mask
	}
	return v.space
}

// rowFits reports whether the columns of operand i, as v reads it, are one axis,
// or may be in registers.
func (v *val) rowFits(i int) bool {
	if !v.breaks(i) {
		return true
	}
	steps := v.steps(&v.in[i])
	dims := v.dom.dims
	for i := v.rows; i+1 < len(dims); i++ {
		if steps[i] != steps[i+1]*dims[i+1] {
			return false
		}
	}
	return true
}

// steps returns the steps of e along the axes of v's space.
func (v *val) steps(e *edge) (steps [ir.MaxRank]int) {
	space := v.space
	if len(e.Dims) != count(space) { // the index of a pick
		space = v.mask
	}
	j := 0
	for i := range v.dom.dims {
		if space>>i&1 == 1 {
			steps[i] = e.Steps[j]
			j++
		}
	}
	return steps
}

func count(a axes) (n int) {
	for ; a != 0; a &= a - 1 {
		n++
	}
	return n
}

// copyFor makes e real along all axes of v's rows and those it moves along.
func (c *compiler) copyFor(v *val, e *edge, space axes) *val {
	var read, now ir.View
	j := 0
	for i, d := range v.dom.dims {
		if space>>i&1 == 0 {
			continue
		}
		step := e.Steps[j]
		j++
		if i >= v.rows || step != 0 {
			read.Dims, read.Steps = append(read.Dims, d), append(read.Steps, step)
			now.Steps = append(now.Steps, 1)
		} else {
			now.Steps = append(now.Steps, 0)
		}
		now.Dims = append(now.Dims, d)
	}
	step := 1
	for i := len(now.Dims) - 1; i >= 0; i-- {
		if now.Steps[i] == 1 {
			now.Steps[i] = step
			step *= now.Dims[i]
		}
	}
	value := ir.NewCopy(ir.NewRef(e.V, read.Dims, read.Steps, e.Off), v.Node)
	w := &val{Value: value, slot: -1, store: -1, rows: -1, when: -1}
	w.in = []edge{newEdge(e.v, &value.In[0])}
	w.ct = computeType(w)
	w.dom = c.domain(value.Dims)
	w.mask = w.dom.all()
	w.space = w.mask
	*e = newEdge(w, &ir.Ref{V: value, View: &now})
	return w
}
