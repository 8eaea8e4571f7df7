package report

import (
	"math"
	"regexp"
)

var unfit = regexp.MustCompile(`[^\pL\pN._]+`)

// Smooth returns the exponential running mean of values over about n of them,
// without the pull of a start at 0. Values that are no finite numbers are passed
// over.
func Smooth(values []float64, n int) []float64 {
	beta := 1 - 1/float64(max(n, 1))
	out := make([]float64, len(values))
	sum, weight := 0.0, 0.0
	for i, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			sum, weight = beta*sum+(1-beta)*v, beta*weight+(1-beta)
		}
		out[i] = sum / weight // NaN before the first
	}
	return out
}

// steep says whether values span so much that a logarithmic axis shows them better.
func steep(values []float64) bool {
	low, high := math.Inf(1), 0.0
	for _, v := range values {
		if v <= 0 {
			return false
		}
		low, high = min(low, v), max(high, v)
	}
	return high > 20*low
}

// A trace is a curve that grows without limit in limited memory: when it has too
// many points, neighbours become their mean.
type trace struct {
	x, y   []float64
	stride int // values in a point
	sumX   float64
	sumY   float64
	n      int
}

const longest = 4000 // points of a trace

func (t *trace) add(x, y float64) {
	t.stride = max(t.stride, 1)
	t.sumX, t.sumY, t.n = t.sumX+x, t.sumY+y, t.n+1
	if t.n < t.stride {
		return
	}
	t.x, t.y = append(t.x, t.sumX/float64(t.n)), append(t.y, t.sumY/float64(t.n))
	t.sumX, t.sumY, t.n = 0, 0, 0
	if len(t.x) < longest {
		return
	}
	for i := range longest / 2 {
		t.x[i], t.y[i] = (t.x[2*i]+t.x[2*i+1])/2, (t.y[2*i]+t.y[2*i+1])/2
	}
	t.x, t.y, t.stride = t.x[:longest/2], t.y[:longest/2], 2*t.stride
}
