package data

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"gorgonia.org/tensor"
)

// CIFARClasses are the names of CIFAR-10's labels.
var CIFARClasses = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

const (
	cifarSide  = 32
	cifarImage = 3 * cifarSide * cifarSide
	cifarFiles = "data_batch_1.bin to data_batch_5.bin and test_batch.bin, or cifar-10-binary.tar.gz that holds them"
)

// CIFAR10 reads the small photographs of Krizhevsky (2009) in their binary
// version from dir: the six files themselves, or the archive that holds them.
// The columns are images, float32 [n 3 32 32] from 0 to 1, and labels, int64 [n]
// from 0 to 9 (see [CIFARClasses]). There are 50,000 and 10,000 rows, 620 MB and
// 124 MB. A missing or broken file is an error that names it.
func CIFAR10(dir string) (train, test *Arrays, err error) {
	pieces, err := cifarRead(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("cifar10: %w", err)
	}
	last := len(pieces) - 1
	var all cifarPiece
	for _, p := range pieces[:last] {
		all.pixels, all.labels = append(all.pixels, p.pixels...), append(all.labels, p.labels...)
	}
	if train, err = all.set(); err != nil {
		return nil, nil, err
	}
	test, err = pieces[last].set()
	return train, test, err
}

// cifarNames are the files, that of the test last.
var cifarNames = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}

// A cifarPiece is what one of the files holds.
type cifarPiece struct {
	pixels []byte // a quarter of what the set takes: nothing is spent on it before all files are read
	labels []int64
}

func (p *cifarPiece) set() (*Arrays, error) {
	n := len(p.labels)
	return Of(tensor.New(tensor.WithShape(n, 3, cifarSide, cifarSide), tensor.WithBacking(unit(p.pixels))),
		tensor.New(tensor.WithShape(n), tensor.WithBacking(p.labels)))
}

// cifarRead returns the pieces in the files of dir or in the archive.
func cifarRead(dir string) ([]*cifarPiece, error) {
	pieces, err := opened(filepath.Join(dir, "cifar-10-binary.tar.gz"), func(f *os.File, size int64) ([]*cifarPiece, error) { return cifarArchive(f, 2*size+4<<20) })
	if !errors.Is(err, fs.ErrNotExist) {
		return pieces, err
	}
	for _, name := range cifarNames {
		p, err := opened(filepath.Join(dir, name), func(f *os.File, _ int64) (*cifarPiece, error) { return readCIFAR(f) })
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no %s in %s: put %s there", name, dir, cifarFiles)
		}
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, p)
	}
	return pieces, nil
}

// cifarArchive reads an archive, packed or not, of at most so many bytes: the real
// one unpacks to 1.1 times its size.
func cifarArchive(r io.Reader, most int64) ([]*cifarPiece, error) {
	unpacked, err := unpack(r)
	if err != nil {
		return nil, err
	}
	in := &io.LimitedReader{R: unpacked, N: most}
	pieces, err := cifarTar(in)
	if err == nil { // gzip's sum is behind the padding that a tar file ends with
		_, err = io.Copy(io.Discard, in)
	}
	switch {
	case in.N == 0:
		return nil, fmt.Errorf("offset %d: more data than an archive of this size holds", most)
	case err != nil:
		return nil, fmt.Errorf("offset %d of the unpacked archive: %w", most-in.N, err)
	}
	return pieces, nil
}

func cifarTar(in io.Reader) (pieces []*cifarPiece, err error) {
	pieces = make([]*cifarPiece, len(cifarNames))
	for files := tar.NewReader(in); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("not a tar archive, or cut short: %w", err)
		}
		i := slices.Index(cifarNames, path.Base(h.Name))
		if i < 0 || pieces[i] != nil {
			continue
		}
		if pieces[i], err = readCIFAR(files); err != nil {
			return nil, fmt.Errorf("%s: %w", cifarNames[i], err)
		}
	}
	if i := slices.Index(pieces, nil); i >= 0 {
		return nil, fmt.Errorf("no %s in it: it must hold %s", cifarNames[i], cifarFiles)
	}
	return pieces, nil
}

// readCIFAR reads records of a label and the red, green and blue pixels.
func readCIFAR(r io.Reader) (*cifarPiece, error) {
	const most = 100_000 // records, ten times what a file holds
	p := &cifarPiece{}
	record := make([]byte, 1+cifarImage)
	for n := range most {
		at := int64(n) * int64(len(record))
		k, err := io.ReadFull(r, record)
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return p, nil
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return nil, fmt.Errorf("offset %d: the file ends within a record of %d bytes", at+int64(k), len(record))
		case err != nil:
			return nil, fmt.Errorf("offset %d: %w", at+int64(k), err)
		case record[0] > 9:
			return nil, fmt.Errorf("offset %d: label %d is not from 0 to 9", at, record[0])
		}
		p.labels = append(p.labels, int64(record[0]))
		if cap(p.pixels)-len(p.pixels) < cifarImage { // double: append alone grows by a quarter and leaves more garbage
			p.pixels = slices.Grow(p.pixels, max(len(p.pixels), cifarImage))
		}
		p.pixels = append(p.pixels, record[1:]...)
	}
	return nil, fmt.Errorf("offset %d: more than %d records", most*len(record), most)
}
