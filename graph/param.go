package graph

import (
	"fmt"
	"math/rand/v2"
	"sync"

	"gorgonia.org/tensor"
)

// An Initializer fills a parameter's first value. It draws all it needs from
// rnd, so that equal seeds give equal values.
type Initializer func(t Tensor, rnd *rand.Rand)

// A Param is a value that persists between runs: a weight, a running statistic,
// a step counter, the state of a random stream.
type Param struct {
	leaf
	Label string // replaced by the path of the field that holds p when nn walks a model
	Type  Type   // without symbols; left out beside a Value, it is that of the Value once Node is called
	Init  Initializer
	Value *tensor.Dense // nil until it is initialized
	// Untrained marks a running statistic, a counter, a random state: what an
	// optimizer leaves alone. Parameters of integers need no mark.
	Untrained bool

	once sync.Once
	node *Node
	// run is held by programs: for reading, or for writing by those that
	// update the parameter. Locks are taken in the order of the nodes.
	run sync.RWMutex
}

func (p *Param) Name() string { return "param " + p.Label }

// Doc says what a parameter is.
func (p *Param) Doc() Doc {
	return Doc{Text: "A value that is kept between runs and that training changes: what a network knows."}
}

func (p *Param) Infer(...Type) (Type, error) {
	if _, ok := p.Type.Shape.Literal(); !ok {
		return Type{}, fmt.Errorf("the shape %v of a parameter must be known: give the input a literal length there", p.Type.Shape)
	}
	return p.Type, nil
}

// Node returns the parameter as a value: always the same node.
func (p *Param) Node() *Node {
	p.once.Do(func() {
		if t, err := FromDense(p.Value); err == nil && p.Type == (Type{}) {
			p.Type = typeOf(t)
		}
		p.node = apply(p, userPC(true), nil)
	})
	return p.node
}

// Reset gives p its first value: what Init writes into zeros.
func (p *Param) Reset(rnd *rand.Rand) error {
	shape, ok := p.Type.Shape.Literal()
	if !ok {
		return fmt.Errorf("parameter %s: the shape %v is not known", p.Label, p.Type.Shape)
	}
	t, err := NewTensor(p.Type.DType, shape...)
	if err == nil {
		if p.Init != nil {
			p.Init(t, rnd)
		}
		p.Value, err = t.Dense()
	}
	if err != nil {
		return fmt.Errorf("parameter %s: %w", p.Label, err)
	}
	return nil
}

// tensor returns the current value, if it fits the type.
func (p *Param) tensor() (Tensor, error) {
	t, _, err := p.memory()
	return t, err
}

// memory returns the current value, if it fits the type, and whether it is a
// copy, as that of a view is.
func (p *Param) memory() (t Tensor, copied bool, err error) {
	if p.Value == nil {
		return Tensor{}, false, fmt.Errorf("parameter %s has no value: call nn.Init(model, seed)", p.Label)
	}
	t, copied, err = fromDense(p.Value)
	if err == nil {
		err = fits(&t, &p.Type)
	}
	if err != nil {
		return Tensor{}, false, fmt.Errorf("parameter %s %v: %w", p.Label, p.Type, err)
	}
	return t, copied, nil
}

// fits compares a tensor with a type without symbols.
func fits(t *Tensor, want *Type) error {
	if t.DType != want.DType {
		return fmt.Errorf("its value has dtype %v", t.DType)
	}
	ok := len(t.Shape) == int(want.Shape.rank)
	for i := 0; ok && i < len(t.Shape); i++ {
		ok = Dim(t.Shape[i]) == want.Shape.dim[i]
	}
	if !ok {
		return fmt.Errorf("its value has shape %v", t.Shape)
	}
	return nil
}

// assign is the value v, which a run that reaches it also stores in p.
type assign struct{ p *Param }

func (a assign) Name() string { return "assign" }
func (a assign) Doc() Doc {
	return Doc{Text: "The value as it is, which the run also stores in a parameter.", Formula: "y = x", Gradient: "x̄ = ȳ"}
}
func (a assign) String() string { return "assign(" + a.p.Label + ")" }
func (a assign) Infer(in ...Type) (Type, error) {
	if in[0] != a.p.Type {
		return Type{}, fmt.Errorf("cannot store {0} in parameter %s %v", a.p.Label, a.p.Type)
	}
	return in[0], nil
}
func (a assign) Eval(out Tensor, in ...Tensor)       { out.Copy(in[0]) }
func (a assign) VJP(_, ct *Node, _ ...*Node) []*Node { return []*Node{ct} }
func (a assign) Choose(bool) int                     { return 0 }
func (a assign) Also() bool                          { return false }
func (a assign) Flops(Type, ...Type) Dim             { return 0 }

// Assign returns the value v, which each run that computes it also stores in
// p. All parameters change together when a run ends well; until then everybody
// reads the old values. Two different values for one parameter in one program
// are an error.
func Assign(p *Param, v *Node) *Node {
	if p == nil {
		return Fail("assign", []*Node{v}, "the parameter is nil")
	}
	return Apply(assign{p}, v)
}
