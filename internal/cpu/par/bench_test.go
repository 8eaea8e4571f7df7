package par

import (
	"slices"
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

// BenchmarkWork shares 30 µs of work between two workers. The medians tell more
// than the mean on a machine with other things to do.
func BenchmarkWork(b *testing.B) {
	setProcs(b, 2)
	job := measured(15 * time.Microsecond)
	t := Enter()
	defer t.Leave()
	var alone, both []time.Duration
	for b.Loop() {
		start := time.Now()
		job.Part(0, 0)
		middle := time.Now()
		_ = t.Run(job, 2)
		both = append(both, time.Since(middle))
		alone = append(alone, middle.Sub(start))
	}
	report(b, "ns/part", alone)
	report(b, "ns/2parts", both)
}

// BenchmarkSteps is a loop of short programs, of four such jobs each, with 5 µs
// between them.
func BenchmarkSteps(b *testing.B) {
	gap := measured(5 * time.Microsecond)
	steps(b, measured(15*time.Microsecond), 4, func() { gap.Part(0, 0) })
}

// BenchmarkAsleep is a program whose helper has gone to sleep.
func BenchmarkAsleep(b *testing.B) {
	steps(b, measured(150*time.Microsecond), 1, func() { time.Sleep(200 * time.Microsecond) })
}

func steps(b *testing.B, job *busy, jobs int, between func()) {
	setProcs(b, 2)
	var took []time.Duration
	for b.Loop() {
		between()
		start := time.Now()
		t := Enter()
		for range jobs {
			_ = t.Run(job, 2)
		}
		t.Leave()
		took = append(took, time.Since(start))
	}
	report(b, "ns/step", took)
}

func report(b *testing.B, unit string, d []time.Duration) {
	slices.Sort(d)
	b.ReportMetric(float64(d[len(d)/2]), unit)
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
