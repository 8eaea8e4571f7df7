package data_test

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// shades writes n pictures of one grey each, in three classes.
func shades(t testing.TB, n int) (dir string) {
	dir = t.TempDir()
	for i := range n {
		img := image.NewGray(image.Rect(0, 0, 6, 4))
		for k := range img.Pix {
			img.Pix[k] = uint8(10 * i)
		}
		write(t, pngOf(t, img), dir, fmt.Sprint("class", i%3), fmt.Sprintf("%02d.png", i))
	}
	return dir
}

// TestImageStream compares the pictures that are read as they come with those of Open.
func TestImageStream(t *testing.T) {
	dir := shades(t, 20)
	for _, o := range []data.Images{{}, {Gray: true}, {Height: 3, Width: 2, ChannelsLast: true}} {
		want, classes, err := o.Open(dir)
		require.NoError(t, err)
		set, found, err := o.Stream(dir)
		require.NoError(t, err)
		assert.Equal(t, classes, found)
		assert.Equal(t, 20, set.Len())
		for name, pair := range map[string][2]data.Dataset{
			"in order": {want, set},
			"shuffled": {data.Shuffle(want, 3), data.Shuffle(set, 3)},
			"the rest": {data.Skip(data.Shuffle(want, 3), 7), data.Skip(data.Shuffle(set, 3), 7)},
			"nothing":  {data.Skip(want, 20), data.Skip(set, 30)},
		} {
			for _, size := range []int{1, 7, 50} {
				var lists [2][]string
				for i, d := range pair {
					for b, err := range d.Batches(size) {
						require.NoError(t, err)
						lists[i] = append(lists[i], fmt.Sprint(b[0].Shape(), b[0].Data(), b[1].Shape(), b[1].Data()))
					}
				}
				assert.Equal(t, lists[0], lists[1], "%s, %d at a time", name, size)
			}
		}
	}
}

func TestImageStreamMistakes(t *testing.T) {
	dir := shades(t, 6)
	_, _, err := data.Images{}.Stream(filepath.Join(dir, "class0"))
	assert.EqualError(t, err, filepath.Join(dir, "class0")+": no pictures: there must be a folder for each class, with png, jpeg or gif files")
	mistake := func(o data.Images, size int) (seen int, err error) {
		set, _, err := o.Stream(dir)
		require.NoError(t, err)
		for b, err := range set.Batches(size) {
			if err != nil {
				return seen, err
			}
			seen += b[1].Shape()[0]
		}
		return seen, nil
	}
	_, err = mistake(data.Images{}, 0)
	assert.EqualError(t, err, "data: cannot make batches of 0 rows: the size must be at least 1")
	write(t, pngOf(t, picture(4, 5)), dir, "class1", "02.png")
	seen, err := mistake(data.Images{}, 2)
	assert.EqualError(t, err, filepath.Join(dir, "class1", "02.png")+": image: it is [3 4 5], but those before are [3 4 6]: set Height and Width to resize all")
	assert.Equal(t, 2, seen)
	write(t, []byte("hello"), dir, "class2", "00.png")
	seen, err = mistake(data.Images{Height: 2, Width: 2}, 1)
	assert.EqualError(t, err, filepath.Join(dir, "class2", "00.png")+": image: offset 0: image: unknown format")
	assert.Equal(t, 5, seen)
}

// TestLargePictures fails if two thirds of the memory that photographs take, when all are
// decoded, is in use at any time, garbage included.
func TestLargePictures(t *testing.T) {
	if testing.Short() {
		t.Skip("this measures memory, and decodes for long")
	}
	const n, h, w = 24, 1000, 1500
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for y := range h {
		for x := range w {
			img.Y[img.YOffset(x, y)] = uint8(x ^ y)
		}
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, nil))
	dir := t.TempDir()
	for i := range n {
		write(t, b.Bytes(), dir, "class", fmt.Sprint(i, ".jpg"))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for name, load := range map[string]func(o data.Images) int{
		"stream": func(o data.Images) (rows int) {
			set, _, err := o.Stream(dir)
			require.NoError(t, err)
			for b, err := range set.Batches(8) {
				require.NoError(t, err)
				rows += b[0].Shape()[0]
			}
			return rows
		},
		"open": func(o data.Images) int {
			set, _, err := o.Open(dir)
			require.NoError(t, err)
			return set.Len()
		},
	} {
		runtime.GC()
		stop, peak := make(chan bool), atomic.Uint64{}
		before := heap()
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
					peak.Store(max(peak.Load(), heap()))
					time.Sleep(time.Millisecond)
				}
			}
		}()
		assert.Equal(t, n, load(data.Images{Height: 64, Width: 64, Limit: h * w}), name)
		close(stop)
		const all = n * h * w * 3 / 2
		assert.Less(t, int64(peak.Load())-int64(before), int64(all/3*2), "%s: bytes in use, of %d when all pictures are decoded", name, all)
		t.Logf("%s: %d MB at most", name, (int64(peak.Load())-int64(before))>>20)
	}
}

// heap returns the bytes of objects, those that wait for the collector included.
func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
