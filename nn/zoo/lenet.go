package zoo

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// LeNet is LeNet-5, the network that read digits, with a softmax for its output as
// is usual today.
//
//	x [n c h w] -> logits [n Classes]
//
// Images of 28 by 28 with one channel and 10 classes make 61,706 parameters. LeCun et
// al. 1998, Gradient-Based Learning Applied to Document Recognition
type LeNet struct {
	graph.Scope
	Classes int
	Act     func(*graph.Node) *graph.Node // nil for ops.Tanh

	Layers nn.Sequential
}

// Apply maps x [n c h w] to logits [n Classes].
func (l *LeNet) Apply(x *graph.Node) *graph.Node {
	return l.Wrap(func() *graph.Node {
		if bad := images("lenet", x, l.Classes); bad != nil {
			return bad
		}
		if l.Act == nil {
			l.Act = ops.Tanh
		}
		if l.Layers == nil {
			l.Layers = nn.Sequential{
				&nn.Conv2D{Out: 6, Kernel: []int{5}, Pad: [][2]int{{2, 2}}, Act: l.Act}, &nn.AvgPool{Window: []int{2}},
				&nn.Conv2D{Out: 16, Kernel: []int{5}, Act: l.Act}, &nn.AvgPool{Window: []int{2}},
				&nn.Flatten{}, &nn.Dense{Out: 120, Act: l.Act}, &nn.Dense{Out: 84, Act: l.Act}, &nn.Dense{Out: l.Classes},
			}
		}
		return l.Layers.Apply(x)
	})
}
