package data

import (
	"fmt"
	"os"
)

// opened returns what read makes of a file and its size in bytes. Errors name the
// file.
func opened[T any](path string, read func(f *os.File, size int64) (T, error)) (v T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return v, err
	}
	if v, err = read(f, info.Size()); err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}
