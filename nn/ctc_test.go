package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// spelled is -log of the sum of the probabilities of all sequences of classes that
// spell the labels.
func spelled(logp [][]float64, labels []int, blank int) float64 {
	time, classes, total := len(logp), len(logp[0]), 0.0
	path := make([]int, time)
	for {
		var word []int
		sum := 0.0
		for t, c := range path {
			sum += logp[t][c]
			if c != blank && (t == 0 || path[t-1] != c) {
				word = append(word, c)
			}
		}
		if slices.Equal(word, labels) {
			total += math.Exp(sum)
		}
		t := 0
		for ; t < time; t++ {
			if path[t]++; path[t] < classes {
				break
			}
			path[t] = 0
		}
		if t == time {
			return -math.Log(total)
		}
	}
}

func TestCTC(t *testing.T) {
	const time, b, classes = 5, 4, 3
	x := graph.InputOf(graph.Float64, "x", graph.Sym("time"), batchOf, classes)
	labels := graph.InputOf(graph.Int64, "labels", batchOf, graph.Sym("most"))
	lengths, counts := graph.InputOf(graph.Int64, "lengths", batchOf), graph.InputOf(graph.Int64, "counts", batchOf)
	logits := numbers(time*b*classes, 6)
	logp := make([]float64, len(logits))
	for i := 0; i < len(logits); i += classes {
		sum := 0.0
		for _, v := range logits[i : i+classes] {
			sum += math.Exp(v)
		}
		for j := range classes {
			logp[i+j] = logits[i+j] - math.Log(sum)
		}
	}
	for _, blank := range []int{0, 2} {
		one, two := (blank+1)%classes, (blank+2)%classes
		words := [][]int{{one, one, two}, {two, one}, {one}, {}}
		n := []float64{5, 4, 2, 3}
		var flat, count, want []float64
		for i, w := range words {
			for j := range 3 {
				if j < len(w) {
					flat = append(flat, float64(w[j]))
				} else {
					flat = append(flat, float64(one)) // is not looked at
				}
			}
			count = append(count, float64(len(w)))
			var rows [][]float64
			for t := range int(n[i]) {
				rows = append(rows, logp[(t*b+i)*classes:(t*b+i+1)*classes])
			}
			want = append(want, spelled(rows, w, blank))
		}
		feeds := []graph.Feed{x.IsTensor(of(t, graph.Float64, logp, time, b, classes)), labels.IsTensor(of(t, graph.Int64, flat, b, 3)),
			lengths.IsTensor(of(t, graph.Int64, n, b)), counts.IsTensor(of(t, graph.Int64, count, b))}
		o := nn.CTCOptions{Blank: blank, Reduction: nn.None}
		assert.InDeltaSlice(t, want, infer(t, nn.CTC(x, labels, lengths, counts, o), feeds...), 1e-12)
		o.Reduction = nn.Mean
		mean := 0.0
		for i := range want {
			mean += want[i] / max(count[i], 1) / b
		}
		assert.InDelta(t, mean, infer(t, nn.CTC(x, labels, lengths, counts, o), feeds...)[0], 1e-12)
	}
	// three labels, two of them equal, need four steps
	short := []graph.Feed{x.IsTensor(of(t, graph.Float64, logp[:time*classes], time, 1, classes)), labels.IsTensor(of(t, graph.Int64, []float64{1, 1, 2}, 1, 3)),
		lengths.IsTensor(of(t, graph.Int64, []float64{3}, 1)), counts.IsTensor(of(t, graph.Int64, []float64{3}, 1))}
	cannot := nn.CTC(x, labels, lengths, counts)
	assert.Equal(t, math.Inf(1), infer(t, cannot, short...)[0])
	for _, g := range infer(t, autodiff.Grad(cannot, x)[0], short...) {
		assert.Zero(t, g)
	}
	assert.Zero(t, infer(t, nn.CTC(x, labels, lengths, counts, nn.CTCOptions{ZeroInfinity: true}), short...)[0])

	gradtest.Check(t, func(x ...*graph.Node) *graph.Node {
		return nn.CTC(ops.LogSoftmax(x[0], -1), graph.ConstOf([]int64{1, 2, 1, 1}, 2, 2), graph.ConstOf([]int64{4, 3}, 2), graph.ConstOf([]int64{2, 1}, 2))
	}, gradtest.Of(4, 2, 3))
	assert.ErrorContains(t, nn.CTC(x, labels, lengths, labels).Err(), "ctc: want lengths and counts i64[batch], got lengths i64[batch] and labels i64[batch most]")
	assert.ErrorContains(t, nn.CTC(x, labels, lengths, counts, nn.CTCOptions{Blank: 3}).Err(), "ctc: the blank, 3, is no class of x f64[time batch 3]")
	assert.ErrorContains(t, nn.CTC(labels, labels, lengths, counts).Err(), "ctc: want floats [time batch classes]")
}
