package cpu

import "github.com/adjointml/adjoint/internal/ir"

// masks lets u > 0 be asked of relu(u), of which it is as true, where u itself is
// made from values that nobody else reads: these need not be kept for the gradient
// then. Where they are read again in any case, as in batch norm, u is cheaper.
func (c *compiler) masks() {
	changed := false
	for _, v := range c.vals {
		if v.Kind != ir.Map || v.Op != ir.Less || v.in[0].v.Kind != ir.Const || v.in[0].v.Num != 0 || !v.in[1].plain {
			continue
		}
		u := v.in[1].v
		for _, w := range u.uses {
			if w.Kind == ir.Map && w.Op == ir.ReLU && w.id < v.id && w.Size() == u.Size() && w.in[0].plain && u.alone() {
				r := *v.in[1].Ref
				r.V = w.Value
				v.in[1] = newEdge(w, &r)
				changed = true
				break
			}
		}
	}
	if changed {
		c.link()
	}
}

// alone reports whether u is a function of elements whose operands of its own size
// are products and such, made for it only.
func (u *val) alone() bool {
	made := false
	chain, seen := []*val{u}, map[*val]bool{u: true}
	for i := 0; i < len(chain); i++ {
		if chain[i].Kind != ir.Map || len(chain) > 16 {
			return false
		}
		for _, e := range chain[i].in {
			o := e.v
			switch {
			case o.Size() != u.Size() || seen[o] || o.Kind == ir.Const || o.Kind == ir.Iota:
				continue
			case o.leaf() || o.out:
				return false
			}
			for _, x := range o.uses {
				if !seen[x] {
					return false
				}
			}
			seen[o] = true
			if o.Kind == ir.Map {
				chain = append(chain, o)
			} else {
				made = true
			}
		}
	}
	return made
}
