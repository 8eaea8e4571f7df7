package token_test

import (
	"bytes"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/data/token"
)

// TestHostileFiles reads files of all tokenizers that must each give an error with the
// place, without more memory than four times the file and 16 MiB.
func TestHostileFiles(t *testing.T) {
	loaders := map[string]func(r io.Reader) error{
		"byte pairs": func(r io.Reader) error { _, err := token.LoadBPE(r); return err },
		"characters": func(r io.Reader) error { _, err := token.LoadCharacters(r); return err },
		"words":      func(r io.Reader) error { _, err := token.LoadWords(r); return err },
	}
	n := 0
	for of, load := range loaders {
		files := map[string]string{
			"nothing": "", "space": "  \n", "text": "hello", "a number": "7", "a list": "[]", "null": "null", "a word": `"merges"`, "an empty object": "{}",
			"another file's name": `{"vocab":{}}`, "an object that does not end": `{"`, "text after the object": "{}x", "zeros": "\x00\x00\x00", "gzip": "\x1f\x8b\x08\x00",
			"UTF-16": "\xff\xfe{\x00}\x00", "lists in lists": strings.Repeat("[", 100_000), "objects in objects": strings.Repeat(`{"a":`, 100_000),
			"5 MiB of space": strings.Repeat(" ", 5<<20), "a string that does not end": `{"` + strings.Repeat("x", 1<<20),
		}
		for what, file := range own(of) {
			files[what] = file
		}
		for what, file := range files {
			n++
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := load(strings.NewReader(file))
			runtime.ReadMemStats(&after)
			if assert.Error(t, err, "%s: %s", of, what) {
				assert.Regexp(t, `^token: .*(offset|entry) \d+`, err.Error(), "%s: %s", of, what)
			}
			assert.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(4*len(file)+16<<20), "%s: %s", of, what)
		}
	}
	assert.Greater(t, n, 80)
}

// own are files that are wrong for one tokenizer.
func own(of string) map[string]string {
	switch of {
	case "byte pairs":
		return map[string]string{
			"merges of null": `{"merges":null}`, "merges of text": `{"merges":"ab"}`, "merges of an object": `{"merges":{}}`, "a merge of one": `{"merges":[[1]]}`,
			"a merge of three": `{"merges":[[1,2,3]]}`, "a merge of none": `{"merges":[[]]}`, "a merge of null": `{"merges":[null]}`, "a merge of text": `{"merges":[["a","b"]]}`,
			"a merge with a point": `{"merges":[[1.5,2]]}`, "a merge that overflows": `{"merges":[[99999999999999999999,1]]}`, "a merge of itself": `{"merges":[[256,256]]}`,
			"a merge of a later one": `{"merges":[[257,1],[1,2]]}`, "a negative token": `{"merges":[[-1,2]]}`, "a merge twice": `{"merges":[[1,2],[1,2]]}`,
			"tokens that double": doubling(), "merges that end early": `{"merges":[[1,2],`, "a merge without a comma": `{"merges":[[1 2]]}`, "two lists of merges, the last bad": `{"merges":[[1,2]],"merges":[[1]]}`,
		}
	case "characters":
		return map[string]string{
			"null": `{"characters":null}`, "a list": `{"characters":["a"]}`, "a number": `{"characters":7}`, "not sorted": `{"characters":"ba"}`, "a letter twice": `{"characters":"aa"}`,
			"a lone surrogate": `{"characters":"a\ud800b"}`, "bytes that are no UTF-8": "{\"characters\":\"\xff\"}", "a line end in a string": "{\"characters\":\"a\nb\"}", "an unknown escape": `{"characters":"\x41"}`,
			"a string that ends early": `{"characters":"abc`, "no quotes": `{"characters":abc}`, "sorted backward": `{"characters":"cba"}`,
		}
	}
	return map[string]string{
		"null": `{"words":null}`, "text": `{"words":"a b"}`, "a number": `{"words":[7]}`, "a word twice": `{"words":["a","a"]}`, "a capital": `{"words":["Word"]}`, "two words": `{"words":["two words"]}`,
		"an empty word": `{"words":[""]}`, "a sign": `{"words":["!"]}`, "words that end early": `{"words":["a",`, "an object": `{"words":{"a":1}}`, "a list in a list": `{"words":[["a"]]}`, "space around": `{"words":[" a "]}`,
	}
}

func FuzzLoadCharacters(f *testing.F) {
	for _, file := range own("characters") {
		f.Add([]byte(file))
	}
	f.Add([]byte(`{"characters":"abc"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := token.LoadCharacters(bytes.NewReader(b))
		if err != nil {
			return
		}
		ids, err := c.Encode(c.String())
		assert.NoError(t, err)
		assert.Len(t, ids, c.Len())
	})
}

func FuzzLoadWords(f *testing.F) {
	for _, file := range own("words") {
		f.Add([]byte(file))
	}
	f.Add([]byte(`{"words":["a","b"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := token.LoadWords(bytes.NewReader(b))
		if err != nil {
			return
		}
		assert.Len(t, w.Counts("a b c"), w.Len())
	})
}
