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

func testCNN(t *testing.T, dir string) {
	small := []string{"-images", "1500", "-epochs", "2", "-seed", "3"}
	out := run(t, dir, "cnn", small...)
	assert.Contains(t, out, "total: 218,778 parameters")
	accuracy := numbers(t, out, `test accuracy ([\d.]+)`)
	require.Len(t, accuracy, 2)
	assert.Greater(t, accuracy[1], 0.85)
	bad, err := command(dir, "cnn", "-data", "nowhere").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "nowhere")
}

func testResNet20(t *testing.T, dir string) {
	small := []string{"-layers", "8", "-width", "8", "-size", "16", "-images", "600", "-epochs", "4"}
	out := run(t, dir, "resnet20", small...)
	assert.Equal(t, out, run(t, dir, "resnet20", small...), "the same seed gives the same numbers")
	loss := numbers(t, out, ` loss ([\d.]+)  accuracy`)
	require.Len(t, loss, 4)
	assert.Less(t, loss[3], 0.7*loss[0])
	accuracy := numbers(t, out, `test accuracy ([\d.]+)`)
	assert.Greater(t, accuracy[3], 0.3, "guessing is at 0.1")
	bad, err := command(dir, "resnet20", "-data", t.TempDir()).CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "data_batch_1.bin")
}
