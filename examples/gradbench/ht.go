package main

import (
	"context"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

type htInput struct {
	Theta []float64
	Us    [][]float64
	Data  struct {
		Correspondences []int64
		Points          [][]float64
		Model           struct {
			Parents       []int
			BaseRelatives [][][]float64 `json:"base_relatives"`
			InverseBase   [][][]float64 `json:"inverse_base_absolutes"`
			BasePositions [][]float64   `json:"base_positions"`
			Weights       [][]float64
			Triangles     [][]int64
			Mirrored      bool `json:"is_mirrored"`
		}
	}
}

// ht is hand tracking: the differences between observed points and those of a
// hand's skin that correspond to them, the hand being posed by the angles theta,
// and the points lying at places us of triangles if there are any; or the
// Jacobian of that, a column for each of two numbers of us, as each point has its
// own pair, and one for each of theta, by forward mode.
func ht(jacobian bool) func(input []byte) (*task, error) {
	return func(input []byte) (*task, error) {
		in, err := parse[htInput](input)
		if err != nil {
			return nil, err
		}
		var p problem
		points, _ := flat(in.Data.Points)
		places, _ := flat(in.Us)
		theta := p.input("theta", in.Theta, graph.Dim(len(in.Theta)))
		us := p.input("us", places, graph.Dim(len(in.Us)), 2)
		observed := p.input("points", points, graph.Dim(len(in.Data.Points)), 3)
		errors := ops.Flatten(ops.Sub(observed, in.skin(in.pose(theta), us)), 0)
		if !jacobian {
			return p.task(vector, errors, us)
		}
		return in.columns(&p, errors, theta, us)
	}
}

// columns computes the Jacobian column by column with one program.
func (in *htInput) columns(p *problem, errors, theta, us *node) (*task, error) {
	direction := graph.InputOf(graph.Float64, "direction", theta.Shape().Dim(0))
	directions := graph.InputOf(graph.Float64, "directions", us.Shape().Dims()...)
	tangent := ops.Add(autodiff.JVP(errors, theta, direction), autodiff.JVP(errors, us, directions))
	program, err := graph.Compile(tangent, theta, us, direction, directions)
	if err != nil {
		return nil, err
	}
	first := 0
	if len(in.Us) > 0 {
		first = 2
	}
	columns := make([]graph.Tensor, first+len(in.Theta))
	run := func() error {
		for i := range columns {
			v, _ := graph.NewTensor(graph.Float64, len(in.Theta))
			w, _ := graph.NewTensor(graph.Float64, len(in.Us), 2)
			if i >= first {
				v.Set(i-first, 1)
			} else {
				for j := range len(in.Us) {
					w.Set(2*j+i, 1)
				}
			}
			out, err := program.Eval(context.Background(), append(p.feeds, direction.IsTensor(v), directions.IsTensor(w))...)
			if err != nil {
				return err
			}
			columns[i] = out[0]
		}
		return nil
	}
	return &task{run, func() any {
		rows := make([][]float64, columns[0].Len())
		for i := range rows {
			for _, c := range columns {
				rows[i] = append(rows[i], c.At(i))
			}
		}
		return rows
	}}, nil
}

// pose returns where the vertices are, from global rotation, global translation,
// and for each of five fingers a bend and a spread of its first bone and the bends
// of two more.
func (in *htInput) pose(theta *node) *node {
	model := in.Data.Model
	at := func(i int) *node { return ops.Index(theta, 0, i) }
	bend := make([][2]*node, len(model.Parents))
	for next, finger := 6, 0; finger < 5; finger++ {
		for joint := range 3 {
			angles := [2]*node{at(next), f64(0)}
			if next++; joint == 0 {
				angles[1] = at(next)
				next++
			}
			if bone := 2 + 4*finger + joint; bone < len(bend) {
				bend[bone] = angles
			}
		}
	}
	absolute := make([]*node, len(bend))
	transforms := make([]*node, len(bend))
	for i, parent := range model.Parents {
		absolute[i] = constant(model.BaseRelatives[i])
		if bend[i][0] != nil {
			absolute[i] = ops.MatMul(absolute[i], joint(bend[i][0], bend[i][1]))
		}
		if parent >= 0 {
			absolute[i] = ops.MatMul(absolute[parent], absolute[i])
		}
		transforms[i] = ops.MatMul(absolute[i], constant(model.InverseBase[i]))
	}
	skin := ops.Einsum("bij,vj,vb->vi", ops.Slice(ops.Stack(0, transforms...), 1, 0, 3, 1), constant(model.BasePositions), constant(model.Weights))
	if model.Mirrored {
		skin = ops.Mul(skin, graph.ConstOf([]float64{-1, 1, 1}, 3))
	}
	turned := ops.MatMul(skin, ops.Transpose(axisAngle(ops.Slice(theta, 0, 0, 3, 1))))
	return ops.Add(turned, ops.Slice(theta, 0, 3, 6, 1))
}

// skin returns the points of the hand that correspond to the observed ones.
func (in *htInput) skin(vertices, us *node) *node {
	c := in.Data.Correspondences
	if len(in.Us) == 0 {
		return ops.Take(vertices, graph.ConstOf(c, len(c)), 0)
	}
	var corner [3][]int64
	for _, triangle := range c {
		for k, v := range in.Data.Model.Triangles[triangle] {
			corner[k] = append(corner[k], v)
		}
	}
	vertex := func(k int) *node { return ops.Take(vertices, graph.ConstOf(corner[k], len(c)), 0) }
	u, v := ops.Slice(us, 1, 0, 1, 1), ops.Slice(us, 1, 1, 2, 1)
	w := ops.Sub(ops.Sub(f64(1), u), v)
	return ops.Add(ops.Add(ops.Mul(u, vertex(0)), ops.Mul(v, vertex(1))), ops.Mul(w, vertex(2)))
}

// constant is a matrix that the graph knows.
func constant(m [][]float64) *node {
	v, n := flat(m)
	return graph.ConstOf(v, len(m), int(n))
}

// matrix returns a matrix of n columns from its elements.
func matrix(n graph.Dim, x ...*node) *node {
	return ops.Reshape(ops.Stack(0, x...), graph.Auto, n)
}

// joint turns by x around the first axis, then by z around the third.
func joint(x, z *node) *node {
	o, l := f64(0), f64(1)
	cx, sx, cz, sz := ops.Cos(x), ops.Sin(x), ops.Cos(z), ops.Sin(z)
	return ops.MatMul(
		matrix(4, cz, ops.Neg(sz), o, o, sz, cz, o, o, o, o, l, o, o, o, o, l),
		matrix(4, l, o, o, o, o, cx, ops.Neg(sx), o, o, sx, cx, o, o, o, o, l))
}

// axisAngle returns the rotation around an axis by the angle that is its length;
// none if that is below 1e-4.
func axisAngle(axis *node) *node {
	square := ops.Sum(ops.Square(axis))
	none := ops.Less(square, f64(1e-8))
	angle := ops.Sqrt(ops.Where(none, f64(1), square))
	u := ops.Div(axis, angle)
	x, y, z, o := ops.Index(u, 0, 0), ops.Index(u, 0, 1), ops.Index(u, 0, 2), f64(0)
	around := matrix(3, o, ops.Neg(z), y, z, o, ops.Neg(x), ops.Neg(y), x, o)
	cos, sin := ops.Cos(angle), ops.Sin(angle)
	eye := graph.ConstOf([]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}, 3, 3)
	turn := ops.Add(ops.Add(ops.Mul(eye, cos), ops.Mul(around, sin)), ops.Mul(ops.Outer(u, u), ops.Sub(f64(1), cos)))
	return ops.Where(none, eye, turn)
}
