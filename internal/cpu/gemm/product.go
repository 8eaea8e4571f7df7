package gemm

import "slices"

// A product is a shape in its normal form: steps are in bytes, axes of length 1
// are gone, those that are adjacent in memory are one.
type product struct {
	size             int // of an element
	m, n, k          int
	ars, acs         int
	brs, bcs         int
	crs              int
	lines            [2]int // of a and b
	batch, sums      []Axis
	matrices, addend int // how many there are along the batch, and along the sums
}

// normal returns the normal form of a shape.
func normal(s Shape) product {
	z := s.T.Size()
	p := product{size: z, m: s.M, n: s.N, k: s.K,
		ars: s.A.Row * z, acs: s.A.Col * z, brs: s.B.Row * z, bcs: s.B.Col * z, crs: s.C * z,
		lines: [2]int{s.Lines[0] * z, s.Lines[1] * z}}
	for _, x := range s.Batch {
		if x.N == 1 {
			continue
		}
		x.A, x.B, x.C = x.A*z, x.B*z, x.C*z
		if x.C == 0 {
			p.sums = join(p.sums, x)
		} else {
			p.batch = join(p.batch, x)
		}
	}
	for p.foldRows() {
	}
	for p.foldSum() {
	}
	p.matrices, p.addend = 1, 1
	for _, x := range p.batch {
		p.matrices *= x.N
	}
	for _, x := range p.sums {
		p.addend *= x.N
	}
	return p
}

// join appends an axis inside the others, to the last one if that continues it.
func join(axes []Axis, x Axis) []Axis {
	if last := len(axes) - 1; last >= 0 {
		if y := axes[last]; y.A == x.N*x.A && y.B == x.N*x.B && y.C == x.N*x.C {
			axes[last] = Axis{y.N * x.N, x.A, x.B, x.C}
			return axes
		}
	}
	return append(axes, x)
}

// foldRows makes the innermost axis of the batch rows of the matrices, where
// they share b, and reports whether it could.
func (p *product) foldRows() bool {
	last := len(p.batch) - 1
	if last < 0 {
		return false
	}
	x := p.batch[last]
	if x.B != 0 || p.m != 1 && (x.A != p.m*p.ars || x.C != p.m*p.crs) {
		return false
	}
	if p.m == 1 {
		p.ars, p.crs = x.A, x.C
	}
	p.m, p.batch = p.m*x.N, p.batch[:last]
	return true
}

// foldSum makes the innermost axis of those to add up a part of k.
func (p *product) foldSum() bool {
	last := len(p.sums) - 1
	if last < 0 {
		return false
	}
	x := p.sums[last]
	if p.k != 1 && (x.A != p.k*p.acs || x.B != p.k*p.brs) {
		return false
	}
	if p.k == 1 {
		p.acs, p.brs = x.A, x.B
	}
	p.k, p.sums = p.k*x.N, p.sums[:last]
	return true
}

// turned returns the product of b's transpose by a's, which is the transpose of
// this one; its crs is still the step between this one's rows.
func (p product) turned() product {
	p.m, p.n = p.n, p.m
	p.ars, p.acs, p.brs, p.bcs = p.bcs, p.brs, p.acs, p.ars
	p.lines[0], p.lines[1] = p.lines[1], p.lines[0]
	p.batch, p.sums = exchanged(p.batch), exchanged(p.sums)
	return p
}

// exchanged returns axes with the steps of a and b exchanged.
func exchanged(axes []Axis) []Axis {
	axes = slices.Clone(axes)
	for i, x := range axes {
		axes[i].A, axes[i].B = x.B, x.A
	}
	return axes
}

// offset returns where matrix i of the axes begins in each operand.
func offset(axes []Axis, i int) (a, b, c int) {
	for j := len(axes) - 1; j >= 0; j-- {
		x := axes[j]
		q := i / x.N
		r := i - q*x.N
		a, b, c, i = a+r*x.A, b+r*x.B, c+r*x.C, q
	}
	return a, b, c
}
