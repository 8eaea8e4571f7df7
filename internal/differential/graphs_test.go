package differential_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// seeds calls f with n seeds, or those of ADJOINT_SEED, one or a range such as
// 2000:3000, on all processors.
func seeds(t *testing.T, n uint64, f func(seed uint64) (verdict, error)) (v verdict) {
	t.Helper()
	from, to := uint64(0), n
	if testing.Short() || raced {
		to /= 10
	}
	if s := os.Getenv("ADJOINT_SEED"); s != "" {
		first, last, isRange := strings.Cut(s, ":")
		var err error
		from, err = strconv.ParseUint(first, 10, 64)
		require.NoError(t, err, "ADJOINT_SEED")
		to = from + 1
		if isRange {
			to, err = strconv.ParseUint(last, 10, 64)
			require.NoError(t, err, "ADJOINT_SEED")
		}
	}
	next := atomic.Uint64{}
	next.Store(from)
	var mu sync.Mutex
	var wg sync.WaitGroup
	failed := 0
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				seed := next.Add(1) - 1
				if seed >= to {
					return
				}
				w, err := f(seed)
				mu.Lock()
				v.judged += w.judged
				v.skipped += w.skipped
				if err != nil {
					failed++
				}
				stop := failed > 3
				if err != nil && !stop {
					assert.Fail(t, fmt.Sprintf("seed %d (ADJOINT_SEED=%d repeats it): %v", seed, seed, err))
				}
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	return v
}

// TestRandomGraphs compares programs of random graphs, and of their gradients,
// for several lengths of their symbols.
func TestRandomGraphs(t *testing.T) {
	v := seeds(t, 2000, randomGraph)
	t.Logf("%d outputs judged, %d not", v.judged, v.skipped)
	if os.Getenv("ADJOINT_SEED") == "" {
		assert.Less(t, v.skipped*20, v.judged, "most outputs are judged")
	}
}

// TestRandomLoops is TestRandomGraphs on graphs with many loops, which hold some of
// each other.
func TestRandomLoops(t *testing.T) {
	v := seeds(t, 400, func(seed uint64) (verdict, error) {
		g := newGrower(seed)
		g.kinds = slices.Concat(kinds, []weighted{{20, scan}, {10, while}, {10, cond}})
		g.size = min(g.size, 3000)
		return compareGrown(seed, g)
	})
	t.Logf("%d outputs judged, %d not", v.judged, v.skipped)
	if os.Getenv("ADJOINT_SEED") == "" {
		assert.Less(t, v.skipped*10, v.judged, "most outputs are judged")
	}
}

// randomGraph compares the graph of a seed.
func randomGraph(seed uint64) (verdict, error) { return compareGrown(seed, newGrower(seed)) }

// compareGrown grows a graph and compares it.
func compareGrown(seed uint64, g *grower) (v verdict, err error) {
	g.grown()
	out := g.outputs()
	p, err := compile(out)
	if err != nil {
		return v, err
	}
	for _, binding := range g.bindings {
		u := g.trial(seed, out, binding)
		if u == nil {
			continue
		}
		w, err := u.compare(p)
		if err != nil {
			return v, fmt.Errorf("lengths %v: %w\n%s", binding, err, u.shrink())
		}
		v.judged += w.judged
		v.skipped += w.skipped
	}
	return v, nil
}

// grown returns g with a pool.
func (g *grower) grown() *grower {
	steps := 4 + g.rnd.IntN(30)
	if g.size > 5000 {
		steps = 4 + g.rnd.IntN(10)
	}
	for range steps {
		g.grow()
	}
	if g.deep {
		g.pool = g.pool[:1]
		for range 100 + g.rnd.IntN(300) {
			g.push(choose(g, []kind{smooth, arithmetic, arithmetic, guarded})(g))
		}
		all := g.scalar(g.pool[0])
		for _, n := range g.pool[1:] {
			if n.DType() == g.float {
				all = ops.Add(all, ops.Sum(n))
			}
		}
		g.push(all)
	}
	return g
}

// outputs draws the results of a graph: values of any kind, and gradients of
// first and second order.
func (g *grower) outputs() []*graph.Node {
	out := []*graph.Node{g.pool[len(g.pool)-1]}
	for _, s := range g.symbols { // the program must know the length
		out = append(out, g.input(leaf{}, g.float, s))
	}
	for range g.rnd.IntN(5) {
		out = append(out, choose(g, g.pool))
	}
	if !g.chance(0.55) {
		return out
	}
	loss := g.scalar(g.any1())
	if g.chance(0.5) {
		loss = ops.Add(loss, g.scalar(g.any1()))
	}
	grads := autodiff.Grad(loss, g.variables()...)
	out = append(append(out, loss), grads...)
	if g.size < 1000 && g.chance(0.4) {
		again := g.scalar(grads[0])
		for _, d := range grads[1:] {
			again = ops.Add(again, g.scalar(d))
		}
		out = append(out, autodiff.Grad(again, g.variables()...)...)
	}
	return out
}

// scalar makes one number of x.
func (g *grower) scalar(x *graph.Node) *graph.Node {
	switch g.rnd.IntN(3) {
	case 0:
		return ops.Mean(ops.Square(x))
	case 1:
		return ops.Sum(ops.Sin(x))
	}
	return ops.Sum(ops.Mul(x, ops.StopGradient(g.partner(x))))
}

// variables returns what gradients are taken with respect to.
func (g *grower) variables() (list []*graph.Node) {
	for _, l := range g.leaves {
		if l.n.DType() == g.float {
			list = append(list, l.n)
		}
	}
	for _, p := range g.params {
		if p.Type.DType == g.float {
			list = append(list, p.Node())
		}
	}
	if len(list) > 4 {
		g.rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		list = list[:4]
	}
	return list
}
