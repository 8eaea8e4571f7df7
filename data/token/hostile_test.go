package token_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data/token"
)

// hostile are files that are no saved tokenizers of any kind.
var hostile = map[string]string{
	"empty": "", "space": " \n\t ", "text": "hello", "a number": "1", "a string": `"merges"`, "true": "true", "a list": "[]", "a list of objects": "[{}]",
	"an open brace": "{", "an open quote": `{"mer`, "a name alone": `{"x"}`, "no value": `{"x":`, "no brace at the end": `{"merges":[]`, "a comma too many": `{"merges":[],}`,
	"an unknown name": `{"vocabulary":[]}`, "zero bytes": "\x00\x00\x00\x00", "UTF-16": "\xff\xfe{\x00}\x00", "a byte order mark": "\ufeff{}", "a comment": "// {}\n{}",
	"single quotes": "{'merges':[]}", "a gzip file": "\x1f\x8b\x08\x00", "two objects": `{"merges":[],"words":[],"characters":""}{}`, "100,000 brackets": strings.Repeat("[", 100_000),
	"100,000 brackets inside": `{"merges":` + strings.Repeat("[", 100_000), "20,000 objects": strings.Repeat(`{"merges":`, 20_000), "a zero byte after": "{\"merges\":[]}\x00",
}

// hostileOf are the files that one kind must refuse beside those.
var hostileOf = map[string]map[string]string{
	"byte pairs": {
		"null in the list": `{"merges":[null]}`, "a pair of one": `{"merges":[[1]]}`, "a pair of three": `{"merges":[[1,2,3]]}`, "an empty pair": `{"merges":[[]]}`,
		"a pair of text": `{"merges":[["a","b"]]}`, "a fraction": `{"merges":[[1.5,1]]}`, "beyond int64": `{"merges":[[99999999999999999999,1]]}`, "negative": `{"merges":[[-1,1]]}`,
		"a token that comes later": `{"merges":[[256,1]]}`, "itself": `{"merges":[[1,1],[257,257]]}`, "the same pair twice": `{"merges":[[1,1],[1,1]]}`, "an object as list": `{"merges":{}}`,
		"a number as list": `{"merges":7}`, "a pair cut short": `{"merges":[[1,`, "a list cut short": `{"merges":[[1,2]`, "a missing comma": `{"merges":[[1,2][2,3]]}`,
		"text after": `{"merges":[[1,2]]} x`, "a second list": `{"merges":[],"merges":[]}`, "merges that double": doubling(), "a nameless list": `{"":[]}`,
		"merges of capitals": `{"Merges":[]}`, "a pair as an object": `{"merges":[{"a":1}]}`, "a list in a pair": `{"merges":[[[1],2]]}`,
	},
	"characters": {
		"twice the same": `{"characters":"aa"}`, "not sorted": `{"characters":"ba"}`, "a number": `{"characters":1}`, "a list": `{"characters":["a"]}`, "cut short": `{"characters":"ab`,
		"text after": `{"characters":"ab"} x`, "a lone surrogate": `{"characters":"\ud800a"}`, "no escape": `{"characters":"\x"}`, "half an escape": `{"characters":"\u00"}`, "a line end": "{\"characters\":\"a\nb\"}",
		"an object": `{"characters":{}}`, "true": `{"characters":true}`, "a name too many": `{"characters":"ab","merges":[]}`, "a mebibyte of one": `{"characters":"` + strings.Repeat("a", 1<<20) + `"}`,
	},
	"words": {
		"twice the same": `{"words":["a","a"]}`, "capitals": `{"words":["A"]}`, "two words": `{"words":["a b"]}`, "an empty word": `{"words":[""]}`, "a sign": `{"words":["!"]}`, "a number": `{"words":[1]}`,
		"null in the list": `{"words":[null]}`, "a string": `{"words":"a"}`, "an object": `{"words":{}}`, "cut short": `{"words":["a"`, "text after": `{"words":["a"]} x`, "a list in the list": `{"words":[["a"]]}`,
		"no UTF-8": "{\"words\":[\"\xff\"]}", "a missing comma": `{"words":["a" "b"]}`,
	},
}

func TestHostileFiles(t *testing.T) {
	for kind, load := range map[string]func(io.Reader) error{
		"byte pairs": func(r io.Reader) error { _, err := token.LoadBPE(r); return err },
		"characters": func(r io.Reader) error { _, err := token.LoadCharacters(r); return err },
		"words":      func(r io.Reader) error { _, err := token.LoadWords(r); return err },
	} {
		files := map[string]string{}
		for name, text := range hostile {
			files[name] = text
		}
		for name, text := range hostileOf[kind] {
			files["its own: "+name] = text
		}
		require.GreaterOrEqual(t, len(files), 40, kind)
		for name, text := range files {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := load(strings.NewReader(text))
			runtime.ReadMemStats(&after)
			what := fmt.Sprintf("%s: %s", kind, name)
			if assert.Error(t, err, what) {
				assert.Regexp(t, "^token: "+kind+`: offset \d+: .`, err.Error(), what)
				assert.NotContains(t, err.Error(), "\n", what)
			}
			// garbage counts too
			assert.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(4*len(text)+16<<20), what)
		}
	}
}
