package formula

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of what is read: a formula is something that a person reads.
const (
	maxLength = 4096 // bytes
	maxDepth  = 100  // of parentheses, powers and signs inside one another
	maxFloat  = math.MaxFloat64
)

// macron makes a bar over the letter before it.
const macron = '\u0304'

// barred are the letters that have their own sign with a bar.
var barred = map[rune]rune{
	'ā': 'a', 'ē': 'e', 'ī': 'i', 'ō': 'o', 'ū': 'u', 'ȳ': 'y', 'ḡ': 'g',
	'Ā': 'A', 'Ē': 'E', 'Ī': 'I', 'Ō': 'O', 'Ū': 'U', 'Ȳ': 'Y', 'Ḡ': 'G',
}

// Parse reads a formula. An error says the column, from 1 and in characters, and
// what to write instead.
func Parse(text string) (*Expr, error) {
	if len(text) > maxLength {
		return nil, fmt.Errorf("formula: %d bytes are too long: at most %d", len(text), maxLength)
	}
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("formula: the text is not UTF-8")
	}
	p := parser{text: []rune(text)}
	p.scan()
	e := p.list()
	if p.err == nil && p.token != "" {
		p.fail("unexpected %s: expected an operator or the end", p.token)
	}
	if p.err != nil {
		return nil, p.err
	}
	return e, nil
}

// A parser reads by recursive descent, a method for each level of binding. After
// a mistake there is no token left, so all methods end soon.
type parser struct {
	text  []rune
	at    int    // behind the token
	start int    // of the token
	token string // the current token, empty at the end
	depth int
	err   error
}

// signs are the tokens that are not names or numbers, longer ones first.
var signs = []string{"...", "==", "!=", "<=", ">=", "&&", "||", "=", "<", ">", "+", "-", "*", "/", "@", "^", "!", "?", ":", ";", ",", "(", ")", "[", "]", "_"}

// alike are signs of mathematics, and what they are here.
var alike = map[rune]string{'·': "*", '⋅': "*", '×': "*", '−': "-", '÷': "/", '≤': "<=", '≥': ">=", '≠': "!=", '…': "..."}

// scan reads the next token.
func (p *parser) scan() {
	for p.at < len(p.text) && unicode.IsSpace(p.text[p.at]) {
		p.at++
	}
	p.start, p.token = p.at, ""
	if p.at == len(p.text) || p.err != nil {
		return
	}
	r := p.text[p.at]
	if s, ok := alike[r]; ok {
		p.at++
		p.token = s
		return
	}
	switch {
	case unicode.IsLetter(r):
		p.word()
	case digit(r) || r == '.' && p.at+1 < len(p.text) && digit(p.text[p.at+1]):
		p.digits()
	default:
		rest := string(p.text[p.at:min(p.at+3, len(p.text))])
		for _, s := range signs {
			if strings.HasPrefix(rest, s) {
				p.at += len(s)
				p.token = s
				return
			}
		}
		p.fail("unexpected %q", r)
	}
}

// word reads letters, digits and the bar.
func (p *parser) word() {
	for p.at < len(p.text) {
		r := p.text[p.at]
		if !unicode.IsLetter(r) && !digit(r) && r != macron {
			break
		}
		p.at++
	}
	p.token = string(p.text[p.start:p.at])
}

// digits reads a number: 12, 0.5, .5, 1e-3.
func (p *parser) digits() {
	for p.at < len(p.text) {
		r := p.text[p.at]
		sign := (r == '+' || r == '-') && (p.text[p.at-1] == 'e' || p.text[p.at-1] == 'E')
		if !digit(r) && r != '.' && r != 'e' && r != 'E' && !(sign && p.at > p.start) {
			break
		}
		p.at++
	}
	p.token = string(p.text[p.start:p.at])
}

func digit(r rune) bool { return '0' <= r && r <= '9' }

// fail notes the first mistake, at the current token.
func (p *parser) fail(format string, a ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("formula: column %d: %s", p.start+1, fmt.Sprintf(format, a...))
	}
	p.token = ""
}

// accept takes the token if it is one of the given ones.
func (p *parser) accept(tokens ...string) (string, bool) {
	for _, t := range tokens {
		if p.token == t {
			p.scan()
			return t, true
		}
	}
	return "", false
}

func (p *parser) expect(token, why string) {
	if _, ok := p.accept(token); !ok && p.err == nil {
		if p.token == "" {
			p.fail("the formula ends here: expected %s %s", token, why)
			return
		}
		p.fail("unexpected %s: expected %s %s", p.token, token, why)
	}
}

// deeper counts levels, and fails where there are too many.
func (p *parser) deeper() bool {
	p.depth++
	if p.depth > maxDepth {
		p.fail("more than %d levels of parentheses, powers and signs: give parts names of their own", maxDepth)
	}
	return p.err == nil
}

// Where a mistake was found a method returns a number, never nil.
func nothing() *Expr { return &Expr{} }

func (p *parser) list() *Expr {
	e := p.equation()
	if p.token != ";" {
		return e
	}
	all := []*Expr{e}
	for {
		if _, ok := p.accept(";"); !ok {
			return op(";", all...)
		}
		all = append(all, p.equation())
	}
}

func (p *parser) equation() *Expr {
	e := p.choice()
	if _, ok := p.accept("="); ok {
		return op("=", e, p.choice())
	}
	return e
}

func (p *parser) choice() *Expr {
	if !p.deeper() {
		return nothing()
	}
	defer func() { p.depth-- }()
	c := p.chain(0)
	if _, ok := p.accept("?"); !ok {
		return c
	}
	a := p.choice()
	p.expect(":", "and what holds otherwise")
	return op(Choice, c, a, p.choice())
}

// binary are the levels of binary operators that group from the left.
var binary = [][]string{{"||"}, {"&&"}, {"==", "!=", "<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/", "@"}}

// Two of these levels have a rule of their own.
const (
	comparing = 2 // at most one of them
	adding    = 3 // a sign may stand before the first term
)

// chain reads operands of one level with the operators between.
func (p *parser) chain(level int) *Expr {
	if level == len(binary) {
		return p.signed()
	}
	var e *Expr
	if level == adding && p.token == "-" {
		p.scan()
		if !p.deeper() {
			return nothing()
		}
		e = op(Negative, p.chain(level+1))
		p.depth--
	} else {
		e = p.chain(level + 1)
	}
	for {
		o, ok := p.accept(binary[level]...)
		if !ok {
			return e
		}
		e = op(o, e, p.chain(level+1))
		if level == comparing {
			if o, ok := p.accept(binary[level]...); ok {
				p.fail("%s after another comparison: join two with &&", o)
			}
			return e
		}
	}
}

// signed reads a power with - or ! before it. A sign counts as two levels, as what it
// stands before may be printed in parentheses.
func (p *parser) signed() *Expr {
	o, ok := p.accept("-", "!")
	if !ok {
		return p.power()
	}
	p.depth++
	if !p.deeper() {
		return nothing()
	}
	defer func() { p.depth -= 2 }()
	if o == "-" {
		return op(Negative, p.signed())
	}
	return op("!", p.signed())
}

func (p *parser) power() *Expr {
	e := p.primary()
	for p.token == "^" {
		p.scan()
		switch p.token {
		case "T", "H":
			e = op("^"+p.token, e)
			p.scan()
			continue
		}
		if !p.deeper() {
			return nothing()
		}
		e = op("^", e, p.signed())
		p.depth--
		return e
	}
	return e
}

func (p *parser) primary() *Expr {
	t := p.token
	switch {
	case t == "" && p.err == nil:
		p.fail("the formula ends here: expected a number, a name or (")
	case t == "" || p.err != nil:
	case digit(rune(t[0])) || t[0] == '.' && t != "...":
		v, err := strconv.ParseFloat(t, 64)
		if err != nil {
			p.fail("%s is not a number: write it as 12, 0.5 or 1e-3", t)
			break
		}
		p.scan()
		return num(v)
	case t == "(":
		p.scan()
		e := p.choice()
		p.expect(")", "to close a parenthesis")
		return e
	case t == "...":
		p.scan()
		return name(t)
	case len(t) > 0 && unicode.IsLetter([]rune(t)[0]):
		return p.named()
	default:
		p.fail("unexpected %s: expected a number, a name or (", t)
	}
	return nothing()
}

// named reads a name, with indices or as a function of arguments.
func (p *parser) named() *Expr {
	e := &Expr{Kind: Name}
	e.Text, e.Bar = unbar(p.token)
	if strings.ContainsRune(e.Text, macron) {
		p.fail("the bar in %s is not at its end: a bar is over the last letter", p.token)
		return nothing()
	}
	p.scan()
	if p.token == "_" {
		p.scan()
		if !subscript(p.token) {
			p.fail("expected a subscript of letters or digits after _, as in x_i")
			return nothing()
		}
		e.Sub = p.token
		p.scan()
	}
	switch p.token {
	case "(":
		if e.Bar {
			p.fail("%s( calls a name with a bar: only functions are called", e)
			return nothing()
		}
		e.Kind = Call
		p.scan()
		e.Args = p.arguments(")")
	case "[":
		p.scan()
		e.Args = p.arguments("]")
	}
	return e
}

func subscript(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !digit(r) })
}

// unbar returns a name without the bar over its last letter.
func unbar(s string) (string, bool) {
	r := []rune(s)
	last := len(r) - 1
	if r[last] == macron {
		return string(r[:last]), true
	}
	if plain, ok := barred[r[last]]; ok {
		return string(r[:last]) + string(plain), true
	}
	return s, false
}

func (p *parser) arguments(end string) (all []*Expr) {
	if _, ok := p.accept(end); ok {
		return nil
	}
	for p.err == nil {
		all = append(all, p.choice())
		if _, ok := p.accept(","); !ok {
			p.expect(end, "or a comma after an argument")
			break
		}
	}
	return all
}
