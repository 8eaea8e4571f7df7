package conv

import "unsafe"

// A source is an image that products read, as far as a box of results looks at
// it: in its place if all that lies inside of it, else as a copy with zeros
// around.
type source struct {
	axes     [3]axis
	lo       [3]int // least and greatest offset of a tap
	hi       [3]int
	pixel    int    // bytes of a pixel of the image
	channels int    // bytes of those channels of it that a part reads
	size     [4]int // lengths of the largest copy
	pitch    [4]int // bytes from one element to the next along n, d, h, w
	direct   bool
}

// newSource describes a source for the boxes of a grid. Rows of a block of a
// product lie step bytes apart and must not all fall into the same lines of the
// cache.
func newSource(axes [3]axis, g grid, pixel, channels int) source {
	s := source{axes: axes, pixel: pixel, channels: channels, direct: true}
	lens := g.lens()
	s.size[0] = lens[0]
	for i := range axes {
		a := &axes[i]
		s.lo[i], s.hi[i] = a.reach()
		s.size[i+1] = s.span(i, lens[i+1])
		if a.out > 0 && (s.lo[i] < 0 || (a.out-1)/a.step*a.stride+s.hi[i] >= a.in) {
			s.direct = false
		}
	}
	pitch := channels
	size := s.size
	if pitch*axes[2].stride%2048 == 0 && pitch > 0 {
		s.direct = false
		pitch += 64
	}
	if s.direct {
		pitch = pixel
		for i, a := range axes {
			size[i+1] = a.in
		}
	}
	for i := 3; i >= 0; i-- {
		s.pitch[i] = pitch
		pitch *= size[i]
	}
	return s
}

// span returns how many elements a run of n results looks at, at most.
func (s *source) span(i, n int) int {
	a := &s.axes[i]
	return (n+a.step-2)/a.step*a.stride + s.hi[i] - s.lo[i] + 1
}

// bytes returns the size of the copy.
func (s *source) bytes() int {
	if s.direct {
		return 0
	}
	return s.size[0] * s.pitch[0]
}

// load returns where the first element lies that a box looks at, from the given
// byte of each pixel on.
func (s *source) load(x unsafe.Pointer, b *box, from int, private []byte) unsafe.Pointer {
	var at [3]int
	for i := range at {
		at[i] = b.at[i+1]/s.axes[i].step*s.axes[i].stride + s.lo[i]
	}
	if s.direct {
		return unsafe.Add(x, b.at[0]*s.pitch[0]+at[0]*s.pitch[1]+at[1]*s.pitch[2]+at[2]*s.pitch[3]+from)
	}
	image := s.axes[0].in * s.axes[1].in * s.axes[2].in * s.pixel
	for n := range b.len[0] {
		for d := range s.span(0, b.len[1]) {
			for h := range s.span(1, b.len[2]) {
				line := private[n*s.pitch[0]+d*s.pitch[1]+h*s.pitch[2]:][:s.pitch[2]]
				y, z := at[1]+h, at[0]+d
				if z < 0 || z >= s.axes[0].in || y < 0 || y >= s.axes[1].in {
					clear(line)
					continue
				}
				s.line(line, unsafe.Add(x, (b.at[0]+n)*image+(z*s.axes[1].in+y)*s.axes[2].in*s.pixel), at[2], from)
			}
		}
	}
	return unsafe.Pointer(unsafe.SliceData(private))
}

// line copies a line of the image, which begins at x, from the pixel at on.
func (s *source) line(dst []byte, x unsafe.Pointer, at, from int) {
	pitch, in := s.pitch[3], s.axes[2].in
	lo := max(0, min(-at, s.size[3]))
	hi := max(lo, min(in-at, s.size[3]))
	clear(dst[:lo*pitch])
	clear(dst[hi*pitch:])
	if lo == hi {
		return
	}
	src := unsafe.Slice((*byte)(x), in*s.pixel)[(at+lo)*s.pixel:]
	if pitch == s.pixel && pitch == s.channels {
		copy(dst[lo*pitch:hi*pitch], src)
		return
	}
	for i := range hi - lo {
		copy(dst[(lo+i)*pitch:][:s.channels], src[i*s.pixel+from:])
	}
}
