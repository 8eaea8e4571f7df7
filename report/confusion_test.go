package report_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/report"
	"github.com/adjointml/adjoint/train"
)

func TestConfusion(t *testing.T) {
	f, err := report.New(t.TempDir(), "run")
	require.NoError(t, err)
	f.Section("Confusion", "")
	labels := []int{0, 0, 0, 1, 1, 2}
	require.NoError(t, f.Confusion([]string{"cat", "dog", "eel"}, labels, []int{0, 0, 1, 1, 1, 1}))
	require.NoError(t, f.Close())
	assert.Contains(t, read(t, f.Path("confusion.svg")), ">cat</text>")
	page := strings.NewReplacer(`<td class="n">`, "|", "<td>", "|", "</td>", "", "<tr>", "", "</tr>", "").Replace(read(t, f.Path("report.html")))
	for _, want := range []string{
		"<p>4 of 6 are right: 66.67 %.</p>",
		"|cat|3|100.0 %|66.7 %|80.0 %\n", // 2 of 2, 2 of 3
		"|dog|2|50.0 %|100.0 %|66.7 %\n", // 2 of 4, 2 of 2
		"|eel|1|0.0 %|0.0 %|0.0 %\n",     // taken for it: none
	} {
		assert.Contains(t, page, want)
	}
	assert.Equal(t, []int{0, 0, 0, 1, 1, 2}, labels, "nothing is written to what was given")

	require.NoError(t, f.Confusion(nil, nil, nil), "of nothing")
	many := make([]int, 60)
	for i := range many {
		many[i] = i
	}
	require.NoError(t, f.Confusion(nil, many, many))
	assert.EqualError(t, f.Confusion(nil, []int{1}, nil), "report: 0 predictions for 1 labels: want one for each")
	assert.EqualError(t, f.Confusion([]string{"a"}, []int{0}, []int{1}), "report: row 0 is of class 0 and taken for 1, but there are 1 classes")
}

func TestClasses(t *testing.T) {
	logits := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{0, 2, 1, 5, -1, 4}))
	got, err := report.Classes(logits)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 0}, got)
	got, err = report.Classes(tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]int64{7, 3})))
	require.NoError(t, err)
	assert.Equal(t, []int{7, 3}, got)
	_, err = report.Classes(tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{7, 3})))
	assert.EqualError(t, err, "report: f64 [2] are no classes: want floats [n classes], or integers [n]")
}

func TestRates(t *testing.T) {
	f, err := report.New(t.TempDir(), "run")
	require.NoError(t, err)
	rows, m := line(t)
	rate := &train.Rate{}
	m.Optimizer = optim.SGD(0.01).Schedule(rate.Schedule)
	trainer, err := m.Build(rows)
	require.NoError(t, err)
	finder := &train.RateFinder{Rate: rate}
	assert.EqualError(t, f.Rates(finder, 1), "report: the rate finder has tried nothing: call Find first")
	factor, err := finder.Find(context.Background(), trainer, rows)
	require.NoError(t, err)
	require.NoError(t, f.Rates(finder, factor))
	text := read(t, f.Path("rates.svg"))
	assert.Contains(t, text, "chosen: ")
	assert.Contains(t, text, ">factor of the learning rate</text>")
}
