package ops

import (
	"errors"
	"fmt"
	"strings"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// A window says how the weights of a convolution, or a pool, move over the
// spatial axes of an image, of which there are 1 to 3. Result i along an axis
// meets the elements i·stride + t·dilation - low of the image, t = 0, 1 ...
// below size. Outside of the image there is padding: low elements of it before,
// high behind; negative ones cut.
type window struct {
	axes     int
	size     [3]int // of pools; that of weights is in their shape
	stride   [3]int
	dilation [3]int
	low      [3]int
	high     [3]int
	ceil     [3]int // more padding behind, which averages never count
}

// String lists what differs from the plain case.
func (w window) String() string {
	var list []string
	for _, a := range []struct {
		name  string
		v     [3]int
		plain int
	}{{"", w.size, 0}, {"stride ", w.stride, 1}, {"dilation ", w.dilation, 1}, {"pad ", w.low, 0}, {"to ", w.high, 0}, {"ceil ", w.ceil, 0}} {
		for _, v := range a.v[:w.axes] {
			if v != a.plain {
				list = append(list, a.name+strings.Trim(fmt.Sprint(a.v[:w.axes]), "[]"))
				break
			}
		}
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// each3 returns one number for each of n axes from a list of as many, of one
// for all, or of none for the default.
func each3(name string, list []int, n, least, otherwise int) (v [3]int, err error) {
	if len(list) > 1 && len(list) != n {
		return v, fmt.Errorf("%s %v has %d numbers: want one for each of the %d spatial axes, or one for all", name, list, len(list), n)
	}
	for i := range n {
		v[i] = otherwise
		if len(list) > 0 {
			v[i] = list[min(i, len(list)-1)]
		}
		if v[i] < least {
			return v, fmt.Errorf("%s %d is below %d", name, v[i], least)
		}
	}
	return v, nil
}

// newWindow returns the window with the given options on the images x.
func newWindow(x Type, stride, dilation []int, pad [][2]int) (w window, err error) {
	w.axes = x.Rank() - 2
	if w.axes < 1 || w.axes > 3 {
		return w, errors.New("{0} is no batch of images: want [n w c], [n h w c] or [n d h w c]")
	}
	if w.stride, err = each3("stride", stride, w.axes, 1, 1); err != nil {
		return w, err
	}
	if w.dilation, err = each3("dilation", dilation, w.axes, 1, 1); err != nil {
		return w, err
	}
	if len(pad) > 1 && len(pad) != w.axes {
		return w, fmt.Errorf("pad %v has %d pairs: want one for each of the %d spatial axes, or one for all", pad, len(pad), w.axes)
	}
	for i := range w.axes {
		if len(pad) > 0 {
			p := pad[min(i, len(pad)-1)]
			w.low[i], w.high[i] = p[0], p[1]
		}
	}
	return w, nil
}

// same chooses the padding such that axis i, of length n, has n/stride results,
// rounded up.
func (w *window) same(i int, n, size Dim) error {
	if size < 1 || w.stride[i] > 1 && n < 0 {
		return fmt.Errorf("padding for the same size of axis %d needs known lengths: give Pad instead", i+1)
	}
	total := w.dilation[i] * (int(size) - 1)
	if s := w.stride[i]; s > 1 {
		total = max(0, (int(n)+s-1)/s*s-s+total+1-int(n))
	}
	w.low[i], w.high[i] = total/2, total-total/2
	return nil
}

// plus returns d + i.
func plus(d Dim, i int) Dim {
	if i < 0 {
		return d.Sub(Dim(-i))
	}
	return d.Add(Dim(i))
}

// fits reports why the window is longer than axis i of x with its padding, if
// that is known. What has length 0 may be shorter than the window.
func (w window) fits(x Type, i int, size Dim) error {
	n, pad := x.Dim(i+1), w.low[i]+w.high[i]+w.ceil[i]
	if n > 0 && size > 0 && int(n)+pad <= w.dilation[i]*int(size-1) {
		return fmt.Errorf("a window of %v, dilated by %d, does not fit into axis %d of {0}, padded by %d and %d",
			size, w.dilation[i], i+1, w.low[i], w.high[i]+w.ceil[i])
	}
	return nil
}

// outs returns the results' lengths along the spatial axes of x.
func (w window) outs(x Type, size func(i int) Dim) ([]Dim, error) {
	dims := make([]Dim, w.axes)
	for i := range dims {
		s, d := w.stride[i], w.dilation[i]
		dims[i] = plus(x.Dim(i+1), w.low[i]+w.high[i]+w.ceil[i]+s+d-1).Sub(size(i).Mul(Dim(d))).Div(Dim(s))
		if dims[i] == graph.Unknown {
			return nil, fmt.Errorf("a window of %v is too long for axis %d of {0}", size(i), i+1)
		}
	}
	return dims, nil
}

// meet visits each pair of a result and an element of the image that it meets:
// their places and that of the window, counted over the images and the spatial
// axes. The lists are the spatial lengths of the image, of the window and of
// the result.
func (w window) meet(images int, in, size, out []int, visit func(x, t, y int)) {
	var i, t, n, k, m [3]int
	for a := range 3 {
		n[a], k[a], m[a] = 1, 1, 1
		if at := a - 3 + w.axes; at >= 0 {
			n[a], k[a], m[a] = in[at], size[at], out[at]
		}
	}
	at := func(a int) int {
		b := a - 3 + w.axes
		if b < 0 {
			return 0
		}
		p := i[a]*w.stride[b] + t[a]*w.dilation[b] - w.low[b]
		if p >= n[a] {
			return -1
		}
		return p
	}
	for image := range images {
		for i[0] = range m[0] {
			for i[1] = range m[1] {
				for i[2] = range m[2] {
					y := ((image*m[0]+i[0])*m[1]+i[1])*m[2] + i[2]
					for t[0] = range k[0] {
						for t[1] = range k[1] {
							for t[2] = range k[2] {
								if d, h, c := at(0), at(1), at(2); d >= 0 && h >= 0 && c >= 0 {
									visit(((image*n[0]+d)*n[1]+h)*n[2]+c, (t[0]*k[1]+t[1])*k[2]+t[2], y)
								}
							}
						}
					}
				}
			}
		}
	}
}

// instruction returns what the engine needs to know of a window of the given
// lengths, on images and results of the given dims.
func (w window) instruction(pass ir.Pass, image, kernel, result []int) ir.Window {
	one := [3]int{1, 1, 1}
	v := ir.Window{Pass: pass, N: image[0], In: one, Out: one, Kernel: one, Stride: one, Dilation: one, Groups: 1}
	v.C, v.O = image[w.axes+1], result[w.axes+1]
	for i := range w.axes {
		v.In[i], v.Out[i], v.Kernel[i] = image[i+1], result[i+1], kernel[i]
		v.Stride[i], v.Dilation[i], v.Low[i], v.High[i] = w.stride[i], w.dilation[i], w.low[i], w.high[i]
	}
	return v
}
