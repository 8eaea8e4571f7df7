// Command multihead trains one network with three output layers, each with a
// softmax of its own: images show two synthetic digits beside each other, and the
// network says which is on the left, which is on the right, and which of the two
// is larger. The loss is the sum of the three cross-entropies.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// A model is a trunk that the heads share.
type model struct {
	Trunk nn.Sequential
	Heads []nn.Dense
}

// heads are the questions, with the number of answers to each.
var heads = []struct {
	name    string
	classes int
}{{"left", 10}, {"right", 10}, {"larger", 3}} // left, none, right

func main() {
	log.SetFlags(0)
	images := flag.Int("images", 10_000, "images to train on")
	epochs := flag.Int("epochs", 8, "times to go through them")
	flag.Parse()
	if err := run(*images, *epochs); err != nil {
		log.Fatal(err)
	}
}

func run(images, epochs int) error {
	m := &model{Trunk: nn.Sequential{
		&nn.Flatten{},
		&nn.Dense{Out: 256, Act: ops.ReLU}, &nn.Dropout{Rate: 0.2},
		&nn.Dense{Out: 128, Act: ops.ReLU},
	}}
	batch := graph.Sym("batch")
	x := graph.Input("x", batch, 28, 2*28)
	h := m.Trunk.Apply(x)
	m.Heads = make([]nn.Dense, len(heads))
	var labels, losses, shares, accuracies []*graph.Node
	for i, head := range heads {
		m.Heads[i].Out = head.classes
		logits := m.Heads[i].Apply(h)
		label := graph.InputOf(graph.Int64, head.name, batch)
		labels = append(labels, label)
		losses = append(losses, nn.CrossEntropy(logits, label))
		accuracies = append(accuracies, nn.Accuracy(logits, label))
		shares = append(shares, ops.Softmax(logits, -1))
	}
	loss := ops.Sum(ops.Stack(0, losses...))
	nn.Init(m, 1)
	step, err := optim.Minimize(loss, nn.Params(m), optim.Adam(1e-3))
	if err != nil {
		return err
	}
	evaluate, err := graph.Compile(append(accuracies, shares...)...)
	if err != nil {
		return err
	}
	all, err := pairs(images + 1000)
	if err != nil {
		return err
	}
	feeds := func(columns []*tensor.Dense) []graph.Feed {
		f := []graph.Feed{x.Is(columns[0])}
		for i, label := range labels {
			f = append(f, label.Is(columns[i+1]))
		}
		return f
	}
	test, train := all.Rows(0, 1000), all.Rows(1000, all.Len())
	for epoch := range epochs {
		for b, err := range train.Shuffle(uint64(epoch)).Batches(100) {
			if err != nil {
				return err
			}
			if _, err := step.Run(feeds(b)...); err != nil {
				return err
			}
		}
		out, err := evaluate.Run(feeds([]*tensor.Dense{test.Column(0), test.Column(1), test.Column(2), test.Column(3)})...)
		if err != nil {
			return err
		}
		fmt.Printf("epoch %d  accuracy: left %.3f, right %.3f, larger %.3f\n", epoch+1, out[0].Data(), out[1].Data(), out[2].Data())
		if epoch == epochs-1 {
			for i, head := range heads {
				fmt.Printf("first image, %-6s %.2f\n", head.name, out[len(heads)+i].Float32s()[:head.classes])
			}
		}
	}
	return nil
}

// pairs returns n images of two digits and the three labels of each.
func pairs(n int) (*data.Arrays, error) {
	digits := data.Digits(2*n, 1).Shuffle(1)
	images, kinds := digits.Column(0).Float32s(), digits.Column(1).Int64s()
	x := make([]float32, n*28*56)
	label := [3][]int64{make([]int64, n), make([]int64, n), make([]int64, n)}
	for i := range n {
		for side := range 2 {
			for row := range 28 {
				copy(x[(i*28+row)*56+side*28:][:28], images[((2*i+side)*28+row)*28:])
			}
			label[side][i] = kinds[2*i+side]
		}
		label[2][i] = int64(cmp.Compare(label[1][i], label[0][i]) + 1)
	}
	columns := []*tensor.Dense{tensor.New(tensor.WithShape(n, 28, 56), tensor.WithBacking(x))}
	for _, l := range label {
		columns = append(columns, tensor.New(tensor.WithShape(n), tensor.WithBacking(l)))
	}
	return data.Of(columns...)
}
