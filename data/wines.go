package data

import (
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"
)

// Wines returns n synthetic wines, what an analysis finds in each and who made it,
// with the names of the findings. It is known what matters: alcohol and proline
// speak for maker 0, a light colour for maker 1, a balance of acid and phenols for
// maker 2. Hue follows the colour, and says nothing more. Ash and sugar say nothing
// at all. So it shows whether a method that explains tables finds what is there.
//
// The columns are findings, float32 [n 8] in standard deviations from the mean, and
// makers, int64 [n]. Wine i depends on the seed and those before it. When n is below
// 1 there are no rows.
func Wines(n int, seed uint64) (rows *Arrays, names []string) {
	names = []string{"alcohol", "proline", "colour", "hue", "acid", "phenols", "ash", "sugar"}
	if n < 1 {
		return &Arrays{}, names
	}
	r := rand.New(rand.NewPCG(seed, 0x57696e65))
	x, y := make([]float32, 0, n*len(names)), make([]int64, n)
	for i := range n {
		v := make([]float64, len(names))
		for j := range v {
			v[j] = r.NormFloat64()
		}
		alcohol, proline, colour, acid, phenols := v[0], v[1], v[2], v[4], v[5]
		v[3] = -0.8*colour + 0.6*v[3]
		score := [3]float64{1.5*alcohol + proline, -2 * colour, 1.5 - 1.5*math.Abs(acid-phenols)}
		for k, s := range score {
			if s -= 0.3 * math.Log(-math.Log(r.Float64())); k == 0 || s > score[y[i]] {
				y[i] = int64(k)
			}
			score[k] = s
		}
		for _, f := range v {
			x = append(x, float32(f))
		}
	}
	rows, err := Of(tensor.New(tensor.WithShape(n, len(names)), tensor.WithBacking(x)), tensor.New(tensor.WithShape(n), tensor.WithBacking(y)))
	if err != nil {
		panic("data: wines: " + err.Error()) // both columns are made above
	}
	return rows, names
}
