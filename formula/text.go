package formula

import (
	"strings"
	"unicode/utf8"
)

// String returns the formula in the language that [Parse] reads, with no
// parentheses but those needed: Parse gives e back.
func (e *Expr) String() string {
	var b strings.Builder
	e.write(&b, 0)
	return b.String()
}

// How tightly operators bind.
const (
	bindList = iota
	bindEquation
	bindChoice
	bindOr
	bindAnd
	bindCompare
	bindSum
	bindSign
	bindProduct
	bindNot
	bindPower
	bindAtom
)

var bindings = map[string]int{
	";": bindList, "=": bindEquation, Choice: bindChoice, "||": bindOr, "&&": bindAnd,
	"==": bindCompare, "!=": bindCompare, "<": bindCompare, "<=": bindCompare, ">": bindCompare, ">=": bindCompare,
	"+": bindSum, "-": bindSum, Negative: bindSign, "*": bindProduct, "/": bindProduct, "@": bindProduct,
	"!": bindNot, "^": bindPower, Transpose: bindPower, Adjoint: bindPower,
}

func (e *Expr) binding() int {
	if e.Kind == Operator {
		return bindings[e.Text]
	}
	return bindAtom
}

// operands returns how tightly the operands of a binary operator must bind to
// stand without parentheses.
func (e *Expr) operands() (left, right int) {
	b := e.binding()
	switch b {
	case bindEquation, bindCompare:
		return b + 1, b + 1
	case bindPower:
		return b + 1, b // from the right
	case bindSum:
		return b, bindProduct // no sign right of another
	}
	return b, b + 1
}

// write writes e, in parentheses if it binds less tightly than the given level.
func (e *Expr) write(b *strings.Builder, level int) {
	if e.binding() < level {
		b.WriteByte('(')
		e.write(b, 0)
		b.WriteByte(')')
		return
	}
	switch e.Kind {
	case Number:
		b.WriteString(digits(e.Value))
	case Name:
		b.WriteString(e.head())
		if e.Args != nil {
			e.arguments(b, "[", "]")
		}
	case Call:
		b.WriteString(e.head())
		e.arguments(b, "(", ")")
	default:
		e.operator(b)
	}
}

// head returns a name with its bar and its subscript.
func (e *Expr) head() string {
	s := e.Text
	if e.Bar {
		s = bar(s)
	}
	if e.Sub != "" {
		s += "_" + e.Sub
	}
	return s
}

// bar puts a bar over the last letter of a name, as the normal form C of Unicode
// has it.
func bar(s string) string {
	last, n := utf8.DecodeLastRuneInString(s)
	for with, plain := range barred {
		if plain == last {
			return s[:len(s)-n] + string(with)
		}
	}
	return s + string(macron)
}

func (e *Expr) arguments(b *strings.Builder, open, end string) {
	b.WriteString(open)
	for i, a := range e.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		a.write(b, bindChoice)
	}
	b.WriteString(end)
}

func (e *Expr) operator(b *strings.Builder) {
	switch e.Text {
	case ";":
		for i, a := range e.Args {
			if i > 0 {
				b.WriteString("; ")
			}
			a.write(b, bindEquation)
		}
	case Negative:
		b.WriteByte('-')
		e.Args[0].write(b, bindProduct)
	case "!":
		b.WriteByte('!')
		e.Args[0].write(b, bindNot)
	case Transpose, Adjoint:
		left := bindAtom
		if a := e.Args[0]; a.is(Transpose) || a.is(Adjoint) {
			left = bindPower
		}
		e.Args[0].write(b, left)
		b.WriteString(e.Text)
	case Choice:
		e.Args[0].write(b, bindOr)
		b.WriteString(" ? ")
		e.Args[1].write(b, bindChoice)
		b.WriteString(" : ")
		e.Args[2].write(b, bindChoice)
	case "^":
		e.power(b)
	default:
		left, right := e.operands()
		e.Args[0].write(b, left)
		if e.binding() == bindProduct && e.Text != "@" {
			b.WriteString(e.Text)
		} else {
			b.WriteString(" " + e.Text + " ")
		}
		e.Args[1].write(b, right)
	}
}

// power writes a^b; a sign in the exponent needs no parentheses before a power.
func (e *Expr) power(b *strings.Builder) {
	base, exponent := e.Args[0], e.Args[1]
	left := bindAtom
	if base.is(Transpose) || base.is(Adjoint) {
		left = bindPower
	}
	base.write(b, left)
	b.WriteByte('^')
	if exponent.is(Negative) && exponent.Args[0].binding() >= bindPower {
		b.WriteByte('-')
		exponent = exponent.Args[0]
	}
	level := bindPower
	first := exponent
	for first.Kind == Operator && first.binding() == bindPower {
		first = first.Args[0]
	}
	if first.Kind != Number && !first.Bar && (first.Text == "T" || first.Text == "H") {
		level = bindAtom + 1 // a^(T) is a power
	}
	exponent.write(b, level)
}
