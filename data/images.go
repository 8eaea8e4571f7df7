package data

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // the formats that image.Decode knows
	_ "image/jpeg"
	_ "image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/image/draw"
	"gorgonia.org/tensor"
)

// Images says how a folder of pictures becomes a data set. The zero value keeps
// colours and fails where the pictures are of different sizes.
type Images struct {
	Height, Width int  // resize to these, with Catmull-Rom's filter; 0 keeps the size
	Gray          bool // one channel instead of red, green and blue
	ChannelsLast  bool // [height width channels] instead of [channels height width]
	// Limit is how many pixels a picture may have whatever the size of its file, as
	// 50_000_000 for photographs that are trusted. A pixel takes up to 24 bytes while
	// it is read. With 0 the file's size decides: see Open.
	Limit int
}

// Open reads the pictures of a folder: each folder in it is a class, and the png,
// jpeg and gif files in that are its pictures, in the order of their names. It
// returns the data set of images, float32 from 0 to 1 [n channels height width],
// and labels, int64 [n], with the classes in the order of their names. Of a
// moving gif it takes the first picture; what is transparent is black. Beside the
// data set, one picture is in memory at a time: see Stream for a folder of more
// than fits there.
//
// It fails on a file that is no such picture, names it, and on one whose size,
// as it says itself, takes more than four times the file and 16 MiB, unless it is
// within Limit.
func (o Images) Open(folder string) (set *Arrays, classes []string, err error) {
	files, classes, err := picturesOf(folder)
	if err != nil {
		return nil, nil, err
	}
	var pixels []float32
	var labels []int64
	var shape []int // of one image
	for _, f := range files {
		img, err := o.Read(f.path)
		if err != nil {
			return nil, nil, err
		}
		if shape == nil {
			shape = img.Shape()
			pixels = make([]float32, 0, len(files)*img.DataSize())
		}
		if err := f.fits(img, shape); err != nil {
			return nil, nil, err
		}
		pixels, labels = append(pixels, img.Float32s()...), append(labels, f.class)
	}
	set, err = Of(
		tensor.New(tensor.WithShape(append([]int{len(labels)}, shape...)...), tensor.WithBacking(pixels)),
		tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels)))
	return set, classes, err
}

// A pictureFile is a file of a folder of pictures.
type pictureFile struct {
	path  string
	class int64
}

// picturesOf lists the pictures below a folder and their classes.
func picturesOf(folder string) (files []pictureFile, classes []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	for _, class := range entries {
		if !class.IsDir() || strings.HasPrefix(class.Name(), ".") {
			continue
		}
		list, err := os.ReadDir(filepath.Join(folder, class.Name()))
		if err != nil {
			return nil, nil, err
		}
		before := len(files)
		for _, f := range list {
			if pictureName(f.Name()) {
				files = append(files, pictureFile{filepath.Join(folder, class.Name(), f.Name()), int64(len(classes))})
			}
		}
		if len(files) > before {
			classes = append(classes, class.Name())
		}
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("%s: no pictures: there must be a folder for each class, with png, jpeg or gif files", folder)
	}
	return files, classes, nil
}

// fits says why a picture does not go with those before.
func (f pictureFile) fits(img *tensor.Dense, shape []int) error {
	if slices.Equal(shape, img.Shape()) {
		return nil
	}
	return fmt.Errorf("%s: image: it is %v, but those before are %v: set Height and Width to resize all", f.path, []int(img.Shape()), shape)
}

func pictureName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".gif":
		return !strings.HasPrefix(name, ".")
	}
	return false
}

// Read reads one picture, float32 from 0 to 1 [channels height width].
func (o Images) Read(path string) (*tensor.Dense, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := o.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Decode is Read of a file's bytes.
func (o Images) Decode(file []byte) (*tensor.Dense, error) {
	if o.Height < 0 || o.Width < 0 || (o.Height == 0) != (o.Width == 0) || o.Height > 1<<14 || o.Width > 1<<14 {
		return nil, fmt.Errorf("image: resize to %d x %d: both must be from 1 to 16384, or 0", o.Height, o.Width)
	}
	c, format, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("image: offset 0: %w", err)
	}
	if c.Width < 1 || c.Height < 1 || float64(c.Width)*float64(c.Height) > float64(o.Limit) && o.memory(c, format, file) > 4*float64(len(file))+16<<20 {
		return nil, fmt.Errorf("image: offset 0: %d x %d pixels in %d bytes of %s: too large to be trusted: if it is no attack, set Limit to as many pixels", c.Height, c.Width, len(file), format)
	}
	in := bytes.NewReader(file)
	img, _, err := image.Decode(in)
	if err != nil {
		return nil, fmt.Errorf("image: offset %d: %s: %w", len(file)-in.Len(), format, err)
	}
	if o.Height > 0 {
		to := image.NewRGBA(image.Rect(0, 0, o.Width, o.Height))
		draw.CatmullRom.Scale(to, to.Bounds(), img, img.Bounds(), draw.Src, nil)
		img = to
	}
	return o.pixels(img), nil
}

// memory returns the bytes that a picture takes while it becomes a tensor. It is a
// float64 as a header may announce more than an int64 counts.
func (o Images) memory(c image.Config, format string, file []byte) float64 {
	pixels, each := float64(c.Width)*float64(c.Height), 1.0
	switch {
	case format == "jpeg" && bytes.Contains(file, []byte{0xff, 0xc2}): // progressive: it keeps coefficients
		each = 24
	case format == "jpeg":
		each = 8
	case format == "png":
		each = 4
		if file[24] == 16 { // bits a channel
			each = 8
		}
		if file[28] != 0 { // interlaced: it makes an image of each pass
			each *= 2
		}
	}
	const perPixel = 32 // of the scaler, which keeps four float64 for each pixel of the new width and the old height
	out, scaling := pixels, 0.0
	if o.Height > 0 {
		out = float64(o.Height) * float64(o.Width)
		scaling = perPixel*float64(o.Width)*float64(c.Height) - 12*out // what was asked for is not the file's fault
	}
	return each*pixels + 12*out + scaling
}

// pixels returns an image as a tensor.
func (o Images) pixels(img image.Image) *tensor.Dense {
	r := img.Bounds()
	h, w, channels := r.Dy(), r.Dx(), 3
	if o.Gray {
		channels = 1
	}
	out := make([]float32, channels*h*w)
	pixel, channel := 1, h*w // steps
	shape := []int{channels, h, w}
	if o.ChannelsLast {
		pixel, channel = channels, 1
		shape = []int{h, w, channels}
	}
	at := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if o.Gray {
				out[at] = float32(color.Gray16Model.Convert(img.At(x, y)).(color.Gray16).Y) / 0xffff
			} else {
				red, green, blue, _ := img.At(x, y).RGBA()
				out[at], out[at+channel], out[at+2*channel] = float32(red)/0xffff, float32(green)/0xffff, float32(blue)/0xffff
			}
			at += pixel
		}
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(out))
}
