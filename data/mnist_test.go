package data_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// tinyMNIST writes a data set of three training and two test images and
// returns its folder; the spelling of the names differs from file to file.
func tinyMNIST(t *testing.T) string {
	dir := t.TempDir()
	images := func(n int) []byte {
		return idx(8, []uint32{uint32(n), 28, 28}, append(make([]byte, n*784-1), 255)...)
	}
	for name, b := range map[string][]byte{
		"train-images-idx3-ubyte":    images(3),
		"train-labels.idx1-ubyte":    idx(8, []uint32{3}, 0, 9, 5),
		"t10k-images.idx3-ubyte.gz":  zipped(images(2)),
		"t10k-labels-idx1-ubyte.gz":  zipped(idx(8, []uint32{2}, 7, 2)),
		"t10k-labels-idx1-ubyte.txt": nil,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
	}
	return dir
}

func TestMNIST(t *testing.T) {
	train, test, err := data.MNIST(tinyMNIST(t))
	require.NoError(t, err)
	assert.Equal(t, 3, train.Len())
	assert.Equal(t, []int64{0, 9, 5}, train.Column(1).Int64s())
	assert.Equal(t, []int64{7, 2}, test.Column(1).Int64s())
	images := test.Column(0)
	assert.Equal(t, []int{2, 28, 28}, []int(images.Shape()))
	pixels := images.Float32s()
	assert.Equal(t, float32(0), pixels[0])
	assert.Equal(t, float32(1), pixels[2*784-1])
}

func TestMNISTRefuses(t *testing.T) {
	const four = "put the four idx files train-images-idx3-ubyte, train-labels-idx1-ubyte, " +
		"t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or with .gz there"
	for name, c := range map[string]struct {
		file string
		body []byte // nil removes the file
		want string
	}{
		"missing": {"t10k-labels-idx1-ubyte.gz", nil, "mnist: no t10k-labels-idx1-ubyte in DIR: " + four},
		"corrupt": {"t10k-labels-idx1-ubyte.gz", []byte("<html>"),
			"mnist: DIR/t10k-labels-idx1-ubyte.gz: idx: offset 0: begins with 3c 68, not with two zero bytes: not an idx file; fetch that file again"},
		"label": {"train-labels.idx1-ubyte", idx(8, []uint32{3}, 0, 10, 5),
			"mnist: DIR/train-labels.idx1-ubyte: label 1 is 10, not a digit from 0 to 9; fetch that file again"},
		"count": {"train-labels.idx1-ubyte", idx(8, []uint32{2}, 0, 1),
			"mnist: DIR/train-labels.idx1-ubyte: 2 labels for the 3 images of DIR/train-images-idx3-ubyte: take both from one source"},
		"size": {"train-images-idx3-ubyte", idx(8, []uint32{3, 1, 1}, 0, 1, 2),
			"mnist: DIR/train-images-idx3-ubyte: holds uint8 (3, 1, 1), not uint8 [n 28 28]: is it the images file?"},
		"type": {"train-labels.idx1-ubyte", idx(9, []uint32{3}, 0, 1, 2),
			"mnist: DIR/train-labels.idx1-ubyte: holds int32 (3), not uint8 [n]: is it the labels file?"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tinyMNIST(t)
			path := filepath.Join(dir, c.file)
			if c.body == nil {
				require.NoError(t, os.Remove(path))
			} else {
				require.NoError(t, os.WriteFile(path, c.body, 0o644))
			}
			_, _, err := data.MNIST(dir)
			require.Error(t, err)
			assert.Equal(t, c.want, strings.ReplaceAll(err.Error(), dir, "DIR"))
		})
	}
	_, _, err := data.MNIST(filepath.Join(t.TempDir(), "nowhere"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, four)
}

func TestMNISTOriginal(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 220 MB of images")
	}
	train, test, err := data.MNIST(shared(t, "mnist"))
	require.NoError(t, err)
	assert.Equal(t, 60_000, train.Len())
	assert.Equal(t, 10_000, test.Len())
	assert.Equal(t, []int64{5, 0, 4, 1, 9}, train.Rows(0, 5).Column(1).Int64s())
	assert.Equal(t, []int64{7, 2, 1, 0, 4}, test.Rows(0, 5).Column(1).Int64s())
	var sum float64
	for _, p := range test.Column(0).Float32s() {
		sum += float64(p)
	}
	assert.InDelta(t, 0.1325, sum/10_000/784, 1e-4, "mean pixel")
}
