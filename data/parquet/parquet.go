// Package parquet reads Parquet files as tables. It is a module of its own, so that
// package data needs none of what it takes to unpack them:
//
//	table, err := parquet.Open("houses.parquet", parquet.Options{})
//	x, err := table.Floats("rooms", "age")
//	y, classes, err := table.Classes("district")
package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/adjointml/adjoint/data"
)

// Options say what to read. The zero value reads all columns.
type Options struct {
	Columns []string // to keep, in this order; all if empty
	// Memory is how many bytes the columns and what they are unpacked from may take;
	// 0 means four times the file and 16 MiB, beyond which a file is taken for an
	// attack. A file of few distinct values may honestly need more.
	Memory int64
}

// Open reads the table in a file, as [Read] does.
func Open(path string, o Options) (*data.Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	t, err := read(f, info.Size(), path, o)
	if err != nil {
		return nil, fmt.Errorf("%s: parquet: %w", path, err)
	}
	return t, nil
}

// Read reads a table of size bytes. Integers, floats and truths (0 and 1) become
// numbers, of which missing ones are NaN; text becomes words, missing ones "". It
// fails on columns of lists and of other types, dates and decimals too, on integers
// that a float64 cannot hold, and on a file that is damaged or takes too much memory.
func Read(r io.ReaderAt, size int64, o Options) (*data.Table, error) {
	t, err := read(r, size, "parquet", o)
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	return t, nil
}

func read(r io.ReaderAt, size int64, source string, o Options) (t *data.Table, err error) {
	defer func() {
		if p := recover(); p != nil { // the library panics at some damaged pages
			err = fmt.Errorf("offset 0: the file is damaged: %v", p)
		}
	}()
	left := o.Memory
	if left == 0 {
		left = 4*size + 16<<20
	}
	if left, err = checkEnds(r, size, left); err != nil {
		return nil, err
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("offset %d: footer: %w", size-8, oneLine(err))
	}
	names, leaves, err := choose(f, o.Columns)
	if err != nil {
		return nil, err
	}
	b := &budget{left: left}
	columns := make([]any, len(names))
	for i, leaf := range leaves {
		if err := b.pages(r, size, f, leaf); err != nil {
			return nil, fmt.Errorf("column %q: %w", names[i], err)
		}
		if columns[i], err = b.column(f, leaf); err != nil {
			return nil, fmt.Errorf("column %q: %w", names[i], err)
		}
	}
	return data.TableOf(source, names, columns)
}

// checkEnds checks the magic bytes at both ends and the footer's length, and returns
// what of the memory is left after the footer.
func checkEnds(r io.ReaderAt, size, left int64) (int64, error) {
	const magic = "PAR1"
	if size < 12 {
		return 0, fmt.Errorf("offset %d: the file ends before a footer: it is cut short or of another format", size)
	}
	var first [4]byte
	var last [8]byte
	if _, err := r.ReadAt(first[:], 0); err != nil {
		return 0, fmt.Errorf("offset 0: %w", err)
	}
	if _, err := r.ReadAt(last[:], size-8); err != nil {
		return 0, fmt.Errorf("offset %d: %w", size-8, err)
	}
	switch {
	case string(first[:]) != magic:
		return 0, fmt.Errorf("offset 0: begins with % x, not with PAR1: not a Parquet file", first)
	case string(last[4:]) != magic:
		return 0, fmt.Errorf("offset %d: ends with % x, not with PAR1: it is cut short", size-4, last[4:])
	}
	n := int64(last[0]) | int64(last[1])<<8 | int64(last[2])<<16 | int64(last[3])<<24
	if n > size-12 {
		return 0, fmt.Errorf("offset %d: a footer of %d bytes in a file of %d", size-8, n, size)
	}
	return left, checkFooter(r, size-8-n, n)
}

// checkFooter looks at the footer before the library does, which believes it.
func checkFooter(r io.ReaderAt, at, n int64) error {
	text := make([]byte, n)
	if _, err := r.ReadAt(text, at); err != nil {
		return fmt.Errorf("offset %d: footer: %w", at, err)
	}
	var m format.FileMetaData
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, text, &m); err != nil {
		return fmt.Errorf("offset %d: footer: %w", at, oneLine(err))
	}
	for i, g := range m.RowGroups {
		if g.NumRows < 0 || len(g.Columns) > len(m.Schema) {
			return fmt.Errorf("offset %d: footer: group %d has %d rows and %d columns", at, i, g.NumRows, len(g.Columns))
		}
	}
	return nil
}

// choose returns the names and places of the wanted columns.
func choose(f *parquet.File, want []string) (names []string, leaves []int, err error) {
	var all []string
	for _, field := range f.Root().Columns() {
		all = append(all, field.Name())
	}
	if len(want) == 0 {
		want = all
	}
	for _, name := range want {
		i := slices.Index(all, name)
		if i < 0 {
			return nil, nil, fmt.Errorf("offset %d: no column %q: there are %s", f.Size()-8, name, strings.Join(all, ", "))
		}
		c := f.Root().Columns()[i]
		if !c.Leaf() || c.Repeated() {
			return nil, nil, fmt.Errorf("offset %d: column %q is a list or has columns of its own: only plain ones are read", f.Size()-8, name)
		}
		names, leaves = append(names, name), append(leaves, c.Index())
	}
	return names, leaves, nil
}

// A budget is memory that may still be taken.
type budget struct{ left int64 }

func (b *budget) take(n int64, at int64) error {
	if n < 0 || n > b.left {
		return fmt.Errorf("offset %d: %d bytes more are too many for the file: set Options.Memory if it is to be trusted", at, n)
	}
	b.left -= n
	return nil
}

// pages looks at the headers of a column's pages, which say how much memory it takes
// to unpack them, before anything is unpacked.
func (b *budget) pages(r io.ReaderAt, size int64, f *parquet.File, leaf int) error {
	for _, g := range f.Metadata().RowGroups {
		if leaf >= len(g.Columns) {
			return fmt.Errorf("offset %d: a group of rows has %d columns: it is not the last", size-8, len(g.Columns))
		}
		m := g.Columns[leaf].MetaData
		at := m.DataPageOffset
		if m.DictionaryPageOffset > 0 && m.DictionaryPageOffset < at {
			at = m.DictionaryPageOffset
		}
		end := at + m.TotalCompressedSize
		if at < 4 || end < at || end > size-8 {
			return fmt.Errorf("offset %d: footer: its pages lie from %d to %d in a file of %d bytes", size-8, at, end, size)
		}
		if m.Codec < format.Uncompressed || m.Codec > format.Lz4Raw {
			return fmt.Errorf("offset %d: footer: its pages are packed in a way that is not known: %d", size-8, int(m.Codec))
		}
		largest := int64(0)
		for at < end {
			h, n, err := pageHeader(r, at, end)
			if err != nil {
				return err
			}
			packed, unpacked := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
			if packed < 0 || unpacked < 0 || at+n+packed > end || m.Codec == format.Uncompressed && packed != unpacked {
				return fmt.Errorf("offset %d: a page of %d bytes, %d unpacked, of which %d are there", at, packed, unpacked, end-at-n)
			}
			largest = max(largest, packed+unpacked)
			at += n + packed
		}
		if err := (&budget{b.left}).take(largest, end); err != nil { // pages are unpacked one at a time
			return err
		}
	}
	return nil
}

// pageHeader reads the header at a place, and returns its length.
func pageHeader(r io.ReaderAt, at, end int64) (h format.PageHeader, n int64, err error) {
	text := make([]byte, min(end-at, 64<<10))
	if _, err := r.ReadAt(text, at); err != nil {
		return h, 0, fmt.Errorf("offset %d: %w", at, err)
	}
	in := bytes.NewReader(text)
	d := thrift.NewDecoder((&thrift.CompactProtocol{}).NewReader(in))
	if err := d.Decode(&h); err != nil {
		return h, 0, fmt.Errorf("offset %d: header of a page: %w", at, oneLine(err))
	}
	return h, int64(len(text) - in.Len()), nil
}

// oneLine returns err in one line.
func oneLine(err error) error {
	if text := err.Error(); strings.Contains(text, "\n") {
		return errors.New(strings.ReplaceAll(text, "\n", ": "))
	}
	return err
}

// column reads a column as []float64 or []string.
func (b *budget) column(f *parquet.File, leaf int) (any, error) {
	var numbers []float64
	var words []string
	var convert func(v parquet.Value) (float64, error)
	rows := int64(0)
	for _, g := range f.RowGroups() {
		chunk := g.ColumnChunks()[leaf]
		at := f.Metadata().RowGroups[0].Columns[leaf].MetaData.DataPageOffset
		kind := chunk.Type().Kind()
		text, err := kindOf(chunk.Type())
		if err != nil {
			return nil, fmt.Errorf("offset %d: %w", f.Size()-8, err)
		}
		width := int64(8)
		if text {
			width = 16
		}
		if err := b.take(width*g.NumRows(), at); err != nil {
			return nil, err
		}
		if !text {
			convert = converter(kind, chunk.Type())
			numbers = slices.Grow(numbers, int(g.NumRows()))
		}
		before := rows
		err = each(chunk, func(v parquet.Value) error {
			rows++
			if rows-before > g.NumRows() {
				return errors.New("there are more values than rows")
			}
			if text {
				word := string(v.ByteArray())
				if !utf8.ValidString(word) {
					return errors.New("a word is no UTF-8")
				}
				words = append(words, word)
				return b.take(2*int64(len(word)), at) // once more in the table
			}
			x := math.NaN()
			if !v.IsNull() {
				if x, err = convert(v); err != nil {
					return err
				}
			}
			numbers = append(numbers, x)
			return nil
		})
		if err == nil && rows-before != g.NumRows() {
			err = fmt.Errorf("there are %d values for %d rows", rows-before, g.NumRows())
		}
		if err != nil {
			return nil, fmt.Errorf("offset %d: row %d: %w", at, rows, oneLine(err))
		}
	}
	if words != nil {
		return words, nil
	}
	return numbers, nil
}

// each visits the values of a column.
func each(chunk parquet.ColumnChunk, visit func(v parquet.Value) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	buffer := make([]parquet.Value, 512)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		values := page.Values()
		for {
			n, err := values.ReadValues(buffer)
			for _, v := range buffer[:n] {
				if err := visit(v); err != nil {
					parquet.Release(page)
					return err
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || n == 0 {
				parquet.Release(page)
				return errors.Join(err, io.ErrNoProgress)
			}
		}
		parquet.Release(page)
	}
}

// kindOf says whether a type is text, or why it is not read.
func kindOf(t parquet.Type) (text bool, err error) {
	switch t.Kind() {
	case parquet.Boolean, parquet.Float, parquet.Double:
		return false, nil
	case parquet.Int32, parquet.Int64:
		if l := t.LogicalType(); l != nil && !strings.HasPrefix(t.String(), "INT") {
			return false, fmt.Errorf("elements of type %v: convert them to numbers first", t)
		}
		return false, nil
	case parquet.ByteArray:
		return true, nil
	}
	return false, fmt.Errorf("elements of type %v: only truths, integers of 32 and 64 bits, floats and text are read", t)
}

// converter returns what makes numbers of values.
func converter(k parquet.Kind, t parquet.Type) func(v parquet.Value) (float64, error) {
	unsigned := strings.Contains(t.String(), "false") || strings.HasPrefix(t.String(), "U")
	return func(v parquet.Value) (float64, error) {
		switch k {
		case parquet.Boolean:
			if v.Boolean() {
				return 1, nil
			}
			return 0, nil
		case parquet.Float:
			return float64(v.Float()), nil
		case parquet.Double:
			return v.Double(), nil
		case parquet.Int32:
			if unsigned {
				return float64(v.Uint32()), nil
			}
			return float64(v.Int32()), nil
		}
		const exact = 1 << 53
		if x := v.Int64(); x > exact || x < -exact || unsigned && x < 0 {
			return 0, fmt.Errorf("the integer %d is beyond what a float64 can hold", x)
		}
		return float64(v.Int64()), nil
	}
}
