package zoo

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// UNet labels each pixel of an image: a way down that halves the size Depth times
// and doubles the channels, and one up that sees at each size what the way down
// made there.
//
//	x [n c h w] -> logits [n Classes h w]
//
// The convolutions keep the size, unlike those of the paper, so that logits and
// pixels agree. Height and width must be multiples of 2^Depth; symbols are written
// graph.Sym("h").Mul(16). For grey images and 2 classes there are 31,030,658
// parameters, as in the paper. Ronneberger et al. 2015, arXiv:1505.04597
type UNet struct {
	graph.Scope
	Classes int
	Width   int  // channels at full size; 0 means 64
	Depth   int  // 0 means 4
	Norm    bool // a batch norm after each convolution, which then has no bias

	Down []nn.Sequential // by size, the smallest last
	Up   []*nn.ConvTranspose2D
	Join []nn.Sequential // after the image of the way down is put to that of Up
	Head nn.Conv2D
}

// Apply maps x [n c h w] to logits [n Classes h w].
func (u *UNet) Apply(x *graph.Node) *graph.Node {
	return u.Wrap(func() *graph.Node {
		if bad := u.prepare(x); bad != nil {
			return bad
		}
		var seen []*graph.Node
		for i, down := range u.Down {
			if i > 0 {
				x = ops.MaxPool(x, []int{2})
			}
			x = down.Apply(x)
			seen = append(seen, x)
		}
		for i, up := range u.Up {
			x = ops.Concat(1, seen[len(seen)-2-i], up.Apply(x))
			x = u.Join[i].Apply(x)
		}
		return u.Head.Apply(x)
	})
}

// prepare makes the layers, or says why x does not fit.
func (u *UNet) prepare(x *graph.Node) *graph.Node {
	if bad := broken("unet", x); bad != nil {
		return bad
	}
	fail := func(format string, arg ...any) *graph.Node {
		return graph.Fail("unet", []*graph.Node{x}, format, arg...)
	}
	if u.Classes < 1 || u.Width < 0 || u.Depth < 0 || u.Depth > 20 {
		return fail("Classes %d, Width %d, Depth %d: want at least 1 class, and no negative number", u.Classes, u.Width, u.Depth)
	}
	if u.Width == 0 {
		u.Width = 64
	}
	if u.Depth == 0 {
		u.Depth = 4
	}
	if x.Shape().Rank() != 4 {
		return fail("want images [n c h w], got {0}")
	}
	k := graph.Dim(1 << u.Depth)
	for _, n := range x.Shape().Dims()[2:] {
		if n.Div(k).Mul(k) != n {
			return fail("height and width of {0} must be multiples of %d: pad it with ops.Pad, or write a symbol as graph.Sym(\"h\").Mul(%d)", k, k)
		}
	}
	if u.Down != nil {
		return nil
	}
	for i := range u.Depth + 1 {
		u.Down = append(u.Down, u.convs(u.Width<<i))
	}
	for i := u.Depth - 1; i >= 0; i-- {
		u.Up = append(u.Up, &nn.ConvTranspose2D{Out: u.Width << i, Kernel: []int{2}, Stride: []int{2}})
		u.Join = append(u.Join, u.convs(u.Width<<i))
	}
	u.Head.Out, u.Head.Kernel = u.Classes, []int{1}
	return nil
}

// convs are two convolutions of 3x3.
func (u *UNet) convs(out int) (s nn.Sequential) {
	for range 2 {
		s = append(s, &nn.Conv2D{Out: out, Kernel: []int{3}, Same: true, NoBias: u.Norm})
		if u.Norm {
			s = append(s, &nn.BatchNorm{})
		}
		s = append(s, nn.Func(ops.ReLU))
	}
	return s
}
