package par

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func setProcs(tb testing.TB, n int) {
	before := runtime.GOMAXPROCS(n)
	tb.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// enter returns the team of all helpers until the test ends.
func enter(t *testing.T, workers int) *Team {
	setProcs(t, workers)
	team := Enter()
	t.Cleanup(team.Leave)
	require.Equal(t, workers, team.Workers())
	return team
}

// tally counts how often each part was done.
type tally struct {
	parts []atomic.Int32
	at    []atomic.Int32         // by worker: the parts in hand
	clash atomic.Bool            // two parts had the same worker at once
	then  func(worker, part int) // what else a part does
}

func newTally(workers, parts int) *tally {
	return &tally{parts: make([]atomic.Int32, parts), at: make([]atomic.Int32, workers)}
}

func (c *tally) Part(worker, part int) {
	if c.at[worker].Add(1) != 1 {
		c.clash.Store(true)
	}
	defer c.at[worker].Add(-1)
	c.parts[part].Add(1)
	if c.then != nil {
		c.then(worker, part)
	}
}

// once fails unless each part was done once.
func (c *tally) once(t *testing.T) {
	t.Helper()
	for i := range c.parts {
		if n := c.parts[i].Load(); n != 1 {
			t.Errorf("part %d of %d was done %d times", i, len(c.parts), n)
		}
	}
	assert.False(t, c.clash.Load(), "two parts at once had the same worker")
}

func TestEveryPartOnce(t *testing.T) {
	for procs := 1; procs <= 4; procs++ {
		t.Run(fmt.Sprint(procs), func(t *testing.T) {
			team := enter(t, procs)
			for parts := range 70 {
				for range 20 {
					c := newTally(procs, parts)
					require.NoError(t, team.Run(c, parts))
					c.once(t)
				}
			}
			c := newTally(procs, 100_000)
			require.NoError(t, team.Run(c, len(c.parts)))
			c.once(t)
		})
	}
}

// TestHelpersHelp fails if the caller does everything itself: its part waits for
// one that a helper has.
func TestHelpersHelp(t *testing.T) {
	team := enter(t, 2)
	for range 100 {
		var meeting sync.WaitGroup
		meeting.Add(2)
		c := newTally(2, 2)
		c.then = func(int, int) { meeting.Done(); meeting.Wait() }
		require.NoError(t, team.Run(c, 2))
		c.once(t)
	}
}

func TestPanic(t *testing.T) {
	team := enter(t, 3)
	const parts = 50
	cause := errors.New("out of ink")
	for _, bad := range []int{0, 1, parts / 2, parts - 1} {
		c := newTally(3, parts)
		c.then = func(_, part int) {
			if part == bad {
				panic(cause)
			}
		}
		err := team.Run(c, parts)
		var p *PanicError
		require.ErrorAs(t, err, &p)
		assert.Equal(t, cause, p.Value)
		assert.ErrorIs(t, err, cause)
		assert.EqualError(t, err, "panic: out of ink")
		assert.Contains(t, string(p.Stack), "TestPanic")
		again := newTally(3, parts)
		require.NoError(t, team.Run(again, parts))
		again.once(t)
	}
}

// TestPanicStops fails if parts begin after one has panicked.
func TestPanicStops(t *testing.T) {
	team := enter(t, 2)
	var done atomic.Int32
	c := newTally(2, 1000)
	c.then = func(_, part int) {
		if part == 0 {
			panic("stop")
		}
		done.Add(1)
		time.Sleep(time.Millisecond)
	}
	require.Error(t, team.Run(c, 1000))
	assert.Less(t, done.Load(), int32(100))
}

// TestHelperPanics has the panic on a helper and the caller in a long part.
func TestHelperPanics(t *testing.T) {
	team := enter(t, 2)
	for range 50 {
		var meeting sync.WaitGroup
		meeting.Add(2)
		c := newTally(2, 2)
		c.then = func(worker, _ int) {
			meeting.Done()
			meeting.Wait()
			if worker == 1 {
				panic(worker)
			}
		}
		var p *PanicError
		require.ErrorAs(t, team.Run(c, 2), &p)
		assert.Equal(t, 1, p.Value)
	}
}

func TestPanicAlone(t *testing.T) {
	team := enter(t, 1)
	for _, parts := range []int{1, 5} {
		c := newTally(1, parts)
		c.then = func(int, int) { panic("alone") }
		var p *PanicError
		require.ErrorAs(t, team.Run(c, parts), &p)
		assert.Equal(t, "alone", p.Value)
	}
}

// TestGoexit has parts that end their goroutines, as a failing test's would.
func TestGoexit(t *testing.T) {
	setProcs(t, 2)
	for _, who := range []int{0, 1} {
		var err error
		ended := make(chan bool)
		go func() {
			defer close(ended)
			team := Enter()
			defer team.Leave()
			var meeting sync.WaitGroup
			meeting.Add(2)
			c := newTally(2, 2)
			c.then = func(worker, _ int) {
				meeting.Done()
				meeting.Wait()
				if worker == who {
					runtime.Goexit()
				}
			}
			err = team.Run(c, 2)
		}()
		<-ended
		if who == 1 {
			assert.ErrorIs(t, err, errGone)
		}
		// the team is as good as new
		team := Enter()
		require.Equal(t, 2, team.Workers())
		var meeting sync.WaitGroup
		meeting.Add(2)
		c := newTally(2, 2)
		c.then = func(int, int) { meeting.Done(); meeting.Wait() }
		require.NoError(t, team.Run(c, 2))
		c.once(t)
		team.Leave()
	}
}

func TestNested(t *testing.T) {
	team := enter(t, 2)
	var inner atomic.Int32
	c := newTally(2, 20)
	c.then = func(int, int) {
		mine := Enter()
		defer mine.Leave()
		assert.Equal(t, 1, mine.Workers())
		job := newTally(1, 7)
		assert.NoError(t, mine.Run(job, 7))
		job.once(t)
		inner.Add(1)
	}
	require.NoError(t, team.Run(c, 20))
	c.once(t)
	assert.EqualValues(t, 20, inner.Load())
}

// TestNestedSame has a part use the team that runs it, which is a mistake.
func TestNestedSame(t *testing.T) {
	team := enter(t, 2)
	c := newTally(2, 2)
	c.then = func(int, int) { _ = team.Run(newTally(2, 2), 2) }
	assert.ErrorContains(t, team.Run(c, 2), "Run within a part")
}

// TestProcsChange shrinks and grows the team while late helpers of larger ones
// may still be waking up.
func TestProcsChange(t *testing.T) {
	setProcs(t, 2)
	for i := range 300 {
		procs := 1 + i*7%4
		runtime.GOMAXPROCS(procs)
		team := Enter()
		require.Equal(t, procs, team.Workers())
		for range 3 {
			c := newTally(procs, 12)
			require.NoError(t, team.Run(c, 12))
			c.once(t)
		}
		team.Leave()
	}
}

// TestStress has many goroutines run programs at once, on as many processors as
// there may be and on more.
func TestStress(t *testing.T) {
	for _, procs := range []int{2, 4} {
		t.Run(fmt.Sprint(procs), func(t *testing.T) {
			setProcs(t, procs)
			var all sync.WaitGroup
			var shared atomic.Int32
			end := time.Now().Add(time.Second)
			for range 16 {
				all.Go(func() {
					for n := 0; n < 20 || time.Now().Before(end); n++ {
						team := Enter()
						if team.Workers() > 1 {
							shared.Add(1)
						}
						for parts := range 10 {
							c := newTally(team.Workers(), parts)
							if bad := n % 10; bad < parts {
								c.then = func(_, part int) {
									if part == bad {
										panic(bad)
									}
								}
								assert.EqualError(t, team.Run(c, parts), fmt.Sprint("panic: ", bad))
								continue
							}
							assert.NoError(t, team.Run(c, parts))
							c.once(t)
						}
						team.Leave()
					}
				})
			}
			all.Wait()
			assert.Positive(t, shared.Load(), "nobody got the helpers")
		})
	}
}

func TestNoGoroutines(t *testing.T) {
	setProcs(t, 3)
	run := func(n int) {
		for range n {
			team := Enter()
			_ = team.Run(newTally(3, 5), 5)
			team.Leave()
		}
	}
	run(10)
	before := runtime.NumGoroutine()
	run(10_000)
	assert.LessOrEqual(t, runtime.NumGoroutine(), before)
}

func TestNoAllocations(t *testing.T) {
	setProcs(t, 2)
	job := &busy{1}
	n := testing.AllocsPerRun(1000, func() {
		team := Enter()
		for parts := range 5 {
			_ = team.Run(job, parts)
		}
		other := Enter()
		_ = other.Run(job, 5)
		other.Leave()
		team.Leave()
	})
	assert.Zero(t, n)
}
