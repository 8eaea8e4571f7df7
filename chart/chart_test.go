package chart_test

import (
	"bytes"
	"encoding/xml"
	"image/color"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/chart"
)

// svg draws a chart, and checks that it is XML that refers to nothing outside.
func svg(t *testing.T, c *chart.Chart) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, c.SVG(&b))
	text := b.String()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err, text)
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "href" {
					assert.True(t, strings.HasPrefix(a.Value, "data:"), a.Value)
				}
			}
		}
	}
	assert.False(t, bad.MatchString(text), "a number that is none in %s", bad.FindString(text))
	return text
}

// bad is a tag with a number that is none.
var bad = regexp.MustCompile(`<[^>]*(NaN|Inf)[^>]*>`)

func count(n int, f func(i float64) float64) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = f(float64(i))
	}
	return list
}

// every is a chart of each kind of layer.
func every() map[string]*chart.Chart {
	y := count(50, func(i float64) float64 { return math.Exp(-i/20) + 0.1 })
	low, high := count(50, func(i float64) float64 { return y[int(i)] / 2 }), count(50, func(i float64) float64 { return y[int(i)] * 2 })
	return map[string]*chart.Chart{
		"line":      {Title: "a title", X: "over", Y: "up", LogY: true, Layers: []chart.Layer{chart.Line{Name: "falling", Y: y}}},
		"band":      {Title: "a title", X: "over", Y: "up", Layers: []chart.Layer{chart.Band{Name: "falling", Low: low, High: high}}},
		"points":    {Title: "a title", X: "over", Y: "up", LogX: true, Layers: []chart.Layer{chart.Points{Name: "falling", X: low, Y: high}}},
		"bars":      {Title: "a title", X: "over", Y: "up", Layers: []chart.Layer{chart.Bars{Names: []string{"falling", "rising"}, Values: []float64{-1, 2}}}},
		"histogram": {Title: "a title", X: "over", Y: "up", Layers: []chart.Layer{chart.Histogram{Name: "falling", Values: y}}},
		"heat":      {Title: "a title", X: "over", Y: "up", Layers: []chart.Layer{chart.Heat{Z: [][]float64{{1, 2}, {3, 4}}, Rows: []string{"falling", "rising"}, Columns: []string{"a", "b"}, Numbers: true}}},
	}
}

func TestEveryLayer(t *testing.T) {
	for name, c := range every() {
		t.Run(name, func(t *testing.T) {
			text := svg(t, c)
			for _, word := range []string{"a title", "over", "up", "falling"} {
				assert.Contains(t, text, ">"+word+"</text>")
			}
			assert.Equal(t, text, svg(t, c), "the same chart gives the same bytes")
			assert.Less(t, len(text), 30_000)
			var b bytes.Buffer
			require.NoError(t, c.PNG(&b))
			m, err := png.Decode(&b)
			require.NoError(t, err)
			assert.Equal(t, 960, m.Bounds().Dx(), "480 points at 144 dots per inch")
			white, other := 0, 0
			for y := range m.Bounds().Dy() {
				for x := range m.Bounds().Dx() {
					if color.NRGBAModel.Convert(m.At(x, y)) == (color.NRGBA{255, 255, 255, 255}) {
						white++
					} else {
						other++
					}
				}
			}
			assert.Greater(t, other, 2000, "something is drawn")
			assert.Greater(t, white, m.Bounds().Dx()*m.Bounds().Dy()/10)
		})
	}
}

// TestOddValues draws all that is no number, and all that is hardly one.
func TestOddValues(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, y := range map[string][]float64{
		"none": nil, "one": {3}, "zero": {0}, "NaN": {nan}, "infinite": {inf, -inf}, "gap": {1, nan, 3, 4}, "equal": {2, 2, 2},
		"huge": {-1e299, 1e299}, "tiny": {1e-310, 2e-310}, "alike": {1e9, 1e9 + 1e-6}, "negative": {-1, -2}, "mixed": {-1, 0, 1, inf},
	} {
		for _, log := range []bool{false, true} {
			names := make([]string, len(y))
			svg(t, &chart.Chart{LogX: log, LogY: log, Layers: []chart.Layer{
				chart.Line{Name: name, Y: y}, chart.Line{X: y, Y: y, Faint: true}, chart.Band{X: y, Low: y, High: y},
				chart.Points{X: y, Y: y}, chart.Histogram{Values: y},
			}})
			svg(t, &chart.Chart{LogY: log, Layers: []chart.Layer{chart.Bars{Names: names, Values: y}}})
		}
		if y != nil {
			svg(t, &chart.Chart{Layers: []chart.Layer{chart.Heat{Z: [][]float64{y}}, chart.Heat{Z: [][]float64{y}, Numbers: true}}})
		}
	}
	assert.NotEmpty(t, svg(t, &chart.Chart{}))
}

func TestGapsPartCurves(t *testing.T) {
	whole := svg(t, &chart.Chart{Layers: []chart.Layer{chart.Line{Y: []float64{1, 2, 3, 2, 1, 2}}}})
	parted := svg(t, &chart.Chart{Layers: []chart.Layer{chart.Line{Y: []float64{1, 2, 3, math.NaN(), 1, 2}}}})
	curves := func(s string) int { return strings.Count(s, "stroke:#0072B2") }
	assert.Equal(t, 1, curves(whole))
	assert.Equal(t, 2, curves(parted))
}

func TestNamesShareColours(t *testing.T) {
	text := svg(t, &chart.Chart{Layers: []chart.Layer{
		chart.Line{Name: "a", Y: []float64{1, 2}, Faint: true}, chart.Line{Name: "b", Y: []float64{2, 1}}, chart.Line{Name: "a", Y: []float64{1, 3}},
	}})
	assert.Equal(t, 1, strings.Count(text, ">a</text>"), "the legend mentions a name once")
	assert.Equal(t, 2, strings.Count(text, "stroke:#0072B2"), "a curve and a thumbnail of a")
	assert.Equal(t, 2, strings.Count(text, "stroke-opacity"), "its faint curve and thumbnail")
	assert.Equal(t, 2, strings.Count(text, "stroke:#D55E00"), "a curve and a thumbnail of b")
}

// TestLongCurves draws many points as few that show the extremes.
func TestLongCurves(t *testing.T) {
	y := count(200_000, func(i float64) float64 { return math.Sin(i / 1000) })
	y[123_456] = 50
	spike := svg(t, &chart.Chart{Layers: []chart.Layer{chart.Line{Y: y}}})
	assert.Less(t, len(spike), 100_000)
	assert.Contains(t, spike, ">50</text>")
	scatter := svg(t, &chart.Chart{Layers: []chart.Layer{chart.Points{Y: y}}})
	assert.Less(t, strings.Count(scatter, "<path"), 4100)
	field := make([][]float64, 200)
	for i := range field {
		field[i] = count(200, func(j float64) float64 { return j * float64(i) })
	}
	heat := svg(t, &chart.Chart{Layers: []chart.Layer{chart.Heat{Z: field}}})
	assert.Contains(t, heat, "data:image/png;base64")
	assert.Less(t, len(heat), 100_000)
}

func TestMistakes(t *testing.T) {
	for want, l := range map[string]chart.Layer{
		`chart: layer 0: "loss" has 2 x for 3 y: give each y an x, or nil to count them`:                   chart.Line{Name: "loss", X: []float64{1, 2}, Y: []float64{1, 2, 3}},
		`chart: layer 0: "ci" has 1 low values for 2 high ones: give both at each x`:                       chart.Band{Name: "ci", Low: []float64{1}, High: []float64{1, 2}},
		`chart: layer 0: 2 bars have 1 names: name each of them`:                                           chart.Bars{Names: []string{"a"}, Values: []float64{1, 2}},
		`chart: layer 0: -1 bins: want at least 1, or 0 for a number that fits`:                            chart.Histogram{Bins: -1},
		`chart: layer 0: row 1 of a heat map has 1 numbers, row 0 has 2: want rows of equal length`:        chart.Heat{Z: [][]float64{{1, 2}, {3}}},
		`chart: layer 0: a heat map of 1 rows and 2 columns has 1 and 1 names: name each of them, or none`: chart.Heat{Z: [][]float64{{1, 2}}, Rows: []string{"a"}, Columns: []string{"b"}},
		`chart: layer 0 is nil: want a chart.Line, Band, Points, Bars, Histogram or Heat`:                  nil,
		`chart: layer 0: "p" has 1 x for 0 y: give each y an x, or nil to count them`:                      chart.Points{Name: "p", X: []float64{1}},
	} {
		assert.EqualError(t, (&chart.Chart{Layers: []chart.Layer{l}}).SVG(io.Discard), want)
	}
	log := &chart.Chart{LogX: true, Layers: []chart.Layer{chart.Heat{Z: [][]float64{{1}}}}}
	bars := &chart.Chart{LogX: true, Layers: []chart.Layer{chart.Bars{}}}
	assert.EqualError(t, bars.SVG(io.Discard), "chart: layer 0: bars on a logarithmic x axis: that one has their names, the values are along y")
	assert.EqualError(t, log.PNG(io.Discard), "chart: layer 0: a heat map on a logarithmic axis: its cells need linear ones")
}

// TestRandom draws random charts over many magnitudes.
func TestRandom(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 60 {
		at, spread := math.Pow(10, float64(r.IntN(600)-300)), math.Pow(10, float64(r.IntN(40)-20))
		y := count(r.IntN(9), func(float64) float64 { return at * (1 + spread*r.NormFloat64()) })
		c := &chart.Chart{LogX: r.IntN(2) == 0, LogY: r.IntN(2) == 0, Layers: []chart.Layer{chart.Line{Y: y}, chart.Points{X: y, Y: y}, chart.Histogram{Values: y}}}
		assert.NotPanics(t, func() { svg(t, c) }, "seed %d, chart %d: %v", seed, i, y)
	}
}

// TestLongNamesTurnBars: with long names, the values are along the other axis.
func TestLongNamesTurnBars(t *testing.T) {
	name := strings.Repeat("long ", 10)
	text := svg(t, &chart.Chart{X: "who", Y: "how much", LogY: true, Layers: []chart.Layer{chart.Bars{Names: []string{name, name, name}, Values: []float64{1, 10, 100}}}})
	assert.Regexp(t, `rotate\(90[^>]*>\s*<text[^>]*>who<`, text)
	assert.Contains(t, text, "…</text>")
}

func TestEscapes(t *testing.T) {
	text := svg(t, &chart.Chart{Title: `<script>"&`, Layers: []chart.Layer{chart.Line{Name: "a<b", Y: []float64{1, 2}}}})
	assert.NotContains(t, text, "<script>")
}
