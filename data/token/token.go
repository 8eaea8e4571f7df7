// Package token turns text into numbers and back: characters ([Characters]), words
// ([Words]) and byte pairs ([BPE]), all learned from a text.
package token

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Tokenizer writes text as ids from 0 to Len-1, and ids as text.
type Tokenizer interface {
	// Len returns the number of tokens.
	Len() int
	// Encode returns the ids of a text. It fails on what it has no token for.
	Encode(text string) ([]int64, error)
	// Decode returns the text of ids. It fails on an id that is not there.
	Decode(ids []int64) (string, error)
}

// Characters has a token for each character of the text that it was learned
// from, in the order of their code points.
type Characters struct {
	runes []rune
	ids   map[rune]int64
}

// LearnCharacters returns the tokenizer of the distinct characters of a text.
func LearnCharacters(text string) *Characters {
	c := &Characters{ids: map[rune]int64{}}
	for _, r := range text {
		c.ids[r] = 0
	}
	for r := range c.ids {
		c.runes = append(c.runes, r)
	}
	slices.Sort(c.runes)
	for i, r := range c.runes {
		c.ids[r] = int64(i)
	}
	return c
}

// Len returns the number of characters.
func (c *Characters) Len() int { return len(c.runes) }

// String returns all characters in the order of their ids.
func (c *Characters) String() string { return string(c.runes) }

// Encode returns the ids of the characters of a text.
func (c *Characters) Encode(text string) ([]int64, error) {
	ids := make([]int64, 0, len(text))
	for at, r := range text {
		id, ok := c.ids[r]
		if !ok {
			return nil, fmt.Errorf("token: no character %q (at byte %d) among the %d learned: learn from a text that has it", r, at, len(c.runes))
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Decode returns the characters of ids.
func (c *Characters) Decode(ids []int64) (string, error) {
	var b strings.Builder
	for _, id := range ids {
		if id < 0 || id >= int64(len(c.runes)) {
			return "", missing(id, len(c.runes))
		}
		b.WriteRune(c.runes[id])
	}
	return b.String(), nil
}

func missing(id int64, n int) error {
	return fmt.Errorf("token: no token %d: there are %d", id, n)
}

// characters is how Characters are saved.
type characters struct {
	Characters string `json:"characters"`
}

// Save writes the characters as JSON.
func (c *Characters) Save(w io.Writer) error {
	return json.NewEncoder(w).Encode(characters{string(c.runes)})
}

// LoadCharacters reads what Save wrote.
func LoadCharacters(r io.Reader) (*Characters, error) {
	var saved characters
	if err := load(r, &saved); err != nil {
		return nil, fmt.Errorf("token: characters: %w", err)
	}
	c := LearnCharacters(saved.Characters)
	if !utf8.ValidString(saved.Characters) || string(c.runes) != saved.Characters {
		return nil, fmt.Errorf("token: characters: offset 0: they are not distinct and sorted: not a file of Characters.Save")
	}
	return c, nil
}
