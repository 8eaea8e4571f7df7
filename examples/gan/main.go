// Command gan trains two networks against each other on numbers: the generator
// turns noise into numbers like those drawn from a normal distribution with
// mean 3 and deviation 0.5, the discriminator tells them apart (Goodfellow et
// al. 2014, arXiv:1406.2661). Two training steps share one graph; each changes
// the parameters it was given, so nothing has to be detached or reset.
package main

import (
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

const (
	mean, deviation = 3, 0.5
	rows, noise     = 128, 4
)

func main() {
	log.SetFlags(0)
	steps := flag.Int("steps", 3000, "training steps of each network")
	flag.Parse()
	if err := run(*steps); err != nil {
		log.Fatal(err)
	}
}

func run(steps int) error {
	z, real := graph.Input("z", rows, noise), graph.Input("real", rows, 1)
	generator := nn.Sequential{&nn.Dense{Out: 16, Act: ops.Tanh}, &nn.Dense{Out: 1}}
	discriminator := nn.Sequential{
		&nn.Dense{Out: 32, Act: relu}, &nn.Dense{Out: 32, Act: relu}, &nn.Dense{Out: 1},
	}
	fake := generator.Apply(z)
	onReal, onFake := discriminator.Apply(real), discriminator.Apply(fake)
	truth := label(onReal, 1)
	lossD := ops.Add(nn.BinaryCrossEntropy(onReal, truth), nn.BinaryCrossEntropy(onFake, label(onFake, 0)))
	lossG := nn.BinaryCrossEntropy(onFake, truth)
	nn.Init([]any{generator, discriminator}, 1)

	rule := func() optim.Rule { return optim.Adam(1e-3, optim.AdamOptions{Beta1: 0.5}) }
	stepD, err := optim.Minimize(lossD, nn.Params(discriminator), rule())
	if err != nil {
		return err
	}
	stepG, err := optim.Minimize(lossG, nn.Params(generator), rule(), fake)
	if err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(1, 0))
	for i := range steps + 1 {
		feeds := []graph.Feed{z.Is(normal(rnd, noise, 0, 1)), real.Is(normal(rnd, 1, mean, deviation))}
		d, err := stepD.Run(feeds...)
		if err != nil {
			return err
		}
		g, err := stepG.Run(feeds...)
		if err != nil {
			return err
		}
		if i%(max(steps, 6)/6) == 0 {
			m, s := moments(g[1].Float32s())
			fmt.Printf("step %4d  loss D %.3f G %.3f  fakes: mean %.2f deviation %.2f\n", i, d[0].Data(), g[0].Data(), m, s)
		}
	}
	return nil
}

// relu with a slope below zero, so that the generator always gets a gradient.
func relu(x *graph.Node) *graph.Node { return ops.LeakyReLU(x, 0.2) }

// label returns v in the shape of the logits.
func label(logits *graph.Node, v float64) *graph.Node {
	return ops.BroadcastTo(graph.Scalar(v), logits.Shape())
}

// normal draws a batch of vectors.
func normal(rnd *rand.Rand, width int, mean, deviation float64) *tensor.Dense {
	v := make([]float32, rows*width)
	for i := range v {
		v[i] = float32(mean + deviation*rnd.NormFloat64())
	}
	return tensor.New(tensor.WithShape(rows, width), tensor.WithBacking(v))
}

func moments(v []float32) (mean, deviation float64) {
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		deviation += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	return mean, math.Sqrt(deviation)
}
