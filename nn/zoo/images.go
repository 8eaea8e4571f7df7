package zoo

import (
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
)

// images returns a poisoned node where x is no batch of images or there is nothing
// to tell apart, else nil.
func images(name string, x *graph.Node, classes int) *graph.Node {
	if bad := broken(name, x); bad != nil {
		return bad
	}
	if x.Shape().Rank() != 4 {
		return graph.Fail(name, []*graph.Node{x}, "want images [n c h w], got {0}")
	}
	if classes < 1 {
		return graph.Fail(name, []*graph.Node{x}, "Classes is %d: want the number of logits", classes)
	}
	return nil
}

// normed is a convolution without bias that keeps the size, divided by the stride, a
// batch norm, and an activation unless it is nil.
func normed(out, size, stride, groups int, act func(*graph.Node) *graph.Node) nn.Sequential {
	pad := (size - 1) / 2
	s := nn.Sequential{
		&nn.Conv2D{Out: out, Kernel: []int{size}, Stride: []int{stride}, Pad: [][2]int{{pad, pad}}, Groups: groups, NoBias: true, Init: nn.HeNormal},
		&nn.BatchNorm{},
	}
	if act != nil {
		s = append(s, nn.Func(act))
	}
	return s
}

// join puts layers after each other.
func join(s ...nn.Sequential) nn.Sequential { return slices.Concat(s...) }
