// Package examples holds the test that builds and runs every example as a
// user would.
package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain drops what build has made.
func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

var built string // the folder that build has made

// compiled compiles all examples, once: linking them takes longest.
var compiled = sync.OnceValues(func() (out []byte, err error) {
	if built, err = os.MkdirTemp("", "examples"); err != nil {
		return nil, err
	}
	return exec.Command("go", "build", "-o", built+string(filepath.Separator), "./...").CombinedOutput()
})

// build returns a folder with a command for each example.
func build(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the go command")
	}
	out, err := compiled()
	require.NoError(t, err, "%s", out)
	return built
}

// run runs an example and returns what it prints.
func run(t *testing.T, dir, name string, arg ...string) string {
	t.Helper()
	out, err := command(dir, name, arg...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func command(dir, name string, arg ...string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	cmd := exec.Command(filepath.Join(dir, name), arg...)
	cmd.Dir = dir // where examples leave their runs
	return cmd
}

// numbers returns the numbers that the pattern's groups match, in order.
func numbers(t *testing.T, text, pattern string) (list []float64) {
	t.Helper()
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		for _, s := range m[1:] {
			v, err := strconv.ParseFloat(s, 64)
			require.NoError(t, err, "%q in %q", s, text)
			list = append(list, v)
		}
	}
	require.NotEmpty(t, list, "%s in:\n%s", pattern, text)
	return list
}

func TestExamples(t *testing.T) {
	dir := build(t)
	folders, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	tested := map[string]func(t *testing.T){
		"cnn":        func(t *testing.T) { testCNN(t, dir) },
		"resnet20":   func(t *testing.T) { testResNet20(t, dir) },
		"unet":       func(t *testing.T) { testUNet(t, dir) },
		"rl":         func(t *testing.T) { testRL(t, dir) },
		"meta":       func(t *testing.T) { testMeta(t, dir) },
		"implicit":   func(t *testing.T) { testImplicit(t, dir) },
		"anysize":    func(t *testing.T) { testAnysize(t, dir) },
		"playground": func(t *testing.T) { testPlayground(t, dir) },
		"explain":    func(t *testing.T) { testExplain(t, dir) },
		"features":   func(t *testing.T) { testFeatures(t, dir) },
		"physics":    func(t *testing.T) { testPhysics(t, dir) },
		"neuralode":  func(t *testing.T) { testNeuralODE(t, dir) },
		"overfit":    func(t *testing.T) { testOverfit(t, dir) },
		"tune":       func(t *testing.T) { testTune(t, dir) },
		"automl":     func(t *testing.T) { testAutoML(t, dir) },
		"cost":       func(t *testing.T) { testCost(t, dir) },
		"linear": func(t *testing.T) {
			line := numbers(t, run(t, dir, "linear"), `y = ([\d.-]+) x \+ ([\d.-]+)`)
			assert.InDeltaSlice(t, []float64{2, 3}, line, 0.05)
		},
		"seed": func(t *testing.T) {
			out := run(t, dir, "seed")
			loss := numbers(t, out, `loss ([\d.]+)`)
			require.Len(t, loss, 10)
			assert.Less(t, loss[9], loss[0])
			assert.Less(t, loss[9], 0.693, "below guessing")
			assert.Contains(t, out, "1000 predictions")
			assert.Equal(t, out, run(t, dir, "seed"), "the same seed gives the same numbers")
			assert.NotEqual(t, out, run(t, dir, "seed", "-seed", "2"))
		},
		"xor": func(t *testing.T) {
			out := run(t, dir, "xor")
			assert.Contains(t, out, "v0 = input x f32[batch 2]")
			p := numbers(t, out, `probabilities \[([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)\]`)
			assert.InDeltaSlice(t, []float64{0, 1, 1, 0}, p[len(p)-4:], 0.1)
		},
		"customloss": func(t *testing.T) {
			line := numbers(t, run(t, dir, "customloss"), `cauchy +y = ([\d.-]+) x \+ ([\d.-]+)`)
			assert.InDeltaSlice(t, []float64{2, 1}, line, 0.1)
			square := numbers(t, run(t, dir, "customloss"), `error +y = [\d.-]+ x \+ ([\d.-]+)`)
			assert.Greater(t, square[0], 1.3, "the outliers pull the squared error's line up")
		},
		"customop": func(t *testing.T) {
			out := run(t, dir, "customop")
			assert.Equal(t, numbers(t, out, `snake  (\S+)  (\S+)  (\S+)`), numbers(t, out, `closed (\S+)  (\S+)  (\S+)`))
			loss := numbers(t, out, `loss ([\d.]+)`)
			assert.Less(t, loss[len(loss)-1], 0.01)
		},
		"secondorder": func(t *testing.T) {
			out := run(t, dir, "secondorder")
			f := numbers(t, out, `newton \d  f\([^)]*\) = (\S+)`)
			assert.Less(t, f[len(f)-1], 1e-12)
			p := numbers(t, out, `penalty step +\d+  ([\d.]+)`)
			assert.Less(t, p[len(p)-1], 0.05)
		},
		"gan": func(t *testing.T) {
			m := numbers(t, run(t, dir, "gan"), `mean ([\d.-]+) deviation ([\d.]+)`)
			assert.InDelta(t, 3, m[len(m)-2], 0.4)
			assert.InDelta(t, 0.5, m[len(m)-1], 0.35)
		},
		"twooutputs": func(t *testing.T) {
			out := run(t, dir, "twooutputs", "-images", "1500", "-epochs", "4")
			assert.Contains(t, out, "Trunk.1.W f32[784 32]")
			last := numbers(t, out, `accuracy ([\d.]+), ink off by ([\d.]+)`)
			assert.Greater(t, last[len(last)-2], 0.8)
			assert.Less(t, last[len(last)-1], 0.3)
		},
		"topics":     func(t *testing.T) { testTopics(t, dir) },
		"multimodal": func(t *testing.T) { testMultimodal(t, dir) },
		"selfsup":    func(t *testing.T) { testSelfsup(t, dir) },
		"mnist":      func(t *testing.T) { testMNIST(t, dir) },
		"gpt":        func(t *testing.T) { testGPT(t, dir) },
		"vae":        func(t *testing.T) { testVAE(t, dir) },
		"multihead":  func(t *testing.T) { testMultihead(t, dir) },
		"charlstm":   func(t *testing.T) { testCharLSTM(t, dir) },
		"gradbench": func(t *testing.T) {
			cmd := command(dir, "gradbench")
			cmd.Stdin = strings.NewReader(`{"id":1,"kind":"evaluate","module":"hello","function":"double","input":4}`)
			out, err := cmd.Output()
			require.NoError(t, err)
			assert.Regexp(t, `^{"id":1,"success":true,"output":8,"timings":\[{"name":"evaluate","nanoseconds":\d+}\]}\n$`, string(out))
		},
	}
	for _, main := range folders {
		name := filepath.Dir(main)
		if assert.Contains(t, tested, name, "example %s has no test", name) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tested[name](t)
			})
		}
	}
}
