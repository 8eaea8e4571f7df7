package main

import (
	"fmt"
	"image"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A captioner writes what it sees, word by word, as GPT does, but each of its blocks
// also looks at the picture.
type captioner struct {
	Eye    nn.Sequential
	Where  nn.Positions // in the picture
	Words  nn.Embedding
	When   nn.Positions // in the caption
	Blocks []*nn.TransformerBlock
	Norm   nn.LayerNorm
	Next   nn.Dense
}

func newCaptioner(l language) *captioner {
	block := func() *nn.TransformerBlock { return &nn.TransformerBlock{Heads: 4, Hidden: 2 * width, Causal: true} }
	return &captioner{
		Eye: eye(), Where: nn.Positions{Max: 16},
		Words: nn.Embedding{Count: l.size(), Width: width, Init: nn.Normal(0, 0.1)}, When: nn.Positions{Max: length},
		Blocks: []*nn.TransformerBlock{block(), block()},
		Next:   nn.Dense{Out: l.size()},
	}
}

// See returns what there is at 16 places of each picture, [n 16 64].
func (m *captioner) See(x *graph.Node) *graph.Node {
	y := m.Eye.Apply(x) // [n 64 4 4]
	n := y.Shape().Dim(0)
	return m.Where.Apply(ops.Transpose(ops.Reshape(y, n, width, 16), 0, 2, 1))
}

// Write returns the logits of each next word, [n time words], after the words ids
// [n time] about what was seen.
func (m *captioner) Write(ids, seen *graph.Node) *graph.Node {
	h := m.When.Apply(m.Words.Apply(ids))
	for _, b := range m.Blocks {
		h = b.WithMemory(h, seen, nil)
	}
	return m.Next.Apply(m.Norm.Apply(h))
}

// captionResult is the share of captions that are right to the word.
type captionResult struct {
	Exact  float64 `json:"exact"`                 // of new pictures of pairs of colour and shape that were learned from
	Unseen float64 `json:"exact_of_unseen_pairs"` // of the pairs that were kept from training
}

// captions trains a captioner and lets it write about pictures that it has not seen.
func (s *study) captions() (*captionResult, error) {
	rnd := rand.New(rand.NewPCG(s.Seed, 3))
	l := learnLanguage()
	scenes := familiar(s.pictures, rnd)
	images, _ := pictures(scenes, rnd)
	right, err := l.encode(scenes)
	if err != nil {
		return nil, err
	}
	n := graph.Sym("pictures")
	x, next := graph.Input("x", n, 3, side, side), graph.InputOf(graph.Int64, "next", n, length)
	m := newCaptioner(l)
	begin := ops.Shift(next, 1, 1, float64(l.start())) // each word is told from those before
	loss := nn.CrossEntropy(m.Write(begin, m.See(x)), next)
	if err := s.fit("captions", m, loss, []*graph.Node{x, next}, images, right); err != nil {
		return nil, err
	}
	return s.judgeCaptions(m, l, rnd)
}

// judgeCaptions compares what is written with what there is, for two pictures of each
// scene.
func (s *study) judgeCaptions(m *captioner, l language, rnd *rand.Rand) (*captionResult, error) {
	scenes := append(allScenes(), allScenes()...)
	images, _ := pictures(scenes, rnd)
	written, err := m.greedy(images, l)
	if err != nil {
		return nil, err
	}
	var right, of [2]float64 // of familiar pairs, and of others
	for i, scene := range scenes {
		k := 0
		if scene.unseen() {
			k = 1
		}
		of[k]++
		if written[i] == scene.caption() {
			right[k]++
		}
	}
	s.folder.Section("Captions", "What it wrote about pictures that it had not seen.")
	var tiles []image.Image
	var rows [][]string
	for _, i := range rnd.Perm(len(scenes))[:10] {
		tiles = append(tiles, tile(images, i))
		rows = append(rows, []string{written[i], scenes[i].caption()})
		fmt.Fprintf(s.Out, "  %-45s (%s)\n", written[i], scenes[i].caption())
	}
	s.folder.Table([]string{"written", "drawn"}, rows)
	return &captionResult{right[0] / of[0], right[1] / of[1]}, s.folder.Picture("captions", chart.Grid(tiles, 10, 2))
}

// greedy writes a caption for each picture: the likeliest word, again and again.
func (m *captioner) greedy(images *tensor.Dense, l language) ([]string, error) {
	n := images.Shape()[0]
	x := graph.Input("x", graph.Dim(n), 3, side, side)
	ids := graph.InputOf(graph.Int64, "ids", graph.Dim(n), length)
	look, err := graph.Compile(m.See(x))
	if err != nil {
		return nil, err
	}
	seen, err := look.Run(x.Is(images))
	if err != nil {
		return nil, err
	}
	memory := graph.Input("memory", graph.Dim(n), 16, width)
	write, err := graph.Compile(ops.ArgMax(m.Write(ids, memory), -1))
	if err != nil {
		return nil, err
	}
	// what stands after a word does not matter to it, so the rest may be anything
	text := make([]int64, n*length)
	for i := range n {
		text[i*length] = l.start()
	}
	var next []int64
	for at := range length {
		out, err := write.Run(ids.Is(tensor.New(tensor.WithShape(n, length), tensor.WithBacking(text))), memory.Is(seen[0]))
		if err != nil {
			return nil, err
		}
		next = out[0].Int64s()
		for i := range n {
			if at+1 < length {
				text[i*length+at+1] = next[i*length+at]
			}
		}
	}
	captions := make([]string, n)
	for i := range n {
		captions[i] = l.decode(next[i*length : (i+1)*length])
	}
	return captions, nil
}

func (r captionResult) String() string {
	return fmt.Sprintf("captions right to the word: %.3f (pairs kept from training %.3f)", r.Exact, r.Unseen)
}
