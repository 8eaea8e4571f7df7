package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"image"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/chart"
	"github.com/adjointml/adjoint/report"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func TestNames(t *testing.T) {
	root := filepath.Join(t.TempDir(), "runs")
	_, found := report.Latest(root, "digits")
	assert.False(t, found)
	for _, want := range []string{"digits", "digits-2", "digits-3"} {
		f, err := report.New(root, "digits")
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(root, want), f.Dir)
		assert.Equal(t, filepath.Join(root, want, "x.txt"), f.Path("x.txt"))
		last, found := report.Latest(root, "digits")
		assert.True(t, found)
		assert.Equal(t, f.Dir, last)
	}
	for _, bad := range []string{"", "..", "a/b", `a\b`, "-x", ".hidden"} {
		_, err := report.New(root, bad)
		assert.ErrorContains(t, err, "want letters, digits, dots and dashes, and a letter or digit first", bad)
	}
	file := filepath.Join(root, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	_, err := report.New(file, "digits")
	assert.ErrorContains(t, err, "report: ")
	_, err = report.Open(file)
	assert.ErrorContains(t, err, "is no folder")
	_, err = report.Open(filepath.Join(root, "nowhere"))
	assert.ErrorContains(t, err, "report: cannot open the run: ")
}

func TestPage(t *testing.T) {
	f, err := report.New(t.TempDir(), "a run")
	require.NoError(t, err)
	require.NoError(t, f.Config(map[string]any{"lr": 0.5, "name": "<b>"}))
	f.Section("First", "one <paragraph>\n\nanother\n\n")
	f.Table([]string{"class", "share"}, [][]string{{"cat", "12.5 %"}, {"dog & co", "−3"}, {"short"}})
	line := func(y ...float64) *chart.Chart {
		return &chart.Chart{Title: "loss", Layers: []chart.Layer{chart.Line{Y: y}}}
	}
	require.NoError(t, f.Chart("curves", line(3, 2)))
	f.Section("Second", "")
	require.NoError(t, f.Picture("digits.png", image.NewGray(image.Rect(0, 0, 2, 3))))
	require.NoError(t, f.SVG("graph", "the network", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)))
	require.NoError(t, f.Chart("curves", line(3, 2, 1)), "of the same file: in the place of the first")
	require.NoError(t, f.Close())

	text := read(t, f.Path("report.html"))
	var at []int
	for _, want := range []string{"<h1>a run</h1>", "<h2>First</h2>", "<p>one &lt;paragraph&gt;</p>", "<p>another</p>", `<th class="n">share</th>`, "<td>dog &amp; co</td>", "curves.svg", "<h2>Second</h2>", "data:image/png;base64,", `alt="the network"`, "<h2>Settings</h2>", "&#34;lr&#34;: 0.5"} {
		at = append(at, strings.Index(text, want))
		assert.Positive(t, at[len(at)-1], want)
	}
	assert.IsIncreasing(t, at, "in the order of the calls")
	assert.Equal(t, 1, strings.Count(text, "curves.svg"))
	assert.Contains(t, text, read(t, f.Path("curves.svg")))
	assert.NotContains(t, text, "<b>")
	assert.NotContains(t, text, "<script")
	assert.Empty(t, regexp.MustCompile(`(src|href|url)\s*[=(]\s*"?(https?:)?//`).FindString(text), "nothing outside")
	assert.Contains(t, text, "Content-Security-Policy")
	balanced(t, text)

	var config map[string]any
	require.NoError(t, json.Unmarshal([]byte(read(t, f.Path("config.json"))), &config))
	assert.Equal(t, map[string]any{"lr": 0.5, "name": "<b>"}, config)
	again, err := report.Open(f.Dir)
	require.NoError(t, err)
	require.NoError(t, again.Close())
	assert.Contains(t, read(t, f.Path("report.html")), "&#34;lr&#34;: 0.5", "an opened folder knows its settings")
}

// balanced fails if elements are not closed in order.
func balanced(t *testing.T, html string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.Replace(html, "<!doctype html>", "", 1)))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "img"}, xml.HTMLEntity
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
	}
}

func TestSameBytes(t *testing.T) {
	var pages [2][]byte
	for i := range pages {
		f, err := report.New(t.TempDir(), "run")
		require.NoError(t, err)
		f.Text("before any section")
		require.NoError(t, f.Chart("a", &chart.Chart{Layers: []chart.Layer{chart.Line{Name: "x", Y: []float64{1, 3}}}}))
		require.NoError(t, f.Close())
		pages[i] = []byte(read(t, f.Path("report.html")))
	}
	assert.True(t, bytes.Equal(pages[0], pages[1]))
	assert.Contains(t, string(pages[0]), "before any section")
}

func TestFileMistakes(t *testing.T) {
	f, err := report.New(t.TempDir(), "run")
	require.NoError(t, err)
	assert.EqualError(t, f.Chart("a", &chart.Chart{Layers: []chart.Layer{nil}}), "report: a: chart: layer 0 is nil: want a chart.Line, Band, Points, Bars, Histogram or Heat")
	assert.ErrorContains(t, f.Config(func() {}), "report: config.json: ")
	require.NoError(t, os.RemoveAll(f.Dir))
	require.NoError(t, os.WriteFile(f.Dir, nil, 0o666))
	assert.ErrorContains(t, f.Close(), "report: ")
}
