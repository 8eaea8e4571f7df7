package formula

import "math"

// Simplify returns a shorter formula of the same value: numbers are computed
// where the result is exact to read, equal terms and factors are collected, and
// what is multiplied by 0 or raised to 1 goes. It may lose a hole, as x/x does
// at 0, and where(c, 1, 0)*a becomes where(c, a, 0), which is 0 even where a is
// not a number.
func Simplify(e *Expr) *Expr { return simplify(e, map[*Expr]*Expr{}) }

func simplify(e *Expr, known map[*Expr]*Expr) *Expr {
	if s, ok := known[e]; ok {
		return s
	}
	s := e.with(func(a *Expr) *Expr { return simplify(a, known) })
	switch {
	case s.Kind == Call:
		s = simpleCall(s)
	case s.is("+"), s.is("-"), s.is(Negative):
		s = simpleSum(s)
	case s.is("*"), s.is("/"):
		s = product(s).expr()
	case s.is("^"):
		s = simplePower(s)
	case s.is(Choice):
		s = simpleWhere(s)
	case s.is(Transpose) && s.Args[0].is(Transpose):
		s = s.Args[0].Args[0]
	}
	known[e] = s
	return s
}

// simpleCall computes functions of numbers where the result is whole.
func simpleCall(e *Expr) *Expr {
	switch {
	case e.Sub == "" && e.Text == "where" && len(e.Args) == 3:
		return simpleWhere(e)
	case e.Reduction():
		return simpleReduction(e)
	case e.Check() != nil:
		return e
	}
	x := make([]float64, len(e.Args))
	for i, a := range e.Args {
		v, ok := a.number()
		if !ok {
			return e
		}
		x[i] = v
	}
	if v, err := e.call(x); err == nil && v == math.Trunc(v) && math.Abs(v) < 1e6 {
		return num(v)
	}
	return e
}

// simpleReduction counts what has the same number of elements, as count(-2*p) is
// count(p), and takes what is the same for all elements out of sums and means.
func simpleReduction(e *Expr) *Expr {
	a := e.Args[0]
	switch e.Text {
	case "count":
		for inner := onlyTensor(a); inner != nil; inner = onlyTensor(a) {
			a = inner
		}
		return call("count", a)
	case "sum", "mean":
		if a.is("-") && a.Args[1].Equal(call("mean", a.Args[0])) {
			return num(0)
		}
		t := product(a)
		outside, inside := term{number: t.number}, term{number: 1}
		for _, f := range t.factors {
			if reduced(f.base) {
				outside.factors = append(outside.factors, f)
			} else {
				inside.factors = append(inside.factors, f)
			}
		}
		if len(inside.factors) == 0 || t.number == 1 && len(outside.factors) == 0 {
			return e
		}
		outside.multiply(simpleReduction(call(e.Text, inside.expr())), 1)
		return outside.expr()
	}
	return e
}

// reduced reports whether e is one number, whatever shape its names have.
func reduced(e *Expr) bool {
	switch {
	case e.Kind == Number || e.constant() || e.Reduction():
		return true
	case e.Kind == Name:
		return false
	}
	if body, _ := e.Definition(); body != nil && reduced(body) {
		return true
	}
	for _, a := range e.Args {
		if !reduced(a) {
			return false
		}
	}
	return true
}

// onlyTensor returns the only argument of an operator or a function that is no
// number, if it is elementwise.
func onlyTensor(e *Expr) (only *Expr) {
	if e.Kind != Operator && (e.Kind != Call || e.Check() != nil || e.Reduction()) {
		return nil
	}
	if body, _ := e.Definition(); body != nil && !elementwise(body) || e.is("@") {
		return nil
	}
	for _, a := range e.Args {
		switch {
		case reduced(a) || only != nil && only.Equal(a):
		case only != nil:
			return nil
		default:
			only = a
		}
	}
	return only
}

func elementwise(e *Expr) bool {
	yes := true
	e.walk(func(a *Expr) bool {
		yes = yes && !a.Reduction()
		return yes
	})
	return yes
}

func simpleWhere(e *Expr) *Expr {
	c, a, b := e.Args[0], e.Args[1], e.Args[2]
	if v, ok := c.number(); ok {
		if v != 0 {
			return a
		}
		return b
	}
	if a.Equal(b) {
		return a
	}
	return e
}

func simplePower(e *Expr) *Expr {
	base, exponent := e.Args[0], e.Args[1]
	b, fixed := base.number()
	x, ok := exponent.number()
	switch {
	case ok && x == 0:
		return num(1)
	case ok && x == 1:
		return base
	case ok && fixed:
		if v := math.Pow(b, x); v == math.Trunc(v) && math.Abs(v) < 1e6 {
			return num(v)
		}
	case ok && base.is("^"):
		if y, ok := base.Args[1].number(); ok && x == math.Trunc(x) && y == math.Trunc(y) {
			return simplePower(op("^", base.Args[0], num(x*y)))
		}
	}
	return e
}

// A term is a number times a product of powers.
type term struct {
	number  float64
	factors []factor
}

type factor struct {
	base  *Expr
	power float64
}

// product collects the factors of e.
func product(e *Expr) *term {
	t := &term{number: 1}
	t.multiply(e, 1)
	return t
}

// multiply puts e to a power among the factors.
func (t *term) multiply(e *Expr, power float64) {
	whole := power == math.Trunc(power)
	if v, ok := e.number(); ok {
		if p := math.Pow(v, power); (whole || p == math.Trunc(p)) && !math.IsInf(p, 0) {
			t.number *= p
			return
		}
	}
	switch {
	case e.is(Negative) && whole:
		t.number *= math.Pow(-1, power)
		t.multiply(e.Args[0], power)
	case e.is("*") && whole:
		t.multiply(e.Args[0], power)
		t.multiply(e.Args[1], power)
	case e.is("/") && whole:
		t.multiply(e.Args[0], power)
		t.multiply(e.Args[1], -power)
	case e.is("^") && whole:
		x, ok := e.Args[1].number()
		if ok {
			t.multiply(e.Args[0], x*power)
			return
		}
		t.add(e, power)
	case e.Kind == Call && e.Text == "sqrt" && len(e.Args) == 1:
		t.add(e.Args[0], power/2)
	default:
		t.add(e, power)
	}
}

func (t *term) add(base *Expr, power float64) {
	for i, f := range t.factors {
		if f.base.Equal(base) {
			t.factors[i].power += power
			return
		}
	}
	t.factors = append(t.factors, factor{base, power})
}

// tidy drops factors that are 1 and joins abs(a)*sign(a) to a.
func (t *term) tidy() {
	for i := range t.factors {
		for j := range t.factors {
			a, s := &t.factors[i], &t.factors[j]
			if a.power >= 1 && s.power == 1 && a.base.Kind == Call && a.base.Text == "abs" && s.base.Kind == Call && s.base.Text == "sign" && a.base.Args[0].Equal(s.base.Args[0]) {
				a.power--
				s.base = a.base.Args[0]
			}
		}
	}
	kept := t.factors[:0]
	for _, f := range t.factors {
		if v, ok := f.base.number(); ok && f.power == math.Trunc(f.power) && (v != 0 || f.power > 0) {
			t.number *= math.Pow(v, f.power)
		} else if f.power != 0 {
			kept = append(kept, f)
		}
	}
	t.factors = kept
}

// expr writes the term: the number first, or below if it is 1 over another.
func (t *term) expr() *Expr {
	t.tidy()
	if t.number == 0 || len(t.factors) == 0 {
		return num(t.number)
	}
	if e := t.chosen(); e != nil {
		return e
	}
	var above, below *Expr
	v := math.Abs(t.number)
	if below1 := 1 / v; v != math.Trunc(v) && below1 == math.Trunc(below1) {
		below = num(below1)
	} else if v != 1 {
		above = num(v)
	}
	for _, f := range t.factors {
		base, side := f.base, &above
		if f.power < 0 {
			side = &below
		}
		if p := math.Abs(f.power); p == 0.5 {
			base = call("sqrt", base)
		} else if p != 1 {
			base = op("^", base, num(p))
		}
		*side = times(*side, base)
	}
	e := above
	if e == nil {
		e = num(1)
	}
	if below != nil {
		e = op("/", e, below)
	}
	if t.number < 0 {
		e = op(Negative, e)
	}
	return e
}

func times(a, b *Expr) *Expr {
	if a == nil {
		return b
	}
	return op("*", a, b)
}

// chosen draws the other factors into where(c, a, 0); nil if there is none.
func (t *term) chosen() *Expr {
	for i, f := range t.factors {
		w := f.base
		if w.Kind != Call || w.Text != "where" || len(w.Args) != 3 || f.power != 1 || len(t.factors) == 1 && t.number == 1 {
			continue
		}
		first, second := w.Args[1].zero(), w.Args[2].zero()
		if !first && !second {
			continue
		}
		rest := term{number: t.number, factors: append(append([]factor{}, t.factors[:i]...), t.factors[i+1:]...)}
		if first {
			rest.multiply(w.Args[2], 1)
			return call("where", w.Args[0], num(0), rest.expr())
		}
		rest.multiply(w.Args[1], 1)
		return call("where", w.Args[0], rest.expr(), num(0))
	}
	return nil
}

func (e *Expr) zero() bool { return e.Kind == Number && e.Value == 0 }

// simpleSum collects equal terms, in the order of their appearance.
func simpleSum(e *Expr) *Expr {
	var rests []*Expr
	var numbers []float64
	var collect func(e *Expr, sign float64)
	collect = func(e *Expr, sign float64) {
		switch {
		case e.is("+"):
			collect(e.Args[0], sign)
			collect(e.Args[1], sign)
			return
		case e.is("-"):
			collect(e.Args[0], sign)
			collect(e.Args[1], -sign)
			return
		case e.is(Negative):
			collect(e.Args[0], -sign)
			return
		}
		t := product(e)
		v := t.number * sign
		t.number = 1
		rest := t.expr()
		for i, r := range rests {
			if r.Equal(rest) {
				numbers[i] += v
				return
			}
		}
		rests, numbers = append(rests, rest), append(numbers, v)
	}
	collect(e, 1)
	rests, numbers = joinWheres(rests, numbers)
	var sum *Expr
	for i, rest := range rests {
		t := product(rest)
		t.number *= math.Abs(numbers[i])
		part := t.expr()
		switch {
		case numbers[i] == 0:
		case sum == nil && numbers[i] < 0:
			sum = op(Negative, part)
		case sum == nil:
			sum = part
		case numbers[i] < 0:
			sum = op("-", sum, part)
		default:
			sum = op("+", sum, part)
		}
	}
	if sum == nil {
		return num(0)
	}
	return sum
}

// joinWheres adds terms that are chosen by one condition: where(c, a, 0) and
// where(c, 0, b) are where(c, a, b).
func joinWheres(terms []*Expr, numbers []float64) ([]*Expr, []float64) {
	for i, a := range terms {
		for j := i + 1; j < len(terms); j++ {
			b := terms[j]
			if a.Text != "where" || b.Text != "where" || len(a.Args) != 3 || len(b.Args) != 3 || !a.Args[0].Equal(b.Args[0]) {
				continue
			}
			one := simpleSum(op("+", op("*", num(numbers[i]), a.Args[1]), op("*", num(numbers[j]), b.Args[1])))
			two := simpleSum(op("+", op("*", num(numbers[i]), a.Args[2]), op("*", num(numbers[j]), b.Args[2])))
			terms[i], numbers[i] = simpleWhere(call("where", a.Args[0], one, two)), 1
			return joinWheres(append(terms[:j], terms[j+1:]...), append(numbers[:j], numbers[j+1:]...))
		}
	}
	return terms, numbers
}
