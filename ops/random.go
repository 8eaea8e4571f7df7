package ops

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/adjointml/adjoint/graph"
)

// Random ops are functions of a state and a stream. The state is two Int64, a
// seed and a step, mostly a parameter whose step each training run counts up
// (see [NextState]); equal states, streams and shapes give equal numbers, on
// any machine and any number of threads. The stream tells apart several draws
// from one state. The generator is Philox4x32-10 (Salmon et al. 2011,
// doi:10.1145/2063384.2063405): element i comes from the counter i and depends
// on no other element.

// random is the part that the drawing ops share.
type random struct {
	flat
	typ    Type
	stream int
}

func (r random) Infer(in ...Type) (Type, error) {
	if in[0] != (Type{DType: graph.Int64, Shape: graph.Of(2)}) {
		return Type{}, errors.New("the random state {0} must be i64[2]: a seed and a step")
	}
	return r.typ, nil
}

// draw gives each element of out what f makes of 64 random bits.
func (r random) draw(out, state Tensor, f func(i int, bits uint64)) {
	s := newSource(state, r.stream)
	for i := range out.Len() {
		f(i, s.at(uint64(i)))
	}
}

// A source is one stream of one state.
type source struct{ key, step uint64 }

func newSource(state Tensor, stream int) source {
	seed := uint64(state.Int(0))
	// streams get keys that differ in all bits
	return source{seed ^ uint64(stream)*0x9e3779b97f4a7c15, uint64(state.Int(1))}
}

// at returns the i-th 64 bits.
func (s source) at(i uint64) uint64 {
	x := philox([4]uint32{uint32(i), uint32(i >> 32), uint32(s.step), uint32(s.step >> 32)}, [2]uint32{uint32(s.key), uint32(s.key >> 32)})
	return uint64(x[0]) | uint64(x[1])<<32
}

// philox is Philox4x32 with ten rounds.
func philox(c [4]uint32, k [2]uint32) [4]uint32 {
	for range 10 {
		h0, l0 := bits.Mul32(0xd2511f53, c[0])
		h1, l1 := bits.Mul32(0xcd9e8d57, c[2])
		c = [4]uint32{h1 ^ c[1] ^ k[0], l1, h0 ^ c[3] ^ k[1], l0}
		k[0] += 0x9e3779b9
		k[1] += 0xbb67ae85
	}
	return c
}

// unit returns a number in [0, 1), with the precision of the dtype.
func unit(d DType, bits uint64) float64 {
	if d == graph.Float32 {
		return float64(bits>>40) / (1 << 24)
	}
	return float64(bits>>11) / (1 << 53)
}

// NextState returns the state for the next step: the same seed, the step after.
func NextState(state *Node) *Node { return Add(state, graph.ConstOf([]int64{0, 1}, 2)) }

// floatType returns the type of a drawing of floats, or an error node.
func drawFloats(name string, op func(random) graph.Op, state *Node, stream int, t Type) *Node {
	if !t.DType.Float() {
		return graph.Fail(name, []*Node{state}, "cannot draw %v: want floats", t)
	}
	return graph.Apply(op(random{typ: t, stream: stream}), state)
}

// Uniform returns numbers drawn evenly from [0, 1).
func Uniform(state *Node, stream int, t Type) *Node {
	return drawFloats("uniform", func(r random) graph.Op { return uniform{r} }, state, stream, t)
}

type uniform struct{ random }

func (uniform) Name() string     { return "uniform" }
func (u uniform) String() string { return fmt.Sprintf("uniform(stream %d)", u.stream) }
func (uniform) Doc() graph.Doc {
	return doc("Random numbers, evenly from 0 to 1; the same state gives the same numbers.", "y = uniform(x)", "x̄ = 0")
}
func (u uniform) Eval(out Tensor, in ...Tensor) {
	u.draw(out, in[0], func(i int, b uint64) { out.Set(i, unit(out.DType, b)) })
}

// Normal returns numbers drawn from the normal distribution with mean 0 and
// standard deviation 1, by the transformation of Box and Muller 1958.
func Normal(state *Node, stream int, t Type) *Node {
	return drawFloats("normal", func(r random) graph.Op { return normal{r} }, state, stream, t)
}

type normal struct{ random }

func (normal) Name() string     { return "normal" }
func (n normal) String() string { return fmt.Sprintf("normal(stream %d)", n.stream) }
func (normal) Doc() graph.Doc {
	return doc("Random numbers of the bell curve with mean 0 and deviation 1; the same state gives the same numbers.", "y = normal(x)", "x̄ = 0")
}
func (n normal) Eval(out Tensor, in ...Tensor) {
	n.draw(out, in[0], func(i int, b uint64) {
		radius := math.Sqrt(-2 * math.Log((float64(b>>32)+1)/(1<<32))) // of (0, 1]
		out.Set(i, radius*math.Cos(2*math.Pi*float64(uint32(b))/(1<<32)))
	})
}

// Bernoulli returns Bool that are true with probability p.
func Bernoulli(state *Node, stream int, p float64, shape Shape) *Node {
	t := Type{DType: graph.Bool, Shape: shape}
	if !(p >= 0 && p <= 1) {
		return graph.Fail("bernoulli", []*Node{state}, "%g is no probability", p)
	}
	return graph.Apply(bernoulli{random{typ: t, stream: stream}, p}, state)
}

type bernoulli struct {
	random
	p float64
}

func (bernoulli) Name() string     { return "bernoulli" }
func (b bernoulli) String() string { return fmt.Sprintf("bernoulli(stream %d p %g)", b.stream, b.p) }
func (b bernoulli) Doc() graph.Doc {
	return doc("A random mask that is true with a given probability, as dropout uses it.", fmt.Sprintf("y = uniform(x) < %g", b.p), "x̄ = 0")
}
func (b bernoulli) Eval(out Tensor, in ...Tensor) {
	y := graph.Data[bool](out)
	b.draw(out, in[0], func(i int, x uint64) { y[i] = unit(graph.Float64, x) < b.p })
}

// Permutation returns the numbers 0 to n-1 as Int64 in a random order, all
// orders being equally likely.
func Permutation(state *Node, stream int, n Dim) *Node {
	return graph.Apply(permutation{random{typ: Type{DType: graph.Int64, Shape: graph.Of(n)}, stream: stream}}, state)
}

type permutation struct{ random }

func (permutation) Name() string     { return "permutation" }
func (p permutation) String() string { return fmt.Sprintf("permutation(stream %d)", p.stream) }
func (permutation) Doc() graph.Doc {
	return doc("The numbers 0, 1, 2 ... in a random order: a shuffle.", "y = permutation(x)", "x̄ = 0")
}
func (p permutation) Eval(out Tensor, in ...Tensor) {
	y := graph.Data[int64](out)
	s := newSource(in[0], p.stream)
	for i := range y {
		y[i] = int64(i)
	}
	for i := len(y) - 1; i > 0; i-- { // Fisher and Yates
		j, _ := bits.Mul64(s.at(uint64(i)), uint64(i+1))
		y[i], y[j] = y[j], y[i]
	}
}

// Categorical returns, for each line of logits along the last axis, the Int64
// number of a class drawn with the probabilities softmax(logits), by the trick
// of adding Gumbel noise and taking the largest.
//
//	logits [... n] -> [...]
func Categorical(state *Node, stream int, logits *Node) *Node {
	if bad := broken("categorical", state, logits); bad != nil {
		return bad
	}
	u := Uniform(state, stream, logits.Type())
	// of (0, 1), so that no class gets infinite noise
	tiny := math.Exp2(-25)
	noise := Neg(Log(Neg(Log(Add(Scale(u, 1-2*tiny), num(tiny))))))
	return ArgMax(Add(logits, noise), -1)
}
