package conv

import (
	"math"

	"github.com/adjointml/adjoint/internal/kernel"
)

// How plans are cut. Tests make the limits small, so that small shapes are cut
// in all ways.
var (
	partFlops  = 4 << 20   // operations that make a part worth starting
	partElems  = 64 << 10  // elements of windows that do, where each takes an operation or two
	cacheBytes = 384 << 10 // of a copy, which then stays in the second level of the cache
	deep       = 1024      // rows of weights that a block takes: they stay there too, and a block ends in time
	runLength  = 256       // positions that a block of a gradient for weights sums over, about
	slotRun    = 512       // positions that make a slot worth adding up
	slotBytes  = 2 << 20   // of all slots together
	tileBytes  = 176 << 10 // of transformed tiles and their products
	addBytes   = 32 << 10  // of a part that adds slots
)

// Where minimal filtering pays: transforms cost as much for each channel, however
// many there are to share it, and transformed weights are almost twice as large.
var (
	tiledChannels = fewestTiled()
	tiledWeights  = 256 * 256
)

// fewestTiled returns the fewest channels. In plain Go transforms take so long
// that there is no number for which they pay.
func fewestTiled() int {
	if kernel.ISA() == "generic" {
		return math.MaxInt
	}
	return 16
}

// mostParts and mostSlots are for any number of workers that is likely.
const (
	mostParts = 64
	mostSlots = 32
)
