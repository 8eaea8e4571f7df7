package formula_test

import (
	"fmt"

	"github.com/adjointml/adjoint/formula"
)

func ExampleParse() {
	e, err := formula.Parse("y = 1/(1 + exp(-x))")
	if err != nil {
		fmt.Println(err)
		return
	}
	y, _ := e.Eval(map[string]float64{"x": 0})
	fmt.Println(e.Names(), y)

	_, err = formula.Parse("mean(abs(p - y)^1.5")
	fmt.Println(err)
	// Output:
	// [y x] 0.5
	// formula: column 20: the formula ends here: expected ) or a comma after an argument
}

func ExampleDerive() {
	for _, text := range []string{"mean(abs(p - y)^1.5)", "tanh(p)", "var(p)"} {
		e, _ := formula.Parse(text)
		d, _ := formula.Derive(e, "p")
		fmt.Println(d)
	}
	// Output:
	// 1.5*sqrt(abs(p - y))*sign(p - y)/count(p - y)
	// 1 - tanh(p)^2
	// 2*(p - mean(p))/(count(p) - 1)
}

func ExampleExpr_Pretty() {
	e, _ := formula.Parse("ā = ȳ @ b^T; y[i] = sum_j(x[i, j]^2)/sqrt(n)")
	fmt.Println(e.Pretty())
	// Output: ā = ȳ bᵀ; y[i] = (Σⱼ x[i, j]²)/√n
}
