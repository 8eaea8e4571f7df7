package conv

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// slots are places for sums over shares of the positions, whose number does not
// depend on how many workers there are; a last phase adds them, in order. If
// there is only one, it is the result.
type slots struct {
	t     kernel.Type
	n     int
	bytes int // of a sum
	step  int // bytes from one to the next
}

func newSlots(t kernel.Type, elements int) slots {
	s := slots{t: t, n: 1, bytes: elements * t.Size()}
	s.step = (s.bytes + 63) &^ 63
	return s
}

// choose sets the number of slots for so many positions, and returns how many parts
// are wanted in all.
func (s *slots) choose(shape *Shape, positions int) (want int) {
	want = max(1, min(mostSlots, shape.flops()/partFlops))
	s.n = even(shape.N, max(1, min(want, positions/slotRun, slotBytes/s.step)))
	return want
}

// even returns a number of slots, n or somewhat fewer, that divides the images
// evenly if there is one.
func even(images, n int) int {
	for k := n; 2*k > n; k-- {
		if images%k == 0 || k%images == 0 {
			return k
		}
	}
	return n
}

// plan adds the phases of a plan, the first with so many parts for each slot.
func (s *slots) plan(p *Plan, parts int) {
	p.phases = []int{s.n * parts}
	if s.n > 1 {
		p.shared = s.n * s.step
		p.phases = append(p.phases, (s.bytes+addBytes-1)/addBytes)
	}
}

// sum returns where the sum of a slot is.
func (s *slots) sum(i int, z unsafe.Pointer, shared []byte) unsafe.Pointer {
	if s.n == 1 {
		return z
	}
	return unsafe.Pointer(&shared[i*s.step])
}

// ones are the numbers 1.
var ones = [...]unsafe.Pointer{kernel.F32: unsafe.Pointer(new(float32(1))), kernel.F64: unsafe.Pointer(new(1.0))}

// noOffset is the offset of a product that is not a sum.
var noOffset int

// add sets a part of the result to the sum of the slots: a product with ones.
func (s *slots) add(part int, z unsafe.Pointer, shared []byte) {
	k, size := &micros[s.t], s.t.Size()
	args := kernel.GemmArgs{A: ones[s.t], K: s.n, BRS: s.step, T: 1, AOff: &noOffset, BOff: &noOffset}
	for at, to := part*addBytes, min((part+1)*addBytes, s.bytes); at < to; at += k.cols * size {
		n := min(k.cols, (to-at)/size)
		args.B, args.C, args.Mask = unsafe.Pointer(&shared[at]), unsafe.Add(z, at), mask(n)
		k.block[1][k.vectors(n)].Run(&args)
	}
}
