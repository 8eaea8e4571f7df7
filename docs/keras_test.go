package docs_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
)

func Example_keras() {
	ctx := context.Background()
	X, y := randomRows().Column(0), randomRows().Column(1)

	model := &train.Model{
		Net: nn.Sequential{
			&nn.Dense{Out: 10, Act: ops.ReLU},
			&nn.Dense{Out: 8, Act: ops.ReLU},
			&nn.Dense{Out: 1},
		},
		Loss:      nn.BinaryCrossEntropy,
		Optimizer: optim.Adam(1e-3),
		Metrics:   []train.Metric{{Name: "accuracy", Of: nn.Accuracy}},
		Output:    ops.Sigmoid, // the loss takes logits, so the sigmoid is here
	}
	rows, err := data.Of(X, y)
	history, err := model.Fit(ctx, rows, train.Options{Epochs: 10, Batch: 32})
	predictions, err := model.Predict(ctx, rows, 32)

	if err != nil {
		log.Fatal(err)
	}
	first, last := history.Epochs[0].Train["loss"], history.Last().Train["loss"]
	fmt.Println("the loss fell:", last < first)
	fmt.Println(predictions.Shape())
	// Output:
	// the loss fell: true
	// (1000, 1)
}

func Example_kerasCallbacks() {
	rate := &train.Rate{}
	model := &train.Model{
		Net:       &nn.Dense{Out: 1},
		Loss:      nn.MSE,
		Optimizer: optim.SGD(0.2).Schedule(rate.Schedule),
	}
	rows, err := data.Of(column(-1, 0, 1, 2), column(1, 3, 5, 7)) // y = 2x + 3
	if err != nil {
		log.Fatal(err)
	}
	history, err := model.Fit(context.Background(), rows, train.Options{
		Epochs: 5000,
		Callbacks: []train.Callback{
			&train.ReduceOnPlateau{Watch: train.Watch{Figure: "loss"}, Rate: rate, Patience: 5, Factor: 0.5},
			&train.EarlyStopping{Watch: train.Watch{Figure: "loss"}, Patience: 20},
			train.OnEpoch(func(r *train.Run) error {
				if r.History.Last().Train["loss"] < 1e-6 {
					r.Stop("good enough")
				}
				return nil
			}),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(history.Stopped, history.Last().Train["loss"] < 1e-4)
	// Output:
	// good enough true
}

// TestKeras compares the page's code with what runs here.
func TestKeras(t *testing.T) {
	compareBlocks(t, "keras.md", "keras_test.go")
}
