// Command unet trains a U-Net to say of each pixel of noisy pictures whether it
// belongs to a disc, to a rectangle or to the ground. The pictures are drawn at
// random.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

const classes = 3 // ground, disc, rectangle

// options are the command's flags.
type options struct {
	size, width, depth int
	steps, batch       int
	lr                 float64
	seed               uint64
}

func main() {
	log.SetFlags(0)
	var o options
	flag.IntVar(&o.size, "size", 48, "height and width of the pictures, a multiple of 2^depth")
	flag.IntVar(&o.width, "width", 8, "channels of the network at full size")
	flag.IntVar(&o.depth, "depth", 3, "how often the network halves the pictures")
	flag.IntVar(&o.steps, "steps", 400, "steps of training")
	flag.IntVar(&o.batch, "batch", 16, "pictures in a step")
	flag.Float64Var(&o.lr, "lr", 3e-3, "learning rate at the start; it falls to 0 along a cosine")
	flag.Uint64Var(&o.seed, "seed", 1, "of the weights and the pictures")
	flag.Parse()
	if err := run(os.Stdout, o); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer, o options) error {
	if o.size < 8 || o.steps < 1 || o.batch < 1 {
		return fmt.Errorf("-size %d -steps %d -batch %d: want a size of at least 8, and at least 1 step and picture", o.size, o.steps, o.batch)
	}
	n, size := graph.Sym("n"), graph.Dim(o.size)
	x, y := graph.Input("x", n, 1, size, size), graph.InputOf(graph.Int32, "y", n, size, size)
	model := &zoo.UNet{Classes: classes, Width: o.width, Depth: o.depth, Norm: true}
	logits := ops.Transpose(model.Apply(x), 0, 2, 3, 1) // classes last, as losses want them
	loss := nn.CrossEntropy(logits, y)
	nn.Init(model, o.seed)
	step, err := optim.Minimize(loss, nn.Params(model), optim.AdamW(o.lr, 1e-4).Schedule(optim.Cosine(o.steps, 0)))
	if err != nil {
		return err
	}
	confusion := nn.Confusion(logits, y)
	evaluate, err := graph.Compile(nn.IoUOf(confusion, nn.PerClass), nn.Accuracy(logits, y), ops.ArgMax(logits, -1))
	if err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(o.seed, 1))
	for i := range o.steps {
		xs, ys := pictures(rnd, o.batch, o.size)
		out, err := step.Run(x.Is(xs), y.Is(ys))
		if err != nil {
			return err
		}
		if i%50 == 0 || i == o.steps-1 {
			fmt.Fprintf(w, "step %4d  loss %.4f\n", i, out[0].Data())
		}
	}
	xs, ys := pictures(rand.New(rand.NewPCG(o.seed, 2)), 64, o.size) // others than those it saw
	out, err := evaluate.Run(x.Is(xs), y.Is(ys))
	if err != nil {
		return err
	}
	iou := out[0].Float64s()
	fmt.Fprintf(w, "64 new pictures: accuracy %.4f, IoU of ground %.3f, discs %.3f, rectangles %.3f\n", out[1].Data(), iou[0], iou[1], iou[2])
	show(w, o.size, xs.Float32s(), out[2].Int64s())
	return nil
}

// show prints the first picture beside what the network makes of it, every other
// row of both.
func show(w io.Writer, size int, picture []float32, class []int64) {
	for row := 0; row < size; row += 2 {
		var line strings.Builder
		for _, v := range picture[row*size : (row+1)*size] {
			line.WriteByte(" .:+#"[min(max(int(v*4), 0), 4)])
		}
		line.WriteString(" | ")
		for _, c := range class[row*size : (row+1)*size] {
			line.WriteByte(" o#"[c])
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// pictures draws n pictures of a disc and a rectangle, of any brightness and in
// noise, with the class of each pixel.
func pictures(rnd *rand.Rand, n, size int) (xs, ys *tensor.Dense) {
	x, y := make([]float32, n*size*size), make([]int32, n*size*size)
	place := func(extent int) int { return rnd.IntN(size - extent + 1) }
	for i := range n {
		picture, class := x[i*size*size:], y[i*size*size:]
		light := [classes]float32{0.2 * rnd.Float32(), 0.5 + 0.5*rnd.Float32(), 0.5 + 0.5*rnd.Float32()}
		height, width := size/6+rnd.IntN(size/4), size/6+rnd.IntN(size/4)
		top, left := place(height), place(width)
		r := size/8 + rnd.IntN(size/8)
		cy, cx := r+place(2*r), r+place(2*r)
		for row := range size {
			for col := range size {
				at := row*size + col
				switch dy, dx := row-cy, col-cx; {
				case dy*dy+dx*dx < r*r:
					class[at] = 1
				case row >= top && row < top+height && col >= left && col < left+width:
					class[at] = 2
				}
				picture[at] = light[class[at]] + 0.15*float32(rnd.NormFloat64())
			}
		}
	}
	return tensor.New(tensor.WithShape(n, 1, size, size), tensor.WithBacking(x)),
		tensor.New(tensor.WithShape(n, size, size), tensor.WithBacking(y))
}
