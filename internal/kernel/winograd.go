package kernel

import "unsafe"

// A Transform is one of the linear maps of Winograd's minimal filtering F(2,3)
// in two dimensions (Lavin and Gray 2016): with tiles x [4 4] of an image that
// overlap by 2, weights w [3 3] and · by elements,
//
//	z [2 2] = A·(G·w·Gᵀ · B·x·Bᵀ)·Aᵀ
//
// is their convolution, at 16 multiplications instead of 36. All is linear in
// each factor, so the transposes make the gradients.
type Transform int

// The transforms of a tile t, M·t·Mᵀ.
const (
	TileInput       Transform = iota // M = B:  [4 4] -> [4 4]
	TileOutput                       // M = A:  [4 4] -> [2 2]
	TileWeights                      // M = G:  [3 3] -> [4 4]
	TileOutputGrad                   // M = Aᵀ: [2 2] -> [4 4]
	TileWeightsGrad                  // M = Gᵀ: [4 4] -> [3 3]
	numTransforms
)

// TileArgs is the argument block of a transform of float32: of each channel of a
// number of tiles. Channels are adjacent; all steps are in bytes.
type TileArgs struct {
	A, C              unsafe.Pointer // source and result
	ARow, ACol, ATile int            // from one row of a tile to the next, one column, one tile
	CRow, CCol, CTile int
	Tiles, Channels   int // at least 1
}

// A TileFunc is a transform's kernel.
type TileFunc func(*TileArgs)

// Run calls the kernel, whose arguments may be on the stack, as [Func.Run] does.
func (f TileFunc) Run(p *TileArgs) { f(hide(p)) }

// Winograd returns the kernel of a transform.
func Winograd(t Transform) TileFunc { return winogradOf(chosen, t) }

func winogradOf(of isa, t Transform) TileFunc {
	if f, ok := winogradAssembly(of, t); ok {
		return f
	}
	return winogradInGo(tileMaps[t])
}

// A tileMap makes to elements of a column of from.
type tileMap struct {
	from, to int
	apply    func(x [4]float32) [4]float32
}

var tileMaps = [numTransforms]tileMap{
	TileInput: {4, 4, func(x [4]float32) [4]float32 {
		return [4]float32{x[0] - x[2], x[1] + x[2], x[2] - x[1], x[3] - x[1]}
	}},
	TileOutput: {4, 2, func(x [4]float32) [4]float32 {
		return [4]float32{x[0] + x[1] + x[2], x[1] - x[2] + x[3]}
	}},
	TileWeights: {3, 4, func(x [4]float32) [4]float32 {
		ends := x[0] + x[2]
		return [4]float32{x[0], 0.5 * (ends + x[1]), 0.5 * (ends - x[1]), x[2]}
	}},
	TileOutputGrad: {2, 4, func(x [4]float32) [4]float32 {
		return [4]float32{x[0], x[0] + x[1], x[0] - x[1], x[1]}
	}},
	TileWeightsGrad: {4, 3, func(x [4]float32) [4]float32 {
		sum := 0.5 * (x[1] + x[2])
		return [4]float32{x[0] + sum, 0.5 * (x[1] - x[2]), sum + x[3]}
	}},
}

func winogradInGo(m tileMap) TileFunc {
	return func(p *TileArgs) {
		for t := range p.Tiles {
			for c := range p.Channels {
				m.tile(p, unsafe.Add(p.A, t*p.ATile+4*c), unsafe.Add(p.C, t*p.CTile+4*c))
			}
		}
	}
}

// tile transforms one channel of a tile.
func (m *tileMap) tile(p *TileArgs, a, c unsafe.Pointer) {
	var y [4][4]float32
	for j := range m.from {
		var x [4]float32
		for i := range m.from {
			x[i] = *at[float32](a, i*p.ARow+j*p.ACol)
		}
		for i, z := range m.apply(x) {
			y[i][j] = z
		}
	}
	for i := range m.to {
		z := m.apply(y[i])
		for j := range m.to {
			*at[float32](c, i*p.CRow+j*p.CCol) = z[j]
		}
	}
}
