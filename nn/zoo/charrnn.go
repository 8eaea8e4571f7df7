package zoo

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// CharRNN is a model of texts, character by character: an embedding, an LSTM and a
// dense layer (Sutskever et al. 2011, icml.cc/2011/papers/524_icmlpaper.pdf, with
// an LSTM as in Graves 2013, arXiv:1308.0850).
//
//	ids [batch time] from 0 to Vocab-1 -> logits of the characters that follow, [batch time Vocab]
type CharRNN struct {
	graph.Scope
	Vocab     int     // kinds of characters
	Width     int     // of the embedding; 0 is 64
	State     int     // width of the LSTM; 0 is 256
	Layers    int     // of the LSTM; 0 is 1
	Dropout   float64 // between them
	Embedding *nn.Embedding
	LSTM      *nn.LSTM
	Head      *nn.Dense

	reader *reader
}

// Apply maps ids to logits, each text by itself.
func (m *CharRNN) Apply(ids *graph.Node) *graph.Node {
	y, _ := m.Run(ids, nn.Sequences{})
	return y
}

// Run is Apply for the given sequences, and also returns the last state.
func (m *CharRNN) Run(ids *graph.Node, s nn.Sequences) (logits *graph.Node, state []*graph.Node) {
	logits = m.Wrap(func() *graph.Node {
		m.prepare()
		h, last := m.LSTM.Run(m.Embedding.Apply(ids), s)
		state = last
		return m.Head.Apply(h)
	})
	return logits, state
}

// prepare makes the layers that are not there.
func (m *CharRNN) prepare() {
	or := func(n, other int) int {
		if n == 0 {
			return other
		}
		return n
	}
	if m.Embedding == nil {
		m.Embedding = &nn.Embedding{Count: m.Vocab, Width: or(m.Width, 64)}
	}
	if m.LSTM == nil {
		m.LSTM = &nn.LSTM{Out: or(m.State, 256), Layers: m.Layers, Dropout: m.Dropout}
	}
	if m.Head == nil {
		m.Head = &nn.Dense{Out: m.Vocab}
	}
}

// Generate continues a text by n characters and returns those. The same seed gives
// the same characters.
//
// It fails where the prompt is empty or has an id that is not there, and where the
// model has no values. It must not be called by several goroutines at once.
func (m *CharRNN) Generate(ctx context.Context, prompt []int64, n int, s Sampling) ([]int64, error) {
	if len(prompt) == 0 {
		return nil, fmt.Errorf("charrnn: the prompt is empty: want at least one character")
	}
	if s.Temperature < 0 || s.TopK < 0 || n < 0 {
		return nil, fmt.Errorf("charrnn: temperature %g, top %d and %d characters: none may be negative", s.Temperature, s.TopK, n)
	}
	if m.reader == nil {
		r, err := newReader(m)
		if err != nil {
			return nil, err
		}
		m.reader = r
	}
	r, rnd := m.reader, rand.New(rand.NewPCG(s.Seed, 0))
	if err := r.restart(); err != nil {
		return nil, err
	}
	for _, id := range prompt {
		if err := r.read(ctx, id); err != nil {
			return nil, err
		}
	}
	text := make([]int64, 0, n)
	for len(text) < n {
		id := s.choose(r.logits, rnd)
		text = append(text, id)
		if len(text) == n {
			break
		}
		if err := r.read(ctx, id); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// A reader runs a model one character after the other.
type reader struct {
	ids    *graph.Node
	state  []*graph.Node
	step   *graph.Program
	values []graph.Tensor // of the state
	logits []float64
}

func newReader(m *CharRNN) (*reader, error) {
	m.prepare()
	r := &reader{ids: graph.InputOf(graph.Int64, "ids", 1, 1), logits: make([]float64, max(m.Vocab, 0))}
	for i := range 2 * max(m.LSTM.Layers, 1) {
		r.state = append(r.state, graph.Input(fmt.Sprint("state", i), 1, graph.Dim(m.LSTM.Out)))
	}
	y, state := m.Run(r.ids, nn.Sequences{State: r.state})
	var err error
	r.step, err = graph.Compile(append([]*graph.Node{ops.Reshape(y, graph.Auto)}, state...)...)
	return r, err
}

// restart forgets what was read.
func (r *reader) restart() error {
	r.values = nil
	for _, n := range r.state {
		dims, _ := n.Shape().Literal()
		t, err := graph.NewTensor(n.DType(), dims...)
		if err != nil {
			return err
		}
		r.values = append(r.values, t)
	}
	return nil
}

// read goes on by a character.
func (r *reader) read(ctx context.Context, id int64) error {
	t, err := graph.TensorOf([]int64{id}, 1, 1)
	if err != nil {
		return err
	}
	feeds := []graph.Feed{r.ids.IsTensor(t)}
	for i, n := range r.state {
		feeds = append(feeds, n.IsTensor(r.values[i]))
	}
	out, err := r.step.Eval(ctx, feeds...)
	if err != nil {
		return err
	}
	for i := range r.logits {
		r.logits[i] = out[0].At(i)
	}
	r.values = out[1:]
	return nil
}
