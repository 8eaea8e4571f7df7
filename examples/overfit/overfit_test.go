package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/data"
)

// TestTreatments trains small networks: what is learned by heart without a remedy, and
// what each of them does about it.
func TestTreatments(t *testing.T) {
	o := options{digits: 150, width: 64, epoch: 40, lr: 3e-3, wrong: 0.2}
	s, err := load(o, 1)
	require.NoError(t, err)
	by := map[string]*outcome{}
	for _, treat := range treatments {
		r, err := treat.run(context.Background(), s, o, 1)
		require.NoError(t, err)
		by[treat.name] = r
	}
	none := by["none"]
	assert.Equal(t, 1.0, none.Train, "it knows the wrong labels by heart")
	assert.Less(t, none.Test, 0.85)
	assert.Greater(t, by["L1"].Small, 0.5)
	assert.Less(t, none.Small, 0.1)
	assert.Less(t, by["L2"].Train, 1.0)
	assert.Less(t, by["early stopping"].Epochs, 40)
	assert.Less(t, by["early stopping"].Loss, none.Loss)
	assert.Less(t, by["dropout"].Loss, none.Loss)
	assert.Greater(t, by["augmentation"].Test, none.Test)
	assert.Greater(t, by["all but L1"].Test, none.Test)
}

func TestMislabelled(t *testing.T) {
	d := data.Digits(50, 1)
	bad, err := mislabelled(d, 0.3, 1)
	require.NoError(t, err)
	other := 0
	for i, y := range bad.Column(1).Int64s() {
		assert.True(t, y >= 0 && y < 10)
		if y != d.Column(1).Int64s()[i] {
			other++
		}
	}
	assert.Equal(t, 15, other)
	assert.Equal(t, d.Column(0).Data(), bad.Column(0).Data())
}
