// Command probe prints the second derivative of x³ at 2.
package main

import (
	"fmt"
	"os"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

func main() {
	x := graph.Input("x")
	cube := ops.Mul(ops.Mul(x, x), x)
	p, err := graph.Compile(autodiff.Grad(autodiff.Grad(cube, x)[0], x)[0])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	out, err := p.Run(x.Is(tensor.New(tensor.FromScalar(float32(2)))))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(out[0].Data())
}
