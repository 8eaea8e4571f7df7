package formula

import (
	"html"
	"strings"
)

// MathML returns the formula as a math element of MathML Core, which browsers
// draw with their own fonts and without scripts, with the text of [Expr.String]
// for those who listen: fractions, roots, powers, sums with their index below,
// bars, indices as subscripts, and choices as lines behind a brace.
func (e *Expr) MathML() string {
	var m markup
	m.WriteString(`<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true" alttext="` + html.EscapeString(e.String()) + `">`)
	m.expr(e, 0)
	m.WriteString(`</math>`)
	return m.String()
}

type markup struct{ strings.Builder }

// open starts an element, and returns what ends it.
func (m *markup) open(element string) (end func()) {
	m.WriteString("<" + element + ">")
	return func() { m.WriteString("</" + element + ">") }
}

func (m *markup) sign(s string) { m.WriteString("<mo>" + html.EscapeString(s) + "</mo>") }

// fence writes what inside writes between two signs.
func (m *markup) fence(left, right string, inside func()) {
	defer m.open("mrow")()
	m.sign(left)
	inside()
	m.sign(right)
}

// expr writes e, in parentheses if it binds less tightly than the given level.
func (m *markup) expr(e *Expr, level int) {
	binding := e.binding()
	if e.is("/") && level < bindPower || e.is(Choice) {
		binding = bindAtom // a fraction or a brace holds itself together
	}
	if e.large() {
		binding = bindSign
	} else if e.Kind == Call && e.Text == "inv" {
		binding = bindPower
	}
	if binding < level {
		m.fence("(", ")", func() { m.expr(e, 0) })
		return
	}
	switch e.Kind {
	case Number:
		m.number(digits(e.Value))
	case Name:
		m.name(e)
	case Call:
		m.call(e)
	default:
		m.operator(e)
	}
}

// number writes 1e-05 as 1·10⁻⁵.
func (m *markup) number(s string) {
	mantissa, exponent, ok := strings.Cut(s, "e")
	if !ok {
		m.WriteString("<mn>" + s + "</mn>")
		return
	}
	exponent = strings.TrimLeft(strings.Replace(exponent, "-", "−", 1), "+")
	sign := ""
	if strings.HasPrefix(exponent, "−") {
		sign, exponent = "−", strings.TrimPrefix(exponent, "−")
	}
	defer m.open("mrow")()
	m.WriteString("<mn>" + mantissa + "</mn><mo>·</mo><msup><mn>10</mn><mn>" + sign + strings.TrimLeft(exponent, "0") + "</mn></msup>")
}

// spelled are names that have a sign of their own.
var spelled = map[string]string{
	"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
	"rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "psi": "ψ", "omega": "ω", "pi": "π", "inf": "∞", "...": "…",
}

func spell(s string) string {
	if sign, ok := spelled[s]; ok {
		return sign
	}
	return s
}

func (m *markup) word(s string) { m.WriteString("<mi>" + html.EscapeString(spell(s)) + "</mi>") }

func (m *markup) name(e *Expr) {
	letter := func() { m.word(e.Text) }
	if e.Bar {
		letter = func() {
			m.WriteString(`<mover accent="true">`)
			m.word(e.Text)
			m.WriteString("<mo>¯</mo></mover>")
		}
	}
	if e.Sub == "" && len(e.Args) == 0 {
		letter()
		return
	}
	defer m.open("msub")()
	letter()
	defer m.open("mrow")()
	if e.Sub != "" {
		m.word(e.Sub)
	}
	for i, a := range e.Args {
		if i > 0 || e.Sub != "" {
			m.sign(",")
		}
		m.expr(a, bindChoice)
	}
}

// fences are the functions that are written as a pair of signs.
var fences = map[string][2]string{"abs": {"|", "|"}, "norm": {"‖", "‖"}, "floor": {"⌊", "⌋"}, "ceil": {"⌈", "⌉"}}

// large are the functions that are written as an operator with their index below.
var large = map[string]string{"sum": "∑", "prod": "∏"}

// large reports whether e is written as a large operator before its argument.
func (e *Expr) large() bool { return e.Kind == Call && len(e.Args) == 1 && large[e.Text] != "" }

func (m *markup) call(e *Expr) {
	pair, fenced := fences[e.Text]
	switch one := len(e.Args) == 1 && e.Sub == ""; {
	case one && e.Text == "sqrt":
		defer m.open("msqrt")()
		m.expr(e.Args[0], 0)
	case one && fenced:
		m.fence(pair[0], pair[1], func() { m.expr(e.Args[0], 0) })
	case one && e.Text == "exp":
		defer m.open("msup")()
		m.word("e")
		m.row(e.Args[0], 0)
	case one && e.Text == "inv":
		defer m.open("msup")()
		m.expr(e.Args[0], bindAtom)
		m.WriteString("<mrow><mo>−</mo><mn>1</mn></mrow>")
	case one && e.Text == "count":
		m.word("n")
	case e.Text == "where" && len(e.Args) == 3:
		m.choice(e)
	default:
		m.function(e)
	}
}

// function writes f(a, b), and a large operator without parentheses around what
// binds as tightly as a product.
func (m *markup) function(e *Expr) {
	defer m.open("mrow")()
	sign, isLarge := large[e.Text]
	head := func() {
		if isLarge {
			m.sign(sign)
		} else {
			m.word(e.Text)
		}
	}
	if e.Sub == "" {
		head()
	} else {
		end := m.open("munder")
		head()
		m.indices(e.Sub)
		end()
	}
	if e.large() {
		m.expr(e.Args[0], bindProduct)
		return
	}
	m.sign("\u2061") // which says that a function is applied
	m.fence("(", ")", func() { m.list(e.Args) })
}

// indices writes ij as i, j.
func (m *markup) indices(s string) {
	if len(s) > 4 {
		m.word(s)
		return
	}
	defer m.open("mrow")()
	for i, r := range []rune(s) {
		if i > 0 {
			m.sign(",")
		}
		m.word(string(r))
	}
}

func (m *markup) list(all []*Expr) {
	for i, a := range all {
		if i > 0 {
			m.sign(",")
		}
		m.expr(a, bindChoice)
	}
}

func (m *markup) row(e *Expr, level int) {
	defer m.open("mrow")()
	m.expr(e, level)
}

// choice writes the lines of nested choices behind one brace.
func (m *markup) choice(e *Expr) {
	defer m.open("mrow")()
	m.sign("{")
	defer m.open("mtable")()
	line := func(value, condition *Expr) {
		defer m.open("mtr")()
		end := m.open("mtd")
		m.expr(value, bindChoice)
		end()
		defer m.open("mtd")()
		if condition == nil {
			m.WriteString("<mtext>otherwise</mtext>")
			return
		}
		m.WriteString("<mtext>if\u00a0</mtext>")
		m.expr(condition, bindOr)
	}
	for {
		line(e.Args[1], e.Args[0])
		otherwise := e.Args[2]
		if !otherwise.is(Choice) && (otherwise.Kind != Call || otherwise.Text != "where" || len(otherwise.Args) != 3) {
			line(otherwise, nil)
			return
		}
		e = otherwise
	}
}

// written are operators that mathematics writes in another way than the language.
var written = map[string]string{"-": "−", "<=": "≤", ">=": "≥", "==": "=", "!=": "≠", "&&": "∧", "||": "∨", "@": "\u2062"}

func (m *markup) operator(e *Expr) {
	switch e.Text {
	case "/":
		defer m.open("mfrac")()
		m.row(e.Args[0], 0)
		m.row(e.Args[1], 0)
	case "^":
		m.power(e)
	case Transpose, Adjoint:
		defer m.open("msup")()
		m.expr(e.Args[0], bindAtom)
		m.word(strings.TrimPrefix(e.Text, "^"))
	case Choice:
		m.choice(e)
	case Negative:
		defer m.open("mrow")()
		m.sign("−")
		m.expr(e.Args[0], bindProduct)
	case "!":
		defer m.open("mrow")()
		m.sign("¬")
		m.expr(e.Args[0], bindNot)
	case ";":
		m.several(e)
	default:
		defer m.open("mrow")()
		left, right := e.operands()
		if e.is("=") && e.Args[1].is("==") { // which is written alike
			right = bindSum
		}
		m.expr(e.Args[0], left)
		m.sign(between(e))
		m.expr(e.Args[1], right)
	}
}

// between returns the sign of a binary operator: none between a number and what
// is not one.
func between(e *Expr) string {
	if e.is("*") {
		first := e.Args[1]
		for first.Kind == Operator && first.binding() >= bindProduct && first.Text != "!" {
			first = first.Args[0]
		}
		if e.Args[0].Kind == Number && (first.Kind == Name || first.Kind == Operator || first.Text == "sqrt" || fences[first.Text][0] != "") {
			return "\u2062"
		}
		return "·"
	}
	if s, ok := written[e.Text]; ok {
		return s
	}
	return e.Text
}

func (m *markup) power(e *Expr) {
	if e.Args[1].Kind == Number && e.Args[1].Value == 0.5 {
		defer m.open("msqrt")()
		m.expr(e.Args[0], 0)
		return
	}
	defer m.open("msup")()
	base := e.Args[0]
	if base.Kind == Call && base.Text == "exp" && base.Sub == "" {
		m.fence("(", ")", func() { m.expr(base, 0) })
	} else {
		m.expr(base, bindAtom)
	}
	m.row(e.Args[1], 0)
}

func (m *markup) several(e *Expr) {
	defer m.open("mrow")()
	for i, a := range e.Args {
		if i > 0 {
			m.WriteString(`<mo separator="true">;</mo><mspace width="1em"/>`)
		}
		m.expr(a, bindEquation)
	}
}
