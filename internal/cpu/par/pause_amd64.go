//go:build !noasm

package par

// pause takes some 20 ns and leaves the core to its other thread meanwhile.
//
//go:noescape
func pause()
