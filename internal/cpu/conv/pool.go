package conv

import (
	"math"
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A Pool describes pooling: each result is the largest or the mean of the
// elements of a channel that the window, the Shape's Kernel, covers. O and
// Groups are not used.
type Pool struct {
	Shape
	// CountPad makes means count elements of the padding, which are 0: those of
	// Pad before the image and of High behind it.
	CountPad bool
	High     [3]int
}

// MaxPool plans the largest elements of the windows over the images x: NaN if
// one is NaN, -Inf if there are none.
func MaxPool(p Pool) *Plan {
	w := &maxPool{pool: newPool(p), max: kernel.Lookup(kernel.Maximum, p.T, 0)}
	return w.plan(w, w.s.Out, 0)
}

// AvgPool plans the means of the windows over the images x, 0 if nothing counts.
func AvgPool(p Pool) *Plan {
	w := &avgPool{pool: newPool(p), add: kernel.Lookup(kernel.Add, p.T, 0), mul: kernel.Lookup(kernel.Mul, p.T, 2)}
	return w.plan(w, w.s.Out, 1)
}

// AvgPoolGrad plans the gradient of AvgPool for the images; x is that of its
// result.
func AvgPoolGrad(p Pool) *Plan {
	w := &avgPoolGrad{pool: newPool(p), fma: kernel.Lookup(kernel.FMA, p.T, 2)}
	return w.plan(w, w.s.In, 1)
}

// MaxPoolGrad plans the gradient of MaxPool for the images: x is that of its
// result, y are the images. It is added up where each window has its first
// largest element or, as comparing goes, its last NaN.
func MaxPoolGrad(p Pool) *Plan {
	w := &maxPoolGrad{
		maxPool: maxPool{pool: newPool(p), max: kernel.Lookup(kernel.Maximum, p.T, 0)},
		match:   kernel.Lookup(kernel.Match, p.T, 0),
		unmatch: kernel.Lookup(kernel.Unmatch, p.T, 0),
		add:     kernel.Lookup(kernel.Add, p.T, 0),
		sum:     kernel.Lookup(kernel.Sum, p.T, 0),
		tiled:   true,
	}
	for a := range 3 {
		w.tiled = w.tiled && p.Pad[a] == 0 && p.Kernel[a] == p.Stride[a] && (p.Kernel[a] == 1 || p.Dilation[a] == 1) && p.Out[a]*p.Stride[a] == p.In[a]
	}
	if w.tiled && p.Kernel == [3]int{1, 2, 2} {
		w.squares = kernel.Route2(p.T)
	}
	return w.plan(w, [3]int{1, 1, 1}, 3)
}

// numbers are constants for kernels.
var numbers = [...]struct{ zero, low unsafe.Pointer }{
	kernel.F32: {unsafe.Pointer(new(float32)), unsafe.Pointer(new(float32(math.Inf(-1))))},
	kernel.F64: {unsafe.Pointer(new(float64)), unsafe.Pointer(new(math.Inf(-1)))},
}

// A pool is what the plans of pooling have in common.
type pool struct {
	lines
	counts [3][]int // for each axis and result, the elements that a mean counts
	copy   kernel.Func
}

func newPool(p Pool) pool {
	order := p.order()
	w := pool{lines: newLines(p.take(order)), copy: kernel.Lookup(kernel.Copy, p.T, 0)}
	for a, o := range order {
		lo, hi := 0, p.In[o]
		if p.CountPad {
			lo, hi = -p.Pad[o], p.In[o]+p.High[o]
		}
		for i := range p.Out[o] {
			n := 0
			for t := range p.Kernel[o] {
				if at := i*p.Stride[o] + t*p.Dilation[o] - p.Pad[o]; at >= lo && at < hi {
					n++
				}
			}
			w.counts[a] = append(w.counts[a], n)
		}
	}
	return w
}

// fold folds the lines of the image x that line (d, h) of results meets into z,
// which begins as the given number.
func (p *pool) fold(f kernel.Func, d, h int, x, z, number unsafe.Pointer) {
	begun := false
	p.each(d, h, func(at, _ int) {
		for _, m := range p.meets[2] {
			whole := m.to-m.from == p.s.Out[2]
			if m.from >= m.to {
				continue
			}
			if !begun && !whole {
				p.fill(z, number)
			}
			to := unsafe.Add(z, m.from*p.out[3])
			a := kernel.Args{
				D: to, X: [4]unsafe.Pointer{p.at(x, at, m), to}, Rows: m.to - m.from, Cols: p.s.C,
				DR: p.out[3], XR: [4]int{p.step(), p.out[3]},
			}
			if begun || !whole {
				f.Run(&a)
			} else {
				p.copy.Run(&a)
			}
			begun = true
		}
	})
	if !begun {
		p.fill(z, number)
	}
}

// shares sets a line to what each result of line (d, h) takes of its elements:
// 1 by their number.
func (p *pool) shares(d, h int, line unsafe.Pointer) {
	n := p.counts[0][d] * p.counts[1][h]
	for i, w := range p.counts[2] {
		if v := 1 / float64(max(1, n*w)); p.size == 4 {
			*(*float32)(unsafe.Add(line, i*4)) = float32(v)
		} else {
			*(*float64)(unsafe.Add(line, i*8)) = v
		}
	}
}

type maxPool struct {
	pool
	max kernel.Func
}

func (p *maxPool) run(_, part int, x, _, z unsafe.Pointer, _, _ []byte) {
	b := p.grid.box(part)
	b.visit(func(n, d, h int) {
		p.fold(p.max, d, h, unsafe.Add(x, n*p.image[0]), p.result(z, n, d, h), numbers[p.s.T].low)
	})
}

type avgPool struct {
	pool
	add, mul kernel.Func
}

func (p *avgPool) run(_, part int, x, _, z unsafe.Pointer, _, private []byte) {
	b := p.grid.box(part)
	by := unsafe.Pointer(unsafe.SliceData(private))
	b.visit(func(n, d, h int) {
		line := p.result(z, n, d, h)
		p.fold(p.add, d, h, unsafe.Add(x, n*p.image[0]), line, numbers[p.s.T].zero)
		p.shares(d, h, by)
		a := kernel.Args{
			D: line, X: [4]unsafe.Pointer{line, by}, Rows: p.s.Out[2], Cols: p.s.C,
			DR: p.out[3], XR: [4]int{p.out[3], p.size},
		}
		p.mul.Run(&a)
	})
}

type avgPoolGrad struct {
	pool
	fma kernel.Func
}

func (p *avgPoolGrad) run(_, part int, x, _, z unsafe.Pointer, _, private []byte) {
	b := p.grid.box(part)
	by := unsafe.Pointer(unsafe.SliceData(private))
	b.visit(func(n, d, h int) {
		line := unsafe.Add(z, n*p.image[0]+d*p.image[1]+h*p.image[2])
		clear(unsafe.Slice((*byte)(line), p.image[2]))
		p.back(d, h, func(od, oh, _ int) {
			p.shares(od, oh, by)
			for _, m := range p.meets[2] {
				if m.from >= m.to {
					continue
				}
				to := p.at(line, 0, m)
				a := kernel.Args{
					D: to, Rows: m.to - m.from, Cols: p.s.C, DR: p.step(),
					X:  [4]unsafe.Pointer{unsafe.Add(p.result(x, n, od, oh), m.from*p.out[3]), unsafe.Add(by, m.from*p.size), to},
					XR: [4]int{p.out[3], p.size, p.step()},
				}
				p.fma.Run(&a)
			}
		})
	})
}

// A maxPoolGrad has an image for each part: windows of other lines may reach
// the same elements.
type maxPoolGrad struct {
	maxPool
	match, unmatch, add, sum kernel.Func
	tiled                    bool        // each element of the image is in one window
	squares                  kernel.Test // for windows of two by two, tiled, or nil
}

func (p *maxPoolGrad) run(_, part int, x, y, z unsafe.Pointer, _, private []byte) {
	b := p.grid.box(part)
	for i := range b.len[0] {
		n := b.at[0] + i
		p.image1(unsafe.Add(x, n*p.out[0]), unsafe.Add(y, n*p.image[0]), unsafe.Add(z, n*p.image[0]), private)
	}
}

func (p *maxPoolGrad) block(part int) (row0, row1, col0, col1 int) {
	b := p.grid.box(part)
	rows := p.s.In[0] * p.s.In[1] * p.s.In[2]
	return b.at[0] * rows, (b.at[0] + b.len[0]) * rows, 0, p.s.C
}

// image1 computes the gradient of one image. It sets a line to 0 not long before
// something is added to it.
func (p *maxPoolGrad) image1(ct, x, dx unsafe.Pointer, private []byte) {
	done, all := 0, p.image[0]
	if p.tiled { // nothing is added
		done = all
	}
	for d := range p.s.Out[0] {
		for h := range p.s.Out[1] {
			if p.out[2] == 0 {
				break
			}
			p.each(d, h, func(at, _ int) {
				if end := at + p.image[2]; end > done {
					clear(unsafe.Slice((*byte)(unsafe.Add(dx, done)), end-done))
					done = end
				}
			})
			p.route(d, h, p.result(ct, 0, d, h), x, dx, private)
		}
	}
	if done < all {
		clear(unsafe.Slice((*byte)(unsafe.Add(dx, done)), all-done))
	}
}

// route adds line (d, h) of the gradient where it belongs: in the order of the
// taps, what is left of it goes where the largest element is found.
func (p *maxPoolGrad) route(d, h int, ct, x, dx unsafe.Pointer, private []byte) {
	if p.squares != nil {
		at := d*p.image[1] + 2*h*p.image[2]
		line := unsafe.Add(x, at)
		a := kernel.Args{
			D: unsafe.Add(dx, at), X: [4]unsafe.Pointer{line, unsafe.Add(line, p.image[2]), ct}, Rows: p.s.Out[2], Cols: p.s.C,
			DR: p.step(), XR: [4]int{p.step(), p.step(), p.out[3]},
		}
		if p.squares.Run(&a) {
			p.slowly(d, h, ct, x, dx)
		}
		return
	}
	largest := unsafe.Pointer(unsafe.SliceData(private))
	left, share := unsafe.Add(largest, p.out[2]), unsafe.Add(largest, 2*p.out[2])
	p.fold(p.max, d, h, x, largest, numbers[p.s.T].low)
	if !p.ordinary(largest, share) {
		p.slowly(d, h, ct, x, dx)
		return
	}
	copy(unsafe.Slice((*byte)(left), p.out[2]), unsafe.Slice((*byte)(ct), p.out[2]))
	p.each(d, h, func(at, _ int) {
		for _, m := range p.meets[2] {
			n := m.to - m.from
			if n <= 0 {
				continue
			}
			from, to := m.from*p.out[3], p.at(dx, at, m)
			rest := unsafe.Add(left, from)
			a := kernel.Args{
				D: share, X: [4]unsafe.Pointer{p.at(x, at, m), unsafe.Add(largest, from), rest}, Rows: n, Cols: p.s.C,
				DR: p.out[3], XR: [4]int{p.step(), p.out[3], p.out[3]},
			}
			if p.tiled {
				a.D, a.DR = to, p.step()
			}
			p.match.Run(&a)
			a.D, a.DR = rest, p.out[3]
			p.unmatch.Run(&a)
			if !p.tiled {
				a = kernel.Args{
					D: to, X: [4]unsafe.Pointer{to, share}, Rows: n, Cols: p.s.C,
					DR: p.step(), XR: [4]int{p.step(), p.out[3]},
				}
				p.add.Run(&a)
			}
		}
	})
}

// ordinary reports whether vectors are to route a line with the given largest
// elements: none may be NaN, which equals nothing, and there must be vectors.
func (p *maxPoolGrad) ordinary(largest, sum unsafe.Pointer) bool {
	if kernel.ISA() == "generic" {
		return false
	}
	a := kernel.Args{D: sum, X: [4]unsafe.Pointer{largest}, Rows: 1, Cols: p.s.Out[2] * p.s.C}
	p.sum.Run(&a)
	if p.size == 4 {
		return *(*float32)(sum) == *(*float32)(sum)
	}
	return *(*float64)(sum) == *(*float64)(sum)
}

// slowly is route, element by element.
func (p *maxPoolGrad) slowly(d, h int, ct, x, dx unsafe.Pointer) {
	if p.tiled {
		p.each(d, h, func(at, _ int) { clear(unsafe.Slice((*byte)(unsafe.Add(dx, at)), p.image[2])) })
	}
	for w := range p.s.Out[2] {
		for c := range p.s.C {
			if p.size == 4 {
				routeOne[float32](p, [3]int{d, h, w}, c*4, unsafe.Add(ct, w*p.out[3]+c*4), x, dx)
			} else {
				routeOne[float64](p, [3]int{d, h, w}, c*8, unsafe.Add(ct, w*p.out[3]+c*8), x, dx)
			}
		}
	}
}

// routeOne adds one element of the gradient where it belongs, from the given
// byte of the pixels on.
func routeOne[T float32 | float64](p *maxPoolGrad, i [3]int, channel int, ct, x, dx unsafe.Pointer) {
	best, largest := -1, T(0)
	for _, d := range p.meets[0] {
		for _, h := range p.meets[1] {
			for _, w := range p.meets[2] {
				if !d.has(i[0]) || !h.has(i[1]) || !w.has(i[2]) {
					continue
				}
				at := channel
				for a, m := range [3]meet{d, h, w} {
					at += (i[a]*p.s.Stride[a] + m.off) * p.image[a+1]
				}
				if v := *(*T)(unsafe.Add(x, at)); best < 0 || v > largest || v != v {
					best, largest = at, v
				}
			}
		}
	}
	if best >= 0 {
		*(*T)(unsafe.Add(dx, best)) += *(*T)(ct)
	}
}
