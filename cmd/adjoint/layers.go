package main

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// activations are functions of elements by name.
var activations = map[string]func(*graph.Node) *graph.Node{
	"relu": ops.ReLU, "gelu": ops.GELU, "silu": ops.SiLU, "tanh": ops.Tanh, "sigmoid": ops.Sigmoid, "softplus": ops.Softplus,
	"elu": func(x *graph.Node) *graph.Node { return ops.ELU(x, 1) },
}

// A kind of layer reads its entries, the first of which is named after it, and
// returns what makes the layer: the same description may be built twice.
type kind struct {
	does string
	read func(f *fields) func() nn.Layer
}

var kinds = map[string]kind{
	"dense": {"dense: 64 units; act", func(f *fields) func() nn.Layer {
		out, act := f.whole("dense", 0, 1), activation(f)
		init := graph.Initializer(nil)
		if act != nil {
			init = nn.HeUniform
		}
		return func() nn.Layer { return &nn.Dense{Out: out, Act: act, Init: init} }
	}},
	"conv": {"conv: 32 channels; kernel: 3, stride: 1, same: true, act", func(f *fields) func() nn.Layer {
		out, kernel, stride, same, act := f.whole("conv", 0, 1), f.wholes("kernel", 3), f.wholes("stride", 1), f.yes("same"), activation(f)
		return func() nn.Layer {
			return activated(&nn.Conv2D{Out: out, Kernel: kernel, Stride: stride, Same: same}, act)
		}
	}},
	"maxpool": {"maxpool: 2, the window; stride", func(f *fields) func() nn.Layer {
		window, stride := f.wholes("maxpool"), f.wholes("stride")
		return func() nn.Layer { return &nn.MaxPool{Window: window, Stride: stride} }
	}},
	"avgpool": {"avgpool: 2, the window; stride", func(f *fields) func() nn.Layer {
		window, stride := f.wholes("avgpool"), f.wholes("stride")
		return func() nn.Layer { return &nn.AvgPool{Window: window, Stride: stride} }
	}},
	"globalpool": {"globalpool, the mean of each channel", func(f *fields) func() nn.Layer {
		f.yes("globalpool")
		return func() nn.Layer { return &nn.GlobalPool{} }
	}},
	"flatten": {"flatten", func(f *fields) func() nn.Layer {
		f.yes("flatten")
		return func() nn.Layer { return &nn.Flatten{} }
	}},
	"dropout": {"dropout: 0.3, the share that is dropped", func(f *fields) func() nn.Layer {
		rate := f.number("dropout", 0)
		return func() nn.Layer { return &nn.Dropout{Rate: rate} }
	}},
	"batchnorm": {"batchnorm", func(f *fields) func() nn.Layer {
		f.yes("batchnorm")
		return func() nn.Layer { return &nn.BatchNorm{} }
	}},
	"layernorm": {"layernorm", func(f *fields) func() nn.Layer {
		f.yes("layernorm")
		return func() nn.Layer { return &nn.LayerNorm{} }
	}},
	"lstm": {"lstm: 64 units, of rows [time features]; last: true keeps the last step", func(f *fields) func() nn.Layer {
		out, last := f.whole("lstm", 0, 1), f.yes("last")
		return func() nn.Layer { return recurrent(&nn.LSTM{Out: out}, last) }
	}},
	"gru": {"gru: 64 units, as lstm", func(f *fields) func() nn.Layer {
		out, last := f.whole("gru", 0, 1), f.yes("last")
		return func() nn.Layer { return recurrent(&nn.GRU{Out: out}, last) }
	}},
	"reshape": {"reshape: [1, 28, 28], of each row", func(f *fields) func() nn.Layer {
		var dims []graph.Dim
		for _, n := range f.wholes("reshape") {
			dims = append(dims, graph.Dim(n))
		}
		return func() nn.Layer { return &nn.Reshape{Dims: dims} }
	}},
	"act": {"act: relu, a function alone", func(f *fields) func() nn.Layer {
		act := activation(f)
		return func() nn.Layer { return nn.Func(act) }
	}},
}

func activation(f *fields) func(*graph.Node) *graph.Node {
	name := f.text("act", "")
	if name == "" {
		return nil
	}
	act, ok := activations[name]
	if !ok {
		f.fail(f.value["act"].Line, "act %q: want one of %s", name, sorted(activations))
	}
	return act
}

func activated(l nn.Layer, act func(*graph.Node) *graph.Node) nn.Layer {
	if act == nil {
		return l
	}
	return nn.Sequential{l, nn.Func(act)}
}

func recurrent(l nn.Layer, last bool) nn.Layer {
	if !last {
		return l
	}
	return nn.Sequential{l, nn.Func(func(x *graph.Node) *graph.Node { return ops.Index(x, 1, -1) })}
}

// readModel reads the list of layers.
func (d *description) readModel(f *fields) {
	f.asked["model"] = true
	list, ok := f.value["model"]
	if !ok || list.Kind != yaml.SequenceNode {
		f.fail(f.line, "model: want a list of layers, such as [{dense: 32, act: relu}]; the output layer is added")
		return
	}
	for _, n := range list.Content {
		l := newFields("layer", n, f.wrong)
		var found []string
		for name := range l.value {
			if _, ok := kinds[name]; ok && (name != "act" || len(l.value) == 1) {
				found = append(found, name)
			}
		}
		slices.Sort(found)
		if len(found) != 1 {
			l.fail(n.Line, "want one kind, of %s; got %s", sorted(kinds), sorted(l.value))
			continue
		}
		l.of = found[0]
		d.layers = append(d.layers, kinds[found[0]].read(l))
		l.rest()
	}
}
