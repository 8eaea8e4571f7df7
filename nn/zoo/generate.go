package zoo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A Sampling says how the next token is chosen. The zero value draws each with
// the probability that the model gives it.
type Sampling struct {
	Temperature float64 // what logits are divided by: below 1 the likely become likelier; 0 means 1
	TopK        int     // draw among the k likeliest alone; 0 means all, 1 takes the likeliest
	Seed        uint64
}

// Generate continues a text by n tokens and returns those. It runs the model on
// one token at a time, and keeps keys and values of the tokens before. When
// Context tokens are kept it goes on with the later half of them. The same seed
// gives the same tokens.
//
// It fails where the prompt is empty or has an id that is not there, and where the
// model has no values. It must not be called by several goroutines at once.
func (g *GPT) Generate(ctx context.Context, prompt []int64, n int, s Sampling) ([]int64, error) {
	if len(prompt) == 0 {
		return nil, fmt.Errorf("gpt: the prompt is empty: want at least one token")
	}
	if s.Temperature < 0 || s.TopK < 0 || n < 0 {
		return nil, fmt.Errorf("gpt: temperature %g, top %d and %d tokens: none may be negative", s.Temperature, s.TopK, n)
	}
	if g.writer == nil {
		w, err := newWriter(g)
		if err != nil {
			return nil, err
		}
		g.writer = w
	}
	w, rnd := g.writer, rand.New(rand.NewPCG(s.Seed, 0))
	text := slices.Clone(prompt[max(0, len(prompt)-g.Context):])
	kept := len(text)
	if err := w.restart(ctx, text); err != nil {
		return nil, err
	}
	for i := range n {
		text = append(text, s.choose(w.logits, rnd))
		if i == n-1 {
			break
		}
		next := text[len(text)-1:]
		var err error
		if w.seen == g.Context {
			err = w.restart(ctx, text[len(text)-max(1, g.Context/2):])
		} else {
			err = w.read(ctx, next)
		}
		if err != nil {
			return nil, err
		}
	}
	return text[kept:], nil
}

// A writer runs a model token by token.
type writer struct {
	ids    *graph.Node
	caches []*nn.KVCache
	step   *graph.Program
	seen   int       // tokens in the caches
	logits []float64 // of the token after them
}

func newWriter(g *GPT) (*writer, error) {
	w := &writer{ids: graph.InputOf(graph.Int64, "ids", 1, 1), logits: make([]float64, max(g.Vocab, 0))}
	for range g.Layers {
		w.caches = append(w.caches, &nn.KVCache{Batch: 1, Max: g.Context})
	}
	y := g.Next(w.ids, w.caches)
	if y.Err() == nil {
		if err := w.reset(); err != nil {
			return nil, err
		}
	}
	step, err := graph.Compile(ops.Reshape(y, graph.Auto))
	w.step = step
	return w, err
}

// reset forgets the tokens.
func (w *writer) reset() error {
	w.seen = 0
	for _, c := range w.caches {
		if err := c.Reset(); err != nil {
			return err
		}
	}
	return nil
}

// restart forgets all tokens and reads others.
func (w *writer) restart(ctx context.Context, text []int64) error {
	if err := w.reset(); err != nil {
		return err
	}
	return w.read(ctx, text)
}

// read adds tokens to those seen.
func (w *writer) read(ctx context.Context, text []int64) error {
	for _, id := range text {
		t, err := graph.NewTensor(graph.Int64, 1, 1)
		if err != nil {
			return err
		}
		t.SetInt(0, id)
		out, err := w.step.Eval(ctx, w.ids.IsTensor(t))
		if err != nil {
			return err
		}
		w.seen++
		for i := range w.logits {
			w.logits[i] = out[0].At(i)
		}
	}
	return nil
}

// choose draws a token.
func (s Sampling) choose(logits []float64, rnd *rand.Rand) int64 {
	temperature, least := s.Temperature, math.Inf(-1)
	if temperature == 0 {
		temperature = 1
	}
	if s.TopK > 0 && s.TopK < len(logits) {
		sorted := slices.Clone(logits)
		slices.Sort(sorted)
		least = sorted[len(sorted)-s.TopK]
	}
	most, sum := slices.Max(logits), 0.0
	share := make([]float64, len(logits))
	for i, l := range logits {
		if l >= least {
			share[i] = math.Exp((l - most) / temperature)
		}
		sum += share[i]
	}
	at := rnd.Float64() * sum
	last := 0
	for i, p := range share {
		if p == 0 {
			continue
		}
		last = i
		if at -= p; at < 0 {
			break
		}
	}
	return int64(last)
}
