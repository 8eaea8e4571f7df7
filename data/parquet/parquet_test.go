package parquet_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	format "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/data/parquet"
)

type flower struct {
	Length float64 `parquet:"length"`
	Width  float32 `parquet:"width,snappy"`
	Count  int64   `parquet:"count,zstd"`
	Small  int32   `parquet:"small,delta"`
	Red    bool    `parquet:"red"`
	Bytes  uint32  `parquet:"bytes"`
	Kind   string  `parquet:"kind,dict"`
	Age    *int32  `parquet:"age,optional"`
}

func flowers(n int) (rows []flower) {
	for i := range n {
		f := flower{float64(i) / 4, float32(i) / 2, int64(i) - 3, int32(-i), i%2 == 1, math.MaxUint32 - uint32(i), []string{"rose", "iris", "lily"}[i%3], nil}
		if i%4 != 1 {
			age := int32(i)
			f.Age = &age
		}
		rows = append(rows, f)
	}
	return rows
}

func file[T any](t testing.TB, rows []T, o ...format.WriterOption) []byte {
	var b bytes.Buffer
	w := format.NewGenericWriter[T](&b, o...)
	for len(rows) > 0 { // several groups of rows
		n := min(len(rows), 500)
		_, err := w.Write(rows[:n])
		require.NoError(t, err)
		require.NoError(t, w.Flush())
		rows = rows[n:]
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func read(b []byte, o parquet.File) (*data.Table, error) {
	return o.Read(bytes.NewReader(b), int64(len(b)))
}

func TestRead(t *testing.T) {
	rows := flowers(1201)
	path := filepath.Join(t.TempDir(), "flowers.parquet")
	require.NoError(t, os.WriteFile(path, file(t, rows), 0o644))
	table, err := parquet.File{Missing: data.KeepMissing}.Open(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"length", "width", "count", "small", "red", "bytes", "kind", "age"}, table.Names())
	require.Equal(t, 1201, table.Len())
	x, err := table.Floats64("length", "width", "count", "small", "red", "bytes")
	require.NoError(t, err)
	age, err := table.Floats64("age")
	require.NoError(t, err)
	y, classes, err := table.Classes("kind")
	require.NoError(t, err)
	assert.Equal(t, []string{"iris", "lily", "rose"}, classes)
	for i, r := range rows {
		red := 0.0
		if r.Red {
			red = 1
		}
		require.Equal(t, []float64{r.Length, float64(r.Width), float64(r.Count), float64(r.Small), red, float64(r.Bytes)}, x.Float64s()[6*i:6*i+6])
		require.Equal(t, r.Kind, classes[y.Int64s()[i]])
		got := age.Float64s()[i]
		require.Equal(t, r.Age == nil, math.IsNaN(got))
	}

	dropped, err := parquet.File{Columns: []string{"age", "count"}, Missing: data.DropMissing}.Open(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"age", "count"}, dropped.Names())
	x, err = dropped.Floats64()
	require.NoError(t, err)
	assert.Equal(t, []float64{0, -3, 2, -1, 3, 0, 4, 1, 6, 3}, x.Float64s()[:10])
	assert.Equal(t, 901, dropped.Len())
}

func TestRefuses(t *testing.T) {
	type nested struct {
		X []int64 `parquet:"x"`
	}
	type large struct {
		X int64 `parquet:"x"`
	}
	for want, c := range map[string]struct {
		file []byte
		o    parquet.File
	}{
		`row 2, column "age": the value is missing: set File.Missing to data.DropMissing or data.KeepMissing`: {file(t, flowers(3)), parquet.File{}},
		`no column "x": there are ["length" "width" "count" "small" "red" "bytes" "kind" "age"]`:              {file(t, flowers(3)), parquet.File{Columns: []string{"x"}}},
		`table: two columns are named "red": rename one`:                                                      {file(t, flowers(3)), parquet.File{Columns: []string{"red", "red"}}},
		`column "x": it holds lists or groups: leave it out by File.Columns`:                                  {file(t, []nested{{[]int64{1}}}), parquet.File{}},
		`row 2: the integer 9007199254740994 is beyond 2^53, where float64 has gaps`:                          {file(t, []large{{1 << 53}, {1<<53 + 2}}), parquet.File{}},
		`no rows`:                      {file(t, []large{}), parquet.File{}},
		`no rows: each misses a value`: {file(t, flowers(2)[1:]), parquet.File{Missing: data.DropMissing}},
	} {
		_, err := read(c.file, c.o)
		if assert.Error(t, err, want) {
			assert.Regexp(t, `^parquet: offset \d+: `, err.Error())
			assert.True(t, strings.HasSuffix(err.Error(), want), "%s: want %s", err, want)
		}
	}
	_, err := parquet.File{}.Open(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// hostile are files that must be refused, by what is wrong with them.
func hostile(t testing.TB) map[string][]byte {
	type number struct {
		X float64 `parquet:"x"`
	}
	rows := make([]number, 50)
	for i := range rows {
		rows[i].X = float64(i)
	}
	whole := file(t, rows, format.Compression(&format.Snappy))
	n := len(whole)
	footer := n - 8 - (int(whole[n-8]) | int(whole[n-7])<<8)
	with := func(at int, to ...byte) []byte {
		b := bytes.Clone(whole)
		copy(b[at:], to)
		return b
	}
	files := map[string][]byte{
		"empty": nil, "text": []byte("a,b\n1,2\n3,4\n5,6\n"), "zeros": make([]byte, 100), "the frame alone": []byte("PAR1\x00\x00\x00\x00PAR1"),
		"magic twice": []byte("PAR1PAR1"), "another first magic": with(0, 'X'), "an encrypted footer": with(0, []byte("PARE")...), "another last magic": with(n-1, '2'),
		"a footer of 4 GiB": with(n-8, 0xff, 0xff, 0xff, 0xff), "a footer of 2 GiB": with(n-8, 0xff, 0xff, 0xff, 0x7f), "a footer of no bytes": with(n-8, 0, 0, 0, 0),
		"a footer a byte short": with(n-8, whole[n-8]-1), "a footer a byte long": with(n-8, whole[n-8]+1), "a byte over": append(bytes.Clone(whole), 0),
		"two bytes too many in front": append([]byte("XX"), whole...), "data of zeros": with(4, make([]byte, footer-4)...), "data of ones": with(4, bytes.Repeat([]byte{0xff}, footer-4)...),
		"a footer of zeros": with(footer, make([]byte, n-8-footer)...), "a footer of ones": with(footer, bytes.Repeat([]byte{0xff}, n-8-footer)...),
		"a page whose header is a list": with(4, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f), "a page of another type": with(4, 0x15, 0x7e),
	}
	for _, k := range []int{1, 4, 11, 12, 20, footer, footer + 1, n - 9, n - 8, n - 4, n - 1} {
		files[fmt.Sprintf("cut after %d of %d bytes", k, n)] = whole[:k]
	}
	for i := 0; i < 12; i++ { // the length of the page, its data's and so on
		files[fmt.Sprintf("a page header of ones from byte %d", 4+i)] = with(4+i, 0xff, 0xff, 0xff, 0xff, 0x07)
	}
	return files
}

// refused fails for a panic, a hang, or more memory, garbage included, than four
// times the file and 16 MiB.
func refused(t *testing.T, name string, b []byte) error {
	var err error
	done := make(chan uint64)
	go func() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = read(b, parquet.File{})
		runtime.ReadMemStats(&after)
		done <- after.TotalAlloc - before.TotalAlloc
	}()
	select {
	case n := <-done:
		assert.LessOrEqual(t, n, uint64(4*len(b)+16<<20), name)
	case <-time.After(time.Minute):
		t.Fatalf("%s: the reader hangs", name)
	}
	return err
}

func TestHostile(t *testing.T) {
	files := hostile(t)
	require.GreaterOrEqual(t, len(files), 40)
	for name, b := range files {
		err := refused(t, name, b)
		if assert.Error(t, err, name) {
			assert.Regexp(t, `^parquet: offset \d+: .`, err.Error(), name)
			assert.NotContains(t, err.Error(), "\n", name)
		}
	}
}

// TestPacked reads what each codec packs, in both kinds of pages, with a dictionary and
// without, and damages it: LZ4 says nowhere how much a page unpacks to.
func TestPacked(t *testing.T) {
	type word struct {
		Plain   string
		Indexed string `parquet:",dict"`
		Some    *int64
	}
	var rows []word
	for i := range 700 {
		w := word{Plain: strings.Repeat("ab", i%40), Indexed: []string{"x", "yy", "zzz"}[i%3]}
		if i%5 > 0 {
			w.Some = new(int64(7)) // what LZ4 cannot pack the library writes wrongly
		}
		rows = append(rows, w)
	}
	want, err := read(file(t, rows), parquet.File{Missing: data.KeepMissing})
	require.NoError(t, err)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for _, codec := range []compress.Codec{&format.Snappy, &format.Lz4Raw, &format.Gzip, &format.Zstd, &format.Brotli} {
		for version := 1; version <= 2; version++ {
			b := file(t, rows, format.Compression(codec), format.DataPageVersion(version))
			got, err := read(b, parquet.File{Missing: data.KeepMissing})
			require.NoError(t, err, "%v %d", codec, version)
			require.Equal(t, want.Len(), got.Len())
			for _, name := range want.Names()[:2] {
				x, xs, err := got.Classes(name)
				require.NoError(t, err)
				y, ys, err := want.Classes(name)
				require.NoError(t, err)
				assert.Equal(t, ys, xs, "%v %d", codec, version)
				assert.Equal(t, y.Int64s(), x.Int64s(), "%v %d", codec, version)
			}
			for range 100 {
				damaged := bytes.Clone(b)
				damaged[r.IntN(len(b))] = byte(r.Uint32())
				_ = refused(t, fmt.Sprintf("%v %d, seed %d", codec, version, seed), damaged)
			}
		}
	}
}

// Any byte may be wrong. With the first seed a column's offset is, so that a header is
// found within data, which announces 2 GB.
func TestDamaged(t *testing.T) {
	whole := file(t, flowers(50))
	for _, seed := range []uint64{17041031937477596587, rand.Uint64()} {
		r := rand.New(rand.NewPCG(seed, 0))
		for range 2000 {
			b := bytes.Clone(whole)
			for range 1 + r.IntN(3) {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
			_ = refused(t, fmt.Sprintf("seed %d", seed), b)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(file(f, flowers(20)))
	for _, b := range hostile(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := read(b, parquet.File{Missing: data.KeepMissing})
		if err == nil {
			require.Positive(t, table.Len())
		} else {
			require.False(t, errors.Is(err, os.ErrNotExist))
		}
	})
}
