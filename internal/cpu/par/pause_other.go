//go:build !amd64 || noasm

package par

import "sync/atomic"

var paused atomic.Uint32

// pause takes some 20 ns. The loads are there to be slow, and not removed.
func pause() {
	for range 32 {
		paused.Load()
	}
}
