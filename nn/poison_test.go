package nn_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
)

// Losses and metrics pass on what does not exist, in any place, and tell nothing
// else.
func TestPoisonedLosses(t *testing.T) {
	type loss = func(x ...*graph.Node) *graph.Node
	two := func(f func(a, b *graph.Node, r ...nn.Reduction) *graph.Node) loss {
		return func(x ...*graph.Node) *graph.Node { return f(x[0], x[1]) }
	}
	float, label := graph.Input("x", 4, 3), graph.InputOf(graph.Int64, "y", 4)
	row, pair := graph.Input("v", 4), graph.Input("p", 4, 3)
	counts := graph.InputOf(graph.Int64, "m", 3, 3)
	for name, c := range map[string]struct {
		f loss
		x []*graph.Node
	}{
		"binaryof":         {two(nn.BinaryCrossEntropyOf), []*graph.Node{float, pair}},
		"softmargin":       {two(nn.SoftMargin), []*graph.Node{float, pair}},
		"logcosh":          {two(nn.LogCosh), []*graph.Node{float, pair}},
		"dice":             {two(nn.Dice), []*graph.Node{float, pair}},
		"multilabelmargin": {two(nn.MultiLabelMargin), []*graph.Node{float, graph.InputOf(graph.Int64, "y", 4, 3)}},
		"marginranking":    {func(x ...*graph.Node) *graph.Node { return nn.MarginRanking(x[0], x[1], x[2], 1) }, []*graph.Node{row, row, row}},
		"hingeembedding":   {func(x ...*graph.Node) *graph.Node { return nn.HingeEmbedding(x[0], x[1], 1) }, []*graph.Node{row, row}},
		"multimargin":      {func(x ...*graph.Node) *graph.Node { return nn.MultiMargin(x[0], x[1]) }, []*graph.Node{float, label}},
		"multilabelsoft":   {func(x ...*graph.Node) *graph.Node { return nn.MultiLabelSoftMargin(x[0], x[1], x[2]) }, []*graph.Node{float, pair, graph.Input("w", 3)}},
		"cosinesimilarity": {func(x ...*graph.Node) *graph.Node { return nn.CosineSimilarity(x[0], x[1]) }, []*graph.Node{float, pair}},
		"cosineembedding":  {func(x ...*graph.Node) *graph.Node { return nn.CosineEmbedding(x[0], x[1], x[2], 0) }, []*graph.Node{float, pair, row}},
		"triplet":          {func(x ...*graph.Node) *graph.Node { return nn.Triplet(x[0], x[1], x[2]) }, []*graph.Node{float, pair, pair}},
		"contrastive":      {func(x ...*graph.Node) *graph.Node { return nn.Contrastive(x[0], x[1], x[2], 1) }, []*graph.Node{float, pair, row}},
		"infonce":          {func(x ...*graph.Node) *graph.Node { return nn.InfoNCE(x[0], x[1], 1, true) }, []*graph.Node{float, pair}},
		"ntxent":           {func(x ...*graph.Node) *graph.Node { return nn.NTXent(x[0], x[1], 1) }, []*graph.Node{float, pair}},
		"gaussiannll":      {func(x ...*graph.Node) *graph.Node { return nn.GaussianNLL(x[0], x[1], x[2]) }, []*graph.Node{float, pair, graph.Input("s", 4, 1)}},
		"smoothl1":         {func(x ...*graph.Node) *graph.Node { return nn.SmoothL1(x[0], x[1], 0.5) }, []*graph.Node{float, pair}},
		"quantile":         {func(x ...*graph.Node) *graph.Node { return nn.Quantile(x[0], x[1], 0.5) }, []*graph.Node{float, pair}},
		"focal":            {func(x ...*graph.Node) *graph.Node { return nn.Focal(x[0], x[1]) }, []*graph.Node{float, label}},
		"binaryfocal":      {func(x ...*graph.Node) *graph.Node { return nn.BinaryFocal(x[0], x[1]) }, []*graph.Node{float, pair}},
		"tversky":          {func(x ...*graph.Node) *graph.Node { return nn.Tversky(x[0], x[1], 1, 1) }, []*graph.Node{float, pair}},
		"topk":             {func(x ...*graph.Node) *graph.Node { return nn.TopK(x[0], x[1], 1) }, []*graph.Node{float, label}},
		"confusion":        {func(x ...*graph.Node) *graph.Node { return nn.Confusion(x[0], x[1]) }, []*graph.Node{float, label}},
		"f1":               {func(x ...*graph.Node) *graph.Node { return nn.F1Of(x[0]) }, []*graph.Node{counts}},
		"auc":              {func(x ...*graph.Node) *graph.Node { return nn.AUC(x[0], x[1]) }, []*graph.Node{row, row}},
		"rmse":             {func(x ...*graph.Node) *graph.Node { return nn.RMSE(x[0], x[1]) }, []*graph.Node{row, row}},
		"r2":               {func(x ...*graph.Node) *graph.Node { return nn.R2(x[0], x[1]) }, []*graph.Node{row, row}},
		"residuals":        {func(x ...*graph.Node) *graph.Node { return nn.Residuals(x[0], x[1], 0) }, []*graph.Node{row, row}},
		"perplexity":       {func(x ...*graph.Node) *graph.Node { return nn.Perplexity(x[0], x[1]) }, []*graph.Node{float, label}},
		"iou":              {func(x ...*graph.Node) *graph.Node { return nn.IoU(x[0], x[1]) }, []*graph.Node{row, row}},
		"ctc":              {func(x ...*graph.Node) *graph.Node { return nn.CTC(x[0], x[1], x[2], x[3]) }, []*graph.Node{graph.Input("x", 5, 4, 3), graph.InputOf(graph.Int64, "y", 4, 2), label, label}},
	} {
		assert.NoError(t, c.f(c.x...).Err(), name)
		for i := range c.x {
			x := append([]*graph.Node(nil), c.x...)
			x[i] = bad()
			t.Run(name, func(t *testing.T) { one(t, c.f(x...), whyBad) })
			if x[i] = nil; name == "multilabelsoft" && i == 2 {
				continue // no weights
			}
			assert.ErrorContains(t, c.f(x...).Err(), "nil", "%s, operand %d", name, i)
		}
	}
}
