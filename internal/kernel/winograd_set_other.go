//go:build !amd64 || noasm

package kernel

func winogradAssembly(isa, Transform) (TileFunc, bool) { return nil, false }
