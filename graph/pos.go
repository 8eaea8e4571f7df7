package graph

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

const module = "github.com/adjointml/adjoint/"

// ownPackages are those whose frames do not count as the user's.
var ownPackages = [...]string{"graph", "ops", "autodiff", "nn", "optim", "train", "explain", "viz", "onnx"}

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
	if strings.HasSuffix(f.File, "_test.go") {
		return false
	}
	if strings.HasPrefix(f.Function, "reflect.") || strings.HasPrefix(f.Function, "slices.") || strings.HasPrefix(f.Function, "runtime.") {
		return true
	}
	rest, ok := strings.CutPrefix(f.Function, module)
	if !ok {
		return false
	}
	pkg := rest[:strings.IndexAny(rest+".", "./")]
	for _, p := range ownPackages {
		if p == pkg {
			return true
		}
	}
	return false
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
