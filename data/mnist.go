package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gorgonia.org/tensor"
)

const mnistFiles = "the four idx files train-images-idx3-ubyte, train-labels-idx1-ubyte, " +
	"t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or with .gz"

// MNIST reads the handwritten digits of LeCun, Cortes and Burges from the four
// idx files in dir, or another data set of the same form, such as Fashion-MNIST.
// The files are train-images-idx3-ubyte, train-labels-idx1-ubyte and the same
// with t10k for train; each may end in .gz and may have a dot for the second
// hyphen. The columns are images, float32 [n 28 28] from 0 (paper) to 1 (ink),
// and labels, int64 [n] from 0 to 9. The original has 60,000 and 10,000 rows,
// about 190 MB and 31 MB. A missing or broken file is an error that names it.
func MNIST(dir string) (train, test *Arrays, err error) {
	if train, err = mnist(dir, "train"); err != nil {
		return nil, nil, err
	}
	if test, err = mnist(dir, "t10k"); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

// mnist reads the images and labels of one half.
func mnist(dir, half string) (*Arrays, error) {
	imagesFile, images, err := mnistFile(dir, half+"-images-idx3-ubyte")
	if err != nil {
		return nil, err
	}
	labelsFile, labels, err := mnistFile(dir, half+"-labels-idx1-ubyte")
	if err != nil {
		return nil, err
	}
	if s := images.Shape(); images.Dtype() != tensor.Uint8 || len(s) != 3 || s[1] != 28 || s[2] != 28 {
		return nil, fmt.Errorf("mnist: %s: holds %v %v, not uint8 [n 28 28]: is it the images file?", imagesFile, images.Dtype(), s)
	}
	if s := labels.Shape(); labels.Dtype() != tensor.Uint8 || len(s) != 1 {
		return nil, fmt.Errorf("mnist: %s: holds %v %v, not uint8 [n]: is it the labels file?", labelsFile, labels.Dtype(), s)
	}
	pixels, digits := images.Uint8s(), labels.Uint8s()
	if n := images.Shape()[0]; n != len(digits) {
		return nil, fmt.Errorf("mnist: %s: %d labels for the %d images of %s: take both from one source",
			labelsFile, len(digits), n, imagesFile)
	}
	y, err := mnistLabels(labelsFile, digits)
	if err != nil {
		return nil, err
	}
	return Of(tensor.New(tensor.WithShape(images.Shape()...), tensor.WithBacking(unit(pixels))), y)
}

// mnistFile finds and reads the file of that name in one of its spellings.
func mnistFile(dir, name string) (path string, t *tensor.Dense, err error) {
	dotted := strings.Replace(name, "-idx", ".idx", 1)
	for _, file := range []string{name, name + ".gz", dotted, dotted + ".gz"} {
		path = filepath.Join(dir, file)
		t, err = OpenIdx(path)
		var unread *fs.PathError
		switch {
		case err == nil:
			return path, t, nil
		case errors.Is(err, fs.ErrNotExist):
		case errors.As(err, &unread): // the system says what to do about it
			return "", nil, fmt.Errorf("mnist: %w", err)
		default:
			return "", nil, fmt.Errorf("mnist: %w; fetch that file again", err)
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return "", nil, fmt.Errorf("mnist: %w: put %s there", err, mnistFiles)
	}
	return "", nil, fmt.Errorf("mnist: no %s in %s: put %s there", name, dir, mnistFiles)
}

// mnistLabels returns the labels as int64 after a check that they are digits.
func mnistLabels(path string, digits []uint8) (*tensor.Dense, error) {
	out := make([]int64, len(digits))
	for i, d := range digits {
		if d > 9 {
			return nil, fmt.Errorf("mnist: %s: label %d is %d, not a digit from 0 to 9; fetch that file again", path, i, d)
		}
		out[i] = int64(d)
	}
	return tensor.New(tensor.WithShape(len(out)), tensor.WithBacking(out)), nil
}

// unit maps 0..255 to 0..1.
func unit(pixels []uint8) []float32 {
	out := make([]float32, len(pixels))
	for i, p := range pixels {
		out[i] = float32(p) / 255
	}
	return out
}
