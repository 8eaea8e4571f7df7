package conv

// A tap is an element of the kernel along an axis, and which element of the
// source it meets: the one at u·stride + off for the u-th result of its class.
type tap struct{ index, off int }

// An axis says how results are made from a source along one axis. The results
// fall into classes by their place modulo step: class r has the results r, step
// + r, 2·step + r ... Those of a convolution are all of one class; those of its
// gradient with a stride meet every stride-th tap only.
type axis struct {
	in, out int // lengths of source and result
	step    int
	stride  int     // from one result's source to the next of the same class
	classes [][]tap // in ascending order of off
}

// axes are those of the convolution.
func (s *Shape) axes() (axes [3]axis) {
	for i := range axes {
		a := axis{in: s.In[i], out: s.Out[i], step: 1, stride: s.Stride[i], classes: make([][]tap, 1)}
		for t := range s.Kernel[i] {
			a.classes[0] = append(a.classes[0], tap{t, t*s.Dilation[i] - s.Pad[i]})
		}
		axes[i] = a
	}
	return axes
}

// adjointAxes are those of the gradient for the image: its element i gets what
// result o took from it, where o·stride + t·dilation - pad = i.
func (s *Shape) adjointAxes() (axes [3]axis) {
	for i := range axes {
		a := axis{in: s.Out[i], out: s.In[i], step: s.Stride[i], stride: 1, classes: make([][]tap, s.Stride[i])}
		for r := range a.classes {
			for t := s.Kernel[i] - 1; t >= 0; t-- {
				if at := r + s.Pad[i] - t*s.Dilation[i]; at%a.step == 0 {
					a.classes[r] = append(a.classes[r], tap{t, at / a.step})
				}
			}
		}
		axes[i] = a
	}
	return axes
}

// reach returns the least and the greatest off of all taps.
func (a *axis) reach() (lo, hi int) {
	first := true
	for _, c := range a.classes {
		for _, t := range c {
			if first || t.off < lo {
				lo = t.off
			}
			if first || t.off > hi {
				hi = t.off
			}
			first = false
		}
	}
	return lo, hi
}

// A box is a part of the positions of an array [n d h w].
type box struct{ at, len [4]int }

// A grid cuts such an array into boxes, whose positions lie next to each other:
// they have length 1 along the axes before the one that is cut, and all of
// those behind it.
type grid struct {
	dims  [4]int
	axis  int // that is cut
	chunk int // into pieces of this length; the last is shorter
	boxes int
}

// cut returns a grid with boxes of at most about the given number of positions.
// Cuts of the last axis are at multiples of align.
func cut(dims [4]int, positions, align int) grid {
	g := grid{dims: dims, boxes: 1}
	inner := dims[0] * dims[1] * dims[2] * dims[3]
	if inner == 0 {
		g.boxes = 0
		return g
	}
	for ; ; g.axis++ {
		inner /= dims[g.axis]
		if g.axis == 3 || inner <= positions {
			break
		}
		g.boxes *= dims[g.axis]
	}
	n := dims[g.axis]
	g.chunk = min(n, max(1, positions/inner))
	pieces := share(n, g.chunk)
	g.chunk = share(n, pieces)
	if g.axis == 3 {
		g.chunk = min(n, (g.chunk+align-1)/align*align)
	}
	g.boxes *= share(n, g.chunk)
	return g
}

// box returns the i-th box, in the order of memory.
func (g *grid) box(i int) (b box) {
	n := g.dims[g.axis]
	pieces := share(n, g.chunk)
	b.at[g.axis] = i % pieces * g.chunk
	b.len[g.axis] = min(g.chunk, n-b.at[g.axis])
	i /= pieces
	for a := g.axis - 1; a >= 0; a-- {
		b.at[a], b.len[a] = i%g.dims[a], 1
		i /= g.dims[a]
	}
	for a := g.axis + 1; a < 4; a++ {
		b.len[a] = g.dims[a]
	}
	return b
}

// rows returns the run of positions of a box.
func (g *grid) rows(b box) (from, to int) {
	for a, n := range g.dims {
		from = from*n + b.at[a]
	}
	return from, from + b.len[0]*b.len[1]*b.len[2]*b.len[3]
}

// lens returns the lengths of the largest box.
func (g *grid) lens() (n [4]int) {
	for a := range n {
		switch {
		case a < g.axis:
			n[a] = 1
		case a == g.axis:
			n[a] = g.chunk
		default:
			n[a] = g.dims[a]
		}
	}
	return n
}

// pitches returns the bytes from one element to the next along each axis.
func pitches(dims [4]int, pixel int) (list [4]int) {
	for i := 3; i >= 0; i-- {
		list[i] = pixel
		pixel *= dims[i]
	}
	return list
}

// share returns the largest of so many shares of n, divided evenly; or how many pieces
// of a size n has.
func share(n, shares int) int { return (n + shares - 1) / shares }
