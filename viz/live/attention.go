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

// A Reading is a trained model of sequences for the page that shows what its
// attention looks at. The zero value is a small transformer that turns words
// around, which is trained when the page is opened first.
type Reading struct {
	X       *graph.Node   // tokens, Int32 or Int64 [batch time]
	Logits  *graph.Node   // of the model's answer at each place [batch time n] or for all [batch n]
	Weights []*graph.Node // [batch heads time places]; nil for all that [explain.Attentions] finds
	Names   []string      // of the tokens, by their numbers; nil for the numbers
	Rows    *tensor.Dense // rows of X to look at; the first 40 are shown
}

// mostPlaces bounds the sequences that the page draws.
const mostPlaces = 64

// reading is a Reading with its program.
type reading struct {
	Reading
	once    sync.Once
	failed  error
	program *graph.Program
}

func (r *reading) prepare() error {
	r.once.Do(func() {
		if r.X == nil {
			r.Reading, r.failed = wordTurner()
		}
		if r.failed == nil {
			r.failed = r.compile()
		}
	})
	return r.failed
}

func (r *reading) compile() (err error) {
	if r.Logits == nil || r.Rows == nil || r.X.Shape().Rank() != 2 || r.Rows.Dims() != 2 {
		return errors.New("the reading is not whole: want tokens X [batch time], Logits, and Rows, rows of X")
	}
	if n := r.Rows.Shape()[1]; n > mostPlaces {
		return fmt.Errorf("sequences of %d places: want at most %d, as each head is drawn as a square of them", n, mostPlaces)
	}
	if r.Weights == nil {
		r.Weights = explain.Attentions(r.Logits)
	}
	if len(r.Weights) == 0 {
		return errors.New("the logits depend on no attention: call nn.Init before, or set Reading.Weights")
	}
	for _, w := range r.Weights {
		if w.Err() == nil && w.Shape().Rank() != 4 {
			return fmt.Errorf("the weights %v are not [batch heads time places]", w.Type())
		}
	}
	r.program, err = graph.Compile(append([]*graph.Node{ops.ArgMax(r.Logits, -1), ops.Max(ops.Softmax(r.Logits, -1), -1)}, r.Weights...)...)
	return err
}

const letters = 10 // of the words: a to j
const wordLength = 8

// words draws words, and returns them turned around too.
func words(n int, seed uint64) (word, turned *tensor.Dense) {
	r := rand.New(rand.NewPCG(seed, 0x776f7264))
	a, b := make([]int64, n*wordLength), make([]int64, n*wordLength)
	for i := range a {
		a[i] = int64(r.IntN(letters))
		row, at := i/wordLength, i%wordLength
		b[row*wordLength+wordLength-1-at] = a[i]
	}
	of := func(v []int64) *tensor.Dense {
		return tensor.New(tensor.WithShape(n, wordLength), tensor.WithBacking(v))
	}
	return of(a), of(b)
}

// wordTurner trains a transformer of one block for a few seconds.
func wordTurner() (r Reading, err error) {
	const batch = 64
	n := graph.Sym("batch")
	x, want := graph.InputOf(graph.Int64, "word", n, wordLength), graph.InputOf(graph.Int64, "turned", n, wordLength)
	model := nn.Sequential{
		&nn.Embedding{Count: letters, Width: 32}, &nn.Positions{Max: wordLength},
		&nn.TransformerBlock{Heads: 2, Hidden: 32}, &nn.Dense{Out: letters},
	}
	logits := model.Apply(x)
	nn.Init(model, 1)
	step, err := optim.Minimize(nn.CrossEntropy(logits, want), nn.Params(model), optim.Adam(5e-3))
	if err != nil {
		return r, err
	}
	for i := range 400 {
		a, b := words(batch, uint64(i+1))
		if _, err := step.Run(x.Is(a), want.Is(b)); err != nil {
			return r, err
		}
	}
	rows, _ := words(12, 0)
	return Reading{X: x, Logits: logits, Names: strings.Split("abcdefghij", ""), Rows: rows}, nil
}

// name is what a token is called.
func (r *reading) name(token int64) string {
	if token >= 0 && int(token) < len(r.Names) {
		return r.Names[token]
	}
	return strconv.FormatInt(token, 10)
}

// A headAnswer is the weights of one head: a row for each place that looks.
type headAnswer struct {
	Name    string  `json:"name"`
	Weights [][]num `json:"weights"`
}

// A readingAnswer is what the attention of a model looks at in a row.
type readingAnswer struct {
	Rows    [][]string   `json:"rows"` // all that there are
	Tokens  []string     `json:"tokens"`
	Answers []string     `json:"answers"` // at each place, or one
	Shares  []num        `json:"shares"`  // the probability of each answer
	Heads   []headAnswer `json:"heads"`
}

func (r *reading) ask(ctx context.Context, row int) (*readingAnswer, error) {
	if err := r.prepare(); err != nil {
		return nil, err
	}
	v, err := graph.FromDense(r.Rows)
	if err != nil {
		return nil, err
	}
	n, time := min(v.Shape[0], maxShown), v.Shape[1]
	if row < 0 || row >= n {
		return nil, fmt.Errorf("row %d: want 0 to %d", row, n-1)
	}
	a := &readingAnswer{}
	for i := range n {
		var tokens []string
		for k := range time {
			tokens = append(tokens, r.name(v.Int(i*time+k)))
		}
		a.Rows = append(a.Rows, tokens)
	}
	a.Tokens = a.Rows[row]
	one, err := graph.NewTensor(r.X.DType(), 1, time)
	if err != nil {
		return nil, err
	}
	for k := range time {
		one.SetInt(k, v.Int(row*time+k))
	}
	out, err := r.program.Eval(ctx, r.X.IsTensor(one))
	if err != nil {
		return nil, err
	}
	for i := range out[0].Len() {
		a.Answers = append(a.Answers, r.name(out[0].Int(i)))
		a.Shares = append(a.Shares, num(out[1].At(i)))
	}
	for i, w := range out[2:] {
		a.Heads = append(a.Heads, heads(r.Weights[i], w)...)
	}
	return a, nil
}

// heads takes the weights [1 heads time places] of a layer apart.
func heads(of *graph.Node, w graph.Tensor) (list []headAnswer) {
	time, places := w.Shape[2], w.Shape[3]
	for h := range w.Shape[1] {
		m := make([][]num, time)
		for i := range m {
			for j := range places {
				m[i] = append(m[i], num(w.At((h*time+i)*places+j)))
			}
		}
		list = append(list, headAnswer{explain.HeadName(of, h), m})
	}
	return list
}

func (s *Server) attentionRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /explain/attention", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Row int `json:"row"`
		}
		err := read(r, &q)
		var a *readingAnswer
		if err == nil {
			a, err = s.reading.ask(r.Context(), q.Row)
		}
		reply(w, a, err)
	})
}
