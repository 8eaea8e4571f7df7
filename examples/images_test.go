package examples

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func testUNet(t *testing.T, dir string) {
	short := []string{"-size", "24", "-depth", "2", "-steps", "20"}
	assert.Equal(t, run(t, dir, "unet", short...), run(t, dir, "unet", short...), "the same seed gives the same numbers")
	out := run(t, dir, "unet", "-size", "32", "-steps", "250")
	figures := numbers(t, out, `accuracy ([\d.]+), IoU of ground ([\d.]+), discs ([\d.]+), rectangles ([\d.]+)`)
	for i, least := range []float64{0.95, 0.95, 0.7, 0.7} {
		assert.Greater(t, figures[i], least, out)
	}
	bad, err := command(dir, "unet", "-size", "20").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "unet: height and width of x [n 1 20 20] must be multiples of 8")
}

func testAnysize(t *testing.T, dir string) {
	out := run(t, dir, "anysize", "-steps", "150")
	accuracy := numbers(t, out, `accuracy ([\d.]+)`)
	require.Len(t, accuracy, 5)
	for _, a := range accuracy {
		assert.Greater(t, a, 0.9)
	}
}
