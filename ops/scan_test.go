package ops_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// zeros is a float32 value to begin with.
func zeros(dims ...graph.Dim) *node { return graph.Zeros(graph.Type{Shape: graph.Of(dims...)}) }

// TestScanCompilesAnyLength compiles scans of few and of many steps, with their
// gradients: the graphs are of one size, and one program runs both.
func TestScanCompilesAnyLength(t *testing.T) {
	n := graph.Sym("n")
	x := graph.InputOf(graph.Float64, "x", n)
	c, _ := ops.Scan(func(c, s []*node) (next, y []*node) {
		return []*node{ops.Add(ops.Mul(c[0], s[0]), graph.Scalar(1))}, nil
	}, []*node{graph.ScalarOf(graph.Float64, 0)}, []*node{x})
	p, err := graph.Compile(c[0], autodiff.Grad(c[0], x)[0])
	require.NoError(t, err)
	assert.Less(t, p.Len(), 20)
	for _, n := range []int{0, 1, 2, 4096} {
		v, err := graph.NewTensor(graph.Float64, n)
		require.NoError(t, err)
		for i := range n {
			v.Set(i, 0.5)
		}
		out, err := p.Eval(context.Background(), x.IsTensor(v))
		require.NoError(t, err)
		want, slope := 0.0, 0.0 // of the last element
		for range n {
			slope, want = want, want*0.5+1
		}
		assert.InDelta(t, want, out[0].At(0), 1e-12, n)
		if n > 0 {
			assert.InDelta(t, slope, out[1].At(n-1), 1e-12, n)
		}
	}
}

// TestScanDrawsAtEachStep checks that random ops in loops draw other numbers at
// each step, the same in the gradient, and in nested loops too.
func TestScanDrawsAtEachStep(t *testing.T) {
	state := graph.ConstOf([]int64{7, 0}, 2)
	number := graph.Type{DType: graph.Float64}
	draw := func(o ...ops.ScanOptions) *node {
		_, ys := ops.Scan(func(_, _ []*node) (next, y []*node) {
			return nil, []*node{ops.Uniform(state, 0, number)}
		}, nil, nil, o...)
		return ys[0]
	}
	flat := eval(t, draw(ops.ScanOptions{Length: 50}))
	assert.Equal(t, flat, eval(t, draw(ops.ScanOptions{Length: 50})), "the same each time")
	different(t, flat, 50)
	_, nested := ops.Scan(func(_, _ []*node) (next, y []*node) {
		return nil, []*node{draw(ops.ScanOptions{Length: 7})}
	}, nil, nil, ops.ScanOptions{Length: 6})
	different(t, eval(t, nested[0]), 42)
	while := ops.While(func(c []*node) *node { return ops.Less(c[0], graph.Scalar(30)) },
		func(c []*node) []*node {
			return []*node{ops.Add(c[0], graph.Scalar(1)), ops.Uniform(state, 0, number), ops.Maximum(c[2], ops.Abs(ops.Sub(c[1], ops.Uniform(state, 0, number))))}
		}, []*node{graph.ScalarOf(graph.Int64, 0), graph.ScalarOf(graph.Float64, 0), graph.ScalarOf(graph.Float64, 0)}, 0)
	assert.Greater(t, eval(t, while[2])[0], 0.5, "numbers of steps differ")

	// y = Σ r·x, whose slope must be Σ r for the same r, checkpoints or not
	x := graph.ScalarOf(graph.Float64, 1)
	for _, o := range []ops.ScanOptions{{Length: 20}, {Length: 20, Checkpoint: true}} {
		c, _ := ops.Scan(func(c, _ []*node) (next, y []*node) {
			return []*node{ops.Add(c[0], ops.Mul(ops.Uniform(state, 0, number), x))}, nil
		}, []*node{graph.ScalarOf(graph.Float64, 0)}, nil, o)
		same(t, eval(t, c[0]), slopes(t, c[0], x), 1e-12, o)
	}
}

// different checks that n numbers differ.
func different(t *testing.T, v []float64, n int) {
	sorted := slices.Clone(v)
	slices.Sort(sorted)
	assert.Len(t, slices.Compact(sorted), n)
}

// TestScanAssigns checks what bodies assign: the value of the last step, once, and
// only in the mode that they are for.
func TestScanAssigns(t *testing.T) {
	param := func(label string) *graph.Param {
		p := &graph.Param{Label: label, Type: graph.Type{DType: graph.Float64}}
		require.NoError(t, p.Reset(nil))
		return p
	}
	for _, nested := range []bool{false, true} {
		sum, count := param("sum"), param("count")
		scan := func(x *node) *node {
			c, _ := ops.Scan(func(c, s []*node) (next, y []*node) {
				h := ops.Add(c[0], s[0])
				trained := ops.After(h, graph.Assign(sum, h), graph.Assign(count, ops.Add(count.Node(), graph.Scalar(1))))
				return []*node{ops.InTraining(trained, h)}, nil
			}, []*node{graph.ScalarOf(graph.Float64, 0)}, []*node{x})
			return c[0]
		}
		x := vec(1, 2, 3, 4)
		y := scan(x)
		if nested {
			c, _ := ops.Scan(func(_, s []*node) (next, y []*node) { return []*node{scan(s[0])}, nil },
				[]*node{graph.ScalarOf(graph.Float64, 0)}, []*node{ops.Reshape(x, 2, 2)})
			y = c[0]
		}
		g := autodiff.Grad(y, x)[0]
		p, err := graph.Compile(y, g)
		require.NoError(t, err)
		_, err = p.Eval(context.Background())
		require.NoError(t, err)
		assert.Equal(t, []float64{0, 0}, []float64{sum.Value.Float64s()[0], count.Value.Float64s()[0]}, "not in inference")
		p, err = graph.CompileTraining([]*node{y, g})
		require.NoError(t, err)
		for range 2 {
			_, err = p.Eval(context.Background())
			require.NoError(t, err)
		}
		want := 10.0
		if nested {
			want = 7
		}
		assert.Equal(t, []float64{want, 2}, []float64{sum.Value.Float64s()[0], count.Value.Float64s()[0]}, "once a run")
	}
}

// TestScanKeepsLittle compares the memory of gradients with and without
// checkpoints.
func TestScanKeepsLittle(t *testing.T) {
	bytes := func(n graph.Dim, checkpoint bool) int {
		w := graph.Input("w", 4, 4)
		c, _ := ops.Scan(func(c, _ []*node) (next, y []*node) {
			return []*node{ops.Tanh(ops.MatMul(c[0], w))}, nil
		}, []*node{graph.Const(ones(t, 64, 4))}, nil, ops.ScanOptions{Length: n, Checkpoint: checkpoint})
		p, err := graph.Compile(autodiff.Grad(ops.Sum(c[0]), w)[0])
		require.NoError(t, err)
		s, err := p.Stats()
		require.NoError(t, err)
		return s.Bytes
	}
	long, short := bytes(4096, false), bytes(1024, false)
	assert.InDelta(t, 4, float64(long)/float64(short), 0.3, "linear in the steps")
	assert.Greater(t, long, 4096*256*4)
	assert.Less(t, long, 10*4096*256*4)
	long, short = bytes(4096, true), bytes(1024, true)
	assert.InDelta(t, 2, float64(long)/float64(short), 0.4, "about the square root")
	assert.Less(t, long, 4096*256*4/4)
}

// TestScanLean sums products in a loop, in memory that grows with the steps or does
// not, with the same results.
func TestScanLean(t *testing.T) {
	run := func(n int, lean bool) (values []float64, bytes int) {
		w, x := graph.InputOf(graph.Float64, "w", 4, 4), graph.InputOf(graph.Float64, "x", 32, 4)
		out, _ := ops.Scan(func(c, _ []*node) (next, y []*node) {
			z := ops.Tanh(ops.MatMul(c[0], w))
			return []*node{z, ops.Add(c[1], ops.MatMul(ops.Transpose(c[0]), z))}, nil
		}, []*node{x, graph.Zeros(w.Type())}, nil, ops.ScanOptions{Length: graph.Dim(n), Lean: lean})
		g := autodiff.Grad(ops.Sum(ops.Square(out[1])), w)[0]
		feeds := []graph.Feed{w.IsTensor(filled(t, 4, 4)), x.IsTensor(filled(t, 32, 4))}
		for _, y := range []*node{out[1], g} {
			p, err := graph.Compile(y)
			require.NoError(t, err)
			r, err := p.Eval(context.Background(), feeds...)
			require.NoError(t, err)
			for i := range r[0].Len() {
				values = append(values, r[0].At(i))
			}
			if y == g {
				continue
			}
			s, err := p.Stats(feeds...)
			require.NoError(t, err)
			bytes = s.Bytes
		}
		return values, bytes
	}
	full, fullBytes := run(1000, false)
	lean, leanBytes := run(1000, true)
	for i := range full {
		assert.InEpsilon(t, full[i], lean[i], 1e-12)
	}
	_, few := run(10, true)
	assert.Equal(t, few, leanBytes)
	assert.Greater(t, fullBytes, 1000*32*4*8)
}

// TestScanAllocatesNothing counts allocations of runs, which must not depend on
// the number of steps.
func TestScanAllocatesNothing(t *testing.T) {
	x, w := graph.Input("x", 100, 2, 8), graph.Input("w", 8, 8)
	c, _ := ops.Scan(func(c, s []*node) (next, y []*node) {
		return []*node{ops.Tanh(ops.Add(ops.MatMul(c[0], w), s[0]))}, nil
	}, []*node{zeros(2, 8)}, []*node{x})
	p, err := graph.Compile(append(c, autodiff.Grad(ops.Sum(c[0]), w)...)...)
	require.NoError(t, err)
	feeds := []graph.Feed{x.Is(ones(t, 100, 2, 8)), w.Is(ones(t, 8, 8))}
	out, err := p.Run(feeds...)
	require.NoError(t, err)
	n := testing.AllocsPerRun(20, func() {
		if err := p.RunInto(out, feeds...); err != nil {
			t.Error(err)
		}
	})
	assert.LessOrEqual(t, n, 2.0)
}

// TestLoopsAreCancelled cancels a loop that would never end.
func TestLoopsAreCancelled(t *testing.T) {
	x := graph.Input("x")
	y := ops.While(func(c []*node) *node { return ops.Less(c[0], graph.Scalar(1)) },
		func(c []*node) []*node { return []*node{ops.Scale(c[0], 0.5)} }, []*node{x}, 0)
	p, err := graph.Compile(y...)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	zero, err := graph.NewTensor(graph.Float32)
	require.NoError(t, err)
	_, err = p.Eval(ctx, x.IsTensor(zero))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestScanOfWeightsIsOneProduct looks at the instructions of a recurrent network's
// gradient: the loops keep one product each, and those with the inputs and for the
// weights are over all steps.
func TestScanOfWeightsIsOneProduct(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ADJOINT_PASSES", dir)
	const steps, batch, width = 50, 4, 8
	x, w, u := graph.Input("x", steps, batch, 3), graph.Input("w", 3, width), graph.Input("u", width, width)
	_, ys := ops.Scan(func(c, s []*node) (next, y []*node) {
		h := ops.Tanh(ops.Add(ops.MatMul(s[0], w), ops.MatMul(c[0], u)))
		return []*node{h}, []*node{h}
	}, []*node{zeros(batch, width)}, []*node{x})
	p, err := graph.Compile(autodiff.Grad(ops.Sum(ops.Square(ys[0])), w, u)...)
	require.NoError(t, err)
	lowered := lastListing(t, dir, "lower")
	var inside, outside []string
	for line := range strings.Lines(lowered) {
		if !strings.Contains(line, "contract") {
			continue
		}
		if strings.HasPrefix(line, " ") {
			inside = append(inside, line)
		} else {
			outside = append(outside, line)
		}
	}
	assert.Len(t, inside, 2, "h·u and its gradient: %s", lowered)
	all := strings.Join(outside, "")
	assert.Contains(t, all, fmt.Sprintf("f32[%d %d %d]", steps, batch, width), "x·w of all steps")
	assert.Contains(t, all, fmt.Sprintf("[%d %d]:[1 %d]", width, steps*batch, width), "the gradient of u is one product over all steps")
	assert.Contains(t, all, fmt.Sprintf("[%d %d]:[1 %d]", 3, steps*batch, 3), "the gradient of w too")
	s, err := p.Stats()
	require.NoError(t, err)
	products := 2 * steps * batch * width * (3 + width + width + width + 3) // x·w, h·u and the three gradients
	assert.InDelta(t, products, s.Flops, 0.2*float64(products))
}

// TestLoopListing shows the body of a loop in a listing.
func TestLoopListing(t *testing.T) {
	x := graph.Input("x", 5, 2)
	c, _ := ops.Scan(func(c, s []*node) (next, y []*node) {
		return []*node{ops.Tanh(ops.Add(c[0], s[0]))}, nil
	}, []*node{zeros(2)}, []*node{x})
	text := graph.Listing(c[0])
	assert.Regexp(t, `(?m)^v2 = scan\(carry 0\) f32\[2\] v1 v0 // .*\n\tv0 = arg f32\[2\] .*\n\tv1 = arg f32\[2\] .*\n\tv2 = add f32\[2\] v0 v1 .*\n\tv3 = tanh f32\[2\] v2 .*\n\tnext v3\n`, text)
	p, err := graph.Compile(c[0])
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^\tv\d = add f32\[2\]`, p.Listing())
	profile, err := p.Profile(x.Is(ones(t, 5, 2)))
	require.NoError(t, err)
	assert.Regexp(t, `scan of 5 steps: 1 instructions`, profile.String())
	assert.Contains(t, profile.String(), "add")
}

// TestLoopMistakes is about messages.
func TestLoopMistakes(t *testing.T) {
	x, y := graph.Input("x", 4, 2), graph.Input("y", 5, 2)
	same := func(c, _ []*node) (next, y []*node) { return c, nil }
	scan := func(body func(c, s []*node) (next, y []*node), init, xs []*node, o ...ops.ScanOptions) *node {
		c, ys := ops.Scan(body, init, xs, o...)
		return append(c, ys...)[0]
	}
	for words, bad := range map[string]*node{
		"scan: x [4 2] and y [5 2] have different lengths along axis 0, 4 and 5":                                 scan(same, []*node{zeros(2)}, []*node{x, y}),
		"scan: x [4 2] has 4 steps, not the Length 3":                                                            scan(same, []*node{zeros(2)}, []*node{x}, ops.ScanOptions{Length: 3}),
		"scan: [] has no axis to go along":                                                                       scan(same, []*node{zeros(2)}, []*node{zeros()}),
		"scan: the body returns 0 carries, but there are 1: return the next value of each":                       scan(func(_, _ []*node) (next, y []*node) { return nil, nil }, []*node{zeros(2)}, []*node{x}),
		"scan: carry 0 is f32[2] before the first step, but f32[1 2] after it: it must keep its dtype and shape": scan(func(c, _ []*node) (next, y []*node) { return []*node{ops.Expand(c[0], 0)}, nil }, []*node{zeros(2)}, []*node{x}),
		"matmul: cannot multiply [2] by x [4 2]: inner lengths 2 and 4 differ":                                   scan(func(c, _ []*node) (next, y []*node) { return []*node{ops.MatMul(c[0], x)}, nil }, []*node{zeros(2)}, []*node{x}),
		"while: the test is bool[2]: want a single Bool, such as ops.Less of two scalars":                        ops.While(func(c []*node) *node { return ops.Less(c[0], graph.Scalar(1)) }, func(c []*node) []*node { return c }, []*node{zeros(2)}, 0)[0],
		"while: the limit -1 is negative: want the most steps, or 0 for no limit":                                ops.While(nil, nil, []*node{zeros(2)}, -1)[0],
		"cond: the branches return 1 and 0 values: want as many":                                                 ops.Cond(ops.Less(zeros(), zeros()), func() []*node { return []*node{x} }, func() []*node { return nil })[0],
		"cond: value 0 is f32[4 2] in one branch, but f32[5 2] in the other: want one dtype and shape":           ops.Cond(ops.Less(zeros(), zeros()), func() []*node { return []*node{x} }, func() []*node { return []*node{y} })[0],
		"cond: the condition is x [4 2]: want a single Bool; ops.Where chooses between elements":                 ops.Cond(x, func() []*node { return []*node{x} }, func() []*node { return []*node{x} })[0],
		"scan: the number of steps is not known: pass something to go through, or ScanOptions.Length":            scan(func(_, _ []*node) (next, y []*node) { return nil, []*node{zeros(2)} }, nil, nil),
		"while: no gradient without a limit: pass the most steps that there can be":                              autodiff.Grad(ops.Sum(ops.While(func(c []*node) *node { return ops.Less(ops.Sum(c[0]), graph.Scalar(9)) }, func(c []*node) []*node { return []*node{ops.Scale(c[0], 2)} }, []*node{x}, 0)[0]), x)[0],
	} {
		fails(t, bad, words)
	}
	assert.Contains(t, scan(same, []*node{zeros(2)}, []*node{x, y}).Err().Error(), "scan_test.go:")
}

// ones returns a float32 tensor of ones.
func ones(t *testing.T, shape ...int) *tensor.Dense {
	v, err := graph.NewTensor(graph.Float32, shape...)
	require.NoError(t, err)
	for i := range v.Len() {
		v.Set(i, 1)
	}
	d, err := v.Dense()
	require.NoError(t, err)
	return d
}

// lastListing returns what the last compilation left after a pass.
func lastListing(t *testing.T, dir, pass string) string {
	names, err := filepath.Glob(filepath.Join(dir, "*-"+pass+".txt"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	text, err := os.ReadFile(names[len(names)-1])
	require.NoError(t, err)
	return string(text)
}

// TestEqualLoopsAreOne asks for one gradient twice, and builds one loop twice.
func TestEqualLoopsAreOne(t *testing.T) {
	x := graph.Input("x", 5, 2)
	scan := func() *node {
		c, _ := ops.Scan(func(c, s []*node) (next, y []*node) {
			return []*node{ops.Tanh(ops.Add(c[0], s[0]))}, nil
		}, []*node{zeros(2)}, []*node{x})
		return ops.Sum(ops.Square(c[0]))
	}
	y := scan()
	one, err := graph.Compile(y, autodiff.Grad(y, x)[0])
	require.NoError(t, err)
	two, err := graph.Compile(y, autodiff.Grad(y, x)[0], autodiff.Grad(y, x)[0])
	require.NoError(t, err)
	assert.Equal(t, one.Len(), two.Len())
	twice, err := graph.Compile(scan(), scan())
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(twice.Listing(), "= scan("))
	other, _ := ops.Scan(func(c, s []*node) (next, y []*node) {
		return []*node{ops.Sin(ops.Add(c[0], s[0]))}, nil
	}, []*node{zeros(2)}, []*node{x})
	three, err := graph.Compile(y, ops.Sum(other[0]))
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(three.Listing(), "= scan("))
}

// filled returns a float64 tensor of 0.1, 0.2 and so on, up to 0.7.
func filled(t *testing.T, shape ...int) graph.Tensor {
	v := make([]float64, shape[0]*shape[1])
	for i := range v {
		v[i] = float64(i%7+1) / 10
	}
	x, err := graph.TensorOf(v, shape...)
	require.NoError(t, err)
	return x
}
