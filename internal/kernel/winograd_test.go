package kernel

import (
	"testing"
	"unsafe"

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
// what the matrices say. The numbers are such that all is exact.
func TestWinograd(t *testing.T) {
	r := newRand(t)
	for _, of := range families() {
		for tr := range numTransforms {
			m := tileMatrices[tr]
			to, from := len(m), len(m[0])
			for channels := 1; channels <= 70; channels++ {
				tiles, gap := 1+r.IntN(3), r.IntN(3)
				ac := channels + gap
				cc := channels + r.IntN(3)
				aRow, cRow := from*ac+r.IntN(5), to*cc+r.IntN(5)
				a := make([]float32, tiles*from*aRow)
				c := make([]float32, tiles*to*cRow+64)
				for i := range a {
					a[i] = float32(r.IntN(33) - 16)
				}
				for i := range c {
					c[i] = float32(r.IntN(33) - 16)
				}
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
								want[32+k*to*cRow+i*cRow+j*cc+ch] = sum
							}
						}
					}
				}
				winogradOf(of, tr).Run(&TileArgs{A: unsafe.Pointer(&a[0]), C: unsafe.Pointer(&c[32]), ARow: 4 * aRow, ACol: 4 * ac, ATile: 4 * from * aRow,
					CRow: 4 * cRow, CCol: 4 * cc, CTile: 4 * to * cRow, Tiles: tiles, Channels: channels})
				require.Equal(t, want, c, "transform %d of %d channels on family %d", tr, channels, of)
			}
		}
	}
}
