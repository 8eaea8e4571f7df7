package docs_test

import (
	"fmt"
	"log"
	"math"

	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func Example_readme() {
	xs, ys := randomRows().Column(0), randomRows().Column(1)

	batch := graph.Sym("batch")
	x, y := graph.Input("x", batch, 784), graph.Input("y", batch, 1)
	model := nn.Sequential{
		&nn.Dense{Out: 10, Act: ops.ReLU},
		&nn.Dense{Out: 8, Act: ops.ReLU},
		&nn.Dense{Out: 1},
	}
	logits := model.Apply(x)
	loss := nn.BinaryCrossEntropy(logits, y) // the sigmoid is in the loss
	nn.Init(model, 1)
	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(1e-3), nn.Accuracy(logits, y))
	// for each batch:
	out, err := step.Run(x.Is(xs), y.Is(ys)) // out[0] is the loss, out[1] the accuracy
	// then:
	predict, err := graph.Compile(ops.Sigmoid(logits))
	predictions, err := predict.Run(x.Is(xs))

	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(out), predictions[0].Shape())
	// Output:
	// 2 (1000, 1)
}

// cauchy is the mean of log(1 + (error/width)²), which hardly follows outliers.
func cauchy(pred, y *graph.Node, width float64) *graph.Node {
	e := ops.Scale(ops.Sub(pred, y), 1/width)
	return ops.Mean(ops.Log1p(ops.Square(e)))
}

// Snake returns x + sin²(ax)/a (Ziyin et al. 2020, arXiv:2006.08195).
func Snake(x *graph.Node, a float64) *graph.Node { return graph.Apply(snake{a}, x) }

type snake struct{ a float64 }

func (snake) Name() string                               { return "snake" }
func (snake) Infer(in ...graph.Type) (graph.Type, error) { return in[0], nil }
func (s snake) Eval(out graph.Tensor, in ...graph.Tensor) {
	for i := range out.Len() {
		x, sin := in[0].At(i), math.Sin(s.a*in[0].At(i))
		out.Set(i, x+sin*sin/s.a)
	}
}
func (s snake) VJP(_, ct *graph.Node, x ...*graph.Node) []*graph.Node {
	slope := ops.Add(ops.Sin(ops.Scale(x[0], 2*s.a)), graph.Scalar(1))
	return []*graph.Node{ops.Mul(ct, slope)}
}

// report is the part of *testing.T that the checker needs.
type report struct{ failures int }

func (r *report) Helper()               {}
func (r *report) Errorf(string, ...any) { r.failures++ }

func Example_custom() {
	t := &report{}
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return Snake(x[0], 2) }, gradtest.Of(3, 4))
	gradtest.Check(t, func(x ...*graph.Node) *graph.Node { return cauchy(x[0], x[1], 0.3) },
		gradtest.Of(3, 4), gradtest.Of(3, 4).In(2, 3))
	fmt.Println(t.failures)
	// Output:
	// 0
}
