package optim_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/optim"
)

func TestScheduleShapes(t *testing.T) {
	for name, c := range map[string]struct {
		s    optim.Schedule
		want []float64
	}{
		"constant":    {optim.Constant, []float64{8, 8, 8}},
		"step":        {optim.Step(2, 0.5), []float64{8, 8, 4, 4, 2}},
		"multistep":   {optim.MultiStep(0.5, 1, 3, 3), []float64{8, 4, 4, 1, 1}},
		"none":        {optim.MultiStep(0.5), []float64{8, 8}},
		"exponential": {optim.Exponential(0.25), []float64{8, 2, 0.5}},
		"linear":      {optim.Linear(0.5, 2), []float64{4, 6, 8, 8}},
		"polynomial":  {optim.Polynomial(2, 2), []float64{8, 2, 0, 0}},
		"cosine":      {optim.Cosine(2, 2), []float64{8, 5, 2, 5, 8}},
		"restarts":    {optim.CosineRestarts(2, 1, 2), []float64{8, 5, 8, 5, 8}},
		"longer":      {optim.CosineRestarts(1, 2, 2), []float64{8, 8, 5, 8, 8 - 6*(1-math.Sqrt2/2)/2, 5, 2 + 6*(1-math.Sqrt2/2)/2, 8}},
		"warmup":      {optim.WarmUp(3, optim.Step(1, 0.5)), []float64{2, 4, 6, 8, 4, 2}},
		"cyclic":      {optim.Cyclic(12, 1, 2), []float64{8, 12, 10, 8, 12}},
		"one cycle":   {optim.OneCycle(2, 5, optim.OneCycleOptions{Rise: 0.6, Start: 2, End: 4}), []float64{1, 1.5, 2, 1.125, 0.25, 0.25}},
		"all down":    {optim.OneCycle(2, 2, optim.OneCycleOptions{Rise: 0.5, Start: 2, End: 4}), []float64{2, 0.25}},
	} {
		t.Run(name, func(t *testing.T) { near(t, c.want, ratesOf(t, c.s, 8, len(c.want)), 1e-12) })
	}
}

// TestRestartsAreExact checks each restart against counting, where a logarithm
// may be off by one.
func TestRestartsAreExact(t *testing.T) {
	for _, first := range []int{1, 3, 10} {
		for mult := 1; mult <= 5; mult++ {
			got := ratesOf(t, optim.CosineRestarts(first, mult, 0), 1, 2000)
			length, at := first, 0
			for i, v := range got {
				if at == length {
					length, at = length*mult, 0
				}
				assert.InDelta(t, (1+math.Cos(math.Pi*float64(at)/float64(length)))/2, v, 1e-9, "first %d mult %d step %d", first, mult, i)
				at++
			}
		}
	}
}
