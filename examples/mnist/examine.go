package main

import (
	"context"
	"fmt"
	"image"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// examine reports which digits are taken for which, and shows those that are
// misread.
func examine(ctx context.Context, f *report.Folder, m *train.Model, test *data.Arrays) error {
	logits, err := m.Predict(ctx, test, 1000)
	if err != nil {
		return err
	}
	read, err := report.Classes(logits)
	if err != nil {
		return err
	}
	labels, err := report.Classes(test.Column(1))
	if err != nil {
		return err
	}
	f.Section("Test", "")
	if err := f.Confusion(nil, labels, read); err != nil {
		return err
	}
	pixels, side := test.Column(0).Float32s(), test.Column(0).Shape()[2]
	var tiles []image.Image
	words := ""
	for i := range labels {
		if read[i] != labels[i] && len(tiles) < 20 {
			tiles = append(tiles, chart.Gray(pixels[i*side*side:(i+1)*side*side], side, side))
			words += fmt.Sprintf(" %d for %d,", read[i], labels[i])
		}
	}
	if len(tiles) == 0 {
		return nil
	}
	f.Section("Misread", "Some of the digits that were misread, row by row:"+words[:len(words)-1]+".")
	return f.Picture("misread", chart.Grid(tiles, 10, 2))
}
