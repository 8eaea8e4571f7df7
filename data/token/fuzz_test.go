package token_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data/token"
)

func FuzzLoadWords(f *testing.F) {
	f.Add([]byte(`{"words":["a","don't"]}`))
	for _, text := range hostileOf["words"] {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := token.LoadWords(bytes.NewReader(b))
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "token: words: offset "), "%q", err)
			return
		}
		for id := range int64(w.Len()) {
			word, err := w.Decode([]int64{id})
			require.NoError(t, err)
			ids, err := w.Encode(word)
			require.NoError(t, err)
			require.Equal(t, []int64{id}, ids)
		}
	})
}

func FuzzLoadCharacters(f *testing.F) {
	f.Add([]byte(`{"characters":"abc"}`))
	for _, text := range hostileOf["characters"] {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := token.LoadCharacters(bytes.NewReader(b))
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "token: characters: offset "), "%q", err)
			return
		}
		ids, err := c.Encode(c.String())
		require.NoError(t, err)
		require.Len(t, ids, c.Len())
	})
}
