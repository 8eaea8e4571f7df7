package main

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// differs searches for the nearest image that is read as the second best class.
func (a *audit) differs(r *reader, said *answers) error {
	const n = 10
	target := tensor.New(tensor.WithShape(n), tensor.WithBacking(slices.Clone(said.second[:n])))
	wanted := graph.InputOf(graph.Int64, "wanted", r.x.Shape().Dim(0))
	found, distance := explain.Counterfactual(explain.Margin(r.logits, wanted), r.x, explain.Search{Lo: 0, Hi: 1, Rate: 0.01})
	shown := r.test.Rows(0, n)
	out, err := ask(append(r.feeds(shown), wanted.Is(target)), found, distance)
	if err != nil {
		return err
	}
	pixels, there := shown.Column(0).Float32s(), out[0].Float32s()
	var before, after, change []image.Image
	var rows [][]string
	flipped, pixelsChanged := 0, 0
	for i, d := range out[1].Float32s() {
		old, now := pixels[i*784:(i+1)*784], there[i*784:(i+1)*784]
		difference, changed := make([]float32, 784), 0
		for j := range old {
			if difference[j] = now[j] - old[j]; difference[j] != 0 {
				changed++
			}
		}
		both := chart.Gray(slices.Concat(old, now), 2*28, 28).(*image.Gray) // in the same shades
		before, after = append(before, both.SubImage(image.Rect(0, 0, 28, 28))), append(after, both.SubImage(image.Rect(0, 28, 28, 56)))
		change = append(change, chart.Signed(difference, 28, 28))
		if !math.IsInf(float64(d), 1) {
			flipped++
			pixelsChanged += changed
		}
		rows = append(rows, []string{fmt.Sprint(said.said[i]), fmt.Sprint(said.second[i]), fmt.Sprintf("%.2f", said.margin[i]), fmt.Sprintf("%.2f", d), fmt.Sprint(changed)})
	}
	a.Flipped, a.PixelsChanged = float64(flipped)/n, float64(pixelsChanged)/max(float64(flipped), 1)
	a.Section("What would have to differ", "On top digits as they are; below them the nearest images that the network reads as its second choice, and what was changed: "+
		"ink added is blue, ink taken away orange. Distance is the sum of all changes, where 1 is a pixel from black to white. A person would still read most of them as before.")
	if err := a.Picture("counterfactual", chart.Grid(slices.Concat(before, after, change), n, 3)); err != nil {
		return err
	}
	a.Table([]string{"read as", "then as", "margin of logits", "distance", "pixels changed"}, rows)
	return nil
}

// bins of the reliability diagram.
const bins = 15

// A calibration says how far a network's probabilities can be believed.
type calibration struct {
	Temperature float64 `json:"temperature"` // that the logits are to be divided by
	Before      float64 `json:"before"`      // expected calibration error as trained
	After       float64 `json:"after"`       // and after the division
}

// sure compares how sure a network is with how often it is right, on one half of its
// answers, with a temperature found on the other.
func (a *audit) sure(file string, logits []float32, labels []int64) (c calibration, err error) {
	rows := len(labels)
	classes := len(logits) / rows
	n := graph.Sym("n")
	z, label := graph.Input("logits", n, graph.Dim(classes)), graph.InputOf(graph.Int64, "label", n)
	part := func(from, to int) []graph.Feed {
		return []graph.Feed{
			z.Is(tensor.New(tensor.WithShape(to-from, classes), tensor.WithBacking(slices.Clone(logits[from*classes:to*classes])))),
			label.Is(tensor.New(tensor.WithShape(to-from), tensor.WithBacking(slices.Clone(labels[from:to])))),
		}
	}
	fitted, err := ask(part(0, rows/2), explain.Temperature(z, label))
	if err != nil {
		return c, err
	}
	c.Temperature = float64(numbers(fitted[0])[0])
	cooled := ops.Scale(z, 1/c.Temperature)
	c0, a0, s0 := explain.Reliability(z, label, bins)
	c1, a1, s1 := explain.Reliability(cooled, label, bins)
	out, err := ask(part(rows/2, rows), c0, a0, s0, c1, a1, s1, explain.ECE(z, label, bins), explain.ECE(cooled, label, bins))
	if err != nil {
		return c, err
	}
	c.Before, c.After = float64(numbers(out[6])[0]), float64(numbers(out[7])[0])
	a.Section("How sure it may be", fmt.Sprintf(
		"Of what the network is 90 %% sure of, 90 %% should be right: the points should lie on the diagonal. The expected calibration error is %.4f. "+
			"Divided by a temperature of %.2f, found on other rows, the logits have one of %.4f, and the answers stay the same. A temperature above 1 says that it was too sure.", c.Before, c.Temperature, c.After))
	return c, a.Chart(file, &chart.Chart{
		Title: "reliability", X: "confidence", Y: "share that is right",
		Layers: []chart.Layer{
			chart.Line{Name: "perfect", X: []float64{0, 1}, Y: []float64{0, 1}, Faint: true},
			filled("as trained", out[0], out[1], out[2]), filled(fmt.Sprintf("divided by %.2f", c.Temperature), out[3], out[4], out[5]),
		},
	})
}

// filled are the points of the bins that hold something.
func filled(name string, confidence, accuracy, share *tensor.Dense) chart.Points {
	p := chart.Points{Name: name}
	for i, s := range wide(share) {
		if s > 0 {
			p.X, p.Y = append(p.X, wide(confidence)[i]), append(p.Y, wide(accuracy)[i])
		}
	}
	return p
}

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
	const parts = 4
	var names []string
	var errors []float64
	for _, s := range r.slices() {
		order := rangeOf(len(s.value))
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(s.value[i], s.value[j]) })
		for q := range parts {
			rows := order[q*len(order)/parts : (q+1)*len(order)/parts]
			wrong := 0.0
			for _, i := range rows {
				if !said.right(i) {
					wrong++
				}
			}
			names = append(names, fmt.Sprintf("%s %.3g..%.3g", s.name, s.value[rows[0]], s.value[rows[len(rows)-1]]))
			errors = append(errors, 100*wrong/float64(len(rows)))
		}
	}
	a.Text("The test set in quarters, by how the digits are written: ink is the mean brightness, pen its width in pixels, slant how far the top leans to the right, turn degrees to the right. A quarter that stands out is a kind of digit to collect more of.")
	if err := a.Chart("slices", &chart.Chart{Title: "mistakes by manner", Y: "mistakes, in %", Layers: []chart.Layer{chart.Bars{Names: names, Values: errors}}}); err != nil {
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
