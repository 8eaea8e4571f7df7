package data_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

func TestHostileCSV(t *testing.T) {
	commas := strings.Repeat(",", 70_000)
	text := func(name, s string) hostile { return hostile{name, []byte(s)} }
	files := []hostile{
		text("empty", ""), text("a byte order mark alone", "\ufeff"), text("empty lines", "\n\n\n"), text("a carriage return and line ends", "\r\n\r\n"),
		text("a header alone", "a,b\n"), text("a header without its line end", "a,b"), text("a mark and a header", "\ufeffa,b\n"),
		text("two columns of one name", "a,a\n1,2\n"), text("two names but for space", "a, a \n1,2\n"), text("a name like that of a nameless column", "x1,\n1,2\n"),
		text("a cell short", "a,b\n1\n"), text("a cell over", "a,b\n1,2,3\n"), text("a cell short in the last row", "a,b\n1,2\n3"),
		text("a missing cell", "a,b\n1,\n"), text("a cell of space", "a,b\n1,  \n"), text("a quoted missing cell", "a\n\"\"\n"),
		text("a quote that does not end", "a,b\n\"1,2\n"), text("a quote that does not end in the header", "\"a,b\n1,2\n"),
		text("a quote within a cell", "a,b\n1\"2,3\n"), text("text after a quote", "a,b\n\"1\"2,3\n"), text("a quote in the last byte", "a\n1\n\""),
		text("a word among numbers", "a,b\n1,2\n3,x\n"), text("not a number", "a\n1\nNaN\n"), text("infinity", "a\n1\nInf\n"), text("negative infinity", "a\n-Infinity\n"),
		text("beyond float64", "a\n1e999\n"), text("beyond float32", "a\n1e39\n"), text("two points", "a\n1.2.3\n"), text("a comma as decimal sign", "a;b\n1,5;2\n"),
		text("a digit of another script", "a\n١٢\n"), text("hexadecimal without exponent", "a\n0x12\n"), text("a word for none", "a\n1\nnull\n"),
		text("a zero byte", "a\n1\x002\n"), text("nothing but zero bytes", strings.Repeat("\x00", 1000)), text("no UTF-8", "a\n\xff\xfe\n"),
		text("UTF-16", "\xff\xfea\x00\n\x001\x00\n\x00"), text("a png file", string(pngOf(t, picture(2, 2)))), text("a gzip file", string(zipped([]byte("a,b\n1,2\n")))),
		text("70,000 commas", commas), text("70,000 commas in the second line", "a,b\n"+commas), text("70,000 quoted commas", "a\n\""+commas+"\"\n"),
		text("30,000 nameless columns, then one cell", commas[:30_000]+"\n1\n"),
		text("a line of a mebibyte, and a shorter one", strings.Repeat("1,", 1000)+strings.Repeat("1", mib)+"\n1\n"),
		text("a quote over a mebibyte", "a\n\""+strings.Repeat("x\n", mib/2)), text("a mebibyte of quotes", "a\n"+strings.Repeat("\"", mib+1)),
		text("a mebibyte without a line end", strings.Repeat("x", mib)),
	}
	refuseAll(t, files, func(path string) error {
		table, err := data.OpenCSV(path, data.CSV{})
		if err == nil {
			_, err = table.Floats()
		}
		return err
	})
}

func TestHostileText(t *testing.T) {
	packed := zipped([]byte(strings.Repeat("first line\nsecond line\n", 20)))
	n := len(packed)
	var files []hostile
	for name, bad := range map[string]string{
		"a lone continuation byte": "\x80", "FF": "\xff", "FE": "\xfe", "an overlong slash": "\xc0\xaf", "an overlong zero": "\xc0\x80",
		"a surrogate": "\xed\xa0\x80", "beyond U+10FFFF": "\xf4\x90\x80\x80", "two of three bytes": "\xe2\x82", "three of four bytes": "\xf0\x9f\x98",
		"Latin-1": "caf\xe9 ", "an overlong three bytes": "\xe0\x80\xaf", "five bytes": "\xf8\x88\x80\x80\x80",
	} {
		files = append(files, hostile{name + " alone", []byte(bad)},
			hostile{name + " after a mebibyte", []byte(strings.Repeat("long line\n", mib/10) + bad)},
			hostile{name + " packed", zipped([]byte("é\r\n" + bad))})
	}
	files = append(files,
		hostile{"UTF-16 with its mark", []byte("\xff\xfeh\x00i\x00")},
		hostile{"half a byte order mark", []byte("\xef\xbb")},
		hostile{"gzip magic alone", []byte{0x1f, 0x8b}},
		hostile{"gzip of another method", changed(packed, 2, 7)},
		hostile{"gzip with a damaged block", changed(packed, 10, 0xff, 0xff)},
		hostile{"gzip with a wrong checksum", changed(packed, n-8, 1, 2, 3, 4)},
		hostile{"gzip with a wrong length", changed(packed, n-4, 1)},
		hostile{"gzip of gzip", zipped(packed)},
		hostile{"gzip with text after it", append(packed[:n:n], "tail"...)},
		hostile{"a gzip bomb of 64 MiB", zipped(make([]byte, 64*mib))})
	files = cut(files, packed, 3, 9, 10, 15, n-8, n-1)
	refuseAll(t, files, func(path string) error { _, err := data.OpenText(path); return err })
}

// fourColours makes a png of a palette, in whose chunks mistakes are made.
func fourColours(h, w int) *image.Paletted {
	img := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White, color.Gray{40}, color.Gray{90}})
	for i := range img.Pix {
		img.Pix[i] = uint8(i % 4)
	}
	return img
}

// chunk is a chunk of a png file with its length and checksum.
func chunk(kind string, body ...byte) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), kind...)
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// header is a png's first chunk: width, height, bits a channel, kind of colour,
// methods of packing, filtering and interlacing.
func header(h, w uint32, rest ...byte) []byte {
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(b, rest...)...)...)
}

func TestHostileImages(t *testing.T) {
	var g, j bytes.Buffer
	require.NoError(t, gif.Encode(&g, fourColours(40, 50), nil))
	require.NoError(t, jpeg.Encode(&j, picture(40, 50), nil))
	png, jpg, moving := pngOf(t, picture(40, 50)), j.Bytes(), g.Bytes()
	sof, sos, dqt := bytes.Index(jpg, []byte{0xff, 0xc0}), bytes.Index(jpg, []byte{0xff, 0xda}), bytes.Index(jpg, []byte{0xff, 0xdb})
	frame := bytes.LastIndex(moving, []byte{0x2c, 0, 0, 0, 0})
	idat := bytes.Index(png, []byte("IDAT"))
	progressive := changed(jpg, sof+1, 0xc2)
	files := []hostile{
		{"empty", nil}, {"text", []byte("no picture")}, {"svg", []byte("<svg/>")}, {"a bmp file", []byte("BM\x3a\x00\x00\x00\x00\x00\x00\x00")},
		{"png: 50,000 x 50,000", header(50_000, 50_000, 8, 2, 0, 0, 0)}, {"png: 2^31 x 2^31", header(1<<31, 1<<31, 8, 2, 0, 0, 0)},
		{"png: 2^31-1 wide", header(1, 1<<31-1, 8, 2, 0, 0, 0)}, {"png: no width", header(1, 0, 8, 2, 0, 0, 0)}, {"png: no height", header(0, 1, 8, 2, 0, 0, 0)},
		{"png: 3 bits", header(1, 1, 3, 2, 0, 0, 0)}, {"png: kind of colour 5", header(1, 1, 8, 5, 0, 0, 0)}, {"png: unknown packing", header(1, 1, 8, 2, 9, 0, 0)},
		{"png: unknown filter", header(1, 1, 8, 2, 0, 9, 0)}, {"png: unknown interlacing", header(1, 1, 8, 2, 0, 0, 9)},
		{"png: 1400 x 1400 of 16 bits without data", append(header(1400, 1400, 16, 6, 0, 0, 0), chunk("IDAT", 0x78, 0x9c)...)},
		{"png: 1000 x 1000 of 16 bits interlaced", append(header(1000, 1000, 16, 6, 0, 0, 1), chunk("IDAT", 0x78, 0x9c)...)},
		{"png: a palette that is missing", append(header(4, 4, 8, 3, 0, 0, 0), chunk("IDAT", 0x78, 0x9c)...)},
		{"png: a palette of 2 bytes", append(header(4, 4, 8, 3, 0, 0, 0), chunk("PLTE", 1, 2)...)},
		{"png: no data", append(header(4, 4, 8, 2, 0, 0, 0), chunk("IEND")...)},
		{"png: a damaged checksum", changed(png, 29, 1, 2, 3, 4)}, {"png: damaged data", changed(png, idat+4, 0, 0)}, {"png: a chunk of 4 GiB", changed(png, idat-4, 0xff, 0xff, 0xff, 0xff)},
		{"png: a thin picture that is scaled through gigabytes", pngOf(t, image.NewGray(image.Rect(0, 0, 1, 200_000)))},
		{"jpeg: 65,535 x 65,535", changed(jpg, sof+5, 0xff, 0xff, 0xff, 0xff)}, {"jpeg: no height", changed(jpg, sof+5, 0, 0)}, {"jpeg: no width", changed(jpg, sof+7, 0, 0)},
		{"jpeg: 1200 x 1200 progressive", changed(progressive, sof+5, 4, 0xb0, 4, 0xb0)}, {"jpeg: 12 bits", changed(jpg, sof+4, 12)}, {"jpeg: 5 channels", changed(jpg, sof+9, 5)},
		{"jpeg: a frame of length 2", changed(jpg, sof+2, 0, 2)}, {"jpeg: sampled 0 times", changed(jpg, sof+11, 0)}, {"jpeg: a table of number 4", changed(jpg, dqt+4, 4)},
		{"jpeg: cut at its data", jpg[:sos]}, {"jpeg: cut within its data", jpg[:sos+20]}, {"jpeg: two frames", append(jpg[:sof+19:sof+19], jpg[sof:]...)},
		{"jpeg: a beginning alone", jpg[:2]}, {"jpeg: an end after the beginning", []byte{0xff, 0xd8, 0xff, 0xd9}},
		{"gif: 65,535 x 65,535", changed(moving, 6, 0xff, 0xff, 0xff, 0xff)}, {"gif: no size", changed(moving, 6, 0, 0, 0, 0)}, {"gif: a frame beyond the picture", changed(moving, frame+5, 0xff, 0xff)},
		{"gif: a frame that begins outside", changed(moving, frame+1, 0xff, 0xff)}, {"gif: words of 13 bits", changed(moving, bytes.Index(moving[frame:], []byte{2})+frame, 13)},
		{"gif: another version", changed(moving, 4, '1')}, {"gif: no frame", append(moving[:13:13], 0x3b)}, {"gif: an unknown block", changed(moving, frame, 0x77)},
		{"gif: cut in its data", moving[:frame+30]},
	}
	files = cut(files, png, 1, 8, 20, 33, idat+10)
	folder := t.TempDir()
	refuseAll(t, files, func(path string) error {
		target := filepath.Join(folder, "class", filepath.Base(path)+".png") // the content says what it is
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.Rename(path, target); err != nil {
			return err
		}
		_, _, err := data.Images{}.Open(folder)
		if err == nil {
			_, _, err = data.Images{Height: 224, Width: 224}.Open(folder)
		}
		if back := os.Rename(target, path); back != nil {
			return back
		}
		if err != nil && strings.Contains(err.Error(), target) {
			return fmt.Errorf("%s: %w", path, err)
		}
		return err
	})
}
