//go:build !amd64 || noasm

package kernel

func choose() isa { return generic }
func best() isa   { return generic }
