package data

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"gorgonia.org/tensor"
)

// OpenText reads a file of text, as [ReadText] does. It also fails where a packed
// one unpacks to more than four times the file and 2 MiB, which is taken for an attack.
func OpenText(path string) (string, error) {
	return opened(path, func(f *os.File, size int64) (string, error) { return readText(f, size, 4*size+2<<20) })
}

// ReadText reads UTF-8 text, packed by gzip or not, without a byte order mark;
// line ends become \n, of which a \r before it is part, and so are several. It fails on
// bytes that are no UTF-8, and names the first.
func ReadText(r io.Reader) (string, error) { return readText(r, 0, math.MaxInt64) }

// readText expects so many bytes, and reads another number at most.
func readText(r io.Reader, expected, most int64) (string, error) {
	in, err := unpack(r)
	if err != nil {
		return "", fmt.Errorf("text: %w", err)
	}
	limited := &io.LimitedReader{R: in, N: most}
	var text bytes.Buffer // grows by doubling, which leaves less garbage than io.ReadAll does
	text.Grow(int(expected) + bytes.MinRead)
	_, err = text.ReadFrom(skipMark(limited))
	b := text.Bytes()
	if err != nil {
		return "", fmt.Errorf("text: offset %d: %w", len(b), err)
	}
	if limited.N == 0 {
		return "", fmt.Errorf("text: offset %d: too much text for the size of the file: unpack it first", len(b))
	}
	for at := 0; at < len(b); {
		r, n := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && n == 1 {
			return "", fmt.Errorf("text: offset %d: the byte %02x is no UTF-8: convert the file first", at, b[at])
		}
		at += n
	}
	return string(plainEnds(b)), nil
}

// plainEnds takes the \r before each \n out of b, in its memory.
func plainEnds(b []byte) []byte {
	out := b[:0]
	for _, c := range b {
		if c == '\n' {
			out = bytes.TrimRight(out, "\r")
		}
		out = append(out, c)
	}
	return out
}

// Lines yields the lines of UTF-8 text without their ends, one at a time, so
// that a file may be larger than memory. An empty last line does not count. It
// fails as ReadText does, and on a line of more than 1 MiB.
func Lines(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		in, err := unpack(r)
		if err != nil {
			yield("", fmt.Errorf("text: %w", err))
			return
		}
		s := bufio.NewScanner(skipMark(in))
		s.Buffer(nil, 1<<20)
		n := 0
		for s.Scan() {
			n++
			if !utf8.Valid(s.Bytes()) {
				yield("", fmt.Errorf("text: line %d is no UTF-8: convert the file first", n))
				return
			}
			if !yield(strings.TrimRight(s.Text(), "\r"), nil) {
				return
			}
		}
		switch err := s.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield("", fmt.Errorf("text: line %d is longer than 1 MiB: use ReadText", n+1))
		case err != nil:
			yield("", fmt.Errorf("text: line %d: %w", n+1, err))
		}
	}
}

// A Windows is a data set of sequences for predicting what comes next: row i is
// x = ids[i·stride : i·stride+length] and y, the same one step later, both int64
// [length]. It does not copy the ids.
type Windows struct {
	ids            []int64
	length, stride int
	rows           []int
}

// NewWindows returns the windows of a given length over ids, stride apart. It
// fails where there is no whole one, or length or stride are less than 1.
func NewWindows(ids []int64, length, stride int) (*Windows, error) {
	if length < 1 || stride < 1 {
		return nil, fmt.Errorf("data: windows of length %d, %d apart: both must be at least 1", length, stride)
	}
	if len(ids) < length+1 {
		return nil, fmt.Errorf("data: %d ids are too few for a window of %d and the one after it", len(ids), length)
	}
	return &Windows{ids, length, stride, count((len(ids)-length-1)/stride + 1)}, nil
}

// Len returns the number of windows.
func (w *Windows) Len() int { return len(w.rows) }

// Shuffled returns the same windows in a random order, which depends on the seed
// and on the present order alone.
func (w *Windows) Shuffled(seed uint64) Dataset {
	return &Windows{w.ids, w.length, w.stride, shuffled(w.rows, seed)}
}

func (w *Windows) skip(n int) Dataset {
	return &Windows{w.ids, w.length, w.stride, w.rows[min(n, len(w.rows)):]}
}

// Batches yields x and y [size length], as [Arrays.Batches] does.
func (w *Windows) Batches(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		if err := (&gathered{size: size}).check(); err != nil {
			yield(nil, err)
			return
		}
		size := min(size, len(w.rows))
		x, y := make([]int64, size*w.length), make([]int64, size*w.length)
		var batch Batch
		for lo := 0; lo < len(w.rows); lo += size {
			rows := w.rows[lo:min(lo+size, len(w.rows))]
			if lo == 0 || len(rows) < size {
				batch = Batch{ids(x, len(rows), w.length), ids(y, len(rows), w.length)}
			}
			for i, r := range rows {
				from := w.ids[r*w.stride:]
				copy(x[i*w.length:(i+1)*w.length], from)
				copy(y[i*w.length:(i+1)*w.length], from[1:])
			}
			if !yield(batch, nil) {
				return
			}
		}
	}
}

func ids(backing []int64, n, length int) *tensor.Dense {
	return tensor.New(tensor.WithShape(n, length), tensor.WithBacking(backing[:n*length]))
}
