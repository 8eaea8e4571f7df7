//go:build linux

package kernel

import (
	"os"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// guarded returns a page that has a page that may not be touched on either side.
func guarded(t *testing.T) []byte {
	page := os.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Munmap(mem) })
	require.NoError(t, syscall.Mprotect(mem[:page], syscall.PROT_NONE))
	require.NoError(t, syscall.Mprotect(mem[2*page:], syscall.PROT_NONE))
	return mem[page : 2*page]
}

// TestGuards runs every kernel in assembly on rows that begin at a page's
// beginning, or end at its end, where the pages beside must not be read.
func TestGuards(t *testing.T) {
	r := seeded(t)
	var pages [6][]byte
	for i := range pages {
		pages[i] = guarded(t)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	each(t, func(t *testing.T, of isa, op Op, typ Type, kinds uint8) {
		f := lookup(of, op, typ, kinds)
		for cols := range most + 1 {
			v := newTrial(op, typ, kinds, r, 1, 0)
			for _, atEnd := range []bool{false, true} {
				place := func(i, size int) unsafe.Pointer {
					if atEnd {
						return unsafe.Add(unsafe.Pointer(&pages[i][0]), len(pages[i])-size)
					}
					return unsafe.Pointer(&pages[i][0])
				}
				a := Args{Rows: 1, Cols: cols}
				n := cols
				if v.reduces() {
					n = 1
				}
				a.D = place(5, n*v.to.size())
				a.S = place(4, v.to.size())
				for i := range op.Arity() {
					n := cols
					if kinds>>i&1 == 1 {
						n = 1
					}
					a.X[i] = place(i, n*v.from.size())
				}
				require.NotPanics(t, func() { f(&a) }, "%d columns", cols)
			}
		}
	})
}
