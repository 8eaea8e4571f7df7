package data

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A CSV says how a file of comma-separated values is laid out. The zero value
// is a file whose first line names its columns and whose cells are all there.
type CSV struct {
	NoHeader bool     // the first line is a row; the columns are named x0, x1, ...
	Comma    rune     // what separates cells; ',' if zero
	Columns  []string // the columns to keep, in this order; all if empty
	Null     []string // cells that count as missing, beside empty ones: "NA", "?"
	Missing  Missing  // what to do about a missing cell in a kept column
}

// Missing is what to do about a missing cell.
type Missing int

const (
	RefuseMissing Missing = iota // an error that names the line and the column
	DropMissing                  // leave out the row
	KeepMissing                  // NaN among numbers, a class named "" among words
)

// csvWidth is the most columns a file may have. The parser spends about forty
// bytes on a cell, however short, so a line of commas alone could fill memory.
// Commas inside quotes count too, since the guard stands before the parser.
const csvWidth = 1 << 16

// OpenCSV reads the table in a file, as [ReadCSV] does.
func OpenCSV(path string, opts CSV) (*Table, error) {
	t, err := opened(path, func(f *os.File, _ int64) (*Table, error) { return ReadCSV(f, opts) })
	if err != nil {
		return nil, err
	}
	t.source = path
	return t, nil
}

// ReadCSV reads a table of comma-separated values, quoted as in RFC 4180; space
// around a cell and a byte order mark do not count. A column of finite numbers
// holds float64, any other holds words. A column without a name gets one by its
// place: x0, x1, ... It fails on a file without rows, on lines of different
// lengths, on more than 65,536 columns, on two columns of one name and on a
// column asked for that is not there.
func ReadCSV(r io.Reader, opts CSV) (*Table, error) {
	if opts.Comma == 0 {
		opts.Comma = ','
	}
	c := &csvReader{opts: opts, in: csv.NewReader(&widthGuard{in: skipMark(r), comma: opts.Comma})}
	c.in.Comma = opts.Comma
	c.in.TrimLeadingSpace = !unicode.IsSpace(opts.Comma) // else it would eat empty cells
	c.in.ReuseRecord = true
	t, err := c.table()
	if err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	return t, nil
}

// skipMark returns r without a leading UTF-8 byte order mark.
func skipMark(r io.Reader) io.Reader {
	const mark = "\ufeff"
	in := bufio.NewReader(r)
	if b, _ := in.Peek(len(mark)); string(b) == mark {
		in.Discard(len(mark))
	}
	return in
}

// A csvReader turns records into columns.
type csvReader struct {
	in      *csv.Reader
	opts    CSV
	pick    []int // where in a record each kept column lies
	columns []*tableColumn
	lines   []uint32 // of each row
	line    int      // of the last record
}

func (c *csvReader) table() (*Table, error) {
	record, err := c.record()
	if err == io.EOF {
		return nil, fmt.Errorf("line 1: the file is empty")
	}
	if err != nil {
		return nil, err
	}
	if err := c.choose(record); err != nil {
		return nil, err
	}
	if !c.opts.NoHeader {
		record, err = c.record()
	}
	for err == nil {
		if err = c.add(record); err == nil {
			record, err = c.record()
		}
	}
	if err != io.EOF {
		return nil, err
	}
	if len(c.lines) == 0 {
		return nil, fmt.Errorf("line %d: no rows: the file holds a header alone, or every row misses a cell", c.line)
	}
	for _, k := range c.columns {
		k.settle()
	}
	return &Table{columns: c.columns, lines: c.lines}, nil
}

// record returns the next record, or io.EOF.
func (c *csvReader) record() ([]string, error) {
	record, err := c.in.Read()
	if err == nil {
		c.line, _ = c.in.FieldPos(0)
	}
	var bad *csv.ParseError
	switch {
	case err == io.EOF:
		return record, err
	case err == nil:
		return record, c.text(record)
	case errors.Is(err, csv.ErrFieldCount):
		line, _ := c.in.FieldPos(0)
		return nil, fmt.Errorf("line %d: %d cells, but the first line has %d: quote a cell that holds %q",
			line, len(record), c.in.FieldsPerRecord, c.opts.Comma)
	case errors.As(err, &bad):
		return nil, fmt.Errorf("line %d: byte %d of the line: %w", bad.Line, bad.Column, bad.Err)
	case !validComma(c.opts.Comma):
		return nil, fmt.Errorf("%q cannot separate cells: use another Comma", c.opts.Comma)
	}
	return nil, err
}

// text says which cell is none: that of a file which is packed, or of another format
// or encoding.
func (c *csvReader) text(record []string) error {
	for i, cell := range record {
		if !utf8.ValidString(cell) || strings.IndexByte(cell, 0) >= 0 {
			return fmt.Errorf("line %d: cell %d is no UTF-8 text: convert or unpack the file first", c.line, i+1)
		}
	}
	return nil
}

func validComma(c rune) bool {
	return c != '"' && c != '\r' && c != '\n' && c != utf8.RuneError && utf8.ValidRune(c)
}

// choose names the columns after the first record and finds the wanted ones.
func (c *csvReader) choose(first []string) error {
	at := make(map[string]int, len(first))
	names := make([]string, len(first))
	for i := range first {
		name := ""
		if !c.opts.NoHeader {
			name = strings.Clone(strings.TrimSpace(first[i]))
		}
		if name == "" {
			name = "x" + strconv.Itoa(i)
		}
		if j, twice := at[name]; twice {
			return fmt.Errorf("line 1: columns %d and %d are both named %q: rename one", j+1, i+1, name)
		}
		at[name], names[i] = i, name
	}
	wanted := c.opts.Columns
	if len(wanted) == 0 {
		wanted = names
	}
	for i, name := range wanted {
		j, ok := at[name]
		if !ok {
			return fmt.Errorf("line 1: no column %q: there are %s", name, list(names))
		}
		if slices.Contains(c.opts.Columns[:min(i, len(c.opts.Columns))], name) {
			return fmt.Errorf("column %q is asked for twice in Columns", name)
		}
		c.pick = append(c.pick, j)
		c.columns = append(c.columns, &tableColumn{name: name, wordAt: -1})
	}
	return nil
}

// add appends one row, or leaves it out.
func (c *csvReader) add(record []string) error {
	line, _ := c.in.FieldPos(0)
	for i, j := range c.pick {
		cell := strings.TrimSpace(record[j])
		if cell != "" && !slices.Contains(c.opts.Null, cell) {
			record[j] = cell
			continue
		}
		record[j] = ""
		switch c.opts.Missing {
		case DropMissing:
			return nil
		case KeepMissing:
		default:
			return fmt.Errorf("line %d, column %q: the cell is missing: set CSV.Missing to DropMissing or KeepMissing",
				line, c.columns[i].name)
		}
	}
	for i, j := range c.pick {
		if err := c.columns[i].add(record[j]); err != nil {
			return fmt.Errorf("line %d, column %q: %w", line, c.columns[i].name, err)
		}
	}
	c.lines = append(c.lines, uint32(line))
	return nil
}

// number returns the finite number a cell holds; a missing one is NaN.
func number(cell string) (x float64, ok bool) {
	if cell == "" {
		return math.NaN(), true
	}
	x, err := strconv.ParseFloat(cell, 64)
	return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

// list quotes the first few names.
func list(names []string) string {
	const few = 8
	if len(names) <= few {
		return fmt.Sprintf("%q", names)
	}
	return fmt.Sprintf("%q and %d more", names[:few], len(names)-few)
}

// A widthGuard passes bytes on until a line holds too many commas.
type widthGuard struct {
	in     io.Reader
	comma  rune
	line   int // lines seen
	commas int // in the present line
}

func (g *widthGuard) Read(b []byte) (int, error) {
	n, err := g.in.Read(b)
	for _, c := range b[:n] {
		switch c {
		case '\n':
			g.line++
			g.commas = 0
		case byte(g.comma): // of a longer rune some byte; near enough for a guard
			if g.commas++; g.commas >= csvWidth {
				return 0, fmt.Errorf("line %d: more than %d cells: is %q what separates them?", g.line+1, csvWidth, g.comma)
			}
		}
	}
	return n, err
}
