package zoo

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// VGG is a plain stack of convolutions of 3x3 and three dense layers, named by its
// number of layers.
//
//	x [n c h w] -> logits [n Classes]
//
// Images of 224 by 224 with 3 channels and 1000 classes make 132,863,336 parameters
// with 11 layers and 138,357,544 with 16. Height and width must be known and at
// least 32. Simonyan and Zisserman 2014, arXiv:1409.1556
type VGG struct {
	graph.Scope
	Classes int
	Layers  int  // 11, 13, 16 or 19; 0 means 16
	Width   int  // channels of the first stage; 0 means 64
	Hidden  int  // width of the dense layers; 0 means 4096
	Norm    bool // a batch norm after each convolution

	Features, Head nn.Sequential
}

// vggStages has the convolutions of each stage.
var vggStages = map[int][5]int{11: {1, 1, 2, 2, 2}, 13: {2, 2, 2, 2, 2}, 16: {2, 2, 3, 3, 3}, 19: {2, 2, 4, 4, 4}}

// Apply maps x [n c h w] to logits [n Classes].
func (v *VGG) Apply(x *graph.Node) *graph.Node {
	return v.Wrap(func() *graph.Node {
		if bad := v.prepare(x); bad != nil {
			return bad
		}
		return v.Head.Apply(v.Features.Apply(x))
	})
}

// prepare makes the layers, or says why it cannot.
func (v *VGG) prepare(x *graph.Node) *graph.Node {
	if bad := images("vgg", x, v.Classes); bad != nil {
		return bad
	}
	if v.Layers == 0 {
		v.Layers = 16
	}
	stages, ok := vggStages[v.Layers]
	if !ok || v.Width < 0 || v.Hidden < 0 {
		return graph.Fail("vgg", []*graph.Node{x}, "Layers %d, Width %d, Hidden %d: want 11, 13, 16 or 19 layers, and no negative width", v.Layers, v.Width, v.Hidden)
	}
	if h, w := x.Shape().Dim(2), x.Shape().Dim(3); h < 32 || w < 32 {
		return graph.Fail("vgg", []*graph.Node{x}, "height and width of {0} must be known and at least 32, as they are halved five times")
	}
	if v.Features != nil {
		return nil
	}
	if v.Width == 0 {
		v.Width = 64
	}
	if v.Hidden == 0 {
		v.Hidden = 4096
	}
	for stage, n := range stages {
		for range n {
			v.Features = append(v.Features, &nn.Conv2D{Out: v.Width << min(stage, 3), Kernel: []int{3}, Pad: [][2]int{{1, 1}}, Init: nn.HeNormal})
			if v.Norm {
				v.Features = append(v.Features, &nn.BatchNorm{})
			}
			v.Features = append(v.Features, nn.Func(ops.ReLU))
		}
		v.Features = append(v.Features, &nn.MaxPool{Window: []int{2}})
	}
	v.Head = nn.Sequential{
		&nn.Flatten{},
		&nn.Dense{Out: v.Hidden, Act: ops.ReLU}, &nn.Dropout{Rate: 0.5},
		&nn.Dense{Out: v.Hidden, Act: ops.ReLU}, &nn.Dropout{Rate: 0.5},
		&nn.Dense{Out: v.Classes},
	}
	return nil
}
