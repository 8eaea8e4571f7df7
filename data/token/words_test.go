package token_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data/token"
)

var _ token.Tokenizer = (*token.Words)(nil)

func TestWords(t *testing.T) {
	text := "The cat can't see the Éclair; 'the' 7 cats — can’t, see!"
	w := token.LearnWords(text)
	all, err := w.Decode([]int64{0, 1, 2, 3, 4, 5, 6})
	require.NoError(t, err)
	assert.Equal(t, "the can't see 7 cat cats éclair", all, "by frequency, then by code points")
	assert.Equal(t, 7, w.Len())
	ids, err := w.Encode("See... THE cats")
	require.NoError(t, err)
	assert.Equal(t, []int64{2, 0, 5}, ids)
	assert.Equal(t, []float32{2, 0, 0, 0, 1, 0, 0}, w.Counts("the dog, the cat"))
	_, err = w.Encode("the dog")
	assert.EqualError(t, err, `token: no word "dog" (word 2 of the text) among the 7 learned: learn from a text that has it, or use Counts, which passes it over`)
	_, err = w.Decode([]int64{7})
	assert.EqualError(t, err, "token: no token 7: there are 7")
	empty, err := w.Encode(" '' ...")
	require.NoError(t, err)
	assert.Empty(t, empty)

	few := token.LearnWords(text, token.WordsOptions{Least: 2, Without: []string{"the"}})
	assert.Equal(t, []float32{0, 1}, few.Counts("the cats see"))
	assert.Equal(t, 3, token.LearnWords(text, token.WordsOptions{Most: 3}).Len())
	assert.Equal(t, 7, token.LearnWords(text, token.WordsOptions{Most: 30}).Len())
	assert.Zero(t, token.LearnWords("").Len())
}

func TestWordsSaved(t *testing.T) {
	w := token.LearnWords("a b b")
	var b bytes.Buffer
	require.NoError(t, w.Save(&b))
	again, err := token.LoadWords(&b)
	require.NoError(t, err)
	assert.Equal(t, w, again)
	for _, bad := range []string{"", "{", `{"words":["b","b"]}`, `{"words":["B"]}`, `{"words":["a b"]}`, `{"words":[""]}`, `[]`} {
		_, err := token.LoadWords(strings.NewReader(bad))
		assert.ErrorContains(t, err, "token: words: ", bad)
	}
}
