package graph

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A Dim is the length of one axis: a literal (>= 0), a symbol such as batch,
// or an expression of symbols such as 2*batch or (h-3)/2+1. Expressions are
// interned in a canonical form, so two dims are equal exactly when they are ==.
type Dim int

// Unknown is the length of an axis that does not exist. No op accepts it, so
// using it is an error of that op rather than a panic here.
const Unknown Dim = math.MinInt

// A term is a product of atoms with a factor; the atoms are ids in ascending
// order, one rune each.
type term struct {
	factor int
	atoms  string
}

// A poly is a sum of terms with distinct atoms, sorted: the canonical form of
// a dim. The number 0 is the empty sum.
type poly []term

// An atom is a symbol, or the floor of a quotient that does not come out even.
type atom struct {
	name     string // of a symbol
	num, den poly   // of a quotient
}

// Auto is the one length that Reshape is to find by itself.
const Auto Dim = -1

// interned holds all atoms and expressions ever made: Unknown+1+i is exprs[i],
// so that a length that was computed wrongly, a little below zero, is none.
var interned struct {
	sync.RWMutex
	atoms     []atom
	exprs     []poly
	symbols   [][]Dim // of the expressions, once they have been asked for
	atomIndex map[string]rune
	exprIndex map[string]Dim
}

// Sym returns the symbolic dim with the given name. Equal names are equal dims.
func Sym(name string) Dim {
	interned.Lock()
	defer interned.Unlock()
	return intern(poly{{1, string(internAtom("sym "+name, atom{name: name}))}})
}

// Symbolic reports whether d depends on a symbol.
func (d Dim) Symbolic() bool { return d > Unknown && d < Unknown/2 }

// Add returns d + e. A literal that an int cannot hold is [Unknown].
func (d Dim) Add(e Dim) Dim {
	return combine(d, e, func(a, b int) int { return a + b }, func(p, q poly) poly { return p.plus(q, 1) })
}

// Sub returns d - e. A literal below zero is [Unknown].
func (d Dim) Sub(e Dim) Dim {
	return combine(d, e, func(a, b int) int { return a - b }, func(p, q poly) poly { return p.plus(q, -1) })
}

// Mul returns d * e. A literal that an int cannot hold is [Unknown].
func (d Dim) Mul(e Dim) Dim {
	return combine(d, e, func(a, b int) int {
		if high, low := bits.Mul64(uint64(a), uint64(b)); high > 0 || low > math.MaxInt {
			return -1
		}
		return a * b
	}, poly.times)
}

// Div returns the floor of d / e. Division by the literal 0 is [Unknown].
func (d Dim) Div(e Dim) Dim {
	if e == 0 {
		return Unknown
	}
	return combine(d, e, func(a, b int) int { return a / b }, poly.over)
}

// valid reports whether d is a literal or symbolic.
func (d Dim) valid() bool { return d >= 0 || d.Symbolic() }

// combine applies an operation to literals directly and to the rest by its
// meaning on canonical forms.
func combine(d, e Dim, literal func(a, b int) int, symbolic func(p, q poly) poly) Dim {
	if !d.valid() || !e.valid() {
		return Unknown
	}
	if d >= 0 && e >= 0 {
		if v := literal(int(d), int(e)); v >= 0 {
			return Dim(v)
		}
		return Unknown
	}
	interned.Lock()
	defer interned.Unlock()
	return intern(symbolic(d.poly(), e.poly()))
}

// The functions from here to intern expect the lock to be held.

func (d Dim) poly() poly {
	switch {
	case d > 0:
		return poly{{int(d), ""}}
	case d == 0:
		return nil
	}
	return interned.exprs[d-Unknown-1]
}

func (p poly) plus(q poly, sign int) poly {
	sum := slices.Clone(p)
	for _, t := range q {
		i, ok := slices.BinarySearchFunc(sum, t.atoms, compareAtoms)
		if !ok {
			sum = slices.Insert(sum, i, term{0, t.atoms})
		}
		sum[i].factor += sign * t.factor
	}
	return slices.DeleteFunc(sum, func(t term) bool { return t.factor == 0 })
}

// compareAtoms puts longer products first and the plain number last.
func compareAtoms(t term, atoms string) int {
	if d := len([]rune(atoms)) - len([]rune(t.atoms)); d != 0 {
		return d
	}
	return strings.Compare(t.atoms, atoms)
}

func (p poly) times(q poly) (product poly) {
	for _, a := range p {
		for _, b := range q {
			atoms := []rune(a.atoms + b.atoms)
			slices.Sort(atoms)
			product = product.plus(poly{{a.factor * b.factor, string(atoms)}}, 1)
		}
	}
	return product
}

// over returns the floor of p / q: what divides evenly comes out of the floor,
// and nested floors by numbers become one.
func (p poly) over(q poly) poly {
	if len(q) == 1 && q[0].atoms == "" && q[0].factor > 0 {
		return p.overNumber(q[0].factor)
	}
	if quotient, ok := p.exactly(q); ok {
		return quotient
	}
	return quotientAtom(p, q)
}

func (p poly) overNumber(k int) poly {
	var whole, rest poly
	for _, t := range p {
		r := ((t.factor % k) + k) % k
		whole = whole.plus(poly{{(t.factor - r) / k, t.atoms}}, 1)
		if r != 0 {
			rest = rest.plus(poly{{r, t.atoms}}, 1)
		}
	}
	if len(rest) == 0 || rest[0].atoms == "" { // a number below k
		return whole
	}
	if rest[0].factor == 1 && (len(rest) == 1 || rest[1].atoms == "") { // floor((floor(n/m)+c)/k)
		if ids := []rune(rest[0].atoms); len(ids) == 1 {
			a := interned.atoms[ids[0]]
			if len(a.den) == 1 && a.den[0].atoms == "" {
				m := a.den[0].factor
				inner := a.num.plus(rest[1:].times(poly{{m, ""}}), 1)
				return whole.plus(inner.overNumber(m*k), 1)
			}
		}
	}
	return whole.plus(quotientAtom(rest, poly{{k, ""}}), 1)
}

// exactly divides p by q if it comes out even, leading terms first.
func (p poly) exactly(q poly) (quotient poly, ok bool) {
	for len(p) > 0 {
		lead, by := p[0], q[0]
		atoms, ok := without([]rune(lead.atoms), []rune(by.atoms))
		if !ok || by.factor == 0 || lead.factor%by.factor != 0 {
			return nil, false
		}
		t := poly{{lead.factor / by.factor, string(atoms)}}
		quotient = quotient.plus(t, 1)
		next := p.plus(t.times(q), -1)
		if len(next) >= len(p)+len(q) {
			return nil, false
		}
		p = next
	}
	return quotient, true
}

// without returns the product a without the factors b.
func without(a, b []rune) ([]rune, bool) {
	a = slices.Clone(a)
	for _, r := range b {
		i := slices.Index(a, r)
		if i < 0 {
			return nil, false
		}
		a = slices.Delete(a, i, i+1)
	}
	return a, true
}

func quotientAtom(num, den poly) poly {
	a := atom{num: num, den: den}
	return poly{{1, string(internAtom("div "+num.String()+" / "+den.String(), a))}}
}

func internAtom(key string, a atom) rune {
	if r, ok := interned.atomIndex[key]; ok {
		return r
	}
	if interned.atomIndex == nil {
		interned.atomIndex, interned.exprIndex = map[string]rune{}, map[string]Dim{}
	}
	r := rune(len(interned.atoms))
	interned.atoms = append(interned.atoms, a)
	interned.atomIndex[key] = r
	return r
}

func intern(p poly) Dim {
	if len(p) == 0 {
		return 0
	}
	if len(p) == 1 && p[0].atoms == "" {
		if p[0].factor < 0 {
			return Unknown
		}
		return Dim(p[0].factor)
	}
	key := p.String()
	d, ok := interned.exprIndex[key]
	if !ok {
		interned.exprs = append(interned.exprs, p)
		d = Unknown + Dim(len(interned.exprs))
		interned.exprIndex[key] = d
	}
	return d
}

// String returns d as a formula, such as "784", "2*batch" or "(h-3)/2+1".
func (d Dim) String() string {
	switch {
	case d == Unknown:
		return "?"
	case !d.Symbolic():
		return strconv.Itoa(int(d))
	}
	interned.RLock()
	defer interned.RUnlock()
	return d.poly().String()
}

func (p poly) String() string {
	if len(p) == 0 {
		return "0"
	}
	var b strings.Builder
	for i, t := range p {
		factor := t.factor
		switch {
		case factor < 0:
			b.WriteByte('-')
			factor = -factor
		case i > 0:
			b.WriteByte('+')
		}
		ids := []rune(t.atoms)
		if factor != 1 || len(ids) == 0 {
			b.WriteString(strconv.Itoa(factor))
		}
		for j, id := range ids {
			if j > 0 || factor != 1 {
				b.WriteByte('*')
			}
			text := interned.atoms[id].String()
			if interned.atoms[id].name == "" && (len(ids) > 1 || factor != 1) {
				text = "(" + text + ")" // q*(q/3) is not q*q/3
			}
			b.WriteString(text)
		}
	}
	return b.String()
}

func (a atom) String() string {
	if a.name != "" {
		return a.name
	}
	num, den := a.num.String(), a.den.String()
	if len(a.num) > 1 || strings.HasPrefix(num, "-") {
		num = "(" + num + ")"
	}
	if len(a.den) > 1 || strings.ContainsAny(den, "-*/") {
		den = "(" + den + ")"
	}
	return num + "/" + den
}

// Symbols returns the symbols that d depends on, in the order of their making.
func (d Dim) Symbols() []Dim { return slices.Clone(d.symbols()) }

// symbols is Symbols without a copy.
func (d Dim) symbols() []Dim {
	if !d.Symbolic() {
		return nil
	}
	i := int(d - Unknown - 1)
	interned.RLock()
	if i < len(interned.symbols) && interned.symbols[i] != nil {
		defer interned.RUnlock()
		return interned.symbols[i]
	}
	interned.RUnlock()
	interned.Lock()
	defer interned.Unlock()
	set := map[rune]bool{}
	d.poly().symbols(set)
	var list []Dim
	for r := range set {
		list = append(list, intern(poly{{1, string(r)}}))
	}
	slices.Sort(list)
	for len(interned.symbols) <= i {
		interned.symbols = append(interned.symbols, nil)
	}
	interned.symbols[i] = list
	return list
}

func (p poly) symbols(set map[rune]bool) {
	for _, t := range p {
		for _, r := range t.atoms {
			if a := interned.atoms[r]; a.name != "" {
				set[r] = true
			} else {
				a.num.symbols(set)
				a.den.symbols(set)
			}
		}
	}
}

// Value returns the number that d stands for when each symbol has the value
// that value returns for it.
func (d Dim) Value(value func(symbol Dim) int) (int, error) {
	if d >= 0 {
		return int(d), nil
	}
	if !d.valid() {
		return 0, fmt.Errorf("unknown length")
	}
	symbols := d.symbols()
	if len(symbols) == 1 && symbols[0] == d {
		return value(d), nil
	}
	env := map[rune]int{}
	for _, s := range symbols {
		interned.RLock()
		r := []rune(s.poly()[0].atoms)[0]
		interned.RUnlock()
		env[r] = value(s)
	}
	interned.RLock()
	defer interned.RUnlock()
	v, err := d.poly().value(env)
	if err == nil && v < 0 {
		err = fmt.Errorf("length %v is %d", d.poly(), v)
	}
	return v, err
}

func (p poly) value(env map[rune]int) (sum int, err error) {
	for _, t := range p {
		product := t.factor
		for _, r := range t.atoms {
			v, ok := env[r]
			if !ok {
				a := interned.atoms[r]
				num, err := a.num.value(env)
				if err != nil {
					return 0, err
				}
				den, err := a.den.value(env)
				if err != nil {
					return 0, err
				}
				if den == 0 {
					return 0, fmt.Errorf("division by zero in %v", p)
				}
				v = num / den
				if num%den != 0 && (num < 0) != (den < 0) {
					v--
				}
			}
			product *= v
		}
		sum += product
	}
	return sum, nil
}

// linear returns the symbol that d is a linear formula of, if it is: given d,
// it can be solved.
func (d Dim) linear() (symbol Dim, ok bool) {
	syms := d.symbols()
	if len(syms) != 1 {
		return 0, false
	}
	interned.RLock()
	defer interned.RUnlock()
	p := d.poly()
	return syms[0], p[0].atoms == syms[0].poly()[0].atoms && (len(p) == 1 || len(p) == 2 && p[1].atoms == "")
}

// solve returns the value of the symbol for which d, which is linear in it, is
// got; ok is false if there is none.
func (d Dim) solve(got int) (value int, ok bool) {
	interned.RLock()
	defer interned.RUnlock()
	p := d.poly()
	if len(p) == 2 {
		got -= p[1].factor
	}
	return got / p[0].factor, got%p[0].factor == 0 && got/p[0].factor >= 0
}
