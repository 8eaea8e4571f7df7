package gemm

import (
	"unsafe"

	"github.com/adjointml/adjoint/internal/kernel"
)

// How b is packed.
const (
	never     = iota
	privately // by each part, the columns that it needs
	once      // in a phase before
)

const pad = 16 // elements after a packed row of a, against conflicts in caches

// packedB returns where the part of b from k in a matrix is in shared memory.
func (p *Plan) packedB(matrix, k int) int {
	return (matrix*p.k + k) * roundUp(p.n, p.columns()) * p.size
}

// packedA returns where the part of a from k in a matrix is in shared memory.
func (p *Plan) packedA(matrix, k int) int {
	at := 0
	if p.packB == once {
		at = p.packedB(p.matrices, 0)
	}
	chunk := (p.m * (p.depth + pad))
	if p.acs != p.size {
		chunk = p.depth * (p.m + pad)
	}
	return at + (matrix*ceilDiv(p.k, p.depth)+k/p.depth)*chunk*p.size
}

// prepare packs
func (p *Plan) prepare(part int, a, b unsafe.Pointer, shared []byte) {
	nr := p.columns()
	chunks := ceilDiv(p.k, p.depth)
	nb := 0
	if p.packB == once {
		nb = ceilDiv(p.n, 4*nr) * chunks
	}
	na := 0
	if p.packA {
		na = ceilDiv(p.m, 64) * chunks
	}
	s := pointerOf(shared)
	matrix := part / (na + nb)
	part %= na + nb
	ao, bo, _ := offset(p.batch, matrix)
	if part < nb {
		k, j := part%chunks*p.depth, part/chunks*4*nr
		kk := min(p.depth, p.k-k)
		w := worker{Plan: p}
		w.packColumns(unsafe.Add(s, p.packedB(matrix, k)+j*kk*p.size), unsafe.Add(b, bo+k*p.brs+j*p.bcs), kk, min(4*nr, p.n-j))
		return
	}
	part -= nb
	k, i := part%chunks*p.depth, part/chunks*64
	kk, ii := min(p.depth, p.k-k), min(64, p.m-i)
	src := unsafe.Add(a, ao+i*p.ars+k*p.acs)
	dst := unsafe.Add(s, p.packedA(matrix, k))
	if p.acs == p.size {
		for r := range ii {
			copyBytes(unsafe.Add(dst, (i+r)*(p.depth+pad)*p.size), unsafe.Add(src, r*p.ars), kk*p.size)
		}
	} else {
		for r := range kk {
			copyBytes(unsafe.Add(dst, (i+r*(p.m+pad))*p.size), unsafe.Add(src, r*p.acs), ii*p.size)
		}
	}
}

func copyBytes(dst, src unsafe.Pointer, n int) {
	copy(unsafe.Slice((*byte)(dst), n), unsafe.Slice((*byte)(src), n))
}

// packColumns copies k rows of n columns of b, in slivers whose rows are contiguous.
func (w *worker) packColumns(dst, src unsafe.Pointer, k, n int) {
	nr := w.columns()
	args := kernel.GemmArgs{K: k, CRS: nr * w.size, BRS: w.brs, ARS: w.bcs}
	for j := 0; j < n; j += nr {
		d := unsafe.Add(dst, j*k*w.size)
		for c := 0; c < min(nr, n-j); {
			s := unsafe.Add(src, (j+c)*w.bcs)
			args.C = unsafe.Add(d, c*w.size)
			switch w.size {
			case w.bcs:
				cols := min(2*w.lanes, nr-c, n-j-c)
				args.B, args.Mask = s, 1<<cols-1
				w.copy.Run(&args)
				c += cols
			case w.brs:
				args.A, args.T = s, min(w.lanes, n-j-c)
				w.transpose.Run(&args)
				c += args.T
			default:
				if w.size == 4 {
					copyColumn[float32](args.C, s, k, w.brs, nr*4)
				} else {
					copyColumn[float64](args.C, s, k, w.brs, nr*8)
				}
				c++
			}
		}
	}
}

func copyColumn[T float32 | float64](dst, src unsafe.Pointer, n, from, to int) {
	for i := range n {
		*(*T)(unsafe.Add(dst, i*to)) = *(*T)(unsafe.Add(src, i*from))
	}
}
