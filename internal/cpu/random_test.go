package cpu_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/internal/cpu"
	"github.com/adjointml/adjoint/internal/ir"
)

// A maker makes a random program on small integers, on which floats are exact:
// whatever order an engine adds in, and whatever it joins, all bits are known.
type maker struct {
	rnd    *rand.Rand
	b      *ir.Builder
	size   int
	shapes [][]int // of most values
	pool   []sized
	leaves []leafMemory
	calls  []ir.Ref // the operands
	next   []next
}

// next is a value to be stored in a leaf.
type next struct {
	leaf int
	x    sized
}

// sized is a value with a bound of its elements' size.
type sized struct {
	ir.Ref
	most float64
}

// leafMemory is the host's memory for a leaf, as numbers and as they lie.
type leafMemory struct {
	dtype ir.DType
	data  []float64
	bytes []uint64
}

func (l *leafMemory) at() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(l.bytes)) }

// write puts the numbers into the memory.
func (l *leafMemory) write() { l.writeTo(l.at()) }

func (l *leafMemory) writeTo(to unsafe.Pointer) {
	for i, v := range l.data {
		p := unsafe.Add(to, i*l.dtype.Size())
		switch l.dtype {
		case ir.F32:
			*(*float32)(p) = float32(v)
		case ir.F64:
			*(*float64)(p) = v
		case ir.I32:
			*(*int32)(p) = int32(v)
		case ir.I64:
			*(*int64)(p) = int64(v)
		default:
			*(*bool)(p) = v != 0
		}
	}
}

// number reads element i of an array.
func number(d ir.DType, p unsafe.Pointer, i int) float64 {
	p = unsafe.Add(p, i*d.Size())
	switch d {
	case ir.F32:
		return float64(*(*float32)(p))
	case ir.F64:
		return *(*float64)(p)
	case ir.I32:
		return float64(*(*int32)(p))
	case ir.I64:
		return float64(*(*int64)(p))
	}
	return float64(*(*uint8)(p))
}

func (m *maker) leaf(d ir.DType, most int, dims []int) sized {
	n := ir.Size(dims)
	l := leafMemory{dtype: d, data: make([]float64, n), bytes: make([]uint64, (n*d.Size()+7)/8)}
	for i := range l.data {
		l.data[i] = float64(m.rnd.IntN(2*most+1) - most)
		if d == ir.Bool {
			l.data[i] = float64(m.rnd.IntN(2))
		}
	}
	m.leaves = append(m.leaves, l)
	return sized{m.b.Leaf(len(m.leaves)-1, d, dims), float64(most)}
}

func pick[T any](m *maker, list ...T) T { return list[m.rnd.IntN(len(list))] }

func (m *maker) dims() []int {
	if len(m.shapes) == 3 && m.rnd.IntN(4) > 0 {
		return m.shapes[m.rnd.IntN(3)]
	}
	for {
		dims := make([]int, m.rnd.IntN(5))
		for i := range dims {
			dims[i] = pick(m, 1, 1, 2, 3, 5, 7, 16, 33)
			if m.rnd.IntN(12) == 0 {
				dims[i] = pick(m, 130, 1025, 4099, 9000)
			}
		}
		if ir.Size(dims) <= m.size {
			return dims
		}
	}
}

// narrowed returns dims that broadcast to the given ones.
func (m *maker) narrowed(dims []int) []int {
	out := append([]int(nil), dims...)
	for i := range out {
		if m.rnd.IntN(3) == 0 {
			out[i] = 1
		}
	}
	if m.rnd.IntN(4) == 0 {
		out = out[m.rnd.IntN(len(out)+1):]
	}
	return out
}

// of returns a value of the given type, or a new leaf.
func (m *maker) of(d ir.DType) sized {
	for range 8 {
		if x := m.pool[m.rnd.IntN(len(m.pool))]; x.DType() == d {
			return x
		}
	}
	return m.leaf(d, 4, m.dims())
}

// partner returns a value that broadcasts against x.
func (m *maker) partner(x sized) sized {
	for range 6 {
		y := m.pool[m.rnd.IntN(len(m.pool))]
		if y.DType() == x.DType() && fits(x.Dims, y.Dims, m.size) {
			return y
		}
	}
	return m.leaf(x.DType(), 4, m.narrowed(x.Dims))
}

// fits reports whether dims broadcast to no more than size elements.
func fits(x, y []int, size int) bool {
	n := 1
	for i := 1; i <= max(len(x), len(y)); i++ {
		a, b := 1, 1
		if i <= len(x) {
			a = x[len(x)-i]
		}
		if i <= len(y) {
			b = y[len(y)-i]
		}
		if a != b && a != 1 && b != 1 {
			return false
		}
		n *= max(a, b)
	}
	return n <= size
}

// small brings x into a range in which products stay exact.
func (m *maker) small(x sized) sized {
	if x.most <= 8 || !x.DType().Float() {
		return x
	}
	y, _ := m.b.Map(ir.Minimum, x.Ref, m.b.Const(x.DType(), 7))
	y, _ = m.b.Map(ir.Maximum, y, m.b.Const(x.DType(), -6))
	return sized{y, 7}
}

func (m *maker) push(r ir.Ref, ok bool, most float64) {
	if ok && r.Size() <= m.size && most < 1<<22 {
		m.pool = append(m.pool, sized{r, most})
	}
}

// grow adds a value.
func (m *maker) grow() {
	d := pick(m, ir.F32, ir.F32, ir.F32, ir.F64)
	x := m.small(m.of(d))
	switch m.rnd.IntN(13) {
	case 12:
		m.step(d)
	case 0, 1, 2:
		y := m.small(m.partner(x))
		op := pick(m, ir.Add, ir.Sub, ir.Mul, ir.Maximum, ir.Minimum)
		r, ok := m.b.Map(op, x.Ref, y.Ref)
		m.push(r, ok, max(x.most+y.most, x.most*y.most))
	case 3:
		op := pick(m, ir.Neg, ir.Abs, ir.Square, ir.Sign, ir.ReLU, ir.Floor)
		r, ok := m.b.Map(op, x.Ref)
		m.push(r, ok, x.most*x.most)
	case 4:
		r, ok := m.b.Map(pick(m, ir.Less, ir.LessEqual, ir.Equal), x.Ref, m.partner(x).Ref)
		m.push(r, ok, 1)
		c := m.of(ir.Bool)
		r, ok = m.b.Map(pick(m, ir.And, ir.Or, ir.Xor), c.Ref, m.partner(c).Ref)
		m.push(r, ok, 1)
	case 5:
		c := m.of(ir.Bool)
		if fits(c.Dims, x.Dims, m.size) {
			y := m.partner(x)
			if fits(c.Dims, y.Dims, m.size) {
				r, ok := m.b.Map(ir.Where, c.Ref, x.Ref, y.Ref)
				m.push(r, ok, max(x.most, y.most))
			}
		}
	case 6, 7, 8:
		m.reduce(x)
	case 9, 10:
		if m.rnd.IntN(4) == 0 {
			x = m.of(pick(m, ir.Bool, ir.I32, ir.I64))
		}
		m.view(x)
	case 11:
		m.rare(x)
	}
}

// step makes the next value of a new leaf, and one that needs both.
func (m *maker) step(d ir.DType) {
	x, leaf := m.leaf(d, 4, m.dims()), len(m.leaves)-1
	y := m.small(m.partner(x))
	if len(y.Dims) > len(x.Dims) || !fits(x.Dims, y.Dims, x.Size()) {
		return
	}
	r, _ := m.b.Map(pick(m, ir.Add, ir.Mul, ir.Maximum), x.Ref, y.Ref)
	z := sized{r, max(x.most+y.most, x.most*y.most)}
	m.next = append(m.next, next{leaf, z})
	m.push(z.Ref, true, z.most)
	z = m.small(z)
	r, _ = m.b.Map(pick(m, ir.Sub, ir.Mul), z.Ref, x.Ref)
	m.push(r, true, max(z.most+x.most, z.most*x.most))
	m.push(m.b.Reduce(ir.Sum, r, 1<<len(x.Dims)-1), true, float64(x.Size())*max(z.most+x.most, z.most*x.most))
}

func (m *maker) reduce(x sized) {
	if len(x.Dims) == 0 {
		return
	}
	axes := uint(1 + m.rnd.IntN(1<<len(x.Dims)-1))
	if m.rnd.IntN(4) == 0 {
		x = m.of(ir.Bool)
		if len(x.Dims) > 0 {
			m.push(m.b.Reduce(ir.Max, x.Ref, axes&(1<<len(x.Dims)-1)|1), true, 1)
		}
		return
	}
	n := float64(x.Size())
	y := m.b.Reduce(pick(m, ir.Sum, ir.Sum, ir.Max, ir.Min), x.Ref, axes)
	m.push(y, true, x.most*n)
	kept := append([]int(nil), x.Dims...)
	for i := range kept {
		if axes>>i&1 == 1 {
			kept[i] = 1
		}
	}
	back := m.small(sized{m.b.Reshape(y, kept), x.most * n})
	m.push(back.Ref, true, back.most)
	r, ok := m.b.Map(pick(m, ir.Sub, ir.Mul, ir.Maximum), x.Ref, back.Ref)
	m.push(r, ok, max(x.most+back.most, x.most*back.most))
	if z := m.partner(x); fits(x.Dims, z.Dims, x.Size()) && z.most*x.most*n < 1<<22 {
		xz, ok := m.b.Map(ir.Mul, x.Ref, z.Ref)
		if ok && len(xz.Dims) == len(x.Dims) {
			m.push(m.b.Reduce(ir.Sum, xz, axes), true, x.most*z.most*n)
		}
	}
}

func (m *maker) view(x sized) {
	rank := len(x.Dims)
	if rank == 0 {
		m.push(ir.Broadcast(x.Ref, m.dims()), true, x.most)
		return
	}
	axis := m.rnd.IntN(rank)
	switch m.rnd.IntN(6) {
	case 0:
		perm := m.rnd.Perm(rank)
		m.push(ir.Transpose(x.Ref, func(i int) int { return perm[i] }), true, x.most)
	case 1:
		n := x.Dims[axis]
		start, step := m.rnd.IntN(n), 1+m.rnd.IntN(3)
		m.push(ir.Slice(x.Ref, axis, start, step, 1+m.rnd.IntN((n-start+step-1)/step)), true, x.most)
	case 2:
		m.push(ir.Flip(x.Ref, axis), true, x.most)
	case 3:
		if rank < 6 {
			m.push(ir.Broadcast(x.Ref, append([]int{pick(m, 1, 2, 3)}, x.Dims...)), true, x.most)
		}
	case 4:
		m.push(m.b.Reshape(x.Ref, []int{x.Size()}), true, x.most)
	case 5:
		for _, n := range []int{2, 3, 5} {
			if x.Dims[axis]%n == 0 && rank < 6 {
				dims := append(append(append([]int(nil), x.Dims[:axis]...), n, x.Dims[axis]/n), x.Dims[axis+1:]...)
				m.push(m.b.Reshape(x.Ref, dims), true, x.most)
				return
			}
		}
	}
}

// rare makes products, look-ups, calls and conversions.
func (m *maker) rare(x sized) {
	rank := len(x.Dims)
	switch k := m.rnd.IntN(6); {
	case k == 4:
		r := m.b.Call(len(m.calls), x.DType(), x.Dims, 1, x.Ref)
		m.calls = append(m.calls, x.Ref)
		m.push(r, true, x.most+1)
	case k == 5 && rank >= 1:
		n := x.Dims[rank-1]
		at := m.leaf(ir.I32, n, append(append([]int(nil), x.Dims[:rank-1]...), 1))
		m.below(n)
		here, _ := m.b.Map(ir.Equal, m.b.Iota(ir.F32, n), m.b.Index(at.Ref, n))
		r, ok := m.b.Map(ir.Where, here, x.Ref, m.b.Const(x.DType(), 0))
		m.push(r, ok, x.most)
	case k == 0 && rank >= 2:
		inner := x.Dims[rank-1]
		y := m.leaf(x.DType(), 4, []int{inner, pick(m, 1, 2, 5, 16, 33)})
		m.push(m.b.Contract(x.Ref, y.Ref), x.most*4*float64(inner) < 1<<22, x.most*4*float64(inner))
	case k == 1 && rank >= 1:
		n := x.Dims[rank-1]
		at := m.leaf(pick(m, ir.I32, ir.I64), n, m.narrowed(x.Dims[:rank-1]))
		m.below(n)
		if len(at.Dims) <= rank-1 {
			m.push(m.b.Pick(x.Ref, at.Ref), true, x.most)
		}
	case k == 2:
		r, ok := m.b.Convert(x.Ref, pick(m, ir.F32, ir.F64, ir.Bool, ir.I32))
		m.push(r, ok, max(1, x.most))
	default:
		y := m.of(pick(m, ir.Bool, ir.I32, ir.I64))
		r, ok := m.b.Convert(y.Ref, pick(m, ir.F32, ir.F64))
		m.push(r, ok, max(1, y.most))
		n := m.b.Iota(x.DType(), pick(m, 1, 5, 33))
		m.push(n, true, 33)
	}
}

// below makes the elements of the last leaf less than n.
func (m *maker) below(n int) {
	l := &m.leaves[len(m.leaves)-1]
	for i, v := range l.data {
		l.data[i] = min(v, float64(n-1))
	}
}

// Call adds 1 to each element.
func (m *maker) Call(slot, _ int, out unsafe.Pointer, in []unsafe.Pointer) error {
	x := m.calls[slot]
	l := leafMemory{dtype: x.DType(), data: make([]float64, x.Size())}
	for i := range l.data {
		l.data[i] = number(x.DType(), in[0], i) + 1
	}
	l.writeTo(out)
	return nil
}

// An oracle computes values one element after another.
type oracle struct {
	leaves []leafMemory
	done   map[*ir.Value][]float64
}

// read returns the elements of r in order.
func (o *oracle) read(r ir.Ref) []float64 {
	v := o.value(r.V)
	out := make([]float64, r.Size())
	idx, at := make([]int, len(r.Dims)), r.Off
	for i := range out {
		out[i] = v[at]
		for ax := len(idx) - 1; ax >= 0; ax-- {
			idx[ax]++
			at += r.Steps[ax]
			if idx[ax] < r.Dims[ax] {
				break
			}
			at, idx[ax] = at-r.Steps[ax]*idx[ax], 0
		}
	}
	return out
}

func (o *oracle) value(v *ir.Value) []float64 {
	if y, ok := o.done[v]; ok {
		return y
	}
	in := make([][]float64, len(v.In))
	for i, r := range v.In {
		in[i] = o.read(r)
	}
	y := make([]float64, v.Size())
	switch v.Kind {
	case ir.Leaf:
		y = o.leaves[v.Slot].data
	case ir.Const:
		y[0] = v.Num
	case ir.Iota:
		for i := range y {
			y[i] = float64(i)
		}
	case ir.Map:
		for i := range y {
			y[i] = element(v, in, i)
		}
	case ir.Reduce:
		reduce(v, in, y)
	case ir.Contract:
		contract(v, in, y)
	case ir.Call:
		for i := range y {
			y[i] = in[0][i] + 1
		}
	}
	o.done[v] = y
	return y
}

func element(v *ir.Value, in [][]float64, i int) float64 {
	switch x := in[0][i]; v.Op {
	case ir.Where:
		if x != 0 {
			return in[1][i]
		}
		return in[2][i]
	case ir.Convert, ir.Copy:
		if v.DType == ir.Bool {
			return ir.Truth(x != 0)
		}
		return x
	case ir.Index:
		if x < 0 {
			x += in[1][i]
		}
		return x
	default:
		y := 0.0
		if len(in) > 1 {
			y = in[1][i]
		}
		return ir.Apply(v.Op, x, y)
	}
}

func reduce(v *ir.Value, in [][]float64, y []float64) {
	dims := v.In[0].Dims
	outer, n, inner := 1, 1, 1
	switch v.Over {
	case ir.Rows:
		outer, n = ir.Size(v.Dims), ir.Size(dims[len(v.Dims):])
	case ir.Lead:
		n, inner = ir.Size(dims[:len(dims)-len(v.Dims)]), ir.Size(v.Dims)
	default:
		outer, n, inner = dims[0], dims[1], dims[2]
	}
	for o := range outer {
		for i := range inner {
			at := func(j int) float64 { return in[0][(o*n+j)*inner+i] }
			if v.Op == ir.Pick {
				j := int(in[1][o])
				if j < 0 {
					j += n
				}
				y[o] = at(j)
				continue
			}
			t := at(0)
			for j := 1; j < n; j++ {
				switch v.Op {
				case ir.Sum:
					t += at(j)
				case ir.Max:
					t = max(t, at(j))
				case ir.Min:
					t = min(t, at(j))
				}
			}
			y[o*inner+i] = t
		}
	}
}

func contract(v *ir.Value, in [][]float64, y []float64) {
	l, r := v.In[0].Dims, v.In[1].Dims
	m, k, n := l[len(l)-2], l[len(l)-1], r[len(r)-1]
	for i := range y {
		batch, row, col := i/(m*n), i/n%m, i%n
		for j := range k {
			y[i] += in[0][(batch*m+row)*k+j] * in[1][(batch*k+j)*n+col]
		}
	}
}

// TestExact compares programs, joined into passes and with a pass for each
// value, with the oracle.
func TestExact(t *testing.T) {
	from, to := seeds(t, 600)
	for seed := from; seed < to; seed++ {
		exact(t, seed)
	}
}

// seeds returns the range of the seeds to try: from 0, or of ADJOINT_SEED.
func seeds(t *testing.T, n uint64) (from, to uint64) {
	t.Helper()
	if testing.Short() {
		n /= 10
	}
	s := os.Getenv("ADJOINT_SEED")
	if s == "" {
		return 0, n
	}
	first, last, isRange := strings.Cut(s, ":")
	from, err := strconv.ParseUint(first, 10, 64)
	require.NoError(t, err, "ADJOINT_SEED")
	if !isRange {
		return from, from + 1
	}
	to, err = strconv.ParseUint(last, 10, 64)
	require.NoError(t, err, "ADJOINT_SEED")
	return from, to
}

func exact(t *testing.T, seed uint64) {
	t.Helper()
	m := &maker{rnd: rand.New(rand.NewPCG(seed, 0)), b: ir.NewBuilder(64), size: 600}
	switch k := m.rnd.IntN(20); {
	case k < 2:
		m.size = 70000
	case k < 4: // rows that are cut in chunks
		m.size = 20000
		m.shapes = [][]int{{pick(m, 1, 2, 3), pick(m, 4100, 5000, 6001)}, {2, 5000}, {4097}}
	case k < 8: // short rows, of which several are taken as one
		m.size = 70000
		c := pick(m, 8, 16, 32, 48, 64)
		m.shapes = [][]int{{pick(m, 6, 64, 96, 250, 1000), c}, {c}, {2, pick(m, 16, 60), c}}
	case k < 12: // rows and numbers per row, in tiles that are cut into strips
		m.size = 70000
		r, c := pick(m, 5, 33, 50), pick(m, 65, 130, 300, 1024)
		m.shapes = [][]int{{r, c}, {r, c}, {r, 1}}
	case k < 16:
		for range 3 {
			m.shapes = append(m.shapes, m.dims())
		}
	}
	for range 3 {
		m.pool = append(m.pool, m.leaf(pick(m, ir.F32, ir.F32, ir.F64, ir.Bool), 4, m.dims()))
	}
	for range 5 + m.rnd.IntN(60) {
		m.grow()
	}
	low := &ir.Program{}
	var outs []sized
	for range 1 + m.rnd.IntN(6) {
		x := m.pool[len(m.pool)-1-m.rnd.IntN(min(len(m.pool), 12))]
		outs = append(outs, x)
		low.Out = append(low.Out, m.b.Result(x.Ref))
	}
	stores := m.stores(low)
	low.Values = m.b.Values
	require.NoError(t, ir.Check(low.Values), "seed %d", seed)
	o := &oracle{m.leaves, map[*ir.Value][]float64{}}
	for _, apart := range []bool{true, false} {
		require.NoError(t, runs(m, o, low, outs, stores, apart), "seed %d, apart %v\n%s%s", seed, apart, ir.Listing(low.Values), describe(low))
	}
}

// stores makes the next values of leaves, and returns them in their order.
func (m *maker) stores(low *ir.Program) (list []sized) {
	for i := range m.leaves {
		for _, x := range m.pool[len(m.pool)/2:] {
			if m.rnd.IntN(6) == 0 && x.DType() == m.leaves[i].dtype && x.Size() == len(m.leaves[i].data) {
				m.next = append(m.next, next{i, x})
			}
		}
	}
	seen := map[int]bool{}
	for _, n := range m.next {
		if !seen[n.leaf] {
			seen[n.leaf] = true
			low.Store = append(low.Store, ir.Update{Leaf: n.leaf, Value: m.b.Result(n.x.Ref)})
			list = append(list, n.x)
		}
	}
	return list
}

// describe lists what a program returns and stores.
func describe(low *ir.Program) (s string) {
	for _, r := range low.Out {
		s += fmt.Sprintf("returns v%d%v:%v\n", r.V.ID, r.Dims, r.Steps)
	}
	for _, u := range low.Store {
		s += fmt.Sprintf("stores v%d in leaf #%d\n", u.Value.V.ID, u.Leaf)
	}
	return s
}

// runs runs a program twice and compares its results, and what it stores.
func runs(m *maker, o *oracle, low *ir.Program, outs, stores []sized, apart bool) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	p := cpu.Compile(low, cpu.Options{Apart: apart})
	f := p.NewFrame(m, len(m.leaves))
	for range 2 {
		for i := range m.leaves {
			m.leaves[i].write()
			f.Leaf(i, m.leaves[i].at())
		}
		if err := f.Run(context.Background()); err != nil {
			return err
		}
		for i, x := range outs {
			if err := o.same(x.Ref, f.Out(i)); err != nil {
				return fmt.Errorf("result %d, v%d, %w", i, low.Out[i].V.ID, err)
			}
		}
		f.Commit()
		for i, x := range stores {
			if err := o.same(x.Ref, m.leaves[low.Store[i].Leaf].at()); err != nil {
				return fmt.Errorf("leaf %d, v%d, %w", low.Store[i].Leaf, low.Store[i].Value.V.ID, err)
			}
		}
	}
	return nil
}

// same compares memory with the elements of a value.
func (o *oracle) same(x ir.Ref, p unsafe.Pointer) error {
	for j, want := range o.read(x) {
		if got := number(x.DType(), p, j); got != want || math.IsNaN(got) {
			return fmt.Errorf("element %d: %v, want %v", j, got, want)
		}
	}
	return nil
}
