package parquet_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data/parquet"
)

// A row has a column of each type that is read.
type row struct {
	Yes   bool     `parquet:"yes"`
	Small int8     `parquet:"small"`
	Int   int32    `parquet:"int"`
	Long  int64    `parquet:"long"`
	Big   uint32   `parquet:"big"`
	Float float32  `parquet:"float"`
	Real  *float64 `parquet:"real,optional"`
	Word  string   `parquet:"word,dict"`
	Maybe *string  `parquet:"maybe,optional"`
}

func rowsOf(n int) []row {
	list := make([]row, n)
	for i := range list {
		list[i] = row{i%2 == 0, int8(i - 3), int32(-i), int64(i) << 40, math.MaxUint32 - uint32(i), float32(i) / 2, new(float64(i) / 4), []string{"red", "green", "blue"}[i%3], new("x")}
		if i%4 == 1 {
			list[i].Real, list[i].Maybe = nil, nil
		}
	}
	return list
}

// written returns a file of rows, in groups of some.
func written[T any](t testing.TB, rows []T, group int, o ...library.WriterOption) []byte {
	var b bytes.Buffer
	w := library.NewGenericWriter[T](&b, o...)
	for lo := 0; lo < len(rows); lo += group {
		_, err := w.Write(rows[lo:min(lo+group, len(rows))])
		require.NoError(t, err)
		require.NoError(t, w.Flush())
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	for name, codec := range map[string]compress.Codec{"plain": &library.Uncompressed, "snappy": &library.Snappy, "zstd": &library.Zstd, "gzip": &library.Gzip} {
		rows := rowsOf(1000)
		path := filepath.Join(t.TempDir(), "x.parquet")
		require.NoError(t, os.WriteFile(path, written(t, rows, 300, library.Compression(codec), library.PageBufferSize(512)), 0o666))
		table, err := parquet.Open(path, parquet.Options{})
		require.NoError(t, err, name)
		assert.Equal(t, []string{"yes", "small", "int", "long", "big", "float", "real", "word", "maybe"}, table.Names())
		x, err := table.Floats64("yes", "small", "int", "big", "float", "real")
		require.NoError(t, err)
		for i := range rows {
			got := x.Float64s()[6*i : 6*i+6]
			want := []float64{float64((i + 1) % 2), float64(rows[i].Small), float64(rows[i].Int), float64(rows[i].Big), float64(rows[i].Float)}
			require.Equal(t, want, got[:5], "%s, row %d", name, i)
			require.Equal(t, rows[i].Real == nil, math.IsNaN(got[5]))
		}
		y, classes, err := table.Classes("word")
		require.NoError(t, err)
		assert.Equal(t, []string{"blue", "green", "red"}, classes)
		assert.Equal(t, []int64{2, 1, 0, 2}, y.Int64s()[:4])
		_, classes, err = table.Classes("maybe")
		require.NoError(t, err)
		assert.Equal(t, []string{"", "x"}, classes)
	}
	few, err := parquet.Read(bytes.NewReader(written(t, rowsOf(3), 3)), int64(len(written(t, rowsOf(3), 3))), parquet.Options{Columns: []string{"word", "int"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"word", "int"}, few.Names())
}

func read(b []byte, o parquet.Options) error {
	_, err := parquet.Read(bytes.NewReader(b), int64(len(b)), o)
	return err
}

func TestRefuses(t *testing.T) {
	good := written(t, rowsOf(3), 3)
	assert.ErrorContains(t, read(good, parquet.Options{Columns: []string{"none"}}), `no column "none": there are yes, small, int`)
	type list struct{ A []int64 }
	assert.ErrorContains(t, read(written(t, []list{{[]int64{1}}}, 1), parquet.Options{}), `column "A" is a list or has columns of its own`)
	type inner struct{ A struct{ B int64 } }
	assert.ErrorContains(t, read(written(t, []inner{{}}, 1), parquet.Options{}), `column "A" is a list or has columns of its own`)
	type when struct{ A time.Time }
	assert.ErrorContains(t, read(written(t, []when{{time.Unix(0, 0)}}, 1), parquet.Options{}), "convert them to numbers first")
	type id struct {
		A [16]byte `parquet:",uuid"`
	}
	assert.ErrorContains(t, read(written(t, []id{{}}, 1), parquet.Options{}), "only truths, integers")
	type large struct{ A int64 }
	assert.ErrorContains(t, read(written(t, []large{{1}, {1<<53 + 1}}, 2), parquet.Options{}), `column "A": offset 4: row 2: the integer 9007199254740993 is beyond what a float64 can hold`)
	type huge struct{ A uint64 }
	assert.ErrorContains(t, read(written(t, []huge{{math.MaxUint64}}, 1), parquet.Options{}), "is beyond what a float64 can hold")
	type bad struct{ A string }
	assert.ErrorContains(t, read(written(t, []bad{{"a\xff"}}, 1), parquet.Options{}), "a word is no UTF-8")
	assert.ErrorContains(t, read(written(t, []bad{}, 1), parquet.Options{}), "no rows")

	// many rows of one value take little room in the file
	type same struct {
		A float64 `parquet:",dict"`
	}
	small := written(t, make([]same, 5_000_000), 5_000_000, library.Compression(&library.Zstd))
	assert.Less(t, len(small), 1<<20)
	assert.ErrorContains(t, read(small, parquet.Options{}), "bytes more are too many for the file: set Options.Memory if it is to be trusted")
	assert.NoError(t, read(small, parquet.Options{Memory: 1 << 30}))
}

// lying returns the file with another footer.
func lying(t testing.TB, b []byte, lie func(m *format.FileMetaData)) []byte {
	n := int(binary.LittleEndian.Uint32(b[len(b)-8:]))
	var m format.FileMetaData
	require.NoError(t, thrift.Unmarshal(&thrift.CompactProtocol{}, b[len(b)-8-n:len(b)-8], &m))
	lie(&m)
	text, err := thrift.Marshal(&thrift.CompactProtocol{}, &m)
	require.NoError(t, err)
	out := append(bytes.Clone(b[:len(b)-8-n]), text...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(text))), "PAR1"...)
}

func TestHostile(t *testing.T) {
	good := written(t, rowsOf(50), 20)
	require.NoError(t, read(good, parquet.Options{}))
	files := map[string][]byte{
		"nothing": nil, "text": []byte("a,b\n1,2\n3,4\n5,6\n"), "magic alone": []byte("PAR1"), "magic twice": []byte("PAR1PAR1"), "magic thrice": []byte("PAR1PAR1PAR1"),
		"a footer of nothing": []byte("PAR1\x00\x00\x00\x00PAR1"), "an encrypted one": append(bytes.Clone(good[:len(good)-4]), "PARE"...),
		"another beginning": append([]byte("PAR2"), good[4:]...), "a footer of 4 gigabytes": append(bytes.Clone(good[:len(good)-8]), "\xff\xff\xff\xffPAR1"...),
		"a footer of one byte": append(bytes.Clone(good[:len(good)-8]), "\x01\x00\x00\x00PAR1"...), "a byte less": good[1:],
	}
	for _, n := range []int{1, 4, 11, 12, 100, len(good) / 2, len(good) - 300, len(good) - 8, len(good) - 4, len(good) - 1} {
		files[fmt.Sprintf("cut after %d", n)] = good[:n]
	}
	lies := map[string]func(m *format.FileMetaData){
		"no schema":               func(m *format.FileMetaData) { m.Schema = nil },
		"a schema of one":         func(m *format.FileMetaData) { m.Schema = m.Schema[:1] },
		"a column less":           func(m *format.FileMetaData) { m.Schema = m.Schema[:5] },
		"a billion children":      func(m *format.FileMetaData) { m.Schema[0].NumChildren.V = 1 << 30 },
		"-1 children":             func(m *format.FileMetaData) { m.Schema[0].NumChildren.V = -1 },
		"a group of no columns":   func(m *format.FileMetaData) { m.RowGroups[0].Columns = nil },
		"a group of one column":   func(m *format.FileMetaData) { m.RowGroups[1].Columns = m.RowGroups[1].Columns[:1] },
		"-1 rows":                 func(m *format.FileMetaData) { m.RowGroups[0].NumRows = -1 },
		"a row more":              func(m *format.FileMetaData) { m.RowGroups[0].NumRows++ },
		"a row less":              func(m *format.FileMetaData) { m.RowGroups[0].NumRows-- },
		"no rows in a group":      func(m *format.FileMetaData) { m.RowGroups[0].NumRows = 0 },
		"a trillion rows":         func(m *format.FileMetaData) { m.RowGroups[0].NumRows = 1 << 40 },
		"2^63-1 rows":             func(m *format.FileMetaData) { m.RowGroups[0].NumRows = math.MaxInt64 },
		"pages at -1":             func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = -1 },
		"pages at 0":              func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = 0 },
		"pages a byte off":        func(m *format.FileMetaData) { m.RowGroups[0].Columns[1].MetaData.DataPageOffset++ },
		"pages behind the end":    func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = 1 << 40 },
		"pages that overflow":     func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = math.MaxInt64 },
		"pages of -1 bytes":       func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize = -1 },
		"pages a byte short":      func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize-- },
		"pages of a terabyte":     func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize = 1 << 40 },
		"packed by nothing known": func(m *format.FileMetaData) { m.RowGroups[0].Columns[2].MetaData.Codec = 99 },
		"a dictionary behind":     func(m *format.FileMetaData) { m.RowGroups[0].Columns[7].MetaData.DictionaryPageOffset = 0 },
		"another column's pages": func(m *format.FileMetaData) {
			m.RowGroups[0].Columns[7].MetaData.DataPageOffset = m.RowGroups[0].Columns[0].MetaData.DataPageOffset
		},
	}
	for name, lie := range lies {
		files[name] = lying(t, good, lie)
	}
	for name, file := range files {
		path := filepath.Join(t.TempDir(), "hostile")
		require.NoError(t, os.WriteFile(path, file, 0o666))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parquet.Open(path, parquet.Options{})
		runtime.ReadMemStats(&after)
		if assert.Error(t, err, name) {
			assert.Regexp(t, `offset \d+`, err.Error(), name)
			assert.Contains(t, err.Error(), path, name)
			assert.NotContains(t, err.Error(), "\n", name)
		}
		assert.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(4*len(file)+16<<20), name)
	}
	assert.GreaterOrEqual(t, len(files), 40)
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, rowsOf(50), 20))
	f.Add(written(f, rowsOf(5), 5, library.Compression(&library.Snappy)))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := parquet.Read(bytes.NewReader(b), int64(len(b)), parquet.Options{})
		if err == nil {
			require.Positive(t, table.Len())
		}
	})
}
