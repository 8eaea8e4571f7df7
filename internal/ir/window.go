package ir

// A Pass says what a Conv instruction computes.
type Pass uint8

// The instructions over windows of images. Images are [n, spatial..., channels],
// weights [spatial..., channels in a group, outputs].
const (
	ConvForward Pass = iota // image, weights -> image
	ConvData                // output's cotangent, weights -> image's cotangent
	ConvWeight              // image, output's cotangent -> weights' cotangent
	MaxPool                 // image -> image
	MaxPoolGrad             // output's cotangent, image -> image's cotangent: to the first largest element
	AvgPool                 // image -> image
	AvgPoolGrad             // output's cotangent -> image's cotangent
	numPasses
)

var passes = [numPasses]string{"forward", "data", "weight", "maxpool", "maxpoolgrad", "avgpool", "avgpoolgrad"}

// String returns the name, such as "forward".
func (p Pass) String() string { return passes[p] }

// A Window is what the instructions over windows share. Axes that are missing
// have length 1, a kernel of 1 and a stride of 1.
type Window struct {
	Pass      Pass
	N         int    // images
	In, Out   [3]int // spatial lengths of image and result
	Kernel    [3]int
	Stride    [3]int
	Dilation  [3]int
	Low, High [3]int // padding
	C, O      int    // channels of image and result
	Groups    int
	CountPad  bool // averages count the padding
}

// Flops returns the operations of an instruction, padding included.
func (w *Window) Flops() int {
	n := w.N * w.O
	for i := range w.Out {
		n *= w.Out[i] * w.Kernel[i]
	}
	if w.Pass <= ConvWeight {
		n *= 2 * w.C / w.Groups
	}
	return n
}

// Window returns the value of an instruction over windows, on dense operands.
func (b *Builder) Window(w Window, d DType, dims []int, x ...Ref) Ref {
	in := make([]Ref, len(x))
	for i, r := range x {
		in[i] = b.Dense(r)
	}
	for _, v := range b.Values { // few, so that a search does
		if v.Kind == Conv && *v.Win == w && sameRefs(v.In, in) {
			return shaped(v, dims)
		}
	}
	v := b.append(Value{Kind: Conv, DType: d, Dims: squeeze(dims), In: in, More: &More{Win: &w}})
	v.image = w.Pass != ConvWeight
	return shaped(v, dims)
}

func sameRefs(x, y []Ref) bool {
	for i := range x {
		if x[i].V != y[i].V {
			return false
		}
	}
	return len(x) == len(y)
}
