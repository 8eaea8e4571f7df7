package train

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/internal/ir"
)

// Finite is x; a run fails with a [NotFinite], before it changes any parameter, if
// x holds a NaN or an infinity. Its gradient is that of x.
//
//	x [...] -> [...]
func Finite(x *graph.Node) *graph.Node { return graph.Apply(finite{}, x) }

type finite struct{}

func (finite) Name() string { return "finite" }
func (finite) Doc() graph.Doc {
	return graph.Doc{Text: "The value as it is; the step fails, before anything is learned from it, where it is no finite number.", Formula: "y = x", Gradient: "x̄ = ȳ"}
}
func (finite) Infer(in ...graph.Type) (graph.Type, error) {
	if !in[0].DType.Float() {
		return graph.Type{}, fmt.Errorf("{0} is no float: integers are always finite")
	}
	return in[0], nil
}
func (finite) Eval(out graph.Tensor, in ...graph.Tensor) {
	for i := range in[0].Len() {
		if v := in[0].At(i); !isFinite(v) {
			panic(&NotFinite{Value: v})
		}
	}
	out.Copy(in[0])
}
func (finite) Lower(b *ir.Builder, _ ir.Type, x ...ir.Ref) (ir.Ref, bool) {
	if len(x[0].Dims) > 0 {
		return ir.Ref{}, false
	}
	return b.Finite(x[0]), true
}
func (finite) VJP(_, ct *graph.Node, _ ...*graph.Node) []*graph.Node { return []*graph.Node{ct} }

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// A NotFinite says that training met a NaN or an infinity, and where it came from.
type NotFinite struct {
	Value float64     // what was met: NaN or an infinity
	Step  int         // the step of the training, from 1; 0 outside of [Trainer.Fit]
	Node  *graph.Node // the first that has such a value while its operands have none; nil if it was not looked for
	Index []int       // of the first such element
	From  []string    // the operands with their ranges
}

// Error names the step, the op, its line and its operands.
func (e *NotFinite) Error() string {
	if e.Node == nil {
		return fmt.Sprintf("the value is %v", e.Value)
	}
	s := fmt.Sprintf("train: the loss is %v in step %d: %s: %v is so first, at %v", e.Value, e.Step, e.Node.Pos(), e.Node, e.Index)
	if len(e.From) > 0 {
		s += ", from " + strings.Join(e.From, " and ")
	}
	return s
}

// trace runs what the step has checked once more, op by op, and fills in the first
// node that made the value.
func (e *NotFinite) trace(ctx context.Context, p *graph.Program, feeds []graph.Feed) error {
	var nodes []*graph.Node
	for _, n := range p.Nodes() {
		if _, ok := n.Op().(finite); ok {
			nodes = append(nodes, graph.Topo(n.In()[0])...)
		}
	}
	if len(nodes) == 0 {
		return nil
	}
	all, err := graph.CompileTraining(nodes)
	if err != nil {
		return err
	}
	values, err := all.Reference().Eval(ctx, feeds...)
	if err != nil {
		return err
	}
	same := func(v float64) bool { return math.IsNaN(v) || !math.IsNaN(e.Value) && math.IsInf(v, 0) }
	for i, n := range nodes {
		if !n.DType().Float() {
			continue
		}
		for k := range values[i].Len() {
			if same(values[i].At(k)) {
				e.Node, e.Index = n, index(k, values[i].Shape)
				e.From = ranges(n, nodes, values)
				return nil
			}
		}
	}
	return nil
}

// index returns the place of element k.
func index(k int, shape []int) []int {
	at := make([]int, len(shape))
	for i := len(shape) - 1; i >= 0; i-- {
		at[i], k = k%shape[i], k/shape[i]
	}
	return at
}

// ranges describes the operands of n.
func ranges(n *graph.Node, nodes []*graph.Node, values []graph.Tensor) (list []string) {
	for _, x := range n.In() {
		for i, m := range nodes {
			if m != x || values[i].Len() == 0 {
				continue
			}
			lo, hi := math.Inf(1), math.Inf(-1)
			for k := range values[i].Len() {
				lo, hi = min(lo, values[i].At(k)), max(hi, values[i].At(k))
			}
			list = append(list, fmt.Sprintf("%v in [%.4g, %.4g]", m, lo, hi))
			break
		}
	}
	return list
}
