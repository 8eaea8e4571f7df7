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

var isaNames = [...]string{generic: "generic", avx2: "avx2", avx512: "avx512"}

// ISA returns the name of the kernels in use: "generic", "avx2" or "avx512".
func ISA() string { return isaNames[chosen] }
