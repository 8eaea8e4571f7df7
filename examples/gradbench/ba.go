package main

import (
	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

type baInput struct {
	N, M, P      int
	Cam, X, Feat []float64
	W            float64
}

// ba is bundle adjustment: how far points, seen by cameras, are from where they
// were observed, with a weight for each observation; or the sparse Jacobian of
// those errors. Each error depends on one camera, one point and one weight, so the
// gradients of the sums of all first and of all second errors, with respect to
// the gathered cameras and points, hold all of it.
func ba(jacobian bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[baInput](input)
		if err != nil {
			return nil, err
		}
		var p problem
		n, m, obs := graph.Dim(in.N), graph.Dim(in.M), graph.Dim(in.P)
		cameras, points := make([]int64, in.P), make([]int64, in.P)
		for i := range cameras {
			cameras[i], points[i] = int64(i%in.N), int64(i%in.M)
		}
		cams := ops.Take(p.input("cams", repeat(in.Cam, in.N), n, 11), graph.ConstOf(cameras, in.P), 0)
		x := ops.Take(p.input("X", repeat(in.X, in.M), m, 3), graph.ConstOf(points, in.P), 0)
		w := p.input("w", repeat([]float64{in.W}, in.P), obs)
		features := p.input("feats", repeat(in.Feat, in.P), obs, 2)
		errors := ops.Mul(ops.Expand(w, 1), ops.Sub(project(cams, x), features))
		weights := ops.Sub(f64(1), ops.Square(w))
		if !jacobian {
			return p.task(in.errors, errors, weights)
		}
		var g []*node
		for i := range 2 {
			g = append(g, autodiff.Grad(ops.Sum(ops.Index(errors, 1, i)), cams, x, w)...)
		}
		return p.task(in.sparse, append(g, autodiff.Grad(ops.Sum(weights), w)[0])...)
	}
}

func repeat(v []float64, n int) (list []float64) {
	for range n {
		list = append(list, v...)
	}
	return list
}

// project returns where cameras see points. A camera is rotation, centre, focal
// length, principal point and distortion.
//
//	cams [p 11], x [p 3] -> [p 2]
func project(cams, x *node) *node {
	part := func(from, to int) *node { return ops.Slice(cams, 1, from, to, 1) }
	x = rotate(part(0, 3), ops.Sub(x, part(3, 6)))
	flat := ops.Div(ops.Slice(x, 1, 0, 2, 1), ops.Slice(x, 1, 2, 3, 1))
	r := ops.Expand(ops.Sum(ops.Square(flat), 1), 1)
	distortion := ops.Add(f64(1), ops.Add(ops.Mul(part(9, 10), r), ops.Mul(part(10, 11), ops.Square(r))))
	return ops.Add(ops.Mul(ops.Mul(flat, distortion), part(6, 7)), part(7, 9))
}

// rotate turns points around axes by the angles that are their lengths
// (Rodrigues).
func rotate(axis, x *node) *node {
	square := ops.Expand(ops.Sum(ops.Square(axis), 1), 1)
	none := ops.Equal(square, f64(0))
	angle := ops.Sqrt(ops.Where(none, f64(1), square))
	unit := ops.Div(axis, angle)
	along := ops.Expand(ops.Sum(ops.Mul(unit, x), 1), 1)
	cos, sin := ops.Cos(angle), ops.Sin(angle)
	turned := ops.Add(ops.Add(ops.Mul(x, cos), ops.Mul(cross(unit, x), sin)), ops.Mul(unit, ops.Mul(along, ops.Sub(f64(1), cos))))
	return ops.Where(none, ops.Add(x, cross(axis, x)), turned)
}

func cross(x, y *node) *node {
	at := func(v *node, i int) *node { return ops.Roll(v, -i, 1) } // components i, i+1, i+2
	return ops.Sub(ops.Mul(at(x, 1), at(y, 2)), ops.Mul(at(x, 2), at(y, 1)))
}

// errors are all equal, so only the first are told.
func (in *baInput) errors(y []graph.Tensor) any {
	e := graph.Data[float64](y[0])
	return map[string]any{
		"reproj_error": map[string]any{"elements": e[:2], "repeated": in.P},
		"w_err":        map[string]any{"element": y[1].At(0), "repeated": in.P},
	}
}

// sparse returns the Jacobian in compressed rows, of each list the first 30
// elements and the last.
func (in *baInput) sparse(g []graph.Tensor) any {
	rows, cols, vals := []int{0}, []int{}, []float64{}
	put := func(col int, v float64) { cols, vals = append(cols, col), append(vals, v) }
	for i := range in.P {
		for k := range 2 {
			for j := range 11 {
				put(11*(i%in.N)+j, g[3*k].At(11*i+j))
			}
			for j := range 3 {
				put(11*in.N+3*(i%in.M)+j, g[3*k+1].At(3*i+j))
			}
			put(11*in.N+3*in.M+i, g[3*k+2].At(i))
			rows = append(rows, len(cols))
		}
	}
	for i := range in.P {
		put(11*in.N+3*in.M+i, g[6].At(i))
		rows = append(rows, len(cols))
	}
	return map[string]any{"rows": ends(rows), "cols": ends(cols), "vals": ends(vals)}
}

func ends[T any](list []T) []T {
	return append(append([]T{}, list[:min(30, len(list))]...), list[len(list)-1])
}
