package data_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

func readCSV(t testing.TB, text string, opts data.CSV) *data.Table {
	table, err := data.ReadCSV(strings.NewReader(text), opts)
	require.NoError(t, err)
	return table
}

func TestReadCSV(t *testing.T) {
	table := readCSV(t, "\ufefflength, kind ,width\r\n1.5,cat,-2\n 2 ,\"dog, big\",3e2\n\n.5, \"ant\",0\n", data.CSV{})
	assert.Equal(t, 3, table.Len())
	assert.Equal(t, []string{"length", "kind", "width"}, table.Names())

	x, err := table.Floats("width", "length")
	require.NoError(t, err)
	assert.Equal(t, []int{3, 2}, []int(x.Shape()))
	assert.Equal(t, []float32{-2, 1.5, 300, 2, 0, .5}, x.Float32s())

	y, classes, err := table.Classes("kind")
	require.NoError(t, err)
	assert.Equal(t, []string{"ant", "cat", "dog, big"}, classes)
	assert.Equal(t, []int64{1, 2, 0}, y.Int64s())
}

func TestCSVClassesOfNumbers(t *testing.T) {
	table := readCSV(t, "y\n10\n9.0\n\n2\n9\n", data.CSV{})
	y, classes, err := table.Classes("y")
	require.NoError(t, err)
	assert.Equal(t, []string{"2", "9", "10"}, classes, "by value, not by letter")
	assert.Equal(t, []int64{2, 1, 0, 1}, y.Int64s())
}

func TestCSVOptions(t *testing.T) {
	table := readCSV(t, "1\t\tx\n3\t4\ty\n", data.CSV{NoHeader: true, Comma: '\t', Missing: data.KeepMissing, Columns: []string{"x1", "x0"}})
	assert.Equal(t, []string{"x1", "x0"}, table.Names())
	x, err := table.Floats64()
	require.NoError(t, err)
	v := x.Float64s()
	assert.True(t, math.IsNaN(v[0]))
	assert.Equal(t, []float64{1, 4, 3}, v[1:])
}

func TestCSVMissing(t *testing.T) {
	const text = "a,b,c\n1,x,\nNA,y,\n,z,\n4,?,\n"
	opts := data.CSV{Columns: []string{"a", "b"}, Null: []string{"NA", "?"}}
	_, err := data.ReadCSV(strings.NewReader(text), opts)
	assert.EqualError(t, err, `csv: line 3, column "a": the cell is missing: set CSV.Missing to DropMissing or KeepMissing`)

	opts.Missing = data.DropMissing
	table := readCSV(t, text, opts)
	assert.Equal(t, 1, table.Len(), "column c misses all, but nobody asked for it")

	opts.Missing = data.KeepMissing
	table = readCSV(t, text, opts)
	y, classes, err := table.Classes("b")
	require.NoError(t, err)
	assert.Equal(t, []string{"", "x", "y", "z"}, classes)
	assert.Equal(t, []int64{1, 2, 3, 0}, y.Int64s())
	y, classes, err = table.Classes("a")
	require.NoError(t, err)
	assert.Equal(t, []string{"NaN", "1", "4"}, classes)
	assert.Equal(t, []int64{1, 0, 0, 2}, y.Int64s())
}

func TestReadCSVRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		opts data.CSV
		want string
	}{
		"empty":       {"", data.CSV{}, "csv: line 1: the file is empty"},
		"header only": {"a,b\n", data.CSV{}, "csv: line 1: no rows: the file holds a header alone, or every row misses a cell"},
		"all dropped": {"a\n\"\"\n", data.CSV{Missing: data.DropMissing}, "csv: line 2: no rows: the file holds a header alone, or every row misses a cell"},
		"long row":    {"a,b\n1,2\n1,2,3\n", data.CSV{}, `csv: line 3: 3 cells, but the first line has 2: quote a cell that holds ','`},
		"short row":   {"a,b\n1\n", data.CSV{}, `csv: line 2: 1 cells, but the first line has 2: quote a cell that holds ','`},
		"twice":       {"a,b,a\n1,2,3\n", data.CSV{}, `csv: line 1: columns 1 and 3 are both named "a": rename one`},
		"no column":   {"a,b\n1,2\n", data.CSV{Columns: []string{"c"}}, `csv: line 1: no column "c": there are ["a" "b"]`},
		"asked twice": {"a,b\n1,2\n", data.CSV{Columns: []string{"b", "b"}}, `csv: column "b" is asked for twice in Columns`},
		"quote":       {"a,b\n1,\"2\n", data.CSV{}, `csv: line 2: byte 6 of the line: extraneous or missing " in quoted-field`},
		"bare quote":  {"a,b\n1,2\"\n", data.CSV{}, `csv: line 2: byte 4 of the line: bare " in non-quoted-field`},
		"comma":       {"a,b\n", data.CSV{Comma: '"'}, `csv: '"' cannot separate cells: use another Comma`},
		"missing":     {"a,b\n1, \n", data.CSV{}, `csv: line 2, column "b": the cell is missing: set CSV.Missing to DropMissing or KeepMissing`},
		"wide":        {"a\n" + strings.Repeat(",", 1<<16) + "\n", data.CSV{}, `csv: line 2: more than 65536 cells: is ',' what separates them?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := data.ReadCSV(strings.NewReader(c.text), c.opts)
			require.Error(t, err)
			assert.Equal(t, c.want, err.Error())
		})
	}
}

func TestTableRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	require.NoError(t, os.WriteFile(path, []byte("a,b,c\n1,1,1\n\n2,inf,1e300\n"), 0o644))
	table, err := data.OpenCSV(path, data.CSV{})
	require.NoError(t, err)
	_, err = table.Floats()
	assert.EqualError(t, err, path+`: line 4, column "b": "inf" is not a finite number: use Classes, or list it in CSV.Null if it stands for a missing one`)
	_, err = table.Floats("c")
	assert.EqualError(t, err, path+`: line 4, column "c": 1e+300 is beyond float32: use Floats64`)
	_, err = table.Floats64("c")
	assert.NoError(t, err)
	_, _, err = table.Classes("d")
	assert.EqualError(t, err, path+`: no column "d": there are ["a" "b" "c"]`)

	_, err = new(data.Table).Floats()
	assert.EqualError(t, err, "table: no columns: make the table by ReadCSV")
	_, err = data.OpenCSV(path+"x", data.CSV{})
	assert.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	_, err = data.OpenCSV(path, data.CSV{})
	assert.EqualError(t, err, path+": csv: line 1: the file is empty")
}

func TestReadCSVMemory(t *testing.T) {
	const mib = 1 << 20
	for name, text := range map[string]string{
		"commas":     strings.Repeat(",", 8*mib),
		"many wide":  strings.Repeat(strings.Repeat(",", 1<<15)+"\n", 256),
		"widest":     strings.Repeat(",", 1<<16-1) + "\n" + strings.Repeat(",", 1<<16-1) + "\n",
		"open quote": "a\n\"" + strings.Repeat("x\n", 4*mib),
	} {
		n := allocated(func() { data.ReadCSV(strings.NewReader(text), data.CSV{}) })
		assert.Less(t, n, uint64(4*len(text)+32*mib), "%s: all that was allocated, garbage included", name)
	}
}

func TestCSVFiles(t *testing.T) {
	iris, err := data.OpenCSV(shared(t, "iris/iris.csv"), data.CSV{})
	require.NoError(t, err)
	assert.Equal(t, []string{"x0", "x1", "x2", "x3", "target"}, iris.Names())
	x, err := iris.Floats(iris.Names()[:4]...)
	require.NoError(t, err)
	assert.Equal(t, []int{150, 4}, []int(x.Shape()))
	assert.Equal(t, []float32{5.1, 3.5, 1.4, 0.2}, x.Float32s()[:4])
	y, classes, err := iris.Classes("target")
	require.NoError(t, err)
	assert.Equal(t, []string{"0", "1", "2"}, classes)
	a, err := data.Of(x, y)
	require.NoError(t, err)
	assert.Equal(t, 150, a.Len())

	wine, err := data.OpenCSV(shared(t, "wine/wine.csv"), data.CSV{NoHeader: true})
	require.NoError(t, err)
	assert.Equal(t, 178, wine.Len())
	_, classes, err = wine.Classes("x13")
	require.NoError(t, err)
	assert.Len(t, classes, 3)

	digits, err := data.OpenCSV(shared(t, "digits/digits.csv"), data.CSV{})
	require.NoError(t, err)
	x, err = digits.Floats()
	require.NoError(t, err)
	assert.Equal(t, []int{1797, 65}, []int(x.Shape()))
	_, classes, err = digits.Classes("target")
	require.NoError(t, err)
	assert.Len(t, classes, 10)
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{"", "a,b\n1,2\n", "\ufeffa\n\"x\ny\"\n", "a,a\n", "a\n\n1\n \n", "1;2;\n", "a,\"b\n", ",\n,\n", "a\n1e999\nNaN\n0x1p-2\n"} {
		f.Add([]byte(s), ',', false, 2)
		f.Add([]byte(s), ';', true, 1)
	}
	f.Fuzz(func(t *testing.T, b []byte, comma rune, bare bool, missing int) {
		opts := data.CSV{NoHeader: bare, Comma: comma, Missing: data.Missing(missing)}
		table, err := data.ReadCSV(bytes.NewReader(b), opts)
		if err != nil {
			require.False(t, strings.Contains(err.Error(), "\n"), "one line: %q", err)
			return
		}
		require.Positive(t, table.Len())
		for _, name := range table.Names() {
			y, classes, err := table.Classes(name)
			require.NoError(t, err)
			require.Equal(t, table.Len(), y.Shape()[0])
			for _, c := range y.Int64s() {
				require.Less(t, int(c), len(classes))
			}
			if x, err := table.Floats64(name); err == nil {
				require.Equal(t, []int{table.Len(), 1}, []int(x.Shape()))
			}
		}
	})
}
