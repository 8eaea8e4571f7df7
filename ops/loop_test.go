package ops_test

import (
	"math"
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// loopLines are the lines of the table for loops; n is mostly the number of steps.
func loopLines() []line {
	return slices.Concat(scanLines(), branchLines(), []line{
		{name: "Pullback", args: []arg{in(-1, 1, b, n), in(-1, 1, b, n)},
			f: func(x ...*node) *node {
				return ops.Pullback([]*node{ops.Sin(x[0]), ops.Square(x[0])}, []*node{ops.Neg(x[1]), nil}, []*node{x[0]})[0]
			},
			want: func(x []array) []float64 {
				return elementwise(x, func(v []float64) float64 { return -math.Cos(v[0]) * v[1] })
			}},
	})
}

// last and each pick a result of a scan.
func last(carry, _ []*node) *node { return carry[0] }
func each1(_, ys []*node) *node   { return ys[0] }

// scanLines are those of Scan: with results of each step and of the last, in both
// directions, of several types, with parameters from outside, in each other.
func scanLines() []line {
	tanh := func(carry, x []*node) (next, y []*node) {
		h := ops.Tanh(ops.Add(carry[0], x[0]))
		return []*node{h}, []*node{ops.Mul(h, x[0])}
	}
	// h = tanh(h + x) over the rows of x [n 3], from the first or from the last
	ref := func(reverse bool, result func(h, x float64) float64) func(x []array) []float64 {
		return func(x []array) []float64 {
			steps := x[1].shape[0]
			out := make([]float64, 3*steps)
			for j := range 3 {
				h := x[0].v[j]
				for k := range steps {
					t := k
					if reverse {
						t = steps - 1 - k
					}
					h = math.Tanh(h + x[1].v[3*t+j])
					if result == nil {
						out[j] = h
					} else {
						out[3*t+j] = result(h, x[1].v[3*t+j])
					}
				}
				if result == nil && steps == 0 {
					out = append(out, h)
				}
			}
			if result == nil {
				return out[:3]
			}
			return out
		}
	}
	start, through := in(-1, 1, 3), in(-1, 1, n, 3)
	lines := []line{
		{name: "Scan", args: []arg{start, through}, want: ref(false, func(h, x float64) float64 { return h * x }),
			f: func(x ...*node) *node { return each1(ops.Scan(tanh, x[:1], x[1:])) }},
		{name: "Scan/last", args: []arg{start, through}, want: ref(false, nil),
			f: func(x ...*node) *node { return last(ops.Scan(tanh, x[:1], x[1:])) }},
		{name: "Scan/reverse", args: []arg{start, through}, want: ref(true, func(h, x float64) float64 { return h * x }),
			f: func(x ...*node) *node {
				return each1(ops.Scan(tanh, x[:1], x[1:], ops.ScanOptions{Reverse: true}))
			}},
		{name: "Scan/checkpoint", args: []arg{start, through}, want: ref(false, func(h, x float64) float64 { return h * x }),
			f: func(x ...*node) *node {
				return each1(ops.Scan(tanh, x[:1], x[1:], ops.ScanOptions{Checkpoint: true}))
			}},
		{name: "Scan/both", args: []arg{start, through},
			f: func(x ...*node) *node {
				carry, ys := ops.Scan(tanh, x[:1], x[1:])
				return ops.Concat(0, carry[0], ops.Sum(ys[0], 0))
			}},
	}
	return append(lines, weightLines()...)
}

// weightLines are scans with what a network has: products with weights.
func weightLines() []line {
	cell := func(w *node) func(carry, x []*node) (next, y []*node) {
		return func(carry, x []*node) (next, y []*node) {
			h := ops.Tanh(ops.Add(ops.MatMul(carry[0], w), x[0]))
			return []*node{h}, []*node{h}
		}
	}
	count := func(o ...ops.ScanOptions) func(x ...*node) *node {
		return func(x ...*node) *node { // the sum of k·xᵏ, which carries a whole number too
			carry, _ := ops.Scan(func(c, _ []*node) (next, y []*node) {
				k := ops.Add(c[0], graph.Scalar(1))
				p := ops.Mul(c[1], x[0])
				return []*node{k, p, ops.Add(c[2], ops.Mul(ops.Convert(k, p.DType()), p))}, nil
			}, []*node{graph.ScalarOf(graph.Int64, 0), ops.Add(ops.Scale(x[0], 0), graph.Scalar(1)), ops.Scale(x[0], 0)}, nil, o...)
			return carry[2]
		}
	}
	return []line{
		{name: "Scan/weights", args: []arg{in(-1, 1, b, 3), in(-1, 1, n, b, 3), in(-1, 1, 3, 3)},
			f: func(x ...*node) *node { return each1(ops.Scan(cell(x[2]), x[:1], x[1:2])) }},
		{name: "Scan/projections", args: []arg{in(-1, 1, b, 3), in(-1, 1, b, n, 2), in(-1, 1, 2, 3), in(-1, 1, 3, 3), in(-1, 1, 3)},
			f: func(x ...*node) *node {
				_, ys := ops.Scan(func(c, s []*node) (next, y []*node) {
					z := ops.Add(ops.Add(ops.MatMul(s[0], x[2]), x[4]), ops.MatMul(c[0], x[3]))
					h := ops.Sigmoid(z)
					return []*node{h}, []*node{ops.MatMul(h, ops.Transpose(h))}
				}, x[:1], []*node{ops.Transpose(x[1], 1, 0, 2)})
				return ys[0]
			}},
		{name: "Scan/length", args: []arg{in(0.5, 1.2, b)}, f: count(ops.ScanOptions{Length: 4}),
			want: func(x []array) (out []float64) {
				for _, v := range x[0].v {
					out = append(out, v+2*v*v+3*v*v*v+4*v*v*v*v)
				}
				return out
			}},
		{name: "Scan/nested", args: []arg{in(-1, 1, 2), in(-1, 1, n, 3, 2)},
			f: func(x ...*node) *node {
				_, ys := ops.Scan(func(c, s []*node) (next, y []*node) {
					inner, each := ops.Scan(func(d, r []*node) (next, y []*node) {
						h := ops.Tanh(ops.Add(ops.Mul(d[0], c[0]), r[0]))
						return []*node{h}, []*node{h}
					}, c, s)
					return inner, []*node{ops.Sum(each[0], 0)}
				}, x[:1], x[1:])
				return ys[0]
			}},
		{name: "Scan/gradient", args: []arg{in(-1, 1, 3), in(-1, 1, n, 3)},
			f: func(x ...*node) *node { // a gradient in the body
				carry, _ := ops.Scan(func(c, s []*node) (next, y []*node) {
					g := ops.Pullback([]*node{ops.Square(ops.Sin(c[0]))}, []*node{s[0]}, c)[0]
					return []*node{ops.Sub(c[0], ops.Scale(g, 0.1))}, nil
				}, x[:1], x[1:])
				return carry[0]
			}},
	}
}

// branchLines are those of While and Cond.
func branchLines() []line {
	power := func(limit int) func(x ...*node) *node { // x·sin x·sin(x·sin x) ... three times
		return func(x ...*node) *node {
			return ops.While(
				func(c []*node) *node { return ops.Less(c[0], graph.Scalar(3)) },
				func(c []*node) []*node {
					return []*node{ops.Add(c[0], graph.Scalar(1)), ops.Mul(ops.Sin(c[1]), x[1])}
				},
				[]*node{graph.ScalarOf(graph.Int64, 0), x[0]}, limit)[1]
		}
	}
	cond := func(positive bool) func(x ...*node) *node {
		return func(x ...*node) *node {
			z := ops.Mul(x[0], x[1])
			test := ops.Greater(ops.Sum(ops.Square(z)), graph.Scalar(-1))
			if !positive {
				test = ops.Not(test)
			}
			return ops.Cond(test,
				func() []*node { return []*node{ops.Mul(ops.Sin(z), z)} },
				func() []*node { return []*node{ops.Exp(z)} })[0]
		}
	}
	pair := []arg{in(0.2, 1, b, n), in(0.2, 1, b, n)}
	return []line{
		{name: "While", args: pair, f: power(5),
			want: func(x []array) []float64 {
				return elementwise(x, func(v []float64) float64 {
					y := v[0]
					for range 3 {
						y = math.Sin(y) * v[1]
					}
					return y
				})
			}},
		{name: "While/limit", args: pair, f: power(2),
			want: func(x []array) []float64 {
				return elementwise(x, func(v []float64) float64 { return math.Sin(math.Sin(v[0])*v[1]) * v[1] })
			}},
		{name: "Cond", args: pair, f: cond(true),
			want: func(x []array) []float64 {
				return elementwise(x, func(v []float64) float64 { return math.Sin(v[0]*v[1]) * v[0] * v[1] })
			}},
		{name: "Cond/else", args: pair, f: cond(false),
			want: func(x []array) []float64 {
				return elementwise(x, func(v []float64) float64 { return math.Exp(v[0] * v[1]) })
			}},
		{name: "Scan/branches", args: []arg{in(0.2, 1, 3), in(0.2, 1, n, 3)},
			f: func(x ...*node) *node { // even steps and odd ones do different things
				_, ys := ops.Scan(func(c, s []*node) (next, y []*node) {
					p := ops.Mul(c[0], s[0])
					h := ops.Cond(ops.Equal(ops.Mod(c[1], graph.Scalar(2)), graph.Scalar(0)),
						func() []*node { return []*node{ops.Sin(p)} },
						func() []*node { return []*node{ops.Add(ops.Square(p), p)} })
					return []*node{h[0], ops.Add(c[1], graph.Scalar(1))}, h
				}, []*node{x[0], graph.ScalarOf(graph.Int64, 0)}, x[1:])
				return ys[0]
			}},
	}
}
