package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// leaves checks that a run has left the files, and a page.
func leaves(t *testing.T, folder string, files ...string) {
	t.Helper()
	for _, f := range append(files, "report.html", "config.json", "result.json") {
		assert.FileExists(t, filepath.Join(folder, f))
	}
}

// refuses checks that an example refuses its flags in one line.
func refuses(t *testing.T, dir, name, want string, arg ...string) {
	t.Helper()
	out, err := command(dir, name, append(arg, "-runs", t.TempDir())...).CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(out), want)
	assert.Equal(t, 1, strings.Count(string(out), "\n"), string(out))
}

func testTopics(t *testing.T, dir string) {
	type topics struct {
		Perplexity float64    `json:"perplexity"`
		Unigram    float64    `json:"unigram_perplexity"`
		Coherence  float64    `json:"npmi"`
		Chance     float64    `json:"npmi_of_random_words"`
		NMI        float64    `json:"nmi"`
		Topics     [][]string `json:"topics"`
	}
	short := []string{"-texts", "2500", "-epochs", "40"}
	var r, again, own topics
	folder, _ := result(t, dir, "topics", &r, short...)
	assert.Less(t, r.Perplexity, 0.5*r.Unigram)
	assert.Greater(t, r.Coherence, r.Chance+0.5)
	assert.Greater(t, r.NMI, 0.6)
	require.Len(t, r.Topics, 10)
	assert.Len(t, r.Topics[0], 8)
	leaves(t, folder, "topics.svg", "curves.svg", "history.ndjson", "model.safetensors")
	result(t, dir, "topics", &again, short...)
	assert.Equal(t, r, again, "the same seed gives the same numbers")

	// texts of one's own, in lines with labels
	file := filepath.Join(t.TempDir(), "texts")
	lines := strings.Repeat("ham\tThe moon and the stars\nham\tBread and butter\n", 40)
	require.NoError(t, os.WriteFile(file, []byte(lines), 0o600))
	result(t, dir, "topics", &own, "-data", file, "-topics", "2", "-top", "2", "-epochs", "30")
	require.Len(t, own.Topics, 2)
	for _, words := range own.Topics {
		for _, w := range words {
			assert.Contains(t, []string{"moon", "stars", "bread", "butter"}, w, "the labels and frequent words are left out")
		}
	}
	refuses(t, dir, "topics", "topics: 4 words come at least 1 times: want at least 8, so lower -least", "-data", file, "-least", "1", "-quiet")
	refuses(t, dir, "topics", "want at least 2 topics", "-topics", "1")
	refuses(t, dir, "topics", "nowhere", "-data", "nowhere")
}

func testMultimodal(t *testing.T, dir string) {
	type multimodal struct {
		Clip *struct {
			ToCaption float64 `json:"picture_to_caption"`
			ToPicture float64 `json:"caption_to_picture"`
			ZeroShot  float64 `json:"zero_shot"`
		} `json:"clip"`
		Prices *struct {
			Picture float64 `json:"r2_picture"`
			Table   float64 `json:"r2_table"`
			Both    float64 `json:"r2_both"`
		} `json:"prices"`
		Captions *struct {
			Exact float64 `json:"exact"`
		} `json:"captions"`
	}
	short := []string{"-pictures", "2000", "-epochs", "4"}
	var r, a, b multimodal
	folder, _ := result(t, dir, "multimodal", &r, short...)
	assert.Greater(t, r.Clip.ToCaption, 0.1, "guessing is at 1/300")
	assert.Greater(t, r.Clip.ToPicture, 0.1)
	assert.Greater(t, r.Clip.ZeroShot, 0.15, "guessing is at 1/30")
	assert.Greater(t, r.Prices.Both, 0.5)
	assert.Greater(t, r.Prices.Both, max(r.Prices.Picture, r.Prices.Table)+0.1, "two kinds of data tell more than one")
	assert.Greater(t, r.Captions.Exact, 0.03, "guessing is at 1/300")
	leaves(t, folder, "clip.svg", "clip-pictures.png", "prices.svg", "captions.png", "losses.svg")
	one := []string{"-part", "captions", "-pictures", "500", "-epochs", "1"}
	result(t, dir, "multimodal", &a, one...)
	result(t, dir, "multimodal", &b, one...)
	assert.Equal(t, a, b, "the same seed gives the same numbers")
	assert.Nil(t, a.Clip)
	refuses(t, dir, "multimodal", `multimodal: -part "all of it": want clip, prices, captions or all`, "-part", "all of it")
	refuses(t, dir, "multimodal", "want at least 1 picture", "-pictures", "0")
}

func testSelfsup(t *testing.T, dir string) {
	var s struct {
		Figures []struct {
			Name               string
			Probe, NMI, Purity float64
		}
		All float64 `json:"supervised_all"`
	}
	folder, _ := result(t, dir, "selfsup", &s, "-images", "3000", "-epochs", "8", "-drawn", "2", "-points", "100", "-steps", "40", "-seed", "1")
	require.Len(t, s.Figures, 5)
	untrained, contrast := s.Figures[1], s.Figures[2]
	assert.Equal(t, "SimCLR", contrast.Name)
	assert.Greater(t, contrast.Probe, untrained.Probe, "it has learned something without labels")
	for _, f := range s.Figures {
		assert.Greater(t, f.Probe, 0.12, f.Name)
		assert.Greater(t, f.Purity, 0.1, f.Name)
	}
	assert.Greater(t, s.All, 0.5)
	leaves(t, folder, "masked.png", "SimCLR-pca.svg", "SimCLR-tsne.svg", "probes.svg", "losses.svg")
	refuses(t, dir, "selfsup", "want at least 10 labels", "-labels", "1")
	refuses(t, dir, "selfsup", "nowhere", "-data", "nowhere")
}
