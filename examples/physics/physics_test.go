package main

import (
	"context"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExact puts the known solutions into the equations, by differences.
func TestExact(t *testing.T) {
	const h = 1e-4
	at := func(name string, x, y float64) (u, ux, uy, uxx, uyy float64) {
		f := equations[name].exact
		u = f(x, y)
		right, left, up, down := f(x+h, y), f(x-h, y), f(x, y+h), f(x, y-h)
		return u, (right - left) / (2 * h), (up - down) / (2 * h), (right - 2*u + left) / (h * h), (up - 2*u + down) / (h * h)
	}
	for _, p := range [][2]float64{{0.3, 0.2}, {0.51, 0.7}, {0.9, 0.4}, {-0.02, 0.9}} {
		x, y := p[0], p[1]
		_, _, _, uxx, uyy := at("poisson", x, y)
		assert.InDelta(t, -2*math.Pi*math.Pi*math.Sin(math.Pi*x)*math.Sin(math.Pi*y), uxx+uyy, 1e-5)
		_, _, ut, uxx, _ := at("heat", x, y)
		assert.InDelta(t, conductivity*uxx, ut, 1e-6)
		u, ux, ut, uxx, _ := at("burgers", x, y)
		assert.InDelta(t, viscosity*uxx, ut+u*ux, 1e-4)
	}
	assert.Equal(t, -1.0, equations["burgers"].exact(0.5, 0))
}

// TestSolve solves each equation with less work, and well enough.
func TestSolve(t *testing.T) {
	for name, e := range equations {
		s, err := solve(context.Background(), io.Discard, e, options{points: 400, width: 12, layers: 2, adam: 100, lbfgs: 150}, 1)
		require.NoError(t, err)
		var xs, ys []float64
		for i := range 11 {
			for j := range 11 {
				xs, ys = append(xs, e.x.at(float64(i)/10)), append(ys, e.y.at(float64(j)/10))
			}
		}
		u, err := s.values(xs, ys)
		require.NoError(t, err)
		for i := range u {
			onBorder := xs[i] == e.x.from || xs[i] == e.x.to || ys[i] == e.y.from
			limit := 0.05
			if onBorder {
				limit = 1e-9 // right by construction
			}
			assert.InDelta(t, e.exact(xs[i], ys[i]), u[i], limit, "%s at %v, %v", name, xs[i], ys[i])
		}
	}
}
