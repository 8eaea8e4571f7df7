package conv

import "unsafe"

// copyRows copies rows of n bytes, and fills them up with zeros to the step of
// the destination.
func copyRows(dst []byte, step int, src unsafe.Pointer, srcStep, rows, n int) {
	for i := range rows {
		row := dst[i*step:][:step]
		copy(row, unsafe.Slice((*byte)(unsafe.Add(src, i*srcStep)), n))
		clear(row[n:])
	}
}

// transpose writes rows of n elements, filled up with zeros to step elements,
// from n rows of the source, srcStep elements apart.
func transpose[E uint32 | uint64](dst []byte, step int, src unsafe.Pointer, srcStep, rows, n int) {
	d := unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(dst))), rows*step)
	s := unsafe.Slice((*E)(src), (n-1)*srcStep+rows)
	for j := range n {
		for i, v := range s[j*srcStep:][:rows] {
			d[i*step+j] = v
		}
	}
	for i := range rows {
		clear(d[i*step+n : (i+1)*step])
	}
}
