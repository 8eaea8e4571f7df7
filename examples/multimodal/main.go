// Command multimodal learns from two kinds of data at once, in three ways: pictures
// and captions are put into one space (CLIP, Radford et al. 2021, arXiv:2103.00020); a
// picture and a row of a table together tell a price; and a captioner writes what it
// sees. The pictures are drawn at random: a shape of some colour and size at some place.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"slices"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// options are the flags of this example.
type options struct {
	part            string
	pictures, batch int
	epochs          int
	lr              float64
}

// A result is what the three parts have reached.
type result struct {
	Clip    *clipResult    `json:"clip,omitempty"`
	Prices  *priceResult   `json:"prices,omitempty"`
	Caption *captionResult `json:"captions,omitempty"`
}

func main() {
	log.SetFlags(0)
	c := command.New("multimodal")
	var o options
	flag.StringVar(&o.part, "part", "all", "`what` to learn: clip, prices, captions or all")
	flag.IntVar(&o.pictures, "pictures", 16_000, "pictures to learn from")
	flag.IntVar(&o.batch, "batch", 128, "pictures in a step")
	flag.IntVar(&o.epochs, "epochs", 10, "times to go through the pictures, in each part")
	flag.Float64Var(&o.lr, "lr", 2e-3, "learning rate at the start; it falls to 0 along a cosine")
	c.Parse()
	if err := run(c, o); err != nil {
		log.Fatal(err)
	}
}

func run(c *command.Command, o options) error {
	if o.pictures < 1 || o.batch < 2 || o.epochs < 1 {
		return fmt.Errorf("multimodal: -pictures %d -batch %d -epochs %d: want at least 1 picture, 2 in a step, and 1 epoch", o.pictures, o.batch, o.epochs)
	}
	if !slices.Contains([]string{"clip", "prices", "captions", "all"}, o.part) {
		return fmt.Errorf("multimodal: -part %q: want clip, prices, captions or all", o.part)
	}
	folder, err := c.Folder()
	if err != nil {
		return err
	}
	s := &study{Command: c, options: o, folder: folder}
	var r result
	if s.wants("clip") {
		if r.Clip, err = s.clip(); err != nil {
			return err
		}
		fmt.Fprintln(c.Out, r.Clip)
	}
	if s.wants("prices") {
		if r.Prices, err = s.prices(); err != nil {
			return err
		}
		fmt.Fprintln(c.Out, r.Prices)
	}
	if s.wants("captions") {
		if r.Caption, err = s.captions(); err != nil {
			return err
		}
		fmt.Fprintln(c.Out, r.Caption)
	}
	folder.Section("Training", "")
	if err := folder.Chart("losses", &chart.Chart{Title: "loss", X: "epoch", LogY: true, Layers: s.losses}); err != nil {
		return err
	}
	return c.Finish(folder, r)
}

// A study is a run: its flags, its folder and the losses of what was trained.
type study struct {
	*command.Command
	options
	folder *report.Folder
	losses []chart.Layer
}

func (s *study) wants(part string) bool { return s.part == part || s.part == "all" }

// fit trains a model on columns that its inputs are fed from.
func (s *study) fit(name string, model any, loss *graph.Node, inputs []*graph.Node, columns ...*tensor.Dense) error {
	set, err := data.Of(columns...)
	if err != nil {
		return err
	}
	nn.Init(model, s.Seed)
	steps := s.epochs * ((set.Len() + s.batch - 1) / s.batch)
	adam := optim.AdamW(s.lr, 0.1).Schedule(optim.Cosine(steps, 0))
	trainer, err := train.Graph{Inputs: inputs, Loss: loss, Params: nn.Params(model), Optimizer: adam}.Compile()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%s:\n", name)
	h, err := trainer.Fit(context.Background(), set, train.Options{Epochs: s.epochs, Batch: s.batch, Seed: s.Seed, Progress: s.Out})
	if err != nil {
		return err
	}
	s.losses = append(s.losses, chart.Line{Name: name, Y: h.Values("loss")})
	return nil
}
