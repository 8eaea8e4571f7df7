package graph

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
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

// A call is whose code a call address lies in.
type call uint64

const (
	callUser   call = iota
	callOwn         // this module's
	callDerive      // Derive's, which gives the nodes made in there their place, or one that Derive makes
)

// calls remembers whose the call addresses met last are: each entry is an address
// shifted by 2 bits, and its call. An address has two entries to choose from, which
// it shares with others: they may replace each other, but two that are used by turns
// do not.
var calls [1 << callBits]atomic.Uint64

const callBits = 12

// enough is how many frames calls of userPC have needed lately, and enoughUses how
// often they have needed fewer. Each frame takes a tenth of a microsecond, and
// asking again as long as asking did.
var enough, enoughUses atomic.Int32

// userPC returns the innermost call outside this module's packages, from the
// caller's caller on: the line a user can mend. Where it meets Derive, which will
// give the nodes their line, it is 0, unless it is to look beyond.
func userPC(beyond bool) (pc uintptr) {
	var buf [16]uintptr
	skip := 3
	for part := buf[:max(3, enough.Load())]; ; part = buf[:] {
		n := runtime.Callers(skip, part)
		for i := range part[:n] {
			pc = part[i]
			switch c := callOf(pc); {
			case c == callDerive && !beyond:
				pc = 0
			case c != callUser:
				continue
			}
			learn(skip - 3 + i + 1)
			return pc
		}
		if n < len(part) {
			return pc
		}
		skip += n
	}
}

// learn notes that a call of userPC has needed n frames.
func learn(n int) {
	switch most := enough.Load(); {
	case int32(n) > most:
		enough.Store(int32(min(n, 16)))
	case int32(n) < most && enoughUses.Add(1)%32 == 0:
		enough.Store(most - 1)
	}
}

func callOf(pc uintptr) call {
	at := uint64(pc) * 0x9e3779b97f4a7c15 >> (64 - callBits)
	e := &calls[at]
	v := e.Load()
	if v>>2 != uint64(pc) && v != 0 {
		e = &calls[at^1]
		v = e.Load()
	}
	if v>>2 == uint64(pc) {
		return call(v & 3)
	}
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	c := callUser
	switch {
	case f.File == root+"graph/scope.go" && strings.HasSuffix(f.Function, "graph.Derive"), isRule(f):
		c = callDerive
	case ownFrame(f):
		c = callOwn
	}
	e.Store(uint64(pc)<<2 | uint64(c))
	return c
}

// isRule reports whether a frame is that of a gradient rule of ours, or of the
// traversal that calls them: there is a Derive around it.
func isRule(f runtime.Frame) bool {
	return strings.HasPrefix(f.File, root+"ops/") && (strings.HasSuffix(f.Function, ".VJP") || strings.Contains(f.Function, "ops.(*reverse).")) && ownFrame(f)
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
// innermost one outside this module's packages. What a gradient rule makes that is
// called by hand has the line of what it is made of.
func (n *Node) Source() (file string, line int) {
	for n.pc == 0 && len(n.in) > 0 && n.in[0] != nil {
		n = n.in[0]
	}
	f, _ := runtime.CallersFrames([]uintptr{n.pc}).Next()
	return f.File, f.Line
}

// Pos returns the user's place such as "model.go:12".
func (n *Node) Pos() string {
	file, line := n.Source()
	return fmt.Sprintf("%s:%d", filepath.Base(file), line)
}
