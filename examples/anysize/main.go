// Command anysize trains one network on pictures of many sizes. It has no layer
// that depends on the size, and height and width are symbols like the batch, so
// that one program serves them all.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func main() {
	log.SetFlags(0)
	steps := flag.Int("steps", 600, "steps of training, each with pictures of one size")
	seed := flag.Uint64("seed", 1, "of the weights and the pictures")
	flag.Parse()
	if err := run(os.Stdout, *steps, *seed); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer, steps int, seed uint64) error {
	n, height, width := graph.Sym("n"), graph.Sym("height"), graph.Sym("width")
	x, y := graph.Input("x", n, 1, height, width), graph.InputOf(graph.Int32, "y", n)
	conv := func(out int) nn.Sequential {
		return nn.Sequential{
			&nn.Conv2D{Out: out, Kernel: []int{3}, Same: true, NoBias: true}, &nn.BatchNorm{}, nn.Func(ops.ReLU),
		}
	}
	pool := &nn.MaxPool{Window: []int{2}}
	model := nn.Sequential{conv(16), pool, conv(32), pool, conv(32), &nn.GlobalPool{Max: true}, &nn.Dense{Out: len(shapes)}}
	logits := model.Apply(x)
	nn.Init(model, seed)
	step, err := optim.Minimize(nn.CrossEntropy(logits, y), nn.Params(model), optim.Adam(3e-3).Schedule(optim.Cosine(steps, 0)))
	if err != nil {
		return err
	}
	evaluate, err := graph.Compile(nn.Accuracy(logits, y))
	if err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(seed, 1))
	for i := range steps {
		h, w2 := 16+4*rnd.IntN(9), 16+4*rnd.IntN(9) // 16, 20 ... 48
		xs, ys := pictures(rnd, 32, h, w2)
		out, err := step.Run(x.Is(xs), y.Is(ys))
		if err != nil {
			return err
		}
		if i%100 == 0 || i == steps-1 {
			fmt.Fprintf(w, "step %4d  %d x %d  loss %.4f\n", i, h, w2, out[0].Data())
		}
	}
	for _, size := range [][2]int{{16, 16}, {17, 43}, {48, 32}, {64, 64}, {30, 120}} { // some that it never saw
		xs, ys := pictures(rnd, 300, size[0], size[1])
		out, err := evaluate.Run(x.Is(xs), y.Is(ys))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%3d x %3d  accuracy %.3f\n", size[0], size[1], out[0].Data())
	}
	return nil
}

// shapes say whether a shape of radius r covers the point (x, y) from its centre.
var shapes = []func(x, y, r int) bool{
	func(x, y, r int) bool { return x*x+y*y <= r*r },                       // disc
	func(x, y, r int) bool { return true },                                 // square
	func(x, y, r int) bool { return abs(x) <= r/3 || abs(y) <= r/3 },       // cross
	func(x, y, r int) bool { return x*x+y*y <= r*r && 2*(x*x+y*y) >= r*r }, // ring
}

func abs(x int) int { return max(x, -x) }

// pictures draws n pictures of a shape each, in noise, and which it is.
func pictures(rnd *rand.Rand, n, height, width int) (xs, ys *tensor.Dense) {
	x, y := make([]float32, n*height*width), make([]int32, n)
	for i := range n {
		picture := x[i*height*width:][:height*width]
		for j := range picture {
			picture[j] = 0.2 * float32(rnd.NormFloat64())
		}
		kind, r := rnd.IntN(len(shapes)), 4+rnd.IntN(4)
		y[i] = int32(kind)
		cy, cx := r+rnd.IntN(height-2*r), r+rnd.IntN(width-2*r)
		for dy := -r; dy <= r; dy++ {
			for dx := -r; dx <= r; dx++ {
				if shapes[kind](dx, dy, r) {
					picture[(cy+dy)*width+cx+dx]++
				}
			}
		}
	}
	return tensor.New(tensor.WithShape(n, 1, height, width), tensor.WithBacking(x)), tensor.New(tensor.WithShape(n), tensor.WithBacking(y))
}
