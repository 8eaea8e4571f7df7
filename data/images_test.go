package data_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// picture is red on the left half and blue on the right one.
func picture(h, w int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 255, 255}
			}
			img.Set(x, y, c)
		}
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return b.Bytes()
}

func write(t testing.TB, b []byte, path ...string) {
	file := filepath.Join(path...)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
	require.NoError(t, os.WriteFile(file, b, 0o666))
}

func TestImagesFromFolders(t *testing.T) {
	dir := t.TempDir()
	img := picture(2, 4)
	var gifs, jpegs bytes.Buffer
	require.NoError(t, gif.Encode(&gifs, img, nil))
	require.NoError(t, jpeg.Encode(&jpegs, picture(2, 4), &jpeg.Options{Quality: 100}))
	write(t, pngOf(t, img), dir, "dog", "b.png")
	write(t, gifs.Bytes(), dir, "dog", "a.GIF")
	write(t, jpegs.Bytes(), dir, "cat", "1.jpg")
	write(t, []byte("notes"), dir, "cat", "notes.txt")
	write(t, []byte("notes"), dir, "none", "notes.txt")
	write(t, []byte("notes"), dir, "notes.txt")

	set, classes, err := data.Images{}.Open(dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"cat", "dog"}, classes)
	assert.Equal(t, []int64{0, 1, 1}, set.Column(1).Int64s())
	assert.Equal(t, []int{3, 3, 2, 4}, []int(set.Column(0).Shape()))
	exact := []float32{1, 1, 0, 0, 1, 1, 0, 0 /* green */, 0, 0, 0, 0, 0, 0, 0, 0 /* blue */, 0, 0, 1, 1, 0, 0, 1, 1}
	x := set.Column(0).Float32s()
	assert.Equal(t, exact, x[48:], "png")
	assert.Equal(t, exact, x[24:48], "gif")
	assert.InDeltaSlice(t, exact, x[:24], 0.5, "jpeg mixes colours of neighbours")

	last, _, err := data.Images{ChannelsLast: true, Height: 4, Width: 8}.Open(dir)
	require.NoError(t, err)
	assert.Equal(t, []int{3, 4, 8, 3}, []int(last.Column(0).Shape()))
	y := last.Column(0).Float32s()[2*4*8*3:]
	assert.InDeltaSlice(t, []float32{1, 0, 0}, y[:3], 0.01)
	assert.InDeltaSlice(t, []float32{0, 0, 1}, y[len(y)-3:], 0.01)

	gray, err := data.Images{Gray: true}.Read(filepath.Join(dir, "dog", "b.png"))
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 4}, []int(gray.Shape()))
	assert.InDelta(t, 0.299, gray.Float32s()[0], 1e-3, "ITU-R BT.601")

	write(t, pngOf(t, picture(3, 4)), dir, "dog", "c.png")
	_, _, err = data.Images{}.Open(dir)
	assert.EqualError(t, err, filepath.Join(dir, "dog", "c.png")+": image: it is [3 3 4], but those before are [3 2 4]: set Height and Width to resize all")
	write(t, pngOf(t, img)[:60], dir, "dog", "c.png")
	_, _, err = data.Images{}.Open(dir)
	assert.ErrorContains(t, err, filepath.Join(dir, "dog", "c.png")+": image: ")
	_, _, err = data.Images{}.Open(filepath.Join(dir, "none"))
	assert.ErrorContains(t, err, "no pictures: there must be a folder for each class")
	_, _, err = data.Images{}.Open(filepath.Join(dir, "nowhere"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// bomb is a png file that says it has h times w pixels.
func bomb(t testing.TB, h, w uint32) []byte {
	b := pngOf(t, picture(1, 1))
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestImagesRefuse(t *testing.T) {
	for want, f := range map[string]func() error{
		"image: offset 0: image: unknown format": func() error { _, err := data.Images{}.Decode([]byte("hello")); return err },
		"image: offset 0: 50000 x 50000 pixels in 85 bytes of png: too large to be trusted: if it is no attack, set Limit to as many pixels": func() error {
			_, err := data.Images{}.Decode(bomb(t, 50000, 50000)[:85])
			return err
		},
		"image: resize to 3 x 0: both must be from 1 to 16384, or 0": func() error {
			_, err := data.Images{Height: 3}.Decode(pngOf(t, picture(1, 1)))
			return err
		},
	} {
		assert.EqualError(t, f(), want)
	}
}

func FuzzImages(f *testing.F) {
	for _, size := range [][2]int{{1, 1}, {2, 4}, {17, 3}} {
		img := picture(size[0], size[1])
		var g, j bytes.Buffer
		require.NoError(f, gif.Encode(&g, img, nil))
		require.NoError(f, jpeg.Encode(&j, img, nil))
		f.Add(pngOf(f, img))
		f.Add(g.Bytes())
		f.Add(j.Bytes())
	}
	f.Add(bomb(f, 60000, 60000))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := data.Images{}.Decode(b)
		if err == nil {
			require.LessOrEqual(t, x.Shape().TotalSize(), 3*(len(b)/2+2<<20))
		}
	})
}

// TestLargePhotograph reads twelve megapixels, which compress to far less than the rule
// trusts, once they are allowed.
func TestLargePhotograph(t *testing.T) {
	const h, w = 3000, 4000
	img := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Pix[y*img.Stride+x] = uint8(255 * x / w)
		}
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, nil))
	o := data.Images{Height: 30, Width: 40, Gray: true}
	_, err := o.Decode(b.Bytes())
	assert.ErrorContains(t, err, "3000 x 4000 pixels in ")
	assert.ErrorContains(t, err, "too large to be trusted: if it is no attack, set Limit to as many pixels")
	o.Limit = h*w - 1
	_, err = o.Decode(b.Bytes())
	assert.ErrorContains(t, err, "set Limit")
	o.Limit = h * w
	x, err := o.Decode(b.Bytes())
	require.NoError(t, err)
	assert.Equal(t, []int{1, 30, 40}, []int(x.Shape()))
	for i, v := range x.Float32s() {
		assert.InDelta(t, (float64(i%40)+0.5)/40, v, 0.02, "pixel %d", i)
	}
}
