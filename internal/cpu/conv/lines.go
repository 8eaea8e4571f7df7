package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// What keeps the channels apart, pooling and depthwise convolution, is computed
// by elementwise kernels: for each line of results and each tap, the pixels
// that it meets, a row of channels each.

// lines are the lines of images and results, and how they meet.
type lines struct {
	s      Shape
	size   int       // of an element
	image  [4]int    // bytes from one element to the next, along n, d, h, w
	out    [4]int    // of the result
	meets  [3][]meet // for each axis and tap
	grid   grid      // of the lines that parts compute
	repeat kernel.Func
}

// A meet says that results from ... to-1 meet elements of the image along an
// axis, result i that at i·stride + off.
type meet struct{ from, to, off int }

func newLines(s Shape) lines {
	l := lines{s: s, size: s.T.Size(), repeat: kernel.Lookup(kernel.Copy, s.T, 1)}
	l.image = pitches([4]int{s.N, s.In[0], s.In[1], s.In[2]}, s.C*l.size)
	l.out = pitches([4]int{s.N, s.Out[0], s.Out[1], s.Out[2]}, s.C*l.size)
	for a := range l.meets {
		for t := range s.Kernel[a] {
			m := meet{off: t*s.Dilation[a] - s.Pad[a]}
			if m.off < 0 {
				m.from = (s.Stride[a] - 1 - m.off) / s.Stride[a]
			}
			if m.off < s.In[a] {
				m.to = min(s.Out[a], (s.In[a]-m.off+s.Stride[a]-1)/s.Stride[a])
			}
			l.meets[a] = append(l.meets[a], m)
		}
	}
	return l
}

// plan returns the plan of a worker whose parts are boxes of lines of arrays
// [n axes]. A part has so many lines of results for itself.
func (l *lines) plan(w worker, axes [3]int, private int) *Plan {
	dims := [4]int{l.s.N, axes[0], axes[1], min(axes[2], 1)}
	n := l.s.N * axes[0] * axes[1]
	want := l.parts()
	l.grid = cut(dims, (n+want-1)/want, 1)
	if l.s.C == 0 {
		l.grid.boxes = 0
	}
	return &Plan{phases: []int{l.grid.boxes}, private: private * l.out[2], work: w}
}

// parts returns how many parts the work is worth.
func (l *lines) parts() int {
	s := &l.s
	return max(1, min(mostParts, s.N*s.Out[0]*s.Out[1]*s.Out[2]*s.taps()*s.C/partElems))
}

// fill fills a line of results with a number.
func (l *lines) fill(d, number unsafe.Pointer) {
	a := kernel.Args{D: d, X: [4]unsafe.Pointer{number}, Rows: 1, Cols: l.s.Out[2] * l.s.C}
	l.repeat.Run(&a)
}

// visit visits the lines of a box.
func (b *box) visit(f func(n, d, h int)) {
	for n := range b.len[0] {
		for d := range b.len[1] {
			for h := range b.len[2] {
				f(b.at[0]+n, b.at[1]+d, b.at[2]+h)
			}
		}
	}
}

// each visits the lines of the image that line (d, h) of results meets: where
// they begin, and the first tap of those that meet it.
func (l *lines) each(d, h int, visit func(at, tap int)) {
	for i, a := range l.meets[0] {
		if !a.has(d) {
			continue
		}
		for j, b := range l.meets[1] {
			if b.has(h) {
				visit((d*l.s.Stride[0]+a.off)*l.image[1]+(h*l.s.Stride[1]+b.off)*l.image[2], (i*l.s.Kernel[1]+j)*l.s.Kernel[2])
			}
		}
	}
}

// back visits the lines of results that line (d, h) of the image meets, which it
// also tells.
func (l *lines) back(d, h int, visit func(od, oh, tap int)) {
	for i, a := range l.meets[0] {
		od, ok := a.result(d, l.s.Stride[0])
		if !ok {
			continue
		}
		for j, b := range l.meets[1] {
			if oh, ok := b.result(h, l.s.Stride[1]); ok {
				visit(od, oh, (i*l.s.Kernel[1]+j)*l.s.Kernel[2])
			}
		}
	}
}

// has reports whether result i meets the image.
func (m meet) has(i int) bool { return m.from <= i && i < m.to }

// result returns which result meets element i of the image, if one does.
func (m meet) result(i, stride int) (int, bool) {
	at := i - m.off
	return at / stride, at >= 0 && at%stride == 0 && m.has(at/stride)
}

// at returns the first element that a tap of the last axis meets in a line of
// the image.
func (l *lines) at(x unsafe.Pointer, line int, m meet) unsafe.Pointer {
	return unsafe.Add(x, line+(m.from*l.s.Stride[2]+m.off)*l.image[3])
}

// step returns the bytes from one element that a tap meets to the next.
func (l *lines) step() int { return l.s.Stride[2] * l.image[3] }

// result returns where line (d, h) of image n begins in the result.
func (l *lines) result(z unsafe.Pointer, n, d, h int) unsafe.Pointer {
	return unsafe.Add(z, n*l.out[0]+d*l.out[1]+h*l.out[2])
}
