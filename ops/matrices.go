package ops

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/adjointml/adjoint/graph"
)

// What factorisations share: each is computed matrix by matrix in float64,
// whatever the dtype, by gonum's LAPACK, and large batches on all processors.

var (
	errMatrix = errors.New("want a matrix of floats or a batch of them, got {0}")
	errSquare = errors.New("want square matrices of floats, got {0}")
)

// matrixOf returns a type's rows and columns.
func matrixOf(t Type) (rows, columns Dim, err error) {
	if !t.DType.Float() || t.Rank() < 2 {
		return 0, 0, errMatrix
	}
	return t.Dim(-2), t.Dim(-1), nil
}

// squareOf returns the order of square matrices.
func squareOf(t Type) (Dim, error) {
	m, n, err := matrixOf(t)
	if err != nil || m != n {
		return 0, errSquare
	}
	return n, nil
}

// withMatrix returns t with other lengths of its last two axes.
func withMatrix(t Type, rows, columns Dim) Type {
	return t.Of(t.Shape.With(-2, rows).With(-1, columns))
}

// A workspace is memory that outlasts an evaluation, so that none is allocated
// in the steady state.
type workspace struct {
	floats []float64
	ints   []int
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// take returns n floats of arbitrary value.
func (w *workspace) take(n int) []float64 {
	if len(w.floats) < n {
		w.floats = make([]float64, n)
	}
	t := w.floats[:n:n]
	w.floats = w.floats[n:]
	return t
}

func (w *workspace) takeInts(n int) []int {
	if len(w.ints) < n {
		w.ints = make([]int, n)
	}
	return w.ints[:n]
}

// A matrixJob computes the i-th matrix of a batch.
type matrixJob func(i int, w *workspace)

// parallelWork is the number of operations below which waking another
// processor costs more than it saves.
const parallelWork = 1 << 20

// eachMatrix runs a job for all matrices of a batch, each of which takes floats
// numbers of workspace and about cost operations.
func eachMatrix(batch, floats int, cost float64, job matrixJob) {
	workers := min(batch, runtime.GOMAXPROCS(0), int(min(1e6, float64(batch)*cost/parallelWork))+1)
	if workers <= 1 {
		someMatrices(0, batch, floats, job)
		return
	}
	var failed atomic.Value
	var all sync.WaitGroup
	for k := range workers {
		all.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					failed.CompareAndSwap(nil, panicked{v})
				}
			}()
			someMatrices(batch*k/workers, batch*(k+1)/workers, floats, job)
		})
	}
	all.Wait()
	if p, ok := failed.Load().(panicked); ok {
		panic(p.value)
	}
}

// panicked is what a worker panicked with.
type panicked struct{ value any }

func someMatrices(from, to, floats int, job matrixJob) {
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	if len(w.floats) < floats {
		w.floats = make([]float64, floats)
	}
	memory := w.floats
	for i := from; i < to; i++ {
		w.floats = memory
		job(i, w)
	}
	w.floats = memory
}

// batchSize returns the number of matrices of a tensor.
func batchSize(x Tensor) int { return size(x.Shape[:len(x.Shape)-2]) }

// loadMatrix reads the i-th matrix of a tensor.
func loadMatrix(dst []float64, x Tensor, i int) {
	n := len(dst)
	if x.DType == graph.Float64 {
		copy(dst, graph.Data[float64](x)[i*n:(i+1)*n])
		return
	}
	for j, v := range graph.Data[float32](x)[i*n : (i+1)*n] {
		dst[j] = float64(v)
	}
}

// storeMatrix writes the i-th matrix of a tensor.
func storeMatrix(x Tensor, i int, src []float64) {
	n := len(src)
	if x.DType == graph.Float64 {
		copy(graph.Data[float64](x)[i*n:(i+1)*n], src)
		return
	}
	for j, v := range src {
		graph.Data[float32](x)[i*n+j] = float32(v)
	}
}

// storeNaN writes the i-th matrix of n elements of a tensor.
func storeNaN(x Tensor, i, n int) {
	for j := range n {
		x.Set(i*n+j, math.NaN())
	}
}

// finite reports whether all of x is: LAPACK's iterations need not end
// otherwise.
func finite(x []float64) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// symmetric makes a square matrix its symmetric part.
func symmetric(a []float64, n int) {
	for i := range n {
		for j := range i {
			v := (a[i*n+j] + a[j*n+i]) / 2
			a[i*n+j], a[j*n+i] = v, v
		}
	}
}

// placeOf names a matrix of a batch for an error.
func placeOf(i int, x Tensor) string {
	if len(x.Shape) == 2 {
		return "the matrix"
	}
	return fmt.Sprintf("matrix %v of the batch", coordinates(i, x.Shape[:len(x.Shape)-2]))
}

// batchAt returns which matrix of x, whose batch axes broadcast to out's,
// belongs to the i-th of out.
func batchAt(i int, out, x []int) int {
	at, step := 0, 1
	for k := 1; k <= len(out)-2; k++ {
		d := out[len(out)-2-k]
		here := i % d
		i /= d
		if k <= len(x)-2 {
			if e := x[len(x)-2-k]; e != 1 {
				at += here * step
				step *= e
			}
		}
	}
	return at
}

// eye returns the identity matrix of the given order, of x's dtype.
func eye(n Dim, d DType) *Node { return Convert(diagonal(graph.Of(n, n), 0), d) }

// onDiagonal puts the last axis on the diagonal of matrices.
//
//	x [... n] -> [... n n]
func onDiagonal(x *Node) *Node {
	n := x.Shape().Dim(-1)
	return Where(diagonal(graph.Of(n, n), 0), Expand(x, -1), num(0))
}

// product multiplies matrices from left to right.
func product(x ...*Node) *Node {
	y := x[0]
	for _, x := range x[1:] {
		y = MatMul(y, x)
	}
	return y
}

// outerInverse returns 1/(xⱼ - xᵢ), and 0 where the two are equal.
//
//	x [... n] -> [... n n]
func outerInverse(x *Node) *Node {
	d := Sub(Expand(x, -2), Expand(x, -1))
	same := Equal(d, num(0))
	return Where(same, num(0), Reciprocal(Where(same, num(1), d)))
}
