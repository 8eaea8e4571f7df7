package data_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A hostile is a file that a reader must refuse. Its name says what is wrong.
type hostile struct {
	name string
	file []byte
}

// located is how errors say where.
var located = regexp.MustCompile(`offset \d+|line \d+`)

// refuseAll opens each file and asks for an error of one line that names the file
// and the place, within seconds, and without more memory than four times the file
// and 16 MiB. The memory is what runtime.MemStats counts as allocated while the
// file is read, garbage included, which is more than what is in use at any time.
func refuseAll(t *testing.T, files []hostile, open func(path string) error) {
	t.Helper()
	require.GreaterOrEqual(t, len(files), 40)
	dir, seen := t.TempDir(), map[string]bool{}
	for i, h := range files {
		require.False(t, seen[h.name], "two files are named %q", h.name)
		seen[h.name] = true
		path := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(t, os.WriteFile(path, h.file, 0o644))
		var err error
		done := make(chan uint64)
		go func() {
			done <- allocated(func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s: panic: %v", h.name, p)
					}
				}()
				err = open(path)
			})
		}()
		select {
		case n := <-done:
			assert.LessOrEqual(t, n, uint64(4*len(h.file)+16<<20), h.name)
		case <-time.After(time.Minute):
			t.Fatalf("%s: the reader hangs", h.name)
		}
		if assert.Error(t, err, h.name) {
			assert.Contains(t, err.Error(), path, h.name)
			assert.Regexp(t, located, err.Error(), h.name)
			assert.NotContains(t, err.Error(), "\n", h.name)
		}
		require.NoError(t, os.Remove(path))
	}
}

// cut adds files that are cut short at the given lengths.
func cut(files []hostile, whole []byte, lengths ...int) []hostile {
	for _, n := range lengths {
		files = append(files, hostile{fmt.Sprintf("cut after %d of %d bytes", n, len(whole)), whole[:n]})
	}
	return files
}

// changed returns a copy of a file with other bytes at an offset.
func changed(b []byte, at int, to ...byte) []byte {
	b = append([]byte(nil), b...)
	copy(b[at:], to)
	return b
}
