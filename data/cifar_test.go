package data_test

import (
	"archive/tar"
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// cifar returns a file of records with the given labels; pixel i of a record is
// its label + i, modulo 256.
func cifar(labels ...byte) (b []byte) {
	for _, l := range labels {
		b = append(b, l)
		for i := range 3072 {
			b = append(b, l+byte(i))
		}
	}
	return b
}

var cifarNames = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}

func TestCIFAR10(t *testing.T) {
	dir, packed := t.TempDir(), t.TempDir()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, name := range cifarNames {
		file := cifar(byte(i), byte(9-i))
		write(t, file, dir, name)
		require.NoError(t, w.WriteHeader(&tar.Header{Name: "cifar-10-batches-bin/" + name, Size: int64(len(file)), Mode: 0o666}))
		_, err := w.Write(file)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	write(t, zipped(b.Bytes()), packed, "cifar-10-binary.tar.gz")
	for _, d := range []string{dir, packed} {
		train, test, err := data.CIFAR10(d)
		require.NoError(t, err)
		assert.Equal(t, []int64{0, 9, 1, 8, 2, 7, 3, 6, 4, 5}, train.Column(1).Int64s())
		assert.Equal(t, []int64{5, 4}, test.Column(1).Int64s())
		assert.Equal(t, []int{10, 3, 32, 32}, []int(train.Column(0).Shape()))
		x := test.Column(0).Float32s()
		for i := range 3072 {
			require.Equal(t, float32(byte(5+i))/255, x[i])
		}
	}
	assert.Len(t, data.CIFARClasses, 10)

	write(t, cifar(1)[:3000], dir, "data_batch_3.bin")
	_, _, err := data.CIFAR10(dir)
	assert.EqualError(t, err, "cifar10: "+filepath.Join(dir, "data_batch_3.bin")+": offset 3000: the file ends within a record of 3073 bytes")
	write(t, append(cifar(1), cifar(10)...), dir, "data_batch_3.bin")
	_, _, err = data.CIFAR10(dir)
	assert.EqualError(t, err, "cifar10: "+filepath.Join(dir, "data_batch_3.bin")+": offset 3073: label 10 is not from 0 to 9")
	write(t, nil, dir, "data_batch_3.bin")
	_, _, err = data.CIFAR10(dir)
	assert.ErrorContains(t, err, "offset 0: the file ends within a record")
	_, _, err = data.CIFAR10(t.TempDir())
	assert.ErrorContains(t, err, ".bin in ")
	write(t, zipped(b.Bytes()[:5000]), packed, "cifar-10-binary.tar.gz")
	_, _, err = data.CIFAR10(packed)
	assert.ErrorContains(t, err, "cifar10: "+filepath.Join(packed, "cifar-10-binary.tar.gz")+": offset 5000 of the unpacked archive: data_batch_1.bin: offset 4488: ")
}

// tarOf returns an archive of six files of one record each, changed.
func tarOf(t *testing.T, change func(map[string][]byte)) []byte {
	files := map[string][]byte{}
	for i, name := range cifarNames {
		files[name] = cifar(byte(i))
	}
	if change != nil {
		change(files)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: "cifar-10-batches-bin/" + name, Size: int64(len(files[name])), Mode: 0o666}))
		_, err := w.Write(files[name])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}
