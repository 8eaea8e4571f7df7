package webtest

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/explain"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/viz/live"
)

// TestExplain asks for every kind of map, and adds up what a unit is made of.
func TestExplain(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL+"explain", 1280, 900)
	p.wait("document.getElementById('sum') && document.getElementById('note').textContent.startsWith('The map adds up')")
	p.picture("explain.jpg")
	numbers := regexp.MustCompile(`[−-]?[\d.]+`).FindAllString(js[string](p, "document.getElementById('note').textContent"), 2)
	require.Len(t, numbers, 2)
	assert.InDelta(t, parse(t, strings.TrimSuffix(numbers[0], ".")), parse(t, strings.TrimSuffix(numbers[1], ".")), 0.2, "integrated gradients add up to the gain")
	sum := regexp.MustCompile(`Σ products (\S+) \+ rest (\S+) = ([\d.e−-]+)`).FindStringSubmatch(js[string](p, "document.getElementById('sum').textContent"))
	require.Len(t, sum, 4)
	assert.InDelta(t, parse(t, sum[3]), parse(t, sum[1])+parse(t, sum[2]), 0.002)

	seen := map[string]bool{}
	for _, m := range js[[]string](p, "[...document.getElementById('method').options].map(o => o.value)") {
		js[any](p, fmt.Sprintf("(document.getElementById('map').dataset.was = document.getElementById('map').toDataURL(), document.getElementById('live').textContent = '', (s => { s.value = %q; s.onchange(); })(document.getElementById('method')), 0)", m))
		p.wait(fmt.Sprintf("document.getElementById('live').textContent.startsWith(%q)", m))
		assert.Empty(t, js[string](p, "document.querySelector('.message').textContent"), m)
		seen[js[string](p, "document.getElementById('map').toDataURL()")] = true
	}
	assert.Len(t, seen, 8, "each method has a picture of its own")
	p.click(".share:nth-child(4)")
	p.wait("document.querySelector('.share:nth-child(4)').getAttribute('aria-pressed') === 'true'")
	p.homely(s)
}

// exhibit is a small reader of images with random weights, whose answers are known
// to the test.
func exhibit(t *testing.T) (live.Exhibit, nn.Sequential) {
	t.Helper()
	x := graph.Input("x", graph.Sym("batch"), 12, 10)
	model := nn.Sequential{&nn.Conv2D{Out: 3, Kernel: []int{3}, Act: ops.ReLU}, &nn.Conv2D{Out: 4, Kernel: []int{3}, Stride: []int{2}}, nn.Func(ops.ReLU), &nn.Flatten{}, &nn.Dense{Out: 3}}
	logits := model.Apply(ops.Expand(x, 1))
	nn.Init(model, 7)
	values := make([]float32, 2*120)
	for i := range values {
		values[i] = float32(0.5 + 0.5*math.Sin(float64(i*i)))
	}
	return live.Exhibit{X: x, Logits: logits, Layer: explain.Layer(logits, "1"), Images: tensor.New(tensor.WithShape(2, 12, 10), tensor.WithBacking(values))}, model
}

// TestExplainNumbers compares what the page says of each map with what the engine
// finds, for the second image and class 2 of a model of the test's own.
func TestExplainNumbers(t *testing.T) {
	e, _ := exhibit(t)
	s := serve(t, live.Options{Explain: e})
	p := open(t, s.URL+"explain#images", 1280, 900)
	p.wait("document.getElementById('sum')")
	p.click("[aria-label='image 2']")
	p.wait("document.getElementById('image').getAttribute('aria-label') === 'image 2'")
	p.click(".share:nth-child(3)")
	p.wait("document.querySelector('.share:nth-child(3)').getAttribute('aria-pressed') === 'true'")
	label := graph.InputOf(graph.Int64, "label", e.X.Shape().Dim(0))
	score := explain.Class(e.Logits, label)
	second := tensor.New(tensor.WithShape(1, 12, 10), tensor.WithBacking(e.Images.Float32s()[120:]))
	feeds := []graph.Feed{e.X.Is(second), label.Is(tensor.New(tensor.WithShape(1), tensor.WithBacking([]int64{2})))}
	for method, m := range map[string]*graph.Node{
		"saliency":         explain.Saliency(score, e.X),
		"gradient × input": explain.GradientInput(score, e.X),
		"SmoothGrad":       explain.SmoothGrad(explain.Saliency(score, e.X), e.X, 0.15, 32, 1),
		"guided":           explain.Guided(score, e.X),
		"Grad-CAM":         explain.GradCAM(score, e.Layer),
		"occlusion":        explain.Occlusion(score, e.X, 5, 2, 0),
	} {
		program, err := graph.Compile(m)
		require.NoError(t, err)
		out, err := program.Run(feeds...)
		require.NoError(t, err)
		list := out[0].Float32s()
		js[any](p, fmt.Sprintf("(document.getElementById('live').textContent = '', (s => { s.value = %q; s.onchange(); })(document.getElementById('method')), 0)", method))
		p.wait(fmt.Sprintf("document.getElementById('live').textContent.startsWith(%q)", method))
		said := regexp.MustCompile(`From (\S+) \(orange\) to (\S+) \(blue\)`).FindStringSubmatch(js[string](p, "document.getElementById('note').textContent"))
		require.Len(t, said, 3, method)
		assert.InDelta(t, float64(slices.Min(list)), parse(t, said[1]), 0.00051, "%s: the least", method)
		assert.InDelta(t, float64(slices.Max(list)), parse(t, said[2]), 0.00051, "%s: the most", method)
	}

	// the unit at a place that is clicked
	box := js[[]float64](p, "(r => [r.left, r.top, r.width, r.height])(document.querySelector('#channels button:nth-child(3) canvas').getBoundingClientRect())")
	js[any](p, fmt.Sprintf("(document.querySelector('#channels button:nth-child(3)').dispatchEvent(new MouseEvent('click', {detail: 1, bubbles: true, clientX: %g, clientY: %g})), 0)", box[0]+box[2]*0.8, box[1]+box[3]*0.3))
	p.wait("document.getElementById('sum').textContent.includes('channel 3, row 2, column 3')")
	unit := ops.Index(ops.Index(ops.Index(e.Layer, 1, 2), 1, 1), 1, 2)
	weight, product, rest := explain.Products(unit, e.X)
	program, err := graph.Compile(ops.Sum(product), rest, unit, ops.Sum(weight))
	require.NoError(t, err)
	out, err := program.Run(feeds[0])
	require.NoError(t, err)
	sum := regexp.MustCompile(`Σ products (\S+) \+ rest (\S+) = ([\d.e−-]+?)channel`).FindStringSubmatch(js[string](p, "document.getElementById('sum').textContent"))
	require.Len(t, sum, 4)
	assert.InDelta(t, float64(out[0].Data().(float32)), parse(t, sum[1]), 0.00051)
	assert.InDelta(t, float64(out[1].Float32s()[0]), parse(t, sum[2]), 0.00051)
	assert.InDelta(t, float64(out[2].Float32s()[0]), parse(t, sum[3]), 0.00051)
	assert.Contains(t, js[string](p, "document.getElementById('sum').textContent"), "it sees rows 3 to 7 and columns 5 to 9", "two convolutions of 3 with a stride of 2 in the second see 5 by 5")
	p.homely(s)
}

// TestAttention goes through the cells of a head by keyboard and by pointer, and
// compares them with the table beside, and with the engine.
func TestAttention(t *testing.T) {
	x := graph.InputOf(graph.Int64, "x", graph.Sym("batch"), 5)
	model := nn.Sequential{&nn.Embedding{Count: 6, Width: 8}, &nn.TransformerBlock{Heads: 2, Causal: true}, &nn.Dense{Out: 6}}
	logits := model.Apply(x)
	nn.Init(model, 3)
	rows := tensor.New(tensor.WithShape(2, 5), tensor.WithBacking([]int64{0, 1, 2, 3, 4, 5, 5, 1, 0, 2}))
	s := serve(t, live.Options{Attention: live.Reading{X: x, Logits: logits, Rows: rows, Names: []string{"zero", "one", "two", "three", "four", "five"}}})
	p := open(t, s.URL+"explain#attention", 1100, 800)
	p.wait("document.querySelectorAll('.head-map').length === 2")
	program, err := graph.Compile(explain.Attention(logits, "1.Attention"))
	require.NoError(t, err)
	out, err := program.Run(x.Is(rows))
	require.NoError(t, err)
	w := out[0].Float32s() // [2 2 5 5]
	said := func() string { return js[string](p, "document.querySelector('#heads output').textContent") }
	p.reach("layer 1, head 1: arrow keys go from cell to cell")
	for _, key := range []string{kb.ArrowDown, kb.ArrowDown, kb.ArrowRight, kb.ArrowLeft, kb.ArrowRight} {
		p.press(key)
	}
	assert.Regexp(t, `^place 3 \(two\) looks at place 2 \(one\): `, said())
	number := func(text string) float64 { return parse(t, text[strings.LastIndex(text, " ")+1:]) }
	assert.InDelta(t, float64(w[11]), number(said()), 0.00051)
	assert.NotEmpty(t, js[string](p, "document.getElementById('live').textContent"), "it is read out")
	for k, text := range js[[]string](p, "[...document.querySelectorAll('#heads section:nth-child(2) td')].map(d => d.textContent).filter(x => x)") {
		assert.InDelta(t, float64(w[25+k]), parse(t, text), 0.00051, "cell %d of head 2", k)
	}
	js[any](p, "(s => { s.selectedIndex = 1; s.onchange(); })(document.getElementById('sequence'))")
	p.wait("document.querySelector('#heads text').textContent === 'five'")
	js[any](p, "(document.querySelectorAll('#heads section:nth-child(1) rect')[22].dispatchEvent(new PointerEvent('pointerover', {bubbles: true})), 0)")
	assert.Regexp(t, `^place 5 \(two\) looks at place 3 \(one\): `, said())
	assert.InDelta(t, float64(w[50+22]), number(said()), 0.00051)
	p.homely(s)
}

// TestExplainParts opens the parts with their own models, by keyboard, in light and
// dark, wide and narrow.
func TestExplainParts(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL+"explain#attention", 1280, 800)
	p.wait("document.querySelectorAll('.head-map').length === 2")
	p.picture("attention.jpg")
	p.reach("Table")
	p.press("\r")
	p.wait("document.getElementById('dependence-note')?.textContent")
	assert.Equal(t, "Table", p.focused())
	p.picture("table.jpg")
	judged := js[string](p, "document.getElementById('judged').textContent")
	assert.Contains(t, judged, "the mean of 20 shufflings with seed 1")
	first := js[string](p, "document.getElementById('rises').textContent")
	js[any](p, "(s => { s.value = '2'; s.onchange(); })(document.getElementById('seed'))")
	p.wait("document.getElementById('judged').textContent.includes('with seed 2')")
	assert.NotEqual(t, first, js[string](p, "document.getElementById('rises').textContent"), "another seed, other shufflings")
	p.click(".rise-row:nth-child(7)")
	p.wait("document.querySelector('#dependence title').textContent.startsWith('The probability of maker 1 along ash')")
	js[any](p, "(s => { s.selectedIndex = 2; s.onchange(); })(document.getElementById('class'))")
	p.wait("document.querySelector('#dependence title').textContent.startsWith('The probability of maker 3 along ash')")
	assert.Equal(t, 31, js[int](p, "document.querySelectorAll('#dependence path').length"), "30 rows and the mean")
	p.homely(s)
	for _, part := range []string{"attention", "table"} {
		p := open(t, s.URL+"explain#"+part, 420, 900, true)
		p.wait("document.querySelectorAll('.head-map').length === 2 || document.getElementById('dependence-note')?.textContent")
		assert.LessOrEqual(t, js[float64](p, "document.documentElement.scrollWidth"), 420.0, "%s fits a narrow page", part)
		p.homely(s)
	}
}

func parse(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, "−", "-"), 64)
	require.NoError(t, err)
	return v
}
