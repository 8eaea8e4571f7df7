package graph

// A Doc explains an op to a reader. Its formulas are expressions of package
// formula: operands are called x, or a, b, c where there are several, the
// result is y, and the cotangent of a node is written with a bar, as in ȳ.
type Doc struct {
	Text     string // one sentence: what the op does, and what for
	Formula  string // y = tanh(x)
	Gradient string // x̄ = ȳ*(1 - y^2); several are separated by "; ", and 0 stands for none
}

// A Documented op explains itself, with its own attributes in the formula.
type Documented interface{ Doc() Doc }
