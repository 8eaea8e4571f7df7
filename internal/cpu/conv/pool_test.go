package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// checkPool compares the four plans of a pool with a look at each window.
func checkPool[E element](t testing.TB, p Pool, rnd *rand.Rand) {
	p.T, p.O, p.Groups = typeOf[E](), p.C, 1
	image, result := p.N*p.In[0]*p.In[1]*p.In[2]*p.C, p.N*p.Out[0]*p.Out[1]*p.Out[2]*p.C
	x, ct := random[E](image, rnd), random[E](result, rnd)
	for i := range x.v { // of few values, so that many are equal
		x.v[i] = E(rnd.IntN(5))
		if rnd.IntN(50) == 0 {
			x.v[i] = E(math.NaN())
		}
	}
	most, mean, n := newSums(result), newSums(result), make([]float64, result)
	from := make([]int, result)
	for i := range from {
		most.v[i], from[i] = math.Inf(-1), -1
	}
	met := make([][]int, result)
	one := p.Shape
	one.C, one.O = 1, 1
	one.each(func(i, _, k int) {
		for c := range p.C {
			j, k := i*p.C+c, k*p.C+c
			met[k] = append(met[k], j)
			mean.add(k, float64(x.v[j]))
			if v := float64(x.v[j]); from[k] < 0 || v > most.v[k] || v != v {
				most.v[k], from[k] = v, j
			}
		}
	})
	for k := range n {
		n[k] = float64(len(met[k]))
		if p.CountPad {
			n[k] = p.counted(k / p.C)
		}
		n[k] = max(1, n[k])
		mean.v[k] /= n[k]
		if from[k] >= 0 && slicesHasNaN(x.v, met[k]) {
			most.v[k] = math.NaN()
		}
	}
	routed, shared := newSums(image), newSums(image)
	for k, j := range from {
		if j >= 0 {
			routed.add(j, float64(ct.v[k]))
		}
		for _, j := range met[k] {
			shared.add(j, float64(ct.v[k])/n[k])
		}
	}
	for _, c := range []struct {
		name string
		plan *Plan
		x, y guarded[E]
		want sums
	}{{"max", MaxPool(p), x, x, most}, {"mean", AvgPool(p), x, x, mean}, {"max gradient", MaxPoolGrad(p), ct, x, routed}, {"mean gradient", AvgPoolGrad(p), ct, x, shared}} {
		compare(t, fmt.Sprintf("%s of %+v", c.name, p), c.plan, c.x, c.y, c.want, rnd)
	}
}

func slicesHasNaN[E element](x []E, at []int) bool {
	for _, i := range at {
		if x[i] != x[i] {
			return true
		}
	}
	return false
}

// counted returns how many elements of the padded image the window of a result
// covers.
func (p *Pool) counted(result int) float64 {
	n := 1
	for a := 2; a >= 0; a-- {
		count := 0
		for t := range p.Kernel[a] {
			if at := result%p.Out[a]*p.Stride[a] + t*p.Dilation[a] - p.Pad[a]; at >= -p.Pad[a] && at < p.In[a]+p.High[a] {
				count++
			}
		}
		n *= count
		result /= p.Out[a]
	}
	return float64(n)
}

func TestRandomPools(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 0))
	for i := range some(300) {
		p := Pool{Shape: draw(rnd), CountPad: i%3 == 0, High: [3]int{rnd.IntN(3), rnd.IntN(3), rnd.IntN(3)}}
		if i%5 == 0 { // windows side by side
			p.Pad, p.Dilation, p.Kernel = [3]int{}, [3]int{1, 1, 1}, p.Stride
			for a := range 3 {
				p.In[a] = p.Out[a] * p.Stride[a]
			}
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Logf("seed %d, pool %+v", seed, p)
			small(t, rnd)
			if i%4 == 0 {
				checkPool[float64](t, p, rnd)
			} else {
				checkPool[float32](t, p, rnd)
			}
		})
	}
}
