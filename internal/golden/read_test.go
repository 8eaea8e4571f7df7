package golden

import (
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "cases.jsonl.gz")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	return path
}

func TestRead(t *testing.T) {
	list, err := Read[*Case](write(t, `{"op": "a", "variant": "v", "i": 3, "args": [{"t": "bool", "s": [2], "v": [true, false]}, [1, "x"], null],
		"kwargs": {"z": 1, "b": true}, "out": [{"t": "int64", "s": [0], "v": []}], "grads": [null, {"t": "float64", "s": [], "v": [0.5], "g": true}]}
	{"op": "b"}`))
	require.NoError(t, err)
	require.Len(t, list, 2)
	c := list[0]
	assert.Equal(t, "a v 3", c.String())
	assert.Equal(t, "b 0", list[1].String())
	assert.Equal(t, []Value{{&Array{Shape: []int{2}, Data: []bool{true, false}}}, {[]Value{{1.0}, {"x"}}}, {}}, c.Args)
	assert.Equal(t, Kwargs{{"z", Value{1.0}}, {"b", Value{true}}}, c.Kwargs, "in the order of the file")
	assert.Equal(t, []*Array{{Shape: []int{0}, Data: []int64{}}}, c.Out)
	assert.Equal(t, []*Array{nil, {Shape: []int{}, Data: []float64{0.5}, Grad: true}}, c.Grads)
}

func TestReadMistakes(t *testing.T) {
	_, err := Read[*Case](filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Read[*Case](write(t, `{"op": "a"} {"out": [{"t": "float8", "s": [], "v": [1]}]}`))
	assert.ErrorContains(t, err, `value 1: dtype "float8" is not known`)
	_, err = Read[*Case](write(t, `{"op": `))
	assert.ErrorContains(t, err, "unexpected EOF")
}
