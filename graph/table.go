package graph

import "slices"

// A Table gives each node a value, the zero value until another one is set. It
// does what a map from nodes does, but nodes that were made one after the other
// lie side by side, so that most of them are found without hashing. The zero
// Table is ready to use.
type Table[V any] struct {
	pages map[uint64]*page[V]
	at    uint64 // which page is open
	open  *page[V]
}

// A page holds the values of nodes whose ids differ in the last bits.
const pageBits = 6

type page[V any] [1 << pageBits]V

// At returns where the value of n is.
func (t *Table[V]) At(n *Node) *V {
	if at := n.id >> pageBits; t.open == nil || at != t.at {
		t.turn(at)
	}
	return &t.open[n.id%(1<<pageBits)]
}

// turn opens a page.
func (t *Table[V]) turn(at uint64) {
	if t.pages == nil {
		t.pages = map[uint64]*page[V]{}
	}
	p := t.pages[at]
	if p == nil {
		p = new(page[V])
		t.pages[at] = p
	}
	t.at, t.open = at, p
}

// each visits all values of pages that were opened, by the age of their nodes.
func (t *Table[V]) each(visit func(v *V)) {
	numbers := make([]uint64, 0, len(t.pages))
	for at := range t.pages {
		numbers = append(numbers, at)
	}
	slices.Sort(numbers)
	for _, at := range numbers {
		p := t.pages[at]
		for i := range p {
			visit(&p[i])
		}
	}
}
