// Command charlstm learns names character by character with an LSTM, and then
// invents some: chemical elements, or the lines of any file by -data.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/data/token"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/zoo"
	"github.com/adjointml/adjoint/optim"
)

//go:embed elements.txt
var elements string

func main() {
	log.SetFlags(0)
	var s settings
	flag.StringVar(&s.file, "data", "", "text file to learn from; the names of the elements if empty")
	flag.IntVar(&s.steps, "steps", 200, "training steps")
	flag.IntVar(&s.every, "every", 50, "steps from one report to the next")
	flag.IntVar(&s.state, "state", 128, "width of the state")
	flag.IntVar(&s.length, "length", 200, "characters to write in the end")
	flag.Float64Var(&s.temperature, "temperature", 0.9, "of the writing: below 1 the likely becomes likelier")
	flag.Uint64Var(&s.seed, "seed", 1, "of first weights, order and writing")
	flag.Parse()
	if s.steps < 1 || s.every < 1 || s.state < 1 || s.length < 0 {
		log.Fatalf("charlstm: -steps %d -every %d -state %d -length %d: want numbers above 0", s.steps, s.every, s.state, s.length)
	}
	if err := run(s); err != nil {
		log.Fatal(err)
	}
}

type settings struct {
	file                        string
	steps, every, state, length int
	temperature                 float64
	seed                        uint64
}

const rows, length = 32, 32 // texts of a step, characters of each

func run(s settings) error {
	text := mixed(elements, s.seed)
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
	set, err := data.NewWindows(all, length, 1)
	if err != nil {
		return err
	}
	model := &zoo.CharRNN{Vocab: characters.Len(), Width: 32, State: s.state}
	batch := graph.Sym("batch")
	ids, next := graph.InputOf(graph.Int64, "ids", batch, length), graph.InputOf(graph.Int64, "next", batch, length)
	loss := nn.CrossEntropy(model.Apply(ids), next)
	nn.Init(model, s.seed)
	step, err := optim.Minimize(loss, nn.Params(model), optim.Adam(5e-3).ClipNorm(1))
	if err != nil {
		return err
	}
	fmt.Printf("%d characters, %d kinds\n", len(all), characters.Len())
	start, done, sum := time.Now(), 0, 0.0
	for epoch := s.seed; done < s.steps; epoch++ {
		for b, err := range set.Shuffled(epoch).Batches(rows) {
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
				fmt.Printf("step %4d  loss %.4f  %.1f s\n", done, sum/float64((done-1)%s.every+1), time.Since(start).Seconds())
				sum = 0
			}
			if done == s.steps {
				break
			}
		}
	}
	return write(model, characters, text, s)
}

// mixed returns the lines of a text, again and again in other orders, of which
// there is then nothing to learn.
func mixed(text string, seed uint64) string {
	const times = 20
	lines := strings.SplitAfter(text, "\n")
	rnd := rand.New(rand.NewPCG(seed, 0))
	var b strings.Builder
	for range times {
		for _, i := range rnd.Perm(len(lines)) {
			b.WriteString(lines[i])
		}
	}
	return b.String()
}

// write prints a text by the model, which begins with a new line, and marks the
// lines that it was not taught.
func write(model *zoo.CharRNN, characters *token.Characters, taught string, s settings) error {
	first, err := characters.Encode("\n")
	if err != nil {
		first = []int64{0} // a text of one line
	}
	ids, err := model.Generate(context.Background(), first, s.length, zoo.Sampling{Temperature: s.temperature, Seed: s.seed})
	if err != nil {
		return err
	}
	text, err := characters.Decode(ids)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for line := range strings.Lines(taught) {
		known[strings.TrimSpace(line)] = true
	}
	fmt.Println("written (* is new):")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		mark := " "
		if !known[line] {
			mark = "*"
		}
		fmt.Println(mark, line)
	}
	return nil
}
