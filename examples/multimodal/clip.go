package main

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/report"
)

// width of the vectors that pictures and captions become.
const width = 64

// temperature divides the cosines of the angles between them: what is likely becomes
// as good as sure.
const temperature = 0.07

// eye turns pictures [n 3 32 32] into 4 by 4 vectors of 64 numbers.
func eye() nn.Sequential {
	look := func(out, window int) nn.Sequential {
		return nn.Sequential{&nn.Conv2D{Out: out, Kernel: []int{window}, Stride: []int{2}, Same: true, NoBias: true}, &nn.BatchNorm{}, nn.Func(ops.ReLU)}
	}
	return nn.Sequential{look(24, 5), look(48, 3), look(64, 3)}
}

// A clip is CLIP: two towers, one for pictures and one for captions, that put what
// belongs together in the same place of one space.
type clip struct {
	Eye   nn.Sequential
	Words nn.Embedding
	Place nn.Positions
	Read  nn.TransformerBlock
	Norm  nn.LayerNorm
	Text  nn.Dense
}

func newClip(l language) *clip {
	return &clip{
		Eye:   append(eye(), &nn.Flatten{}, &nn.Dense{Out: width}),
		Words: nn.Embedding{Count: l.size(), Width: width, Init: nn.Normal(0, 0.1)},
		Place: nn.Positions{Max: length},
		Read:  nn.TransformerBlock{Heads: 4, Hidden: 2 * width},
		Text:  nn.Dense{Out: width, NoBias: true},
	}
}

// Picture returns the places of pictures in the common space, at distance 1 from 0.
func (m *clip) Picture(x *graph.Node) *graph.Node { return unit(m.Eye.Apply(x)) }

// Caption returns those of captions.
func (m *clip) Caption(ids *graph.Node) *graph.Node {
	h := m.Read.Apply(m.Place.Apply(m.Words.Apply(ids)))
	return unit(m.Text.Apply(m.Norm.Apply(ops.Mean(h, 1))))
}

func unit(x *graph.Node) *graph.Node { return ops.Div(x, ops.Keep(ops.Norm, x, -1)) }

// clipResult is what CLIP has reached with pictures that it has not seen.
type clipResult struct {
	ToCaption float64 `json:"picture_to_caption"`        // share of pictures whose caption, of all 300, is found
	ToPicture float64 `json:"caption_to_picture"`        // share of captions whose picture, one of 300, is found
	ZeroShot  float64 `json:"zero_shot"`                 // share of pictures whose colour and shape, of 30 pairs, are told
	Unseen    float64 `json:"zero_shot_of_unseen_pairs"` // of the pairs that were kept from training
}

// clip trains on pictures with captions, and judges by others.
func (s *study) clip() (*clipResult, error) {
	rnd := rand.New(rand.NewPCG(s.Seed, 1))
	l := learnLanguage()
	scenes := familiar(s.pictures, rnd)
	images, _ := pictures(scenes, rnd)
	captions, err := l.encode(scenes)
	if err != nil {
		return nil, err
	}
	n := graph.Sym("pictures")
	x, ids := graph.Input("x", n, 3, side, side), graph.InputOf(graph.Int64, "ids", n, length)
	m := newClip(l)
	// which caption belongs to a picture, of all in the batch, and which picture to a
	// caption
	loss := nn.InfoNCE(m.Picture(x), m.Caption(ids), temperature, true)
	if err := s.fit("clip", m, loss, []*graph.Node{x, ids}, images, captions); err != nil {
		return nil, err
	}
	var r clipResult
	return &r, r.judge(m, l, rnd, s.folder)
}

// judge looks at one new picture of each of all scenes.
func (r *clipResult) judge(m *clip, l language, rnd *rand.Rand, folder *report.Folder) error {
	scenes := allScenes()
	images, _ := pictures(scenes, rnd)
	captions, err := l.encode(scenes)
	if err != nil {
		return err
	}
	all := graph.Dim(len(scenes))
	x, ids := graph.Input("x", all, 3, side, side), graph.InputOf(graph.Int64, "ids", all, length)
	picture, caption := m.Picture(x), m.Caption(ids)
	fit := ops.MatMul(picture, ops.Transpose(caption))
	// how likely a pair of colour and shape is: that of its captions, of all sizes and
	// positions, added up
	pairs := graph.Dim(len(colours) * len(shapes))
	pair := ops.LogSumExp(ops.Reshape(ops.Scale(fit, 1/temperature), all, pairs, -1), -1)
	p, err := graph.Compile(ops.ArgMax(fit, 1), ops.ArgMax(fit, 0), ops.ArgMax(pair, 1), fit)
	if err != nil {
		return err
	}
	y, err := p.Run(x.Is(images), ids.Is(captions))
	if err != nil {
		return err
	}
	found := func(y *tensor.Dense, right func(i int, id int64) bool) (share float64) {
		for i, id := range y.Int64s() {
			if right(i, id) {
				share += 1 / float64(len(scenes))
			}
		}
		return share
	}
	itself := func(i int, id int64) bool { return int64(i) == id }
	alike := func(i int, id int64) bool { return int64(scenes[i].colour*len(shapes)+scenes[i].shape) == id }
	r.ToCaption, r.ToPicture, r.ZeroShot = found(y[0], itself), found(y[1], itself), found(y[2], alike)
	held := 0.0
	for _, s := range scenes {
		if s.unseen() {
			held++
		}
	}
	r.Unseen = found(y[2], func(i int, id int64) bool { return scenes[i].unseen() && alike(i, id) }) * float64(len(scenes)) / held
	return drawFit(y[3], images, scenes, rnd, folder)
}

// drawFit shows how well some pictures fit each other's captions.
func drawFit(fit, images *tensor.Dense, scenes []scene, rnd *rand.Rand, folder *report.Folder) error {
	const n = 10
	some := rnd.Perm(len(scenes))[:n]
	h := chart.Heat{Numbers: true}
	var tiles []image.Image
	for _, i := range some {
		tiles = append(tiles, tile(images, i))
		h.Rows, h.Columns = append(h.Rows, scenes[i].caption()), append(h.Columns, scenes[i].short())
		var row []float64
		for _, j := range some {
			row = append(row, math.Round(100*float64(fit.Float32s()[j*len(scenes)+i]))/100)
		}
		h.Z = append(h.Z, row)
	}
	folder.Section("CLIP", "Ten pictures that it had not seen, and the cosines of the angles between them and their captions.")
	if err := folder.Picture("clip-pictures", chart.Grid(tiles, n, 2)); err != nil {
		return err
	}
	return folder.Chart("clip", &chart.Chart{Title: "captions (rows) and pictures (columns)", Layers: []chart.Layer{h}})
}

func (r clipResult) String() string {
	return fmt.Sprintf("picture to caption %.3f, caption to picture %.3f, colour and shape zero-shot %.3f (pairs kept from training %.3f)",
		r.ToCaption, r.ToPicture, r.ZeroShot, r.Unseen)
}
