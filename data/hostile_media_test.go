package data_test

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// sized returns a png with another size in its first chunk, whose sum is right.
func sized(b []byte, w, h uint32) []byte {
	b = bytes.Clone(b)
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	return summed(b)
}

// summed sets the sum of a png's first chunk.
func summed(b []byte) []byte {
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestHostileImages(t *testing.T) {
	img := picture(20, 30)
	p := pngOf(t, img)
	var g, j bytes.Buffer
	require.NoError(t, gif.Encode(&g, img, &gif.Options{NumColors: len(palette.Plan9)}))
	require.NoError(t, jpeg.Encode(&j, img, nil))
	files := []hostile{
		{"text", []byte("a picture")},
		{"a page", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")},
		{"a bitmap", []byte("BM\x00\x00\x00\x00")},
		{"webp", []byte("RIFF\x00\x00\x00\x00WEBPVP8 ")},
		{"png's magic alone", p[:8]},
		{"png of 0 columns", sized(p, 0, 20)},
		{"png of 0 rows", sized(p, 30, 0)},
		{"png of 2^31 columns", sized(p, 1<<31-1, 20)},
		{"png of 2^32-1 columns", sized(p, 1<<32-1, 20)},
		{"png of 60000 by 60000", sized(p, 60_000, 60_000)},
		{"png of 3000 by 3000 in few bytes", sized(p, 3000, 3000)},
		{"png of more rows than there are", sized(p, 30, 40)},
		{"png of fewer columns than there are", sized(p, 7, 20)},
		{"png with a wrong sum", changed(p, 29, p[29]^1)},
		{"png with an unknown depth", summed(changed(p, 24, 7))},
		{"png with an unknown colour", summed(changed(p, 25, 9))},
		{"png with an unknown packing", summed(changed(p, 26, 1))},
		{"png with an unknown filter", summed(changed(p, 27, 1))},
		{"png with an unknown order", summed(changed(p, 28, 2))},
		{"png whose first chunk is long", changed(p, 8, 0x7f, 0xff, 0xff, 0xff)},
		{"png whose data is long", changed(p, 33, 0x7f, 0xff, 0xff, 0xff)},
		{"png whose data is broken", changed(p, 45, 0xff, 0xff, 0xff, 0xff)},
		{"png with colours of a palette it has not", summed(changed(p, 25, 3))},
		{"png without data", append(bytes.Clone(p[:33]), p[len(p)-12:]...)},
		{"gif's magic alone", g.Bytes()[:6]},
		{"gif of 65535 by 65535", changed(g.Bytes(), 6, 0xff, 0xff, 0xff, 0xff)},
		{"gif of 0 by 0", changed(g.Bytes(), 6, 0, 0, 0, 0)},
		{"gif of an unknown version", changed(g.Bytes(), 3, '9', '9', 'x')},
		{"gif smaller than its picture", changed(g.Bytes(), 6, 1, 0, 1, 0)},
		{"gif that ends after its head", g.Bytes()[:13]},
		{"jpeg's magic alone", []byte{0xff, 0xd8}},
		{"jpeg that ends at once", []byte{0xff, 0xd8, 0xff, 0xd9}},
		{"jpeg with a short segment", []byte{0xff, 0xd8, 0xff, 0xdb, 0, 1}},
		{"jpeg with a long segment", []byte{0xff, 0xd8, 0xff, 0xdb, 0xff, 0xff, 0}},
		{"jpeg of 65535 by 65535", jpegSized(j.Bytes(), 0xffff, 0xffff)},
		{"jpeg of 0 rows", jpegSized(j.Bytes(), 0, 30)},
		{"jpeg of 0 columns", jpegSized(j.Bytes(), 20, 0)},
		{"jpeg without codes", jpegWithout(j.Bytes(), 0xc4)},
		{"jpeg with an unknown frame", jpegMarked(j.Bytes(), 0xc0, 0xc9)},
	}
	files = append(files, cuts("png", p, 0, 4, 15, 30, 40, len(p)-20)...)
	files = append(files, cuts("gif", g.Bytes(), 3, 10, 100, 800, len(g.Bytes())-20)...)
	files = append(files, cuts("jpeg", j.Bytes(), 3, 30, 200, 620, len(j.Bytes())/2)...)
	refuses(t, 40, files, func(path string) error { _, err := data.Images{}.Read(path); return err })
}

// jpegFind returns where a marker is.
func jpegFind(b []byte, marker byte) int { return bytes.Index(b, []byte{0xff, marker}) }

func jpegSized(b []byte, h, w uint16) []byte {
	b = bytes.Clone(b)
	at := jpegFind(b, 0xc0)
	binary.BigEndian.PutUint16(b[at+5:], h)
	binary.BigEndian.PutUint16(b[at+7:], w)
	return b
}

func jpegWithout(b []byte, marker byte) []byte {
	at := jpegFind(b, marker)
	n := 2 + int(binary.BigEndian.Uint16(b[at+2:]))
	return append(bytes.Clone(b[:at]), b[at+n:]...)
}

func jpegMarked(b []byte, from, to byte) []byte { return changed(b, jpegFind(b, from)+1, to) }

func TestHostileText(t *testing.T) {
	var files []hostile
	for name, bad := range map[string]string{
		"a lone continuation byte": "\x80", "byte ff": "\xff", "byte fe": "\xfe", "Latin-1": "caf\xe9", "half a letter": "\xc3", "two thirds of one": "\xe2\x82",
		"three quarters of one": "\xf0\x9f\x98", "an overlong slash": "\xc0\xaf", "an overlong zero": "\xc0\x80", "an overlong letter of three": "\xe0\x80\xaf",
		"a surrogate": "\xed\xa0\x80", "a letter beyond the last": "\xf4\x90\x80\x80", "UTF-16": "\xff\xfea\x00",
	} {
		files = append(files,
			hostile{name, []byte(bad)},
			hostile{name + " after text", []byte("line one\nline two\n" + bad + " and more\n")},
			hostile{name + " in gzip", zipped([]byte(strings.Repeat("text\n", 100) + bad))})
	}
	packed := zipped([]byte(strings.Repeat("sea shells\n", 100)))
	files = append(files, hostile{"gzip with a wrong sum", changed(packed, len(packed)-8, packed[len(packed)-8]^1)},
		hostile{"gzip of another method", changed(packed, 2, 7)}, hostile{"gzip with a broken block", changed(packed, 10, 0xff)})
	files = append(files, cuts("gzip", packed, 2, 9, 15, len(packed)-1)...)
	refuses(t, 40, files, func(path string) error { _, err := data.OpenText(path); return err })
}

func TestHostileCIFAR(t *testing.T) {
	good := cifar(1, 2, 3)
	var files []hostile
	for _, n := range []int{0, 1, 2, 1024, 1025, 2049, 3072, 3074, 4097, 6145, 6147, 9000, 9218} {
		files = append(files, hostile{fmt.Sprintf("cut after %d bytes", n), good[:n]})
	}
	for _, label := range []byte{10, 11, 16, 99, 127, 128, 255} {
		for record := range 3 {
			files = append(files, hostile{fmt.Sprintf("label %d in record %d", label, record), changed(good, record*3073, label)})
		}
	}
	files = append(files,
		hostile{"one byte too many", append(bytes.Clone(good), 1)},
		hostile{"CIFAR-100, with two labels a record", append([]byte{1, 77}, make([]byte, 3072)...)},
		hostile{"text", []byte("a label and pixels")},
		hostile{"a picture", append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 3065)...)},
		hostile{"gzip of a file that should be plain", zipped(good)},
		hostile{"labels at the end of a record, in its reverse", append(bytes.Repeat([]byte{200}, 3072), 1)})
	refuses(t, 40, files, func(path string) error {
		dir := filepath.Dir(path)
		for _, name := range cifarNames {
			if err := os.WriteFile(filepath.Join(dir, name), cifar(0), 0o666); err != nil {
				return err
			}
		}
		third := filepath.Join(dir, cifarNames[2])
		if err := os.Rename(path, third); err != nil {
			return err
		}
		_, _, err := data.CIFAR10(dir)
		if err == nil {
			return nil
		}
		return fmt.Errorf("%s", strings.ReplaceAll(err.Error(), third, path))
	})
}

// archive makes a tar file of CIFAR's names.
func archive(t *testing.T, names []string, file []byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(file)), Mode: 0o666}))
		_, err := w.Write(file)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestHostileCIFARArchive(t *testing.T) {
	whole := archive(t, cifarNames, cifar(1))
	files := []hostile{
		{"a tar file of nothing", archive(t, nil, nil)},
		{"one file missing", archive(t, cifarNames[:5], cifar(1))},
		{"a label of 10", archive(t, cifarNames, cifar(10))},
		{"records that are cut", archive(t, cifarNames, cifar(1)[:3000])},
		{"empty files", archive(t, cifarNames, nil)},
		{"a wrong sum in a header", changed(whole, 148, '9')},
		{"a size that is no number", changed(whole, 124, 'x', 'x', 'x')},
		{"text", []byte("hello")},
		{"a bomb behind the files", zipped(append(archive(t, cifarNames[:5], cifar(1)), make([]byte, 64<<20)...))},
	}
	files = append(files, cuts("tar", whole, 0, 100, 512, 600, 3585, 5000, 20_000)...)
	packed := zipped(whole)
	files = append(files, cuts("packed", packed, 2, 9, 50, len(packed)/2, len(packed)-1)...)
	refuses(t, 20, files, func(path string) error {
		name := filepath.Join(filepath.Dir(path), "cifar-10-binary.tar.gz")
		if err := os.Rename(path, name); err != nil {
			return err
		}
		_, _, err := data.CIFAR10(filepath.Dir(path))
		if err == nil {
			return nil
		}
		return fmt.Errorf("%s", strings.ReplaceAll(err.Error(), name, path))
	})
}
