// Package par is the engine's worker pool: work in numbered parts, run by the
// goroutine that asks and by helpers that persist between runs.
//
// Starting a goroutine for each step of a program costs more than most steps.
// Helpers therefore poll for the next step while a program runs, for a bounded
// time, and sleep otherwise. Parts are claimed one at a time from one word,
// so the caller takes back whatever a helper has not begun: a helper that gets
// no processor delays nobody.
package par

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// A Job is work in numbered parts, which may run in any order and at once.
// Implement it by a pointer: a value would be copied to the heap at each Run.
type Job interface {
	// Part does one part. The worker, below Workers, is the index of scratch
	// memory that no other part uses meanwhile.
	Part(worker, part int)
}

// A PanicError is what Run returns if a part panicked.
type PanicError struct {
	Value any    // what the part panicked with
	Stack []byte // where, as printed by runtime/debug
}

// Error is one line: what the part panicked with.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the panic's value if it is an error, such as a runtime.Error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errGone stands for the panic of a part that called runtime.Goexit.
var errGone = errors.New("a part ended its goroutine")

// A Team is what one goroutine has to run jobs with, from Enter to Leave.
type Team struct {
	// Workers poll and claim here, and read the job once they have claimed, so
	// all of it comes with one transfer between caches.
	open atomic.Uint64 // claims
	job  Job
	_    [line - 24]byte

	left   atomic.Int64 // parts that are not finished
	failed atomic.Pointer[PanicError]
	caller sleeper
	_      [line - 32]byte

	held    atomic.Bool
	workers int
	helpers []*helper
}

// A helper is a goroutine that works when a team's caller has work to share.
type helper struct {
	worker int
	sleeper
	_ [line - 24]byte
}

// line is the distance at which writes do not disturb each other: processors
// fetch lines of 64 bytes in pairs.
const line = 128

// Before a worker sleeps, it polls for work, or for the last parts, this often:
// some 80 µs inside Enter and Leave, since waking it costs the caller up to 30 µs
// and comes 100 µs late; and half of that after Leave, so that a loop of short
// programs, such as training steps, finds its helpers awake.
const (
	polls  = 4096
	linger = polls / 2
)

var (
	crew = &Team{caller: newSleeper()}
	solo = &Team{workers: 1}
)

// A claims is the word that parts are claimed from: how many workers may, how
// many parts have been taken from the front, and how many are left. Between runs
// none are left, and outside Enter and Leave there are no workers either.
type claims uint64

const (
	maxWorkers = 1<<10 - 1
	maxParts   = 1<<27 - 1
)

func newClaims(workers, taken, left int) claims {
	return claims(workers)<<54 | claims(taken)<<27 | claims(left)
}

func (c claims) workers() int { return int(c >> 54) }
func (c claims) taken() int   { return int(c >> 27 & maxParts) }
func (c claims) left() int    { return int(c & maxParts) }

// Enter returns the team of all helpers, or one without any if they are in use,
// by another goroutine or by the caller itself. It never waits. Nothing is woken
// before the first Run that has something to share.
func Enter() *Team {
	t := crew
	if t.held.Load() || !t.held.CompareAndSwap(false, true) {
		return solo
	}
	t.workers = min(runtime.GOMAXPROCS(0), maxWorkers)
	for len(t.helpers) < t.workers-1 {
		h := &helper{worker: len(t.helpers) + 1, sleeper: newSleeper()}
		t.helpers = append(t.helpers, h)
		go t.serve(h)
	}
	t.open.Store(uint64(newClaims(t.workers, 0, 0)))
	return t
}

// Leave gives the team back; it must not be used afterwards. The helpers go to
// sleep.
func (t *Team) Leave() {
	if t == solo {
		return
	}
	t.open.Store(0)
	t.held.Store(false)
}

// Workers returns the number of workers, the caller included.
func (t *Team) Workers() int { return t.workers }

// Run does all parts of a job and returns when none is left. If a part panics,
// no further ones begin, and the error is a *PanicError. A part that wants to
// run jobs itself calls Enter.
func (t *Team) Run(job Job, parts int) error {
	if parts <= 1 || parts > maxParts || t.workers == 1 {
		return runAlone(job, parts)
	}
	if t.left.Load() != 0 {
		panic("par: Run within a part of the same team")
	}
	t.job = job
	if t.failed.Load() != nil {
		t.failed.Store(nil)
	}
	t.left.Store(int64(parts))
	t.open.Store(uint64(newClaims(t.workers, 0, parts)))
	for _, h := range t.helpers[:min(t.workers, parts)-1] {
		h.wake()
	}
	t.work(0)
	t.job = nil
	if e := t.failed.Load(); e != nil {
		return e
	}
	return nil
}

func runAlone(job Job, parts int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	for part := range parts {
		job.Part(0, part)
	}
	return nil
}

// serve is the life of a helper.
func (t *Team) serve(h *helper) {
	// Only a part that calls runtime.Goexit gets here.
	defer func() { go t.serve(h) }()
	for idle := 0; ; idle++ {
		c := claims(t.open.Load())
		workers, parts := c.workers(), c.left()
		mine := h.worker < workers
		switch {
		case mine && parts > 0:
			t.work(h.worker)
			idle = 0
		case mine && idle < polls, idle < linger:
			pause()
		default:
			h.sleep(t)
			idle = 0
		}
	}
}

// sleep waits for a Run. It looks for work once more after lying down, since the
// Run that brought it may have looked for sleepers before.
func (h *helper) sleep(t *Team) {
	h.lieDown()
	if c := claims(t.open.Load()); h.worker < c.workers() && c.left() > 0 {
		h.rise()
	} else {
		<-h.bell
	}
}

// A shift is what a worker has done in a run.
type shift struct{ begun, done int }

// work claims and does parts until there are none. For the caller, it also waits
// until the helpers have finished theirs.
func (t *Team) work(worker int) {
	var s shift
	defer t.finish(worker, &s)
	for {
		part, ok := t.claim(worker)
		if !ok {
			return
		}
		s.begun++
		t.job.Part(worker, part)
		s.done++
	}
}

// claim returns a part that nobody else has: the caller takes them from the
// front, helpers from the back. So the same worker mostly gets the same parts,
// and what it wrote in one job is in its own cache in the next. The job is read
// after it and not before, since only a claimed part keeps the run from ending
// and another from taking its place.
func (t *Team) claim(worker int) (part int, ok bool) {
	for {
		c := claims(t.open.Load())
		if worker >= c.workers() || c.left() == 0 {
			return 0, false
		}
		part, next := c.taken(), newClaims(c.workers(), c.taken()+1, c.left()-1)
		if worker > 0 {
			part, next = c.taken()+c.left()-1, newClaims(c.workers(), c.taken(), c.left()-1)
		}
		if t.open.CompareAndSwap(uint64(c), uint64(next)) {
			return part, true
		}
	}
}

// finish is deferred by work, so it sees a part's panic.
func (t *Team) finish(worker int, s *shift) {
	n := s.begun
	if s.done < s.begun {
		v := recover()
		if v == nil {
			v = errGone
		}
		t.failed.CompareAndSwap(nil, &PanicError{v, debug.Stack()})
		n += claims(t.open.Swap(uint64(newClaims(t.workers, 0, 0)))).left()
	}
	if n > 0 && t.left.Add(-int64(n)) == 0 {
		t.caller.wake()
	}
	if worker == 0 {
		t.join()
	}
}

// join waits until no part is left.
func (t *Team) join() {
	for idle := 0; t.left.Load() != 0; idle++ {
		if idle < polls {
			pause()
			continue
		}
		t.caller.lieDown()
		if t.left.Load() == 0 {
			t.caller.rise()
		} else {
			<-t.caller.bell
		}
	}
}

// A sleeper is one goroutine's place to sleep. It lies down, looks once more for
// what it waits for, and then either rises or waits for the bell.
type sleeper struct {
	lying atomic.Bool
	bell  chan struct{}
}

func newSleeper() sleeper { return sleeper{bell: make(chan struct{}, 1)} }

func (s *sleeper) lieDown() { s.lying.Store(true) }

// rise takes the bell with it if somebody was about to ring.
func (s *sleeper) rise() {
	if !s.lying.CompareAndSwap(true, false) {
		<-s.bell
	}
}

// wake rings, once, for a sleeper that has lain down. It may be late and wake the
// sleeper for nothing.
func (s *sleeper) wake() {
	if s.lying.Load() && s.lying.CompareAndSwap(true, false) {
		s.bell <- struct{}{}
	}
}
