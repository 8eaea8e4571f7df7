package golden

import "slices"

// single returns the case in float32: all ops must have it, and keep it.
func single(c *Case) *Case {
	s := *c
	s.Args, s.Kwargs = singles(c.Args), slices.Clone(c.Kwargs)
	for i := range s.Kwargs {
		s.Kwargs[i].Value = singleValue(s.Kwargs[i].Value)
	}
	s.Out, s.Grads = slices.Clone(c.Out), slices.Clone(c.Grads)
	for _, list := range [][]*Array{s.Out, s.Grads} {
		for i, a := range list {
			list[i] = singleArray(a)
		}
	}
	return &s
}

func singles(list []Value) []Value {
	list = slices.Clone(list)
	for i, v := range list {
		list[i] = singleValue(v)
	}
	return list
}

func singleValue(v Value) Value {
	switch v := v.Any.(type) {
	case *Array:
		return Value{singleArray(v)}
	case []Value:
		return Value{singles(v)}
	}
	return v
}

func singleArray(a *Array) *Array {
	if a == nil {
		return nil
	}
	if wide, ok := a.Data.([]float64); ok {
		narrow := make([]float32, len(wide))
		for i, v := range wide {
			narrow[i] = float32(v)
		}
		return &Array{a.Shape, narrow, a.Grad}
	}
	return a
}
