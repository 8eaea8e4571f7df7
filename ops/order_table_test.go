package ops_test

import (
	"math"
	"slices"
	"sort"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// first returns the first result of an op that has two.
func first(a, _ *node) *node  { return a }
func second(_, b *node) *node { return b }

func sorted(row []float64) []float64 {
	sort.Float64s(row)
	return row
}

// far are values whose order no difference of the checks changes.
var far = in(-1000, 1000, b, n, 2)

func orderLines() []line {
	running := func(f func(y, x float64) float64) func(row []float64) []float64 {
		return func(row []float64) []float64 {
			for i := 1; i < len(row); i++ {
				row[i] = f(row[i-1], row[i])
			}
			return row
		}
	}
	lower := func(row []float64) []float64 { return sorted(row)[(len(row)-1)/2:][:1] }
	kth := rows("KthValue", func(x *node) *node { return first(ops.KthValue(ops.Concat(1, x, x), 1, 1)) }, -20, 20,
		func(row []float64) []float64 { return []float64{slices.Min(row)} })
	top := rows("TopK", func(x *node) *node { return first(ops.TopK(ops.Concat(1, x, ops.Add(x, graph.Scalar(100))), 1, 1)) }, -20, 20,
		func(row []float64) []float64 { return []float64{slices.Max(row) + 100} })
	kth.full, top.full = true, true
	return slices.Concat(
		[]line{
			rows("Sort", func(x *node) *node { return first(ops.Sort(x, 1, false)) }, -20, 20, sorted),
			rows("Sort/descending", func(x *node) *node { return first(ops.Sort(x, -1, true)) }, -20, 20, func(row []float64) []float64 {
				sorted(row)
				slices.Reverse(row)
				return row
			}),
			of1("Sort/middle", func(x *node) *node { return first(ops.Sort(x, 1, false)) }, far),
			of1("ArgSort", func(x *node) *node { return ops.ArgSort(x, 1, false) }, far),
			kth, top,
			known(of1("TopK/more", func(x *node) *node { return first(ops.TopK(x, 2, 2)) }, far)),
			of2("SearchSorted", func(x, y *node) *node { return ops.SearchSorted(first(ops.Sort(x, 1, false)), y, false) }, matrix, in(-2, 2, b, 4)),
			of2("SearchSorted/right", func(x, y *node) *node { return ops.SearchSorted(first(ops.Sort(x, 0, false)), y, true) }, in(-2, 2, n), in(-2, 2, b, 2)),
			rows("CumMax", func(x *node) *node { return first(ops.CumMax(x, 1)) }, -20, 20, running(math.Max)),
			rows("CumMin", func(x *node) *node { return first(ops.CumMin(x, 1)) }, -20, 20, running(math.Min)),
			of1("CumMax/middle", func(x *node) *node { return first(ops.CumMax(x, 1)) }, far),
			of1("CumMax/places", func(x *node) *node { return second(ops.CumMax(x, 1)) }, far),
			rows("LogCumSumExp", func(x *node) *node { return ops.LogCumSumExp(x, 1) }, -3, 3, running(func(y, x float64) float64 { return math.Log(math.Exp(y) + math.Exp(x)) })),
			of1("LogCumSumExp/middle", func(x *node) *node { return ops.LogCumSumExp(x, 1) }, cube),
			of1("Diff", func(x *node) *node { return ops.Diff(x, 2, 1) }, in(-2, 2, b, 5)),
			rows("Trapezoid", func(x *node) *node { return ops.Trapezoid(ops.Pad(x, 1, 1, 1, 0), nil, 1) }, -2, 2, func(row []float64) []float64 { return []float64{sumOf(row)} }),
			of2("Trapezoid/places", func(y, x *node) *node { return ops.Trapezoid(y, x, 1) }, in(-2, 2, b, 4, n), in(-2, 2, 4, 1)),
			of2("MaskedFill", func(x, v *node) *node { return ops.MaskedFill(x, ops.Less(x, graph.Scalar(0)), v) }, in(-3, -1, b, n), in(1, 2, n)),
			of2("MaskedSelect", func(x, m *node) *node { return first(ops.MaskedSelect(x, m)) }, matrix, bools(n)),
			of2("MaskedSelect/count", func(x, m *node) *node { return second(ops.MaskedSelect(x, m)) }, in(-2, 2, n), bools(b, n)),
		},
		full(rows("Median", func(x *node) *node { return first(ops.Median(x, 1)) }, -20, 20, lower)),
		full(rows("NaNMedian", func(x *node) *node { return first(ops.NaNMedian(x, 1)) }, -20, 20, lower)),
		full(of1("Median/middle", func(x *node) *node { return first(ops.Median(x, 1)) }, far)),
		reduce("NaNSum", ops.NaNSum, -2, 2, false, sumOf),
		reduce("NaNMean", ops.NaNMean, -2, 2, false, mean),
		reduce("NaNVar", ops.NaNVar, -2, 2, false, func(row []float64) float64 {
			if len(row) < 2 {
				return nan
			}
			return variance(row)
		}),
		reduce("NaNMax", ops.NaNMax, -20, 20, true, slices.Max),
		reduce("NaNMin", ops.NaNMin, -20, 20, true, slices.Min),
	)
}

func scatterLines() []line {
	slices4 := in(-2, 2, b, 4, 2)
	segments := func(name string, f func(x, s *node, n graph.Dim) *node) line {
		return of2(name, func(x, s *node) *node { return f(x, s, 5) }, in(-20, 20, 4, b), ints(-5, 5, 4))
	}
	list := []line{
		of3("Scatter", func(x, i, v *node) *node { return ops.Scatter(x, i, v, 1) }, cube, index(b, 4, 2), slices4),
		known(of3("Scatter/shorter", func(x, i, v *node) *node { return ops.Scatter(x, i, v, 1) }, in(-2, 2, 4, n, 3), index(2, 4, 3), in(-2, 2, 2, 4, 3))),
		of3("IndexAdd", func(x, i, v *node) *node { return ops.IndexAdd(x, i, v, 1) }, cube, index(4), slices4),
		of3("IndexCopy", func(x, i, v *node) *node { return ops.IndexCopy(x, i, v, 1) }, cube, index(4), slices4),
		of3("IndexFill", func(x, i, v *node) *node { return ops.IndexFill(x, i, v, 1) }, cube, index(2), in(-2, 2)),
		of2("GatherND", ops.GatherND, in(-2, 2, n, n, b), index(3, 2)),
		of3("ScatterND", ops.ScatterND, in(-2, 2, n, n, b), index(5, 2), in(-2, 2, 5, b)),
		of3("ScatterNDAdd", ops.ScatterNDAdd, in(-2, 2, n, b), index(3, 2, 1), in(-2, 2, 3, 2, b)),
	}
	for i := range list {
		list[i].full = true
	}
	return append(list,
		segments("SegmentSum", ops.SegmentSum), segments("SegmentMean", ops.SegmentMean),
		of2("SegmentMax", func(x, s *node) *node { return ops.SegmentMax(x, s, 1) }, in(-1000, 1000, 4, b), ints(-1, 1, 4)),
		of2("SegmentMin", func(x, s *node) *node { return ops.SegmentMin(x, s, 1) }, in(-1000, 1000, 4, b, n), ints(-1, 1, 4)),
	)
}

func specialLines() []line {
	return slices.Concat(
		pieces("Trunc", ops.Trunc, math.Trunc, -3, -2, -1, 0, 1, 2),
		pieces("Frac", ops.Frac, func(x float64) float64 { return x - math.Trunc(x) }, -3, -2, -1, 0, 1, 2),
		pieces("Sinc", ops.Sinc, func(x float64) float64 { return math.Sin(math.Pi*x) / (math.Pi * x) }, -3, -0.25, 0.25, 1.5, 3),
		[]line{
			unary("Logit", ops.Logit, 0.1, 0.9, func(x float64) float64 { return math.Log(x / (1 - x)) }),
			unary("Erfinv", ops.Erfinv, -0.9, 0.9, math.Erfinv),
			unary("LGamma", ops.LGamma, 0.5, 5, func(x float64) float64 {
				y, _ := math.Lgamma(x)
				return y
			}),
			unary("LGamma/negative", ops.LGamma, -1.8, -1.2, func(x float64) float64 { return math.Log(math.Abs(math.Gamma(x))) }),
			unary("Digamma", ops.Digamma, 0.5, 5, func(x float64) float64 { return polygammaSum(0, x) }),
			unary("Digamma/negative", ops.Digamma, -1.8, -1.2, func(x float64) float64 { return polygammaSum(0, x) }),
			unary("Polygamma", func(x *node) *node { return ops.Polygamma(1, x) }, 0.5, 5, func(x float64) float64 { return polygammaSum(1, x) }),
			unary("Polygamma/negative", func(x *node) *node { return ops.Polygamma(2, x) }, -1.7, -1.3, func(x float64) float64 { return polygammaSum(2, x) }),
			unary("Polygamma/high", func(x *node) *node { return ops.Polygamma(4, x) }, 1, 5, func(x float64) float64 { return polygammaSum(4, x) }),
			unary("I0", ops.I0, -3, 3, func(x float64) float64 { return besselIntegral(0, x) }),
			unary("I0/large", ops.I0, 26, 30, func(x float64) float64 { return besselIntegral(0, x) }),
			unary("I1", ops.I1, -3, 3, func(x float64) float64 { return besselIntegral(1, x) }),
			unary("I1/large", ops.I1, -30, -26, func(x float64) float64 { return besselIntegral(1, x) }),
		},
		binary("FMax", ops.FMax, in(0.5, 1.5), in(2, 3), math.Max),
		binary("FMin", ops.FMin, in(0.5, 1.5), in(2, 3), math.Min),
		binary("XLogY", ops.XLogY, in(-2, 2), in(0.5, 3), func(x, y float64) float64 { return x * math.Log(y) }),
		binary("XLog1pY", ops.XLog1pY, in(-2, 2), in(-0.5, 3), func(x, y float64) float64 { return x * math.Log1p(y) }),
		[]line{{name: "Lerp", f: func(x ...*node) *node { return ops.Lerp(x[0], x[1], x[2]) }, args: []arg{in(-2, 2, n), in(-2, 2, b, n), in(0, 1, b, 1)},
			want: func(x []array) []float64 {
				return elementwise(x, func(v []float64) float64 { return v[0] + v[2]*(v[1]-v[0]) })
			}}},
	)
}

// polygammaSum is the n-th derivative of digamma by its series over all poles,
// whose tail is an integral: (-1)ⁿ⁺¹ n! Σ (x+k)⁻ⁿ⁻¹.
func polygammaSum(n int, x float64) float64 {
	const terms = 200000
	sum := 0.0
	if n == 0 {
		const euler = 0.57721566490153286060651209008240243
		for k := float64(terms - 1); k >= 0; k-- {
			sum += (x - 1) / ((k + 1) * (k + x))
		}
		return sum + math.Log((terms-0.5+x)/(terms+0.5)) - euler
	}
	s := float64(n + 1)
	for k := float64(terms - 1); k >= 0; k-- {
		sum += math.Pow(x+k, -s)
	}
	sum += math.Pow(terms-0.5+x, 1-s) / (s - 1)
	return math.Pow(-1, s) * math.Gamma(s) * sum
}

// besselIntegral is 1/π ∫ exp(x cos t) cos(nt) dt over [0, π], where the
// trapezoidal rule converges geometrically.
func besselIntegral(n, x float64) float64 {
	const steps = 400
	sum := (math.Exp(x) + math.Exp(-x)*math.Cos(n*math.Pi)) / 2
	for i := 1; i < steps; i++ {
		t := math.Pi * float64(i) / steps
		sum += math.Exp(x*math.Cos(t)) * math.Cos(n*t)
	}
	return sum / steps
}

func statisticsLines() []line {
	apart := func(name string, p float64) line {
		return of2("CDist"+name, func(x, y *node) *node { return ops.CDist(x, y, p) }, in(-2, -1, b, n, 2), in(1, 2, 3, 2))
	}
	return []line{
		{name: "Bincount", f: func(x ...*node) *node { return ops.Bincount(x[0], 4) }, args: []arg{ints(0, 4, b, n)},
			want: func(x []array) []float64 {
				out := make([]float64, 4)
				for _, v := range x[0].v {
					out[int(v)]++
				}
				return out
			}},
		{name: "Histogram", f: func(x ...*node) *node { return ops.Histogram(x[0], -1, 2, 3) }, args: []arg{in(-2, 3, b, n)},
			want: func(x []array) []float64 {
				out := make([]float64, 3)
				for _, v := range x[0].v {
					if v >= -1 && v < 2 {
						out[int(v+1)]++
					}
				}
				return out
			}},
		of1("Cov", ops.Cov, in(-2, 2, b, 4)),
		of1("Corr", ops.Corr, in(-2, 2, b, 4)),
		apart("", 2), apart("/one", 1),
		of2("PairwiseDistance", func(x, y *node) *node { return ops.PairwiseDistance(x, y, 2, 1e-6) }, in(-2, -1, b, n), in(1, 2, n)),
		of1("Renorm", func(x *node) *node { return ops.Renorm(x, 2, 1, 0.5) }, in(1, 2, b, n, 2)),
		of1("Renorm/small", func(x *node) *node { return ops.Renorm(x, 2, 0, 1000) }, in(1, 2, b, n)),
		of1("DiagEmbed", func(x *node) *node { return ops.DiagEmbed(x, 0) }, matrix),
		of1("DiagEmbed/below", func(x *node) *node { return ops.DiagEmbed(x, -2) }, matrix),
		of1("Rot90", func(x *node) *node { return ops.Rot90(x, 1, 0, 1) }, cube),
		of1("Rot90/half", func(x *node) *node { return ops.Rot90(x, 2, 0, -1) }, cube),
		of1("Rot90/back", func(x *node) *node { return ops.Rot90(x, -1, 1, 2) }, cube),
		of2("Meshgrid", func(x, y *node) *node {
			g := ops.Meshgrid(x, y)
			return ops.Mul(g[0], g[1])
		}, in(-2, 2, b), in(-2, 2, n)),
	}
}
