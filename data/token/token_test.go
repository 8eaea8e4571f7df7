package token_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data/token"
)

var _, _ token.Tokenizer = (*token.Characters)(nil), (*token.BPE)(nil)

func TestCharacters(t *testing.T) {
	c := token.LearnCharacters("añb a\n")
	assert.Equal(t, "\n abñ", c.String())
	assert.Equal(t, 5, c.Len())
	ids, err := c.Encode("ñab")
	require.NoError(t, err)
	assert.Equal(t, []int64{4, 2, 3}, ids)
	text, err := c.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, "ñab", text)
	_, err = c.Encode("abc")
	assert.EqualError(t, err, `token: no character 'c' (at byte 2) among the 5 learned: learn from a text that has it`)
	_, err = c.Decode([]int64{5})
	assert.EqualError(t, err, "token: no token 5: there are 5")
	var b bytes.Buffer
	require.NoError(t, c.Save(&b))
	again, err := token.LoadCharacters(&b)
	require.NoError(t, err)
	assert.Equal(t, c, again)
	for _, bad := range []string{"", "{", `{"characters":"ba"}`, `{"characters":"aa"}`, `[]`} {
		_, err = token.LoadCharacters(strings.NewReader(bad))
		assert.ErrorContains(t, err, "token: characters: ", bad)
	}
}

// plainBPE learns as the definition says: it counts all pairs anew each time.
func plainBPE(words [][]string, n int) (merges [][2]string) {
	for len(merges) < n {
		counts := map[[2]string]int{}
		for _, w := range words {
			for i := range len(w) - 1 {
				counts[[2]string{w[i], w[i+1]}]++
			}
		}
		most := 1
		for _, k := range counts {
			most = max(most, k)
		}
		if most < 2 {
			break
		}
		best := [][2]string{}
		for p, k := range counts {
			if k == most {
				best = append(best, p)
			}
		}
		if len(best) > 1 {
			return merges // which of equals is smaller depends on numbers
		}
		for i, w := range words {
			var out []string
			for j := 0; j < len(w); j++ {
				if j+1 < len(w) && w[j] == best[0][0] && w[j+1] == best[0][1] {
					out = append(out, w[j]+w[j+1])
					j++
				} else {
					out = append(out, w[j])
				}
			}
			words[i] = out
		}
		merges = append(merges, best[0])
	}
	return merges
}

func TestBPEAgainstTheDefinition(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	compared := 0
	for range 100 {
		var text strings.Builder
		var words [][]string
		for range 60 {
			word := ""
			for range 1 + r.IntN(6) {
				word += string(rune('a' + r.IntN(4)*r.IntN(3)))
			}
			text.WriteString(" " + word)
			words = append(words, strings.Split(" "+word, ""))
		}
		want := plainBPE(words, 12)
		b, err := token.LearnBPE(text.String(), 256+len(want))
		require.NoError(t, err)
		require.Equal(t, 256+len(want), b.Len())
		for i, p := range want {
			got, err := b.Decode([]int64{int64(256 + i)})
			require.NoError(t, err)
			require.Equal(t, p[0]+p[1], got, "merge %d of %q", i, text.String())
			compared++
		}
	}
	assert.Greater(t, compared, 100)
}

func TestBPERoundTrip(t *testing.T) {
	text := strings.Repeat("the theme of the thesis, 1234 times 1234!\n\n  über Ünïcode \xff\xfe end ", 3)
	for _, n := range []int{256, 260, 300, 100_000} {
		b, err := token.LearnBPE(text, n)
		require.NoError(t, err)
		assert.LessOrEqual(t, b.Len(), n)
		for _, s := range []string{text, "", " ", "x", "   the", "the   ", "ganz anderes", "\xf0\x9f"} {
			ids, err := b.Encode(s)
			require.NoError(t, err)
			back, err := b.Decode(ids)
			require.NoError(t, err)
			assert.Equal(t, s, back)
		}
	}
	b, err := token.LearnBPE(text, 400)
	require.NoError(t, err)
	ids, err := b.Encode(text)
	require.NoError(t, err)
	assert.Less(t, len(ids), len(text)/4, "what it has seen it packs")
	var buf bytes.Buffer
	require.NoError(t, b.Save(&buf))
	again, err := token.LoadBPE(&buf)
	require.NoError(t, err)
	assert.Equal(t, b, again)
	_, err = b.Decode([]int64{-1})
	assert.ErrorContains(t, err, "token: no token -1")
	_, err = token.LearnBPE(text, 255)
	assert.EqualError(t, err, "token: 255 tokens: there is one for each of 256 bytes, so ask for more")
	for bad, want := range map[string]string{
		`{"merges":[[256,1]]}`:     "token: byte pairs: offset 18: merge 0 joins tokens 256 and 1, which are not there yet",
		`{"merges":[[1,1],[1,1]]}`: "token: byte pairs: offset 22: merge 1 joins tokens 1 and 1 for the second time",
		`{"merges":[[1,-1]]}`:      "token: byte pairs: offset 17: merge 0 joins tokens 1 and -1, which are not there yet",
		`{"merges":`:               "token: byte pairs: offset 10: the file ends before its JSON object: it is cut short or of another format",
		doubling():                 "token: byte pairs: offset 236: merge 22: the tokens stand for more than 8 MiB of text",
	} {
		_, err := token.LoadBPE(strings.NewReader(bad))
		assert.EqualError(t, err, want)
	}
}

// doubling is a file in which each token is twice the one before.
func doubling() string {
	s := `{"merges":[[1,1]`
	for id := 256; id < 320; id++ {
		s += strings.ReplaceAll(",[N,N]", "N", string(rune('0'+id/100))+string(rune('0'+id/10%10))+string(rune('0'+id%10)))
	}
	return s + "]}"
}

func FuzzLoadBPE(f *testing.F) {
	f.Add([]byte(`{"merges":[[104,101],[256,108]]}`))
	f.Add([]byte(doubling()))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := token.LoadBPE(bytes.NewReader(b))
		if err != nil {
			return
		}
		ids, err := p.Encode("hello hello")
		require.NoError(t, err)
		text, err := p.Decode(ids)
		require.NoError(t, err)
		require.Equal(t, "hello hello", text)
	})
}

// Learning must take time in proportion to the text, not to text times tokens.
func BenchmarkLearnBPE(b *testing.B) {
	text, err := os.ReadFile("../../../shared/data/tinyshakespeare/input.txt")
	if err != nil {
		b.Skip("no tinyshakespeare beside the repository")
	}
	for b.Loop() {
		if _, err := token.LearnBPE(string(text), 1024); err != nil {
			b.Fatal(err)
		}
	}
}

// TestBPELongWords learns from a language without spaces, whose words are whole clauses
// that share most of their pairs: what is kept of them must not grow with each merge.
func TestBPELongWords(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 0))
	signs := []rune("的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生")
	var text strings.Builder
	for range 200 {
		for range 20 + rnd.IntN(20) {
			text.WriteRune(signs[rnd.IntN(1+rnd.IntN(len(signs)))])
		}
		text.WriteString("，")
	}
	before := allocated()
	b, err := token.LearnBPE(text.String(), 800)
	require.NoError(t, err)
	assert.Equal(t, 800, b.Len())
	assert.Less(t, allocated()-before, uint64(100<<20))
	ids, err := b.Encode(text.String())
	require.NoError(t, err)
	assert.Less(t, len(ids), text.Len()/4)
	got, err := b.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, text.String(), got)
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
