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
	pieces := map[string]*cifarPiece{}
	for i := range 5 {
		pieces[fmt.Sprintf("data_batch_%d.bin", i+1)] = nil
	}
	pieces["test_batch.bin"] = nil
	if err := cifarRead(dir, pieces); err != nil {
		return nil, nil, fmt.Errorf("cifar10: %w", err)
	}
	var all cifarPiece
	for i := range 5 {
		p := pieces[fmt.Sprintf("data_batch_%d.bin", i+1)]
		all.pixels, all.labels = append(all.pixels, p.pixels...), append(all.labels, p.labels...)
	}
	if train, err = all.set(); err != nil {
		return nil, nil, err
	}
	test, err = pieces["test_batch.bin"].set()
	return train, test, err
}

// A cifarPiece is what one of the files holds.
type cifarPiece struct {
	pixels []float32
	labels []int64
}

func (p *cifarPiece) set() (*Arrays, error) {
	n := len(p.labels)
	return Of(tensor.New(tensor.WithShape(n, 3, cifarSide, cifarSide), tensor.WithBacking(p.pixels)),
		tensor.New(tensor.WithShape(n), tensor.WithBacking(p.labels)))
}

// cifarRead fills in the pieces from the files in dir or from the archive.
func cifarRead(dir string, pieces map[string]*cifarPiece) error {
	archive := filepath.Join(dir, "cifar-10-binary.tar.gz")
	f, err := os.Open(archive)
	if err == nil {
		defer f.Close()
		if err := cifarArchive(f, pieces); err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		return nil
	}
	for name := range pieces {
		file := filepath.Join(dir, name)
		f, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("no %s in %s: put %s there", name, dir, cifarFiles)
		}
		if err != nil {
			return err
		}
		pieces[name], err = readCIFAR(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func cifarArchive(r io.Reader, pieces map[string]*cifarPiece) error {
	in, err := unpack(r)
	if err != nil {
		return err
	}
	for files := tar.NewReader(in); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("not a tar archive, or cut short: %w", err)
		}
		name := path.Base(h.Name)
		if piece, wanted := pieces[name]; !wanted || piece != nil {
			continue
		}
		if pieces[name], err = readCIFAR(files); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, piece := range pieces {
		if piece == nil {
			return fmt.Errorf("no %s in it: it must hold %s", name, cifarFiles)
		}
	}
	return nil
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
		p.pixels = append(p.pixels, unit(record[1:])...)
	}
	return nil, fmt.Errorf("more than %d records", most)
}
