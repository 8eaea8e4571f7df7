package graphs_test

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/formula/graphs"
	"github.com/adjointml/adjoint/graph"
)

func Example() {
	p, y := graph.Input("p", 2), graph.Input("y", 2)
	loss := graphs.Parse("mean((p - y)^2)", map[string]*graph.Node{"p": p, "y": y})
	program, err := graph.Compile(loss, autodiff.Grad(loss, p)[0])
	if err != nil {
		fmt.Println(err)
		return
	}
	vector := func(v ...float32) *tensor.Dense { return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v)) }
	out, err := program.Run(p.Is(vector(1, 5)), y.Is(vector(2, 3)))
	fmt.Println(out[0], out[1], err)
	// Output: 2.5 [-1   2] <nil>
}
