package examples

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// result runs an example with -json into a folder of its own, and reads the last line.
func result(t *testing.T, dir, name string, into any, arg ...string) (folder, line string) {
	t.Helper()
	runs := t.TempDir()
	out := run(t, dir, name, append(arg, "-json", "-runs", runs)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	line = lines[len(lines)-1]
	require.NoError(t, json.Unmarshal([]byte(line), into), out)
	return filepath.Join(runs, name), line
}

func testExplain(t *testing.T, dir string) {
	short := []string{"-images", "1500", "-epochs", "3", "-steps", "64", "-seed", "1"}
	var r struct {
		Accuracy         float64
		OnStroke         map[string]float64 `json:"on_stroke"`
		Completeness     float64
		Flipped          float64
		PixelsChanged    float64 `json:"pixels_changed"`
		Turned           float64
		UnitError        float64            `json:"unit_error"`
		WineAccuracy     float64            `json:"wine_accuracy"`
		WineCalibration  map[string]float64 `json:"wine_calibration"`
		WineFlipped      float64            `json:"wine_flipped"`
		Importance       map[string]float64
		ShapleyRemainder float64 `json:"shapley_remainder"`
	}
	folder, line := result(t, dir, "explain", &r, short...)
	assert.Greater(t, r.Accuracy, 0.85, "seed 1")
	assert.Greater(t, r.OnStroke["integrated gradients"], 0.9)
	assert.Greater(t, r.OnStroke["integrated gradients"], r.OnStroke["saliency"])
	assert.Less(t, r.Completeness, 0.01)
	assert.GreaterOrEqual(t, r.Flipped, 0.9)
	assert.Less(t, r.PixelsChanged, 100.0)
	assert.Less(t, r.UnitError, 1e-4)
	assert.Less(t, r.Turned, 0.95*r.Accuracy)
	assert.Greater(t, r.Turned, 0.3)
	assert.Greater(t, r.WineAccuracy, 0.8)
	assert.Less(t, r.WineCalibration["after"], r.WineCalibration["before"])
	assert.Equal(t, 1.0, r.WineFlipped)
	assert.Less(t, r.ShapleyRemainder, 1e-4)
	for _, nothing := range []string{"ash", "sugar"} {
		assert.Less(t, r.Importance[nothing], 0.05*r.Importance["colour"], nothing)
	}
	for _, file := range []string{"report.html", "looks.png", "counterfactual.png", "calibration.svg", "confusion.svg", "slices.svg", "importance.svg", "shares.svg", "model.safetensors"} {
		assert.FileExists(t, filepath.Join(folder, file))
	}
	// The weights of a run give its findings again.
	_, again := result(t, dir, "explain", &r, append(short, "-model", filepath.Join(folder, "model.safetensors"))...)
	assert.Equal(t, line, again)
	wine := filepath.Join(t.TempDir(), "wine.csv")
	require.NoError(t, os.WriteFile(wine, []byte("1,2,3\n4,5,6\n"), 0o600))
	bad, err := command(dir, "explain", append(short, "-runs", t.TempDir(), "-model", filepath.Join(folder, "model.safetensors"), "-wine", wine)...).CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(bad), "has 3 columns: want 13 features and the class")
	bad, err = command(dir, "explain", "-images", "0").CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "-images 0 -epochs 8 -steps 256: want at least 100 images, and 1 of the others\n", string(bad))
}

func testFeatures(t *testing.T, dir string) {
	short := []string{"-images", "1500", "-epochs", "3", "-steps", "60", "-seed", "1"}
	var r struct {
		Accuracy float64
		Layers   []struct {
			Name                  string
			Field                 int
			Excited, Focus, Worst float64
		}
	}
	folder, line := result(t, dir, "features", &r, short...)
	assert.Greater(t, r.Accuracy, 0.85, "seed 1")
	require.Len(t, r.Layers, 4)
	for i, field := range []int{5, 10, 28, 28} {
		l := r.Layers[i]
		assert.Equal(t, field, l.Field, l.Name)
		assert.Greater(t, l.Excited, 0.9, l.Name)
		assert.Greater(t, l.Worst, 0.0, l.Name)
	}
	assert.Greater(t, r.Layers[3].Focus, 2*r.Layers[0].Focus, "units turn into digits")
	for _, file := range []string{"report.html", "filters.png", "layer-0.png", "layer-3.png", "layer-8.png", "layer-10.png", "classes-8.svg", "without-0.svg"} {
		assert.FileExists(t, filepath.Join(folder, file))
	}
	_, again := result(t, dir, "features", &r, append(short, "-model", filepath.Join(folder, "model.safetensors"))...)
	assert.Equal(t, line, again)
}
