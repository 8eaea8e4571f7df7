package data

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"gorgonia.org/tensor"
)

// Tensors are named arrays with a few words about them, as a safetensors file
// holds them.
type Tensors struct {
	Arrays map[string]*tensor.Dense
	About  map[string]string // the file's metadata
}

// safeHeader is the longest header that is read.
const safeHeader = 100 << 20

// safeEntry is what the header says of an array.
type safeEntry struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// safeKinds are the types that are read; those that are written are the ones
// whose name is that of a column.
var safeKinds = map[string]npyKind{
	"F16":  kind("f2", 2, func(o binary.ByteOrder, b []byte) float32 { return half(o.Uint16(b)) }),
	"BF16": kind("bf2", 2, func(o binary.ByteOrder, b []byte) float32 { return math.Float32frombits(uint32(o.Uint16(b)) << 16) }),
	"F32":  npyKindOf("f4"), "F64": npyKindOf("f8"), "I8": npyKindOf("i1"), "I16": npyKindOf("i2"), "I32": npyKindOf("i4"),
	"I64": npyKindOf("i8"), "U8": npyKindOf("u1"), "U16": npyKindOf("u2"), "U32": npyKindOf("u4"), "BOOL": npyKindOf("b1"),
}

func npyKindOf(code string) npyKind {
	return npyKinds[slices.IndexFunc(npyKinds, func(k npyKind) bool { return k.code == code })]
}

// safeNames are the names of the types that are written, by NumPy's.
var safeNames = map[string]string{"<f4": "F32", "<f8": "F64", "<i4": "I32", "<i8": "I64", "|u1": "U8", "|b1": "BOOL"}

// OpenSafetensors reads a safetensors file, as [ReadSafetensors] does.
func OpenSafetensors(path string) (*Tensors, error) {
	return opened(path, func(f *os.File, size int64) (*Tensors, error) { return ReadSafetensors(f, size) })
}

// ReadSafetensors reads a file of size bytes in the safetensors format: eight
// bytes of length, a JSON header, and the elements of all arrays, little endian.
// Elements become float32 (from F16 and BF16 too), float64, int32, int64, uint8 or
// bool, as those of [ReadNpy] do; an array without axes is a scalar.
//
// It fails unless the arrays cover all of the data, without holes and without
// overlap, and on other types, on more than 8 axes and on lengths of zero.
func ReadSafetensors(r io.Reader, size int64) (*Tensors, error) {
	d := &npyReader{idxReader{in: r}}
	t, err := d.safetensors(size)
	if err == nil {
		err = d.end()
	}
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return t, nil
}

func (d *npyReader) safetensors(size int64) (*Tensors, error) {
	var b [8]byte
	if err := d.read(b[:], "length of the header"); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(b[:])
	if n > safeHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("offset 0: a header of %d bytes in a file of %d: not a safetensors file, or cut short", n, size)
	}
	text := make([]byte, n)
	if err := d.read(text, "header"); err != nil {
		return nil, err
	}
	about, entries, err := safeEntries(text)
	if err != nil {
		return nil, fmt.Errorf("offset 8: header: %w", err)
	}
	names, err := inOrder(entries, size-8-int64(n))
	if err != nil {
		return nil, fmt.Errorf("offset 8: header: %w", err)
	}
	t := &Tensors{make(map[string]*tensor.Dense, len(names)), about}
	for _, name := range names {
		e := entries[name]
		d.shape = d.shape[:0]
		for _, n := range e.Shape {
			d.shape = append(d.shape, int(n))
		}
		backing, err := safeKinds[e.DType].read(d, binary.LittleEndian)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		if len(d.shape) == 0 {
			t.Arrays[name] = tensor.New(tensor.FromScalar(first(backing)))
		} else {
			t.Arrays[name] = tensor.New(tensor.WithShape(slices.Clone(d.shape)...), tensor.WithBacking(backing))
		}
	}
	return t, nil
}

// first returns the element of a slice of one.
func first(v any) any {
	switch v := v.(type) {
	case []float32:
		return v[0]
	case []float64:
		return v[0]
	case []int32:
		return v[0]
	case []int64:
		return v[0]
	case []uint8:
		return v[0]
	}
	return v.([]bool)[0]
}

// safeEntries reads the header, and fails on a name that comes twice, which the
// JSON package alone would let pass.
func safeEntries(text []byte) (about map[string]string, entries map[string]safeEntry, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("it is no JSON object")
	}
	entries = map[string]safeEntry{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		name := key.(string)
		if name == "__metadata__" {
			if about != nil {
				return nil, nil, errors.New("__metadata__ comes twice")
			}
			if err := d.Decode(&about); err != nil {
				return nil, nil, fmt.Errorf("__metadata__: %w", err)
			}
			continue
		}
		if _, twice := entries[name]; twice {
			return nil, nil, fmt.Errorf("%q comes twice", name)
		}
		var e safeEntry
		if err := d.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("%q: %w", name, cutShort(err))
		}
		if err := e.check(); err != nil {
			return nil, nil, fmt.Errorf("%q: %w", name, err)
		}
		entries[name] = e
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, cutShort(err)
	}
	for _, c := range text[d.InputOffset():] {
		if c != ' ' {
			return nil, nil, errors.New("text after the object")
		}
	}
	return about, entries, nil
}

// cutShort says what an end of the text means.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the text ends within the object")
	}
	return err
}

func (e safeEntry) check() error {
	k, ok := safeKinds[e.DType]
	switch {
	case !ok:
		return fmt.Errorf("elements of type %q: only F16, BF16, F32, F64, I8 to I64, U8 to U32 and BOOL are read", e.DType)
	case e.Offsets == nil:
		return errors.New("data_offsets are missing")
	case len(e.Offsets) != 2:
		return fmt.Errorf("%d data_offsets: want where the array begins and ends", len(e.Offsets))
	case len(e.Shape) > idxRanks:
		return fmt.Errorf("%d axes: at most %d are read", len(e.Shape), idxRanks)
	}
	n := int64(k.width)
	for i, length := range e.Shape {
		if length < 1 || n > math.MaxInt64/8/length {
			return fmt.Errorf("length %d of axis %d after %v: it must be at least 1 and fit memory", length, i, e.Shape[:i])
		}
		n *= length
	}
	if from, to := e.Offsets[0], e.Offsets[1]; from < 0 || to < from || to-from != n {
		return fmt.Errorf("%s %v has %d bytes, but its offsets are %d and %d", e.DType, e.Shape, n, from, to)
	}
	return nil
}

// inOrder returns the names by their place in the data, of which they must cover
// all.
func inOrder(entries map[string]safeEntry, size int64) ([]string, error) {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return int(min(max(entries[a].Offsets[0]-entries[b].Offsets[0], -1), 1)) })
	at := int64(0)
	for _, name := range names {
		if from := entries[name].Offsets[0]; from != at {
			return nil, fmt.Errorf("%q begins at %d, but the data before it ends at %d: there must be neither hole nor overlap", name, from, at)
		}
		at = entries[name].Offsets[1]
	}
	if at != size {
		return nil, fmt.Errorf("the arrays have %d bytes, but %d follow: the file is cut short or too long", at, size)
	}
	return names, nil
}

// WriteSafetensors writes arrays in the order of their names: float32, float64,
// int32, int64, uint8 or bool. The data begins at a multiple of 8 bytes.
func WriteSafetensors(w io.Writer, t *Tensors) error {
	names := make([]string, 0, len(t.Arrays))
	for name := range t.Arrays {
		names = append(names, name)
	}
	slices.Sort(names)
	head := map[string]any{}
	if len(t.About) > 0 {
		head["__metadata__"] = t.About
	}
	columns := make([]column, len(names))
	at := int64(0)
	for i, name := range names {
		a, shape := t.Arrays[name], []int64{}
		if name == "__metadata__" {
			return errors.New("safetensors: an array cannot be named __metadata__")
		}
		if a != nil && a.IsScalar() {
			a = tensor.New(tensor.WithShape(1), tensor.WithBacking(one(a.Data())))
		} else if a != nil {
			for _, n := range a.Shape() {
				shape = append(shape, int64(n))
			}
		}
		c, err := columnOf(a)
		if err != nil {
			return fmt.Errorf("safetensors: %q: %w", name, err)
		}
		dtype := safeNames[c.npy()]
		size := int64(a.Shape().TotalSize() * safeKinds[dtype].width)
		head[name], columns[i] = safeEntry{dtype, shape, []int64{at, at + size}}, c
		at += size
	}
	text, err := json.Marshal(head) // sorts keys
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	text = append(text, bytes.Repeat([]byte(" "), (8-len(text)%8)%8)...)
	if _, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	for i, c := range columns {
		if err := c.write(w); err != nil {
			return fmt.Errorf("safetensors: %q: %w", names[i], err)
		}
	}
	return nil
}
