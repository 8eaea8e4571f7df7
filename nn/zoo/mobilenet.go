package zoo

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// MobileNet is MobileNet V2: blocks that widen the channels, look at each of them
// alone (a depthwise convolution), and narrow them again.
//
//	x [n c h w] -> logits [n Classes]
//
// With 3 channels and 1000 classes it has 3,504,872 parameters. A global pool
// before the last layer makes it serve any size. Sandler et al. 2018,
// arXiv:1801.04381
type MobileNet struct {
	graph.Scope
	Classes int
	Width   float64 // multiplies the channels, which are then multiples of 8; 0 means 1
	Small   bool    // for images such as CIFAR's: the first three strides of 2 are 1
	Dropout float64 // before the last layer; the paper has 0.2

	Stem   nn.Sequential
	Blocks nn.Sequential
	Last   nn.Sequential
	Drop   nn.Dropout
	Head   nn.Dense
}

// Apply maps x [n c h w] to logits [n Classes].
func (m *MobileNet) Apply(x *graph.Node) *graph.Node {
	return m.Wrap(func() *graph.Node {
		if bad := images("mobilenet", x, m.Classes); bad != nil {
			return bad
		}
		if !(m.Width >= 0) {
			return graph.Fail("mobilenet", []*graph.Node{x}, "Width is %g: want a positive number", m.Width)
		}
		m.prepare()
		y := m.Last.Apply(m.Blocks.Apply(m.Stem.Apply(x)))
		return m.Head.Apply(m.Drop.Apply(y))
	})
}

// prepare makes the layers.
func (m *MobileNet) prepare() {
	if m.Blocks != nil {
		return
	}
	stride := func(s, downs int) int { // downs strides were before
		if m.Small && downs < 3 {
			return 1
		}
		return s
	}
	in := m.channels(32)
	m.Stem = normed(in, 3, stride(2, 0), 1, ops.ReLU6)
	downs := 1
	for _, s := range []struct{ widen, out, n, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		for i := range s.n {
			step, out := 1, m.channels(s.out)
			if i == 0 && s.stride == 2 {
				step = stride(2, downs)
				downs++
			}
			m.Blocks = append(m.Blocks, inverted(in, out, s.widen, step))
			in = out
		}
	}
	m.Last = append(normed(max(1280, m.channels(1280)), 1, 1, 1, ops.ReLU6), &nn.GlobalPool{})
	m.Drop.Rate, m.Head.Out = m.Dropout, m.Classes
}

// inverted is a residual block that is wide inside.
func inverted(in, out, widen, stride int) nn.Layer {
	wide := in * widen
	var body nn.Sequential
	if widen > 1 {
		body = normed(wide, 1, 1, 1, ops.ReLU6)
	}
	body = join(body, normed(wide, 3, stride, wide, ops.ReLU6), normed(out, 1, 1, 1, nil))
	if stride > 1 || in != out {
		return body
	}
	return &nn.Residual{Layer: body}
}

// channels multiplies by Width, to the nearest multiple of 8 that is at least nine
// tenths of that.
func (m *MobileNet) channels(n int) int {
	if m.Width == 0 {
		return n
	}
	want := float64(n) * m.Width
	c := max(8, int(want+4)/8*8)
	if float64(c) < 0.9*want {
		c += 8
	}
	return c
}
