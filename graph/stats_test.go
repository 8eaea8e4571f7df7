package graph_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"
)

// ones returns a tensor of ones.
func ones(shape ...int) *tensor.Dense {
	return tensor.Ones(tensor.Float32, shape...)
}

func TestStats(t *testing.T) {
	b := graph.Sym("b")
	x, w := graph.Input("x", b, 30), graph.Input("w", 30, 20)
	p := compile(t, ops.ReLU(ops.MatMul(x, w)))
	s, err := p.Stats(x.Is(ones(8, 30)), w.Is(ones(30, 20)))
	require.NoError(t, err)
	assert.Equal(t, 1, s.Instructions, "a product, and the pass that follows it part by part")
	assert.Equal(t, 2*8*30*20+8*20, s.Flops)
	assert.Equal(t, 4*(8*30+30*20+3*8*20), s.Moved, "operands once, the product twice, the result")
	assert.Equal(t, 4*8*20, s.Bytes, "relu writes over the product")
	_, err = p.Stats()
	assert.ErrorContains(t, err, "x f32[b 30] is not fed")
}

func TestMemoryLimit(t *testing.T) {
	b := graph.Sym("b")
	x := graph.Input("x", b, 1000)
	p := compile(t, ops.MatMul(ops.Transpose(x), x))
	defer graph.MemoryLimit(graph.MemoryLimit(1 << 20))
	_, err := p.Run(x.Is(ones(2, 1000)))
	var limit *graph.MemoryError
	require.ErrorAs(t, err, &limit)
	assert.Equal(t, 1<<20, limit.Limit)
	assert.GreaterOrEqual(t, limit.Need, 4*1000*1000)
	graph.MemoryLimit(0)
	_, err = p.Run(x.Is(ones(2, 1000)))
	assert.NoError(t, err)
}

func TestProfile(t *testing.T) {
	x, w := graph.Input("x", 8, 30), graph.Input("w", 30, 20)
	p := compile(t, ops.ReLU(ops.MatMul(x, w)))
	prof, err := p.Profile(x.Is(ones(8, 30)), w.Is(ones(30, 20)))
	require.NoError(t, err)
	require.Len(t, prof.Rows, 1)
	assert.Equal(t, []string{"matmul", "relu"}, prof.Rows[0].Ops)
	assert.Regexp(t, `^stats_test.go:\d+$`, strings.Join(prof.Rows[0].Lines, " "))
	assert.Equal(t, []string{""}, prof.Rows[0].Scopes)
	assert.Regexp(t, `(?s)time.*share.*matmul.*in all`, prof.String())

	layer := graph.Scope{Label: "Layer"}
	y := layer.Wrap(func() *graph.Node { return ops.MatMul(x, w) })
	p = compile(t, autodiff.Grad(ops.Sum(ops.Square(y)), w)...)
	prof, err = p.Profile(x.Is(ones(8, 30)), w.Is(ones(30, 20)))
	require.NoError(t, err)
	for _, r := range prof.Rows {
		assert.Contains(t, r.Scopes, "Layer", "gradients too: %v", r)
	}
}

// TestPassesAreWritten checks that each pass leaves its listing in the folder
// that ADJOINT_PASSES names.
func TestPassesAreWritten(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ADJOINT_PASSES", dir)
	x := graph.Input("x", 4)
	compile(t, ops.Exp(ops.Neg(x)))
	for _, pass := range []string{"simplify", "merge", "lower", "levels", "emit", "memory"} {
		files, err := filepath.Glob(filepath.Join(dir, "*-"+pass+".txt"))
		require.NoError(t, err)
		require.Len(t, files, 1, pass)
		text, err := os.ReadFile(files[0])
		require.NoError(t, err)
		assert.Contains(t, string(text), "exp", pass)
	}
}

// passesOf returns the instructions on whole tiles of each pass of a function
// with its gradient in x, single numbers and calls left out.
func passesOf(t *testing.T, loss *graph.Node, wrt []*graph.Node, feeds ...graph.Feed) (wide []int) {
	p := compile(t, append([]*graph.Node{loss}, autodiff.Grad(loss, wrt...)...)...)
	prof, err := p.Profile(feeds...)
	require.NoError(t, err)
	on := regexp.MustCompile(`^pass .* (\d+) on whole tiles`)
	for _, r := range prof.Rows {
		if m := on.FindStringSubmatch(r.What); m != nil {
			n, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			wide = append(wide, n)
		}
	}
	return wide
}

// TestLossesArePasses checks that losses, one of the user's own too, become one
// pass with their gradients.
func TestLossesArePasses(t *testing.T) {
	x, labels := graph.Input("x", 64, 100), graph.InputOf(graph.Int64, "labels", 64)
	feeds := []graph.Feed{x.Is(ones(64, 100)), labels.Is(tensor.New(tensor.WithShape(64), tensor.WithBacking(make([]int64, 64))))}
	focal := func(logits, labels *graph.Node) *graph.Node {
		logp := ops.LogSoftmax(logits, -1)
		target := ops.Add(ops.Scale(ops.OneHot(labels, 100, graph.Float32), 0.9), graph.Scalar(0.001))
		weight := ops.Square(ops.OneMinus(ops.Exp(logp)))
		return ops.Neg(ops.Mean(ops.Sum(ops.Mul(ops.Mul(target, weight), logp), -1)))
	}
	crossEntropy := passesOf(t, nn.CrossEntropy(x, labels), []*graph.Node{x}, feeds...)
	assert.Len(t, crossEntropy, 1)
	assert.LessOrEqual(t, crossEntropy[0], 4, "full-width instructions")
	own := passesOf(t, focal(x, labels), []*graph.Node{x}, feeds...)
	assert.Len(t, own, 1)
	assert.LessOrEqual(t, own[0], 11, "full-width instructions")
}

// TestGELUIsTwoInstructions checks that gelu, written as a product with erfc, is one
// instruction on whole tiles beside what comes before.
func TestGELUIsTwoInstructions(t *testing.T) {
	x := graph.Input("x", 64, 100)
	y := ops.GELU(ops.Add(ops.Scale(x, 1.5), graph.Scalar(0.25)))
	assert.Equal(t, []int{2}, passesOf(t, y, nil, x.Is(waves(64, 100))))
}

// TestLayerNormIsOnePass checks that layer norm, written from means, is one
// pass with all its gradients, in no more instructions than a person needs: 13, also
// where there are many rows.
func TestLayerNormIsOnePass(t *testing.T) {
	for _, size := range [][2]int{{64, 100}, {8192, 768}} {
		layerNormIsOnePass(t, size[0], size[1])
	}
}

func layerNormIsOnePass(t *testing.T, rows, width int) {
	in := func(name string, n ...int) *graph.Node {
		var dims []graph.Dim
		for _, d := range n {
			dims = append(dims, graph.Dim(d))
		}
		return graph.Input(name, dims...)
	}
	x, ct := in("x", rows, width), in("ct", rows, width)
	gain, bias := in("gain", width), in("bias", width)
	centered := ops.Sub(x, ops.Keep(ops.Mean, x, -1))
	scale := ops.Rsqrt(ops.Add(ops.Keep(ops.Mean, ops.Square(centered), -1), graph.Scalar(1e-5)))
	y := ops.Add(ops.Mul(ops.Mul(centered, scale), gain), bias)
	grads := autodiff.VJP(y, ct, x, gain, bias)
	p := compile(t, append(grads, y)...)
	prof, err := p.Profile(x.Is(ones(rows, width)), ct.Is(ones(rows, width)), gain.Is(ones(width)), bias.Is(ones(width)))
	require.NoError(t, err)
	require.Len(t, prof.Rows, 1)
	wide := regexp.MustCompile(`(\d+) on whole tiles`).FindStringSubmatch(prof.Rows[0].What)
	require.NotNil(t, wide, prof.Rows[0].What)
	n, err := strconv.Atoi(wide[1])
	require.NoError(t, err)
	assert.LessOrEqual(t, n, 13, prof.Rows[0].What)
}

// TestBatchNormAddsUpOnce checks that the gradient of batch norm, written from
// means, needs no sum of its own result: there is a pass for the mean and one for
// the sum of ct, one for the other sums, and one for the results.
func TestBatchNormAddsUpOnce(t *testing.T) {
	x, ct := graph.Input("x", 64, 100), graph.Input("ct", 64, 100)
	gain, bias := graph.Input("gain", 100), graph.Input("bias", 100)
	centered := ops.Sub(x, ops.Mean(x, 0))
	scale := ops.Rsqrt(ops.Add(ops.Mean(ops.Square(centered), 0), graph.Scalar(1e-5)))
	y := ops.Add(ops.Mul(ops.Mul(centered, scale), gain), bias)
	p := compile(t, append(autodiff.VJP(y, ct, x, gain, bias), y)...)
	prof, err := p.Profile(x.Is(ones(64, 100)), ct.Is(ones(64, 100)), gain.Is(ones(100)), bias.Is(ones(100)))
	require.NoError(t, err)
	whole := 0
	for _, r := range prof.Rows {
		if strings.Contains(r.What, "over [] 64 100") {
			whole++
		}
	}
	assert.Equal(t, 4, whole)
}

// TestShortRowsAreTakenTogether checks that passes over few channels take many
// rows as one, with their sums, also where they follow a convolution.
func TestShortRowsAreTakenTogether(t *testing.T) {
	x, mean := graph.Input("x", 96, 16), graph.Input("mean", 16)
	centered := ops.Sub(x, mean)
	p := compile(t, ops.Sum(ops.Square(centered), 0), ops.ReLU(centered))
	prof, err := p.Profile(x.Is(ones(96, 16)), mean.Is(ones(16)))
	require.NoError(t, err)
	require.Len(t, prof.Rows, 1)
	assert.Contains(t, prof.Rows[0].What, "pass over [] 6 256")

	image, weights := graph.Input("image", 2, 16, 16, 16), graph.Input("weights", 16, 16, 3, 3)
	y := ops.Conv(image, weights, ops.ConvOptions{Same: true})
	p = compile(t, y, ops.Mean(y, 0, 2, 3))
	prof, err = p.Profile(image.Is(ones(2, 16, 16, 16)), weights.Is(ones(16, 16, 3, 3)))
	require.NoError(t, err)
	var all string
	for _, r := range prof.Rows {
		all += r.What + "\n"
	}
	assert.Regexp(t, `conv.forward .*, then pass over \[\] 32 256`, all)
}
