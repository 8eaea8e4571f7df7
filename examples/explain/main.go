// Command explain audits two networks and writes what it finds as a report: one
// reads digits, the other tells the maker of a wine from its analysis.
//
// Where does the network look? What would have to differ for another answer? How
// sure may it be of itself? Where does it fail? What does it make of each feature?
// Each question is a function of package explain, which returns more graph.
package main

import (
	"flag"
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/graph"
)

// options are the flags beside those that all examples have.
type options struct {
	digits string // folder of MNIST
	images int
	epochs int
	model  string
	wine   string
	steps  int
}

// A finding is what the audit reports in numbers.
type finding struct {
	Accuracy         float64            `json:"accuracy"`
	OnStroke         map[string]float64 `json:"on_stroke"` // share of each map's weight that lies on or next to the ink
	Unlearned        map[string]float64 `json:"unlearned"` // each map's correlation with that of a random last layer
	Completeness     float64            `json:"completeness"`
	Flipped          float64            `json:"flipped"` // share of digits for which a counterfactual was found
	PixelsChanged    float64            `json:"pixels_changed"`
	Calibration      calibration        `json:"calibration"`
	Turned           float64            `json:"turned"` // accuracy on digits turned by 30 degrees more
	UnitError        float64            `json:"unit_error"`
	WineAccuracy     float64            `json:"wine_accuracy"`
	WineCalibration  calibration        `json:"wine_calibration"`
	Importance       map[string]float64 `json:"importance"`
	WineFlipped      float64            `json:"wine_flipped"`
	ShapleyRemainder float64            `json:"shapley_remainder"` // what the shares and the gain differ by, at most
}

func main() {
	log.SetFlags(0)
	var o options
	c := command.New("explain")
	flag.StringVar(&o.digits, "data", "", "`folder` with MNIST's four idx files; synthetic digits if empty")
	flag.IntVar(&o.images, "images", 4000, "synthetic digits to train on")
	flag.IntVar(&o.epochs, "epochs", 8, "times to go through the digits")
	flag.StringVar(&o.model, "model", "", "`file` of weights, such as runs/explain/model.safetensors, instead of training")
	flag.StringVar(&o.wine, "wine", "", "`file` of UCI wine: 13 numbers and the class in each line; synthetic wines if empty")
	flag.IntVar(&o.steps, "steps", 256, "of integrated gradients")
	c.Parse()
	if err := run(c, o); err != nil {
		log.Fatal(err)
	}
}

func run(c *command.Command, o options) error {
	if o.images < 100 || o.epochs < 1 || o.steps < 1 {
		return fmt.Errorf("-images %d -epochs %d -steps %d: want at least 100 images, and 1 of the others", o.images, o.epochs, o.steps)
	}
	wines, err := openCellar(o.wine, c.Seed) // before the digits, so that a mistake shows at once
	if err != nil {
		return err
	}
	ctx, stop := c.Context()
	defer stop()
	f, err := c.Folder()
	if err != nil {
		return err
	}
	var found finding
	a := &audit{Folder: f, out: c.Out, seed: c.Seed, finding: &found}
	if err := a.digits(ctx, o); err != nil {
		return err
	}
	if err := a.wines(ctx, wines); err != nil {
		return err
	}
	return c.Finish(f, found)
}

// ask compiles the nodes and runs them once.
func ask(feeds []graph.Feed, nodes ...*graph.Node) ([]*tensor.Dense, error) {
	p, err := graph.Compile(nodes...)
	if err != nil {
		return nil, err
	}
	return p.Run(feeds...)
}
