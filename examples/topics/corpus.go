package main

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/data/token"
)

//go:embed themes.txt
var themes string

//go:embed stopwords.txt
var stopwords string

// A corpus is texts, and of those that were generated the themes.
type corpus struct {
	texts []string
	theme []int64  // of each text; nil if nobody knows
	names []string // of the themes
}

// A theme is patterns of sentences, such as "{water|prune} the {roses|beans}".
type theme struct {
	name     string
	patterns []string
}

// messages generates n short messages, each about one theme, one in four about a
// second one too, with some chatter that is about nothing.
func messages(n int, seed uint64) corpus {
	all := readThemes(themes)
	last := len(all) - 1
	chatter, all := all[last], all[:last]
	rnd := rand.New(rand.NewPCG(seed, 0))
	sentence := func(t theme) string { return expand(t.patterns[rnd.IntN(len(t.patterns))], rnd) }
	var c corpus
	for _, t := range all {
		c.names = append(c.names, t.name)
	}
	for range n {
		first, second := rnd.IntN(len(all)), rnd.IntN(len(all))
		if rnd.IntN(4) > 0 {
			second = first
		}
		var text []string
		if rnd.IntN(2) == 0 {
			text = append(text, sentence(chatter))
		}
		for i := range 1 + rnd.IntN(4) {
			of := first
			if i%3 == 1 { // less of the second theme than of the first
				of = second
			}
			text = append(text, sentence(all[of]))
		}
		c.texts = append(c.texts, strings.Join(text, ". "))
		c.theme = append(c.theme, int64(first))
	}
	return c
}

// readThemes reads a line "# name" and a pattern in each line after it.
func readThemes(text string) (all []theme) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "# "); ok {
			all = append(all, theme{name: name})
			continue
		}
		t := &all[len(all)-1]
		t.patterns = append(t.patterns, line)
	}
	return all
}

// expand takes one of the alternatives of each {a|b|c}.
func expand(pattern string, rnd *rand.Rand) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(pattern, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		inside, after, _ := strings.Cut(rest, "}")
		choices := strings.Split(inside, "|")
		b.WriteString(choices[rnd.IntN(len(choices))])
		pattern = after
	}
}

// open reads the texts of a folder, one in each file, or those of a file, one in
// each line; of a line with tabs, as in "ham<tab>message", the last part.
func open(path string) (c corpus, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return c, err
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*")); err != nil {
			return c, err
		}
	}
	for _, file := range files {
		text, err := data.OpenText(file)
		if err != nil {
			return c, err
		}
		if info.IsDir() {
			c.texts = append(c.texts, text)
			continue
		}
		for line := range strings.Lines(text) {
			c.texts = append(c.texts, line[strings.LastIndex(line, "\t")+1:])
		}
	}
	return c, nil
}

// bags counts the words of each text, [texts words], and leaves out texts without
// any word that is counted. Column 1 has the themes, or 0.
func (c corpus) bags(least int) (*data.Arrays, *token.Words, error) {
	words := token.LearnWords(strings.Join(c.texts, "\n"), token.WordsOptions{Least: least, Most: 2000, Without: strings.Fields(stopwords)})
	var counts []float32
	var theme []int64
	for i, text := range c.texts {
		n := words.Counts(text)
		sum := float32(0)
		for _, v := range n {
			sum += v
		}
		if sum == 0 {
			continue
		}
		counts = append(counts, n...)
		t := int64(0)
		if c.theme != nil {
			t = c.theme[i]
		}
		theme = append(theme, t)
	}
	if len(theme) < 20 {
		return nil, nil, fmt.Errorf("topics: %d texts with words that come %d times: want at least 20", len(theme), least)
	}
	n := len(theme)
	set, err := data.Of(tensor.New(tensor.WithShape(n, words.Len()), tensor.WithBacking(counts)), tensor.New(tensor.WithShape(n), tensor.WithBacking(theme)))
	return set, words, err
}
