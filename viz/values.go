package viz

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"gorgonia.org/tensor"
)

// Values are the results of one run, by node, for a picture to show, and the
// gradients of the loss for them.
type Values struct {
	value, slope map[uint64]graph.Tensor
}

// Run computes the value of each node that y depends on, and if y is a scalar of
// floats, y's gradient for each. It is an inference: nothing is trained, and what
// only a training step computes has no value. The bodies of loops have none.
func Run(y *graph.Node, feeds ...graph.Feed) (*Values, error) {
	var nodes, wrt []*graph.Node
	for _, n := range reach(false, []*graph.Node{y}) {
		if c, ok := n.Op().(graph.Chooser); ok && !c.Also() {
			nodes = append(nodes, n.In()[c.Choose(false)])
			continue
		}
		nodes = append(nodes, n)
		if n.DType().Float() {
			wrt = append(wrt, n)
		}
	}
	var grads []*graph.Node
	if y.Err() == nil && y.Shape().Rank() == 0 && y.DType().Float() {
		grads = autodiff.Grad(y, wrt...)
	}
	p, err := graph.Compile(append(nodes[:len(nodes):len(nodes)], grads...)...)
	if err != nil {
		return nil, err
	}
	out, err := p.Run(feeds...)
	if err != nil {
		return nil, err
	}
	v := &Values{}
	for i, n := range nodes {
		if err := v.Set(n, out[i]); err != nil {
			return nil, err
		}
	}
	for i, g := range grads {
		if !graph.IsZero(g) {
			if err := v.SetGradient(wrt[i], out[len(nodes)+i]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// Set gives a node its value.
func (v *Values) Set(n *graph.Node, t *tensor.Dense) error { return set(&v.value, n, t) }

// SetGradient gives a node the gradient of the loss for it.
func (v *Values) SetGradient(n *graph.Node, t *tensor.Dense) error { return set(&v.slope, n, t) }

func set(m *map[uint64]graph.Tensor, n *graph.Node, t *tensor.Dense) error {
	x, err := graph.FromDense(t)
	if err != nil {
		return fmt.Errorf("viz: the value of %v: %w", n, err)
	}
	if *m == nil {
		*m = map[uint64]graph.Tensor{}
	}
	(*m)[n.ID()] = x
	return nil
}

// Value returns the value of a node, and whether there is one.
func (v *Values) Value(n *graph.Node) (t graph.Tensor, ok bool) {
	if v == nil {
		return t, false
	}
	t, ok = v.value[n.ID()]
	return t, ok
}

// Gradient returns the gradient of the loss for a node, and whether there is one.
func (v *Values) Gradient(n *graph.Node) (t graph.Tensor, ok bool) {
	if v == nil {
		return t, false
	}
	t, ok = v.slope[n.ID()]
	return t, ok
}

// A Tile is what a picture shows of a tensor: the last axis runs to the right,
// all others downwards.
type Tile struct {
	Shape   []int     `json:"shape"`
	Rows    int       `json:"rows"` // of what is shown: above 16 rows or 40 columns, means of blocks
	Columns int       `json:"columns"`
	Cells   []float64 `json:"-"`
	Numbers []string  `json:"numbers,omitempty"` // the cells, up to 8 by 8 of them
	Levels  []int     `json:"levels"`            // -4 to 4, by the square root of the share of the largest magnitude; 5 for NaN and infinities
	Bins    []int     `json:"bins,omitempty"`    // counts of equal parts of Min to Max
	Min     Number    `json:"min"`
	Mean    Number    `json:"mean"`
	Max     Number    `json:"max"`
	NaN     int       `json:"nan,omitempty"` // elements that are NaN or infinite; the others are counted above
}

// A Number is a float whose JSON form exists for NaN and infinities too, as
// strings.
type Number float64

// MarshalJSON writes a number, or "NaN", "+Inf", "-Inf".
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendQuote(nil, strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = Number(f)
	return err
}

const (
	mostRows, mostColumns = 16, 40
	mostNumbers           = 8 // rows and columns whose numbers are written
)

// NewTile summarizes a tensor.
func NewTile(t graph.Tensor) *Tile {
	rows, columns := 1, 1
	if r := len(t.Shape); r > 0 {
		columns = t.Shape[r-1]
		if columns > 0 {
			rows = t.Len() / columns
		}
	}
	k := &Tile{Shape: t.Shape, Min: Number(math.Inf(1)), Max: Number(math.Inf(-1))}
	down, right := max(1, (rows+mostRows-1)/mostRows), max(1, (columns+mostColumns-1)/mostColumns)
	k.Rows, k.Columns = (rows+down-1)/down, (columns+right-1)/right
	k.Cells = make([]float64, k.Rows*k.Columns)
	count := make([]float64, len(k.Cells))
	sum := 0.0
	for i := range t.Len() {
		x := t.At(i)
		at := i/columns/down*k.Columns + i%columns/right
		k.Cells[at] += x
		count[at]++
		if math.IsNaN(x) || math.IsInf(x, 0) {
			k.NaN++
			continue
		}
		k.Min, k.Max, sum = min(k.Min, Number(x)), max(k.Max, Number(x)), sum+x
	}
	for i := range k.Cells {
		k.Cells[i] /= count[i]
	}
	k.Mean = Number(sum / float64(t.Len()-k.NaN))
	if t.Len() == k.NaN {
		k.Min, k.Max = Number(math.NaN()), Number(math.NaN())
	}
	k.level()
	k.bin(t)
	if rows <= mostNumbers && columns <= mostNumbers {
		for _, x := range k.Cells {
			k.Numbers = append(k.Numbers, num(x))
		}
	}
	return k
}

// level turns the cells into colours. The square root keeps small ones visible.
func (k *Tile) level() {
	most := 0.0
	for _, x := range k.Cells {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			most = max(most, math.Abs(x))
		}
	}
	k.Levels = make([]int, len(k.Cells))
	for i, x := range k.Cells {
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			k.Levels[i] = badLevel
		case most > 0:
			k.Levels[i] = int(math.Round(4 * math.Copysign(math.Sqrt(math.Abs(x)/most), x)))
		}
	}
}

// bin counts the histogram of more than a few elements.
func (k *Tile) bin(t graph.Tensor) {
	n := t.Len() - k.NaN
	if n < 16 || k.Max == k.Min {
		return
	}
	k.Bins = make([]int, min(24, 4+int(1.5*math.Cbrt(float64(n)))))
	for i := range t.Len() {
		if x := t.At(i); !math.IsNaN(x) && !math.IsInf(x, 0) {
			at := int((x - float64(k.Min)) / float64(k.Max-k.Min) * float64(len(k.Bins)))
			k.Bins[min(len(k.Bins)-1, at)]++
		}
	}
}

const badLevel = 5

// scalar returns the number of a tile of one element.
func (k *Tile) scalar() (string, bool) {
	if k == nil || len(k.Cells) != 1 || len(k.Numbers) != 1 {
		return "", false
	}
	return k.Numbers[0], true
}

// num writes a number with about three digits.
func num(v float64) string {
	a := math.Abs(v)
	f := ""
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 0):
		f = strconv.FormatFloat(v, 'g', -1, 64)
		f = strings.Replace(strings.TrimPrefix(f, "+"), "Inf", "∞", 1)
	case a == 0:
		return "0"
	case a == math.Trunc(a) && a < 1000:
		f = strconv.FormatFloat(v, 'f', -1, 64)
	case a >= 1000 || a < 0.001:
		f = strconv.FormatFloat(v, 'e', 1, 64)
	case a >= 100:
		f = strconv.FormatFloat(v, 'f', 1, 64)
	default:
		f = strconv.FormatFloat(v, 'f', 3, 64)
	}
	return strings.Replace(f, "-", "−", 1)
}
