package main

import (
	"testing"

	"github.com/adjointml/adjoint/bench/measure"
)

// Benchmark has the workloads as go test and benchstat know them.
func Benchmark(b *testing.B) {
	for _, w := range workloads {
		b.Run(w.Name, func(b *testing.B) {
			err := w.Cases(measure.Options{Seconds: 1}, func(c measure.Case) error {
				b.Run(c.Variant, func(b *testing.B) { benchmark(b, c) })
				return nil
			})
			if err != nil {
				b.Skip(err)
			}
		})
	}
}

func benchmark(b *testing.B, c measure.Case) {
	if err := c.Call(); err != nil { // plans memory
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Call(); err != nil {
			b.Fatal(err)
		}
	}
	if c.Unit != "s" {
		b.ReportMetric(c.Value(b.Elapsed().Seconds()/float64(b.N)), c.Unit)
	}
}
