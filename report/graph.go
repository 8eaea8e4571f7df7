package report

import (
	"bytes"
	"fmt"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/viz"
)

// Graph writes a picture of what the nodes are computed from to the file, of which
// the name gains .svg, and adds it to the section; [viz.Picture] says how it is drawn.
func (f *Folder) Graph(file string, p viz.Picture, y ...*graph.Node) error {
	var b bytes.Buffer
	if err := p.SVG(&b, y...); err != nil {
		return fmt.Errorf("report: %s: %w", file, err)
	}
	text := "a graph of operations"
	if p.Title != "" {
		text = p.Title
	}
	return f.SVG(file, text, b.Bytes())
}

// network returns the nodes of the smallest program that a trainer has: what
// predicts, or else what evaluates, or else the step.
func network(t *train.Trainer) []*graph.Node {
	for _, p := range []*graph.Program{t.Prediction, t.Evaluation, t.Step} {
		if p != nil {
			return p.Nodes()
		}
	}
	return nil
}
