package kernel

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// tileMatrices are the matrices M, by rows.
var tileMatrices = [numTransforms][][]float32{
	TileInput:       {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}},
	TileOutput:      {{1, 1, 1, 0}, {0, 1, -1, 1}},
	TileWeights:     {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}},
	TileOutputGrad:  {{1, 0}, {1, 1}, {1, -1}, {0, 1}},
	TileWeightsGrad: {{1, 0.5, 0.5, 0}, {0, 0.5, -0.5, 0}, {0, 0.5, 0.5, 1}},
}

// TestTileMatrices convolves every tile of one pixel with every kernel of one
// tap: what the matrices say is a convolution.
func TestTileMatrices(t *testing.T) {
	b, a, g := tileMatrices[TileInput], tileMatrices[TileOutput], tileMatrices[TileWeights]
	for x := range 4 {
		for w := range 3 {
			for z := range 2 {
				sum := float32(0)
				for f := range 4 {
					sum += a[z][f] * g[f][w] * b[f][x]
				}
				want := float32(0)
				if x == z+w {
					want = 1
				}
				require.Equal(t, want, sum, "pixel %d, tap %d, result %d", x, w, z)
			}
		}
	}
}

// TestWinograd compares all memory around the results of each transform with
// what the matrices say, at all offsets. The numbers are such that all is exact.
func TestWinograd(t *testing.T) {
	r := newRand(t)
	for _, of := range families() {
		for tr := range numTransforms {
			m := tileMatrices[tr]
			to, from := len(m), len(m[0])
			for _, channels := range counts()[1:] {
				tiles, gap := 1+r.IntN(3), r.IntN(3)
				ac := channels + gap
				cc := channels + r.IntN(3)
				aRow, cRow := from*ac+r.IntN(5), to*cc+r.IntN(5)
				a, c := whole[float32](r, tiles*from*aRow), whole[float32](r, tiles*to*cRow)
				want := append([]float32(nil), c...)
				for k := range tiles {
					for ch := range channels {
						for i := range to {
							for j := range to {
								sum := float32(0)
								for p := range from {
									for q := range from {
										sum += m[i][p] * m[j][q] * a[k*from*aRow+p*aRow+q*ac+ch]
									}
								}
								want[k*to*cRow+i*cRow+j*cc+ch] = sum
							}
						}
					}
				}
				p := TileArgs{ARow: 4 * aRow, ACol: 4 * ac, ATile: 4 * from * aRow,
					CRow: 4 * cRow, CCol: 4 * cc, CTile: 4 * to * cRow, Tiles: tiles, Channels: channels}
				var from, to ground
				for offset := range 16 {
					x, z := placed(&from, a, offset), placed(&to, c, (3*offset+channels)%16)
					p.A, p.C = x.pointer(), z.pointer()
					winogradOf(of, tr).Run(&p)
					require.True(t, z.intact(), "canaries of transform %d of %d channels on %s", tr, channels, isaNames[of])
					require.True(t, slices.Equal(want, elements[float32](z)), "transform %d of %d channels on %s", tr, channels, isaNames[of])
				}
			}
		}
	}
}
