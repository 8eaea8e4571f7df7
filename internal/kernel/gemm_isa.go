package kernel

// What is here stands in for the choice of kernels that all families share.

type isa uint8

const (
	generic isa = iota
	avx2
	avx512
)

type float interface{ float32 | float64 }

var chosen = choose()
