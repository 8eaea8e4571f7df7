package data

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"unsafe"

	"gorgonia.org/tensor"
)

const (
	idxRanks = 8         // as many axes as a graph knows
	idxChunk = 256 << 10 // bytes read at once, the most a lying header can cost
)

// OpenIdx reads an idx file, plain or packed by gzip, as [ReadIdx] does. It also
// fails where the elements take more memory than four times the file and 16 MiB:
// a file that is packed tighter is taken for an attack.
func OpenIdx(path string) (*tensor.Dense, error) {
	return opened(path, func(f *os.File, size int64) (*tensor.Dense, error) { return readIdx(f, room(size)) })
}

// room is the memory that a file of some bytes may ask for by what it announces.
func room(size int64) int64 { return 4*size + 16<<20 - idxChunk }

// ReadIdx reads an array in the idx format of the MNIST files. Its elements
// become uint8, int32 (from 8, 16 and 32 bits with sign), float32 or float64.
// A stream that begins like gzip is unpacked; offsets in errors count unpacked
// bytes. It fails on an unknown element type, on more than 8 axes or none, on
// a length of zero, and when the data is shorter or longer than announced.
func ReadIdx(r io.Reader) (*tensor.Dense, error) { return readIdx(r, 0) }

func readIdx(r io.Reader, most int64) (*tensor.Dense, error) {
	in, err := unpack(r)
	if err != nil {
		return nil, fmt.Errorf("idx: %w", err)
	}
	d := &idxReader{in: in, most: most}
	kind, err := d.header()
	if err != nil {
		return nil, fmt.Errorf("idx: %w", err)
	}
	backing, err := d.elements(kind)
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, fmt.Errorf("idx: %w", err)
	}
	return tensor.New(tensor.WithShape(d.shape...), tensor.WithBacking(backing)), nil
}

// unpack returns r, or what it unpacks to if it begins with gzip's magic bytes.
func unpack(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return in, nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("offset 0: broken gzip header: %w", err)
	}
	return z, nil
}

// An idxReader reads one idx stream.
type idxReader struct {
	in    io.Reader
	at    int64 // bytes read so far
	most  int64 // bytes of memory that elements may take; 0 means any number that arrives
	shape []int
}

// read fills b or says what is missing.
func (d *idxReader) read(b []byte, what string) error {
	n, err := io.ReadFull(d.in, b)
	d.at += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("offset %d: the file ends in the %s: it is cut short or of another format", d.at, what)
	}
	if err != nil {
		return fmt.Errorf("offset %d: %w", d.at, err)
	}
	return nil
}

// header reads the element type and the shape.
func (d *idxReader) header() (kind byte, err error) {
	var b [4]byte
	if err := d.read(b[:], "header"); err != nil {
		return 0, err
	}
	if b[0] != 0 || b[1] != 0 {
		return 0, fmt.Errorf("offset 0: begins with % x, not with two zero bytes: not an idx file", b[:2])
	}
	if b[3] == 0 || b[3] > idxRanks {
		return 0, fmt.Errorf("offset 3: %d axes: an idx file here has 1 to %d", b[3], idxRanks)
	}
	size := int64(1)
	for range b[3] {
		at := d.at
		var b [4]byte
		if err := d.read(b[:], "header"); err != nil {
			return 0, err
		}
		n := int64(int32(binary.BigEndian.Uint32(b[:])))
		if n < 1 {
			return 0, fmt.Errorf("offset %d: length %d of axis %d: it must be at least 1", at, n, len(d.shape))
		}
		if size > math.MaxInt/8/n {
			return 0, fmt.Errorf("offset %d: length %d of axis %d after %v is more than memory can address", at, n, len(d.shape), d.shape)
		}
		size *= n
		d.shape = append(d.shape, int(n))
	}
	return b[2], nil
}

// elements reads the data as a slice of the type that stands for kind.
func (d *idxReader) elements(kind byte) (any, error) {
	big := binary.BigEndian
	switch kind {
	case 0x08:
		return idxElements(d, 1, func(b []byte) uint8 { return b[0] })
	case 0x09:
		return idxElements(d, 1, func(b []byte) int32 { return int32(int8(b[0])) })
	case 0x0B:
		return idxElements(d, 2, func(b []byte) int32 { return int32(int16(big.Uint16(b))) })
	case 0x0C:
		return idxElements(d, 4, func(b []byte) int32 { return int32(big.Uint32(b)) })
	case 0x0D:
		return idxElements(d, 4, func(b []byte) float32 { return math.Float32frombits(big.Uint32(b)) })
	case 0x0E:
		return idxElements(d, 8, func(b []byte) float64 { return math.Float64frombits(big.Uint64(b)) })
	}
	return nil, fmt.Errorf("offset 2: unknown element type 0x%02X: idx knows 08, 09, 0B, 0C, 0D and 0E", kind)
}

// idxElements reads all elements, width bytes each. Its memory doubles as data
// arrives, so that a header alone costs one chunk, unless its limit is known.
func idxElements[T element](d *idxReader, width int, decode func([]byte) T) ([]T, error) {
	total := tensor.Shape(d.shape).TotalSize()
	buf := make([]byte, min(total*width, idxChunk))
	what := fmt.Sprintf("data %v", d.shape)
	var out []T
	if size := int64(tensor.Shape(d.shape).TotalSize()) * int64(unsafe.Sizeof(*new(T))); d.most > 0 && size > d.most {
		return nil, fmt.Errorf("offset %d: %v elements of %d bytes are too many for the size of the file: if it is packed, unpack it first", d.at, d.shape, unsafe.Sizeof(*new(T)))
	} else if d.most > 0 {
		out = make([]T, 0, total)
	}
	for len(out) < total {
		n := min(total-len(out), len(buf)/width)
		if err := d.read(buf[:n*width], what); err != nil {
			return nil, err
		}
		if cap(out)-len(out) < n {
			out = slices.Grow(out, min(total-len(out), max(n, len(out))))
		}
		for i := range n {
			out = append(out, decode(buf[i*width:]))
		}
	}
	return out, nil
}

// end checks that nothing follows the data, which also checks gzip's sum.
func (d *idxReader) end() error {
	var b [1]byte
	switch _, err := io.ReadFull(d.in, b[:]); {
	case err == nil:
		return fmt.Errorf("offset %d: data goes on after the %v elements that the header announces", d.at, d.shape)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("offset %d: %w", d.at, err)
	}
	return nil
}
