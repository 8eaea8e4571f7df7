package digits_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/examples/internal/digits"
)

func TestLoad(t *testing.T) {
	learn, test, err := digits.Load("", 30, 12, 5)
	require.NoError(t, err)
	assert.Equal(t, 30, learn.Len())
	assert.Equal(t, 12, test.Len())
	all := data.Digits(42, 5)
	for c := range 2 {
		assert.Equal(t, all.Rows(0, 12).Column(c), test.Column(c))
		assert.Equal(t, all.Rows(12, 42).Column(c), learn.Column(c), "none of them is to test on")
	}
	_, _, err = digits.Load(t.TempDir(), 30, 12, 5)
	assert.ErrorContains(t, err, "images-idx3-ubyte", "the folder has no MNIST")
}
