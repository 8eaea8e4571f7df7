package data_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
)

// safe returns a file with the given header and data.
func safe(head string, body ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
	return append(append(b, head...), body...)
}

func TestSafetensorsRoundTrip(t *testing.T) {
	view := dense([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	require.NoError(t, view.T())
	in := &data.Tensors{About: map[string]string{"made": "by hand", "ünï": "\"<&"}, Arrays: map[string]*tensor.Dense{
		"Trunk.0.W": view, "b": dense([]float64{math.Pi, math.Inf(-1)}, 1, 2), "c": dense([]int32{-1}, 1), "step": tensor.New(tensor.FromScalar(int64(7))),
		"d": dense([]int64{math.MinInt64}, 1), "e": dense([]uint8{1, 2}, 2), "f": dense([]bool{true, false}, 2), "g": tensor.New(tensor.FromScalar(float32(2.5))),
	}}
	var b bytes.Buffer
	require.NoError(t, data.WriteSafetensors(&b, in))
	path := filepath.Join(t.TempDir(), "x.safetensors")
	write(t, b.Bytes(), path)
	out, err := data.OpenSafetensors(path)
	require.NoError(t, err)
	assert.Equal(t, in.About, out.About)
	require.Len(t, out.Arrays, len(in.Arrays))
	assert.Equal(t, []float32{1, 4, 2, 5, 3, 6}, out.Arrays["Trunk.0.W"].Float32s())
	assert.Equal(t, []int{3, 2}, []int(out.Arrays["Trunk.0.W"].Shape()))
	for _, name := range strings.Fields("b c d e f step g") {
		assert.Equal(t, in.Arrays[name].Data(), out.Arrays[name].Data(), name)
		assert.Equal(t, in.Arrays[name].Shape(), out.Arrays[name].Shape(), name)
	}
	n := binary.LittleEndian.Uint64(b.Bytes())
	assert.Zero(t, n%8)
	var again bytes.Buffer
	require.NoError(t, data.WriteSafetensors(&again, in))
	assert.Equal(t, b.Bytes(), again.Bytes(), "the same bytes each time")
	assert.EqualError(t, data.WriteSafetensors(&again, &data.Tensors{Arrays: map[string]*tensor.Dense{"a": nil}}), `safetensors: "a": the tensor is nil`)
	assert.Error(t, data.WriteSafetensors(&again, &data.Tensors{Arrays: map[string]*tensor.Dense{"__metadata__": view}}))

	b.Reset()
	require.NoError(t, data.WriteSafetensors(&b, &data.Tensors{}))
	empty, err := data.ReadSafetensors(&b, int64(b.Len()))
	require.NoError(t, err)
	assert.Empty(t, empty.Arrays)
}

func TestSafetensorsOfOthers(t *testing.T) {
	file := safe(`{"h":{"dtype":"F16","shape":[2],"data_offsets":[4,8]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}   `,
		0x80, 0x3f, 0x49, 0x40, 0x00, 0x3c, 0x00, 0xc0)
	got, err := data.ReadSafetensors(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	assert.Equal(t, []float32{1, 3.140625}, got.Arrays["b"].Float32s())
	assert.Equal(t, []float32{1, -2}, got.Arrays["h"].Float32s())
}

const entry = `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`

var brokenSafetensors = map[string]struct {
	file []byte
	want string
}{
	"empty":        {nil, "offset 0: the file ends in the length of the header: it is cut short or of another format"},
	"long header":  {safe(entry)[:20], "offset 0: a header of 54 bytes in a file of 20: not a safetensors file, or cut short"},
	"huge header":  {binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "offset 0: a header of 18446744073709551615 bytes in a file of 8: not a safetensors file, or cut short"},
	"no object":    {safe(`[]`), "offset 8: header: it is no JSON object"},
	"bad json":     {safe(`{"a":`), `offset 8: header: "a": the text ends within the object`},
	"no end":       {safe(`{`), "offset 8: header: the text ends within the object"},
	"text after":   {safe(entry+"x", 0, 0, 0, 0), "offset 8: header: text after the object"},
	"unknown":      {safe(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"evil":1}}`, 0, 0, 0, 0), `offset 8: header: "a": json: unknown field "evil"`},
	"twice":        {safe(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), `offset 8: header: "a" comes twice`},
	"metadata":     {safe(`{"__metadata__":{"a":1}}`), "offset 8: header: __metadata__: json: cannot unmarshal number into Go value of type string"},
	"type":         {safe(`{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}`, 0), `offset 8: header: "a": elements of type "F8": only F16, BF16, F32, F64, I8 to I64, U8 to U32 and BOOL are read`},
	"no offsets":   {safe(`{"a":{"dtype":"F32","shape":[1]}}`, 0, 0, 0, 0), `offset 8: header: "a": data_offsets are missing`},
	"zero length":  {safe(`{"a":{"dtype":"F32","shape":[2,0],"data_offsets":[0,0]}}`), `offset 8: header: "a": length 0 of axis 1 after [2]: it must be at least 1 and fit memory`},
	"overflow":     {safe(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`), `offset 8: header: "a": length 4294967296 of axis 1 after [4294967296]: it must be at least 1 and fit memory`},
	"size":         {safe(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 0, 0, 0, 0), `offset 8: header: "a": F32 [2] has 8 bytes, but its offsets are 0 and 4`},
	"negative":     {safe(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`), `offset 8: header: "a": F32 [1] has 4 bytes, but its offsets are -4 and 0`},
	"hole":         {safe(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), `offset 8: header: "a" begins at 1, but the data before it ends at 0: there must be neither hole nor overlap`},
	"overlap":      {safe(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 0, 0, 0), `offset 8: header: "b" begins at 1, but the data before it ends at 2: there must be neither hole nor overlap`},
	"short":        {safe(entry, 0, 0, 0), "offset 8: header: the arrays have 4 bytes, but 3 follow: the file is cut short or too long"},
	"longer":       {safe(entry, 0, 0, 0, 0, 0), "offset 8: header: the arrays have 4 bytes, but 5 follow: the file is cut short or too long"},
	"many axes":    {safe(`{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}`, 0), `offset 8: header: "a": 9 axes: at most 8 are read`},
	"lying length": {safe(`{"a":{"dtype":"U8","shape":[1000000000000],"data_offsets":[0,1000000000000]}}`), "offset 8: header: the arrays have 1000000000000 bytes, but 0 follow: the file is cut short or too long"},
}

func TestSafetensorsBroken(t *testing.T) {
	for name, c := range brokenSafetensors {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := data.ReadSafetensors(bytes.NewReader(c.file), int64(len(c.file)))
		runtime.ReadMemStats(&after)
		assert.EqualError(t, err, "safetensors: "+c.want, name)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), name)
	}
}

func FuzzSafetensors(f *testing.F) {
	for _, c := range brokenSafetensors {
		f.Add(c.file)
	}
	f.Add(safe(entry, 1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := data.ReadSafetensors(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "safetensors: "))
			return
		}
		var again bytes.Buffer
		require.NoError(t, data.WriteSafetensors(&again, got))
		back, err := data.ReadSafetensors(&again, int64(again.Len()))
		require.NoError(t, err)
		require.Len(t, back.Arrays, len(got.Arrays))
	})
}
