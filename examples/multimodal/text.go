package main

import (
	"strings"

	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data/token"
)

// length is the number of words of the longest caption, and the end.
const length = 9

// A language turns captions into numbers: the words, then two signs of its own.
type language struct{ *token.Words }

func learnLanguage() language {
	var all []string
	for _, s := range allScenes() {
		all = append(all, s.caption())
	}
	return language{token.LearnWords(strings.Join(all, "\n"))}
}

// start begins what the captioner writes, end fills a caption up to its length.
func (l language) start() int64 { return int64(l.Len()) }
func (l language) end() int64   { return int64(l.Len()) + 1 }

// size is the number of words and signs.
func (l language) size() int { return l.Len() + 2 }

// encode returns the captions, [n length].
func (l language) encode(scenes []scene) (*tensor.Dense, error) {
	var all []int64
	for _, s := range scenes {
		ids, err := l.Encode(s.caption())
		if err != nil {
			return nil, err
		}
		for len(ids) < length {
			ids = append(ids, l.end())
		}
		all = append(all, ids...)
	}
	return tensor.New(tensor.WithShape(len(scenes), length), tensor.WithBacking(all)), nil
}

// decode returns the words before the end. A sign elsewhere is no word.
func (l language) decode(ids []int64) string {
	var words []string
	for _, id := range ids {
		if id == l.end() {
			break
		}
		word, err := l.Decode([]int64{id})
		if err != nil {
			word = "?"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}
