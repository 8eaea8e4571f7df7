package main

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"slices"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/report"
)

const (
	side    = 28 // of a digit
	pixels  = side * side
	nearest = 8 // patches shown of each unit
)

// filters shows the weights of the first layer.
func (r *reader) filters(f *report.Folder) error {
	weights := r.model[0].(*nn.Conv2D).W.Node() // [5 5 1 channels]
	p, err := graph.Compile(ops.Transpose(ops.Squeeze(weights, 2), 2, 0, 1))
	if err != nil {
		return err
	}
	out, err := p.Run()
	if err != nil {
		return err
	}
	var tiles []image.Image
	w := out[0].Float32s()
	for i := range out[0].Shape()[0] {
		tiles = append(tiles, chart.Signed(w[i*25:(i+1)*25], 5, 5))
	}
	f.Section("Filters", "The weights of the first convolution: a channel answers to ink where they are blue and to none where they are orange. Some are edges and strokes at an angle, some ends.")
	return f.Picture("filters", chart.Grid(tiles, 12, 10))
}

// grey feeds n images of one shade.
func grey(x *graph.Node, n int) graph.Feed {
	shade := slices.Repeat([]float32{0.2}, n*pixels)
	return x.Is(tensor.New(tensor.WithShape(n, side, side), tensor.WithBacking(shade)))
}

// look shows some units of a layer: what excites each most, next to the patches of the
// training set that do.
func (r *reader) look(ctx context.Context, f *report.Folder, l *layer) error {
	middle, peak, place := l.units(r)
	window, err := l.window(r)
	if err != nil {
		return err
	}
	l.Field = window.size
	out, err := r.predict(ctx, r.learn, peak, place)
	if err != nil {
		return err
	}
	units := out[0].Shape()[1]
	values, places, labels := out[0].Float32s(), out[1].Int64s(), r.learn.Column(1).Int64s()
	shown := strongest(values, units, l.Shown)
	most := make([]float32, len(shown)) // the largest answer to the training set
	for i, u := range shown {
		most[i] = values[top(values, units, u)[0]*units+u]
	}
	images, reached, err := r.excite(middle, shown, most, l.Ascent)
	if err != nil {
		return err
	}
	digits := r.learn.Column(0).Float32s()
	var tiles []image.Image
	var excited []float64
	for i, u := range shown {
		tiles = append(tiles, chart.Gray(window.middle(images[i*pixels:(i+1)*pixels]), window.size, window.size))
		for _, row := range top(values, units, u) {
			at := int(places[row*units+u])
			tiles = append(tiles, chart.Gray(window.cut(digits[row*pixels:(row+1)*pixels], at), window.size, window.size))
		}
		excited = append(excited, float64(reached[i]))
	}
	slices.Sort(excited)
	l.Excited = excited[len(excited)/2]
	f.Section(l.title(), fmt.Sprintf("%d of its %d units, a row each: the image that excites the unit most, found by going up the gradient from grey, and the %d patches of the training set that do. A unit sees %d by %d pixels.",
		len(shown), units, nearest, l.Field, l.Field))
	if err := f.Picture("layer-"+l.Path, chart.Grid(tiles, 2*(1+nearest), max(1, 56/window.size))); err != nil {
		return err
	}
	if err := l.classes(f, values, labels, units); err != nil {
		return err
	}
	return r.without(f, l)
}

func (l *layer) title() string { return "What " + l.Name + " looks for" }

// strongest returns the n units with the largest answers, in their order.
func strongest(values []float32, units, n int) []int {
	most := make([]float32, units)
	order := make([]int, units)
	for i, v := range values {
		most[i%units] = max(most[i%units], v)
	}
	for u := range order {
		order[u] = u
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(most[a], most[b]) })
	order = order[:min(n, units)]
	slices.Sort(order)
	return order
}

// top returns the rows with the largest answers of a unit.
func top(values []float32, units, unit int) []int {
	rows := make([]int, len(values)/units)
	for i := range rows {
		rows[i] = i
	}
	slices.SortStableFunc(rows, func(a, b int) int { return -cmp.Compare(values[a*units+unit], values[b*units+unit]) })
	return rows[:min(nearest, len(rows))]
}

// excite returns for each unit an image that excites it, and how strongly it does, as a
// multiple of what is most for it.
func (r *reader) excite(middle *graph.Node, units []int, most []float32, a explain.Ascent) (images, reached []float32, err error) {
	which := make([]int64, len(units))
	for i, u := range units {
		which[i] = int64(u)
	}
	unit := graph.InputOf(graph.Int64, "unit", r.x.Shape().Dim(0))
	scale := graph.Input("most", r.x.Shape().Dim(0))
	score := ops.Div(explain.Class(middle, unit), scale)
	best := explain.Maximize(score, r.x, a)
	there := graph.Rewrite([]*graph.Node{score}, map[*graph.Node]*graph.Node{r.x: best})[0]
	p, err := graph.Compile(best, there)
	if err != nil {
		return nil, nil, err
	}
	out, err := p.Run(grey(r.x, len(units)), unit.Is(tensor.New(tensor.WithShape(len(which)), tensor.WithBacking(which))), scale.Is(tensor.New(tensor.WithShape(len(most)), tensor.WithBacking(most))))
	if err != nil {
		return nil, nil, err
	}
	return out[0].Float32s(), out[1].Float32s(), nil
}

// A window is the square of pixels that a unit sees: of the unit at row i and column j
// of a layer of so many columns it begins at i·stride and j·stride.
type window struct {
	size, stride, columns int
}

// window finds out what units of the layer see, by experiment.
func (l *layer) window(r *reader) (window, error) {
	h := explain.Layer(r.logits, l.Path)
	if h.Shape().Rank() == 2 {
		return window{size: side, columns: 1}, nil
	}
	w := window{columns: int(h.Shape().Dim(3))}
	flat := ops.Index(ops.Flatten(h, 2), 1, 0)
	p, err := graph.Compile(explain.Field(ops.Index(flat, 1, 0), r.x), explain.Field(ops.Index(flat, 1, 1), r.x))
	if err != nil {
		return w, err
	}
	out, err := p.Run(grey(r.x, 1))
	if err != nil {
		return w, err
	}
	first, next := out[0].Bools(), out[1].Bools()
	for i := range side {
		if first[i] {
			w.size++
		}
	}
	w.stride = slices.Index(next, true)
	return w, nil
}

// cut returns what the unit at a place sees of an image.
func (w window) cut(digit []float32, place int) (patch []float32) {
	y, x := place/w.columns*w.stride, place%w.columns*w.stride
	for i := range w.size {
		patch = append(patch, digit[(y+i)*side+x:(y+i)*side+x+w.size]...)
	}
	return patch
}

// middle returns what the unit in the middle sees.
func (w window) middle(digit []float32) []float32 {
	return w.cut(digit, w.columns/2*w.columns+w.columns/2)
}

// classes shows which digits the units answer to.
func (l *layer) classes(f *report.Folder, values []float32, labels []int64, units int) error {
	z := make([][]float64, 10)
	for c := range z {
		z[c] = make([]float64, units)
	}
	for i, label := range labels {
		for u := range units {
			z[label][u] += max(0, float64(values[i*units+u]))
		}
	}
	for u := range units {
		sum, most := 0.0, 0.0
		for c := range z {
			sum, most = sum+z[c][u], max(most, z[c][u])
		}
		for c := range z {
			if sum > 0 {
				z[c][u] /= sum
			}
		}
		if sum > 0 {
			l.Focus += most / sum / float64(units)
		}
	}
	f.Text(fmt.Sprintf("Each unit's activation, by digit: on the average %.0f %% of it belong to the unit's favourite digit; 10 %% would be no preference.", 100*l.Focus))
	return f.Chart("classes-"+l.Path, &chart.Chart{Title: "share of the activation", X: "unit", Y: "digit", Layers: []chart.Layer{chart.Heat{Z: z}}})
}

// without shows how the loss of the test set rises when a unit is silenced.
func (r *reader) without(f *report.Folder, l *layer) error {
	p, err := graph.Compile(explain.Ablation(r.loss, explain.Layer(r.logits, l.Path)))
	if err != nil {
		return err
	}
	out, err := p.Run(r.x.Is(r.test.Column(0)), r.label.Is(r.test.Column(1)))
	if err != nil {
		return err
	}
	var names []string
	var rises []float64
	for u, fall := range out[0].Float32s() {
		names, rises = append(names, fmt.Sprint(u)), append(rises, -float64(fall))
	}
	l.Worst = slices.Max(rises)
	f.Text("How far the loss rises when a unit is silenced:")
	return f.Chart("without-"+l.Path, &chart.Chart{Title: "rise of the loss without a unit", X: "unit", Y: "rise", Layers: []chart.Layer{chart.Bars{Names: names, Values: rises}}})
}
