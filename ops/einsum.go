package ops

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// Einsum returns the sum of products that the formula describes by a letter for
// each axis, as in NumPy: "ij,jk->ik" is a matrix product, "ii->i" the
// diagonal, "bij->b" a sum. Without "->" the result has the letters that occur
// once, in alphabetical order. An ellipsis stands for axes without letters,
// which must be as many in each operand that has them.
//
// It is written from transposes, sums and [MatMul], the operands from left to
// right.
func Einsum(formula string, x ...*Node) *Node {
	if bad := broken("einsum", x...); bad != nil {
		return bad
	}
	e := einsum{lengths: map[rune]Dim{}}
	y, err := e.run(strings.ReplaceAll(formula, " ", ""), x)
	if err != nil {
		return graph.Fail("einsum", x, "%q: %v", formula, err)
	}
	return y
}

// an einsum in progress: the length of each letter.
type einsum struct{ lengths map[rune]Dim }

// A lettered value has a letter for each of its axes.
type lettered struct {
	x       *Node
	letters []rune
}

func (e *einsum) run(formula string, x []*Node) (*Node, error) {
	left, right, explicit := strings.Cut(formula, "->")
	parts := strings.Split(left, ",")
	if len(parts) != len(x) {
		return nil, fmt.Errorf("%d operands for %d terms", len(x), len(parts))
	}
	terms := make([]lettered, len(x))
	hidden := 0
	for i, p := range parts {
		letters, more, err := spell(p, x[i].Shape().Rank())
		if err != nil {
			return nil, fmt.Errorf("operand %d: %w", i, err)
		}
		hidden = max(hidden, more)
		terms[i] = lettered{x[i], letters}
		for ax, l := range letters {
			d := x[i].Shape().Dim(ax)
			if twin := x[i].Shape().Dim(slices.Index(letters, l)); twin != d { // a diagonal does not broadcast
				return nil, fmt.Errorf("%c has lengths %v and %v", l, twin, d)
			}
			if old, ok := e.lengths[l]; ok && old != d && old != 1 && d != 1 {
				return nil, fmt.Errorf("%c has lengths %v and %v", l, old, d)
			} else if !ok || old == 1 {
				e.lengths[l] = d
			}
		}
	}
	if !explicit {
		right = implied(left)
	}
	out, _, err := spell(right, len([]rune(strings.ReplaceAll(right, "...", "")))+hidden)
	if err != nil {
		return nil, fmt.Errorf("result: %w", err)
	}
	for i, l := range out {
		if _, ok := e.lengths[l]; !ok || slices.Contains(out[:i], l) {
			return nil, fmt.Errorf("letter %c of the result is unknown or occurs twice", l)
		}
	}
	for i := range terms {
		terms[i] = diagonals(terms[i])
	}
	y := terms[0]
	for i, t := range terms[1:] {
		keep := slices.Clone(out)
		for _, later := range terms[i+2:] {
			keep = append(keep, later.letters...)
		}
		if y, err = e.contract(y, t, keep); err != nil {
			return nil, err
		}
	}
	return order(sumOut(y, out), out), nil
}

// spell returns a letter for each axis of an operand; those that an ellipsis
// stands for get numbers as letters, counted from the last.
func spell(term string, rank int) (letters []rune, hidden int, err error) {
	before, after, ellipsis := strings.Cut(term, "...")
	for _, l := range before + after {
		if (l < 'a' || l > 'z') && (l < 'A' || l > 'Z') {
			return nil, 0, fmt.Errorf("%q is no letter", l)
		}
	}
	hidden = rank - len(before) - len(after)
	if hidden < 0 || hidden > 0 && !ellipsis {
		return nil, 0, fmt.Errorf("%q has %d letters for %d axes", term, len(before)+len(after), rank)
	}
	letters = []rune(before)
	for i := hidden; i > 0; i-- {
		letters = append(letters, rune(i))
	}
	return append(letters, []rune(after)...), hidden, nil
}

// implied returns the result of a formula without one.
func implied(left string) string {
	var out []rune
	for _, l := range left {
		if l != ',' && l != '.' && strings.Count(left, string(l)) == 1 {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	if strings.Contains(left, "...") {
		return "..." + string(out)
	}
	return string(out)
}

// diagonals makes letters that occur twice in a term one axis.
func diagonals(t lettered) lettered {
	for i := 0; i < len(t.letters); i++ {
		for j := len(t.letters) - 1; j > i; j-- {
			if t.letters[i] != t.letters[j] {
				continue
			}
			s := t.x.Shape()
			same := Equal(iota(graph.Int64, s, i), iota(graph.Int64, s, j))
			t.x = Sum(Where(same, t.x, num(0)), j)
			t.letters = slices.Delete(slices.Clone(t.letters), j, j+1)
		}
	}
	return t
}

// sumOut sums over the letters that are not in keep.
func sumOut(t lettered, keep []rune) lettered {
	var drop []int
	var left []rune
	for i, l := range t.letters {
		if slices.Contains(keep, l) {
			left = append(left, l)
		} else {
			drop = append(drop, i)
		}
	}
	if len(drop) == 0 {
		return t
	}
	return lettered{Sum(t.x, drop...), left}
}

// order transposes a value to the given letters, of which it may lack some.
func order(t lettered, want []rune) *Node {
	var perm, missing []int
	for i, l := range want {
		if at := slices.Index(t.letters, l); at >= 0 {
			perm = append(perm, at)
		} else {
			missing = append(missing, i)
		}
	}
	return Expand(permute(t.x, perm), missing...)
}

// contract multiplies two terms and sums over the letters not in keep, as a
// batched matrix product.
func (e *einsum) contract(a, b lettered, keep []rune) (lettered, error) {
	a, b = sumOut(a, append(slices.Clone(keep), b.letters...)), sumOut(b, append(slices.Clone(keep), a.letters...))
	var batch, left, inner, right []rune
	for _, l := range a.letters {
		switch {
		case !slices.Contains(b.letters, l):
			left = append(left, l)
		case slices.Contains(keep, l):
			batch = append(batch, l)
		default:
			inner = append(inner, l)
		}
	}
	for _, l := range b.letters {
		if !slices.Contains(a.letters, l) {
			right = append(right, l)
		}
	}
	all := slices.Concat(batch, left, right)
	if len(all) > graph.MaxRank {
		return lettered{}, fmt.Errorf("it needs a product with %d axes: at most %d", len(all), graph.MaxRank)
	}
	if len(inner) == 0 { // no sum: a product of elements
		return lettered{Mul(order(a, all), order(b, all)), all}, nil
	}
	z := MatMul(e.matrix(a, batch, left, inner), e.matrix(b, batch, inner, right))
	return lettered{Reshape(z, e.dims(all)...), all}, nil
}

// matrix returns a term as [batch rows columns], the letters of each group on
// one axis; without batch letters as [rows columns].
func (e *einsum) matrix(t lettered, batch, rows, columns []rune) *Node {
	all := slices.Concat(batch, rows, columns)
	x := BroadcastTo(order(t, all), graph.Of(e.dims(all)...))
	var dims []Dim
	if len(batch) > 0 {
		dims = append(dims, graph.Of(e.dims(batch)...).Size())
	}
	return Reshape(x, append(dims, graph.Of(e.dims(rows)...).Size(), graph.Of(e.dims(columns)...).Size())...)
}

func (e *einsum) dims(letters []rune) []Dim {
	dims := make([]Dim, len(letters))
	for i, l := range letters {
		dims[i] = e.lengths[l]
	}
	return dims
}
