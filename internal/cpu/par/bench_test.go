package par

import (
	"testing"
	"time"
)

// busy is work of a known length; its parts share nothing.
type busy struct{ rounds int }

//go:noinline
func (b *busy) Part(int, int) {
	for range b.rounds {
		pause()
	}
}

// BenchmarkForkJoin is the least a run costs while the helpers are awake.
func BenchmarkForkJoin(b *testing.B) {
	setProcs(b, 2)
	t := Enter()
	defer t.Leave()
	job := &busy{}
	for b.Loop() {
		_ = t.Run(job, 2)
	}
}

// BenchmarkEnterLeave is the least a program pays that shares nothing.
func BenchmarkEnterLeave(b *testing.B) {
	setProcs(b, 2)
	job := &busy{}
	for b.Loop() {
		t := Enter()
		_ = t.Run(job, 1)
		t.Leave()
	}
}

// BenchmarkWork shares 30 µs of work between two workers; ns/alone is what half
// of it takes by itself.
func BenchmarkWork(b *testing.B) {
	setProcs(b, 2)
	job := measured(15 * time.Microsecond)
	t := Enter()
	defer t.Leave()
	var alone time.Duration
	for b.Loop() {
		_ = t.Run(job, 2)
		b.StopTimer()
		start := time.Now()
		job.Part(0, 0)
		alone += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(float64(alone)/float64(b.N), "ns/alone")
}

// BenchmarkWake is a whole program of two times 100 µs of work, so that the
// helper is asleep at its start.
func BenchmarkWake(b *testing.B) {
	setProcs(b, 2)
	job := measured(100 * time.Microsecond)
	for b.Loop() {
		b.StopTimer()
		time.Sleep(time.Millisecond)
		b.StartTimer()
		t := Enter()
		_ = t.Run(job, 2)
		t.Leave()
	}
}

// measured returns work that takes a worker d.
func measured(d time.Duration) *busy {
	job := &busy{1 << 10}
	least := time.Hour
	for range 100 {
		start := time.Now()
		job.Part(0, 0)
		least = min(least, time.Since(start))
	}
	return &busy{int(time.Duration(job.rounds) * d / least)}
}
