package data_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
)

// The files of testdata/npy were written by NumPy 1.24.
func TestOpenNpy(t *testing.T) {
	long := make([]int64, 24)
	for i := range long {
		long[i] = int64(i)
	}
	for name, want := range map[string]*tensor.Dense{
		"f4":         dense([]float32{-2.5, -1.5, -.5, .5, 1.5, 2.5}, 2, 3),
		"f8_big":     dense([]float64{-2.5, -1.5, -.5, .5, 1.5, 2.5}, 2, 3),
		"i8_fortran": dense(long, 2, 3, 4),
		"i2_big":     dense([]int32{-1, 300}, 2),
		"u1":         dense([]uint8{0, 255}, 2, 1),
		"u4":         dense([]int64{4000000000}, 1),
		"bool":       dense([]bool{true, false}, 2),
		"scalar":     dense([]float32{7}, 1),
	} {
		got, err := data.OpenNpy(filepath.Join("testdata", "npy", name+".npy"))
		require.NoError(t, err, name)
		assert.Equal(t, want.Shape(), got.Shape(), name)
		assert.Equal(t, want.Data(), got.Data(), name)
	}
	got, err := data.OpenNpy("testdata/npy/f2.npy")
	require.NoError(t, err)
	h := got.Float32s()
	assert.Equal(t, []float32{0, 1.5, -2, 65504, 5.9604645e-08, float32(math.Inf(1))}, h[:6])
	assert.True(t, math.IsNaN(float64(h[6])))
}

func TestOpenNpyRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"c8":     `npy: offset 10: elements of type "<c8": save floats of 2, 4 or 8 bytes, integers, uint8 to uint32 or truths (astype in NumPy)`,
		"words":  `npy: offset 10: elements of type "<U2": save floats of 2, 4 or 8 bytes, integers, uint8 to uint32 or truths (astype in NumPy)`,
		"object": `npy: offset 10: elements of type "|O": save floats of 2, 4 or 8 bytes, integers, uint8 to uint32 or truths (astype in NumPy)`,
		"empty":  `npy: offset 61: header: length 0 of axis 0: it must be at least 1`,
	} {
		path := filepath.Join("testdata", "npy", name+".npy")
		_, err := data.OpenNpy(path)
		assert.EqualError(t, err, path+": "+want)
	}
}

// npy returns a file of version 1 with the given header.
func npy(head string, body ...byte) []byte {
	b := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(b[8:], uint16(len(head)))
	return append(append(b, head...), body...)
}

var brokenNpy = map[string]struct {
	file []byte
	want string
}{
	"empty":       {nil, "npy: offset 0: the file ends in the header: it is cut short or of another format"},
	"magic":       {[]byte("\x93NUMPX\x01\x00\x00\x00"), "npy: offset 0: begins with 93 4e 55 4d 50 58, not with \\x93NUMPY: not an npy file"},
	"version":     {[]byte("\x93NUMPY\x04\x00\x00\x00"), "npy: offset 6: version 4.0: only versions 1 to 3 are known"},
	"long header": {[]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), "npy: offset 8: a header of 4294967295 bytes: at most 65536 are read"},
	"cut header":  {npy("{'descr': '<f4'}")[:14], "npy: offset 14: the file ends in the header: it is cut short or of another format"},
	"no brace":    {npy("hello"), "npy: offset 10: header: { is missing"},
	"no end":      {npy("{'descr': '<f4'"), "npy: offset 25: header: } is missing"},
	"no colon":    {npy("{'descr' '<f4'}"), "npy: offset 19: header: : is missing"},
	"no quote":    {npy("{'descr': '<f4}"), "npy: offset 20: header: a quote does not end"},
	"unknown":     {npy("{'evil': 1}"), `npy: offset 18: header: unknown entry "evil"`},
	"twice":       {npy("{'descr': '<f4', 'descr': '<f4'}"), `npy: offset 35: header: "descr" comes twice`},
	"missing":     {npy("{'descr': '<f4', 'shape': (1,)}"), "npy: offset 41: header: descr, fortran_order and shape must all be there"},
	"trailing":    {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", 0, 0, 0, 0), "npy: offset 66: header: text after the dictionary"},
	"maybe":       {npy("{'fortran_order': Maybe}"), "npy: offset 28: header: False is missing"},
	"negative":    {npy("{'shape': (-1,)}"), "npy: offset 21: header: a length of an axis is missing"},
	"huge":        {npy("{'shape': (4294967296, 4294967296)}"), "npy: offset 33: header: length 4294967296 of axis 1 after [4294967296] is more than memory can address"},
	"axes":        {npy("{'shape': (1,1,1,1,1,1,1,1,1)}"), "npy: offset 37: header: more than 8 axes"},
	"lying":       {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,)}", 0, 0, 0, 0), "npy: offset 78: the file ends in the data [1000000000]: it is cut short or of another format"},
	"longer":      {npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 0, 0), "npy: offset 66: data goes on after the [1] elements that the header announces"},
	"order":       {npy("{'descr': 'u1', 'fortran_order': False, 'shape': (1,)}", 0), `npy: offset 10: elements of type "u1": save floats of 2, 4 or 8 bytes, integers, uint8 to uint32 or truths (astype in NumPy)`},
}

func TestReadNpyBroken(t *testing.T) {
	for name, c := range brokenNpy {
		_, err := data.ReadNpy(bytes.NewReader(c.file))
		assert.EqualError(t, err, c.want, name)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := data.ReadNpy(bytes.NewReader(brokenNpy["lying"].file))
	runtime.ReadMemStats(&after)
	assert.Error(t, err)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20))
}

func TestWriteNpy(t *testing.T) {
	view := dense([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	require.NoError(t, view.T())
	for _, d := range []*tensor.Dense{
		view, dense([]float64{1, math.Pi}, 2), dense([]int32{-1}, 1, 1, 1), dense([]int64{math.MinInt64}, 1),
		dense([]uint8{1, 2}, 1, 2), dense([]bool{true, false, true}, 3), tensor.New(tensor.FromScalar(float32(2))),
	} {
		var b bytes.Buffer
		require.NoError(t, data.WriteNpy(&b, d))
		assert.Zero(t, bytes.IndexByte(b.Bytes(), '\n')%64-63, "data begins at a multiple of 64")
		back, err := data.ReadNpy(bytes.NewReader(b.Bytes()))
		require.NoError(t, err)
		if d.IsScalar() {
			assert.Equal(t, []float32{2}, back.Float32s())
			continue
		}
		assert.Equal(t, d.Shape(), back.Shape())
		if d == view {
			assert.Equal(t, []float32{1, 4, 2, 5, 3, 6}, back.Float32s())
		} else {
			assert.Equal(t, d.Data(), back.Data())
		}
	}
	// what NumPy writes is what we write
	want, err := os.ReadFile("testdata/npy/f4.npy")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, data.WriteNpy(&b, dense([]float32{-2.5, -1.5, -.5, .5, 1.5, 2.5}, 2, 3)))
	assert.Equal(t, want, b.Bytes())
	assert.EqualError(t, data.WriteNpy(&b, nil), "npy: the tensor is nil")
}

func TestNpz(t *testing.T) {
	arrays, err := data.OpenNpz("testdata/npy/two.npz")
	require.NoError(t, err)
	require.Len(t, arrays, 2)
	assert.Equal(t, []float32{0, 1, 2, 3, 4, 5}, arrays["x"].Float32s())
	assert.Equal(t, []int64{1, 2}, arrays["y"].Int64s())
	var b bytes.Buffer
	require.NoError(t, data.WriteNpz(&b, arrays))
	again, err := data.ReadNpz(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	assert.Equal(t, arrays["x"].Data(), again["x"].Data())
	packed, err := data.OpenNpz("testdata/npy/packed.npz")
	require.NoError(t, err)
	assert.Equal(t, make([]float32, 1000), packed["x"].Float32s())

	_, err = data.OpenNpz("testdata/npy/f4.npy")
	assert.EqualError(t, err, "testdata/npy/f4.npy: npz: offset 0: not a zip file, or cut short: zip: not a valid zip file")
	bomb := zipOf(t, map[string][]byte{"x.npy": append(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (30000000,)}"), make([]byte, 30_000_000)...)})
	_, err = data.ReadNpz(bytes.NewReader(bomb), int64(len(bomb)))
	assert.ErrorContains(t, err, `"x" unpacks to 30000072 bytes, too many for a file of`)
	twice := zipOf(t, map[string][]byte{"x.npy": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 7), "x": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 7)})
	_, err = data.ReadNpz(bytes.NewReader(twice), int64(len(twice)))
	assert.ErrorContains(t, err, `: the array "x" comes twice`)
}

func zipOf(t *testing.T, files map[string][]byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		f, err := z.Create(name)
		require.NoError(t, err)
		_, err = f.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func FuzzReadNpy(f *testing.F) {
	for _, c := range brokenNpy {
		f.Add(c.file)
	}
	files, err := filepath.Glob("testdata/npy/*.npy")
	require.NoError(f, err)
	for _, path := range files {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := data.ReadNpy(bytes.NewReader(b))
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "npy: ") && !strings.Contains(err.Error(), "\n"), err.Error())
			return
		}
		require.LessOrEqual(t, d.Shape().TotalSize(), len(b), "as many elements as there are bytes")
		var again bytes.Buffer
		require.NoError(t, data.WriteNpy(&again, d))
		back, err := data.ReadNpy(&again)
		require.NoError(t, err)
		require.Equal(t, d.Shape(), back.Shape())
	})
}
