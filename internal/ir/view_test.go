package ir

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// offsets lists where the elements of a ref lie, in order.
func offsets(r Ref) []int {
	list := []int{r.Off}
	for i, n := range r.Dims {
		var next []int
		for _, at := range list {
			for k := range n {
				next = append(next, at+k*r.Steps[i])
			}
		}
		list = next
	}
	return list
}

// TestRegroup compares the steps of reshaped views with the elements that the
// views read, on random views.
func TestRegroup(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	regrouped := 0
	for range 2000 {
		dims := make([]int, 1+r.IntN(4))
		for i := range dims {
			dims[i] = 1 + r.IntN(4)
		}
		x := NewRef(&Value{}, dims, dense(dims), 0)
		for range r.IntN(3) {
			ax := r.IntN(len(dims))
			switch r.IntN(3) {
			case 0:
				p := r.Perm(len(dims))
				x = Transpose(x, func(i int) int { return p[i] })
			case 1:
				x = Flip(x, ax)
			case 2:
				if x.Dims[ax] > 1 {
					x = Slice(x, ax, 1, 1, x.Dims[ax]-1)
				}
			}
		}
		to := factors(r, x.Size())
		steps, ok := regroup(x, to)
		if !ok {
			continue
		}
		regrouped++
		y := NewRef(nil, to, steps, x.Off)
		require.Equal(t, offsets(x), offsets(y), "%v:%v to %v", x.Dims, x.Steps, to)
	}
	assert.Greater(t, regrouped, 300)
}

// factors returns random lengths whose product is n.
func factors(r *rand.Rand, n int) (dims []int) {
	for n > 1 {
		d := 2 + r.IntN(n-1)
		for n%d != 0 {
			d++
		}
		dims = append(dims, d)
		n /= d
		if r.IntN(4) == 0 {
			dims = append(dims, 1)
		}
	}
	return dims
}

// leafOf returns a leaf of the given dims.
func leafOf(b *Builder, dims ...int) Ref { return b.Leaf(len(b.Values), F32, dims) }

func TestViewsMoveNothing(t *testing.T) {
	b := NewBuilder(8)
	x := leafOf(b, 4, 1, 6)
	y := Transpose(x, func(i int) int { return 2 - i })
	y = Slice(y, 0, 1, 2, 3)
	y = b.Reshape(y, []int{3, 4})
	y = Broadcast(y, []int{2, 3, 4})
	assert.Len(t, b.Values, 1, "a leaf and views of it")
	assert.Equal(t, []int{0, 2, 6}, y.Steps)
	assert.Equal(t, 1, y.Off)
	assert.NotSame(t, x.V, b.Reshape(y, []int{6, 4}).V)
	assert.Len(t, b.Values, 2, "repeated rows have no one step")
	require.NoError(t, Check(b.Values))
}

func TestEqualInstructionsAreOne(t *testing.T) {
	b := NewBuilder(8)
	x := leafOf(b, 3, 5)
	u, _ := b.Map(Exp, x)
	v, _ := b.Map(Exp, b.Reshape(x, []int{3, 1, 5}))
	assert.Same(t, u.V, v.V, "axes of length 1 make no difference")
	w, _ := b.Map(Exp, Broadcast(x, []int{7, 3, 5}))
	assert.Same(t, u.V, w.V, "what repeats is computed once")
	assert.Equal(t, []int{0, 5, 1}, w.Steps)
}

// TestReductionsHaveThreeForms reduces over every set of axes of a value and of
// its transpose.
func TestReductionsHaveThreeForms(t *testing.T) {
	b := NewBuilder(64)
	x := leafOf(b, 2, 3, 4, 5)
	for axes := range uint(16) {
		for _, r := range []Ref{x, Transpose(x, func(i int) int { return 3 - i })} {
			y := b.Reduce(Sum, r, axes)
			kept := 1
			for i, n := range r.Dims {
				if axes>>i&1 == 0 {
					kept *= n
				}
			}
			assert.Equal(t, kept, y.Size())
		}
	}
	require.NoError(t, Check(b.Values))
	for _, v := range b.Values {
		if v.Kind == Reduce && v.Over == Middle {
			assert.Len(t, v.In[0].Dims, 3)
		}
	}
}
