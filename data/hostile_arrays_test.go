package data_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/adjointml/adjoint/data"
)

const mib = 1 << 20

func TestHostileIdx(t *testing.T) {
	whole := idx(8, []uint32{2, 3}, 1, 2, 3, 4, 5, 6)
	packed := zipped(whole)
	sum, length := changed(packed, len(packed)-8, 1, 2, 3, 4), changed(packed, len(packed)-4, 99)
	files := []hostile{
		{"empty", nil},
		{"text", []byte("label,pixel\n1,2\n")},
		{"first byte set", changed(whole, 0, 1)},
		{"second byte set", changed(whole, 1, 1)},
		{"little endian magic", []byte{1, 8, 0, 0, 2, 0, 0, 0, 1, 2}},
		{"element type 0", idx(0, []uint32{1}, 1)},
		{"element type 7, before the first", idx(7, []uint32{1}, 1)},
		{"element type 0A, in the gap", idx(10, []uint32{1}, 1)},
		{"element type FF", idx(255, []uint32{1}, 1)},
		{"no axes", idx(8, nil, 1)},
		{"9 axes", idx(8, []uint32{1, 1, 1, 1, 1, 1, 1, 1, 1}, 1)},
		{"255 axes", changed(whole, 3, 255)},
		{"length 0 alone", idx(8, []uint32{0})},
		{"length 0 after others", idx(8, []uint32{2, 0})},
		{"length -1", idx(8, []uint32{1<<32 - 1}, 1)},
		{"length -2^31", idx(8, []uint32{1 << 31}, 1)},
		{"product overflows to 0", idx(8, []uint32{1 << 30, 1 << 30, 1 << 4}, 1)},
		{"product overflows to little", idx(8, []uint32{1<<31 - 1, 1<<31 - 1, 1<<31 - 1}, 1)},
		{"bytes overflow, elements do not", idx(14, []uint32{1 << 30, 1 << 30}, 1)},
		{"terabytes announced, 1 byte there", idx(8, []uint32{1 << 20, 1 << 20}, 1)},
		{"2 GiB of uint8 announced", idx(8, []uint32{1<<31 - 1}, 1)},
		{"15 MiB announced within the limit, nothing there", idx(8, []uint32{15 * mib})},
		{"8 MiB of int8 that become 32 of int32", idx(9, []uint32{8 * mib})},
		{"16 GiB of float64 announced", idx(14, []uint32{1<<31 - 1}, 1)},
		{"a byte short", whole[:len(whole)-1]},
		{"a byte over", append(whole[:len(whole):len(whole)], 7)},
		{"a mebibyte over", append(whole[:len(whole):len(whole)], make([]byte, mib)...)},
		{"half an int16", idx(0x0B, []uint32{2}, 1, 2, 3)},
		{"half a float64", idx(14, []uint32{1}, 1, 2, 3, 4)},
		{"two files in one", append(whole[:len(whole):len(whole)], whole...)},
		{"gzip magic alone", []byte{0x1f, 0x8b}},
		{"gzip of another method", changed(packed, 2, 7)},
		{"gzip with reserved flags and no name", changed(packed, 3, 0xff)},
		{"gzip with a damaged first block", changed(packed, 10, 0xff)},
		{"gzip with a wrong checksum", sum},
		{"gzip with a wrong length", length},
		{"gzip of nothing", zipped(nil)},
		{"gzip of gzip", zipped(packed)},
		{"gzip of a short file", zipped(whole[:9])},
		{"gzip of a long file", zipped(append(whole[:len(whole):len(whole)], 7))},
		{"gzip bomb that its header does not announce", zipped(append(idx(8, []uint32{2}), make([]byte, 64*mib)...))},
		{"gzip bomb that its header announces", zipped(append(idx(8, []uint32{64 * mib}), make([]byte, 64*mib)...))},
		{"gzip with text after it", append(packed[:len(packed):len(packed)], "tail"...)},
	}
	files = cut(files, whole, 1, 2, 3, 4, 7, 8, 11, 12)
	refuseAll(t, files, func(path string) error { _, err := data.OpenIdx(path); return err })
}

// hostileHeaders are dictionaries that no npy file may have, with what is wrong.
var hostileHeaders = []struct{ name, head string }{
	{"no dictionary", ""},
	{"a list", "[1, 2]"},
	{"an open brace alone", "{"},
	{"no shape", "{'descr': '|u1', 'fortran_order': False}"},
	{"no descr", "{'fortran_order': False, 'shape': (1,)}"},
	{"no order", "{'descr': '|u1', 'shape': (1,)}"},
	{"descr twice", "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}"},
	{"an entry more", "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}"},
	{"code to run", "{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (1,)}"},
	{"pickled objects", "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"},
	{"a record type", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"},
	{"complex numbers", "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}"},
	{"text elements", "{'descr': '<U5', 'fortran_order': False, 'shape': (1,)}"},
	{"floats of 16 bytes", "{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}"},
	{"two byte orders", "{'descr': '<>u1', 'fortran_order': False, 'shape': (1,)}"},
	{"an empty type", "{'descr': '', 'fortran_order': False, 'shape': (1,)}"},
	{"a quote that does not end", "{'descr': '|u1"},
	{"an order of None", "{'descr': '|u1', 'fortran_order': None, 'shape': (1,)}"},
	{"a shape that is a number", "{'descr': '|u1', 'fortran_order': False, 'shape': 1}"},
	{"a negative length", "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}"},
	{"a length of zero", "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 0)}"},
	{"a length beyond int64", "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}"},
	{"a product beyond int64", "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"},
	{"9 axes", "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1)}"},
	{"a shape that does not end", "{'descr': '|u1', 'fortran_order': False, 'shape': (1,"},
	{"a fraction as length", "{'descr': '|u1', 'fortran_order': False, 'shape': (1.5,)}"},
	{"a terabyte announced", "{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776,)}"},
	{"a terabyte in Fortran order", "{'descr': '<f8', 'fortran_order': True, 'shape': (1048576, 131072)}"},
	{"two bytes announced, one there", "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}"},
	{"text after the dictionary", "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x"},
	{"no colon", "{'descr' '|u1', 'fortran_order': False, 'shape': (1,)}"},
	{"no comma", "{'descr': '|u1' 'fortran_order': False, 'shape': (1,)}"},
}

func TestHostileNpy(t *testing.T) {
	whole := npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 0, 0, 0, 0, 0, 0, 0, 0)
	files := []hostile{
		{"empty", nil},
		{"another magic", changed(whole, 1, 'n')},
		{"version 0", changed(whole, 6, 0)},
		{"version 4", changed(whole, 6, 4)},
		{"a header longer than the file", changed(whole, 8, 0xff, 0xff)},
		{"a header of 4 GiB", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{")},
		{"a header of zeros", npy(strings.Repeat("\x00", 100))},
		{"a byte over", append(whole[:len(whole):len(whole)], 1)},
	}
	for _, h := range hostileHeaders {
		files = append(files, hostile{h.name, npy(h.head, 1)})
	}
	files = cut(files, whole, 1, 5, 6, 7, 8, 9, 10, 20, len(whole)-8, len(whole)-1)
	refuseAll(t, files, func(path string) error { _, err := data.OpenNpy(path); return err })
}

func TestHostileNpz(t *testing.T) {
	one := npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 7)
	whole := zipOf(t, map[string][]byte{"x.npy": one})
	directory := bytes.Index(whole, []byte("PK\x01\x02"))
	end := bytes.Index(whole, []byte("PK\x05\x06"))
	zeros := func(descr string, n int) []byte {
		return append(npy(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d,)}", descr, n)), make([]byte, n)...)
	}
	bomb := 64 * mib
	if testing.Short() {
		bomb = 20 * mib
	}
	many := map[string][]byte{}
	for i := range 4097 {
		many[fmt.Sprint(i)] = nil
	}
	files := []hostile{
		{"empty", nil},
		{"an npy file", one},
		{"nothing but zeros", make([]byte, 1000)},
		{"an array twice", zipOf(t, map[string][]byte{"x.npy": one, "x": one})},
		{"a text among the arrays", zipOf(t, map[string][]byte{"x.npy": one, "note.txt": []byte("hello")})},
		{"an empty member", zipOf(t, map[string][]byte{"x.npy": nil})},
		{"4097 members", zipOf(t, many)},
		{"a bomb", zipOf(t, map[string][]byte{"x.npy": zeros("|u1", bomb)})},
		{"two bombs that together are too much", zipOf(t, map[string][]byte{"x.npy": zeros("|u1", 8*mib), "y.npy": zeros("|u1", 8*mib)})},
		{"a bomb of int8 that become int32", zipOf(t, map[string][]byte{"x.npy": zeros("|i1", 8*mib)})},
		{"no end of the directory", whole[:end]},
		{"a directory that begins beyond the file", changed(whole, end+16, 0xff, 0xff, 0xff, 0x7f)},
		{"a directory of another signature", changed(whole, directory, 'X')},
		{"more members than there are", changed(whole, end+8, 9, 0, 9, 0)},
		{"a comment longer than the file", changed(whole, end+20, 0xff, 0xff)},
		{"an unknown method", changed(whole, directory+10, 99)},
		{"a wrong checksum", changed(whole, directory+16, 1, 2, 3, 4)},
		{"a packed size beyond the file", changed(whole, directory+20, 0xff, 0xff, 0xff, 0x0f)},
		{"an unpacked size of 4 GiB", changed(whole, directory+24, 0xfe, 0xff, 0xff, 0xff)},
		{"an unpacked size too small", changed(whole, directory+24, 1, 0, 0, 0)},
		{"a name longer than the file", changed(whole, directory+28, 0xff, 0xff)},
		{"a member that begins beyond the file", changed(whole, directory+42, 0xff, 0xff, 0xff, 0x7f)},
		{"a member that begins elsewhere", changed(whole, directory+42, 5)},
		{"a damaged local header", changed(whole, 0, 'X')},
		{"a damaged block", changed(whole, 35, 0xff, 0xff, 0xff)},
	}
	for i, h := range hostileHeaders {
		if i%2 == 0 {
			files = append(files, hostile{"member: " + h.name, zipOf(t, map[string][]byte{"x.npy": npy(h.head, 1)})})
		}
	}
	files = cut(files, whole, 1, 4, 30, directory, directory+10, end+10, end+21)
	refuseAll(t, files, func(path string) error { _, err := data.OpenNpz(path); return err })
}

func TestHostileSafetensors(t *testing.T) {
	whole := safe(entry, 1, 2, 3, 4)
	files := []hostile{
		{"a header of zeros", safe(strings.Repeat("\x00", 50))},
		{"a header length of 0", make([]byte, 8)},
		{"a header length of 2^63", binary.LittleEndian.AppendUint64(nil, 1<<63)},
		{"a header as long as the file", changed(whole, 0, byte(len(whole)))},
		{"a header a byte longer than the rest", changed(whole, 0, byte(len(whole)-7))},
		{"a header of 100 MiB announced", binary.LittleEndian.AppendUint64(nil, 100*mib)},
		{"a string as entry", safe(`{"a":"b"}`)},
		{"null as shape and offsets", safe(`{"a":{"dtype":"F32","shape":null,"data_offsets":null}}`)},
		{"a shape of text", safe(`{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		{"a fraction as length", safe(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		{"a negative length", safe(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		{"two negative lengths", safe(`{"a":{"dtype":"U8","shape":[-1,-4],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		{"a length beyond int64", safe(`{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		{"offsets the wrong way round", safe(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 0, 0, 0, 0)},
		{"offsets beyond int64", safe(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}`, 0, 0, 0, 0)},
		{"the same bytes for two arrays", safe(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 0, 0)},
		{"metadata twice", safe(`{"__metadata__":{},"__metadata__":{}}`)},
		{"metadata that is a list", safe(`{"__metadata__":[1]}`)},
		{"JSON nested 100,000 deep", safe(`{"a":` + strings.Repeat("[", 100_000))},
		{"objects nested 20,000 deep", safe(strings.Repeat(`{"a":`, 20_000))},
		{"JSON that is no UTF-8 and does not end", safe("{\"\xff\xfe")},
		{"a comment", safe("/* */" + entry)},
		{"single quotes", safe("{'a':1}")},
		{"entries without a comma", safe(`{"a":{} "b":{}}`)},
		{"a type of lower case", safe(`{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0)},
		{"a mebibyte of data too much", append(whole[:len(whole):len(whole)], make([]byte, mib)...)},
		{"an npy file", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", 7)},
		{"a zip file", zipOf(t, map[string][]byte{"data.pkl": {1}})},
	}
	for name, c := range brokenSafetensors {
		files = append(files, hostile{"broken: " + name, c.file})
	}
	files = cut(files, whole, 1, 7, 8, 9, 30, len(whole)-4, len(whole)-1)
	refuseAll(t, files, func(path string) error { _, err := data.OpenSafetensors(path); return err })
}

func TestHostileCIFAR(t *testing.T) {
	whole := append(cifar(1), cifar(2)...)
	archive := func(change func(map[string][]byte)) []byte { return zipped(tarOf(t, change)) }
	plain, packed := tarOf(t, nil), archive(nil)
	set := func(name string, file []byte) func(map[string][]byte) {
		return func(m map[string][]byte) { m[name] = file }
	}
	files := []hostile{
		{"empty", nil}, {"text", []byte("airplane,1,2,3")}, {"gzip magic alone", []byte{0x1f, 0x8b}},
		{"gzip of nothing", zipped(nil)}, {"gzip of text", zipped([]byte("hello"))}, {"gzip of gzip", zipped(packed)},
		{"gzip of another method", changed(packed, 2, 7)}, {"gzip with a wrong checksum", changed(packed[:len(packed):len(packed)], len(packed)/2, 1, 2, 3, 4)},
		{"a damaged tar checksum", changed(plain, 150, '9', '9')}, {"a negative size", changed(plain, 124, 0xff)},
		{"a size of 8 EiB", changed(plain, 124, 0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)},
		{"a size that is no number", changed(plain, 124, 'x')}, {"a first name that is changed", changed(plain, 30, 'x')},
		{"zeros", make([]byte, 4096)}, {"one member, a text", []byte(strings.Repeat("x", 512))},
		{"an archive of nothing", zipped(make([]byte, 1024))},
		{"a bomb of 24 MB in a member", archive(set("data_batch_1.bin", make([]byte, 3073*8_000)))},
		{"zeros that end within a record", archive(set("test_batch.bin", make([]byte, 8*mib)))},
	}
	for _, name := range cifarNames {
		files = append(files,
			hostile{name + " missing", archive(func(m map[string][]byte) { delete(m, name) })},
			hostile{name + " empty", archive(set(name, nil))},
			hostile{name + " a byte short", archive(set(name, whole[:len(whole)-1]))},
			hostile{name + " a byte over", archive(set(name, append(whole[:len(whole):len(whole)], 1)))},
			hostile{name + " with label 10", archive(set(name, changed(whole, 0, 10)))},
			hostile{name + " with label 255 in row 1", archive(set(name, changed(whole, 3073, 255)))})
	}
	files = cut(files, plain, 1, 100, 511, 512, 600)
	refuseAll(t, files, func(path string) error {
		archive := strings.TrimSuffix(path, "/") + ".d"
		if err := os.MkdirAll(archive, 0o755); err != nil {
			return err
		}
		target := archive + "/cifar-10-binary.tar.gz"
		if err := os.Rename(path, target); err != nil {
			return err
		}
		_, _, err := data.CIFAR10(archive)
		if back := os.Rename(target, path); back != nil {
			return back
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}
