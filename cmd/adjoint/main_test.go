package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// adjoint runs the tool and returns its exit code and what it writes.
func adjoint(t *testing.T, arguments ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), arguments, &o, &e)
	return code, o.String(), e.String()
}

// does runs the tool, which must succeed, and decodes its JSON into v if there is one.
func does(t *testing.T, v any, arguments ...string) string {
	t.Helper()
	if v != nil {
		arguments = append(arguments, "-json")
	}
	code, out, errs := adjoint(t, arguments...)
	require.Equal(t, 0, code, errs)
	if v != nil {
		require.NoError(t, json.Unmarshal([]byte(out), v), out)
	}
	return out
}

// flowers writes a table of two features that tell three kinds apart, and a width
// that is their sum, with a description to learn the kind or the width.
func flowers(t *testing.T, dir string) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, 0))
	var b strings.Builder
	b.WriteString("long,wide,note,kind,sum\n")
	for i := range 150 {
		x, y := float64(i%3)*4+rnd.NormFloat64(), float64(i%3)*-3+rnd.NormFloat64()
		fmt.Fprintf(&b, "%.3f,%.3f,ok,%s,%.4f\n", x, y, []string{"rose", "lily", "iris"}[i%3], x+y)
	}
	files := map[string]string{
		"flowers.csv": b.String(),
		"kind.yaml":   "data: {kind: csv, path: flowers.csv, target: [kind], features: [long, wide], scale: standard}\nmodel: [{dense: 16, act: relu}, {dropout: 0.1}]\noptimizer: {name: adam, rate: 0.01, schedule: cosine}\nepochs: 12\nbatch: 16\n",
		"sum.json":    `{"data": {"path": "flowers.csv", "target": ["sum"], "features": ["long", "wide"], "scale": "range"}, "model": [{"dense": 8, "act": "tanh"}], "loss": "huber", "optimizer": {"name": "adamw", "rate": 0.02}, "epochs": 25, "early_stopping": 10}`,
	}
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
}

func TestClasses(t *testing.T) {
	dir := t.TempDir()
	flowers(t, dir)
	runs := filepath.Join(dir, "runs")
	var trained scores
	does(t, &trained, "train", "-runs", runs, filepath.Join(dir, "kind.yaml"))
	assert.Equal(t, 30, trained.Rows)
	assert.Greater(t, trained.Figures["accuracy"], 0.9)
	folder := filepath.Join(runs, "kind")
	for _, file := range []string{"description.yaml", "network.json", "history.ndjson", "curves.svg", "confusion.svg", "report.html", "model.safetensors", "checkpoints"} {
		_, err := os.Stat(filepath.Join(folder, file))
		assert.NoError(t, err)
	}

	var judged scores
	does(t, &judged, "eval", folder)
	assert.Equal(t, trained.Figures, judged.Figures, "the same rows are held out")
	does(t, &judged, "eval", folder, "-all")
	assert.Equal(t, 150, judged.Rows)

	// the data are not needed to predict, nor the target's column
	require.NoError(t, os.Remove(filepath.Join(dir, "flowers.csv")))
	rows := filepath.Join(dir, "new.csv")
	require.NoError(t, os.WriteFile(rows, []byte("wide,long\n0.1,-0.2\n-5.9,8.1\n"), 0o666))
	code, out, errs := adjoint(t, "predict", folder, rows, "-json")
	require.Equal(t, 0, code, errs)
	var classes []string
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var p prediction
		require.NoError(t, d.Decode(&p))
		sum := float32(0)
		for _, v := range p.Values {
			sum += v
		}
		assert.InDelta(t, 1, sum, 1e-5)
		classes = append(classes, p.Class)
	}
	assert.Equal(t, []string{"rose", "iris"}, classes)
	assert.Regexp(t, `^rose\t[01]\.\d{4}\niris\t`, does(t, nil, "predict", folder, rows))

	code, _, errs = adjoint(t, "eval", folder)
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "flowers.csv")
	assert.Contains(t, does(t, nil, "summary", folder), "total: 99 parameters")
	var l layers
	does(t, &l, "summary", folder)
	require.Len(t, l.Layers, 3)
	assert.Equal(t, layerRow{"0", "Dense", "f32[batch 16]", 48, 192, "96*batch"}, l.Layers[0])
	assert.Equal(t, 99, l.Parameters)
	assert.Equal(t, 396, l.Bytes)
	assert.Equal(t, "195*batch", l.Flops)
	assert.Contains(t, does(t, nil, "inspect", "-stats", filepath.Join(folder, "model.safetensors")), "0.W")
	var c contents
	does(t, &c, "inspect", "-stats", filepath.Join(folder, "model.safetensors"))
	assert.Equal(t, "0.B", c.Arrays[0].Name)
	assert.Equal(t, []int{16}, c.Arrays[0].Shape)
	assert.LessOrEqual(t, c.Arrays[0].Stats.Min, c.Arrays[0].Stats.Mean)
}

// TestGaps trains on a table some of whose cells are missing.
func TestGaps(t *testing.T) {
	dir := t.TempDir()
	flowers(t, dir)
	path, runs := filepath.Join(dir, "kind.yaml"), filepath.Join(dir, "runs")
	b, err := os.ReadFile(filepath.Join(dir, "flowers.csv"))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	head := strings.Split(lines[0], ",")
	write := func(describe string, gaps map[int]string) {
		for i, column := range gaps {
			cells := strings.Split(lines[i], ",")
			cells[slices.Index(head, column)] = "?"
			lines[i] = strings.Join(cells, ",")
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "flowers.csv"), []byte(strings.Join(lines, "\n")+"\n"), 0o666))
		require.NoError(t, os.WriteFile(path, []byte("data: {path: flowers.csv, target: [kind], features: [long, wide], test: 0"+describe+"}\nmodel: [{dense: 4}]\nepochs: 1\n"), 0o666))
	}
	fails := func(want string) {
		code, _, errs := adjoint(t, "train", "-runs", runs, path)
		assert.Equal(t, 1, code)
		assert.Contains(t, errs, want)
	}
	rows := func(name string) int {
		does(t, nil, "train", "-runs", runs, "-name", name, path)
		var s scores
		does(t, &s, "eval", "-all", filepath.Join(runs, name))
		return s.Rows
	}
	write("", map[int]string{3: "sum"})
	assert.Equal(t, 150, rows("unused"), "sum is no feature")
	write("", map[int]string{5: "long", 9: "wide"})
	fails(`flowers.csv: line 6, column "long": "?" is not a finite number: leave the column out of features, or list the cell in missing if it stands for nothing`)
	write(", missing: ['?']", nil)
	fails(`flowers.csv: csv: line 6, column "long": the cell is missing: add drop_missing: true to leave such rows out`)
	write(", missing: ['?'], drop_missing: true", nil)
	assert.Equal(t, 148, rows("dropped"))

	some := filepath.Join(dir, "some.csv")
	require.NoError(t, os.WriteFile(some, []byte("wide,long,sum\n0.1,-0.2,?\n?,8.1,0\n"), 0o666))
	code, out, errs := adjoint(t, "predict", filepath.Join(runs, "dropped"), some)
	require.Equal(t, 0, code, errs)
	assert.Regexp(t, `^[a-z]+\t0\.\d{4}\n-\tNaN\n$`, out)
	code, out, errs = adjoint(t, "predict", "-json", filepath.Join(runs, "dropped"), some)
	require.Equal(t, 0, code, errs)
	assert.Contains(t, out, `"row":2,"values":[null,null,null]`)
}

func TestNumbers(t *testing.T) {
	dir := t.TempDir()
	flowers(t, dir)
	runs := filepath.Join(dir, "runs")
	var trained scores
	does(t, &trained, "train", "-runs", runs, "-name", "first", filepath.Join(dir, "sum.json"))
	assert.Less(t, trained.Figures["mae"], 0.5)
	rows := filepath.Join(dir, "new.csv")
	require.NoError(t, os.WriteFile(rows, []byte("long,wide\n4,-3\n"), 0o666))
	var p prediction
	does(t, &p, "predict", filepath.Join(runs, "first"), rows)
	assert.Empty(t, p.Class)
	require.Len(t, p.Values, 1)
	assert.InDelta(t, 1, p.Values[0], 0.7)
}

// TestResume goes on to more epochs in the same folder.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	flowers(t, dir)
	runs, path := filepath.Join(dir, "runs"), filepath.Join(dir, "kind.yaml")
	does(t, nil, "train", "-runs", runs, "-epochs", "2", path)
	out := does(t, nil, "train", "-runs", runs, "-epochs", "3", "-resume", path)
	assert.Contains(t, out, "epoch 3/3")
	assert.NotContains(t, out, "epoch 1/3")
	entries, err := os.ReadDir(runs)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	code, _, errs := adjoint(t, "train", "-runs", filepath.Join(dir, "none"), "-resume", path)
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "there is no run kind")
}

// TestPictures learns digits by a convolutional network and reads one from a file.
func TestPictures(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "digits.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
data: {kind: digits, rows: 600}
model:
  - reshape: [1, 28, 28]
  - {conv: 8, kernel: 3, same: true, act: relu}
  - batchnorm
  - maxpool: 2
  - globalpool
  - {dense: 16, act: gelu}
epochs: 1
`), 0o666))
	var trained scores
	does(t, &trained, "train", "-runs", dir, path)
	assert.Equal(t, 120, trained.Rows)
	m := image.NewGray(image.Rect(0, 0, 28, 28))
	for i := range 20 {
		m.SetGray(14, 4+i, color.Gray{255})
	}
	digit := filepath.Join(dir, "one.png")
	f, err := os.Create(digit)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, m))
	require.NoError(t, f.Close())
	var p prediction
	does(t, &p, "predict", filepath.Join(dir, "digits"), digit)
	assert.Len(t, p.Values, 10)

	for _, kind := range []string{"svg", "png", "html", "dot", "txt"} {
		file := filepath.Join(dir, "net."+kind)
		does(t, nil, "viz", "-gradient", "-o", file, path)
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Greater(t, info.Size(), int64(500), kind)
	}
	code, _, errs := adjoint(t, "viz", "-o", "net.gif", path)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "want a file that ends in one of .dot, .html")
}

// TestLayers builds a network of each kind of layer.
func TestLayers(t *testing.T) {
	for name, layers := range map[string]string{
		"rows":      "[{act: silu}, flatten, layernorm, {dense: 8}, {dropout: 0.5}]",
		"images":    "[{reshape: [1, 28, 28]}, {conv: 4, stride: 2, kernel: [5, 5]}, {avgpool: 2}, batchnorm, flatten]",
		"sequences": "[{gru: 6}, {lstm: 5, last: true}]",
	} {
		path := filepath.Join(t.TempDir(), name+".yaml")
		require.NoError(t, os.WriteFile(path, []byte("data: {kind: digits, rows: 50}\nmodel: "+layers), 0o666))
		assert.Contains(t, does(t, nil, "summary", path), "total: ", name)
	}
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	flowers(t, dir)
	for _, c := range []struct{ text, want string }{
		{"", "it is empty: want data and model at least"},
		{"data: [", "line 1"},
		{"data: {kind: csv, path: flowers.csv, target: [kind], foo: 1}\nmodel: []", `line 1: data: unknown entry "foo": want some of comma, drop_missing, features`},
		{"data: {kind: digits}\nmodel:\n  - dense: many", `line 3: dense: dense: want a whole number, got "many"`},
		{"data: {kind: digits}\nmodel:\n  - dense: 0", "line 3: dense: dense is 0: want at least 1"},
		{"data: {kind: digits}\nmodel:\n  - {conv: 3, dense: 4}", "line 3: layer: want one kind, of act, avgpool"},
		{"data: {kind: digits}\nmodel: [{dense: 3, act: rely}]", `act "rely": want one of elu, gelu, relu`},
		{"data: {kind: digits}\nmodel: [{dense: 3, size: 4}]", `dense: unknown entry "size": want some of act, dense`},
		{"data: {kind: digits}\nmodel: []\noptimizer: {name: adm, rate: -1}", `name "adm": want one of adam, adamw`},
		{"data: {kind: digits}\nmodel: []\noptimizer: {name: adm, rate: -1}", "rate -1, decay 0, clip 0: want a rate above 0"},
		{"data: {kind: tape}\nmodel: []", `kind "tape": want one of cifar10, csv`},
		{"data: {kind: csv, target: [kind]}\nmodel: []", "path: where are the data?"},
		{"data: {path: flowers.csv, target: [petal], features: [long]}\nmodel: []", `no column "petal"`},
		{"data: {path: flowers.csv, target: [kind], features: [long]}\nmodel: []\nloss: mse", "loss mse does not fit the target, which is one of 3 classes"},
		{"data: {kind: digits, rows: 60}\nmodel: [{conv: 3}]", "adjoint train: conv2d: x [batch 28 28] does not have 2 spatial axes"},
		{"data: {kind: digits}", "model: want a list of layers"},
	} {
		path := filepath.Join(dir, "bad.yaml")
		require.NoError(t, os.WriteFile(path, []byte(c.text), 0o666))
		code, out, errs := adjoint(t, "train", "-runs", filepath.Join(dir, "runs"), path)
		assert.Equal(t, 1, code, c.text)
		assert.Empty(t, out)
		assert.Contains(t, errs, c.want)
		assert.Equal(t, 1, strings.Count(errs, "\n"), "one line: %s", errs)
	}
	_, err := os.Stat(filepath.Join(dir, "runs"))
	assert.ErrorIs(t, err, os.ErrNotExist, "a mistake leaves no folder")
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	short := filepath.Join(dir, "short.safetensors")
	require.NoError(t, os.WriteFile(short, []byte("\x40\x00\x00\x00\x00\x00\x00\x00{"), 0o666))
	for _, c := range []struct {
		arguments string
		code      int
		want      string
	}{
		{"", 2, "adjoint train FILE"},
		{"bake", 2, `unknown command "bake": want train, eval`},
		{"train", 2, "want one argument, a description, got 0"},
		{"train -fast x.yaml", 2, "flag provided but not defined: -fast: adjoint help train lists the flags"},
		{"train -epochs -3 x.yaml", 2, "-epochs -3: want at least 1"},
		{"bench -s -1", 2, "-s -1: want 0 to 3600 seconds"},
		{"predict runs/x", 2, "want the folder of a run and files, got 1 arguments"},
		{"eval " + dir, 1, "is not the folder of a run of adjoint train"},
		{"inspect " + short, 1, "short.safetensors"},
		{"version now", 2, `unexpected argument "now"`},
	} {
		code, out, errs := adjoint(t, strings.Fields(c.arguments)...)
		assert.Equal(t, c.code, code, c.arguments)
		assert.Empty(t, out)
		assert.Contains(t, errs, c.want)
	}
	for _, c := range commands {
		help := does(t, nil, "help", c.name)
		assert.Contains(t, help, "adjoint "+c.name)
		assert.Contains(t, help, "-json")
		assert.NotContains(t, help, " \n", "blanks at the end of a line")
		assert.Equal(t, help, does(t, nil, c.name, "-h"))
	}
	assert.Contains(t, does(t, nil, "help"), "adjoint inspect FILE")
}

func TestBenchAndVersion(t *testing.T) {
	var b struct{ Results []timing }
	does(t, &b, "bench", "-s", "0")
	require.Len(t, b.Results, len(benches))
	for _, r := range b.Results {
		assert.Positive(t, r.Value)
	}
	var v map[string]string
	does(t, &v, "version")
	assert.Contains(t, []string{"avx512", "avx2", "generic"}, v["kernels"])
}

// TestNotFinite has no number in JSON where there is none.
func TestNotFinite(t *testing.T) {
	inf := float32(math.Inf(1))
	b, err := json.Marshal(prediction{Values: finites{1, inf, -inf, inf - inf}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"file":"","row":0,"values":[1,null,null,null]}`, string(b))
}

// TestServe looks at the page of a network's graph.
func TestServe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.yaml")
	require.NoError(t, os.WriteFile(path, []byte("data: {kind: digits, rows: 50}\nmodel: [flatten]"), 0o666))
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan int)
	go func() { done <- run(ctx, []string{"viz", path}, w, io.Discard) }()
	line := make([]byte, 200)
	n, err := r.Read(line)
	require.NoError(t, err)
	page, err := http.Get(strings.TrimSpace(string(line[:n])))
	require.NoError(t, err)
	page.Body.Close()
	assert.Equal(t, http.StatusOK, page.StatusCode)
	cancel()
	assert.Equal(t, 0, <-done)
}

// TestPage sees that the page about descriptions names everything there is.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/command.md")
	require.NoError(t, err)
	for name, k := range kinds {
		assert.Contains(t, string(page), "`"+k.does+"`", name)
	}
	for _, list := range []string{sorted(rules), sorted(losses), sorted(sources), sorted(activations)} {
		for name := range strings.SplitSeq(list, ", ") {
			assert.Contains(t, string(page), "`"+name+"`")
		}
	}
	for _, c := range commands {
		assert.Contains(t, string(page), "adjoint "+c.name)
	}
}
