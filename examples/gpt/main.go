// Command gpt trains a small GPT on the characters of a text, after the recipe
// that nanoGPT has for a processor (github.com/karpathy/nanoGPT): 4 layers, 4
// heads, width 128, 64 characters of context, 12 texts a step. Then it writes a
// text of its own, one character at a time.
//
// The text is the opening of Shakespeare's Coriolanus, or any file by -data.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/data/token"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/optim"
)

//go:embed coriolanus.txt
var coriolanus string

func main() {
	log.SetFlags(0)
	var s settings
	flag.StringVar(&s.file, "data", "", "text file to learn from; the opening of Coriolanus if empty")
	flag.IntVar(&s.steps, "steps", 2000, "training steps")
	flag.IntVar(&s.every, "every", 250, "steps from one report to the next")
	flag.IntVar(&s.length, "length", 400, "characters to write in the end")
	flag.Float64Var(&s.rate, "lr", 3e-3, "highest learning rate")
	flag.Float64Var(&s.temperature, "temperature", 0.8, "of the writing: below 1 the likely becomes likelier")
	flag.Uint64Var(&s.seed, "seed", 1, "of first weights, order and writing")
	flag.Parse()
	if s.steps < 1 || s.every < 1 || s.length < 0 {
		log.Fatalf("gpt: -steps %d -every %d -length %d: want numbers above 0", s.steps, s.every, s.length)
	}
	if err := run(s); err != nil {
		log.Fatal(err)
	}
}

type settings struct {
	file                 string
	steps, every, length int
	rate, temperature    float64
	seed                 uint64
}

const rows, length = 12, 64 // texts of a step, characters of each

func run(s settings) error {
	text := coriolanus
	if s.file != "" {
		var err error
		if text, err = data.OpenText(s.file); err != nil {
			return err
		}
	}
	characters := token.LearnCharacters(text)
	all, err := characters.Encode(text)
	if err != nil {
		return err
	}
	cut := len(all) * 9 / 10
	train, err := data.NewWindows(all[:cut], length, 1)
	if err != nil {
		return err
	}
	test, err := data.NewWindows(all[cut:], length, length)
	if err != nil {
		return err
	}

	model := &zoo.GPT{Vocab: characters.Len(), Context: length, Layers: 4, Heads: 4, Width: 128, NoBias: true}
	batch := graph.Sym("batch")
	ids, next := graph.InputOf(graph.Int64, "ids", batch, length), graph.InputOf(graph.Int64, "next", batch, length)
	logits := model.Apply(ids)
	loss := nn.CrossEntropy(logits, next)
	nn.Init(model, s.seed)
	step, err := optim.Minimize(loss, nn.Params(model), rule(s.steps, s.rate))
	if err != nil {
		return err
	}
	evaluate, err := graph.Compile(loss)
	if err != nil {
		return err
	}
	fmt.Printf("%d characters, %d kinds, %d parameters\n", len(all), characters.Len(), size(model))

	start, done, sum := time.Now(), 0, 0.0
	for epoch := s.seed; done < s.steps; epoch++ {
		for b, err := range train.Shuffled(epoch).Batches(rows) {
			if err != nil {
				return err
			}
			out, err := step.Run(ids.Is(b[0]), next.Is(b[1]))
			if err != nil {
				return err
			}
			done++
			sum += graph.Values(out[0])[0]
			if done%s.every == 0 || done == s.steps {
				v, err := mean(evaluate, ids, next, test)
				if err != nil {
					return err
				}
				n := (done-1)%s.every + 1
				fmt.Printf("step %4d  loss %.4f  validation loss %.4f  %.1f s\n", done, sum/float64(n), v, time.Since(start).Seconds())
				sum = 0
			}
			if done == s.steps {
				break
			}
		}
	}
	return write(model, characters, s)
}

// rule is AdamW, which draws matrices to 0 and leaves gains alone, with gradients
// clipped and a learning rate that rises in the first twentieth of the steps and
// then falls along a cosine.
func rule(steps int, rate float64) optim.Rule {
	adam := func(decay float64) optim.Rule { return optim.AdamW(rate, decay, optim.AdamOptions{Beta2: 0.99}) }
	matrix, vector := adam(0.1), adam(0)
	each := optim.PerParam(func(p *graph.Param) optim.Rule {
		if p.Type.Shape.Rank() > 1 {
			return matrix
		}
		return vector
	})
	warm := max(1, steps/20)
	return each.ClipNorm(1).Schedule(optim.WarmUp(warm, optim.Cosine(max(1, steps-warm), rate/10)))
}

// mean returns the mean loss of the texts of a data set.
func mean(p *graph.Program, ids, next *graph.Node, set data.Dataset) (float64, error) {
	sum, n := 0.0, 0
	for b, err := range set.Batches(64) {
		if err != nil {
			return 0, err
		}
		out, err := p.Run(ids.Is(b[0]), next.Is(b[1]))
		if err != nil {
			return 0, err
		}
		rows := b[0].Shape()[0]
		sum += graph.Values(out[0])[0] * float64(rows)
		n += rows
	}
	return sum / float64(n), nil
}

// write prints a text by the model, which begins with a new line.
func write(model *zoo.GPT, characters *token.Characters, s settings) error {
	first, err := characters.Encode("\n")
	if err != nil {
		first = []int64{0} // a text of one line
	}
	start := time.Now()
	ids, err := model.Generate(context.Background(), first, s.length, zoo.Sampling{Temperature: s.temperature, Seed: s.seed})
	if err != nil {
		return err
	}
	text, err := characters.Decode(ids)
	if err != nil {
		return err
	}
	fmt.Printf("%d characters written in %.1f s:\n%s\n", s.length, time.Since(start).Seconds(), text)
	return nil
}

func size(model any) (n int) {
	for _, p := range nn.Params(model) {
		n += int(p.Type.Shape.Size())
	}
	return n
}
