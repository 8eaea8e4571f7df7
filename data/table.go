package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gorgonia.org/tensor"
)

// A Table is what a CSV file holds: named columns of numbers or words.
type Table struct {
	columns []*tableColumn
	lines   []uint32 // of the file, for each row
	source  string   // the file, for errors
}

// A tableColumn collects cells as text, and turns to numbers if all are.
type tableColumn struct {
	name    string
	numbers []float64       // nil in a column of words
	text    strings.Builder // the cells, end to end: far less than a string each
	ends    []uint32        // where in text each cell ends
	wordAt  int             // the first row that is not a finite number, or -1
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.lines) }

// Names returns the names of the columns in order.
func (t *Table) Names() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// Floats returns the named columns, or all if none is named, as a float32
// matrix [rows columns]. It fails on a column of words and on a number beyond
// the range of float32. Missing cells that were kept are NaN.
func (t *Table) Floats(names ...string) (*tensor.Dense, error) {
	return matrix[float32](t, names)
}

// Floats64 is Floats with float64 elements.
func (t *Table) Floats64(names ...string) (*tensor.Dense, error) {
	return matrix[float64](t, names)
}

// Classes returns the index of each cell of the named column among the classes,
// int64 [rows], and the classes, which are the distinct cells: words sorted as
// strings, numbers by value and written as short as possible, a missing number
// as "NaN" before the others.
func (t *Table) Classes(name string) (*tensor.Dense, []string, error) {
	c, err := t.column(name)
	if err != nil {
		return nil, nil, err
	}
	var index []int64
	var classes []string
	if c.numbers != nil {
		var distinct []float64
		index, distinct = classify(len(t.lines), func(i int) float64 { return c.numbers[i] })
		for _, x := range distinct {
			classes = append(classes, strconv.FormatFloat(x, 'g', -1, 64))
		}
	} else {
		index, classes = classify(len(t.lines), c.word)
		for i, word := range classes {
			classes[i] = strings.Clone(word) // else it keeps the whole column
		}
	}
	return tensor.New(tensor.WithShape(len(index)), tensor.WithBacking(index)), classes, nil
}

// classify returns the place of each of n cells among the distinct ones.
func classify[T cmp.Ordered](n int, cell func(int) T) (index []int64, distinct []T) {
	all := make([]T, n)
	for i := range all {
		all[i] = cell(i)
	}
	distinct = slices.Clone(all)
	slices.Sort(distinct)
	// NaN is not itself but compares as equal, hence CompactFunc.
	distinct = slices.CompactFunc(distinct, func(a, b T) bool { return cmp.Compare(a, b) == 0 })
	index = make([]int64, n)
	for i, x := range all {
		at, _ := slices.BinarySearch(distinct, x)
		index[i] = int64(at)
	}
	return index, slices.Clip(distinct)
}

func (t *Table) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: "+format, append([]any{cmp.Or(t.source, "table")}, args...)...)
}

func (t *Table) column(name string) (*tableColumn, error) {
	for _, c := range t.columns {
		if c.name == name {
			return c, nil
		}
	}
	return nil, t.errorf("no column %q: there are %s", name, list(t.Names()))
}

// matrix returns the named columns side by side.
func matrix[T float32 | float64](t *Table, names []string) (*tensor.Dense, error) {
	if len(names) == 0 {
		names = t.Names()
	}
	if len(names) == 0 {
		return nil, t.errorf("no columns: make the table by ReadCSV")
	}
	k := len(names)
	out := make([]T, len(t.lines)*k)
	for j, name := range names {
		c, err := t.column(name)
		if err != nil {
			return nil, err
		}
		if c.numbers == nil {
			return nil, t.errorf("line %d, column %q: %q is not a finite number: use Classes, or list it in CSV.Null if it stands for a missing one",
				t.lines[c.wordAt], name, c.word(c.wordAt))
		}
		for i, x := range c.numbers {
			y := T(x)
			if math.IsInf(float64(y), 0) {
				return nil, t.errorf("line %d, column %q: %g is beyond float32: use Floats64", t.lines[i], name, x)
			}
			out[i*k+j] = y
		}
	}
	return tensor.New(tensor.WithShape(len(t.lines), k), tensor.WithBacking(out)), nil
}

// add appends a cell; "" is a missing one.
func (c *tableColumn) add(cell string) error {
	if uint64(c.text.Len()+len(cell)) > math.MaxUint32 {
		return fmt.Errorf("more than 4 GiB of text in one column: read the file in parts")
	}
	if c.wordAt < 0 {
		if _, ok := number(cell); !ok {
			c.wordAt = len(c.ends)
		}
	}
	c.text.WriteString(cell)
	c.ends = append(c.ends, uint32(c.text.Len()))
	return nil
}

// settle turns the text into numbers unless there is a word among it.
func (c *tableColumn) settle() {
	if c.wordAt >= 0 {
		return
	}
	c.numbers = make([]float64, len(c.ends))
	for i := range c.ends {
		c.numbers[i], _ = number(c.word(i))
	}
	c.text.Reset()
	c.ends = nil
}

// word returns the text of a cell.
func (c *tableColumn) word(i int) string {
	from := uint32(0)
	if i > 0 {
		from = c.ends[i-1]
	}
	return c.text.String()[from:c.ends[i]]
}

// NewTable returns a table of columns that are there already, as readers of other
// formats make: each is a []float64, in which NaN is a missing number, or a
// []string. Errors count rows from 1, as lines. It fails on columns of different
// lengths or none, on two of one name, and on other types.
func NewTable(names []string, columns []any) (*Table, error) {
	if len(names) == 0 || len(names) != len(columns) {
		return nil, fmt.Errorf("table: %d names for %d columns: give each column a name", len(names), len(columns))
	}
	t := &Table{}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("table: two columns are named %q: rename one", name)
		}
		c := &tableColumn{name: name, wordAt: -1}
		n := 0
		switch cells := columns[i].(type) {
		case []float64:
			c.numbers, n = cells, len(cells)
		case []string:
			for _, cell := range cells {
				if err := c.add(cell); err != nil {
					return nil, fmt.Errorf("table: column %q: %w", name, err)
				}
			}
			c.wordAt, n = 0, len(cells) // words stay words, though all look like numbers
		default:
			return nil, fmt.Errorf("table: column %q is a %T: it must be a []float64 or a []string", name, cells)
		}
		if i == 0 {
			t.lines = make([]uint32, n)
			for row := range t.lines {
				t.lines[row] = uint32(row + 1)
			}
		}
		if n != len(t.lines) || n == 0 {
			return nil, fmt.Errorf("table: column %q has %d rows, the first has %d: all must have as many, and at least one", name, n, len(t.lines))
		}
		t.columns = append(t.columns, c)
	}
	return t, nil
}
