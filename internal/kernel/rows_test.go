package kernel

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCopyRows compares with plain copies, rows of all small widths and of some that
// need several calls, and looks at what lies around the result.
func TestCopyRows(t *testing.T) {
	r := seeded(t)
	widths := []int{511, 512, 513, 1000, 3136, 4095, 4096, 4097, 70_000, mostCopied, mostCopied + 1}
	for w := range most {
		widths = append(widths, w)
	}
	for _, width := range widths {
		have := max(1, min(50, 1<<20/max(width, 1)))
		src := make([]byte, have*width)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		for _, n := range []int{0, 1, 2, 3, 17, 200} {
			if n*width > 4<<20 {
				continue
			}
			rows := make([]int, n)
			for i := range rows {
				rows[i] = r.IntN(have)
			}
			const around = 64
			got := make([]byte, n*width+2*around)
			for i := range got {
				got[i] = canary
			}
			want := append([]byte(nil), got...)
			CopyRows(got[around:][:n*width], src, rows, width)
			for i, r := range rows {
				copy(want[around+i*width:][:width], src[r*width:])
			}
			require.Equal(t, want, got, "%d rows of %d bytes", n, width)
		}
	}
}

// TestCopyRowsBounds panics rather than reading or writing what is not there.
func TestCopyRowsBounds(t *testing.T) {
	for _, width := range []int{10, 1000} {
		dst, src := make([]byte, 10*width), make([]byte, 10*width)
		for _, rows := range [][]int{{10}, {-1}, {9, 10}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
			assert.Panics(t, func() { CopyRows(dst, src, rows, width) }, "%v", rows)
		}
		assert.NotPanics(t, func() { CopyRows(dst, src, []int{9}, width) })
	}
	assert.NotPanics(t, func() { CopyRows(nil, nil, []int{5}, 0) })
}
