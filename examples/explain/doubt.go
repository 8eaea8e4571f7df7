package main

import (
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
	c.Temperature = graph.Values(fitted[0])[0]
	cooled := ops.Scale(z, 1/c.Temperature)
	c0, a0, s0 := explain.Reliability(z, label, bins)
	c1, a1, s1 := explain.Reliability(cooled, label, bins)
	out, err := ask(part(rows/2, rows), c0, a0, s0, c1, a1, s1, explain.ECE(z, label, bins), explain.ECE(cooled, label, bins))
	if err != nil {
		return c, err
	}
	c.Before, c.After = graph.Values(out[6])[0], graph.Values(out[7])[0]
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
	for i, s := range graph.Values(share) {
		if s > 0 {
			p.X, p.Y = append(p.X, graph.Values(confidence)[i]), append(p.Y, graph.Values(accuracy)[i])
		}
	}
	return p
}
