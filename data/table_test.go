package data_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

func TestNewTable(t *testing.T) {
	table, err := data.NewTable([]string{"x", "kind"}, []any{[]float64{1.5, math.NaN(), 3}, []string{"2", "", "2"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"x", "kind"}, table.Names())
	assert.Equal(t, 3, table.Len())
	x, err := table.Floats("x")
	require.NoError(t, err)
	v := x.Float32s()
	assert.Equal(t, []float32{1.5, 3}, []float32{v[0], v[2]})
	assert.True(t, math.IsNaN(float64(v[1])))
	y, classes, err := table.Classes("kind")
	require.NoError(t, err)
	assert.Equal(t, []int64{1, 0, 1}, y.Int64s())
	assert.Equal(t, []string{"", "2"}, classes)
	_, err = table.Floats("kind")
	assert.EqualError(t, err, `table: line 1, column "kind": "2" is not a finite number: use Classes, or list it in CSV.Null if it stands for a missing one`)

	for want, c := range map[string]struct {
		names   []string
		columns []any
	}{
		"table: 0 names for 0 columns: give each column a name":                                  {},
		"table: 1 names for 2 columns: give each column a name":                                  {[]string{"a"}, []any{[]float64{1}, []float64{1}}},
		`table: two columns are named "a": rename one`:                                           {[]string{"a", "a"}, []any{[]float64{1}, []float64{1}}},
		`table: column "a" is a []int: it must be a []float64 or a []string`:                     {[]string{"a"}, []any{[]int{1}}},
		`table: column "a" has 0 rows, the first has 0: all must have as many, and at least one`: {[]string{"a"}, []any{[]float64{}}},
		`table: column "b" has 1 rows, the first has 2: all must have as many, and at least one`: {[]string{"a", "b"}, []any{[]float64{1, 2}, []string{"x"}}},
	} {
		_, err := data.NewTable(c.names, c.columns)
		assert.EqualError(t, err, want)
	}
}
