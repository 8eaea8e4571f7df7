package graph

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
)

// dumps counts the compilations that were written down.
var dumps atomic.Int64

// newDump returns a function that writes what a pass of one compilation leaves
// to a file of the folder that the environment variable ADJOINT_PASSES names,
// such as 1-03-fold.txt, or nil without one.
func newDump() func(pass, text string) {
	dir := os.Getenv("ADJOINT_PASSES")
	if dir == "" {
		return nil
	}
	compilation, n := dumps.Add(1), 0
	return func(pass, text string) {
		n++
		err := os.MkdirAll(dir, 0o777)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-%02d-%s.txt", compilation, n, pass)), []byte(text), 0o666)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "ADJOINT_PASSES:", err)
		}
	}
}
