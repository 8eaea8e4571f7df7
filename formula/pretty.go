package formula

import "strings"

// Pretty returns the formula in one line for the eye, with the signs of Unicode:
// 2·x², √(a + 1), Σᵢ xᵢ, aᵀ. It is not meant to be read back.
func (e *Expr) Pretty() string {
	var b strings.Builder
	e.pretty(&b, 0)
	return b.String()
}

const (
	raised  = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
	lowered = "₀₁₂₃₄₅₆₇₈₉"
	plain   = "0123456789-"
)

// lowerLetters are the letters that have a lowered form.
var lowerLetters = map[rune]rune{
	'a': 'ₐ', 'e': 'ₑ', 'h': 'ₕ', 'i': 'ᵢ', 'j': 'ⱼ', 'k': 'ₖ', 'l': 'ₗ', 'm': 'ₘ', 'n': 'ₙ', 'o': 'ₒ', 'p': 'ₚ', 'r': 'ᵣ', 's': 'ₛ', 't': 'ₜ', 'u': 'ᵤ', 'v': 'ᵥ', 'x': 'ₓ',
}

// raise writes a whole number above the line.
func raise(s string) string {
	up := []rune(raised)
	return strings.Map(func(r rune) rune { return up[strings.IndexRune(plain, r)] }, s)
}

// lower writes a subscript below the line, or behind _ where a letter has no
// such form.
func lower(s string) string {
	if s == "" {
		return ""
	}
	down := []rune(lowered)
	ok := true
	l := strings.Map(func(r rune) rune {
		if digit(r) {
			return down[r-'0']
		}
		d, found := lowerLetters[r]
		ok = ok && found
		return d
	}, s)
	if !ok {
		return "_" + s
	}
	return l
}

func (e *Expr) pretty(b *strings.Builder, level int) {
	binding := e.binding()
	if e.large() {
		binding = bindSign
	} else if e.Kind == Call && e.Text == "inv" {
		binding = bindPower
	}
	if binding < level {
		b.WriteByte('(')
		e.pretty(b, 0)
		b.WriteByte(')')
		return
	}
	list := func(open, end string) {
		b.WriteString(open)
		for i, a := range e.Args {
			if i > 0 {
				b.WriteString(", ")
			}
			a.pretty(b, bindChoice)
		}
		b.WriteString(end)
	}
	switch e.Kind {
	case Number:
		b.WriteString(strings.Replace(digits(e.Value), "e-", "e−", 1))
	case Name:
		if s := spell(e.Text); e.Bar {
			b.WriteString(bar(s))
		} else {
			b.WriteString(s)
		}
		b.WriteString(lower(e.Sub))
		if e.Args != nil {
			list("[", "]")
		}
	case Call:
		e.prettyCall(b, list)
	default:
		e.prettyOperator(b)
	}
}

func (e *Expr) prettyCall(b *strings.Builder, list func(open, end string)) {
	pair, fenced := fences[e.Text]
	switch one := len(e.Args) == 1 && e.Sub == ""; {
	case one && e.Text == "sqrt":
		b.WriteString("√")
		e.Args[0].pretty(b, bindAtom)
	case one && fenced:
		list(pair[0], pair[1])
	case one && e.Text == "inv":
		e.Args[0].pretty(b, bindAtom)
		b.WriteString(raise("-1"))
	case one && e.Text == "count":
		b.WriteString("n")
	case e.large():
		b.WriteString(map[string]string{"sum": "Σ", "prod": "Π"}[e.Text] + lower(e.Sub) + " ")
		e.Args[0].pretty(b, bindProduct)
	default:
		b.WriteString(e.Text + lower(e.Sub))
		list("(", ")")
	}
}

func (e *Expr) prettyOperator(b *strings.Builder) {
	switch e.Text {
	case ";":
		for i, a := range e.Args {
			if i > 0 {
				b.WriteString("; ")
			}
			a.pretty(b, bindEquation)
		}
	case Negative, "!":
		b.WriteString(map[string]string{Negative: "−", "!": "¬"}[e.Text])
		e.Args[0].pretty(b, e.binding()+1)
	case Transpose:
		e.Args[0].pretty(b, bindAtom)
		b.WriteString("ᵀ")
	case Adjoint:
		e.Args[0].pretty(b, bindAtom)
		b.WriteString("ᴴ")
	case Choice:
		for i, s := range []string{"", " ? ", " : "} {
			b.WriteString(s)
			e.Args[i].pretty(b, bindOr-min(i, 1))
		}
	case "^":
		e.Args[0].pretty(b, bindAtom)
		if s := e.Args[1].String(); strings.Trim(s, plain) == "" {
			b.WriteString(raise(s))
			return
		}
		b.WriteByte('^')
		e.Args[1].pretty(b, bindAtom)
	default:
		left, right := e.operands()
		if e.is("=") && e.Args[1].is("==") { // which is written alike
			right = bindSum
		}
		e.Args[0].pretty(b, left)
		switch s := between(e); {
		case e.is("/"), s == "·":
			b.WriteString(s)
		case s == "\u2062" && e.is("*"):
		case s == "\u2062":
			b.WriteString(" ")
		default:
			b.WriteString(" " + s + " ")
		}
		e.Args[1].pretty(b, right)
	}
}
