// Package lessons_test holds the code of the lessons: each is an example that the
// tests run, and the pictures are what this code draws.
package lessons_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/viz"
)

var update = flag.Bool("update", false, "draw the pictures of the lessons anew")

// pictures draws each picture of the lessons, by its file.
var pictures = map[string]func(w io.Writer) error{
	"neuron.svg":            drawNeuron,
	"neuron-plane.svg":      drawNeuronPlane,
	"layers.svg":            drawLayers,
	"layers-before.svg":     drawLayersBefore,
	"layers-after.svg":      drawLayersAfter,
	"activations.svg":       drawActivations,
	"activations-slope.svg": drawActivationSlopes,
	"loss.svg":              drawLoss,
	"loss-slope.svg":        drawLossSlopes,
	"descent.svg":           drawDescent,
	"descent-loss.svg":      drawDescentLoss,
	"chain.svg":             drawChain,
	"chain-back.svg":        drawChainBack,
	"chain-sum.svg":         drawChainSum,
	"activation-sizes.svg":  drawActivationSizes,
	"gradient-sizes.svg":    drawGradientSizes,
	"start-small.svg":       histogram(0),
	"start-large.svg":       histogram(1),
	"start-xavier.svg":      histogram(2),
	"overfitting.svg":       drawOverfitting,
	"overfitting-loss.svg":  drawOverfittingLoss,
}

// number makes a scalar for an input.
func number(v float32) *tensor.Dense { return tensor.New(tensor.FromScalar(v)) }

// vector makes a vector for an input.
func vector(v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v)), tensor.WithBacking(v))
}

// matrix makes rows of so many columns.
func matrix(columns int, v ...float32) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(v)/columns, columns), tensor.WithBacking(v))
}

// evaluate returns the elements of float nodes in one run.
func evaluate(nodes []*graph.Node, feeds ...graph.Feed) ([][]float64, error) {
	p, err := graph.Compile(nodes...)
	if err != nil {
		return nil, err
	}
	out, err := p.Run(feeds...)
	if err != nil {
		return nil, err
	}
	all := make([][]float64, len(out))
	for i, d := range out {
		t, err := graph.FromDense(d)
		if err != nil {
			return nil, err
		}
		for k := range t.Len() {
			all[i] = append(all[i], t.At(k))
		}
	}
	return all, nil
}

// withNumbers draws what y is computed from with the values of a run.
func withNumbers(w io.Writer, p viz.Picture, y *graph.Node, feeds ...graph.Feed) (err error) {
	if p.Values, err = viz.Run(y, feeds...); err != nil {
		return err
	}
	return p.SVG(w, y)
}

// span returns n numbers, evenly from lo to hi.
func span(lo, hi float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = lo + (hi-lo)*float64(i)/float64(n-1)
	}
	return x
}

// column makes [len(x) 1] of x.
func column(x []float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(len(x), 1), tensor.WithBacking(slices.Clone(x)))
}

// TestPictures compares the pictures with what the code draws.
func TestPictures(t *testing.T) {
	for file, draw := range pictures {
		var b bytes.Buffer
		require.NoError(t, draw(&b), file)
		if *update {
			require.NoError(t, os.WriteFile(file, b.Bytes(), 0o644))
		}
		have, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NoError(t, sameDrawing(string(have), b.String()), "%s is not what the code draws: run go test ./docs/lessons -update and look at it", file)
		assert.Less(t, b.Len(), 150_000, file)
	}
	files, err := filepath.Glob("*.svg")
	require.NoError(t, err)
	for _, f := range files {
		assert.Contains(t, pictures, f, "nothing draws this file")
	}
}

var figure = regexp.MustCompile(`[-−]?\d+(\.\d+)?`)

// sameDrawing compares drawings up to what the instruction set of the machine may
// change, which a training amplifies: a number may differ by 2 pixels, or 2 in 100.
func sameDrawing(a, b string) error {
	if figure.ReplaceAllString(a, "#") != figure.ReplaceAllString(b, "#") {
		return errors.New("other shapes or words")
	}
	as, bs := figure.FindAllString(a, -1), figure.FindAllString(b, -1)
	for i := range as {
		u, errU := strconv.ParseFloat(strings.Replace(as[i], "−", "-", 1), 64)
		v, errV := strconv.ParseFloat(strings.Replace(bs[i], "−", "-", 1), 64)
		if errU != nil || errV != nil || math.Abs(u-v) > max(2, 0.02*math.Abs(u)) {
			return fmt.Errorf("%s was %s", bs[i], as[i])
		}
	}
	return nil
}

func TestSameDrawing(t *testing.T) {
	const drawn = `<text x="10.2">loss −0.3</text>`
	assert.NoError(t, sameDrawing(drawn, drawn))
	assert.NoError(t, sameDrawing(drawn, `<text x="10.3">loss −0.29</text>`))
	assert.Error(t, sameDrawing(drawn, `<text x="12.3">loss −0.3</text>`))
	assert.Error(t, sameDrawing(drawn, `<text x="10.2">cost −0.3</text>`))
	assert.Error(t, sameDrawing(drawn, drawn+drawn))
}

var (
	fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	state = regexp.MustCompile("`#([^`]*)`")
	link  = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
)

// TestLessons checks that a lesson's code is an example's, its text what that
// prints, that links and pictures are there, and that the playground knows its
// state.
func TestLessons(t *testing.T) {
	pages, err := filepath.Glob("0*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	index, err := os.ReadFile("README.md")
	require.NoError(t, err)
	checkLinks(t, "README.md", string(index))
	shown := ""
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		shown += string(text)
		assert.Contains(t, string(index), "]("+page+")", "README.md does not list it")
		checkLinks(t, page, string(text))
		checkState(t, page, string(text))
		name := strings.ReplaceAll(strings.TrimSuffix(page[3:], ".md"), "-", "")
		body, output := example(t, name)
		blocks := map[string][]string{}
		for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
			blocks[m[1]] = append(blocks[m[1]], m[2])
		}
		assert.Equal(t, []string{body}, blocks["go"], "%s: the code is not that of Example_%s", page, name)
		assert.Equal(t, []string{output}, blocks["text"], "%s: the text is not what Example_%s prints", page, name)
	}
	for file := range pictures {
		assert.Contains(t, shown, "]("+file+")", "no lesson shows this picture")
	}
}

// example returns the body of an example, and its output.
func example(t *testing.T, name string) (body, output string) {
	t.Helper()
	file := name + "_test.go"
	code, err := os.ReadFile(file)
	require.NoError(t, err)
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, code, 0)
	require.NoError(t, err)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "Example_"+name {
			inside := string(code[set.Position(fn.Body.Lbrace).Offset+2 : set.Position(fn.Body.Rbrace).Offset])
			body, output, _ = strings.Cut(inside, "\t// Output:\n")
			body = regexp.MustCompile(`(?m)^\t`).ReplaceAllString(body, "")
			return body, regexp.MustCompile(`(?m)^\t// ?`).ReplaceAllString(output, "")
		}
	}
	require.Fail(t, "there is no Example_"+name)
	return "", ""
}

func checkLinks(t *testing.T, page, text string) {
	t.Helper()
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		_, err := os.Stat(filepath.FromSlash(m[1]))
		assert.NoError(t, err, "%s links to what is not there", page)
	}
}

// checkState reads the states of the playground as its page does, which leaves out
// what it does not know.
func checkState(t *testing.T, page, text string) {
	t.Helper()
	source, err := os.ReadFile("../../viz/live/page/setup.ts")
	require.NoError(t, err)
	states := state.FindAllStringSubmatch(text, -1)
	assert.NotEmpty(t, states, "%s does not lead to the playground", page)
	for _, m := range states {
		q, err := url.ParseQuery(m[1])
		require.NoError(t, err)
		for key, v := range q {
			assert.Contains(t, string(source), "\n  "+key+": ", "%s: the playground has no setting %q", page, key)
			switch key {
			case "data":
				assert.Contains(t, data.Planes(), v[0], page)
			case "optimizer":
				assert.Contains(t, string(source), `"`+v[0]+`"`, page)
			case "features":
				for _, f := range strings.Split(v[0], ",") {
					assert.Contains(t, string(source), `"`+f+`"`, page)
				}
			case "layers":
				for _, l := range strings.Split(v[0], ",") {
					unit := regexp.MustCompile(`^(\d+)([a-z]+)$`).FindStringSubmatch(l)
					if assert.True(t, unit != nil || l == "", "%s: layer %q", page, l) && unit != nil {
						assert.Contains(t, string(source), `"`+unit[2]+`"`, page)
					}
				}
			default:
				_, err := strconv.ParseFloat(v[0], 64)
				assert.NoError(t, err, "%s: %s", page, key)
			}
		}
	}
}
