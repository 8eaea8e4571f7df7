//go:build !amd64 || noasm

package kernel

func gemmAssembly(isa, Type) (gemmSet, bool) { return gemmSet{}, false }
