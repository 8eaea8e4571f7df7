package kernel

import "unsafe"

// rowArgs is the argument block of the kernel that copies rows of memory to where
// they follow one another.
type rowArgs struct {
	D, S  unsafe.Pointer // result and source
	List  unsafe.Pointer // numbers of rows, as int
	Count int            // of them, at least 1
	Width int            // bytes of a row
	Ahead int            // while it copies a row it fetches the one that comes so many later,
	Fetch int            // of which so many bytes, at least 1
}

// Rows of fewer bytes than the least are not worth the beginning of the processor's
// own copy; a call copies at most so many bytes, as nothing interrupts it.
const (
	leastCopied = 512
	mostCopied  = 256 << 10
)

// CopyRows makes row i of dst, of so many bytes, row rows[i] of src. It knows which
// rows come next, and fetches them meanwhile: rows from anywhere in a large memory
// come two to three times as fast. A row that is not there panics.
func CopyRows(dst, src []byte, rows []int, width int) {
	if width <= 0 {
		return
	}
	if width < leastCopied || width > mostCopied || !fetches {
		copyInGo(dst, src, rows, width)
		return
	}
	for len(rows) > 0 {
		n := min(len(rows), max(1, mostCopied/width))
		to := dst[:n*width]
		for _, r := range rows[:n] {
			_ = src[r*width : (r+1)*width]
		}
		a := rowArgs{
			D: unsafe.Pointer(unsafe.SliceData(to)), S: unsafe.Pointer(unsafe.SliceData(src)), List: unsafe.Pointer(unsafe.SliceData(rows)),
			Count: n, Width: width, Ahead: max(2, 4096/width), Fetch: min(width, 4096),
		}
		runRows(&a)
		dst, rows = dst[n*width:], rows[n:]
	}
}

// copyInGo copies rows: by plain loops where a row is a label or a number, which beat
// many calls of copy.
func copyInGo(dst, src []byte, rows []int, width int) {
	switch width {
	case 1:
		pick(dst[:len(rows)], src, rows)
	case 4:
		pick(wordsOf[uint32](dst[:4*len(rows)]), wordsOf[uint32](src), rows)
	case 8:
		pick(wordsOf[uint64](dst[:8*len(rows)]), wordsOf[uint64](src), rows)
	default:
		for i, r := range rows {
			copy(dst[i*width:(i+1)*width], src[r*width:(r+1)*width])
		}
	}
}

func pick[T any](dst, src []T, rows []int) {
	for i, r := range rows {
		dst[i] = src[r]
	}
}

// wordsOf returns memory as words of a size.
func wordsOf[T uint32 | uint64](b []byte) []T {
	var w T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(w)))
}
