package token

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Words has a token for each word of the text that it was learned from, the most
// frequent first, equally frequent ones in the order of their code points. A word is a
// run of letters, digits and apostrophes between two of those, in lower case:
// "Don't!" is don't.
type Words struct {
	words []string
	ids   map[string]int64
}

// WordsOptions refine [LearnWords]. The zero value changes nothing.
type WordsOptions struct {
	Least   int      // how often a word must be there to get a token
	Most    int      // tokens at most, of the most frequent words; 0 means all
	Without []string // words that get none, such as the, of and
}

// LearnWords returns the tokenizer of the distinct words of a text.
func LearnWords(text string, o ...WordsOptions) *Words {
	var opt WordsOptions
	if len(o) > 0 {
		opt = o[len(o)-1]
	}
	count := map[string]int{}
	for _, w := range split(text) {
		count[w]++
	}
	for _, w := range opt.Without {
		delete(count, w)
	}
	var words []string
	for w, n := range count {
		if n >= opt.Least {
			words = append(words, w)
		}
	}
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	if opt.Most > 0 {
		words = words[:min(opt.Most, len(words))]
	}
	return ofWords(words)
}

func ofWords(words []string) *Words {
	w := &Words{words: words, ids: make(map[string]int64, len(words))}
	for i, word := range words {
		w.ids[word] = int64(i)
	}
	return w
}

// split returns the words of a text.
func split(text string) (words []string) {
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
	text = strings.ReplaceAll(strings.ToLower(text), "’", "'")
	for _, f := range strings.FieldsFunc(text, func(r rune) bool { return !letter(r) && r != '\'' }) {
		if f = strings.Trim(f, "'"); f != "" {
			words = append(words, f)
		}
	}
	return words
}

// Len returns the number of words.
func (w *Words) Len() int { return len(w.words) }

// Encode returns the ids of the words of a text, and fails on one that has none.
// What is between words is lost.
func (w *Words) Encode(text string) ([]int64, error) {
	words := split(text)
	ids := make([]int64, len(words))
	for i, word := range words {
		id, ok := w.ids[word]
		if !ok {
			return nil, fmt.Errorf("token: no word %q (word %d of the text) among the %d learned: learn from a text that has it, or use Counts, which passes it over", word, i+1, len(w.words))
		}
		ids[i] = id
	}
	return ids, nil
}

// Decode returns the words of ids with a blank between them.
func (w *Words) Decode(ids []int64) (string, error) {
	words := make([]string, len(ids))
	for i, id := range ids {
		if id < 0 || id >= int64(len(w.words)) {
			return "", missing(id, len(w.words))
		}
		words[i] = w.words[id]
	}
	return strings.Join(words, " "), nil
}

// Counts returns how often each word is in a text, by their ids: the text as a bag
// of words. Words without an id are passed over.
func (w *Words) Counts(text string) []float32 {
	n := make([]float32, len(w.words))
	for _, word := range split(text) {
		if id, ok := w.ids[word]; ok {
			n[id]++
		}
	}
	return n
}

// wordList is how Words are saved.
type wordList struct {
	Words []string `json:"words"`
}

// Save writes the words as JSON.
func (w *Words) Save(to io.Writer) error { return json.NewEncoder(to).Encode(wordList{w.words}) }

// LoadWords reads what Save wrote.
func LoadWords(r io.Reader) (*Words, error) {
	var saved wordList
	if err := load(r, &saved); err != nil {
		return nil, fmt.Errorf("token: words: %w", err)
	}
	w := ofWords(saved.Words)
	if len(w.ids) != len(w.words) {
		return nil, fmt.Errorf("token: words: offset 0: they are not distinct: not a file of Words.Save")
	}
	for _, word := range saved.Words {
		if s := split(word); len(s) != 1 || s[0] != word {
			return nil, fmt.Errorf("token: words: offset 0: %q is no word in lower case: not a file of Words.Save", word)
		}
	}
	return w, nil
}
