// Package zoo holds known models, built from the layers of package nn. Each is a
// struct: its zero fields have the published values where there are such, and its
// layers are exported, so that a model can be changed before it is first applied.
package zoo

import "github.com/adjointml/adjoint/graph"

// broken returns a poisoned node if one of the operands does not exist, else nil.
func broken(name string, x ...*graph.Node) *graph.Node {
	for _, n := range x {
		if n.Err() != nil {
			return graph.Fail(name, x, "")
		}
	}
	return nil
}
