package main

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A slice is a way to sort digits by a number.
type slice struct {
	name  string
	value []float64
}

// slices are the ways to sort the test set.
func (r *reader) slices() []slice {
	pixels := r.test.Column(0).Float32s()
	ink := slice{name: "ink", value: make([]float64, r.test.Len())}
	for i := range ink.value {
		for _, v := range pixels[i*784 : (i+1)*784] {
			ink.value[i] += float64(v) / 784
		}
	}
	if r.hands == nil {
		return []slice{ink}
	}
	pen, slant, turn := slice{name: "pen"}, slice{name: "slant"}, slice{name: "turn"}
	for _, h := range r.hands {
		pen.value, slant.value, turn.value = append(pen.value, h.Pen), append(slant.value, h.Slant), append(turn.value, h.Turn*180/math.Pi)
	}
	return []slice{ink, pen, slant, turn}
}

// fails shows which digits the network takes for which, and among what kinds of
// digits it fails.
func (a *audit) fails(r *reader, said *answers) error {
	a.Section("Where it fails", "Rows are the digits, columns what they were read as; what is right is left out.")
	z := make([][]float64, digitClasses)
	for i := range z {
		z[i] = make([]float64, digitClasses)
	}
	for i, label := range said.label {
		if !said.right(i) {
			z[label][said.said[i]]++
		}
	}
	if err := a.Chart("confusion", &chart.Chart{Title: "mistakes", X: "read as", Y: "digit", Layers: []chart.Layer{chart.Heat{Z: z, Numbers: true}}}); err != nil {
		return err
	}
	if err := a.quarters(r, said); err != nil {
		return err
	}
	if err := a.turned(r); err != nil {
		return err
	}
	var tiles []image.Image
	pixels := r.test.Column(0).Float32s()
	read := ""
	for _, i := range said.wrong(20) {
		tiles = append(tiles, chart.Gray(pixels[i*784:(i+1)*784], 28, 28))
		read += fmt.Sprintf(" %d as %d,", said.label[i], said.said[i])
	}
	if len(tiles) == 0 {
		a.Text("It made no mistake.")
		return nil
	}
	a.Text("Some mistakes:" + read[:len(read)-1] + ".")
	return a.Picture("mistakes", chart.Grid(tiles, 10, 3))
}

// quarters cuts the test set by how the digits are written.
func (a *audit) quarters(r *reader, said *answers) error {
	const parts = 4
	var names []string
	var mistakes []float64
	var table [][]string
	for _, s := range r.slices() {
		order := rangeOf(len(s.value))
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(s.value[i], s.value[j]) })
		for q := range parts {
			rows := order[q*len(order)/parts : (q+1)*len(order)/parts]
			wrong, lead := 0.0, 0.0
			for _, i := range rows {
				if !said.right(i) {
					wrong++
				}
				lead += float64(said.margin[i])
			}
			n := float64(len(rows))
			name := fmt.Sprintf("%s %.3g..%.3g", s.name, s.value[rows[0]], s.value[rows[len(rows)-1]])
			low, high := wilson(wrong, n)
			names, mistakes = append(names, name), append(mistakes, 100*wrong/n)
			table = append(table, []string{name, fmt.Sprint(wrong), fmt.Sprintf("%.1f to %.1f", 100*low, 100*high), fmt.Sprintf("%.2f", lead/n)})
		}
	}
	a.Text("The test set in quarters, by how the digits are written: ink is the mean brightness, pen its width in pixels, slant how far the top leans to the right, turn degrees to the right. " +
		"A quarter that stands out, by more than the interval in which its share of mistakes lies with 95 % certainty, is a kind of digit to collect more of. The lead is by how much the best logit exceeds the next.")
	if err := a.Chart("slices", &chart.Chart{Title: "mistakes by manner", Y: "mistakes, in %", Layers: []chart.Layer{chart.Bars{Names: names, Values: mistakes}}}); err != nil {
		return err
	}
	a.Table([]string{"quarter", "mistakes", "of it, in %", "lead"}, table)
	return nil
}

// wilson returns where a share lies with 95 % certainty if k of n were counted (Wilson
// 1927, doi:10.2307/2276774).
func wilson(k, n float64) (low, high float64) {
	const z = 1.96
	middle := (k + z*z/2) / (n + z*z)
	reach := z / (n + z*z) * math.Sqrt(k*(n-k)/n+z*z/4)
	return max(middle-reach, 0), min(middle+reach, 1)
}

// turned reads the test set with all digits turned by the same angle.
func (a *audit) turned(r *reader) error {
	angle := graph.Input("angle")
	right := graph.Rewrite([]*graph.Node{nn.Accuracy(r.logits, r.label)}, map[*graph.Node]*graph.Node{r.x: turn(r.x, angle)})[0]
	p, err := graph.Compile(right)
	if err != nil {
		return err
	}
	feeds := r.feeds(r.test.Rows(0, min(tested, r.test.Len())))
	var degrees, accuracy []float64
	for d := -60; d <= 60; d += 5 {
		out, err := p.Run(append(feeds, angle.Is(tensor.New(tensor.FromScalar(float32(d)*math.Pi/180))))...)
		if err != nil {
			return err
		}
		degrees, accuracy = append(degrees, float64(d)), append(accuracy, graph.Values(out[0])[0])
		if d == 30 {
			a.Turned = accuracy[len(accuracy)-1]
		}
	}
	text := "And all digits turned further, by the same angle."
	if r.hands != nil {
		text += " It was trained on digits that are turned by 16 degrees at most."
	}
	a.Text(text)
	return a.Chart("turned", &chart.Chart{Title: "accuracy of turned digits", X: "degrees to the right", Y: "accuracy", Layers: []chart.Layer{chart.Line{X: degrees, Y: accuracy}}})
}

// turn returns images [n 28 28] turned to the right by an angle in radians.
func turn(x, angle *graph.Node) *graph.Node {
	axis := make([]float64, 28) // the pixels' places, the middle being 0
	for i := range axis {
		axis[i] = (2*float64(i)+1)/28 - 1
	}
	places := ops.Convert(graph.ConstOf(axis, 28), graph.Float32)
	across, down := ops.Expand(places, 0), ops.Expand(places, 1)
	sin, cos := ops.Sin(angle), ops.Cos(angle)
	from := ops.Stack(2, ops.Add(ops.Mul(cos, across), ops.Mul(sin, down)), ops.Sub(ops.Mul(cos, down), ops.Mul(sin, across)))
	grid := ops.BroadcastTo(from, graph.Of(x.Shape().Dim(0), 28, 28, 2))
	return ops.Squeeze(ops.GridSample(ops.Expand(x, 1), grid, ops.GridSampleOptions{Mode: ops.Linear}), 1)
}
