// Package formula reads, prints, computes and differentiates formulas: what
// ops say of themselves ([graph.Doc]), and what a user types.
//
// The language is small. Numbers and names; names may have a bar, as in ȳ, which
// is the cotangent of y, a subscript, as in x_i, and indices, as in x[i, j+1],
// where ... stands for all axes before. From loosest to tightest:
//
//	a; b                   several formulas
//	y = a                  an equation
//	c ? a : b              a where c holds, else b; also where(c, a, b)
//	||  &&                 or, and
//	==  !=  <  <=  >  >=   comparisons: 1 where they hold, else 0
//	+  -                   the minus sign too: -a*b is -(a*b), -a^2 is -(a^2)
//	*  /  @                @ is the product of matrices
//	!                      not
//	^                      powers, from the right; a^T is a transposed, a^H also conjugated
//	f(a, b)                functions; sum_i(a) is the sum over i, sum(a) over all elements
//
// π (or pi), inf and nan are numbers. Functions that are not known parse and
// print too; they cannot be computed.
//
// [graph.Doc]: https://pkg.go.dev/github.com/adjointml/adjoint/graph#Doc
package formula

import "strconv"

// A Kind says what an [Expr] is.
type Kind uint8

// The kinds of expressions.
const (
	Number   Kind = iota // Value
	Name                 // Text with Bar and Sub; Args are its indices
	Call                 // Text with Sub of Args
	Operator             // Text, one of the operators, of Args
)

// Operators that are not written as they are named.
const (
	Negative  = "neg" // -a
	Transpose = "^T"  // a^T
	Adjoint   = "^H"  // a^H, the transposed conjugate
	Choice    = "?"   // c ? a : b
)

// An Expr is a formula, a tree that nobody changes once it is made.
type Expr struct {
	Kind  Kind
	Text  string  // the name, the function or the operator
	Sub   string  // the subscript: i of x_i and of sum_i(a)
	Bar   bool    // the name has a bar
	Value float64 // of a number, never negative
	Args  []*Expr // operands, arguments, or indices
}

// List returns the formulas that semicolons separate in e; e alone without one.
func (e *Expr) List() []*Expr {
	if e.is(";") {
		return e.Args
	}
	return []*Expr{e}
}

// Sides returns both sides of an equation; left is nil where e is none.
func (e *Expr) Sides() (left, right *Expr) {
	if e.is("=") {
		return e.Args[0], e.Args[1]
	}
	return nil, e
}

// Names returns the names in e in the order of their appearance, each once, as
// [Expr.Eval] looks them up: x, x̄, x_i, x[i, j].
func (e *Expr) Names() []string {
	var names []string
	seen := map[string]bool{}
	e.walk(func(n *Expr) bool {
		if n.Kind == Name {
			if s := n.String(); !seen[s] && !n.constant() {
				seen[s] = true
				names = append(names, s)
			}
			return false
		}
		return true
	})
	return names
}

// Equal reports whether a and e are the same formula, letter by letter.
func (e *Expr) Equal(a *Expr) bool {
	if e == a {
		return true
	}
	if e.Kind != a.Kind || e.Text != a.Text || e.Sub != a.Sub || e.Bar != a.Bar || e.Value != a.Value || len(e.Args) != len(a.Args) {
		return false
	}
	for i := range e.Args {
		if !e.Args[i].Equal(a.Args[i]) {
			return false
		}
	}
	return true
}

// walk visits e and what is inside of it until visit says no.
func (e *Expr) walk(visit func(*Expr) bool) {
	if visit(e) {
		for _, a := range e.Args {
			a.walk(visit)
		}
	}
}

func (e *Expr) is(operator string) bool { return e.Kind == Operator && e.Text == operator }

// constant reports whether a name is one of the constants.
func (e *Expr) constant() bool {
	_, ok := constants[e.Text]
	return ok && e.Kind == Name && e.Sub == "" && !e.Bar && len(e.Args) == 0
}

// num returns a number, which is the negative of one if v is below 0.
func num(v float64) *Expr {
	switch {
	case v < 0:
		return op(Negative, num(-v))
	case v != v:
		return name("nan")
	case v > maxFloat:
		return name("inf")
	}
	return &Expr{Kind: Number, Value: v}
}

func name(text string) *Expr { return &Expr{Kind: Name, Text: text} }

func op(text string, args ...*Expr) *Expr { return &Expr{Kind: Operator, Text: text, Args: args} }

func call(text string, args ...*Expr) *Expr { return &Expr{Kind: Call, Text: text, Args: args} }

// number returns the value of a number or of the negative of one.
func (e *Expr) number() (float64, bool) {
	switch {
	case e.Kind == Number:
		return e.Value, true
	case e.is(Negative) && e.Args[0].Kind == Number:
		return -e.Args[0].Value, true
	}
	return 0, false
}

func digits(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
