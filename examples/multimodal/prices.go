package main

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A shipping tells what it costs to send a thing, from a picture of it and a row of a
// table. Eye is nil if it has no picture, and Table if it has no table.
type shipping struct {
	Eye   nn.Sequential
	Table nn.Sequential
	Price nn.Sequential
}

func newShipping(picture, table bool) *shipping {
	m := &shipping{Price: nn.Sequential{&nn.Dense{Out: 64, Act: ops.ReLU}, &nn.Dense{Out: 1}}}
	if picture {
		m.Eye = append(eye(), &nn.Flatten{}, &nn.Dense{Out: 32, Act: ops.ReLU})
	}
	if table {
		m.Table = nn.Sequential{&nn.Dense{Out: 32, Act: ops.ReLU}}
	}
	return m
}

// Apply maps pictures [n 3 32 32] and rows [n 3] to prices [n 1]: what each of them
// says stands side by side before a part that looks at both.
func (m *shipping) Apply(picture, row *graph.Node) *graph.Node {
	var both []*graph.Node
	if m.Eye != nil {
		both = append(both, m.Eye.Apply(picture))
	}
	if m.Table != nil {
		both = append(both, m.Table.Apply(row))
	}
	return m.Price.Apply(ops.Concat(1, both...))
}

// parcels draws things to send: pictures, rows of distance, express and the day of
// the week, which does not matter, and prices. Large things cost more, rings and
// crosses are fragile, red things are dangerous; far is dear, and more so for what is dear
// anyway.
func parcels(scenes []scene, rnd *rand.Rand) (images, rows, prices *tensor.Dense) {
	n := len(scenes)
	images, radius := pictures(scenes, rnd)
	table, price := make([]float32, 0, 3*n), make([]float32, n)
	for i, s := range scenes {
		distance, express, day := rnd.Float64(), float64(rnd.IntN(2)), rnd.Float64()
		thing := 1 + radius[i]*radius[i]/16
		if name := shapes[s.shape]; name == "ring" || name == "cross" {
			thing *= 1.5
		}
		if colours[s.colour] == "red" {
			thing += 3
		}
		price[i] = float32(thing*(0.4+1.2*distance) + 2*express + 0.2*rnd.NormFloat64())
		table = append(table, float32(2*distance-1), float32(2*express-1), float32(2*day-1))
	}
	return images, tensor.New(tensor.WithShape(n, 3), tensor.WithBacking(table)), tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(price))
}

// priceResult is how much of the differences of prices is explained, R², of parcels
// that were not learned from.
type priceResult struct {
	Picture float64 `json:"r2_picture"`
	Table   float64 `json:"r2_table"`
	Both    float64 `json:"r2_both"`
}

// prices trains with the picture alone, with the table alone, and with both.
func (s *study) prices() (*priceResult, error) {
	rnd := rand.New(rand.NewPCG(s.Seed, 2))
	images, rows, prices := parcels(familiar(s.pictures, rnd), rnd)
	newImages, newRows, newPrices := parcels(familiar(1000, rnd), rnd)
	var r priceResult
	n := graph.Sym("parcels")
	x, row, y := graph.Input("x", n, 3, side, side), graph.Input("row", n, 3), graph.Input("price", n, 1)
	for _, way := range []struct {
		name           string
		picture, table bool
		r2             *float64
	}{{"picture alone", true, false, &r.Picture}, {"table alone", false, true, &r.Table}, {"picture and table", true, true, &r.Both}} {
		m := newShipping(way.picture, way.table)
		price := m.Apply(x, row)
		if err := s.fit(way.name, m, nn.MSE(price, y), []*graph.Node{x, row, y}, images, rows, prices); err != nil {
			return nil, err
		}
		p, err := graph.Compile(nn.R2(price, y))
		if err != nil {
			return nil, err
		}
		out, err := p.Run(x.Is(newImages), row.Is(newRows), y.Is(newPrices))
		if err != nil {
			return nil, err
		}
		*way.r2 = graph.Values(out[0])[0]
	}
	s.folder.Section("Prices", "How much of what parcels cost is explained (R²) by a picture, by a table, and by both.")
	bars := chart.Bars{Names: []string{"picture", "table", "both"}, Values: []float64{r.Picture, r.Table, r.Both}}
	return &r, s.folder.Chart("prices", &chart.Chart{Title: "R² of prices", Layers: []chart.Layer{bars}})
}

func (r priceResult) String() string {
	return fmt.Sprintf("R² of prices: picture alone %.3f, table alone %.3f, both %.3f", r.Picture, r.Table, r.Both)
}
