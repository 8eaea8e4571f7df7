package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

func param() *graph.Param {
	return &graph.Param{Type: graph.Type{Shape: graph.Of(3)}, Init: nn.Normal(0, 1)}
}

func labels(list []*graph.Param) (names []string) {
	for _, p := range list {
		names = append(names, p.Label)
	}
	return names
}

type block struct {
	graph.Scope
	W     *graph.Param
	Inner *block
	Name  string
}

func (b *block) Apply(x *graph.Node) *graph.Node {
	return b.Wrap(func() *graph.Node { return ops.Mul(x, b.W.Node()) })
}

type base struct{ Bias *graph.Param }

func TestParams(t *testing.T) {
	shared := param()
	model := struct {
		base
		Scale  graph.Param
		Layers []any
		Pair   [2]*block
		Named  map[string]*block
		Sizes  map[int]*graph.Param
		Any    any
		None   *block
		Shared *graph.Param
		hidden *graph.Param
		Act    func(*graph.Node) *graph.Node
		Node   *graph.Node
	}{
		base:   base{Bias: param()},
		Layers: []any{&block{W: param()}, nil, nn.Sequential{nn.Func(ops.ReLU), &block{W: shared}}},
		Pair:   [2]*block{{W: param(), Inner: &block{W: param()}}, nil},
		Named:  map[string]*block{"b": {W: param()}, "a": {W: param()}},
		Sizes:  map[int]*graph.Param{10: param(), 9: param(), -1: param()},
		Any:    param(),
		Shared: shared,
		hidden: param(),
		Act:    ops.ReLU,
		Node:   graph.Input("x"),
	}
	want := []string{
		"base.Bias", "Scale", "Layers.0.W", "Layers.2.1.W", "Pair.0.W", "Pair.0.Inner.W",
		"Named.a.W", "Named.b.W", "Sizes.-1", "Sizes.9", "Sizes.10", "Any",
	}
	list := nn.Params(&model)
	assert.Equal(t, want, labels(list))
	assert.Same(t, shared, list[3], "the first path counts")
	assert.Empty(t, model.hidden.Label)
	assert.Equal(t, "Pair.0", model.Pair[0].Label)
	assert.Equal(t, "Pair.0.Inner", model.Pair[0].Inner.Label)
	assert.Equal(t, "Named.a", model.Named["a"].Label)
	assert.Equal(t, want[2:4], labels(nn.Params(struct{ Layers []any }{model.Layers})), "a model by value")
}

func TestParamsOfNothing(t *testing.T) {
	assert.Empty(t, nn.Params(nil))
	assert.Empty(t, nn.Params(3))
	assert.Empty(t, nn.Params((*block)(nil)))
	assert.Empty(t, nn.Params([]float32{1, 2}))
	nn.Init(nil, 1)
	p := param()
	p.Label = "mine"
	assert.Equal(t, []*graph.Param{p}, nn.Params(p))
	assert.Equal(t, "mine", p.Label)
	assert.Equal(t, []*graph.Param{p}, nn.Params([]*graph.Param{p, nil, p}))
}

// TestParamsCycle walks models that contain themselves.
func TestParamsCycle(t *testing.T) {
	b := &block{W: param()}
	b.Inner = &block{W: param(), Inner: b}
	assert.Equal(t, []string{"W", "Inner.W"}, labels(nn.Params(b)))
	list := []any{param(), nil, nil}
	m := map[string]any{"list": list}
	list[1], list[2] = list, m
	assert.Equal(t, []string{"0"}, labels(nn.Params(list)))
}

// TestInit checks that a value depends on the seed and the path alone.
func TestInit(t *testing.T) {
	build := func(seed uint64, extra bool) map[string][]float64 {
		model := map[string]*graph.Param{"a": param(), "b": param()}
		if extra {
			model["aa"] = param()
		}
		nn.Init(model, seed)
		out := map[string][]float64{}
		for _, p := range nn.Params(model) {
			out[p.Label] = value(t, p)
		}
		return out
	}
	one, more := build(1, false), build(1, true)
	assert.Equal(t, one, build(1, false))
	assert.NotEqual(t, one["a"], one["b"])
	assert.NotEqual(t, one["a"], build(2, false)["a"])
	assert.Equal(t, one["a"], more["a"])
	assert.Equal(t, one["b"], more["b"])
}

// TestInitUnknown leaves out what has no shape yet.
func TestInitUnknown(t *testing.T) {
	p := param()
	p.Type.Shape = graph.Of(graph.Sym("n"), 2)
	q := param()
	nn.Init([]*graph.Param{p, q}, 1)
	assert.Nil(t, p.Value)
	assert.NotNil(t, q.Value)
	_, err := graph.Compile(p.Node())
	assert.ErrorContains(t, err, "the shape [n 2] of a parameter must be known")
}

// TestInitAgain gives the first values back.
func TestInitAgain(t *testing.T) {
	p := param()
	nn.Init(p, 1)
	first := value(t, p)
	set(t, p, 1, 2, 3)
	nn.Init(p, 1)
	assert.Equal(t, first, value(t, p))
}

// TestLabelsFollowTheModel names the parameters by the model walked last.
func TestLabelsFollowTheModel(t *testing.T) {
	b := &block{W: param()}
	nn.Params(struct{ Trunk []*block }{[]*block{b}})
	assert.Equal(t, "Trunk.0.W", b.W.Label)
	assert.Equal(t, "Trunk.0", b.Label)
	nn.Params(b)
	assert.Equal(t, "W", b.W.Label)
}
