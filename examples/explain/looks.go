package main

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A view is a way to ask where the network looks.
type view struct {
	name string
	m    *graph.Node // [batch 28 28]
}

// views are the ways, side by side.
func views(r *reader, steps int, seed uint64) []view {
	score := explain.Class(r.logits, r.label)
	cam := ops.Resize(ops.Expand(explain.GradCAM(score, explain.Layer(r.logits, last)), 1), ops.ResizeOptions{Size: []graph.Dim{28, 28}, Mode: ops.Linear})
	return []view{
		{"saliency", explain.Saliency(score, r.x)},
		{"gradient × input", explain.GradientInput(score, r.x)},
		{"integrated gradients", explain.IntegratedGradients(score, r.x, nil, steps)},
		{"SmoothGrad", explain.SmoothGrad(explain.Saliency(score, r.x), r.x, 0.15, 50, seed)},
		{"guided", explain.Guided(score, r.x)},
		{"Grad-CAM", ops.Squeeze(cam, 1)},
		{"occlusion", explain.Occlusion(score, r.x, 5, 2, 0)},
	}
}

// looks shows where the network looks, and checks the maps.
func (a *audit) looks(r *reader, steps int, said *answers) error {
	list := views(r, steps, a.seed)
	if err := a.showMaps(r, list, said); err != nil {
		return err
	}
	on, area, err := a.onStroke(r, list)
	if err != nil {
		return err
	}
	same, err := a.unlearned(r, list)
	if err != nil {
		return err
	}
	var table [][]string
	a.OnStroke, a.Unlearned = map[string]float64{}, map[string]float64{}
	for i, v := range list {
		a.OnStroke[v.name], a.Unlearned[v.name] = on[i], same[i]
		table = append(table, []string{v.name, fmt.Sprintf("%.1f %%", 100*on[i]), fmt.Sprintf("%.2f", same[i])})
	}
	a.Text(fmt.Sprintf("Are the maps to be believed? The stroke and what is next to it are %.1f %% of the area; of a map of noise as much would lie there. "+
		"And a map that shows the network must change when what the network has learned is taken away: the last column is its correlation, in absolute values, with the map of the same network with a random last layer (Adebayo et al. 2018). Over 100 digits:", 100*area))
	a.Table([]string{"map", "of its weight on the stroke", "correlation with the unlearned"}, table)
	a.Text(fmt.Sprintf("Integrated gradients add up to what the score gained since the blank image, but for %.2g of it.", a.Completeness))
	return nil
}

// showMaps shows some digits with their maps.
func (a *audit) showMaps(r *reader, list []view, said *answers) error {
	rows := append(rangeOf(8), said.wrong(2)...)
	shown, err := r.test.Pick(rows...)
	if err != nil {
		return err
	}
	nodes := []*graph.Node{}
	for _, v := range list {
		nodes = append(nodes, v.m)
	}
	maps, err := ask(r.feeds(shown), nodes...)
	if err != nil {
		return err
	}
	var tiles []image.Image
	pixels := shown.Column(0).Float32s()
	for i := range rows {
		tiles = append(tiles, chart.Gray(pixels[i*784:(i+1)*784], 28, 28))
		for _, m := range maps {
			tiles = append(tiles, chart.Signed(m.Float32s()[i*784:(i+1)*784], 28, 28))
		}
	}
	text := "Each row is a digit, followed by maps of what speaks for its class (blue) and against it (orange): "
	for i, v := range list {
		text += map[bool]string{true: ", "}[i > 0] + v.name
	}
	if wrong := len(rows) - 8; wrong > 0 {
		text += fmt.Sprintf(". The last %d were read wrongly; the maps are those of the right class", wrong)
	}
	a.Section("Where it looks", text+".")
	return a.Picture("looks", chart.Grid(tiles, 1+len(list), 3))
}

// onStroke returns the share of each map that lies on the stroke or next to it, and of
// the area; and checks the sum of integrated gradients.
func (a *audit) onStroke(r *reader, list []view) (on []float64, area float64, err error) {
	near := ops.Greater(ops.MaxPool(ops.Expand(r.x, 1), []int{5}, ops.PoolOptions{Stride: []int{1}, Same: true}), graph.Scalar(0.3))
	stroke := ops.Convert(ops.Squeeze(near, 1), graph.Float32)
	nodes := []*graph.Node{ops.Mean(stroke)}
	for _, v := range list {
		weight := ops.Abs(v.m)
		nodes = append(nodes, ops.Div(ops.Sum(ops.Mul(weight, stroke)), ops.Sum(weight)))
	}
	score := explain.Class(r.logits, r.label)
	blank := graph.Rewrite([]*graph.Node{score}, map[*graph.Node]*graph.Node{r.x: graph.Zeros(r.x.Type())})[0]
	gain := ops.Sub(score, blank)
	missed := ops.Sub(ops.Sum(list[2].m, 1, 2), gain)
	nodes = append(nodes, ops.Div(ops.Norm(missed), ops.Norm(gain)))
	out, err := ask(r.feeds(r.test.Rows(0, min(100, r.test.Len()))), nodes...)
	if err != nil {
		return nil, 0, err
	}
	for _, share := range out {
		on = append(on, graph.Values(share)[0])
	}
	a.Completeness = on[len(on)-1]
	return on[1 : len(on)-1], on[0], nil
}

// unlearned returns the correlation of each map with that of a network whose last layer
// has random weights.
func (a *audit) unlearned(r *reader, list []view) ([]float64, error) {
	nodes := make([]*graph.Node, len(list))
	for i, v := range list {
		nodes[i] = ops.Abs(v.m)
	}
	p, err := graph.Compile(nodes...)
	if err != nil {
		return nil, err
	}
	feeds := r.feeds(r.test.Rows(0, min(100, r.test.Len())))
	learned, err := p.Run(feeds...)
	if err != nil {
		return nil, err
	}
	top := r.model[len(r.model)-1].(*nn.Dense).W
	weights := top.Value
	defer func() { top.Value = weights }()
	if err := top.Reset(rand.New(rand.NewPCG(a.seed, 1))); err != nil {
		return nil, err
	}
	random, err := p.Run(feeds...)
	if err != nil {
		return nil, err
	}
	same := make([]float64, len(list))
	for i := range list {
		same[i] = stat.Correlation(graph.Values(learned[i]), graph.Values(random[i]), nil)
	}
	return same, nil
}

// unit takes one unit of the first layer apart.
func (a *audit) unit(r *reader) error {
	one := r.test.Rows(0, 1)
	layer := explain.Layer(r.logits, first) // after the ReLU
	peak, err := ask(r.feeds(one), ops.ArgMax(ops.Flatten(layer, 1), 1), layer)
	if err != nil {
		return err
	}
	at := int(peak[0].Int64s()[0])
	side := int(layer.Shape().Dim(3))
	channel, row, column := at/(side*side), at/side%side, at%side
	unit := ops.Index(ops.Flatten(layer, 1), 1, at)
	weight, product, rest := explain.Products(unit, r.x)
	out, err := ask(r.feeds(one), weight, product, rest, unit, explain.Field(unit, r.x))
	if err != nil {
		return err
	}
	pixels, field := one.Column(0).Float32s(), out[4].Bools()
	top, left, size := box(field)
	sum, bias, value := 0.0, float64(out[2].Float32s()[0]), float64(out[3].Float32s()[0])
	for _, v := range out[1].Float32s() {
		sum += float64(v)
	}
	a.UnitError = math.Abs(sum + bias - value)
	a.Section("One unit, taken apart", fmt.Sprintf(
		"The unit of channel %d at row %d, column %d of the first layer sees %d by %d pixels. Each pixel times its weight, added up, is %.4f; with the bias, %.4f, that is %.4f. The engine says %.4f. "+
			"From left to right: what the unit sees, its weights, and the products.", channel, row, column, size, size, sum, bias, sum+bias, value))
	cut := func(v []float32) []float32 { return crop(v, top, left, size) }
	return a.Picture("unit", chart.Grid([]image.Image{
		chart.Gray(cut(pixels), size, size), chart.Signed(cut(out[0].Float32s()), size, size), chart.Signed(cut(out[1].Float32s()), size, size),
	}, 3, 24))
}

// box returns the smallest square that holds all of the field.
func box(field []bool) (top, left, size int) {
	top, left = 28, 28
	bottom, right := 0, 0
	for i, in := range field {
		if in {
			top, bottom = min(top, i/28), max(bottom, i/28)
			left, right = min(left, i%28), max(right, i%28)
		}
	}
	size = max(bottom-top, right-left) + 1
	return min(top, 28-size), min(left, 28-size), size
}

// crop returns a square of an image.
func crop(image []float32, top, left, size int) (square []float32) {
	for i := top; i < top+size; i++ {
		square = append(square, image[i*28+left:i*28+left+size]...)
	}
	return square
}

// rangeOf returns 0 to n-1.
func rangeOf(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
