package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

var benchCommand = command{
	name: "bench", arguments: "", does: "a quick look at how fast this machine computes",
	help: `It times a product of matrices and training steps of a dense and a convolutional network, a second
each. The figures that the project goes by, with peers beside them, are those of its folder bench.`,
	define: func(f *flag.FlagSet) action {
		seconds := f.Float64("s", 1, "seconds for each")
		return func(_ context.Context, t *tool, arguments []string) error {
			if len(arguments) > 0 {
				return usage("unexpected argument %q", arguments[0])
			}
			if !(*seconds >= 0 && *seconds <= 3600) {
				return usage("-s %v: want 0 to 3600 seconds", *seconds)
			}
			var all []timing
			var text strings.Builder
			for _, b := range benches {
				r, err := b.measure(*seconds)
				if err != nil {
					return fmt.Errorf("%s: %w", b.name, err)
				}
				all = append(all, r)
				fmt.Fprintf(&text, "%-32s %8.3g %s\n", r.Name, r.Value, r.Unit)
			}
			fmt.Fprintf(&text, "%d threads, %s kernels\n", runtime.GOMAXPROCS(0), isa())
			return t.print(map[string]any{"threads": runtime.GOMAXPROCS(0), "kernels": isa(), "results": all}, text.String())
		}
	},
}

type timing struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // the median
	Unit  string  `json:"unit"`
}

// A bench is something to time: a call of its program counts for so much work.
type bench struct {
	name, unit string
	work       float64
	program    func() (*graph.Program, []graph.Feed, error)
}

var benches = []bench{
	{"product of 1024x1024 matrices", "GFLOP/s", 2 * 1024 * 1024 * 1024 / 1e9, func() (*graph.Program, []graph.Feed, error) {
		a, b := graph.Input("a", 1024, 1024), graph.Input("b", 1024, 1024)
		p, err := graph.Compile(ops.Sum(ops.MatMul(a, b)))
		return p, []graph.Feed{a.Is(ramp(1024, 1024)), b.Is(ramp(1024, 1024))}, err
	}},
	{"dense 784-512-512-10, batch 128", "steps/s", 1, func() (*graph.Program, []graph.Feed, error) {
		return step(nn.Sequential{&nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 512, Act: ops.ReLU}, &nn.Dense{Out: 10}}, ramp(128, 784))
	}},
	{"convolutions 16-32, batch 32", "steps/s", 1, func() (*graph.Program, []graph.Feed, error) {
		return step(nn.Sequential{
			&nn.Conv2D{Out: 16, Kernel: []int{3}, Same: true}, nn.Func(ops.ReLU), &nn.MaxPool{Window: []int{2}},
			&nn.Conv2D{Out: 32, Kernel: []int{3}, Same: true}, nn.Func(ops.ReLU), &nn.MaxPool{Window: []int{2}},
			&nn.Flatten{}, &nn.Dense{Out: 10},
		}, ramp(32, 1, 28, 28))
	}},
}

// step is a training step of a network on rows of ten classes.
func step(net nn.Sequential, rows *tensor.Dense) (*graph.Program, []graph.Feed, error) {
	dims := make([]graph.Dim, rows.Dims())
	for i, n := range rows.Shape() {
		dims[i] = graph.Dim(n)
	}
	x, y := graph.Input("x", dims...), graph.InputOf(graph.Int64, "y", dims[0])
	loss := nn.CrossEntropy(net.Apply(x), y)
	nn.Init(net, 1)
	labels := make([]int64, rows.Shape()[0])
	for i := range labels {
		labels[i] = int64(i % 10)
	}
	p, err := optim.Minimize(loss, nn.Params(net), optim.Adam(1e-3))
	return p, []graph.Feed{x.Is(rows), y.Is(tensor.New(tensor.WithShape(len(labels)), tensor.WithBacking(labels)))}, err
}

// ramp returns numbers from -1 to 1.
func ramp(shape ...int) *tensor.Dense {
	v := make([]float32, tensor.Shape(shape).TotalSize())
	for i := range v {
		v[i] = float32(i*7919%2001)/1000 - 1
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(v))
}

func (b *bench) measure(seconds float64) (timing, error) {
	p, feeds, err := b.program()
	if err != nil {
		return timing{}, err
	}
	var times []float64
	out := []*tensor.Dense{tensor.New(tensor.FromScalar(float32(0)))}
	for start := time.Now(); len(times) < 4 || time.Since(start).Seconds() < seconds; {
		before := time.Now()
		if err := p.RunInto(out, feeds...); err != nil {
			return timing{}, err
		}
		times = append(times, time.Since(before).Seconds())
	}
	times = times[1:] // the first plans memory
	slices.Sort(times)
	return timing{b.name, b.work / times[len(times)/2], b.unit}, nil
}
