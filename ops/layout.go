package ops

import (
	"fmt"

	"github.com/adjointml/adjoint/graph"
)

// Images have their channels first, [n c h w], or last, [n h w c]. The ops that
// look at windows are defined for channels last, which is how the engine computes;
// for channels first they are wrapped in transposes. These move no data between
// two such ops: the compiler cancels them, and moves them past what is between.

// moveChannels returns x with axis 1 as the last, or the last as axis 1.
func moveChannels(x *Node, last bool) *Node {
	rank := x.Shape().Rank()
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	if last {
		copy(perm[1:], perm[2:])
		perm[rank-1] = 1
	} else {
		copy(perm[2:], perm[1:rank-1])
		perm[1] = rank - 1
	}
	return Transpose(x, perm...)
}

// channelsFirst applies f, which takes images with channels last, to x, which has
// them first.
func channelsFirst(name string, x *Node, f func(x *Node) *Node) *Node {
	if bad := broken(name, x); bad != nil {
		return bad
	}
	if r := x.Shape().Rank(); r < 3 || r > 5 {
		return graph.Fail(name, []*Node{x}, "{0} is no batch of images: want [n c w], [n c h w] or [n c d h w]")
	}
	y := f(moveChannels(x, true))
	if y.Err() != nil {
		return y
	}
	return moveChannels(y, false)
}

// firstWeights returns the weights of channels first, [a b kh kw], as those of
// channels last, [kh kw b a].
func firstWeights(w *Node) *Node {
	rank := w.Shape().Rank()
	perm := make([]int, 0, rank)
	for i := 2; i < rank; i++ {
		perm = append(perm, i)
	}
	return Transpose(w, append(perm, 1, 0)...)
}

// convFirst applies a convolution of channels last to images and weights with
// channels first; axis and groups say where the weights have the channels of x,
// and among how many groups they share them.
func convFirst(name string, x, w *Node, axis, groups int, f func(x, w *Node) *Node) *Node {
	if bad := broken(name, x, w); bad != nil {
		return bad
	}
	xs, ws := x.Shape(), w.Shape()
	fail := func(format string, arg ...any) *Node { return graph.Fail(name, []*Node{x, w}, format, arg...) }
	if xs.Rank() >= 3 && xs.Rank() <= 5 {
		if ws.Rank() != xs.Rank() {
			return fail("the images {0} want weights of rank %d, both kinds of channels and a window for each spatial axis, got {1}", xs.Rank())
		}
		if in, have := ws.Dim(axis).Mul(Dim(max(groups, 1))), xs.Dim(1); in != have {
			hint := fmt.Sprintf("axis %d of the weights must have %v", axis, have)
			switch {
			case xs.Dim(-1) == in:
				hint = "channels are axis 1 unless ChannelsLast is set"
			case groups > 1:
				hint += fmt.Sprintf(" / %d groups", groups)
			}
			return fail("{0} has %v channels, but {1} is for %v: %s", have, in, hint)
		}
	}
	return channelsFirst(name, x, func(x *Node) *Node { return f(x, firstWeights(w)) })
}
