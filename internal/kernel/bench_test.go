package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkKernels measures each op in the cache, in 10⁹ elements a second: all
// families side by side, on one long row and on short ones.
func BenchmarkKernels(b *testing.B) {
	const n = 1024
	r := rand.New(rand.NewPCG(1, 1))
	for op := range numOps {
		for typ := range numTypes {
			for of := generic; of <= best(); of++ {
				if of > generic && assembly(of, op, typ, 0) == nil {
					continue
				}
				for _, cols := range []int{n, 10} {
					b.Run(fmt.Sprintf("%v/%d/%s/%d", op, 8*typ.Size(), isaNames[of], cols), func(b *testing.B) {
						rows := n / cols
						v := newTrial(op, typ, 0, r, rows, cols)
						for i := range op.Arity() {
							for j := range rows * cols {
								v.from.put(v.x[i], j, r.Float64()*4+0.1)
							}
						}
						a, _, _ := v.args(rows, cols, 0)
						f := lookup(of, op, typ, 0)
						for b.Loop() {
							f(a)
						}
						b.ReportMetric(float64(b.N)*float64(rows*cols)/float64(b.Elapsed().Nanoseconds()), "Gel/s")
					})
				}
			}
		}
	}
}
