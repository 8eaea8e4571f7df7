package lessons_test

import (
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func Example_overfitting() {
	trainX, trainY := wave(16, 0.3, 1)
	testX, testY := wave(500, 0.3, 2)
	for _, r := range []remedy{
		{name: "none"},
		{name: "L1", penalty: func(p []*graph.Param) *graph.Node { return nn.L1(p, 1e-3) }},
		{name: "L2", penalty: func(p []*graph.Param) *graph.Node { return nn.L2(p, 1e-3) }},
		{name: "dropout", dropout: 0.2},
	} {
		x, y := graph.InputOf(graph.Float64, "x", graph.Sym("n"), 1), graph.InputOf(graph.Float64, "y", graph.Sym("n"), 1)
		model := nn.Sequential{
			&nn.Dense{Out: 50, Act: ops.Tanh}, &nn.Dropout{Rate: r.dropout},
			&nn.Dense{Out: 50, Act: ops.Tanh}, &nn.Dropout{Rate: r.dropout},
			&nn.Dense{Out: 1},
		}
		loss := nn.MSE(model.Apply(x), y)
		nn.Init(model, 1)
		params, total := nn.Params(model), loss
		if r.penalty != nil {
			total = ops.Add(loss, r.penalty(params))
		}
		step, err := optim.Minimize(total, params, optim.Adam(0.001))
		if err != nil {
			log.Fatal(err)
		}
		for range 4000 {
			if _, err := step.Run(x.Is(trainX), y.Is(trainY)); err != nil {
				log.Fatal(err)
			}
		}
		score, err := graph.Compile(loss)
		if err != nil {
			log.Fatal(err)
		}
		train, err := score.Run(x.Is(trainX), y.Is(trainY))
		if err != nil {
			log.Fatal(err)
		}
		test, err := score.Run(x.Is(testX), y.Is(testY))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-8s training %.2f, test %.2f\n", r.name, train[0].Data(), test[0].Data())
	}
	// Output:
	// none     training 0.00, test 0.19
	// L1       training 0.02, test 0.14
	// L2       training 0.04, test 0.12
	// dropout  training 0.09, test 0.12
}

// A remedy is what is done against overfitting.
type remedy struct {
	name    string
	penalty func([]*graph.Param) *graph.Node
	dropout float64
}

// wave draws n points of a sine with noise of a standard deviation.
func wave(n int, noise float64, seed uint64) (x, y *tensor.Dense) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	xs, ys := span(-3, 3, n), make([]float64, n)
	for i, v := range xs {
		ys[i] = math.Sin(v) + noise*rnd.NormFloat64()
	}
	return column(xs), column(ys)
}

// A fit is a network in training on the points of the lesson.
type fit struct {
	x, y, pred, loss *graph.Node
	step, score      *graph.Program
}

func newFit(penalty float64) (f fit, err error) {
	f.x, f.y = graph.InputOf(graph.Float64, "x", graph.Sym("n"), 1), graph.InputOf(graph.Float64, "y", graph.Sym("n"), 1)
	model := nn.Sequential{ // with places as in the lesson, on which the first weights depend
		&nn.Dense{Out: 50, Act: ops.Tanh}, &nn.Dropout{},
		&nn.Dense{Out: 50, Act: ops.Tanh}, &nn.Dropout{},
		&nn.Dense{Out: 1},
	}
	f.pred = model.Apply(f.x)
	f.loss = nn.MSE(f.pred, f.y)
	nn.Init(model, 1)
	total := ops.Add(f.loss, nn.L2(nn.Params(model), penalty))
	if f.step, err = optim.Minimize(total, nn.Params(model), optim.Adam(0.001)); err != nil {
		return f, err
	}
	f.score, err = graph.Compile(f.loss)
	return f, err
}

// train makes 4000 steps; at is called after each 40.
func (f fit) train(at func(i int) error) error {
	x, y := wave(16, 0.3, 1)
	for i := range 4000 {
		if _, err := f.step.Run(f.x.Is(x), f.y.Is(y)); err != nil {
			return err
		}
		if i%40 == 39 {
			if err := at(i + 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func drawOverfitting(w io.Writer) error {
	x, y := wave(16, 0.3, 1)
	at, sine := span(-3, 3, 241), make([]float64, 241)
	for i, v := range at {
		sine[i] = math.Sin(v)
	}
	layers := []chart.Layer{
		chart.Points{Name: "training points", X: x.Float64s(), Y: y.Float64s()},
		chart.Line{Name: "without remedy"}, chart.Line{Name: "L2"},
		chart.Line{Name: "the sine", X: at, Y: sine, Faint: true},
	}
	for i, penalty := range []float64{0, 1e-3} {
		f, err := newFit(penalty)
		if err != nil {
			return err
		}
		if err := f.train(func(int) error { return nil }); err != nil {
			return err
		}
		out, err := evaluate([]*graph.Node{f.pred}, f.x.Is(column(at)))
		if err != nil {
			return err
		}
		layers[1+i] = chart.Line{Name: []string{"without remedy", "L2"}[i], X: at, Y: out[0]}
	}
	return (&chart.Chart{Title: "16 points of a sine with noise", X: "x", Y: "y", Layers: layers}).SVG(w)
}

func drawOverfittingLoss(w io.Writer) error {
	trainX, trainY := wave(16, 0.3, 1)
	testX, testY := wave(500, 0.3, 2)
	var layers []chart.Layer
	for i, penalty := range []float64{0, 1e-3} {
		f, err := newFit(penalty)
		if err != nil {
			return err
		}
		var steps, train, test []float64
		err = f.train(func(step int) error {
			for k, feeds := range [][]graph.Feed{{f.x.Is(trainX), f.y.Is(trainY)}, {f.x.Is(testX), f.y.Is(testY)}} {
				out, err := f.score.Run(feeds...)
				if err != nil {
					return err
				}
				*[]*[]float64{&train, &test}[k] = append(*[]*[]float64{&train, &test}[k], out[0].Data().(float64))
			}
			steps = append(steps, float64(step))
			return nil
		})
		if err != nil {
			return err
		}
		name := []string{"without remedy", "L2"}[i]
		layers = append(layers, chart.Line{Name: name + ", training", X: steps, Y: train}, chart.Line{Name: name + ", test", X: steps, Y: test})
	}
	return (&chart.Chart{Title: "loss on points that are learned, and on others", X: "step", Y: "mean squared error", Layers: layers}).SVG(w)
}
