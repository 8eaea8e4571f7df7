package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gorgonia.org/tensor"
)

// planes draws point i of n, of class i%2, for each set of points in the plane.
var planes = map[string]func(i, n int, rnd *rand.Rand) (x, y float64){
	"circle": circle, "xor": xor, "gauss": gauss, "spiral": spiral, "moons": moons,
}

// Planes returns the names that [Plane] knows, in the order of the alphabet.
func Planes() []string {
	names := make([]string, 0, len(planes))
	for name := range planes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Plane returns n synthetic points of the plane in two classes, within about ±6:
//
//	circle  a disc (class 1) in a ring
//	xor     the quadrants where x and y have the same sign (class 1), and the others
//	gauss   two clouds
//	spiral  two arms around each other
//	moons   two half rings that reach into each other
//
// Noise in units of the plane is the standard deviation of what is added to
// both coordinates. The columns are points, float32 [n 2], and labels, float32
// [n 1]: 0 and 1 in turn, so any part of the rows has both. They depend on the
// seed. Other names, n below 2 and a negative noise are errors.
func Plane(name string, n int, noise float64, seed uint64) (*Arrays, error) {
	draw, ok := planes[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("data: no points are called %q: want one of %s", name, strings.Join(Planes(), ", "))
	case n < 2:
		return nil, fmt.Errorf("data: %d points: want at least 2, one of each class", n)
	case !(noise >= 0) || math.IsInf(noise, 0):
		return nil, fmt.Errorf("data: a noise of %v: want a standard deviation of at least 0", noise)
	}
	rnd := rand.New(rand.NewPCG(seed, 0x706c616e65))
	points, labels := make([]float32, 2*n), make([]float32, n)
	for i := range n {
		x, y := draw(i, n, rnd)
		points[2*i] = float32(x + noise*rnd.NormFloat64())
		points[2*i+1] = float32(y + noise*rnd.NormFloat64())
		labels[i] = float32(i % 2)
	}
	return Of(tensor.New(tensor.WithShape(n, 2), tensor.WithBacking(points)), tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(labels)))
}

func circle(i, _ int, rnd *rand.Rand) (x, y float64) {
	r := 3.5 + 1.5*rnd.Float64()
	if i%2 == 1 {
		r = 2.5 * math.Sqrt(rnd.Float64())
	}
	sin, cos := math.Sincos(2 * math.Pi * rnd.Float64())
	return r * cos, r * sin
}

func xor(i, _ int, rnd *rand.Rand) (x, y float64) {
	x, y = 0.3+4.7*rnd.Float64(), 0.3+4.7*rnd.Float64()
	if i%2 == 0 {
		y = -y
	}
	if rnd.IntN(2) == 0 {
		return -x, -y
	}
	return x, y
}

func gauss(i, _ int, rnd *rand.Rand) (x, y float64) {
	at := float64(4*(i%2) - 2)
	return at + 0.8*rnd.NormFloat64(), at + 0.8*rnd.NormFloat64()
}

// spiral draws no random number: its points lie evenly along the arms.
func spiral(i, n int, _ *rand.Rand) (x, y float64) {
	t := float64(i/2) / float64((n+1)/2)
	sin, cos := math.Sincos(2*math.Pi*1.75*t + math.Pi*float64(i%2))
	return 5 * t * sin, 5 * t * cos
}

func moons(i, _ int, rnd *rand.Rand) (x, y float64) {
	sin, cos := math.Sincos(math.Pi * rnd.Float64())
	if i%2 == 0 {
		return 3*cos - 1.5, 3*sin - 0.75
	}
	return 1.5 - 3*cos, 0.75 - 3*sin
}
