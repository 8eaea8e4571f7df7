package graph

import (
	"errors"
	"fmt"
	"hash/maphash"
	"reflect"
	"slices"

	"github.com/adjointml/adjoint/internal/ir"
)

// merge makes equal ops on equal operands one node.
func (c *compilation) merge() error {
	m := merger{seed: maphash.MakeSeed(), plain: map[reflect.Type]bool{}, known: ir.NewFinder(len(c.order)), nodes: make([]*Node, 0, len(c.order)), arrays: map[string]*Node{}}
	c.rewrite(m.merge)
	m.known.Done()
	return c.mergeUpdates()
}

// A merger knows the nodes met so far.
type merger struct {
	seed  maphash.Seed
	plain map[reflect.Type]bool // types of ops that can be compared, whatever they hold
	known ir.Finder
	nodes []*Node

	arrays map[string]*Node // short constants, by what they hold
}

// shortArray is how many elements a constant may have to be compared.
const shortArray = 1 << 12

// merge returns the first node that is equal to n, whose operands have been
// listed.
func (m *merger) merge(n *Node) *Node {
	if l, ok := n.op.(*literal); ok && l.value.n <= shortArray {
		return m.array(n, l)
	}
	if !m.comparable(n.op) {
		return n
	}
	hash := maphash.Comparable(m.seed, n.op)
	for _, x := range n.in {
		hash = ir.Mix(hash, x.id)
	}
	i, ok := m.known.Find(hash, func(i int) bool { return m.nodes[i].equal(n) })
	if ok {
		return m.nodes[i]
	}
	m.known.Add(hash, len(m.nodes))
	m.nodes = append(m.nodes, n)
	return n
}

// array returns the first constant with n's type and elements.
func (m *merger) array(n *Node, l *literal) *Node {
	k := n.typ.String() + string(l.value.bytes())
	if old := m.arrays[k]; old != nil {
		return old
	}
	m.arrays[k] = n
	return n
}

func (n *Node) equal(m *Node) bool {
	return slices.Equal(n.in, m.in) && *n.typ == *m.typ && n.op == m.op
}

// comparable reports whether op can be compared with others of its type.
func (m *merger) comparable(op Op) bool {
	t := reflect.TypeOf(op)
	plain, known := m.plain[t]
	if !known {
		plain = plainType(t)
		m.plain[t] = plain
	}
	return plain || reflect.ValueOf(op).Comparable()
}

// plainType reports whether all values of a type can be compared; where it
// holds an interface, that depends on the value.
func plainType(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return false
	case reflect.Array:
		return plainType(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !plainType(t.Field(i).Type) {
				return false
			}
		}
	}
	return t.Comparable()
}

// mergeUpdates reports parameters that would get two values.
func (c *compilation) mergeUpdates() error {
	var errs []error
	value := map[*Param]*Node{}
	kept := c.update[:0]
	for _, u := range c.update {
		switch old := value[u.p]; {
		case old == nil:
			value[u.p] = u.v
			kept = append(kept, u)
		case old != u.v:
			errs = append(errs, fmt.Errorf("%s: assign: parameter %s is assigned two values in one program, the other at %s", u.v.Pos(), u.p.Label, old.Pos()))
		}
	}
	c.update = kept
	return errors.Join(errs...)
}
