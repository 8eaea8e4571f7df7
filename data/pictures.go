package data

import (
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
)

// Stream is Open for a folder whose pictures do not fit memory: they are read
// batch by batch, each time anew, by as many goroutines as there are processors.
// At any time it holds one batch, and one picture for each of the goroutines; so a
// folder of large photographs that become 64 by 64 takes little more than the
// photographs that are being read, which need Limit. The rows are those of
// Open, and Shuffle gives them the same order, as it does before they are read.
//
// A file that is no picture is an error of the batch that it belongs to.
func (o Images) Stream(folder string) (set Dataset, classes []string, err error) {
	files, classes, err := picturesOf(folder)
	if err != nil {
		return nil, nil, err
	}
	return &pictures{o, files, count(len(files))}, classes, nil
}

// pictures are files in an order.
type pictures struct {
	how   Images
	files []pictureFile
	rows  []int
}

// Len returns the number of pictures.
func (p *pictures) Len() int { return len(p.rows) }

// Shuffled returns the pictures in a random order.
func (p *pictures) Shuffled(seed uint64) Dataset {
	return &pictures{p.how, p.files, shuffled(p.rows, seed)}
}

func (p *pictures) skip(n int) Dataset {
	return &pictures{p.how, p.files, p.rows[min(n, len(p.rows)):]}
}

// Batches yields the pictures and their labels.
func (p *pictures) Batches(size int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		if size < 1 {
			yield(nil, errSize(size))
			return
		}
		if len(p.rows) == 0 {
			return
		}
		size := min(size, len(p.rows))
		first, err := p.how.Read(p.files[p.rows[0]].path)
		if err != nil {
			yield(nil, err)
			return
		}
		shape := first.Shape()
		columns := []column{
			&values[float32]{make([]float32, size*first.DataSize()), shape, first.DataSize()},
			&values[int64]{make([]int64, size), nil, 1},
		}
		var batch Batch
		for lo := 0; lo < len(p.rows); lo += size {
			rows := p.rows[lo:min(lo+size, len(p.rows))]
			if lo == 0 || len(rows) < size {
				batch = tensors(columns, len(rows))
			}
			if err := p.read(rows, shape, batch); err != nil {
				yield(nil, err)
				return
			}
			if !yield(append(Batch(nil), batch...), nil) {
				return
			}
		}
	}
}

// read fills a batch. Of several mistakes it returns that of the first file.
func (p *pictures) read(rows, shape []int, b Batch) error {
	pixels, labels := b[0].Float32s(), b[1].Int64s()
	width := len(pixels) / len(rows)
	errs := make([]error, len(rows))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(rows)) {
		wait.Go(func() {
			for i := int(next.Add(1) - 1); i < len(rows); i = int(next.Add(1) - 1) {
				f := p.files[rows[i]]
				errs[i] = guarded(func() error {
					img, err := p.how.Read(f.path)
					if err == nil {
						err = f.fits(img, shape)
					}
					if err == nil {
						copy(pixels[i*width:], img.Float32s())
					}
					return err
				})
				labels[i] = f.class
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
