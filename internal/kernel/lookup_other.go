//go:build !amd64 || noasm

package kernel

func best() isa { return generic }

func assembly(isa, Op, Type, uint8) Func { return nil }

func route2Of(isa, Type) Test { return nil }
