// Package conv computes convolutions and pooling of images on plain memory, in
// pieces for a pool of workers that is not its own.
//
// Images are [n d h w c], weights [kd kh kw c/groups o]. A convolution is a sum
// of matrix products, one for each tap of the kernel, and the blocks of
// internal/kernel add them up straight from the image: nothing is unfolded. A
// part of an image that needs zeros around it is copied once, when its turn
// comes, and so lies in the cache when it is read. Some kernels need fewer
// multiplications than the sum has (winograd).
package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// A Shape describes the convolution
//
//	z[n i o] = Σ over t, c of x[n, i·stride + t·dilation - pad, c] · w[t c o]
//
// of N images, where i and t have three axes; an axis that is not there has
// length, kernel, stride and dilation 1. Elements outside of the image are 0, on
// either side as far as Out reaches. A pad may be negative. Output channels are
// divided among groups, each of which sees its share of the C channels only.
type Shape struct {
	T        kernel.Type
	N        int
	In, Out  [3]int
	Kernel   [3]int
	Stride   [3]int
	Dilation [3]int
	Pad      [3]int // zeros before the image
	C, O     int
	Groups   int
}

// A Plan is a computation cut into phases, one after the other, each a number
// of parts in any order and on any number of workers. How it is cut depends on
// the shape alone, so results do, too. A Plan is immutable.
type Plan struct {
	phases          []int
	shared, private int
	work            worker
}

// A worker does the parts of a plan.
type worker interface {
	run(phase, part int, x, y, z unsafe.Pointer, shared, private []byte)
}

// Phases returns the number of parts of each phase.
func (p *Plan) Phases() []int { return p.phases }

// Shared returns the bytes of memory that all parts need together, from the
// first phase to the last.
func (p *Plan) Shared() int { return p.shared }

// Private returns the bytes of memory that a part needs while it runs.
func (p *Plan) Private() int { return p.private }

// Run does one part of a phase, on the operands x and y and the result z. The
// memory may hold anything and is aligned to 64 bytes.
func (p *Plan) Run(phase, part int, x, y, z unsafe.Pointer, shared, private []byte) {
	p.work.run(phase, part, x, y, z, shared, private)
}

// Block returns which rows of the result, a matrix [n·d·h·w channels], and which
// of its columns a part of the last phase finishes, for plans of Forward,
// DataGrad and MaxPoolGrad.
func (p *Plan) Block(part int) (row0, row1, col0, col1 int) {
	return p.work.(interface {
		block(part int) (row0, row1, col0, col1 int)
	}).block(part)
}

// Forward plans the convolution of the images x with the weights y.
func Forward(s Shape) *Plan {
	if s = s.packed(); s.depthwise() {
		return newDepthForward(s)
	}
	axes := s.axes()
	if isNarrow(&s, &axes, s.O) {
		return newNarrow(s, axes, false)
	}
	if isTiled(&s, s.C, s.O) {
		return newWinograd(s, axes, false)
	}
	return newProduct(s, axes, false)
}

// DataGrad plans the gradient of Forward for the images: x is the gradient of
// its result, y are the weights, z is [n In c].
func DataGrad(s Shape) *Plan {
	if s = s.packed(); s.depthwise() {
		return newDepthData(s)
	}
	axes := s.adjointAxes()
	if isNarrow(&s, &axes, s.C) {
		return newNarrow(s, axes, true)
	}
	if isTiled(&s, s.O, s.C) {
		return newWinograd(s, axes, true)
	}
	return newProduct(s, axes, true)
}

// WeightGrad plans the gradient of Forward for the weights: x are the images, y
// is the gradient of its result.
func WeightGrad(s Shape) *Plan {
	if s = s.packed(); s.depthwise() {
		return newDepthWeight(s)
	}
	if isTiled(&s, s.C, s.O) {
		return newWinogradGrad(s)
	}
	return newWeightGrad(s)
}

// packed moves the axes that are there to the back: what is next to each other
// in memory is then on the last axis.
func (s Shape) packed() Shape { return s.take(s.order()) }

// order returns the order of axes with those that are not there first.
func (s *Shape) order() (list [3]int) {
	n := 0
	for _, there := range []bool{false, true} {
		for i := range 3 {
			if s.trivial(i) != there {
				list[n] = i
				n++
			}
		}
	}
	return list
}

// take returns s with its axes in another order.
func (s Shape) take(order [3]int) Shape {
	from := s
	for i, o := range order {
		s.In[i], s.Out[i], s.Kernel[i] = from.In[o], from.Out[o], from.Kernel[o]
		s.Stride[i], s.Dilation[i], s.Pad[i] = from.Stride[o], from.Dilation[o], from.Pad[o]
	}
	return s
}

func (s *Shape) trivial(i int) bool {
	return s.In[i] == 1 && s.Out[i] == 1 && s.Kernel[i] == 1 && s.Stride[i] == 1 && s.Pad[i] == 0
}

// taps returns the number of elements of the kernel.
func (s *Shape) taps() int { return s.Kernel[0] * s.Kernel[1] * s.Kernel[2] }

// flops returns the operations of the convolution and of its gradients.
func (s *Shape) flops() int {
	return 2 * s.N * s.Out[0] * s.Out[1] * s.Out[2] * s.taps() * (s.C / s.Groups) * s.O
}
