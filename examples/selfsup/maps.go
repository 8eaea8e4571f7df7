package main

import (
	"fmt"
	"image"
	"slices"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn/latent"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// draw shows vectors in the plane: along the two axes along which they differ most,
// and by t-SNE, which puts neighbours together.
func (s *study) draw(name string, encode func(x *graph.Node) *graph.Node) error {
	set, err := vectors(encode, s.test.Rows(0, s.points))
	if err != nil {
		return err
	}
	x := input("x", set.Column(0))
	pca := latent.PCA(x, 2)
	plane := pca.Apply(x)
	share := ops.Div(ops.Sum(pca.Variance), pca.Total)
	p, err := graph.Compile(plane, share, latent.Affinities(x, 30))
	if err != nil {
		return err
	}
	out, err := p.Run(x.Is(set.Column(0)))
	if err != nil {
		return err
	}
	s.folder.Section("Map of "+name, fmt.Sprintf("Test images by what the encoder makes of them; colours are their digits, which it was never told. The first two of %d axes have %.0f %% of the variance.", width, 100*graph.Values(out[1])[0]))
	if err := s.scatter(name+"-pca", name+": principal axes", out[0], set); err != nil {
		return err
	}
	y, err := tsne(out[2], out[0], s.steps)
	if err != nil {
		return err
	}
	return s.scatter(name+"-tsne", name+": t-SNE", y, set)
}

// tsne finds a map for affinities [n n], from first places [n 2]. The map is the
// parameter, and there is no network.
func tsne(affinities, first *tensor.Dense, steps int) (*tensor.Dense, error) {
	start, points := slices.Clone(first.Float32s()), first.Shape()[0]
	for i := range start {
		start[i] = float32(1e-2 * float64(start[i]))
	}
	place := &graph.Param{Label: "map", Value: tensor.New(tensor.WithShape(points, 2), tensor.WithBacking(start))}
	p := graph.Input("p", graph.Dim(points), graph.Dim(points))
	pull := graph.Input("pull")
	loss := latent.TSNE(ops.Mul(p, pull), place.Node())
	step, err := optim.Minimize(loss, []*graph.Param{place}, optim.Adam(0.5))
	if err != nil {
		return nil, err
	}
	for i := range steps {
		v := float32(1)
		if i < steps/4 { // neighbours find each other first
			v = 12
		}
		if _, err := step.Run(p.Is(affinities), pull.Is(tensor.New(tensor.FromScalar(v)))); err != nil {
			return nil, err
		}
	}
	return place.Value, nil
}

// scatter draws places [n 2], a colour for each digit.
func (s *study) scatter(file, title string, places *tensor.Dense, set *data.Arrays) error {
	c := &chart.Chart{Title: title}
	v, digit := places.Float32s(), set.Column(1).Int64s()
	for d := range int64(10) {
		points := chart.Points{Name: fmt.Sprint(d)}
		for i := range digit {
			if digit[i] == d {
				points.X, points.Y = append(points.X, float64(v[2*i])), append(points.Y, float64(v[2*i+1]))
			}
		}
		c.Layers = append(c.Layers, points)
	}
	return s.folder.Chart(file, c)
}

// show draws what the masked autoencoder makes of some images.
func (s *study) show(m *masked) error {
	const n = 10
	x := graph.Input("x", n, side, side)
	p, err := graph.Compile(m.Show(x))
	if err != nil {
		return err
	}
	out, err := p.Run(x.Is(s.test.Rows(0, n).Column(0)))
	if err != nil {
		return err
	}
	var tiles []image.Image
	for v := range 3 * n {
		tiles = append(tiles, chart.Gray(out[0].Float32s()[v*side*side:(v+1)*side*side], side, side))
	}
	s.folder.Section("Masked autoencoder", "Images that it has not seen before, what it sees of them, and what it draws.")
	return s.folder.Picture("masked", chart.Grid(tiles, n, 2))
}
