// Package parquet reads tables from Parquet files. It is a module of its own, so
// that programs which read none do without the decoders of its many packings.
package parquet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	format "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	meta "github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"

	"github.com/adjointml/adjoint/data"
)

// A File says what to read of a Parquet file. The zero value reads all columns and
// fails on missing values.
type File struct {
	Columns []string     // the columns to keep, in this order; all if empty
	Missing data.Missing // what to do about a null in a kept column
}

// Open reads the table in a file, as [File.Read] does. Errors name the file.
func (o File) Open(path string) (*data.Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	t, err := o.Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Read reads the table in size bytes at r, as [data.ReadCSV] does that of a CSV:
// truths (0 or 1), integers and floats become float64; texts become words. Times
// are the integers that they are stored as. A null is missing: with
// [data.KeepMissing] NaN among numbers and "" among words.
//
// It fails on columns of lists, groups, decimals and 96 bits, on integers that a
// float64 does not hold exactly, on a file without rows, and on a damaged file,
// with the offset at which it was last read. A file that says it unpacks to more
// than four times its size and 12 MiB is taken for an attack.
func (o File) Read(r io.ReaderAt, size int64) (t *data.Table, err error) {
	at := &lastRead{r, 0}
	defer func() { // of the library, on some damaged files
		if p := recover(); p != nil {
			t, err = nil, fmt.Errorf("parquet: offset %d: damaged: %v", at.offset, p)
		}
	}()
	t, err = o.read(at, size)
	if err != nil {
		return nil, fmt.Errorf("parquet: offset %d: %w", at.offset, err)
	}
	return t, nil
}

// A lastRead knows where it was last read, which is where errors come from.
type lastRead struct {
	io.ReaderAt
	offset int64
}

func (l *lastRead) ReadAt(b []byte, offset int64) (int, error) {
	l.offset = max(offset, 0)
	return l.ReaderAt.ReadAt(b, offset)
}

func (o File) read(r *lastRead, size int64) (*data.Table, error) {
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	f, err := format.OpenFile(r, size, format.SkipPageIndex(true), format.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	if err := trusted(f, size); err != nil {
		return nil, err
	}
	names, leaves, err := o.choose(f.Root())
	if err != nil {
		return nil, err
	}
	columns := make([]*column, len(leaves))
	pages := checker{r: r, room: mostOf(size)}
	for i, leaf := range leaves {
		if err = pages.check(f, leaf); err == nil {
			columns[i], err = read(f, leaf)
		}
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", leaf.Name(), err)
		}
	}
	if err := o.settle(columns); err != nil {
		return nil, err
	}
	cells := make([]any, len(columns))
	for i, c := range columns {
		cells[i] = c.cells()
	}
	return data.NewTable(names, cells)
}

// checkFooter looks at the frame of the file before the library allocates what it
// announces.
func checkFooter(r io.ReaderAt, size int64) error {
	var b [8]byte
	if size < 12 {
		return fmt.Errorf("%d bytes are too few: not a parquet file, or cut short", size)
	}
	if _, err := r.ReadAt(b[:], size-8); err != nil {
		return err
	}
	n := int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(b[3])<<24
	if string(b[4:]) != "PAR1" || n > size-12 {
		return fmt.Errorf("the file ends with %q after a footer of %d bytes: not a parquet file, or cut short", b[4:], n)
	}
	return nil
}

// mostOf is how many bytes a file of the given size may unpack to.
func mostOf(size int64) int64 { return 4*size + 12<<20 }

// trusted fails where the footer announces more than the file can hold.
func trusted(f *format.File, size int64) error {
	if f.NumRows() < 1 {
		return errors.New("no rows")
	}
	most, total, rows := mostOf(size), int64(0), int64(0)
	for _, g := range f.Metadata().RowGroups {
		rows += g.NumRows
		for _, c := range g.Columns {
			m := c.MetaData
			if m.NumValues < 0 || m.TotalUncompressedSize < 0 || m.TotalCompressedSize < 0 || m.TotalCompressedSize > size || m.NumValues != g.NumRows && len(m.PathInSchema) == 1 {
				return fmt.Errorf("column %v says it has %d values in %d rows, in %d bytes, unpacked %d", m.PathInSchema, m.NumValues, g.NumRows, m.TotalCompressedSize, m.TotalUncompressedSize)
			}
			// a run of equal values takes no bytes, but eight once read
			if total += max(m.TotalUncompressedSize, 8*m.NumValues); total > most {
				return fmt.Errorf("the columns unpack to more than %d bytes, too many for a file of %d", most, size)
			}
		}
	}
	if rows != f.NumRows() {
		return fmt.Errorf("%d rows are announced, but the groups have %d", f.NumRows(), rows)
	}
	return nil
}

// A checker looks at pages before the library, which makes all the room that a page asks
// for before it reads.
type checker struct {
	r                io.ReaderAt
	room             int64  // bytes that pages may still unpack to
	packed, unpacked []byte // of a page
}

// check fails where a page of a column announces more bytes than are left of it or than
// there is room for, or unpacks to more than it announces.
func (c *checker) check(f *format.File, leaf *format.Column) error {
	for _, g := range f.Metadata().RowGroups {
		m := g.Columns[leaf.Index()].MetaData
		at := m.DataPageOffset
		if m.DictionaryPageOffset != 0 {
			at = m.DictionaryPageOffset
		}
		for end := at + m.TotalCompressedSize; at < end; {
			section := io.NewSectionReader(c.r, at, end-at)
			in := bufio.NewReader(section)
			var h meta.PageHeader
			if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(in)).Decode(&h); err != nil {
				return err
			}
			read, _ := section.Seek(0, io.SeekCurrent)
			at += read - int64(in.Buffered())
			packed, unpacked := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
			if c.room -= unpacked; packed < 0 || unpacked < 0 || packed > end-at || c.room < 0 {
				return fmt.Errorf("a page says it has %d bytes, unpacked %d, where %d are left", packed, unpacked, end-at)
			}
			if err := c.unpacks(m.Codec, &h, at); err != nil {
				return err
			}
			at += packed
		}
	}
	return nil
}

// unpacks fails where the bytes of a page would become more than its header says, with
// the codecs for which the library makes as much room as they ask for.
func (c *checker) unpacks(codec meta.CompressionCodec, h *meta.PageHeader, at int64) error {
	if codec != meta.Snappy && codec != meta.Lz4Raw {
		return nil
	}
	c.packed = slices.Grow(c.packed[:0], int(h.CompressedPageSize))[:h.CompressedPageSize]
	if _, err := c.r.ReadAt(c.packed, at); err != nil {
		return err
	}
	data, size := c.packed, int64(h.UncompressedPageSize)
	if v2 := &h.DataPageHeaderV2; v2.Valid { // whose levels come before, as they are
		if v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
			return nil
		}
		levels := int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
		if levels < 0 || levels > int64(len(data)) || levels > size {
			return fmt.Errorf("a page of %d bytes says it has %d of levels", len(data), levels)
		}
		data, size = data[levels:], size-levels
	}
	if len(data) == 0 {
		return nil
	}
	if codec == meta.Snappy {
		if n, ok := binary.Uvarint(data); ok <= 0 || n > uint64(size) {
			return fmt.Errorf("a page unpacks to %d bytes where it says %d", n, size)
		}
		return nil
	}
	c.unpacked = slices.Grow(c.unpacked[:0], int(size))[:size]
	if _, err := lz4.UncompressBlock(data, c.unpacked); err != nil {
		return fmt.Errorf("a page does not unpack to %d bytes: %w", size, err)
	}
	return nil
}

// choose finds the wanted columns.
func (o File) choose(root *format.Column) (names []string, leaves []*format.Column, err error) {
	for _, c := range root.Columns() {
		names = append(names, c.Name())
	}
	if len(o.Columns) > 0 {
		for _, want := range o.Columns {
			if !slices.Contains(names, want) {
				return nil, nil, fmt.Errorf("no column %q: there are %q", want, names[:min(len(names), 8)])
			}
		}
		names = o.Columns
	}
	for _, name := range names {
		c := root.Column(name)
		if err := readable(c); err != nil {
			return nil, nil, fmt.Errorf("column %q: %w: leave it out by File.Columns", name, err)
		}
		leaves = append(leaves, c)
	}
	return names, leaves, nil
}

func readable(c *format.Column) error {
	switch {
	case !c.Leaf() || c.Repeated():
		return errors.New("it holds lists or groups")
	case c.Type().Kind() == format.Int96:
		return errors.New("it holds integers of 96 bits")
	}
	if l := c.Type().LogicalType(); l != nil {
		if _, ok := l.Value.(*meta.DecimalType); ok {
			return errors.New("it holds decimals")
		}
	}
	return nil
}

// A column is what is read of one.
type column struct {
	name    string
	text    bool
	numbers []float64
	words   []string
	null    []int // the rows without a value
}

func (c *column) cells() any {
	if c.text {
		return c.words
	}
	return c.numbers
}

func (c *column) len() int { return max(len(c.numbers), len(c.words)) }

// read returns the values of a column in all groups of rows.
func read(f *format.File, leaf *format.Column) (*column, error) {
	kind := leaf.Type().Kind()
	c := &column{name: leaf.Name(), text: kind == format.ByteArray || kind == format.FixedLenByteArray}
	for _, g := range f.RowGroups() {
		pages := g.ColumnChunks()[leaf.Index()].Pages()
		err := c.pages(pages, number(leaf.Type()))
		if err = errors.Join(err, pages.Close()); err != nil {
			return nil, err
		}
	}
	if int64(c.len()) != f.NumRows() {
		return nil, fmt.Errorf("%d values for %d rows", c.len(), f.NumRows())
	}
	return c, nil
}

func (c *column) pages(pages format.Pages, number func(format.Value) float64) error {
	buf := make([]format.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for values := page.Values(); ; {
			n, err := values.ReadValues(buf)
			for _, v := range buf[:n] {
				if err := c.add(v, number); err != nil {
					format.Release(page)
					return err
				}
			}
			if err == io.EOF || err == nil && n == 0 {
				break
			}
			if err != nil {
				format.Release(page)
				return err
			}
		}
		format.Release(page)
	}
}

func (c *column) add(v format.Value, number func(format.Value) float64) error {
	row := c.len()
	if v.IsNull() {
		c.null = append(c.null, row)
	}
	switch {
	case c.text && v.IsNull():
		c.words = append(c.words, "")
	case c.text:
		c.words = append(c.words, string(v.ByteArray()))
	case v.IsNull():
		c.numbers = append(c.numbers, math.NaN())
	default:
		x := number(v)
		if k := v.Kind(); k == format.Int64 && math.Abs(x) > 1<<53 {
			return fmt.Errorf("row %d: the integer %v is beyond 2^53, where float64 has gaps", row+1, v)
		}
		c.numbers = append(c.numbers, x)
	}
	return nil
}

// number returns what turns values of a type into numbers.
func number(t format.Type) func(format.Value) float64 {
	unsigned := false
	if l := t.LogicalType(); l != nil {
		i, ok := l.Value.(*meta.IntType)
		unsigned = ok && !i.IsSigned
	}
	switch t.Kind() {
	case format.Boolean:
		return func(v format.Value) float64 {
			if v.Boolean() {
				return 1
			}
			return 0
		}
	case format.Int32:
		if unsigned {
			return func(v format.Value) float64 { return float64(v.Uint32()) }
		}
		return func(v format.Value) float64 { return float64(v.Int32()) }
	case format.Int64:
		if unsigned {
			return func(v format.Value) float64 { return float64(v.Uint64()) }
		}
		return func(v format.Value) float64 { return float64(v.Int64()) }
	case format.Float:
		return func(v format.Value) float64 { return float64(v.Float()) }
	}
	return func(v format.Value) float64 { return v.Double() }
}

// settle deals with missing values.
func (o File) settle(columns []*column) error {
	drop := map[int]bool{}
	for _, c := range columns {
		if len(c.null) > 0 && o.Missing != data.KeepMissing && o.Missing != data.DropMissing {
			return fmt.Errorf("row %d, column %q: the value is missing: set File.Missing to data.DropMissing or data.KeepMissing", c.null[0]+1, c.name)
		}
		for _, row := range c.null {
			drop[row] = o.Missing == data.DropMissing
		}
	}
	for _, c := range columns {
		c.numbers, c.words = without(c.numbers, drop), without(c.words, drop)
		if c.len() == 0 {
			return errors.New("no rows: each misses a value")
		}
	}
	return nil
}

// without returns the cells whose rows are not dropped.
func without[T any](cells []T, drop map[int]bool) []T {
	kept := cells[:0]
	for row, cell := range cells {
		if !drop[row] {
			kept = append(kept, cell)
		}
	}
	return kept
}
