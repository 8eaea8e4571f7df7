package zoo

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// ResNet is a network of residual blocks, named by its number of layers.
//
//	x [n c h w] -> logits [n Classes]
//
// With 18 or 34 Layers (blocks of two convolutions) or 50, 101 or 152 (bottlenecks
// of three, which stride in the second) it is the network for ImageNet: 11,689,512
// parameters with 18, 25,557,032 with 50, for 3 channels and 1000 Classes. With
// another 6n+2, such as 20, 32, 44, 56 or 110, it is that for CIFAR, whose shortcuts
// have no parameters: 269,722 with 20 and 10 Classes. A global pool before the last
// layer makes it serve any size that its strides leave something of. He et al. 2015,
// arXiv:1512.03385
type ResNet struct {
	graph.Scope
	Classes int
	Layers  int // 0 means 20
	Width   int // channels of the first stage; 0 means 64, or 16 for CIFAR

	Stem   nn.Sequential
	Blocks []*nn.Residual
	Pool   nn.GlobalPool
	Head   nn.Dense
}

// imageNet has the blocks of each stage of the networks for ImageNet.
var imageNet = map[int][4]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}, 152: {3, 8, 36, 3}}

// Apply maps x [n c h w] to logits [n Classes].
func (r *ResNet) Apply(x *graph.Node) *graph.Node {
	return r.Wrap(func() *graph.Node {
		if bad := r.prepare(x); bad != nil {
			return bad
		}
		y := r.Stem.Apply(x)
		for _, b := range r.Blocks {
			y = b.Apply(y)
		}
		return r.Head.Apply(r.Pool.Apply(y))
	})
}

// prepare makes the layers, or says why it cannot.
func (r *ResNet) prepare(x *graph.Node) *graph.Node {
	if bad := images("resnet", x, r.Classes); bad != nil {
		return bad
	}
	if r.Layers == 0 {
		r.Layers = 20
	}
	stages, large := imageNet[r.Layers]
	if !large && (r.Layers < 8 || r.Layers%6 != 2) || r.Width < 0 {
		return graph.Fail("resnet", []*graph.Node{x}, "Layers %d, Width %d: want 18, 34, 50, 101 or 152 layers, or 6n+2, and no negative width", r.Layers, r.Width)
	}
	if r.Blocks != nil {
		return nil
	}
	r.Head.Out = r.Classes
	if large {
		r.large(stages)
	} else {
		r.small()
	}
	return nil
}

// large makes the layers of a network for ImageNet.
func (r *ResNet) large(stages [4]int) {
	if r.Width == 0 {
		r.Width = 64
	}
	r.Stem = append(normed(r.Width, 7, 2, 1, ops.ReLU), &nn.MaxPool{Window: []int{3}, Stride: []int{2}, Pad: [][2]int{{1, 1}}})
	in := r.Width
	for stage, n := range stages {
		for i := range n {
			width, stride := r.Width<<stage, 1
			if i == 0 && stage > 0 {
				stride = 2
			}
			out, body := width, pair(width, stride)
			if r.Layers >= 50 {
				out = 4 * width
				body = join(normed(width, 1, 1, 1, ops.ReLU), normed(width, 3, stride, 1, ops.ReLU), normed(out, 1, 1, 1, nil))
			}
			b := &nn.Residual{Layer: body, Act: ops.ReLU}
			if stride > 1 || in != out {
				b.Shortcut = normed(out, 1, stride, 1, nil)
			}
			r.Blocks, in = append(r.Blocks, b), out
		}
	}
}

// small makes the layers of a network for CIFAR.
func (r *ResNet) small() {
	if r.Width == 0 {
		r.Width = 16
	}
	r.Stem = normed(r.Width, 3, 1, 1, ops.ReLU)
	for stage := range 3 {
		for i := range (r.Layers - 2) / 6 {
			width := r.Width << stage
			if i > 0 || stage == 0 {
				r.Blocks = append(r.Blocks, &nn.Residual{Layer: pair(width, 1), Act: ops.ReLU})
				continue
			}
			r.Blocks = append(r.Blocks, &nn.Residual{Layer: pair(width, 2), Act: ops.ReLU, Shortcut: nn.Func(halve)})
		}
	}
}

// pair are the two convolutions of a block.
func pair(out, stride int) nn.Sequential {
	return join(normed(out, 3, stride, 1, ops.ReLU), normed(out, 3, 1, 1, nil))
}

// halve takes every other pixel, and as many channels of zeros as there are again,
// half of them on either side.
func halve(x *graph.Node) *graph.Node {
	c := int(x.Shape().Dim(1))
	for axis := 2; axis < 4; axis++ {
		x = ops.Slice(x, axis, 0, ops.End, 2)
	}
	return ops.Pad(x, 1, c/2, c-c/2, 0)
}
