package token

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bytes is the number of tokens before the first merge: one for each byte, so
// that every text can be encoded.
const bytes = 256

// A BPE has a token for each byte, and one for each pair of tokens that was most
// frequent when it was learned (Gage 1994; Sennrich et al. 2016,
// arXiv:1508.07909), on bytes as in GPT-2. Pairs do not cross words: a word is
// letters, digits or other signs with at most one space before, or white space.
type BPE struct {
	merges []pair         // token 256+i is this pair
	rank   map[pair]int64 // the token that a pair makes
	text   []string       // what each token stands for
}

// A pair is two tokens that follow each other.
type pair [2]int64

// LearnBPE returns the tokenizer of at most n tokens that it learns from a text:
// again and again it joins the pair that is most frequent, the smaller one of
// equals, until there are n tokens or no pair comes twice. It fails where n is
// less than 256.
func LearnBPE(text string, n int) (*BPE, error) {
	if n < bytes {
		return nil, fmt.Errorf("token: %d tokens: there is one for each of 256 bytes, so ask for more", n)
	}
	l := newLearner(text)
	var merges []pair
	for bytes+len(merges) < n {
		p, ok := l.best()
		if !ok {
			break
		}
		l.merge(p, int64(bytes+len(merges)))
		merges = append(merges, p)
	}
	return newBPE(merges), nil
}

func newBPE(merges []pair) *BPE {
	b := &BPE{merges: merges, rank: make(map[pair]int64, len(merges))}
	for i := range bytes {
		b.text = append(b.text, string([]byte{byte(i)}))
	}
	for _, p := range merges {
		b.add(p)
	}
	return b
}

func (b *BPE) add(p pair) {
	b.rank[p] = int64(len(b.text))
	b.text = append(b.text, b.text[p[0]]+b.text[p[1]])
}

// fits says why a pair cannot be the next merge.
func (b *BPE) fits(p []int64) error {
	i, n := len(b.text)-bytes, int64(len(b.text))
	if len(p) != 2 {
		return fmt.Errorf("merge %d joins %d tokens: it must be 2", i, len(p))
	}
	if p[0] < 0 || p[1] < 0 || p[0] >= n || p[1] >= n {
		return fmt.Errorf("merge %d joins tokens %d and %d, which are not there yet", i, p[0], p[1])
	}
	if _, twice := b.rank[pair(p)]; twice {
		return fmt.Errorf("merge %d joins tokens %d and %d for the second time", i, p[0], p[1])
	}
	return nil
}

// Len returns the number of tokens.
func (b *BPE) Len() int { return len(b.text) }

// Encode returns the ids of a text. It never fails.
func (b *BPE) Encode(text string) ([]int64, error) {
	ids := make([]int64, 0, len(text)/2)
	seen := map[string][]int64{} // a BPE may be used by several goroutines, so it keeps no cache
	for word := range words(text) {
		of, ok := seen[word]
		if !ok {
			of = b.encode(word)
			seen[word] = of
		}
		ids = append(ids, of...)
	}
	return ids, nil
}

// encode joins the pairs of a word in the order in which they were learned.
func (b *BPE) encode(word string) []int64 {
	ids := spell(word)
	for len(ids) > 1 {
		best := int64(len(b.text))
		for i := range len(ids) - 1 {
			if id, ok := b.rank[pair{ids[i], ids[i+1]}]; ok && id < best {
				best = id
			}
		}
		if best == int64(len(b.text)) {
			break
		}
		ids = join(ids, b.merges[best-bytes], best)
	}
	return ids
}

// spell returns the bytes of a word as tokens.
func spell(word string) []int64 {
	ids := make([]int64, len(word))
	for i := range len(word) {
		ids[i] = int64(word[i])
	}
	return ids
}

// join replaces a pair by a token, from the left.
func join(ids []int64, p pair, id int64) []int64 {
	out := ids[:0]
	for i := 0; i < len(ids); i++ {
		if i+1 < len(ids) && ids[i] == p[0] && ids[i+1] == p[1] {
			out = append(out, id)
			i++
		} else {
			out = append(out, ids[i])
		}
	}
	return out
}

// Decode returns the text of ids. Ids that were cut within a character give
// bytes that are no UTF-8.
func (b *BPE) Decode(ids []int64) (string, error) {
	var out strings.Builder
	for _, id := range ids {
		if id < 0 || id >= int64(len(b.text)) {
			return "", missing(id, len(b.text))
		}
		out.WriteString(b.text[id])
	}
	return out.String(), nil
}

// saved is how a BPE is saved.
type saved struct {
	Merges []pair `json:"merges"`
}

// Save writes the merges as JSON.
func (b *BPE) Save(w io.Writer) error { return json.NewEncoder(w).Encode(saved{b.merges}) }

// LoadBPE reads what Save wrote. It fails on tokens that stand for more than 8 MiB
// of text in all, as a few merges that double each other would fill the memory.
func LoadBPE(r io.Reader) (*BPE, error) {
	d := json.NewDecoder(io.LimitReader(r, largest))
	b := newBPE(nil)
	err := b.load(d)
	if err == nil {
		err = end(d)
	}
	if err != nil {
		return nil, fmt.Errorf("token: byte pairs: %w", err)
	}
	return b, nil
}

// load reads {"merges": [[104, 101], ...]} pair by pair, so that errors can say
// where.
func (b *BPE) load(d *json.Decoder) error {
	for _, want := range []json.Token{json.Delim('{'), "merges"} {
		if t, err := d.Token(); err != nil {
			return located(d, err)
		} else if t != want {
			return fmt.Errorf("offset %d: %v where %v must be: not a file of BPE.Save", d.InputOffset(), t, want)
		}
	}
	switch t, err := d.Token(); {
	case err != nil:
		return located(d, err)
	case t == json.Delim('['):
		if err := b.loadMerges(d); err != nil {
			return err
		}
	case t != nil: // null is no merges
		return fmt.Errorf("offset %d: %v where a list of pairs must be", d.InputOffset(), t)
	}
	if t, err := d.Token(); err != nil {
		return located(d, err)
	} else if t != json.Delim('}') {
		return fmt.Errorf("offset %d: %q is unknown", d.InputOffset(), t)
	}
	return nil
}

func (b *BPE) loadMerges(d *json.Decoder) error {
	const most = 8 << 20 // bytes of text
	total := 0
	for d.More() {
		var p []int64
		err := d.Decode(&p)
		if err != nil {
			return located(d, err)
		}
		if err = b.fits(p); err == nil {
			if total += len(b.text[p[0]]) + len(b.text[p[1]]); total > most {
				err = fmt.Errorf("merge %d: the tokens stand for more than %d MiB of text", len(b.merges), most>>20)
			}
		}
		if err != nil {
			return fmt.Errorf("offset %d: %w", d.InputOffset(), err)
		}
		b.merges = append(b.merges, pair(p))
		b.add(pair(p))
	}
	if _, err := d.Token(); err != nil {
		return located(d, err)
	}
	return nil
}

// words yields the pieces of a text that pairs do not cross.
func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			n := wordEnd(text)
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}

// wordEnd returns the length of the first word: a run of one class of characters
// with a space before it, or white space but for a last space that belongs to
// the next word.
func wordEnd(text string) int {
	at := 0
	if text[0] == ' ' && len(text) > 1 {
		if r, _ := utf8.DecodeRuneInString(text[1:]); !unicode.IsSpace(r) {
			at = 1
		}
	}
	r, n := utf8.DecodeRuneInString(text[at:])
	c := class(r)
	end := at + n
	for end < len(text) {
		r, n := utf8.DecodeRuneInString(text[end:])
		if class(r) != c {
			break
		}
		end += n
	}
	if c == 0 && end < len(text) && end > at+1 && text[end-1] == ' ' {
		end--
	}
	return end
}

// class is that of white space, letters, digits or the rest.
func class(r rune) int {
	switch {
	case unicode.IsSpace(r):
		return 0
	case unicode.IsLetter(r):
		return 1
	case unicode.IsDigit(r):
		return 2
	}
	return 3
}

// A learner counts pairs in the distinct words of a text.
type learner struct {
	words  [][]int64
	counts []int          // of each word
	pairs  map[pair]int   // how often each comes
	where  map[pair][]int // words that may hold it
	queue  queue          // pairs by count; counts may be too high
}

func newLearner(text string) *learner {
	l := &learner{pairs: map[pair]int{}, where: map[pair][]int{}}
	at := map[string]int{}
	for word := range words(text) {
		i, ok := at[word]
		if !ok {
			i = len(l.words)
			at[word] = i
			l.words, l.counts = append(l.words, spell(word)), append(l.counts, 0)
		}
		l.counts[i]++
	}
	for i, w := range l.words {
		l.count(i, w, 1)
		for j := range len(w) - 1 {
			l.found(pair{w[j], w[j+1]}, i)
		}
	}
	for p, n := range l.pairs {
		l.queue = append(l.queue, counted{p, n})
	}
	heap.Init(&l.queue)
	return l
}

// count adds the pairs of a word, or takes them away.
func (l *learner) count(i int, w []int64, sign int) {
	for j := range len(w) - 1 {
		l.pairs[pair{w[j], w[j+1]}] += sign * l.counts[i]
	}
}

// found notes once that word i, which is looked at now, has a pair that is new in it.
func (l *learner) found(p pair, i int) {
	if at := l.where[p]; len(at) == 0 || at[len(at)-1] != i {
		l.where[p] = append(at, i)
	}
}

// best returns the most frequent pair, if it comes twice.
func (l *learner) best() (pair, bool) {
	for len(l.queue) > 0 {
		top := l.queue[0]
		n := l.pairs[top.pair]
		if n == top.n {
			return top.pair, n > 1
		}
		if n < 2 { // it is queued again when it grows
			heap.Pop(&l.queue)
			continue
		}
		l.queue[0].n = n
		heap.Fix(&l.queue, 0)
	}
	return pair{}, false
}

// merge joins a pair in all words.
func (l *learner) merge(p pair, id int64) {
	changed := map[pair]bool{}
	for _, i := range l.where[p] {
		l.count(i, l.words[i], -1)
		l.words[i] = join(l.words[i], p, id)
		l.count(i, l.words[i], 1)
		for j := range len(l.words[i]) - 1 {
			if q := (pair{l.words[i][j], l.words[i][j+1]}); q[0] == id || q[1] == id {
				l.found(q, i)
				changed[q] = true
			}
		}
	}
	delete(l.pairs, p)
	delete(l.where, p)
	for q := range changed {
		heap.Push(&l.queue, counted{q, l.pairs[q]})
	}
}

// counted is a pair and how often it comes.
type counted struct {
	pair pair
	n    int
}

// A queue is a heap with the most frequent pair first, of equals the smaller.
type queue []counted

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].n != q[j].n {
		return q[i].n > q[j].n
	}
	return slices.Compare(q[i].pair[:], q[j].pair[:]) < 0
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(counted)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
