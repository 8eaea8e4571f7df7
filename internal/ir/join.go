package ir

import "slices"

// Pieces says where the operands of a value of the kind Join lie along an axis,
// in order and not overlapping. Between them are zeros.
type Pieces struct {
	Axis int
	At   []int
}

// Join returns a value of the given dims with x[i] at place at[i] of the axis, and
// zeros elsewhere. The places go up.
func (b *Builder) Join(d DType, dims []int, axis int, at []int, x ...Ref) Ref {
	if dims[axis] == 1 {
		if len(x) == 1 {
			return x[0]
		}
		return Broadcast(b.Const(d, 0), dims)
	}
	if axes := b.order(x); axes != nil {
		return b.joinImages(axes, d, dims, axis, at, x)
	}
	own := 0 // the axis among those that are longer than 1
	for _, n := range dims[:axis] {
		if n != 1 {
			own++
		}
	}
	v := Value{Kind: Join, DType: d, Dims: squeeze(dims), More: &More{Join: &Pieces{own, at}}}
	for _, r := range x {
		if r.V.Kind == Const || r.V.Kind == Iota || last(r) != 1 {
			r = b.copy(r)
		}
		var pieceDims, steps []int
		for i, n := range dims {
			if n != 1 {
				pieceDims, steps = append(pieceDims, r.Dims[i]), append(steps, r.Steps[i])
			}
		}
		v.In = append(v.In, NewRef(r.V, pieceDims, steps, r.Off))
	}
	return shaped(b.append(v), dims)
}

// last returns the step along the last axis that is longer than 1, or 1.
func last(r Ref) int {
	for i, d := range slices.Backward(r.Dims) {
		if d != 1 {
			return r.Steps[i]
		}
	}
	return 1
}

// joined returns the join that x reads as it is, or nil.
func joined(x Ref) *Value {
	if x.V.Kind == Join && slices.Equal(x.Dims, x.V.Dims) && x.Dense() {
		return x.V
	}
	return nil
}

// joinSum adds two joins whose pieces do not overlap: it is one of all pieces.
func (b *Builder) joinSum(d DType, x, y Ref) (Ref, bool) {
	v, w := joined(x), joined(y)
	if v == nil || w == nil || v.Join.Axis != w.Join.Axis {
		return Ref{}, false
	}
	axis := v.Join.Axis
	var at []int
	var in []Ref
	for i, j := 0, 0; i < len(v.In) || j < len(w.In); {
		u, k := v, &i
		if i == len(v.In) || j < len(w.In) && w.Join.At[j] < v.Join.At[i] {
			u, k = w, &j
		}
		if n := len(at); n > 0 && at[n-1]+in[n-1].Dims[axis] > u.Join.At[*k] {
			return Ref{}, false
		}
		at, in = append(at, u.Join.At[*k]), append(in, u.In[*k])
		*k++
	}
	return Whole(b.append(Value{Kind: Join, DType: d, Dims: v.Dims, In: in, More: &More{Join: &Pieces{axis, at}}})), true
}

// Slice returns n elements along an axis, each step places after the one before,
// from start. What is sliced is computed for these elements alone if it is a
// simple function of elements, so that the pieces of a sum need not be in memory.
func (b *Builder) Slice(x Ref, axis, start, step, n int) Ref {
	const deep, simple = 4, 7
	return b.slice(x, axis, start, step, n, deep, simple)
}

func (b *Builder) slice(x Ref, axis, start, step, n, deep, simple int) Ref {
	v := x.V
	if deep == 0 || v.Kind != Map || v.Op.Cost() > simple || !x.Dense() || !slices.Equal(squeeze(x.Dims), v.Dims) || n == x.Dims[axis] || !v.DType.Float() || v.Op == Convert {
		return Slice(x, axis, start, step, n)
	}
	in := make([]Ref, len(v.In))
	for i, r := range v.In {
		in[i] = b.slice(spreadAs(r, x.Dims), axis, start, step, n, deep-1, simple)
	}
	y := b.mapTo(v.Op, v.DType, in...)
	return Broadcast(y, Slice(x, axis, start, step, n).Dims)
}
