package data_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

func TestReadText(t *testing.T) {
	for _, b := range [][]byte{[]byte("\ufeffa\r\nñ\n"), []byte("a\nñ\n"), zipped([]byte("a\nñ\n"))} {
		text, err := data.ReadText(bytes.NewReader(b))
		require.NoError(t, err)
		assert.Equal(t, "a\nñ\n", text)
	}
	_, err := data.ReadText(strings.NewReader("ab\xffc"))
	assert.EqualError(t, err, "text: offset 2: the byte ff is no UTF-8: convert the file first")
	_, err = data.ReadText(bytes.NewReader(zipped([]byte("abc"))[:15]))
	assert.ErrorContains(t, err, "text: offset ")
	text, err := data.OpenText(shared(t, "tinyshakespeare/input.txt"))
	require.NoError(t, err)
	assert.Len(t, text, 1_115_394)
}

func TestLines(t *testing.T) {
	var got []string
	for line, err := range data.Lines(strings.NewReader("\ufeffa\r\n\nb c\n")) {
		require.NoError(t, err)
		got = append(got, line)
	}
	assert.Equal(t, []string{"a", "", "b c"}, got)
	for text, want := range map[string]string{
		"a\nb\xff\nc":                      "text: line 2 is no UTF-8: convert the file first",
		"a\n" + strings.Repeat("x", 2<<20): "text: line 2 is longer than 1 MiB: use ReadText",
	} {
		var last error
		for _, err := range data.Lines(strings.NewReader(text)) {
			last = err
		}
		assert.EqualError(t, last, want)
	}
}

func TestWindows(t *testing.T) {
	w, err := data.NewWindows([]int64{10, 11, 12, 13, 14, 15, 16}, 3, 2)
	require.NoError(t, err)
	assert.Equal(t, 2, w.Len())
	var x, y [][]int64
	for b, err := range w.Batches(5) {
		require.NoError(t, err)
		assert.Equal(t, []int{2, 3}, []int(b[0].Shape()))
		x, y = append(x, b[0].Int64s()), append(y, b[1].Int64s())
	}
	assert.Equal(t, [][]int64{{10, 11, 12, 12, 13, 14}}, x)
	assert.Equal(t, [][]int64{{11, 12, 13, 13, 14, 15}}, y)
	for b, err := range data.Skip(w, 1).Batches(1) {
		require.NoError(t, err)
		assert.Equal(t, []int64{12, 13, 14}, b[0].Int64s())
	}
	long, err := data.NewWindows(upTo(1000), 9, 1)
	require.NoError(t, err)
	assert.Equal(t, 991, long.Len())
	var first []int64
	for b, err := range data.Shuffle(long, 7).Batches(100) {
		require.NoError(t, err)
		for i := 0; i < b[0].Shape()[0]*9; i += 9 {
			x, y := b[0].Int64s()[i:i+9], b[1].Int64s()[i:i+9]
			for j := range x {
				require.Equal(t, x[0]+int64(j), x[j])
				require.Equal(t, x[j]+1, y[j])
			}
			first = append(first, x[0])
		}
	}
	assert.NotEqual(t, upTo(991), first)
	assert.ElementsMatch(t, upTo(991), first)
	_, err = data.NewWindows([]int64{1, 2, 3}, 3, 1)
	assert.EqualError(t, err, "data: 3 ids are too few for a window of 3 and the one after it")
	_, err = data.NewWindows([]int64{1, 2, 3}, 0, 1)
	assert.EqualError(t, err, "data: windows of length 0, 1 apart: both must be at least 1")
	w, err = data.NewWindows([]int64{1, 2}, 1, 1)
	require.NoError(t, err)
	assert.Equal(t, 1, w.Len())
}
