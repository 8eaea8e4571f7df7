package cpu

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestArena takes and gives ranges at random: those in use never overlap, and
// the memory in the end is not much more than what was in use at once.
func TestArena(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	var a Arena
	var used []span
	inUse, most := 0, 0
	for range 5000 {
		if len(used) > 0 && r.IntN(2) == 0 {
			i := r.IntN(len(used))
			a.Give(used[i].at, used[i].size)
			inUse -= used[i].size
			used = append(used[:i], used[i+1:]...)
			continue
		}
		s := span{size: 64 * (1 + r.IntN(50))}
		s.at = a.Take(s.size)
		for _, u := range used {
			require.True(t, s.at+s.size <= u.at || u.at+u.size <= s.at, "%v overlaps %v", s, u)
		}
		require.LessOrEqual(t, s.at+s.size, a.End())
		used = append(used, s)
		inUse += s.size
		most = max(most, inUse)
	}
	assert.Less(t, a.End(), 2*most)
}
