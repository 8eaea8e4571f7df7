package ir

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestFinder compares a finder with a map, with hashes that meet often.
func TestFinder(t *testing.T) {
	const seed = 7
	for _, hashes := range []int{1, 3, 1000, 1 << 30} {
		rnd := rand.New(rand.NewPCG(seed, uint64(hashes)))
		var x Finder
		var keys []int
		known := map[int]int{}
		for range 3000 {
			key := rnd.IntN(2000)
			hash := Mix(0, uint64(key%hashes))
			i, ok := x.Find(hash, func(i int) bool { return keys[i] == key })
			want, seen := known[key]
			assert.Equal(t, seen, ok, "seed %d, %d hashes, key %d", seed, hashes, key)
			if ok {
				assert.Equal(t, want, i)
				continue
			}
			known[key] = len(keys)
			x.Add(hash, len(keys))
			keys = append(keys, key)
		}
	}
}

// TestFinderDone tests that a finder which gets the memory of one that is done
// knows nothing of what that knew.
func TestFinderDone(t *testing.T) {
	for range 10 {
		x := NewFinder(100)
		for i := range 100 {
			_, ok := x.Find(Mix(0, uint64(i)), func(int) bool { return true })
			assert.False(t, ok)
			x.Add(Mix(0, uint64(i)), i)
		}
		x.Done()
		_, ok := x.Find(Mix(0, 1), func(int) bool { return true })
		assert.False(t, ok, "it is empty")
		x.Add(Mix(0, 1), 1)
		_, ok = x.Find(Mix(0, 1), func(i int) bool { return i == 1 })
		assert.True(t, ok, "and ready to use")
	}
}

// TestFinderGrows tests that room asked for is only a beginning.
func TestFinderGrows(t *testing.T) {
	for _, room := range []int{0, 1, 8, 100} {
		x := NewFinder(room)
		for i := range 200 {
			x.Add(Mix(0, uint64(i)), i)
		}
		for i := range 200 {
			got, ok := x.Find(Mix(0, uint64(i)), func(k int) bool { return k == i })
			assert.True(t, ok)
			assert.Equal(t, i, got)
		}
		_, ok := x.Find(Mix(0, 200), func(int) bool { return false })
		assert.False(t, ok)
	}
}
