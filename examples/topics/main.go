// Command topics finds what a pile of short texts is about. Nobody labels them: a
// neural topic model (ProdLDA, Srivastava and Sutton 2017, arXiv:1703.01488) learns
// topics, each a distribution of words, such that every text is a mixture of few.
//
// The texts are generated from ten themes, or any by -data.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/data/token"
	"github.com/adjointml/adjoint/examples/internal/command"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/nn/latent"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

// options are the flags of this example.
type options struct {
	data                         string
	texts, topics, epochs, least int
	hidden, top                  int
	lr, alpha                    float64
	seed                         uint64
}

// A result is what the example has found.
type result struct {
	Texts      int        `json:"texts"`
	Words      int        `json:"words"`
	Perplexity float64    `json:"perplexity"`         // of words of texts that were not learned from
	Unigram    float64    `json:"unigram_perplexity"` // the same, by how frequent words are
	Coherence  float64    `json:"npmi"`
	Chance     float64    `json:"npmi_of_random_words"`
	NMI        float64    `json:"nmi,omitempty"`    // of strongest topic and theme, where themes are known
	Purity     float64    `json:"purity,omitempty"` // likewise
	Topics     [][]string `json:"topics"`
}

func main() {
	log.SetFlags(0)
	c := command.New("topics")
	var o options
	flag.StringVar(&o.data, "data", "", "`file` with a text in each line, or folder with one in each file; generated messages if empty")
	flag.IntVar(&o.texts, "texts", 5000, "messages to generate")
	flag.IntVar(&o.topics, "topics", 10, "topics to find")
	flag.IntVar(&o.epochs, "epochs", 60, "times to go through the texts")
	flag.IntVar(&o.least, "least", 5, "how often a word must come to be counted")
	flag.IntVar(&o.hidden, "hidden", 100, "width of the encoder")
	flag.IntVar(&o.top, "top", 8, "words to show of each topic")
	flag.Float64Var(&o.lr, "lr", 2e-3, "learning rate")
	flag.Float64Var(&o.alpha, "alpha", 0.1, "the smaller, the fewer topics in a text")
	c.Parse()
	o.seed = c.Seed
	if err := run(c, o); err != nil {
		log.Fatal(err)
	}
}

func run(c *command.Command, o options) error {
	if o.topics < 2 || o.epochs < 1 || o.top < 2 || !(o.alpha > 0) {
		return fmt.Errorf("topics: -topics %d -epochs %d -top %d -alpha %g: want at least 2 topics and words, an epoch, and an alpha above 0", o.topics, o.epochs, o.top, o.alpha)
	}
	texts := messages(o.texts, o.seed)
	if o.data != "" {
		var err error
		if texts, err = open(o.data); err != nil {
			return err
		}
	}
	bags, words, err := texts.bags(o.least)
	if err != nil {
		return err
	}
	if words.Len() < o.top {
		return fmt.Errorf("topics: %d words come at least %d times: want at least %d, so lower -least", words.Len(), o.least, o.top)
	}
	test, learn := bags.Shuffle(o.seed).Split(0.1)
	fmt.Fprintf(c.Out, "%d texts, %d words, such as: %s\n", bags.Len(), words.Len(), strings.TrimSpace(texts.texts[0]))
	folder, err := c.Folder()
	if err != nil {
		return err
	}
	m := newTopicModel(o.topics, words.Len(), o.hidden)
	perplexity, err := fit(m, learn, test, o, c.Out, folder)
	if err != nil {
		return err
	}
	r := result{Texts: bags.Len(), Words: words.Len(), Perplexity: perplexity, Unigram: unigram(learn, test)}
	if err := r.judge(m, bags, words, texts, o, folder); err != nil {
		return err
	}
	r.print(c.Out, texts)
	return c.Finish(folder, r)
}

// fit trains the model and returns the perplexity of the words of texts that it has
// not seen: among how many equally likely ones it hesitates.
func fit(m *topicModel, learn, test *data.Arrays, o options, out io.Writer, folder *report.Folder) (float64, error) {
	x := graph.Input("x", graph.Sym("batch"), graph.Dim(learn.Column(0).Shape()[1]))
	loss, words := m.Loss(x, o.alpha)
	nn.Init(m, o.seed)
	// a high momentum of its average keeps Adam from a bad start, as the authors found
	adam := optim.Adam(o.lr, optim.AdamOptions{Beta1: 0.95})
	trainer, err := train.Graph{Inputs: []*graph.Node{x}, Loss: loss, Params: nn.Params(m), Optimizer: adam}.Compile()
	if err != nil {
		return 0, err
	}
	_, err = trainer.Fit(context.Background(), learn, train.Options{
		Epochs: o.epochs, Batch: 100, Seed: o.seed, Validation: test, Progress: out,
		Callbacks: []train.Callback{folder.Callback()},
	})
	if err != nil {
		return 0, err
	}
	evaluate, err := graph.Compile(ops.Exp(ops.Div(words, ops.Sum(x))))
	if err != nil {
		return 0, err
	}
	y, err := evaluate.Run(x.Is(test.Column(0)))
	if err != nil {
		return 0, err
	}
	return graph.Values(y[0])[0], nil
}

// unigram is the perplexity of words that come as often in any text.
func unigram(learn, test *data.Arrays) float64 {
	a, b := learn.Column(0), test.Column(0)
	width := a.Shape()[1]
	count, all := make([]float64, width), float64(width)
	for i, v := range a.Float32s() {
		count[i%width] += float64(v)
		all += float64(v)
	}
	bits, n := 0.0, 0.0
	for i, v := range b.Float32s() {
		bits -= float64(v) * math.Log((count[i%width]+1)/all)
		n += float64(v)
	}
	return math.Exp(bits / n)
}

// judge finds the top words of the topics and how good topics are, and draws them.
func (r *result) judge(m *topicModel, bags *data.Arrays, words *token.Words, texts corpus, o options, folder *report.Folder) error {
	counts := bags.Column(0)
	x := graph.Input("x", graph.Sym("texts"), graph.Dim(words.Len()))
	mean, _ := m.Encode(x)
	strongest := ops.ArgMax(mean, -1)
	pure := ops.Diag(graph.ConstOf(slices.Repeat([]float32{1}, o.topics), o.topics), 0) // texts of one topic each
	_, top := ops.TopK(m.Decode(pure), o.top, -1)
	theme := graph.InputOf(graph.Int64, "theme", graph.Sym("texts"))
	both := latent.Contingency(theme, strongest, max(1, len(texts.names)), o.topics)
	program, err := graph.Compile(top, ops.Mean(latent.Coherence(x, top)), ops.Mean(latent.Coherence(x, randomWords(o, words.Len()))),
		both, latent.NMIOf(both), latent.PurityOf(both))
	if err != nil {
		return err
	}
	y, err := program.Run(x.Is(counts), theme.Is(bags.Column(1)))
	if err != nil {
		return err
	}
	r.Coherence, r.Chance = graph.Values(y[1])[0], graph.Values(y[2])[0]
	for id := range slices.Chunk(y[0].Int64s(), o.top) {
		text, err := words.Decode(id)
		if err != nil {
			return err
		}
		r.Topics = append(r.Topics, strings.Fields(text))
	}
	folder.Section("Topics", "The likeliest words of a text that would be about one topic alone.")
	var rows [][]string
	for i, t := range r.Topics {
		rows = append(rows, []string{fmt.Sprint(i + 1), strings.Join(t, " ")})
	}
	folder.Table([]string{"topic", "words"}, rows)
	if texts.names == nil {
		return nil
	}
	r.NMI, r.Purity = graph.Values(y[4])[0], graph.Values(y[5])[0]
	return r.draw(y[3], texts.names, folder)
}

// draw shows which topic is the strongest in the texts of each theme.
func (r *result) draw(both *tensor.Dense, themes []string, folder *report.Folder) error {
	h := chart.Heat{Rows: themes, Numbers: true}
	for _, t := range r.Topics {
		h.Columns = append(h.Columns, t[0])
	}
	for row := range slices.Chunk(both.Int64s(), len(r.Topics)) {
		var z []float64
		for _, n := range row {
			z = append(z, float64(n))
		}
		h.Z = append(h.Z, z)
	}
	folder.Section("Themes", "How many texts of each theme have each topic as their strongest. The model knew no theme.")
	return folder.Chart("topics", &chart.Chart{Title: "texts by theme and strongest topic", X: "topic, by its first word", Y: "theme", Layers: []chart.Layer{h}})
}

// print tells the result.
func (r *result) print(w io.Writer, texts corpus) {
	for i, t := range r.Topics {
		fmt.Fprintf(w, "topic %2d  %s\n", i+1, strings.Join(t, " "))
	}
	fmt.Fprintf(w, "perplexity %.1f (by frequency alone %.1f), coherence %.3f (random words %.3f)", r.Perplexity, r.Unigram, r.Coherence, r.Chance)
	if texts.names != nil {
		fmt.Fprintf(w, ", NMI with themes %.3f, purity %.3f", r.NMI, r.Purity)
	}
	fmt.Fprintln(w)
}

// randomWords are as many groups of words as there are topics.
func randomWords(o options, words int) *graph.Node {
	rnd := rand.New(rand.NewPCG(o.seed, 1))
	var id []int64
	for range o.topics {
		for _, w := range rnd.Perm(words)[:o.top] {
			id = append(id, int64(w))
		}
	}
	return graph.ConstOf(id, o.topics, o.top)
}
