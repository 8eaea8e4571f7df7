//go:build unix

package par

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestIdle fails if helpers use a processor outside Enter and Leave, or for long
// inside while there is nothing to do.
func TestIdle(t *testing.T) {
	setProcs(t, 4)
	team := Enter()
	require.NoError(t, team.Run(newTally(4, 100), 100))
	inside := used(t, 200*time.Millisecond)
	require.NoError(t, team.Run(newTally(4, 100), 100))
	team.Leave()
	outside := used(t, 200*time.Millisecond)
	assert.Less(t, inside, 20*time.Millisecond)
	assert.Less(t, outside, 20*time.Millisecond)
}

// used returns the processor time of this process while it sleeps for d.
func used(t *testing.T, d time.Duration) time.Duration {
	clock := func() time.Duration {
		var u syscall.Rusage
		require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := clock()
	time.Sleep(d)
	return clock() - before
}
