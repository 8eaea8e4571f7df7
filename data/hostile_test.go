package data_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// A hostile file is one that must give an error.
type hostile struct {
	name string // what is wrong with it
	file []byte
}

// place is what an error names beside the file: where in it.
var place = regexp.MustCompile(`offset \d+|line \d+|byte \d+|entry \d+`)

// refuses checks that a reader gives an error for each file, which names the file
// and the place, in time, and without taking more memory than four times the file and
// 16 MiB.
func refuses(t *testing.T, least int, files []hostile, read func(path string) error) {
	t.Helper()
	assert.GreaterOrEqual(t, len(files), least)
	names := map[string]bool{}
	for _, h := range files {
		require.False(t, names[h.name], "%s comes twice", h.name)
		names[h.name] = true
		path := filepath.Join(t.TempDir(), "hostile")
		require.NoError(t, os.WriteFile(path, h.file, 0o666))
		var err error
		start := time.Now()
		bytes := allocated(func() {
			defer func() {
				if p := recover(); p != nil {
					assert.Fail(t, "panic", "%s: %v", h.name, p)
				}
			}()
			err = read(path)
		})
		if !assert.Error(t, err, h.name) {
			continue
		}
		assert.Contains(t, err.Error(), path, "%s names the file", h.name)
		assert.Regexp(t, place, strings.ReplaceAll(err.Error(), path, ""), "%s names the place", h.name)
		assert.NotContains(t, err.Error(), "\n", h.name)
		assert.LessOrEqual(t, bytes, uint64(4*len(h.file)+16<<20), "%s: bytes", h.name)
		assert.Less(t, time.Since(start), 10*time.Second, h.name)
	}
}

// changed returns a copy of b with some bytes at a place.
func changed(b []byte, at int, to ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], to)
	return b
}

// cuts are the file's beginnings of some lengths.
func cuts(of string, b []byte, lengths ...int) (list []hostile) {
	for _, n := range lengths {
		list = append(list, hostile{fmt.Sprintf("%s cut after %d bytes", of, n), b[:n]})
	}
	return list
}

func TestHostileIdx(t *testing.T) {
	good := idx(8, []uint32{2, 3}, 1, 2, 3, 4, 5, 6)
	packed := zipped(idx(8, []uint32{500}, bytes.Repeat([]byte{7, 9}, 250)...))
	files := append([]hostile{
		{"a first byte that is not 0", changed(good, 0, 1)},
		{"a second byte that is not 0", changed(good, 1, 1)},
		{"type 0", changed(good, 2, 0)},
		{"type 7", changed(good, 2, 7)},
		{"type 10, a gap between types", changed(good, 2, 10)},
		{"type 15", changed(good, 2, 15)},
		{"type 255", changed(good, 2, 255)},
		{"no axes", changed(good, 3, 0)},
		{"9 axes", changed(good, 3, 9)},
		{"255 axes", changed(good, 3, 255)},
		{"a third axis that the data begins with", changed(good, 3, 3)},
		{"one axis less, so data is left", changed(good, 3, 1)},
		{"a length of 0", changed(good, 4, 0, 0, 0, 0)},
		{"a last length of 0", changed(good, 8, 0, 0, 0, 0)},
		{"a length of -1", changed(good, 4, 255, 255, 255, 255)},
		{"the most negative length", changed(good, 4, 128, 0, 0, 0)},
		{"the largest length", changed(good, 4, 127, 255, 255, 255)},
		{"lengths whose product overflows", idx(14, []uint32{1<<31 - 1, 1<<31 - 1, 1<<31 - 1})},
		{"eight lengths whose product overflows", idx(8, []uint32{1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30}, 1)},
		{"two gigabytes that are not there", idx(8, []uint32{1<<31 - 1}, 1)},
		{"sixteen gigabytes that are not there", idx(14, []uint32{1<<31 - 1}, 1)},
		{"a length in little endian", changed(good, 4, 2, 0, 0, 0)},
		{"one byte too many", append(bytes.Clone(good), 0)},
		{"a megabyte too many", append(bytes.Clone(good), make([]byte, 1<<20)...)},
		{"twice the file", append(bytes.Clone(good), good...)},
		{"four bytes announced, one there", idx(12, []uint32{1}, 1)},
		{"half a float", idx(13, []uint32{2}, 0, 0, 0, 0, 0, 0)},
		{"half a double", idx(14, []uint32{1}, 0, 0, 0, 0)},
		{"text", []byte("label,pixel\n1,2\n")},
		{"a picture", []byte("\x89PNG\r\n\x1a\n")},
		{"gzip's magic alone", []byte{0x1f, 0x8b}},
		{"gzip of another method", changed(packed, 2, 7)},
		{"gzip that announces a name it has not", changed(packed, 3, 8)},
		{"gzip with a broken block", changed(packed, 10, 0xff)},
		{"gzip with a wrong sum", changed(packed, len(packed)-8, packed[len(packed)-8]^1)},
		{"gzip with a wrong length", changed(packed, len(packed)-4, packed[len(packed)-4]^1)},
		{"gzip of nothing", zipped(nil)},
		{"gzip of gzip", zipped(packed)},
		{"gzip of text", zipped([]byte("hello"))},
		{"a bomb of 64 MiB of zeros behind two bytes", zipped(append(idx(8, []uint32{2}), make([]byte, 64<<20)...))},
		{"a bomb that announces less than it holds", zipped(append(idx(8, []uint32{1 << 10}), make([]byte, 32<<20)...))},
	}, cuts("plain", good, 0, 1, 3, 4, 7, 11, 12, 17)...)
	files = append(files, cuts("packed", packed, 3, 9, 12, len(packed)-1)...)
	refuses(t, 40, files, func(path string) error { _, err := data.OpenIdx(path); return err })
}

func TestHostileCSV(t *testing.T) {
	text := func(name, s string) hostile { return hostile{name, []byte(s)} }
	files := []hostile{
		text("nothing", ""),
		text("a byte order mark alone", "\ufeff"),
		text("a line end alone", "\n"),
		text("many line ends", strings.Repeat("\n", 1000)),
		text("a heading alone", "a,b\n"),
		text("a heading without a line end", "a,b"),
		text("a heading twice the same name", "a,a\n1,2\n"),
		text("the same name but for space", "a, a \n1,2\n"),
		text("a cell too many", "a,b\n1,2,3\n"),
		text("a cell too few", "a,b\n1\n"),
		text("a cell too few in a later row", "a,b\n1,2\n3,4\n5\n"),
		text("an empty line of cells", "a,b\n,\n"),
		text("a missing cell", "a,b\n1,\n"),
		text("a missing first cell", "a,b\n,2\n"),
		text("a missing cell in a later row", "a,b\n1,2\n,4\n"),
		text("a missing cell in quotes", "a,b\n\"\",2\n"),
		text("a missing cell of space", "a,b\n  ,2\n"),
		text("a quote that does not end", "a,b\n\"1,2\n"),
		text("a quote that does not end in the heading", "\"a,b\n1,2\n"),
		text("a quote that ends within a cell", "a,b\n\"1\"x,2\n"),
		text("a quote within a cell", "a,b\n1\"x,2\n"),
		text("three quotes", "a,b\n\"\"\",2\n"),
		text("a quote that hides the rest", "a,b\n1,\"2\n3,4\n5,6\n"),
		text("more columns than are read", strings.Repeat(",", 70_000)+"\n"),
		text("more columns than are read in quotes", "\""+strings.Repeat(",", 70_000)+"\"\n"),
		text("more cells than are read in a later row", "a,b\n1,2\n"+strings.Repeat(",", 70_000)+"\n"),
		text("a megabyte of commas", strings.Repeat(",", 1<<20)),
		text("other separators", "a;b\n1,2;3\n"),
		text("tabs in one row", "a,b\n1\t2\n"),
		text("gzip", string(zipped([]byte("a,b\n1,2\n")))),
		text("zero bytes", strings.Repeat("\x00", 100)),
		text("a picture", "\x89PNG\r\n\x1a\n\x00\x00"),
		text("UTF-16", "\xff\xfea\x00,\x00b\x00\n\x00"),
		text("carriage returns alone", "a,b\r1,2\r3,4"),
		text("a comment that is none", "# made by hand\na,b\n1,2\n"),
		text("a total at the end", "a,b\n1,2\ntotal\n"),
		text("a heading after an empty row of cells", ",,\na,b\n"),
		text("a row without cells for long", "a,b\n"+strings.Repeat("1,2\n", 10_000)+"3\n"),
		text("a late quote", "a,b\n"+strings.Repeat("1,2\n", 10_000)+"\"3,4\n"),
		text("a late missing cell", "a,b\n"+strings.Repeat("1,2\n", 10_000)+"3,\n"),
		text("a quote of a megabyte", "a,b\n\""+strings.Repeat("x\n", 1<<19)),
		text("a generated name that is there", "x1,,a\n1,2,3\n"),
	}
	refuses(t, 40, files, func(path string) error { _, err := data.OpenCSV(path, data.CSV{}); return err })
}

// head is an npy header of some words.
func head(descr, order, shape string) string {
	return fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }", descr, order, shape)
}

func TestHostileNpy(t *testing.T) {
	good := npy(head("'<f4'", "False", "(1,)"), 0, 0, 0, 0)
	of := func(name, header string, body ...byte) hostile { return hostile{name, npy(header, body...)} }
	files := []hostile{
		{"another magic", changed(good, 0, 'X')},
		{"version 0", changed(good, 6, 0)},
		{"version 4", changed(good, 6, 4)},
		{"version 255", changed(good, 6, 255)},
		{"version 2 with a length of version 1", changed(good, 6, 2)},
		{"a header longer than the file", changed(good, 8, 255, 255)},
		{"a header of 4 gigabytes", append([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), "{}"...)},
		{"a header of 1 gigabyte", append([]byte("\x93NUMPY\x03\x00\x00\x00\x00\x40"), "{}"...)},
		{"a header of nothing", npy("")},
		of("no dictionary", "x"),
		of("an empty dictionary", "{}"),
		of("a dictionary that does not end", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", 0, 0, 0, 0),
		of("text after the dictionary", head("'<f4'", "False", "(1,)")+"x", 0, 0, 0, 0),
		of("code after the dictionary", head("'<f4'", "False", "(1,)")+";__import__('os')", 0, 0, 0, 0),
		of("an unknown entry", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", 0, 0, 0, 0),
		of("an entry twice", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 0, 0, 0, 0),
		of("no type", "{'fortran_order': False, 'shape': (1,)}", 0, 0, 0, 0),
		of("no order", "{'descr': '<f4', 'shape': (1,)}", 0, 0, 0, 0),
		of("no shape", "{'descr': '<f4', 'fortran_order': False}", 0, 0, 0, 0),
		of("a quote that does not end", "{'descr: 1}"),
		of("a key without quotes", "{descr: '<f4'}"),
		of("no colon", "{'descr' '<f4'}"),
		of("objects", head("'|O'", "False", "(1,)"), 0, 0, 0, 0),
		of("a record type", head("[('a', '<f4')]", "False", "(1,)"), 0, 0, 0, 0),
		of("strings", head("'<U4'", "False", "(1,)"), 0, 0, 0, 0),
		of("complex numbers", head("'<c8'", "False", "(1,)"), 0, 0, 0, 0, 0, 0, 0, 0),
		of("dates", head("'<M8[s]'", "False", "(1,)"), 0, 0, 0, 0, 0, 0, 0, 0),
		of("long doubles", head("'<f16'", "False", "(1,)"), make([]byte, 16)...),
		of("uint64, which int64 cannot hold", head("'<u8'", "False", "(1,)"), make([]byte, 8)...),
		of("two byte orders", head("'<>f4'", "False", "(1,)"), 0, 0, 0, 0),
		of("no byte order", head("'f4'", "False", "(1,)"), 0, 0, 0, 0),
		of("an empty type", head("''", "False", "(1,)"), 0, 0, 0, 0),
		of("an order that is a number", head("'<f4'", "0", "(1,)"), 0, 0, 0, 0),
		of("a shape that is a list", head("'<f4'", "False", "[1]"), 0, 0, 0, 0),
		of("a shape that does not end", head("'<f4'", "False", "(1"), 0, 0, 0, 0),
		of("a length of 0", head("'<f4'", "False", "(0,)")),
		of("a negative length", head("'<f4'", "False", "(-1,)"), 0, 0, 0, 0),
		of("a length with a point", head("'<f4'", "False", "(1.0,)"), 0, 0, 0, 0),
		of("a length that overflows", head("'<f4'", "False", "(99999999999999999999,)")),
		of("a product that overflows", head("'<f4'", "False", "(4294967296, 4294967296)")),
		of("9 axes", head("'<f4'", "False", "(1,1,1,1,1,1,1,1,1)"), 0, 0, 0, 0),
		of("a terabyte that is not there", head("'<f8'", "False", "(137438953472,)"), 0),
		of("data that is too short", head("'<f4'", "False", "(2,)"), 0, 0, 0, 0),
		of("data that is too long", head("'<f4'", "False", "(1,)"), 0, 0, 0, 0, 0),
	}
	files = append(files, cuts("npy", good, 0, 5, 7, 9, 12, len(good)-1)...)
	refuses(t, 40, files, func(path string) error { _, err := data.OpenNpy(path); return err })
}

// npzOf makes an npz file of named entries.
func npzOf(t *testing.T, method uint16, entries ...any) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entries[i].(string), Method: method})
		require.NoError(t, err)
		_, err = w.Write(entries[i+1].([]byte))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestHostileNpz(t *testing.T) {
	good := npy(head("'<f4'", "False", "(1,)"), 0, 0, 0, 0)
	z := npzOf(t, zip.Store, "a.npy", good)
	deflated := npzOf(t, zip.Deflate, "a.npy", good)
	directory := bytes.Index(z, []byte("PK\x01\x02"))
	end := bytes.Index(z, []byte("PK\x05\x06"))
	files := []hostile{
		{"an npy file", good},
		{"a tar file", make([]byte, 1024)},
		{"an array twice", npzOf(t, zip.Store, "a.npy", good, "a.npy", good)},
		{"an array twice, once without the ending", npzOf(t, zip.Store, "a", good, "a.npy", good)},
		{"an entry that is no array", npzOf(t, zip.Store, "a.txt", []byte("hello"))},
		{"an empty entry", npzOf(t, zip.Store, "a.npy", []byte{})},
		{"an entry that is cut", npzOf(t, zip.Store, "a.npy", good[:len(good)-1])},
		{"an entry with more behind it", npzOf(t, zip.Store, "a.npy", append(bytes.Clone(good), 0))},
		{"objects", npzOf(t, zip.Store, "a.npy", npy(head("'|O'", "False", "(1,)"), 0))},
		{"a bomb of 100 MiB", npzOf(t, zip.Deflate, "a.npy", append(npy(head("'|u1'", "False", "(104857600,)")), make([]byte, 100<<20)...))},
		{"two halves of a bomb", npzOf(t, zip.Deflate, "a.npy", append(npy(head("'|u1'", "False", "(12582912,)")), make([]byte, 12<<20)...), "b.npy", append(npy(head("'|u1'", "False", "(12582912,)")), make([]byte, 12<<20)...))},
		{"a wrong sum", changed(z, 30+5+len(good)-1, 1)},
		{"a broken block", changed(deflated, 30+5, 0xff, 0xff)},
		{"a local header that is none", changed(z, 0, 'X')},
		{"a directory that is none", changed(z, directory, 'X')},
		{"an end that is none", changed(z, end, 'X')},
		{"another method of packing", changed(z, directory+10, 99)},
		{"a size of 4 gigabytes", changed(z, directory+24, 0xfe, 0xff, 0xff, 0xff)},
		{"a directory far behind the end", changed(z, end+16, 0xff, 0xff, 0xff, 0x7f)},
		{"more entries than there are", changed(z, end+8, 9, 0, 9, 0)},
		{"an offset behind the end", changed(z, directory+42, 0xff, 0xff, 0xff, 0x7f)},
	}
	files = append(files, cuts("npz", z, 0, 1, 4, 20, 40, directory, directory+20, end, end+10, len(z)-1)...)
	refuses(t, 30, files, func(path string) error { _, err := data.OpenNpz(path); return err })
}

func TestHostileSafetensors(t *testing.T) {
	one := `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`
	of := func(name, header string, body ...byte) hostile { return hostile{name, safe(header, body...)} }
	with := func(name, dtype, shape, offsets string, body ...byte) hostile {
		return of(name, fmt.Sprintf(`{"a":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets), body...)
	}
	length := func(n uint64) []byte { return append(binary.LittleEndian.AppendUint64(nil, n), one...) }
	files := []hostile{
		{"a header of 0 bytes", safe("")},
		{"a header longer than the file", length(1000)},
		{"a header of 2^63 bytes", length(1 << 63)},
		{"a header of 2^64-1 bytes", length(1<<64 - 1)},
		{"a header of 99 MiB in a small file", length(99 << 20)},
		{"a header that is cut by its length", length(10)},
		of("no object", "[]"),
		of("a number", "7"),
		of("no JSON", "hello"),
		of("an object that does not end", `{"a":`),
		of("text after the object", one+"x", 1, 2),
		of("two objects", one+one, 1, 2),
		of("a name twice", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 1, 2),
		of("metadata twice", `{"__metadata__":{},"__metadata__":{}}`),
		of("metadata that is no object", `{"__metadata__":7}`),
		of("metadata of numbers", `{"__metadata__":{"a":7}}`),
		of("an entry that is null", `{"a":null}`),
		of("an entry that is a list", `{"a":[]}`),
		of("an entry of nothing", `{"a":{}}`),
		with("an unknown type", `"F8"`, "[1]", "[0,1]", 1),
		with("a type in small letters", `"u8"`, "[1]", "[0,1]", 1),
		with("a type that is a number", "8", "[1]", "[0,1]", 1),
		with("U64, which int64 cannot hold", `"U64"`, "[1]", "[0,8]", 1, 2, 3, 4, 5, 6, 7, 8),
		with("a length of 0", `"U8"`, "[0]", "[0,0]"),
		with("a negative length", `"U8"`, "[-1]", "[0,1]", 1),
		with("a length with a point", `"U8"`, "[1.5]", "[0,1]", 1),
		with("a length as text", `"U8"`, `["1"]`, "[0,1]", 1),
		with("a length that overflows", `"U8"`, "[99999999999999999999]", "[0,1]", 1),
		with("a product that overflows", `"F64"`, "[4294967296,4294967296]", "[0,1]", 1),
		with("9 axes", `"U8"`, "[1,1,1,1,1,1,1,1,1]", "[0,1]", 1),
		with("offsets that go backward", `"U8"`, "[1]", "[1,0]", 1),
		with("negative offsets", `"U8"`, "[1]", "[-1,0]", 1),
		with("one offset", `"U8"`, "[1]", "[0]", 1),
		with("three offsets", `"U8"`, "[1]", "[0,1,2]", 1),
		with("offsets of another size", `"F32"`, "[1]", "[0,2]", 1, 2),
		with("a hole before", `"U8"`, "[1]", "[1,2]", 1, 2),
		with("data behind", `"U8"`, "[1]", "[0,1]", 1, 2),
		with("data missing", `"U8"`, "[2]", "[0,2]", 1),
		with("a terabyte that is not there", `"U8"`, "[1099511627776]", "[0,1099511627776]", 1),
		of("an overlap", `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 1, 2, 3),
		of("a hole between", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 1, 2, 3),
		of("the same place twice", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1),
		of("lists in lists", strings.Repeat("[", 10_000)),
		of("a deep object", strings.Repeat(`{"a":`, 10_000)),
		of("zeros", strings.Repeat("\x00", 100)),
		{"a pickle", []byte("\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01")},
		{"a zip file", []byte("PK\x03\x04\x14\x00\x00\x00\x00\x00")},
	}
	files = append(files, cuts("safetensors", safe(one, 1, 2), 0, 7, 8, 20, len(safe(one))+1)...)
	refuses(t, 40, files, func(path string) error { _, err := data.OpenSafetensors(path); return err })
}
