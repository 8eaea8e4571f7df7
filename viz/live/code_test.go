package live

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGoCode builds the code of networks that use all there is to choose, and runs
// that of one.
func TestGoCode(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil || testing.Short() {
		t.Skip("needs the go command, and some seconds")
	}
	base := setup{Data: "gauss", Count: 100, Noise: 0.1, Share: 0.5, Features: []string{"x", "y"}, Optimizer: "adam", Rate: 0.01, Batch: 10, Seed: 3}
	setups := map[string]setup{"plain": base}
	all := base
	all.Features = []string{"x", "y", "x²", "y²", "xy", "sin x", "sin y"}
	all.Dropout, all.L1, all.L2 = 0.2, 0.001, 0.01
	for act := range activations {
		all.Layers = append(all.Layers, layer{3, act})
	}
	slices.SortFunc(all.Layers, func(a, b layer) int { return strings.Compare(a.Act, b.Act) })
	setups["all"] = all
	only := base
	only.Data, only.Features, only.L1 = "own", []string{"y²"}, 0.1
	setups["own"] = only
	for name := range optimizers {
		s := base
		s.Optimizer, s.Layers = name, []layer{{4, "tanh"}}
		setups[name] = s
	}
	dir, err := os.MkdirTemp(".", "testdata-code-") // in this module, whose packages it imports
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	for name, s := range setups {
		code := goCode(&s)
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "main.go"), []byte(code), 0o666))
		out, err := exec.Command("gofmt", "-l", filepath.Join(dir, name)).CombinedOutput()
		if err == nil {
			assert.Empty(t, string(out), "gofmt: %s", code)
		}
	}
	out, err := exec.Command(goTool, "vet", "./"+dir+"/...").CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = exec.Command(goTool, "run", "./"+dir+"/adam").CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Regexp(t, `^loss 0\.0\d+, accuracy 1\.000|0\.9\d+; of the test points`, string(out))
}

// TestFieldNames pins the setup's form, which the page writes.
func TestFieldNames(t *testing.T) {
	b, err := json.Marshal(setup{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"data":"","points":null,"noise":0,"count":0,"share":0,"features":null,"layers":null,"dropout":0,"l1":0,"l2":0,"optimizer":"","rate":0,"batch":0,"seed":0}`, string(b))
}
