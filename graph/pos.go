package graph

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// ownPackages are those whose frames do not count as the user's.
var ownPackages = [...]string{"graph", "ops", "autodiff", "nn", "optim", "train", "explain", "formula", "viz", "onnx"}

// root is the folder of this module as the compiler wrote it down, with a
// slash. Files tell whose a frame is and function names do not: a closure of
// ours that is inlined into a user's function is named after that.
var root = func() string {
	_, file, _, _ := runtime.Caller(0)
	return strings.TrimSuffix(file, "graph/pos.go")
}()

// ownPC remembers for each call address whether it lies in this module, and so
// is bounded by the size of the program text.
var ownPC sync.Map

// userPC returns the innermost call outside this module's packages: the line a
// user can mend.
func userPC() uintptr {
	var buf [16]uintptr
	var last uintptr
	for skip := 3; ; skip += len(buf) {
		n := runtime.Callers(skip, buf[:])
		for _, pc := range buf[:n] {
			if !own(pc) {
				return pc
			}
			last = pc
		}
		if n < len(buf) {
			return last
		}
	}
}

func own(pc uintptr) bool {
	if v, ok := ownPC.Load(pc); ok {
		return v.(bool)
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	v := ownFrame(f)
	ownPC.Store(pc, v)
	return v
}

func ownFrame(f runtime.Frame) bool {
	for _, p := range [...]string{"runtime.", "reflect.", "slices.", "sync."} { // between the user's frames and ours
		if strings.HasPrefix(f.Function, p) {
			return true
		}
	}
	if strings.HasSuffix(f.File, "slices/iter.go") { // its iterators are named after the function that ranges over them
		return true
	}
	path, ok := strings.CutPrefix(f.File, root)
	if !ok || strings.HasSuffix(path, "_test.go") {
		return false
	}
	folder, _, _ := strings.Cut(path, "/")
	return slices.Contains(ownPackages[:], folder)
}

// Source returns the file and line of the user's call that made n: the
// innermost one outside this module's packages.
func (n *Node) Source() (file string, line int) {
	f, _ := runtime.CallersFrames([]uintptr{n.pc}).Next()
	return f.File, f.Line
}

// Pos returns the user's place such as "model.go:12".
func (n *Node) Pos() string {
	file, line := n.Source()
	return fmt.Sprintf("%s:%d", filepath.Base(file), line)
}
