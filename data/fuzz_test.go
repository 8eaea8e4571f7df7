package data_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

func FuzzReadNpz(f *testing.F) {
	for _, name := range []string{"two.npz", "packed.npz"} {
		b, err := os.ReadFile(filepath.Join("testdata", "npy", name))
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, err := data.ReadNpz(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "npz: "))
			return
		}
		bytes := 0
		for _, a := range arrays {
			bytes += int(a.MemSize())
		}
		require.LessOrEqual(t, bytes, 4*len(b)+16<<20)
	})
}

func FuzzText(f *testing.F) {
	f.Add([]byte("line one\r\nline two"))
	f.Add([]byte("\ufeffcaf\xe9"))
	f.Add(zipped([]byte("sea shells\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		text, err := data.ReadText(bytes.NewReader(b))
		if err == nil {
			require.True(t, utf8.ValidString(text))
		}
		var lines []string
		var late error
		for line, err := range data.Lines(bytes.NewReader(b)) {
			lines, late = append(lines, line), err
		}
		if err == nil && late == nil && !strings.Contains(text, "\r") { // a lone one at the end is cut off a line
			require.Equal(t, strings.TrimSuffix(text, "\n"), strings.Join(lines, "\n"))
		}
	})
}

func FuzzCIFAR(f *testing.F) {
	f.Add(cifar(1, 2), false)
	f.Add(cifar(1)[:3000], false)
	f.Add(zipped(cifar(1)), true)
	f.Fuzz(func(t *testing.T, b []byte, archive bool) {
		dir := t.TempDir()
		if archive {
			write(t, b, dir, "cifar-10-binary.tar.gz")
		} else {
			for _, name := range cifarNames {
				write(t, b, dir, name)
			}
		}
		train, test, err := data.CIFAR10(dir)
		if err == nil {
			require.Equal(t, 5*test.Len(), train.Len())
		}
	})
}
