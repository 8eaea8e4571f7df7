package data

import (
	"archive/zip"
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"gorgonia.org/tensor"
)

// npyMagic begins every .npy file; two bytes of version follow.
const npyMagic = "\x93NUMPY"

// npyHeader is the longest header that is read: NumPy's own are of 118 bytes.
const npyHeader = 64 << 10

// OpenNpy reads an .npy file, as [ReadNpy] does.
func OpenNpy(path string) (*tensor.Dense, error) {
	return opened(path, func(f *os.File, _ int64) (*tensor.Dense, error) { return ReadNpy(f) })
}

// ReadNpy reads an array in NumPy's .npy format, versions 1 to 3, little or big
// endian, in C or Fortran order. Its elements become float32 (from float16 too),
// float64, int32 (from int8 and int16 too), int64 (from uint16 and uint32 too),
// uint8 or bool. An array without axes becomes one of shape [1]. It fails on
// other types, on more than 8 axes, on a length of zero, and when the data is
// shorter or longer than announced; nothing in the header is executed.
func ReadNpy(r io.Reader) (*tensor.Dense, error) {
	return readNpy(r, 0)
}

func readNpy(r io.Reader, most int64) (*tensor.Dense, error) {
	d := &npyReader{idxReader{in: bufio.NewReader(r), most: most}}
	t, err := d.array()
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return t, nil
}

// An npyReader reads one array. It reads bytes as the reader of idx files does.
type npyReader struct{ idxReader }

// A npyKind says how an element is stored and read.
type npyKind struct {
	code  string // without the byte order: "f4"
	width int
	read  func(d *npyReader, order binary.ByteOrder) (any, error)
}

var npyKinds = []npyKind{
	kind("f2", 2, func(o binary.ByteOrder, b []byte) float32 { return half(o.Uint16(b)) }),
	kind("f4", 4, func(o binary.ByteOrder, b []byte) float32 { return math.Float32frombits(o.Uint32(b)) }),
	kind("f8", 8, func(o binary.ByteOrder, b []byte) float64 { return math.Float64frombits(o.Uint64(b)) }),
	kind("i1", 1, func(_ binary.ByteOrder, b []byte) int32 { return int32(int8(b[0])) }),
	kind("i2", 2, func(o binary.ByteOrder, b []byte) int32 { return int32(int16(o.Uint16(b))) }),
	kind("i4", 4, func(o binary.ByteOrder, b []byte) int32 { return int32(o.Uint32(b)) }),
	kind("i8", 8, func(o binary.ByteOrder, b []byte) int64 { return int64(o.Uint64(b)) }),
	kind("u1", 1, func(_ binary.ByteOrder, b []byte) uint8 { return b[0] }),
	kind("u2", 2, func(o binary.ByteOrder, b []byte) int64 { return int64(o.Uint16(b)) }),
	kind("u4", 4, func(o binary.ByteOrder, b []byte) int64 { return int64(o.Uint32(b)) }),
	kind("b1", 1, func(_ binary.ByteOrder, b []byte) bool { return b[0] != 0 }),
}

func kind[T element](code string, width int, decode func(binary.ByteOrder, []byte) T) npyKind {
	return npyKind{code, width, func(d *npyReader, o binary.ByteOrder) (any, error) {
		return idxElements(&d.idxReader, width, func(b []byte) T { return decode(o, b) })
	}}
}

// half returns the value of an IEEE 754 binary16.
func half(b uint16) float32 {
	sign, exp, frac := uint32(b>>15)<<31, int(b>>10&31), uint32(b&1023)
	switch exp {
	case 0:
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | uint32(exp+112)<<23 | frac<<13)
}

// array reads header and elements.
func (d *npyReader) array() (*tensor.Dense, error) {
	descr, fortran, err := d.header()
	if err != nil {
		return nil, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	code := strings.TrimLeft(descr, "<|=>")
	if strings.HasPrefix(descr, ">") {
		order = binary.BigEndian
	}
	i := slices.IndexFunc(npyKinds, func(k npyKind) bool { return k.code == code })
	if i < 0 || len(descr) != len(code)+1 {
		return nil, fmt.Errorf("offset 10: elements of type %q: save floats of 2, 4 or 8 bytes, integers, uint8 to uint32 or truths (astype in NumPy)", descr)
	}
	lengths := d.shape
	if fortran { // the same elements, with the axes the other way round
		d.shape = slices.Clone(lengths)
		slices.Reverse(d.shape)
	}
	backing, err := npyKinds[i].read(d, order)
	if err != nil {
		return nil, err
	}
	t := tensor.New(tensor.WithShape(d.shape...), tensor.WithBacking(backing))
	if fortran && len(lengths) > 1 {
		if err := t.T(); err != nil {
			return nil, err
		}
		c, err := columnOf(t) // puts the elements in order
		if err != nil {
			return nil, err
		}
		return c.tensor(lengths[0]), nil
	}
	return t, nil
}

// header reads the magic bytes, the version and the dictionary.
func (d *npyReader) header() (descr string, fortran bool, err error) {
	var b [8]byte
	if err := d.read(b[:], "header"); err != nil {
		return "", false, err
	}
	if string(b[:6]) != npyMagic {
		return "", false, fmt.Errorf("offset 0: begins with % x, not with \\x93NUMPY: not an npy file", b[:6])
	}
	if b[6] < 1 || b[6] > 3 {
		return "", false, fmt.Errorf("offset 6: version %d.%d: only versions 1 to 3 are known", b[6], b[7])
	}
	length := make([]byte, 2)
	if b[6] > 1 {
		length = make([]byte, 4)
	}
	if err := d.read(length, "header"); err != nil {
		return "", false, err
	}
	n := uint64(length[0]) | uint64(length[1])<<8
	if len(length) == 4 {
		n = uint64(binary.LittleEndian.Uint32(length))
	}
	if n > npyHeader {
		return "", false, fmt.Errorf("offset 8: a header of %d bytes: at most %d are read", n, npyHeader)
	}
	text := make([]byte, n)
	if err := d.read(text, "header"); err != nil {
		return "", false, err
	}
	p := dict{text: string(text), start: int(d.at) - int(n)}
	return d.entries(&p)
}

// entries reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
func (d *npyReader) entries(p *dict) (descr string, fortran bool, err error) {
	seen := map[string]bool{}
	p.want("{")
	for !p.next("}") && p.err == nil {
		key := p.quoted()
		p.want(":")
		if seen[key] {
			p.fail("%q comes twice", key)
		}
		seen[key] = true
		switch key {
		case "descr":
			descr = p.quoted()
		case "fortran_order":
			fortran = p.next("True")
			if !fortran {
				p.want("False")
			}
		case "shape":
			d.shape = p.shape()
		default:
			p.fail("unknown entry %q", key)
		}
		if !p.next(",") && p.err == nil && !strings.HasPrefix(p.rest(), "}") {
			p.want("}")
		}
	}
	if p.err == nil && p.rest() != "" {
		p.fail("text after the dictionary")
	}
	if p.err == nil && len(seen) != 3 {
		p.fail("descr, fortran_order and shape must all be there")
	}
	return descr, fortran, p.err
}

// A dict reads a Python dictionary of the few kinds that an npy header holds.
type dict struct {
	text      string
	at, start int // in the text, and of the text in the file
	err       error
}

func (p *dict) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("offset %d: header: %s", p.start+p.at, fmt.Sprintf(format, args...))
	}
}

// rest returns what follows, without white space before and after it.
func (p *dict) rest() string {
	left := strings.TrimLeft(p.text[p.at:], " \t\n\r")
	p.at = len(p.text) - len(left)
	return strings.TrimRight(left, " \t\n\r\x00")
}

// next goes past s and says whether it was there.
func (p *dict) next(s string) bool {
	if p.err != nil || !strings.HasPrefix(p.rest(), s) {
		return false
	}
	p.at += len(s)
	return true
}

func (p *dict) want(s string) {
	if !p.next(s) {
		p.fail("%s is missing", s)
	}
}

func (p *dict) quoted() string {
	left := p.rest()
	if p.err != nil || left == "" || left[0] != '\'' && left[0] != '"' {
		p.fail("a quoted word is missing")
		return ""
	}
	end := strings.IndexByte(left[1:], left[0])
	if end < 0 {
		p.fail("a quote does not end")
		return ""
	}
	p.at += end + 2
	return left[1 : end+1]
}

func (p *dict) shape() (shape []int) {
	p.want("(")
	size := 1
	for !p.next(")") && p.err == nil {
		left := p.rest()
		digits := len(left) - len(strings.TrimLeft(left, "0123456789"))
		n, err := strconv.Atoi(left[:digits])
		switch {
		case err != nil:
			p.fail("a length of an axis is missing")
		case n < 1:
			p.fail("length %d of axis %d: it must be at least 1", n, len(shape))
		case n > math.MaxInt/8/size:
			p.fail("length %d of axis %d after %v is more than memory can address", n, len(shape), shape)
		case len(shape) == idxRanks:
			p.fail("more than %d axes", idxRanks)
		default:
			size *= n
			shape = append(shape, n)
		}
		p.at += digits
		if !p.next(",") && !strings.HasPrefix(p.rest(), ")") {
			p.fail(") is missing")
		}
	}
	if len(shape) == 0 {
		return []int{1}
	}
	return shape
}

// WriteNpy writes a tensor as an .npy file of version 1, little endian, in C
// order: float32, float64, int32, int64, uint8 or bool.
func WriteNpy(w io.Writer, t *tensor.Dense) error {
	if t != nil && t.IsScalar() {
		t = tensor.New(tensor.WithShape(1), tensor.WithBacking(one(t.Data())))
	}
	c, err := columnOf(t)
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	shape := strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(t.Shape())), " ", ", "), "[]")
	if t.Dims() == 1 {
		shape += ","
	}
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", c.npy(), shape)
	head += strings.Repeat(" ", 63-(len(npyMagic)+4+len(head))%64) + "\n"
	out := append([]byte(npyMagic), 1, 0, byte(len(head)), byte(len(head)>>8))
	if _, err := w.Write(append(out, head...)); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	if err := c.write(w); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// one returns the slice of a scalar's value.
func one(v any) any {
	switch v := v.(type) {
	case float32:
		return []float32{v}
	case float64:
		return []float64{v}
	case int32:
		return []int32{v}
	case int64:
		return []int64{v}
	case uint8:
		return []uint8{v}
	case bool:
		return []bool{v}
	}
	return v
}

// OpenNpz reads the arrays of an .npz file, by name. Each is read as [ReadNpy]
// does. It fails on a name that comes twice and on more than 4096 arrays.
func OpenNpz(path string) (map[string]*tensor.Dense, error) {
	return opened(path, func(f *os.File, size int64) (map[string]*tensor.Dense, error) { return ReadNpz(f, size) })
}

// ReadNpz is OpenNpz of size bytes at r. An array may unpack to four times the
// size of the file and 16 MiB: one that is packed tighter is taken for an attack.
func ReadNpz(r io.ReaderAt, size int64) (map[string]*tensor.Dense, error) {
	at := &lastRead{r, 0}
	arrays, err := readNpz(at, size)
	if err != nil {
		return nil, fmt.Errorf("npz: offset %d: %w", at.offset, err)
	}
	return arrays, nil
}

// A lastRead knows where it was last read, which is where errors come from.
type lastRead struct {
	io.ReaderAt
	offset int64
}

func (l *lastRead) ReadAt(b []byte, offset int64) (int, error) {
	l.offset = max(offset, 0) // a lying directory may lead to before the file
	return l.ReaderAt.ReadAt(b, offset)
}

func readNpz(r io.ReaderAt, size int64) (map[string]*tensor.Dense, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("not a zip file, or cut short: %w", err)
	}
	if len(z.File) > 4096 {
		return nil, fmt.Errorf("%d arrays: at most 4096 are read", len(z.File))
	}
	arrays := make(map[string]*tensor.Dense, len(z.File))
	left := room(size) - 4<<20 // bytes that may still be unpacked; the rest is for reading zip
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, ".npy")
		if arrays[name] != nil {
			return nil, fmt.Errorf("the array %q comes twice", name)
		}
		if left <= 0 || f.UncompressedSize64 > uint64(left) {
			return nil, fmt.Errorf("%q unpacks to %d bytes, too many for a file of %d: unpack it with unzip and open it as npy", name, f.UncompressedSize64, size)
		}
		in, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		t, err := readNpy(io.LimitReader(in, int64(f.UncompressedSize64)+1), left)
		in.Close()
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		left -= int64(t.MemSize())
		arrays[name] = t
	}
	return arrays, nil
}

// WriteNpz writes named arrays as an .npz file, in the order of their names and
// without packing, as NumPy's savez does.
func WriteNpz(w io.Writer, arrays map[string]*tensor.Dense) error {
	z := zip.NewWriter(w)
	names := make([]string, 0, len(arrays))
	for name := range arrays {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy"})
		if err != nil {
			return fmt.Errorf("npz: %q: %w", name, err)
		}
		if err := WriteNpy(f, arrays[name]); err != nil {
			return fmt.Errorf("npz: %q: %w", name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("npz: %w", err)
	}
	return nil
}
