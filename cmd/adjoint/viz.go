package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/viz"
	"github.com/adjointml/adjoint/viz/live"
)

var vizCommand = command{
	name: "viz", arguments: "FILE|RUN", does: "show the graph of a network: in a page, or as a picture",
	help: `FILE is a description, RUN a folder that adjoint train left. Without -o a page is served to this
machine alone until it is interrupted: graph, curves of the run, training steps op by op.

  adjoint viz runs/iris
  adjoint viz -o iris.svg -gradient runs/iris     # or .png, .html, .dot, .txt`,
	define: func(f *flag.FlagSet) action {
		file := f.String("o", "", "`file` to write the picture to instead; its ending says what kind")
		gradient := f.Bool("gradient", false, "with the gradient beside it, in the picture")
		addr := f.String("addr", "", "loopback `address` and port to serve at (default a free port)")
		return func(ctx context.Context, t *tool, arguments []string) error {
			path, err := one(arguments, "a description or the folder of a run")
			if err != nil {
				return err
			}
			loss, run, err := lossOf(path)
			if err != nil {
				return err
			}
			if *file != "" {
				if err := draw(*file, viz.Picture{Title: filepath.Base(path), Gradient: *gradient}, loss); err != nil {
					return err
				}
				return t.print(map[string]string{"picture": *file}, "see "+*file+"\n")
			}
			o := live.Options{Addr: *addr, Graph: []*graph.Node{loss}}
			if run {
				o.Replay = []string{path}
			}
			s, err := live.Serve(o)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := t.print(map[string]string{"url": s.URL}, s.URL+"\n"); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		}
	},
}

// lossOf returns the loss of a network as a node, and whether it is that of a run.
func lossOf(path string) (loss *graph.Node, run bool, err error) {
	n, err := open(path)
	if err != nil {
		return nil, false, err
	}
	t, err := n.model.Build(nil) // built by open
	if err != nil {
		return nil, false, err
	}
	return t.Loss(), n.run, nil
}

// draw writes a picture of the kind that the file's ending says.
func draw(path string, p viz.Picture, loss *graph.Node) error {
	kinds := map[string]func(io.Writer, ...*graph.Node) error{".svg": p.SVG, ".png": p.PNG, ".html": p.HTML, ".dot": p.DOT, ".txt": p.Text}
	write, ok := kinds[filepath.Ext(path)]
	if !ok {
		return usage("-o %s: want a file that ends in one of %s", path, sorted(kinds))
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f, loss); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}
