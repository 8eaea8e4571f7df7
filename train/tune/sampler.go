package tune

import "math/rand/v2"

// A Sampler proposes where to try next.
type Sampler interface {
	// Point returns a point of the unit cube, one coordinate for each parameter of
	// the study's space, given all trials before, those that run included: its
	// number is len(past). It must depend on nothing else and the study's seed. It
	// is not called by two goroutines at once.
	Point(s *Study, past []Trial) []float64
}

// stream returns the random numbers of a trial.
func (s *Study) stream(number int) *rand.Rand {
	return rand.New(rand.NewPCG(s.Seed, uint64(number)))
}

// Random tries points that are uniform and independent (Bergstra and Bengio 2012).
type Random struct{}

// Point draws a point.
func (Random) Point(s *Study, past []Trial) []float64 {
	r := s.stream(len(past))
	point := make([]float64, len(s.Space))
	for i := range point {
		point[i] = r.Float64()
	}
	return point
}

// Halton tries the points of Halton's sequence, which fill the cube more evenly than
// random ones. Digits are permuted at random, for the plain sequence is a line in
// high dimensions (Owen 2017, arXiv:1706.02808).
type Halton struct{}

// Point returns the next of the sequence.
func (Halton) Point(s *Study, past []Trial) []float64 {
	point := make([]float64, len(s.Space))
	base := 1
	for i := range point {
		base = nextPrime(base)
		point[i] = radicalInverse(len(past), base, rand.New(rand.NewPCG(s.Seed, uint64(base))))
	}
	return point
}

// radicalInverse mirrors the digits of n in a base at the point, each replaced by a
// permutation of its place. Zeros that lead are digits too, down to the precision of
// a float.
func radicalInverse(n, base int, r *rand.Rand) float64 {
	v, unit := 0.0, 1.0
	for unit > 1e-16 {
		unit /= float64(base)
		v += float64(r.Perm(base)[n%base]) * unit
		n /= base
	}
	return min(v, 1-1e-16)
}

// nextPrime returns the smallest prime above n.
func nextPrime(n int) int {
	for n++; ; n++ {
		prime := n > 1
		for d := 2; d*d <= n; d++ {
			prime = prime && n%d != 0
		}
		if prime {
			return n
		}
	}
}
