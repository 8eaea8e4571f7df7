package golden

import (
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

var shapes = table{
	"reshape":      {"x shape", reshape},
	"view":         {"x shape", reshape},
	"broadcast_to": {"x shape", expand},
	"expand":       {"x shape", expand},
	"permute":      {"x dims", func(a *args) []*Node { return one(ops.Transpose(a.node("x"), a.ints("dims")...)) }},
	"transpose": {"x dim0 dim1", func(a *args) []*Node {
		return one(swap(a.node("x"), a.int("dim0", 0), a.int("dim1", 0)))
	}},
	"t": unary(func(x *Node) *Node { return ops.Transpose(x) }),
	"squeeze": {"x dim", func(a *args) []*Node {
		x := a.node("x")
		ones := slices.DeleteFunc(a.ints("dim"), func(i int) bool { return length(x, i) != 1 })
		if a.get("dim") != nil && len(ones) == 0 {
			return one(x)
		}
		return one(ops.Squeeze(x, ones...))
	}},
	"unsqueeze": {"x dim", func(a *args) []*Node { return one(ops.Expand(a.node("x"), a.int("dim", 0))) }},
	"cat":       {"x dim", func(a *args) []*Node { return one(ops.Concat(a.int("dim", 0), a.nodes("x")...)) }},
	"stack":     {"x dim", func(a *args) []*Node { return one(ops.Stack(a.int("dim", 0), a.nodes("x")...)) }},
	"split": {"x length dim", func(a *args) []*Node {
		x, axis, n := a.node("x"), a.int("dim", 0), a.ints("length")
		var lengths []graph.Dim
		for _, d := range n {
			lengths = append(lengths, graph.Dim(d))
		}
		if len(n) > 1 {
			return ops.Split(x, axis, lengths...)
		}
		lengths = nil
		for left := length(x, axis); left > 0; left -= n[0] {
			lengths = append(lengths, graph.Dim(min(left, n[0])))
		}
		return ops.Split(x, axis, lengths...)
	}},
	"unbind": {"x dim", func(a *args) (list []*Node) {
		x, axis := a.node("x"), a.int("dim", 0)
		for i := range length(x, axis) {
			list = append(list, ops.Index(x, axis, i))
		}
		return list
	}},
	"select": {"x dim index", func(a *args) []*Node {
		return one(ops.Index(a.node("x"), a.int("dim", 0), a.int("index", 0)))
	}},
	"narrow": {"x dim start length", func(a *args) []*Node {
		x, axis, n := a.node("x"), a.int("dim", 0), a.int("length", 0)
		if start, ok := a.get("start").(*Node); ok { // known when it runs
			return one(ops.Take(x, ops.Add(start, ops.Iota(start.DType(), graph.Of(Dim(n)), 0)), axis))
		}
		from := a.int("start", 0)
		if from < 0 {
			from += length(x, axis)
		}
		return one(ops.Slice(x, axis, from, from+n, 1))
	}},
	"flip": {"x dims", func(a *args) []*Node { return one(ops.Flip(a.node("x"), a.ints("dims")...)) }},
	"roll": {"x shifts dims", func(a *args) []*Node {
		x, axes := a.node("x"), a.ints("dims")
		for i, n := range a.ints("shifts") {
			x = ops.Roll(x, n, axes[i])
		}
		return one(x)
	}},
	"rot90": {"x k dims", func(a *args) []*Node {
		x, axes := a.node("x"), a.ints("dims", 0, 1)
		return one(ops.Rot90(x, a.int("k", 1), axes[0], axes[1]))
	}},
	"repeat": {"x reps", func(a *args) []*Node { return one(ops.Tile(a.node("x"), a.ints("reps")...)) }},
	"tile":   {"x reps", func(a *args) []*Node { return one(ops.Tile(a.node("x"), a.ints("reps")...)) }},
	"diff": {"x n dim prepend append", func(a *args) []*Node {
		x, axis := a.node("x"), a.int("dim", -1)
		if before := a.maybe("prepend"); before != nil {
			x = ops.Concat(axis, before, x)
		}
		if after := a.maybe("append"); after != nil {
			x = ops.Concat(axis, x, after)
		}
		return one(ops.Diff(x, a.int("n", 1), axis))
	}},
	"unfold": {"x dim size step", func(a *args) []*Node {
		x, axis, n, step := atLeast1(a.node("x")), a.int("dim", 0), a.int("size", 1), a.int("step", 1)
		var windows []*Node
		for i := range n {
			windows = append(windows, ops.Slice(x, axis, i, length(x, axis)-n+i+1, step))
		}
		y := ops.Stack(-1, windows...)
		if rank(a.node("x")) == 0 {
			y = ops.Squeeze(y, 0)
		}
		return one(y)
	}},
	"nn.functional.pad": {"x pad mode value", func(a *args) []*Node {
		x, list := a.node("x"), a.ints("pad")
		a.ignore("mode") // all are constant
		for i := 0; i < len(list); i += 2 {
			x = ops.Pad(x, -1-i/2, list[i], list[i+1], a.num("value", 0))
		}
		return one(x)
	}},
	"nn.functional.pixel_shuffle": {"x upscale_factor", func(a *args) []*Node {
		return one(ops.PixelShuffle(a.node("x"), a.int("upscale_factor", 1)))
	}},
}

func reshape(a *args) []*Node { return one(ops.Reshape(a.node("x"), a.dims("shape")...)) }

// expand is BroadcastTo with -1 for the length that is there.
func expand(a *args) []*Node {
	x, dims := a.node("x"), a.dims("shape")
	for i, d := range dims {
		if d == -1 {
			dims[i] = x.Shape().Dim(i - len(dims))
		}
	}
	return one(ops.BroadcastTo(x, graph.Of(dims...)))
}

// swap exchanges two axes.
func swap(x *Node, i, j int) *Node {
	perm := make([]int, rank(x))
	for k := range perm {
		perm[k] = k
	}
	i, j = (i+len(perm))%len(perm), (j+len(perm))%len(perm)
	perm[i], perm[j] = j, i
	return ops.Transpose(x, perm...)
}

// columns returns the patches of images as columns: one row for each channel
