package graph

import (
	"reflect"
	"slices"
)

// share makes loops that compute the same one, so that merging finds their
// results equal: gradients that were asked for twice.
func share(all []*special) {
	for i, s := range all {
		for _, t := range all[:i] {
			if s.same(t) {
				s.loop = t.loop
				break
			}
		}
	}
}

// same reports whether two loops have equal bodies and are wanted for the same.
func (s *special) same(t *special) bool {
	l, m := s.loop, t.loop
	if l.Kind != m.Kind || l.Carries != m.Carries || l.Slices != m.Slices || l.Length != m.Length || l.Limit != m.Limit || l.Reverse != m.Reverse || l.Again != m.Again ||
		len(l.Args) != len(m.Args) || len(l.order) != len(m.order) || len(s.store) > 0 || len(t.store) > 0 || len(s.free) > 0 || len(t.free) > 0 ||
		!slices.Equal(s.now, t.now) || !slices.Equal(s.kept, t.kept) {
		return false
	}
	twin := map[*Node]*Node{nil: nil}
	for i, a := range l.Args {
		if *a.typ != *m.Args[i].typ {
			return false
		}
		twin[a] = m.Args[i]
	}
	pairs := func(a, b []*Node) bool {
		return slices.EqualFunc(a, b, func(x, y *Node) bool { return twin[x] == y })
	}
	for i, a := range l.order {
		b := m.order[i]
		if *a.typ != *b.typ || !reflect.ValueOf(a.op).Comparable() || !reflect.ValueOf(b.op).Comparable() || a.op != b.op || !pairs(a.in, b.in) {
			return false
		}
		twin[a] = b
	}
	return pairs(l.Next, m.Next) && pairs(l.Else, m.Else) && twin[l.Test] == m.Test && pairs(l.each, m.each)
}
