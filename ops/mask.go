package ops

import "github.com/adjointml/adjoint/graph"

// MaskedFill returns x with the value where mask is true; all broadcast. It is
// [Where] in the order of PyTorch's arguments.
func MaskedFill(x, mask, value *Node) *Node { return Where(mask, value, x) }

// MaskedSelect returns the elements of x, in row-major order, where mask is
// true, which broadcasts against it; and their Int64 number. As shapes are known
// before values, the list is as long as x broadcast, with zeros at its end.
//
//	x [a b], mask [b] -> [a*b], []
func MaskedSelect(x, mask *Node) (values, count *Node) {
	if bad := broken("maskedselect", x, mask); bad != nil {
		return bad, bad
	}
	fail := func(format string, arg ...any) (values, count *Node) {
		bad := graph.Fail("maskedselect", []*Node{x, mask}, format, arg...)
		return bad, bad
	}
	if mask.DType() != graph.Bool {
		return fail("the mask {1} is not Bool: compare it with something")
	}
	s, err := graph.Broadcast(x.Shape(), mask.Shape())
	if err != nil {
		return fail("{0} and {1} do not broadcast: %v", err)
	}
	line, keep := Reshape(BroadcastTo(x, s), graph.Auto), Convert(Reshape(BroadcastTo(mask, s), graph.Auto), graph.Int32)
	order := ArgSort(keep, 0, true)
	listed := Greater(Take(keep, order, 0), num(0))
	zero := graph.ScalarOf(x.DType(), 0)
	return Where(listed, Take(line, order, 0), zero), Sum(Convert(keep, graph.Int64))
}
