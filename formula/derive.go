package formula

import "fmt"

// maxSize bounds the length of a derivative, in names, numbers and operators.
const maxSize = 5000

// Derive returns the derivative of e by a name, simplified; for an equation, of
// its right side. Names stand for tensors of one shape, of which the derivative
// is element by element: that of sum(e), if e has not reduced it already. So the
// derivative of mean(p^2) by p is 2*p/count(p). At jumps and corners it is what
// ops answer: 0 for sign and abs, half for ties of min and max. It fails for
// what [Expr.Eval] fails for, and where the result would be of more than 5,000
// parts.
func Derive(e *Expr, name string) (*Expr, error) {
	_, e = e.Sides()
	d := derivation{name: name, depends: map[*Expr]bool{}, result: num(0)}
	d.back(e, num(1))
	if !d.fits(d.result) {
		return nil, d.err
	}
	return Simplify(d.result), nil
}

// A derivation goes from the formula to its names, in reverse mode: each part
// hands its cotangent to its own parts, and what reaches the name is added up.
type derivation struct {
	name    string
	depends map[*Expr]bool // what is known of parts
	result  *Expr
	work    int // parts looked at, over all
	err     error
}

// fits reports whether e is short enough to go on with. Parts may be shared, so
// that what takes little memory may be long.
func (d *derivation) fits(e *Expr) bool {
	n := size(e, map[*Expr]int{})
	d.work += n
	if d.err == nil && (n > maxSize || d.work > 10*maxSize) {
		d.err = fmt.Errorf("formula: the derivative has more than %d parts: give parts names of their own", maxSize)
	}
	return d.err == nil
}

// back adds what e contributes, ct being its cotangent.
func (d *derivation) back(e, ct *Expr) {
	if d.err != nil || !d.dependsOn(e) {
		return
	}
	if e.Kind == Name {
		d.result = op("+", d.result, ct)
		return
	}
	if body, args := e.Definition(); body != nil {
		if e = Substitute(body, args, e.Args); d.fits(e) {
			d.back(e, ct)
		}
		return
	}
	if e.Reduction() {
		d.back(e.Args[0], reductionBack(e, ct))
		return
	}
	slopes, err := slopes(e)
	if err != nil {
		d.err = err
		return
	}
	for i, a := range e.Args {
		if !d.dependsOn(a) {
			continue
		}
		g := op("*", ct, slopes[i])
		if reduced(a) && !reduced(e) { // one number for all elements: it gets the sum
			g = d.sum(g, e)
		}
		d.back(a, g)
	}
}

// sum adds up a cotangent of e, one for each of its elements.
func (d *derivation) sum(ct, e *Expr) *Expr {
	if !d.fits(ct) {
		return ct
	}
	if ct = Simplify(ct); reduced(ct) { // the same for each
		return op("*", ct, call("count", e))
	}
	return call("sum", ct)
}

// dependsOn reports whether the name is in e.
func (d *derivation) dependsOn(e *Expr) bool {
	if e.Kind == Name {
		return e.String() == d.name
	}
	known, ok := d.depends[e]
	if !ok {
		for _, a := range e.Args {
			known = known || d.dependsOn(a)
		}
		d.depends[e] = known
	}
	return known
}

// reductionBack returns the cotangent of each element under a reduction.
func reductionBack(e, ct *Expr) *Expr {
	switch a := e.Args[0]; e.Text {
	case "mean":
		return op("/", ct, call("count", a))
	case "max", "min": // those that are equal share it
		chosen := call("where", op("==", a, e), num(1), num(0))
		return op("/", op("*", ct, chosen), call("sum", chosen))
	case "count":
		return num(0)
	}
	return ct
}

// slopes returns the derivatives of an operator or a function by its arguments.
func slopes(e *Expr) ([]*Expr, error) {
	if e.Kind == Call {
		if err := e.Check(); err != nil {
			return nil, err
		}
		var all []*Expr
		for _, text := range functions[e.Text].derivative {
			all = append(all, Substitute(own(text), []string{"a", "b", "c"}, e.Args))
		}
		return all, nil
	}
	zero, one := num(0), num(1)
	a, b := e.Args[0], e.Args[len(e.Args)-1]
	switch e.Text {
	case Negative:
		return []*Expr{num(-1)}, nil
	case "+":
		return []*Expr{one, one}, nil
	case "-":
		return []*Expr{one, num(-1)}, nil
	case "*":
		return []*Expr{b, a}, nil
	case "/":
		return []*Expr{op("/", one, b), op(Negative, op("/", a, op("^", b, num(2))))}, nil
	case "^":
		return []*Expr{op("*", b, op("^", a, op("-", b, one))), op("*", e, call("log", a))}, nil
	case Choice:
		return []*Expr{zero, call("where", a, one, zero), call("where", a, zero, one)}, nil
	case "<", "<=", ">", ">=", "==", "!=", "&&", "||", "!":
		return []*Expr{zero, zero}, nil
	}
	return nil, fmt.Errorf("formula: %s has no derivative here: %s is for matrices", e, e.Text)
}

// Substitute returns e with expressions in the place of plain names, all at once.
func Substitute(e *Expr, names []string, by []*Expr) *Expr {
	if e.Kind == Name {
		for i, n := range names {
			if e.Text == n && e.Sub == "" && !e.Bar && len(e.Args) == 0 && i < len(by) {
				return by[i]
			}
		}
		return e
	}
	return e.with(func(a *Expr) *Expr { return Substitute(a, names, by) })
}

// with returns e with its parts changed by f.
func (e *Expr) with(f func(*Expr) *Expr) *Expr {
	if len(e.Args) == 0 {
		return e
	}
	c := *e
	c.Args = make([]*Expr, len(e.Args))
	for i, a := range e.Args {
		c.Args[i] = f(a)
	}
	return &c
}

// size counts the parts of e, no further than a little above maxSize.
func size(e *Expr, known map[*Expr]int) int {
	n, ok := known[e]
	if !ok {
		n = 1
		for _, a := range e.Args {
			n = min(n+size(a, known), maxSize+1)
		}
		known[e] = n
	}
	return n
}
