//go:build !noasm

package kernel

import "unsafe"

// winogradTables are the transforms in assembly, by family.
var winogradTables = map[isa][numTransforms]func(*byte){
	avx2: {
		TileInput: winogradInput256, TileOutput: winogradOutput256, TileWeights: winogradWeights256,
		TileOutputGrad: winogradOutputGrad256, TileWeightsGrad: winogradWeightsGrad256,
	},
	avx512: {
		TileInput: winogradInput512, TileOutput: winogradOutput512, TileWeights: winogradWeights512,
		TileOutputGrad: winogradOutputGrad512, TileWeightsGrad: winogradWeightsGrad512,
	},
}

// winogradAssembly returns a transform in assembly of a family, if there is one.
func winogradAssembly(of isa, t Transform) (TileFunc, bool) {
	table, ok := winogradTables[of]
	f := table[t]
	return *(*TileFunc)(unsafe.Pointer(&f)), ok
}
