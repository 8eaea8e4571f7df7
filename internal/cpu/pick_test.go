package cpu

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/internal/ir"
	"github.com/adjointml/adjoint/internal/kernel"
)

// noHost computes nothing.
type noHost struct{}

func (noHost) Call(int, int, unsafe.Pointer, []unsafe.Pointer) error { return nil }

// TestPicks looks at which inputs are copied, and when.
func TestPicks(t *testing.T) {
	if kernel.ISA() != "avx512" {
		t.Skip("other kernels choose other methods")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, c := range []struct {
		name       string
		batch, mid int
		read       bool // by something else than products, too
		whole      bool
		ahead      bool
	}{
		{"few rows", 32, 10, false, false, false},
		{"few rows of all that is read in order", 32, 10, true, true, false},
		{"many rows", 128, 512, false, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			const width, all = 784, 300
			b := ir.NewBuilder(10)
			x, w1, w2 := b.Input(0, ir.F32, []int{c.batch, width}), b.Leaf(1, ir.F32, []int{width, c.mid}), b.Leaf(2, ir.F32, []int{c.mid, 10})
			low := &ir.Program{Out: []ir.Ref{b.Result(b.Contract(b.Contract(x, w1), w2))}}
			if c.read {
				y, _ := b.Map(ir.Tanh, x)
				low.Out = append(low.Out, b.Result(b.Reduce(ir.Sum, y, 3)))
			}
			b.Done()
			low.Values = b.Values
			p := Compile(low, Options{})
			assert.Equal(t, c.whole, p.leafOf(0).whole)

			memory := func(n int) []float32 {
				m := make([]float32, n)
				for i := range m {
					m[i] = rand.Float32()
				}
				return m
			}
			rows, next := rand.Perm(all)[:c.batch], rand.Perm(all)[:c.batch]
			data, v1, v2 := memory(all*width), memory(width*c.mid), memory(c.mid*10)
			f := p.NewFrame(noHost{}, 3)
			run := func(n uint64, rows, next []int) *pick {
				f.Rows(0, unsafe.Pointer(&data[0]), rows, next, n)
				f.Leaf(1, unsafe.Pointer(&v1[0]))
				f.Leaf(2, unsafe.Pointer(&v2[0]))
				require.NoError(t, f.Run(context.Background()))
				return f.picks[0]
			}
			k := run(1, rows, next)
			assert.Equal(t, !c.whole, k.now.data == nil)
			assert.Equal(t, !c.whole, f.base[k.v.slot] == unsafe.Pointer(&data[0]))
			if !c.ahead {
				assert.Nil(t, k.next.data)
				return
			}
			require.Equal(t, uint64(2), k.next.run)
			ahead := &k.next.data[0]
			got := unsafe.Slice((*float32)(unsafe.Pointer(ahead)), c.batch*width)
			for i, r := range next {
				require.Equal(t, data[r*width:(r+1)*width], got[i*width:(i+1)*width])
			}
			f.Forget()
			assert.NotNil(t, k.next.from)
			run(2, next, nil)
			assert.Same(t, ahead, &k.now.data[0], "the copy of the run before is taken")
			f.Forget()
			assert.Nil(t, k.next.from, "nothing is kept for a run that is not known")

			run(3, rows, next)
			ahead = &k.next.data[0]
			f.Forget()
			run(5, next, nil)
			assert.NotSame(t, ahead, &k.now.data[0], "another run was between")
			f.Leaf(0, unsafe.Pointer(&data[0]))
			assert.Nil(t, f.lines(k.v))
		})
	}
}
