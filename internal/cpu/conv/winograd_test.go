package conv

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTiledShapes compares convolutions by minimal filtering, of images of all
// sizes and pads, with sums in float64.
func TestTiledShapes(t *testing.T) {
	old := tiledChannels
	t.Cleanup(func() { tiledChannels = old })
	tiledChannels = 16
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	pick := func(lo, hi int) int { return lo + rnd.IntN(hi-lo+1) }
	for i := range 40 {
		s := Shape{N: pick(1, 3), C: pick(16, 24), O: pick(16, 40), Groups: 1}
		if i%10 == 0 {
			s.N, s.C, s.O = 1, pick(16, 70), pick(16, 140)
		}
		s.one(0, 1, 1, 1, 1, 1, 0)
		for a := 1; a < 3; a++ {
			k := 3 + 2*pick(0, 1)
			in, before, after := pick(k, 13), pick(0, k-1), pick(0, k-1)
			in = max(in, 2*k-1-before-after)
			s.one(a, in, in+before+after-k+1, k, 1, 1, before)
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Logf("seed %d, shape %+v", seed, s)
			for _, p := range []*Plan{Forward(s), DataGrad(s)} {
				require.IsType(t, &winograd{}, p.work)
			}
			require.IsType(t, &winogradGrad{}, WeightGrad(s).work)
			if i%3 > 0 {
				small(t, rnd)
			}
			check[float32](t, s, rnd)
		})
	}
}
