package formula

import (
	"math"
	"slices"
	"sync"
)

var constants = map[string]float64{"π": math.Pi, "pi": math.Pi, "inf": math.Inf(1), "nan": math.NaN()}

// A function of numbers: its value, and its derivatives by each argument as
// formulas in a, b and c, for y = f(a, b, c).
type function struct {
	eval       func(x []float64) float64
	derivative []string // one for each argument
}

// arity returns how many arguments f takes.
func (f function) arity() int { return len(f.derivative) }

func of1(f func(float64) float64, derivative string) function {
	return function{func(x []float64) float64 { return f(x[0]) }, []string{derivative}}
}

func of2(f func(a, b float64) float64, da, db string) function {
	return function{func(x []float64) float64 { return f(x[0], x[1]) }, []string{da, db}}
}

func of3(f func(a, b, c float64) float64, da, db, dc string) function {
	return function{func(x []float64) float64 { return f(x[0], x[1], x[2]) }, []string{da, db, dc}}
}

// functions are the functions that are computed and differentiated. Those that
// a formula defines are in definitions.
var functions = map[string]function{
	"abs":       of1(math.Abs, "sign(a)"),
	"sign":      of1(sign, "0"),
	"sqrt":      of1(math.Sqrt, "1/(2*sqrt(a))"),
	"exp":       of1(math.Exp, "exp(a)"),
	"expm1":     of1(math.Expm1, "exp(a)"),
	"log":       of1(math.Log, "1/a"),
	"log1p":     of1(math.Log1p, "1/(1 + a)"),
	"log2":      of1(math.Log2, "1/(a*log(2))"),
	"log10":     of1(math.Log10, "1/(a*log(10))"),
	"sin":       of1(math.Sin, "cos(a)"),
	"cos":       of1(math.Cos, "-sin(a)"),
	"tan":       of1(math.Tan, "1 + tan(a)^2"),
	"asin":      of1(math.Asin, "1/sqrt(1 - a^2)"),
	"acos":      of1(math.Acos, "-1/sqrt(1 - a^2)"),
	"atan":      of1(math.Atan, "1/(1 + a^2)"),
	"sinh":      of1(math.Sinh, "cosh(a)"),
	"cosh":      of1(math.Cosh, "sinh(a)"),
	"tanh":      of1(math.Tanh, "1 - tanh(a)^2"),
	"asinh":     of1(math.Asinh, "1/sqrt(a^2 + 1)"),
	"acosh":     of1(math.Acosh, "1/sqrt(a^2 - 1)"),
	"atanh":     of1(math.Atanh, "1/(1 - a^2)"),
	"erf":       of1(math.Erf, "2/sqrt(π)*exp(-a^2)"),
	"erfc":      of1(math.Erfc, "-2/sqrt(π)*exp(-a^2)"),
	"erfinv":    of1(math.Erfinv, "sqrt(π)/2*exp(erfinv(a)^2)"),
	"sigmoid":   of1(sigmoid, "sigmoid(a)*(1 - sigmoid(a))"),
	"relu":      of1(func(x float64) float64 { return max(x, 0) }, "where(a > 0, 1, 0)"),
	"softplus":  of1(func(x float64) float64 { return logaddexp(x, 0) }, "sigmoid(a)"),
	"lgamma":    of1(func(x float64) float64 { y, _ := math.Lgamma(x); return y }, "digamma(a)"),
	"digamma":   of1(func(x float64) float64 { return polygamma(0, x) }, "polygamma(1, a)"),
	"polygamma": of2(polygamma, "0", "polygamma(a + 1, b)"),
	"besseli":   of2(besseli, "0", "a == 0 ? besseli(1, b) : besseli(a - 1, b) - a/b*besseli(a, b)"),
	"floor":     of1(math.Floor, "0"),
	"ceil":      of1(math.Ceil, "0"),
	"round":     of1(math.RoundToEven, "0"),
	"min":       of2(func(a, b float64) float64 { return min(a, b) }, "where(a < b, 1, where(a == b, 0.5, 0))", "where(b < a, 1, where(a == b, 0.5, 0))"),
	"max":       of2(func(a, b float64) float64 { return max(a, b) }, "where(a > b, 1, where(a == b, 0.5, 0))", "where(b > a, 1, where(a == b, 0.5, 0))"),
	"mod":       of2(mod, "1", "-floor(a/b)"),
	"atan2":     of2(math.Atan2, "b/(a^2 + b^2)", "-a/(a^2 + b^2)"),
	"hypot":     of2(math.Hypot, "a/hypot(a, b)", "b/hypot(a, b)"),
	"logaddexp": of2(logaddexp, "sigmoid(a - b)", "sigmoid(b - a)"),
	"clip":      of3(func(x, low, high float64) float64 { return min(max(x, low), high) }, "where(a >= b && a <= c, 1, 0)", "where(a < b, 1, 0)", "where(a > c, 1, 0)"),
	"where":     of3(where, "0", "where(a, 1, 0)", "where(a, 0, 1)"),
	"isnan":     of1(func(x float64) float64 { return truth(x != x) }, "0"),
	"isinf":     of1(func(x float64) float64 { return truth(math.IsInf(x, 0)) }, "0"),
}

// A definition is a function written in others.
type definition struct {
	args []string
	body string
}

// definitions are read once, when first needed.
var definitions = map[string]definition{

	"leakyrelu":  {[]string{"a", "b"}, "where(a > 0, a, b*a)"},
	"elu":        {[]string{"a"}, "where(a > 0, a, expm1(min(a, 0)))"},
	"silu":       {[]string{"a"}, "a*sigmoid(a)"},
	"gelu":       {[]string{"a"}, "a/2*(1 + erf(a/sqrt(2)))"},
	"mish":       {[]string{"a"}, "a*tanh(softplus(a))"},
	"logsigmoid": {[]string{"a"}, "-softplus(-a)"},
	"square":     {[]string{"a"}, "a^2"},
	"huber":      {[]string{"a", "b"}, "where(abs(a) <= b, a^2/2, b*(abs(a) - b/2))"},
	"logcosh":    {[]string{"a"}, "abs(a) + log1p(exp(-2*abs(a))) - log(2)"},
	"xlogy":      {[]string{"a", "b"}, "where(a == 0, 0, a*log(where(a == 0, 1, b)))"},
	"var":        {[]string{"a"}, "sum((a - mean(a))^2)/(count(a) - 1)"},
	"std":        {[]string{"a"}, "sqrt(var(a))"},
	"norm":       {[]string{"a"}, "sqrt(sum(a^2))"},
}

var bodies sync.Map // of *Expr by name

// definedBody returns what a function is defined as.
func definedBody(name string) *Expr {
	if e, ok := bodies.Load(name); ok {
		return e.(*Expr)
	}
	e, _ := bodies.LoadOrStore(name, own(definitions[name].body))
	return e.(*Expr)
}

// own reads a formula of this package's.
func own(text string) *Expr {
	e, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return e
}

// reductions turn all elements of a tensor into one number; a number is a tensor
// of one element.
var reductions = []string{"sum", "mean", "max", "min", "count"}

// Reduction reports whether e is a call that turns all elements of its argument
// into one number: sum(a), mean(a), max(a), min(a), and count(a), which is how
// many there are.
func (e *Expr) Reduction() bool {
	return e.Kind == Call && e.Sub == "" && len(e.Args) == 1 && slices.Contains(reductions, e.Text)
}

// Definition returns what a call of a function that is defined by others stands
// for, as a formula in the returned names of its arguments: relu(a) is max(a, 0).
// It returns nil for any other expression.
func (e *Expr) Definition() (body *Expr, args []string) {
	if e.Kind != Call || e.Sub != "" {
		return nil, nil
	}
	d, ok := definitions[e.Text]
	if !ok || len(d.args) != len(e.Args) {
		return nil, nil
	}
	return definedBody(e.Text), d.args
}

// Functions returns the names of the functions that can be computed, sorted.
func Functions() []string {
	all := slices.Clone(reductions)
	for f := range functions {
		all = append(all, f)
	}
	for f := range definitions {
		all = append(all, f)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func where(c, a, b float64) float64 {
	if c != 0 {
		return a
	}
	return b
}

func sign(x float64) float64 {
	if x == 0 || x != x {
		return x
	}
	return math.Copysign(1, x)
}

func sigmoid(x float64) float64 {
	if x < 0 {
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

func logaddexp(a, b float64) float64 {
	if a == b {
		return a + math.Ln2
	}
	return max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b)))
}

// mod has the sign of b.
func mod(a, b float64) float64 {
	r := math.Mod(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

// polygamma is derivative n+1 of log Γ(x): by its recurrence up to where the
// asymptotic series is exact (DLMF 5.15.8), by reflection below 0
// for n up to 1.
func polygamma(n, x float64) float64 {
	order := int(n)
	switch {
	case float64(order) != n || order < 0 || x <= 0 && (order > 1 || x == math.Floor(x)):
		return math.NaN()
	case x <= 0 && order == 0:
		return polygamma(0, 1-x) - math.Pi/math.Tan(math.Pi*x)
	case x <= 0:
		return math.Pow(math.Pi/math.Sin(math.Pi*x), 2) - polygamma(1, 1-x)
	}
	sum := 0.0
	factorial := math.Gamma(n + 1)
	for ; x < 30+n; x++ {
		sum += factorial / math.Pow(x, n+1)
	}
	var tail float64
	if order == 0 {
		tail = math.Log(x) - 1/(2*x)
	} else {
		tail = math.Gamma(n)/math.Pow(x, n) + factorial/(2*math.Pow(x, n+1))
	}
	bernoulli := []float64{1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6}
	for k, b := range bernoulli {
		two := float64(2 * (k + 1))
		term := b * math.Gamma(two+n) / math.Gamma(two+1) / math.Pow(x, two+n)
		if order == 0 {
			tail -= term
		} else {
			tail += term
		}
	}
	if order == 0 {
		return tail - sum
	}
	if order%2 == 0 {
		return -(sum + tail)
	}
	return sum + tail
}

// besseli is the modified Bessel function of whole order n: the mean of
// exp(x·cos t)·cos(n·t), by the trapezoidal rule, which is exact to rounding for
// periodic functions as smooth as this.
func besseli(n, x float64) float64 {
	points := 64 + 4*int(min(math.Abs(x), 1000))
	sum := 0.0
	for k := range points {
		t := 2 * math.Pi * float64(k) / float64(points)
		sum += math.Exp(x*math.Cos(t)) * math.Cos(n*t)
	}
	return sum / float64(points)
}
