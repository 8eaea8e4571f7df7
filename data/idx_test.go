package data_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// idx returns an idx file of the given element type, lengths and data bytes.
func idx(kind byte, lengths []uint32, body ...byte) []byte {
	b := []byte{0, 0, kind, byte(len(lengths))}
	for _, n := range lengths {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, body...)
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

func TestReadIdxTypes(t *testing.T) {
	bits := func(f float64) []byte { return binary.BigEndian.AppendUint64(nil, math.Float64bits(f)) }
	bits32 := func(f float32) []byte { return binary.BigEndian.AppendUint32(nil, math.Float32bits(f)) }
	for _, c := range []struct {
		name string
		kind byte
		body []byte
		want any
	}{
		{"uint8", 0x08, []byte{0, 255}, []uint8{0, 255}},
		{"int8", 0x09, []byte{1, 255}, []int32{1, -1}},
		{"int16", 0x0B, []byte{1, 2, 255, 254}, []int32{258, -2}},
		{"int32", 0x0C, []byte{0, 0, 1, 0, 255, 255, 255, 255}, []int32{256, -1}},
		{"float32", 0x0D, append(bits32(1.5), bits32(-2)...), []float32{1.5, -2}},
		{"float64", 0x0E, append(bits(1.5), bits(-2)...), []float64{1.5, -2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := idx(c.kind, []uint32{1, 2, 1}, c.body...)
			for _, b := range [][]byte{file, zipped(file)} {
				d, err := data.ReadIdx(bytes.NewReader(b))
				require.NoError(t, err)
				assert.Equal(t, []int{1, 2, 1}, []int(d.Shape()))
				assert.Equal(t, c.want, d.Data())
				runtime.KeepAlive(d)
			}
		})
	}
}

func TestReadIdxLargerThanAChunk(t *testing.T) {
	body := make([]byte, 3_000_001)
	for i := range body {
		body[i] = byte(i * i >> 3)
	}
	d, err := data.ReadIdx(bytes.NewReader(idx(8, []uint32{3_000_001}, body...)))
	require.NoError(t, err)
	assert.Equal(t, body, d.Uint8s())
}

var brokenIdx = map[string]struct {
	file []byte
	want string
}{
	"empty":           {nil, "idx: offset 0: the file ends in the header: it is cut short or of another format"},
	"short header":    {[]byte{0, 0, 8}, "idx: offset 3: the file ends in the header: it is cut short or of another format"},
	"short lengths":   {idx(8, []uint32{2, 2})[:9], "idx: offset 9: the file ends in the header: it is cut short or of another format"},
	"text":            {[]byte("<html>"), "idx: offset 0: begins with 3c 68, not with two zero bytes: not an idx file"},
	"unknown type":    {idx(0x0A, []uint32{1}, 1), "idx: offset 2: unknown element type 0x0A: idx knows 08, 09, 0B, 0C, 0D and 0E"},
	"rank 0":          {idx(8, nil), "idx: offset 3: 0 axes: an idx file here has 1 to 8"},
	"rank 9":          {idx(8, make([]uint32, 9)), "idx: offset 3: 9 axes: an idx file here has 1 to 8"},
	"zero length":     {idx(8, []uint32{3, 0}), "idx: offset 8: length 0 of axis 1: it must be at least 1"},
	"negative length": {idx(8, []uint32{0xFFFFFFFF}), "idx: offset 4: length -1 of axis 0: it must be at least 1"},
	"overflow":        {idx(14, []uint32{1 << 30, 1 << 30, 1 << 30}), "idx: offset 8: length 1073741824 of axis 1 after [1073741824] is more than memory can address"},
	"short data":      {idx(11, []uint32{2, 2}, 1, 2, 3), "idx: offset 15: the file ends in the data [2 2]: it is cut short or of another format"},
	"trailing":        {idx(8, []uint32{2}, 1, 2, 3), "idx: offset 10: data goes on after the [2] elements that the header announces"},
	"trailing zipped": {zipped(idx(8, []uint32{2}, 1, 2, 3)), "idx: offset 10: data goes on after the [2] elements that the header announces"},
	"gzip header":     {[]byte{0x1f, 0x8b, 9}, "idx: offset 0: broken gzip header: unexpected EOF"},
	"gzip cut":        {zipped(idx(8, []uint32{2}, 1, 2))[:20], "idx: offset 9: the file ends in the data [2]: it is cut short or of another format"},
}

func TestReadIdxRefuses(t *testing.T) {
	for name, c := range brokenIdx {
		t.Run(name, func(t *testing.T) {
			if name == "overflow" && strconv.IntSize == 32 {
				t.Skip("32 bits overflow one axis earlier")
			}
			_, err := data.ReadIdx(bytes.NewReader(c.file))
			require.Error(t, err)
			assert.Equal(t, c.want, err.Error())
		})
	}
	sum := zipped(idx(8, []uint32{2}, 1, 2))
	sum[len(sum)-5]++
	_, err := data.ReadIdx(bytes.NewReader(sum))
	assert.ErrorIs(t, err, gzip.ErrChecksum)
}

// allocated returns the bytes that f allocates, garbage included.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestReadIdxMemoryFollowsTheData(t *testing.T) {
	const mib = 1 << 20
	lie := idx(14, []uint32{1<<31 - 1, 1 << 20}, 1, 2, 3)
	assert.Less(t, allocated(func() {
		_, err := data.ReadIdx(bytes.NewReader(lie))
		assert.Error(t, err)
	}), uint64(mib))

	// The header announces two bytes; 16 MiB of zeros follow.
	bomb := zipped(append(idx(8, []uint32{2}), make([]byte, 16*mib)...))
	assert.Less(t, allocated(func() {
		_, err := data.ReadIdx(bytes.NewReader(bomb))
		assert.ErrorContains(t, err, "data goes on")
	}), uint64(mib))

	honest := idx(8, []uint32{8 * mib}, make([]byte, 8*mib)...)
	assert.Less(t, allocated(func() {
		_, err := data.ReadIdx(bytes.NewReader(honest))
		assert.NoError(t, err)
	}), uint64(4*8*mib))
}

func TestOpenIdx(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "labels") // packed, though its name does not say so
	require.NoError(t, os.WriteFile(path, zipped(idx(8, []uint32{2}, 3, 4)), 0o644))
	d, err := data.OpenIdx(path)
	require.NoError(t, err)
	assert.Equal(t, []uint8{3, 4}, d.Uint8s())

	require.NoError(t, os.WriteFile(path, idx(8, []uint32{2}, 3), 0o644))
	_, err = data.OpenIdx(path)
	assert.EqualError(t, err, path+": idx: offset 9: the file ends in the data [2]: it is cut short or of another format")
	_, err = data.OpenIdx(filepath.Join(dir, "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = data.OpenIdx(dir)
	assert.Error(t, err)
}

func FuzzReadIdx(f *testing.F) {
	for _, c := range brokenIdx {
		f.Add(c.file)
	}
	f.Add(idx(8, []uint32{2, 1}, 3, 4))
	f.Add(idx(13, []uint32{1}, 3, 4, 5, 6))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := data.ReadIdx(bytes.NewReader(b))
		if err != nil {
			require.False(t, strings.Contains(err.Error(), "\n"), "one line: %q", err)
			return
		}
		require.Equal(t, d.Shape().TotalSize(), d.DataSize())
		_, err = data.Of(d)
		require.NoError(t, err)
	})
}
