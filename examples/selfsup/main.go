// Command selfsup learns from images of digits without their labels, in two ways:
// SimCLR (Chen et al. 2020, arXiv:2002.05709) tells which two views are of one image,
// a masked autoencoder (He et al. 2021, arXiv:2111.06377) draws what is hidden. What
// they have learned shows in how little a linear layer then needs to read digits, and in
// how digits fall into groups by themselves.
//
// The digits are synthetic, or MNIST's by -data.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/examples/internal/digits"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// options are the flags of this example.
type options struct {
	data           string
	images, labels int
	epochs, drawn  int
	points, steps  int
	lr             float64
}

// A study is a run: its flags, its images and its folder.
type study struct {
	*command.Command
	options
	images   *data.Arrays // whose labels are not looked at
	labelled *data.Arrays
	test     *data.Arrays
	folder   *report.Folder
	losses   []chart.Layer
}

// A result is what was learned.
type result struct {
	Figures    []figure `json:"figures"`
	Supervised float64  `json:"supervised"`     // accuracy of the same network, trained on the few labels
	All        float64  `json:"supervised_all"` // and on the labels of all images
}

func main() {
	log.SetFlags(0)
	c := command.New("selfsup")
	var o options
	flag.StringVar(&o.data, "data", "", "`folder` with MNIST's four idx files; synthetic digits if empty")
	flag.IntVar(&o.images, "images", 6000, "images to learn from without labels")
	flag.IntVar(&o.labels, "labels", 100, "of these, those whose labels the probes may see")
	flag.IntVar(&o.epochs, "epochs", 20, "times to go through the images with SimCLR, and with all labels")
	flag.IntVar(&o.drawn, "drawn", 80, "times to go through them with the masked autoencoder, which needs more")
	flag.IntVar(&o.points, "points", 800, "images on a map")
	flag.IntVar(&o.steps, "steps", 500, "steps of t-SNE")
	flag.Float64Var(&o.lr, "lr", 1.5e-3, "learning rate at the start; it falls to 0 along a cosine")
	c.Parse()
	if err := run(c, o); err != nil {
		log.Fatal(err)
	}
}

func run(c *command.Command, o options) error {
	if o.labels < 10 || o.images < o.labels || o.epochs < 1 || o.drawn < 1 || o.points < 40 || o.steps < 1 {
		return fmt.Errorf("selfsup: -images %d -labels %d -epochs %d -drawn %d -points %d -steps %d: want at least 10 labels and as many images, an epoch of each, 40 points and a step",
			o.images, o.labels, o.epochs, o.drawn, o.points, o.steps)
	}
	s := &study{Command: c, options: o}
	if err := s.load(); err != nil {
		return err
	}
	var err error
	if s.folder, err = c.Folder(); err != nil {
		return err
	}
	r, err := s.learn()
	if err != nil {
		return err
	}
	if err := s.tell(r); err != nil {
		return err
	}
	return c.Finish(s.folder, r)
}

// load gets the images.
func (s *study) load() error {
	var err error
	if s.images, s.test, err = digits.Load(s.data, s.options.images, 2000, s.Seed); err != nil {
		return err
	}
	if s.data != "" {
		s.images, s.test = s.images.Shuffle(s.Seed).Rows(0, s.options.images), s.test.Rows(0, 2000)
	}
	s.labelled = s.images.Rows(0, s.labels)
	return nil
}

// learn trains both networks without labels and judges them beside those that have
// learned nothing.
func (s *study) learn() (r result, err error) {
	x, a, b := graph.Input("x", graph.Sym("n"), side, side), graph.Input("a", graph.Sym("n"), side, side), graph.Input("b", graph.Sym("n"), side, side)
	judge := func(name string, encode func(x *graph.Node) *graph.Node) {
		if err == nil {
			var f figure
			f, err = s.judge(name, encode)
			r.Figures = append(r.Figures, f)
			fmt.Fprintf(s.Out, "%-22s probe %.3f, NMI %.3f, purity %.3f\n", name, f.Probe, f.NMI, f.Purity)
		}
	}
	judge("pixels", pixels)

	c := newContrast()
	loss := c.Loss(a, b)
	nn.Init(c, s.Seed)
	judge("SimCLR's, untrained", c.Encode)
	if err == nil {
		err = s.fit("SimCLR", c, loss, s.epochs, 128, views(s.images, s.Seed), a, b)
	}
	judge("SimCLR", c.Encode)

	m := newMasked()
	loss = m.Loss(x)
	nn.Init(m, s.Seed)
	judge("autoencoder, untrained", m.Encode)
	if err == nil {
		err = s.fit("masked autoencoder", m, loss, s.drawn, 64, s.images, x)
	}
	judge("masked autoencoder", m.Encode)
	if err != nil {
		return r, err
	}
	if err := s.show(m); err != nil {
		return r, err
	}
	if err := s.draw("SimCLR", c.Encode); err != nil {
		return r, err
	}
	return r, s.supervise(&r)
}

// fit trains a network on what it makes of images alone.
func (s *study) fit(name string, model any, loss *graph.Node, epochs, batch int, set data.Dataset, inputs ...*graph.Node) error {
	steps := epochs * ((s.images.Len() + batch - 1) / batch)
	adam := optim.AdamW(s.lr, 0.01).Schedule(optim.WarmUp(max(1, steps/20), optim.Cosine(steps, 0)))
	trainer, err := train.Graph{Inputs: inputs, Loss: loss, Params: nn.Params(model), Optimizer: adam}.Compile()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%s:\n", name)
	h, err := trainer.Fit(context.Background(), set, train.Options{Epochs: epochs, Batch: batch, Seed: s.Seed, Progress: s.Out})
	if err != nil {
		return err
	}
	s.losses = append(s.losses, chart.Line{Name: name, Y: h.Values("loss")})
	return nil
}

// supervise trains SimCLR's network as usual, with few labels and with all.
func (s *study) supervise(r *result) (err error) {
	net := func() nn.Layer { return append(newContrast().Net, nn.Func(ops.ReLU), &nn.Dense{Out: 10}) }
	if r.Supervised, err = s.classify(net(), s.labelled, s.test, 100); err != nil {
		return err
	}
	r.All, err = s.classify(net(), s.images, s.test, s.epochs)
	return err
}

// tell writes the page and the last line.
func (s *study) tell(r result) error {
	var rows [][]string
	bars := chart.Bars{}
	for _, f := range r.Figures {
		rows = append(rows, []string{f.Name, fmt.Sprintf("%.3f", f.Probe), fmt.Sprintf("%.3f", f.NMI), fmt.Sprintf("%.3f", f.Purity)})
		bars.Names, bars.Values = append(bars.Names, f.Name), append(bars.Values, f.Probe)
	}
	few := fmt.Sprintf("supervised, %d labels", s.labels)
	bars.Names, bars.Values = append(bars.Names, few, "supervised, all labels"), append(bars.Values, r.Supervised, r.All)
	fmt.Fprintf(s.Out, "%-22s %.3f with %d labels, %.3f with %d\n", "supervised", r.Supervised, s.labels, r.All, s.images.Len())
	s.folder.Section("Figures", fmt.Sprintf("Accuracy of a linear layer on each kind of vectors, trained on %d labels, and how ten k-means groups agree with the digits.", s.labels))
	s.folder.Table([]string{"vectors", "probe", "NMI", "purity"}, rows)
	if err := s.folder.Chart("probes", &chart.Chart{Title: fmt.Sprintf("test accuracy, %d labels", s.labels), Layers: []chart.Layer{bars}}); err != nil {
		return err
	}
	return s.folder.Chart("losses", &chart.Chart{Title: "loss without labels", X: "epoch", LogY: true, Layers: s.losses})
}
