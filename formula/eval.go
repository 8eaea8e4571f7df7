package formula

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Eval computes a formula of numbers; for an equation, its right side. Names are
// looked up as [Expr.Names] writes them. A comparison is 1 where it holds, else
// 0, and the sum, mean, max or min over all elements of a number is that number.
// It fails for a name without a value, a function that is not known, and what has
// no meaning for numbers: matrix products, sum_i.
func (e *Expr) Eval(vars map[string]float64) (float64, error) {
	switch e.Kind {
	case Number:
		return e.Value, nil
	case Name:
		if v, ok := vars[e.String()]; ok {
			return v, nil
		}
		if e.constant() {
			return constants[e.Text], nil
		}
		return 0, fmt.Errorf("formula: %s has no value: the names that have one are %s", e, known(vars))
	}
	switch {
	case e.is("="):
		return e.Args[1].Eval(vars)
	case e.is(";"):
		return 0, fmt.Errorf("formula: %s are %d formulas: compute each of List", e, len(e.Args))
	}
	x := make([]float64, len(e.Args))
	for i, a := range e.Args {
		v, err := a.Eval(vars)
		if err != nil {
			return 0, err
		}
		x[i] = v
	}
	if e.Kind == Call {
		return e.call(x)
	}
	return e.apply(x)
}

// known lists the names that have a value.
func known(vars map[string]float64) string {
	if len(vars) == 0 {
		return "none"
	}
	names := make([]string, 0, len(vars))
	for n := range vars {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// apply computes an operator of numbers.
func (e *Expr) apply(x []float64) (float64, error) {
	switch e.Text {
	case Negative:
		return -x[0], nil
	case "!":
		return truth(x[0] == 0), nil
	case Choice:
		return where(x[0], x[1], x[2]), nil
	case "+":
		return x[0] + x[1], nil
	case "-":
		return x[0] - x[1], nil
	case "*":
		return x[0] * x[1], nil
	case "/":
		return x[0] / x[1], nil
	case "^":
		return math.Pow(x[0], x[1]), nil
	case "<":
		return truth(x[0] < x[1]), nil
	case "<=":
		return truth(x[0] <= x[1]), nil
	case ">":
		return truth(x[0] > x[1]), nil
	case ">=":
		return truth(x[0] >= x[1]), nil
	case "==":
		return truth(x[0] == x[1]), nil
	case "!=":
		return truth(x[0] != x[1]), nil
	case "&&":
		return truth(x[0] != 0 && x[1] != 0), nil
	case "||":
		return truth(x[0] != 0 || x[1] != 0), nil
	}
	return 0, fmt.Errorf("formula: %s is not about numbers: %s is for matrices", e, e.Text)
}

func (e *Expr) call(x []float64) (float64, error) {
	if err := e.Check(); err != nil {
		return 0, err
	}
	if e.Reduction() {
		if e.Text == "count" {
			return 1, nil
		}
		return x[0], nil
	}
	if body, args := e.Definition(); body != nil {
		vars := map[string]float64{}
		for i, a := range args {
			vars[a] = x[i]
		}
		return body.Eval(vars)
	}
	return functions[e.Text].eval(x), nil
}

// Check says what is wrong with a call: that its function is not known, or takes
// another number of arguments. It does not look at what is inside of them.
func (e *Expr) Check() error {
	if e.Kind != Call {
		return nil
	}
	if e.Sub != "" {
		return fmt.Errorf("formula: %s has the index %s, which is not about numbers: write %s(...) for all elements", e, e.Sub, e.Text)
	}
	if e.Reduction() {
		return nil
	}
	want := -1
	if f, ok := functions[e.Text]; ok {
		want = f.arity()
	} else if d, ok := definitions[e.Text]; ok {
		want = len(d.args)
	} else if slices.Contains(reductions, e.Text) {
		want = 1
	}
	switch {
	case want < 0:
		return fmt.Errorf("formula: %s is not a known function%s", e.Text, closest(e.Text))
	case want != len(e.Args):
		return fmt.Errorf("formula: %s has %d arguments: %s takes %d", e, len(e.Args), e.Text, want)
	}
	return nil
}

// closest suggests a function with a similar name.
func closest(name string) string {
	for _, f := range Functions() {
		if strings.EqualFold(f, name) || len(name) > 2 && (strings.HasPrefix(f, name) || strings.HasPrefix(name, f)) {
			return ": do you mean " + f + "?"
		}
	}
	return ": the known ones are " + strings.Join(Functions(), ", ")
}
