package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// Sequences is a trained model of sequences for the page that shows where each
// head of its attentions looks. The zero value is a small transformer that copies
// letters, or turns their order round, as the first token says; it is trained when
// the page is opened first.
type Sequences struct {
	X      *graph.Node   // tokens [batch time] Int32 or Int64
	Logits *graph.Node   // what the attentions lead to: [batch time n], or of classes [batch n]
	Words  []string      // of the tokens; nil shows their numbers
	Rows   *tensor.Dense // rows of X to look at; the first 40 are shown
}

const maxTokens = 64 // of a sequence: more would not fit the picture

// heads are sequences with what is compiled of them.
type heads struct {
	Sequences
	once   sync.Once
	failed error
	layers []*graph.Node  // the weights of each attention
	look   *graph.Program // the shares of the answers, and the weights
}

func (h *heads) prepare() error {
	h.once.Do(func() {
		if h.X == nil {
			h.Sequences, h.failed = turner()
		}
		if h.failed == nil && (h.Logits == nil || h.Rows == nil || h.Rows.Dims() != 2 || h.X.Shape().Rank() != 2) {
			h.failed = errors.New("the sequences are not whole: want tokens X [batch time], Logits, and Rows, rows of X")
		}
		if h.failed != nil {
			return
		}
		if h.layers = explain.Attentions(h.Logits); len(h.layers) == 0 {
			h.failed = errors.New("the logits depend on no nn.MultiHeadAttention with a path: call nn.Init or nn.Params with the model")
			return
		}
		h.look, h.failed = graph.Compile(append(one(ops.Softmax(h.Logits, -1)), h.layers...)...)
	})
	return h.failed
}

// The tokens of the example: what to do, and letters.
var turnerWords = strings.Fields("copy turn a b c d e f g h")

const turnerLetters = 8 // of a sequence

// turned returns sequences, the first token of each saying what to do with the
// rest, and what is to come out.
func turned(r *rand.Rand, rows int) (x, y *tensor.Dense) {
	const time = 1 + turnerLetters
	in, out := make([]int64, rows*time), make([]int64, rows*time)
	for i := range rows {
		a, b := in[i*time:][:time], out[i*time:][:time]
		a[0] = int64(r.IntN(2))
		for k := 1; k < time; k++ {
			a[k] = 2 + int64(r.IntN(len(turnerWords)-2))
		}
		copy(b, a)
		for k := 1; a[0] == 1 && k < time; k++ {
			b[k] = a[time-k]
		}
	}
	dense := func(v []int64) *tensor.Dense {
		return tensor.New(tensor.WithShape(rows, time), tensor.WithBacking(v))
	}
	return dense(in), dense(out)
}

// turner trains a transformer of one block for about a second.
func turner() (s Sequences, err error) {
	const time, width = 1 + turnerLetters, 32
	batch := graph.Sym("batch")
	x, y := graph.InputOf(graph.Int64, "tokens", batch, time), graph.InputOf(graph.Int64, "answers", batch, time)
	model := nn.Sequential{
		&nn.Embedding{Count: len(turnerWords), Width: width}, &nn.Positions{Max: time, Init: nn.Normal(0, 1)},
		&nn.TransformerBlock{Heads: 2, Hidden: 2 * width}, &nn.Dense{Out: len(turnerWords)},
	}
	logits := model.Apply(x)
	nn.Init(model, 1)
	step, err := optim.Minimize(nn.CrossEntropy(logits, y), nn.Params(model), optim.Adam(3e-3))
	if err != nil {
		return s, err
	}
	r := rand.New(rand.NewPCG(1, 0))
	rows, _ := turned(r, 12)
	for range 800 {
		xs, ys := turned(r, 64)
		if _, err := step.Run(x.Is(xs), y.Is(ys)); err != nil {
			return s, err
		}
	}
	return Sequences{X: x, Logits: logits, Words: turnerWords, Rows: rows}, nil
}

// A reading asks for the weights of a sequence: a row, or words of one's own.
type reading struct {
	Row  int    `json:"row"`
	Text string `json:"text"` // words, apart by spaces; "" for the row
}

// A glance is where the heads look.
type glance struct {
	Tokens  []string `json:"tokens"`
	Answers []guess  `json:"answers"` // one for each token, or one alone
	Layers  []looks  `json:"layers"`
}

// A guess is an answer with its probability.
type guess struct {
	Word  string `json:"word"`
	Share num    `json:"share"`
}

// looks are the weights of an attention's heads [heads time places].
type looks struct {
	Path  string      `json:"path"`
	Heads [][][]num   `json:"heads"`
	Top   [][]lookTop `json:"top"` // of each head and place, where it looks most
}

type lookTop struct {
	At    int `json:"at"`
	Share num `json:"share"`
}

// word is the text of a token or of an answer.
func (h *heads) word(i int) string {
	if i >= 0 && i < len(h.Words) {
		return h.Words[i]
	}
	return strconv.Itoa(i)
}

// tokens returns what a reading asks about, as a batch of one.
func (h *heads) tokens(q reading) (graph.Tensor, error) {
	fields := strings.Fields(q.Text)
	if len(fields) == 0 {
		return rowOf(h.Rows, q.Row, "sequence")
	}
	if n := h.X.Shape().Dim(1); !n.Symbolic() && len(fields) != int(n) {
		return graph.Tensor{}, fmt.Errorf("%d words: this model reads %d, apart by spaces", len(fields), n)
	}
	if len(fields) > maxTokens {
		return graph.Tensor{}, fmt.Errorf("%d words: want at most %d", len(fields), maxTokens)
	}
	t, err := graph.NewTensor(h.X.DType(), 1, len(fields))
	if err != nil {
		return t, err
	}
	for i, f := range fields {
		k := -1
		for j, w := range h.Words {
			if w == f {
				k = j
			}
		}
		if n, err := strconv.Atoi(f); h.Words == nil && err == nil && n >= 0 {
			k = n
		}
		if k < 0 {
			return t, h.strange(f)
		}
		t.SetInt(i, int64(k))
	}
	return t, nil
}

// strange says which words there are.
func (h *heads) strange(word string) error {
	if h.Words == nil {
		return fmt.Errorf("%q is no token: want numbers from 0", word)
	}
	some, more := h.Words, ""
	if len(some) > 20 {
		some, more = some[:20], " ..."
	}
	return fmt.Errorf("%q is no word of this model: want %s%s", word, strings.Join(some, ", "), more)
}

func (h *heads) ask(ctx context.Context, q reading) (*glance, error) {
	if err := h.prepare(); err != nil {
		return nil, err
	}
	tokens, err := h.tokens(q)
	if err != nil {
		return nil, err
	}
	if n := tokens.Len(); n > maxTokens {
		return nil, fmt.Errorf("a sequence of %d tokens: want at most %d, which fit the picture", n, maxTokens)
	}
	out, err := h.look.Eval(ctx, h.X.IsTensor(tokens))
	if err != nil {
		return nil, err
	}
	g := &glance{Answers: h.guesses(out[0])}
	for i := range tokens.Len() {
		g.Tokens = append(g.Tokens, h.word(int(tokens.AtInt(i))))
	}
	for i, w := range out[1:] {
		g.Layers = append(g.Layers, looksOf(strings.TrimSuffix(h.layers[i].Scope(), "Weights"), w))
	}
	return g, nil
}

// guesses are the most probable of the last axis.
func (h *heads) guesses(shares graph.Tensor) (list []guess) {
	n := shares.Shape[len(shares.Shape)-1]
	for i := 0; i < shares.Len(); i += n {
		best := 0
		for k := range n {
			if shares.At(i+k) > shares.At(i+best) {
				best = k
			}
		}
		list = append(list, guess{h.word(best), num(shares.At(i + best))})
	}
	return list
}

// looksOf splits weights [1 heads time places].
func looksOf(scope string, w graph.Tensor) looks {
	l := looks{Path: strings.TrimSuffix(scope, ".")}
	heads, time, places := w.Shape[1], w.Shape[2], w.Shape[3]
	for k := range heads {
		m, top := make([][]num, time), make([]lookTop, time)
		for i := range m {
			for j := range places {
				v := num(w.At((k*time+i)*places + j))
				if m[i] = append(m[i], v); v > top[i].Share {
					top[i] = lookTop{j, v}
				}
			}
		}
		l.Heads, l.Top = append(l.Heads, m), append(l.Top, top)
	}
	return l
}

func (s *Server) attentionRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /attention/rows", func(w http.ResponseWriter, r *http.Request) {
		err := s.heads.prepare()
		rows := []string{}
		for i := 0; err == nil && i < min(s.heads.Rows.Shape()[0], maxShown); i++ {
			var t graph.Tensor
			if t, err = rowOf(s.heads.Rows, i, "sequence"); err == nil {
				words := make([]string, t.Len())
				for k := range words {
					words[k] = s.heads.word(int(t.AtInt(k)))
				}
				rows = append(rows, strings.Join(words, " "))
			}
		}
		reply(w, rows, err)
	})
	mux.HandleFunc("POST /attention/ask", func(w http.ResponseWriter, r *http.Request) {
		var q reading
		err := read(r, &q)
		var g *glance
		if err == nil {
			g, err = s.heads.ask(r.Context(), q)
		}
		reply(w, g, err)
	})
}
