package data_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

func FuzzReadNpz(f *testing.F) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, h := range hostileHeaders {
		w, err := z.Create(h.name)
		require.NoError(f, err)
		_, err = w.Write(npy(h.head, 1))
		require.NoError(f, err)
	}
	require.NoError(f, z.Close())
	f.Add(b.Bytes())
	for _, name := range []string{"two.npz", "packed.npz"} {
		b, err := os.ReadFile(filepath.Join("testdata", "npy", name))
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, err := data.ReadNpz(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "npz: offset "), "%q", err)
		}
		for _, a := range arrays {
			require.Equal(t, a.Shape().TotalSize(), a.DataSize())
		}
	})
}

func FuzzReadText(f *testing.F) {
	for _, s := range []string{"", "a\r\nb", "\ufeffé", "\xff", string(zipped([]byte("packed\n")))} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := data.ReadText(bytes.NewReader(b))
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "text: offset "), "%q", err)
			return
		}
		require.NotContains(t, text, "\r\n")
		for _, err := range data.Lines(strings.NewReader(text)) {
			require.NoError(t, err)
		}
	})
}

func FuzzCIFAR10(f *testing.F) {
	f.Add(cifar(1, 2)[:3100])
	f.Add(zipped(cifar(1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		write(t, b, dir, "cifar-10-binary.tar.gz")
		_, _, err := data.CIFAR10(dir)
		if err != nil {
			require.Contains(t, err.Error(), "cifar-10-binary.tar.gz: offset ")
		}
	})
}
