package ir

import "slices"

// Images are computed with their channels last, and come to programs written
// with channels first as transposed refs. What follows an image is computed in
// the image's order in memory and is a transposed ref too, so that the two
// transposes around each instruction over windows meet and are one view. Other
// values keep the order of their axes: their transposes belong to products,
// which read them as they lie.

// sortAxes puts the axes of a map or reduction, a list of places among the steps
// of its operands, in the order of memory of the first operand that is an image and
// moves along all of them, and reports whether there is one.
func (b *Builder) sortAxes(axes []int, x []Ref, steps [][]int) bool {
	for k, r := range x {
		if !r.V.image || slices.ContainsFunc(axes, func(i int) bool { return steps[k][i] <= 0 }) {
			continue
		}
		slices.SortStableFunc(axes, func(i, j int) int { return steps[k][j] - steps[k][i] })
		return true
	}
	return false
}

// follow makes y an image, if it is computed at all.
func (b *Builder) follow(y Ref) Ref {
	if len(y.V.In) > 0 {
		y.V.image = true
	}
	return y
}

// order returns the axes of an image among x in their order in memory, or nil if
// that is theirs.
func (b *Builder) order(x []Ref) []int {
	for _, r := range x {
		if !r.V.image || slices.Min(r.Steps) < 0 {
			continue
		}
		var axes, single []int
		for i, n := range r.Dims {
			if n == 1 {
				single = append(single, i)
			} else {
				axes = append(axes, i)
			}
		}
		slices.SortStableFunc(axes, func(i, j int) int { return r.Steps[j] - r.Steps[i] })
		if !slices.IsSorted(axes) {
			return append(single, axes...)
		}
	}
	return nil
}

// joinImages is Join in the order of memory of images.
func (b *Builder) joinImages(axes []int, d DType, dims []int, axis int, at []int, x []Ref) Ref {
	own, back := make([]int, len(axes)), make([]int, len(axes))
	for j, i := range axes {
		own[j], back[i] = dims[i], j
	}
	in := make([]Ref, len(x))
	for k, r := range x {
		in[k] = Transpose(r, func(j int) int { return axes[j] })
	}
	y := b.follow(b.Join(d, own, back[axis], at, in...))
	return Transpose(y, func(i int) int { return back[i] })
}
