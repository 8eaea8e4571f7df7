package chart_test

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/chart"
)

// TestTenNames: ten layers of points have ten colours and ten shapes.
func TestTenNames(t *testing.T) {
	c := &chart.Chart{}
	for i := range 10 {
		c.Layers = append(c.Layers, chart.Points{Name: fmt.Sprint("name ", i), X: []float64{float64(i)}, Y: []float64{1}})
	}
	text := svg(t, c)
	colours, outlines := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile(`<path d="M[-0-9.]+,[-0-9.]+([^"]*)" style="fill:(#\w+)"`).FindAllStringSubmatch(text, -1) {
		if m[2] != "#FFFFFF" {
			colours[m[2]] = true
			outlines[regexp.MustCompile(`[-0-9.]+`).ReplaceAllString(m[1], "")] = true
		}
	}
	assert.Len(t, colours, 10)
	assert.GreaterOrEqual(t, len(outlines), 5, "of another number of corners: %v", outlines)
}

// TestNamesAlongX: names stand in place of numbers, and lie slanted if they are long.
func TestNamesAlongX(t *testing.T) {
	line := []chart.Layer{chart.Line{Y: []float64{0, 1, 0.5}}}
	short := svg(t, &chart.Chart{Names: []string{"rate", "width", "value"}, Layers: line})
	for _, name := range []string{"rate", "width", "value"} {
		assert.Contains(t, short, ">"+name+"</text>")
	}
	assert.NotContains(t, short, ">2.0</text>")
	assert.NotContains(t, short, "rotate(30")
	long := strings.Repeat("x", 27)
	assert.Regexp(t, `rotate\(30[^>]*>\s*<text[^>]*>`+long, svg(t, &chart.Chart{Names: []string{long, long, long}, Layers: line}))
	assert.EqualError(t, (&chart.Chart{LogX: true, Names: []string{"a"}}).SVG(io.Discard), "chart: names on a logarithmic x axis: they stand at whole numbers from 0 on")
}

// TestSpans: axes show what they are told to, and what is beyond.
func TestSpans(t *testing.T) {
	narrow := []chart.Layer{chart.Points{X: []float64{1, 2}, Y: []float64{1, 2}}}
	text := svg(t, &chart.Chart{SpanX: [2]float64{-100, 100}, SpanY: [2]float64{50, 0}, Layers: narrow})
	for _, label := range []string{"-100", "100", "50"} {
		assert.Contains(t, text, ">"+label+"</text>")
	}
	wide := svg(t, &chart.Chart{SpanX: [2]float64{1, 2}, Layers: []chart.Layer{chart.Points{X: []float64{-100, 100}, Y: []float64{1, 2}}}})
	assert.Contains(t, wide, ">-100</text>")
}

// TestMarks: a line with marks has one at each point, and its legend has both.
func TestMarks(t *testing.T) {
	y := []float64{1, 3, 2}
	bare := svg(t, &chart.Chart{Layers: []chart.Layer{chart.Line{Name: "a", Y: y}}})
	marked := svg(t, &chart.Chart{Layers: []chart.Layer{chart.Line{Name: "a", Y: y, Marks: true}}})
	blue := func(s string) int { return strings.Count(s, "fill:#0072B2") + strings.Count(s, "fill:#0071B1") }
	assert.Equal(t, 0, blue(bare))
	assert.Equal(t, 4, blue(marked), "three points and the legend")
}

// TestLabelNeedsNoRoomAbove: a long label of a logarithmic axis leaves the axes as
// high as those of a linear one.
func TestLabelNeedsNoRoomAbove(t *testing.T) {
	top := func(log bool) float64 {
		text := svg(t, &chart.Chart{Title: "t", Y: "floating-point operations", LogY: log, Layers: []chart.Layer{chart.Line{X: []float64{1, 2}, Y: []float64{7e6, 7e9}}}})
		highest := 0.0
		for _, m := range regexp.MustCompile(`stroke:#202020`).FindAllStringIndex(text, -1) {
			path := text[strings.LastIndex(text[:m[0]], `d="`):m[0]]
			for _, q := range regexp.MustCompile(`,([-0-9.]+)`).FindAllStringSubmatch(path, -1) {
				v, err := strconv.ParseFloat(q[1], 64)
				require.NoError(t, err)
				highest = max(highest, v)
			}
		}
		return highest
	}
	assert.InDelta(t, top(false), top(true), 6, "points of a text's height")
}

// TestRowsAreNamed: rows of a table that are high enough are all named, however long
// their names are.
func TestRowsAreNamed(t *testing.T) {
	var z [][]float64
	var names []string
	for i := range 10 {
		z, names = append(z, count(10, func(j float64) float64 { return j })), append(names, fmt.Sprintf("row %d of a long name", i))
	}
	z[0][0] = math.Copysign(0, -1)
	text := svg(t, &chart.Chart{Layers: []chart.Layer{chart.Heat{Z: z, Rows: names, Numbers: true}}})
	for _, name := range names {
		assert.Contains(t, text, ">"+name+"</text>")
	}
	assert.NotContains(t, text, ">-0</text>")
}
