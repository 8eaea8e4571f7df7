package viz

import (
	"fmt"

	"github.com/adjointml/adjoint/graph"
)

// A Kind is the sort of a box, which decides its colour.
type Kind uint8

// The kinds.
const (
	Elementwise Kind = iota
	Linear           // products and convolutions
	Reduce           // fewer elements than the operands have
	View             // the same elements in another order or shape
	Random           // draws random numbers
	Control          // results of loops and branches, and choices
	Input
	Param
	Const
	Loss     // a scalar that was asked for
	Folded   // a closed group
	Gradient // what the gradient rule of one op computes
	Update   // what an optimizer computes for one parameter
	Mistake  // a node that cannot exist
)

var kindNames = [...]string{"elementwise", "linear", "reduce", "view", "random", "control", "input", "param", "const", "loss", "folded", "gradient", "update", "mistake"}

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// MarshalText is [Kind.String], for JSON.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (k *Kind) UnmarshalText(b []byte) error {
	for i, name := range kindNames {
		if name == string(b) {
			*k = Kind(i)
			return nil
		}
	}
	return fmt.Errorf("viz: there is no kind %q", b)
}

// kinds tells the ops that are not elementwise by their names, which is all that
// is known of an op of another package.
var kinds = map[string]Kind{}

func init() {
	for k, names := range map[Kind][]string{
		Linear:  {"matmul", "conv", "convtranspose", "convweight", "solve", "triangularsolve", "cholesky", "eigh", "lu", "qr", "svd", "det", "logdet", "pinv", "fft", "rfft", "irfft"},
		Reduce:  {"sum", "max", "min", "prod", "any", "all", "argmax", "argmin", "mean", "avgpool", "maxpool", "pickpool"},
		View:    {"reshape", "transpose", "slice", "unslice", "broadcast", "flip", "concat", "pad", "take", "untake", "takealong", "untakealong", "part", "convert"},
		Random:  {"normal", "uniform", "bernoulli", "permutation"},
		Control: {"scan", "while", "cond", "recurrence", "intraining", "after", "later", "effects", "stopgradient", "assign", "arg"},
		Const:   {"count", "const", "zeros", "iota"},
	} {
		for _, name := range names {
			kinds[name] = k
		}
	}
}

// kindOf returns the kind of a node.
func kindOf(n *graph.Node) Kind {
	switch {
	case n.Err() != nil:
		return Mistake
	case isParam(n):
		return Param
	case isInput(n):
		return Input
	case len(n.In()) == 0 && n.Op().Name() != "arg":
		if k := kinds[n.Op().Name()]; k != Random {
			return Const
		}
	}
	return kinds[n.Op().Name()]
}

func isParam(n *graph.Node) bool { _, ok := n.Op().(*graph.Param); return ok }

func isInput(n *graph.Node) bool {
	const prefix = "input "
	name := n.Op().Name()
	return len(n.In()) == 0 && len(name) >= len(prefix) && name[:len(prefix)] == prefix
}
