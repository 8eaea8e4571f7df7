package ops_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// einsumLengths are those of the letters in the tests. Z stands for an axis
// that an ellipsis hides.
var einsumLengths = map[rune]int{'i': 2, 'j': 3, 'k': 4, 'l': 2, 'b': 3, 'h': 2, 'a': 2, 'c': 3, 'Z': 3, 'Y': 2}

// formulas are what Einsum is given and, where that has an ellipsis or no
// result, what it means with a letter for each axis.
var formulas = []struct{ given, means string }{
	{"i->i", ""}, {"i->", ""}, {"ij->ji", ""}, {"ij->i", ""}, {"ij->j", ""}, {"ij->", ""}, {"bij->bji", ""}, {"bij->b", ""},
	{"ii->i", ""}, {"ii->", ""}, {"iij->j", ""}, {"iji->ij", ""}, {"iji->j", ""}, {"iii->i", ""}, {"bii->bi", ""}, {"iijj->ij", ""},
	{"i,i->i", ""}, {"i,i->", ""}, {"i,j->ij", ""}, {"i,j->ji", ""}, {"i,j->", ""}, {"ij,jk->ik", ""}, {"ij,jk->ki", ""}, {"ji,jk->ik", ""},
	{"ij,kj->ik", ""}, {"ij,ij->ij", ""}, {"ij,ij->", ""}, {"ij,ji->", ""}, {"ij,j->i", ""}, {"i,ij->j", ""}, {"ij,k->ijk", ""}, {"ij,k->j", ""},
	{"bij,bjk->bik", ""}, {"bij,jk->bik", ""}, {"bhij,bhkj->bhik", ""}, {"bhij,bhjk->bihk", ""}, {"ijk,ijk->", ""}, {"ijk,jk->i", ""},
	{"ii,ij->j", ""}, {"ij,jj->i", ""}, {"ij,jk,kl->il", ""}, {"i,j,k->kji", ""}, {"bi,ijk,bj->bk", ""}, {"ij,jk,ki->", ""}, {"i,i,i->i", ""},
	{"i,ij,j->", ""}, {",i->i", ""}, {"ij,->j", ""},
	{"ij,jk", "ij,jk->ik"}, {"ba", "ba->ab"}, {"ii", "ii->"}, {"i,i", "i,i->"}, {"kj,ji", "kj,ji->ik"}, {"i,j", "i,j->ij"},
	{"...ij->...ji", "ZYij->ZYji"}, {"...i->...", "ZYi->ZY"}, {"i...->...", "iZ->Z"}, {"...ij,...jk->...ik", "ZYij,Yjk->ZYik"},
	{"...ij,jk", "Zij,jk->Zik"}, {"i...j,...->ji...", "iZYj,Y->jiZY"}, {"...,...", "ZY,Y->ZY"}, {"...ii->...i", "Zii->Zi"}, {" i j , j k -> i k ", "ij,jk->ik"},
}

// naive computes a formula in which each axis has a letter by going through all
// values of all letters.
func naive(formula string, x []array) []float64 {
	left, right, _ := strings.Cut(formula, "->")
	var letters []rune
	for _, l := range right + strings.ReplaceAll(left, ",", "") {
		if !slices.Contains(letters, l) {
			letters = append(letters, l)
		}
	}
	lengths := make([]int, len(letters))
	for i, l := range letters {
		lengths[i] = einsumLengths[l]
	}
	at := func(term string, idx []int) (place int) {
		for _, l := range term {
			place = place*einsumLengths[l] + idx[slices.Index(letters, l)]
		}
		return place
	}
	size := 1
	for _, l := range right {
		size *= einsumLengths[l]
	}
	out := make([]float64, size)
	for n := range product(lengths) {
		idx := make([]int, len(letters))
		for i := len(idx) - 1; i >= 0; i-- {
			idx[i] = n % lengths[i]
			n /= lengths[i]
		}
		v := 1.0
		for i, term := range strings.Split(left, ",") {
			v *= x[i].v[at(term, idx)]
		}
		out[at(right, idx)] += v
	}
	return out
}

// operands returns the letters of each operand's axes.
func operands(means string) []string {
	left, _, _ := strings.Cut(means, "->")
	return strings.Split(left, ",")
}

func TestEinsumAgainstAllLetters(t *testing.T) {
	rnd := rand.New(rand.NewPCG(seed, 3))
	for _, f := range formulas {
		if f.means == "" {
			f.means = f.given
		}
		var x []*node
		var v []array
		for _, term := range operands(f.means) {
			shape := []int{}
			for _, l := range term {
				shape = append(shape, einsumLengths[l])
			}
			n, a := drawn(rnd, shape...)
			x, v = append(x, n), append(v, a)
		}
		y := ops.Einsum(f.given, x...)
		require.NoError(t, y.Err(), f.given)
		_, right, _ := strings.Cut(f.means, "->")
		assert.Equal(t, len(right), y.Shape().Rank(), f.given)
		same(t, naive(f.means, v), eval(t, y), 1e-12, f.given, "seed", seed)
	}
}

// TestEinsumGradients checks each formula with a free length for every letter.
func TestEinsumGradients(t *testing.T) {
	for _, f := range formulas {
		if f.means == "" {
			f.means = f.given
		}
		var args []gradtest.Arg
		for _, term := range operands(f.means) {
			var dims []graph.Dim
			for _, l := range term {
				dims = append(dims, graph.Sym(string(l)))
			}
			args = append(args, gradtest.Of(dims...))
		}
		t.Run(f.given, func(t *testing.T) {
			gradtest.Check(t, func(x ...*node) *node { return ops.Einsum(f.given, x...) }, args...)
		})
	}
}

// TestEinsumOfSymbolicLengths runs one program at several lengths, 0 included.
func TestEinsumOfSymbolicLengths(t *testing.T) {
	m, k := graph.Sym("m"), graph.Sym("k")
	x, y := graph.InputOf(graph.Float64, "x", m, k), graph.InputOf(graph.Float64, "y", k, m)
	p, err := graph.Compile(ops.Einsum("mk,km->", x, y), ops.Einsum("mk,kn->nm", x, y))
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(seed, 4))
	for _, s := range [][2]int{{2, 3}, {1, 1}, {4, 1}, {0, 2}, {2, 0}} {
		_, a := drawn(rnd, s[0], s[1])
		_, b := drawn(rnd, s[1], s[0])
		trace := 0.0
		for i := range s[0] {
			for j := range s[1] {
				trace += a.v[i*s[1]+j] * b.v[j*s[0]+i]
			}
		}
		out, err := p.Eval(context.Background(), feed([]*node{x, y}, []array{a, b})...)
		require.NoError(t, err)
		same(t, []float64{trace}, floatsOf(out[0]), 1e-13, s, "seed", seed)
		assert.Equal(t, []int{s[0], s[0]}, out[1].Shape)
	}
}

// TestEinsumBroadcastsLength1 follows NumPy, which lets a letter stand for 1
// and another length.
func TestEinsumBroadcastsLength1(t *testing.T) {
	assert.Equal(t, []float64{2, 4, 6}, eval(t, ops.Einsum("i,i->i", vec(2), vec(1, 2, 3))))
	assert.Equal(t, []float64{12}, eval(t, ops.Einsum("i,i->", vec(2), vec(1, 2, 3))))
	assert.Equal(t, []float64{60}, eval(t, ops.Einsum("i,i,i->", vec(2), vec(5), vec(1, 2, 3))))
	assert.Equal(t, []float64{3, 3}, eval(t, ops.Einsum("...i->...", mat(2, 1, 2, 1, 2))))
	assert.Equal(t, graph.Of(4, 3), ops.Einsum("...i,...i", graph.Input("x", 1, 3, 2), graph.Input("y", 4, 1, 2)).Shape())
}

func TestEinsumMistakes(t *testing.T) {
	x, y := graph.Input("x", 2, 3), graph.Input("y", 4, 5)
	fails(t, ops.Einsum("ij,jk->ik", x, y), `einsum: "ij,jk->ik": j has lengths 3 and 4`)
	fails(t, ops.Einsum("ij,jk->ik", x), "1 operands for 2 terms")
	fails(t, ops.Einsum("ijk->i", x), `operand 0: "ijk" has 3 letters for 2 axes`)
	fails(t, ops.Einsum("i->i", x), `"i" has 1 letters for 2 axes`)
	fails(t, ops.Einsum("ij->ik", x), "letter k of the result is unknown or occurs twice")
	fails(t, ops.Einsum("ij->ii", x), "letter i of the result is unknown or occurs twice")
	fails(t, ops.Einsum("i1->i", x), `'1' is no letter`)
	fails(t, ops.Einsum("......->", x), "is no letter")
	fails(t, ops.Einsum("...i->i", x), "result: ")
	fails(t, ops.Einsum("ii->i", x), "i has lengths 2 and 3")
	fails(t, ops.Einsum("ii->i", graph.Input("x", 1, 3)), "i has lengths 1 and 3")
	wide := graph.Input("x", 1, 1, 1, 1, 1, 1, 1, 1)
	fails(t, ops.Einsum("abcdefgh,i->abcdefghi", wide, graph.Input("y", 2)), "it needs a product with 9 axes: at most 8")
	fails(t, ops.Einsum("abcdefgh,ij,jk->iabcdefg", wide, x, graph.Input("z", 3, 4)), "it needs a product with 9 axes: at most 8")
	assert.Equal(t, graph.Of(1, 2), ops.Einsum("abcdefgh,ij->ai", wide, x).Shape(), "what is not needed is summed first")
	eight := ops.Reshape(vec(1, 2, 3, 4), 1, 1, 1, 1, 1, 1, 2, 2)
	assert.Equal(t, []float64{5, 25}, eval(t, ops.Einsum("abcdefgh,abcdefgh->abcdefg", eight, eight)), "as many as there can be")
	fails(t, ops.Einsum("ij"), "0 operands for 1 terms")
	fails(t, ops.Einsum("ij,jk", graph.InputOf(graph.Int64, "i", 2, 2), graph.InputOf(graph.Int64, "k", 2, 2)), "want floats")
}
