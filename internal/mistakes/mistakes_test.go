package mistakes_test

import (
	"context"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

type node = graph.Node

var batch = graph.Sym("batch")

func vec(v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))
}

func mat(rows, columns int) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(make([]float32, rows*columns)))
}

func labels(v ...int64) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))
}

// compiled returns the error of compiling, and run that of running.
func compiled(out ...*node) error {
	_, err := graph.Compile(out...)
	return err
}

func run(out *node, feeds ...graph.Feed) error {
	p, err := graph.Compile(out)
	if err != nil {
		return err
	}
	_, err = p.RunContext(context.Background(), feeds...)
	return err
}

// minimized returns the error of making a step for a layer.
func minimized(loss func(y *node) *node) error {
	layer := &nn.Dense{Out: 1}
	y := loss(layer.Apply(graph.Input("x", batch, 4)))
	nn.Init(layer, 1)
	_, err := optim.Minimize(y, nn.Params(layer), optim.Adam(1e-3))
	return err
}

// mistakes are what people do, with the text they get after file and line. The
// line that is told must hold the marker "// here: name".
var mistakes = []struct {
	name string
	err  func() error
	want string
}{
	{"inner length", func() error {
		return compiled(ops.MatMul(graph.Input("x", batch, 784), graph.Input("w", 10, 8))) // here: inner length
	}, "matmul: cannot multiply x [batch 784] by w [10 8]: inner lengths 784 and 10 differ"},
	{"broadcast", func() error {
		return compiled(ops.Add(graph.Input("x", batch, 784), graph.Input("b", 783))) // here: broadcast
	}, "add: x [batch 784] and b [783] do not broadcast: axis -1 has lengths 784 and 783"},
	{"two symbols", func() error {
		return compiled(ops.Mul(graph.Input("x", batch), graph.Input("y", graph.Sym("rows")))) // here: two symbols
	}, "mul: x [batch] and y [rows] do not broadcast: axis -1 has lengths batch and rows"},
	{"axis out of range", func() error {
		return compiled(ops.Softmax(graph.Input("x", batch, 10), 2)) // here: axis out of range
	}, "softmax: axis 2 is outside of [batch 10], which has rank 2"},
	{"dtypes", func() error {
		return compiled(ops.Add(graph.Input("x", 3), graph.InputOf(graph.Float64, "y", 3))) // here: dtypes
	}, "add: x [3] and y f64[3] have different dtypes, f32 and f64: convert one with ops.Convert"},
	{"integers where floats belong", func() error {
		return compiled(ops.Exp(graph.InputOf(graph.Int64, "n", 3))) // here: integers where floats belong
	}, "exp: want floats, got n i64[3]: convert it with ops.Convert"},
	{"numbers where a condition belongs", func() error {
		x := graph.Input("x", 3)
		return compiled(ops.Where(x, x, x)) // here: numbers where a condition belongs
	}, "where: the condition x [3] is not Bool: compare it with something"},
	{"fractional scalar for integers", func() error {
		return compiled(ops.Mul(graph.InputOf(graph.Int64, "n", 3), graph.Scalar(0.5))) // here: fractional scalar for integers
	}, "mul: n i64[3] and the scalar 0.5 have different dtypes, i64 and f32: convert one with ops.Convert"},
	{"reshape", func() error {
		return compiled(ops.Reshape(graph.Input("x", batch, 28, 28), batch, 783)) // here: reshape
	}, "reshape: cannot reshape x [batch 28 28] to [batch 783]: 784*batch elements do not make 783*batch"},
	{"order of axes", func() error {
		return compiled(ops.Transpose(graph.Input("x", 2, 3, 4), 0, 2)) // here: order of axes
	}, "transpose: [0 2] is no order of the axes of x [2 3 4]: want each of 0 to 2 once"},
	{"concat", func() error {
		return compiled(ops.Concat(1, graph.Input("a", 2, 3), graph.Input("b", 4, 3))) // here: concat
	}, "concat: cannot join a [2 3] and b [4 3] along axis 1: the other axes differ"},
	{"rank", func() error {
		x := graph.Input("x", 1, 1, 1, 1, 1, 1, 1, 1)
		return compiled(ops.Expand(x, 0)) // here: rank
	}, "expand: cannot insert axes into x [1 1 1 1 1 1 1 1] at [0]"},
	{"unnamed free length", func() error {
		return compiled(graph.Input("x", -1, 784)) // here: unnamed free length
	}, "input x: shape [-1 784] has a negative or unknown length, or more than 8 axes; graph.Sym names a free length"},
	{"nil operand", func() error {
		return compiled(ops.Add(graph.Input("x"), nil)) // here: nil operand
	}, "add: operand 1 is nil"},
	{"loss of other shapes", func() error {
		return minimized(func(y *node) *node {
			return nn.MSE(y, graph.Input("y", batch)) // here: loss of other shapes
		})
	}, "mse: the predictions [batch 1] and the labels y [batch] have different shapes: give one the shape of the other with ops.Reshape"},
	{"labels of other shapes", func() error {
		return compiled(nn.CrossEntropy(graph.Input("logits", batch, 10), graph.InputOf(graph.Int64, "y", batch, 1))) // here: labels of other shapes
	}, "crossentropy: logits [batch 10] needs class numbers of shape [batch], got the labels y i64[batch 1]: give them that shape with ops.Reshape"},
	{"float labels", func() error {
		return compiled(nn.CrossEntropy(graph.Input("logits", batch, 10), graph.Input("y", batch))) // here: float labels
	}, "crossentropy: the labels y [batch] are neither class numbers of shape [batch] nor probabilities of the type of logits [batch 10]: use ops.Reshape and ops.Convert"},
	{"loss that is no scalar", func() error {
		return minimized(func(y *node) *node { return ops.Square(y) })
	}, "minimize: the loss f32[batch 1] is not a scalar: take its mean or its sum"},
	{"gradient of no scalar", func() error {
		x := graph.Input("x", 3)
		return compiled(autodiff.Grad(ops.Square(x), x)...) // here: gradient of no scalar
	}, "grad: want a scalar, got [3]: sum it, or use autodiff.VJP"},
	{"gradient for an integer", func() error {
		n := graph.InputOf(graph.Int64, "n", 3)
		return compiled(autodiff.Grad(ops.Sum(ops.Convert(n, graph.Float32)), n)...) // here: gradient for an integer
	}, "vjp: cannot differentiate with respect to n i64[3]: it is no float"},
	{"no initial values", func() error {
		layer := &nn.Dense{Out: 1}
		y := layer.Apply(graph.Input("x", batch, 4)) // here: no initial values
		nn.Params(layer)
		return compiled(y)
	}, "parameters W, B have no value: call nn.Init(model, seed) once the model has been applied"},
	{"layer without outputs", func() error {
		return compiled((&nn.Dense{Act: ops.ReLU}).Apply(graph.Input("x", batch, 4))) // here: layer without outputs
	}, "dense: Out is 0: want the number of outputs"},
	{"layer on a free length", func() error {
		return compiled((&nn.Dense{Out: 2}).Apply(graph.Input("x", batch, graph.Sym("features")))) // here: layer on a free length
	}, "dense: the last axis of x [batch features] must have a known length: it is the height of the weights"},
	{"layer for another input", func() error {
		layer := &nn.Dense{Out: 2}
		layer.Apply(graph.Input("x", batch, 4))
		return compiled(layer.Apply(graph.Input("x", batch, 5))) // here: layer for another input
	}, "dense: x [batch 5] needs weights f32[5 2], but the layer has W f32[4 2]: use another nn.Dense for another input"},
	{"dropout rate", func() error {
		return compiled((&nn.Dropout{Rate: 1}).Apply(graph.Input("x", batch, 4))) // here: dropout rate
	}, "dropout: rate 1 is outside of [0, 1): want the share of elements to drop"},
	{"learning rate", func() error {
		layer := &nn.Dense{Out: 1}
		loss := ops.Mean(layer.Apply(graph.Input("x", batch, 4)))
		nn.Init(layer, 1)
		_, err := optim.Minimize(loss, nn.Params(layer), optim.SGD(-1)) // here: learning rate
		return err
	}, "sgd: the learning rate is -1: want a number that is not negative"},
	{"parameters forgotten", func() error {
		_, err := optim.Minimize(ops.Mean(graph.Input("x", batch)), nil, optim.SGD(0.1)) // here: parameters forgotten
		return err
	}, "minimize: there are no parameters to train: pass those of the model, as in nn.Params(model)"},
	{"assigned value of another shape", func() error {
		w := &graph.Param{Label: "w", Type: graph.Type{Shape: graph.Of(3)}, Value: vec(1, 2, 3)}
		return compiled(graph.Assign(w, ops.Sum(w.Node()))) // here: assigned value of another shape
	}, "assign: cannot store [] in parameter w f32[3]"},
	{"unknown symbol", func() error {
		wide := graph.Of(graph.Sym("time"), 3)
		return compiled(ops.BroadcastTo(graph.Input("x", 3), wide)) // here: unknown symbol
	}, "broadcast: the length time is unknown: no input of this program has it as an axis"},
	{"input not fed", func() error {
		x := graph.Input("x", batch)
		y := graph.Input("y", batch) // here: input not fed
		return run(ops.Add(x, y), x.Is(vec(1)))
	}, "input y f32[batch] is not fed: pass its value to Run, as in x.Is(t)"},
	{"feed of another shape", func() error {
		x := graph.Input("x", batch, 784) // here: feed of another shape
		return run(ops.Sum(x), x.Is(mat(2, 783)))
	}, "input x f32[batch 784] is fed a tensor of shape [2 783]: axis 1 is 783, not 784"},
	{"feed of another rank", func() error {
		x := graph.Input("x", batch, 28, 28) // here: feed of another rank
		return run(ops.Sum(x), x.Is(mat(2, 784)))
	}, "input x f32[batch 28 28] is fed a tensor of shape [2 784]: it has rank 2, not 3"},
	{"feed of another dtype", func() error {
		x := graph.Input("x", 2) // here: feed of another dtype
		return run(ops.Sum(x), x.Is(tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{1, 2}))))
	}, "input x f32[2] is fed a tensor of dtype f64"},
	{"feeds that disagree", func() error {
		x := graph.Input("x", batch)
		y := graph.Input("y", batch) // here: feeds that disagree
		return run(ops.Add(x, y), x.Is(vec(1, 2, 3)), y.Is(vec(1, 2)))
	}, "input y f32[batch] is fed a tensor of shape [2]: batch is 2 here and 3 in another input"},
	{"fed twice", func() error {
		x := graph.Input("x", batch) // here: fed twice
		return run(ops.Sum(x), x.Is(vec(1)), x.Is(vec(2)))
	}, "input x is fed twice"},
	{"nil tensor", func() error {
		x := graph.Input("x", batch) // here: nil tensor
		return run(ops.Sum(x), x.Is(nil))
	}, "input x the tensor is nil"},
	{"NaN label", func() error {
		x, y := graph.Input("x", batch), graph.Input("y", batch)
		nan := vec(0, 0)
		nan.Float32s()[1] = float32(nan1())
		return run(nn.BinaryCrossEntropy(x, y), x.Is(vec(0, 0)), y.Is(nan)) // here: NaN label
	}, "checknan: label is NaN at [1]: look at the data"},
	{"label of no class", func() error {
		x, y := graph.Input("x", batch, 3), graph.InputOf(graph.Int64, "y", batch)
		loss := nn.CrossEntropy(x, y) // here: label of no class
		return run(loss, x.Is(mat(2, 3)), y.Is(labels(2, 3)))
	}, "checklabel: label 3, element 1 of the labels, is outside of the 3 classes: want 0 to 2"},
	{"index out of range", func() error {
		x, i := graph.Input("x", 5, 2), graph.InputOf(graph.Int64, "i", batch)
		rows := ops.Take(x, i, 0) // here: index out of range
		return run(rows, x.Is(mat(5, 2)), i.Is(labels(4, 5)))
	}, "take: index 5 is outside of an axis of length 5"},
}

func nan1() float64 { v, _ := strconv.ParseFloat("NaN", 64); return v }

var place = regexp.MustCompile(`^mistakes_test\.go:(\d+): (.*)$`)

// TestMistakes compares each mistake's line with its text, and the source line
// that it names with the one that made it.
func TestMistakes(t *testing.T) {
	source, err := os.ReadFile("mistakes_test.go")
	require.NoError(t, err)
	lines := strings.Split(string(source), "\n")
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			err := m.err()
			require.Error(t, err)
			got := place.FindStringSubmatch(err.Error())
			require.NotNil(t, got, "%q is not one line with a place", err)
			assert.Equal(t, m.want, got[2])
			n, err := strconv.Atoi(got[1])
			require.NoError(t, err)
			if strings.Contains(string(source), "// here: "+m.name+"\n") {
				assert.Contains(t, lines[n-1], "// here: "+m.name, "the line told is %d", n)
			}
		})
	}
	assert.GreaterOrEqual(t, len(mistakes), 25)
}

// TestSeveral makes four mistakes in one model: all are told, in the order they
// were made, and nothing that only follows from them.
func TestSeveral(t *testing.T) {
	x, y := graph.Input("x", batch, 784), graph.Input("y", batch, 1)
	model := nn.Sequential{
		&nn.Dense{Out: 10, Act: ops.ReLU},
		nn.Func(func(x *node) *node { return ops.MatMul(x, graph.Input("w", 11, 8)) }),
		&nn.Dense{Out: 1},
	}
	logits := model.Apply(x)
	side := ops.Sum(ops.Add(x, graph.Input("b", 783)))
	bad := ops.Reshape(y, batch, 2)
	loss := ops.Add(nn.BinaryCrossEntropy(logits, y), ops.Mul(side, ops.Mean(bad)))
	nn.Init(model, 1)
	_, err := optim.Minimize(loss, nn.Params(model), optim.Adam(1e-3).ClipNorm(1), autodiff.Grad(y, x)[0])
	require.Error(t, err)
	var texts []string
	for line := range strings.Lines(err.Error()) {
		_, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		texts = append(texts, text)
	}
	assert.Equal(t, []string{
		"matmul: cannot multiply [batch 10] by w [11 8]: inner lengths 10 and 11 differ",
		"add: x [batch 784] and b [783] do not broadcast: axis -1 has lengths 784 and 783",
		"reshape: cannot reshape y [batch 1] to [batch 2]: batch elements do not make 2*batch",
		"grad: want a scalar, got y [batch 1]: sum it, or use autodiff.VJP",
	}, texts)
}
