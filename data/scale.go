package data

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"
)

// A Scaler maps each feature of a column of floats linearly: (x - Shift) / Scale.
// It is fitted on training data alone and then applied to all: fitted on test
// data too, it would tell the network what it must not know.
type Scaler struct {
	Shift, Scale []float64 // one for each element of a row, or one for all
}

// Standard returns the scaler to mean 0 and standard deviation 1 (dividing by n)
// of each feature of a column. A feature that never changes keeps a scale of 1.
// It fails where the column does not hold floats, or a value is not finite.
func Standard(d Dataset, column int) (*Scaler, error) {
	var mean, square []float64 // Welford's running sums
	n := 0.0
	err := features(d, column, func(row []float64) {
		if mean == nil {
			mean, square = make([]float64, len(row)), make([]float64, len(row))
		}
		n++
		for i, x := range row {
			off := x - mean[i]
			mean[i] += off / n
			square[i] += off * (x - mean[i])
		}
	})
	for i := range square {
		square[i] = orOne(math.Sqrt(square[i] / n))
	}
	return &Scaler{mean, square}, err
}

// Range returns the scaler to the interval from 0 to 1 of each feature of a
// column. A feature that never changes keeps a scale of 1. It fails as Standard
// does.
func Range(d Dataset, column int) (*Scaler, error) {
	var low, high []float64
	err := features(d, column, func(row []float64) {
		if low == nil {
			low, high = append(low, row...), append(high, row...)
		}
		for i, x := range row {
			low[i], high[i] = min(low[i], x), max(high[i], x)
		}
	})
	for i := range high {
		high[i] = orOne(high[i] - low[i])
	}
	return &Scaler{low, high}, err
}

func orOne(x float64) float64 {
	if x == 0 {
		return 1
	}
	return x
}

// features calls f with each row of a column of floats.
func features(d Dataset, column int, f func(row []float64)) error {
	n := 0
	for batch, err := range d.Batches(256) {
		if err != nil {
			return err
		}
		if column < 0 || column >= len(batch) {
			return fmt.Errorf("data: no column %d: there are %d", column, len(batch))
		}
		x, err := floats(batch[column])
		if err != nil {
			return fmt.Errorf("data: column %d: %w", column, err)
		}
		width := len(x) / rowsOf(batch)
		for i := 0; i < len(x); i += width {
			for j, v := range x[i : i+width] {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("data: column %d: row %d, feature %d is %v: drop or fill such values first", column, n, j, v)
				}
			}
			f(x[i : i+width])
			n++
		}
	}
	if n == 0 {
		return fmt.Errorf("data: no rows to fit a scaler on")
	}
	return nil
}

// floats returns the elements of a tensor of floats in row-major order.
func floats(t *tensor.Dense) ([]float64, error) {
	c, err := columnOf(t)
	if err != nil {
		return nil, err
	}
	switch v := c.(type) {
	case *values[float64]:
		return v.data, nil
	case *values[float32]:
		out := make([]float64, len(v.data))
		for i, x := range v.data {
			out[i] = float64(x)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%v is not float32 or float64: convert it first", c)
}

// Apply returns a new tensor of the scaled rows. It fails where t does not hold
// floats or has another number of features.
func (s *Scaler) Apply(t *tensor.Dense) (*tensor.Dense, error) {
	return s.each(t, func(x float64, i int) float64 { return (x - s.Shift[i]) / s.Scale[i] })
}

// Undo returns a new tensor of what Apply made the rows of t from, such as
// predictions in their own units.
func (s *Scaler) Undo(t *tensor.Dense) (*tensor.Dense, error) {
	return s.each(t, func(x float64, i int) float64 { return x*s.Scale[i] + s.Shift[i] })
}

func (s *Scaler) each(t *tensor.Dense, f func(x float64, i int) float64) (*tensor.Dense, error) {
	x, err := floats(t)
	if err != nil {
		return nil, fmt.Errorf("data: scaler: %w", err)
	}
	width := len(x) / t.Shape()[0]
	one := len(s.Shift) == 1
	if len(s.Shift) != len(s.Scale) || !one && len(s.Shift) != width {
		return nil, fmt.Errorf("data: scaler: rows of %v have %d features, the scaler has %d: fit it on such rows", t.Shape(), width, len(s.Shift))
	}
	at := func(i int) int {
		if one {
			return 0
		}
		return i % width
	}
	if t.Dtype() == tensor.Float32 {
		return mapFloats[float32](t, x, func(v float64, i int) float64 { return f(v, at(i)) }), nil
	}
	return mapFloats[float64](t, x, func(v float64, i int) float64 { return f(v, at(i)) }), nil
}

func mapFloats[T float32 | float64](t *tensor.Dense, x []float64, f func(x float64, i int) float64) *tensor.Dense {
	out := make([]T, len(x))
	for i, v := range x {
		out[i] = T(f(v, i))
	}
	return tensor.New(tensor.WithShape(t.Shape().Clone()...), tensor.WithBacking(out))
}

// Transform returns the scaler as a step of [Map] for the given columns.
func (s *Scaler) Transform(columns ...int) Transform {
	return Columns(func(_ int, t *tensor.Dense) (*tensor.Dense, error) { return s.Apply(t) }, columns...)
}
