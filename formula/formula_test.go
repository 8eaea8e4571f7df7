package formula

import (
	"encoding/xml"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, text string) *Expr {
	t.Helper()
	e, err := Parse(text)
	require.NoError(t, err)
	return e
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"y=tanh( x )":                 "y = tanh(x)",
		"x̄ = ȳ*(1-y^2)":              "x̄ = ȳ*(1 - y^2)",
		"y\u0304":                     "ȳ",
		"-a*b":                        "-a*b",
		"(-a)*b":                      "(-a)*b",
		"-(a*b)":                      "-a*b",
		"-x^2":                        "-x^2",
		"(-x)^2":                      "(-x)^2",
		"2^-x":                        "2^-x",
		"a^b^c":                       "a^b^c",
		"(a^b)^c":                     "(a^b)^c",
		"a-(b-c)":                     "a - (b - c)",
		"(a-b)-c":                     "a - b - c",
		"a/(b*c)":                     "a/(b*c)",
		"a*(b/c)":                     "a*(b/c)",
		"- -a":                        "-(-a)",
		"2*-x":                        "2*(-x)",
		"a@b^T + c^H":                 "a @ b^T + c^H",
		"(a@b)^T":                     "(a @ b)^T",
		"a^T^T":                       "a^T^T",
		"a^(T)":                       "a^(T)",
		"a^(T^2)":                     "a^(T^2)",
		"x>0 ? x : -x":                "x > 0 ? x : -x",
		"a ? b : c ? d : e":           "a ? b : c ? d : e",
		"(a ? b : c) ? d : e":         "(a ? b : c) ? d : e",
		"a<1||b&&!c":                  "a < 1 || b && !c",
		"!(a<1)":                      "!(a < 1)",
		"ā = ȳ*b; b̄ = ȳ*a":           "ā = ȳ*b; b̄ = ȳ*a",
		"y[i,j]=sum_k(a[i,k]*b[k,j])": "y[i, j] = sum_k(a[i, k]*b[k, j])",
		"x[...,i*2+k-1]":              "x[..., i*2 + k - 1]",
		"x_i_":                        "",
		"1e-3*.5+12":                  "0.001*0.5 + 12",
		"a·b − c ≤ d":                 "a*b - c <= d",
		"x_1^2":                       "x_1^2",
		"f()":                         "f()",
	} {
		e, err := Parse(text)
		if want == "" {
			assert.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, want, e.String(), text)
	}
}

func TestParseMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "formula: column 1: the formula ends here: expected a number, a name or (",
		"2x":                             "formula: column 2: unexpected x: expected an operator or the end",
		"a +":                            "formula: column 4: the formula ends here: expected a number, a name or (",
		"(a":                             "formula: column 3: the formula ends here: expected ) to close a parenthesis",
		"a = b = c":                      "formula: column 7: unexpected =: expected an operator or the end",
		"f(a":                            "formula: column 4: the formula ends here: expected ) or a comma after an argument",
		"f(a b)":                         "formula: column 5: unexpected b: expected ) or a comma after an argument",
		"x_":                             "formula: column 3: expected a subscript of letters or digits after _, as in x_i",
		"x_+1":                           "formula: column 3: expected a subscript of letters or digits after _, as in x_i",
		"x[1":                            "formula: column 4: the formula ends here: expected ] or a comma after an argument",
		"a < b < c":                      "formula: column 9: < after another comparison: join two with &&",
		"1.2.3":                          "formula: column 1: 1.2.3 is not a number: write it as 12, 0.5 or 1e-3",
		"a § b":                          "formula: column 3: unexpected '§'",
		"a ? b":                          "formula: column 6: the formula ends here: expected : and what holds otherwise",
		"ȳ(x)":                           "formula: column 2: ȳ( calls a name with a bar: only functions are called",
		"a\u0304b":                       "formula: column 1: the bar in a\u0304b is not at its end: a bar is over the last letter",
		"a\xff":                          "formula: the text is not UTF-8",
		strings.Repeat("(", 200):         "formula: column 101: more than 100 levels of parentheses, powers and signs: give parts names of their own",
		strings.Repeat("-", 200) + "x":   "formula: column 52: more than 100 levels of parentheses, powers and signs: give parts names of their own",
		strings.Repeat("a^", 200) + "x":  "formula: column 201: more than 100 levels of parentheses, powers and signs: give parts names of their own",
		strings.Repeat("a+", 2500) + "a": "formula: 5001 bytes are too long: at most 4096",
	} {
		_, err := Parse(text)
		if assert.Error(t, err, text) {
			assert.Equal(t, want, err.Error(), text)
		}
	}
}

// expression returns a random one, of the operators and functions that have
// values everywhere or nearly so.
func expression(r *rand.Rand, depth int) *Expr {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	part := func() *Expr { return expression(r, depth-1) }
	if depth == 0 {
		if r.IntN(3) == 0 {
			return num(float64(1+r.IntN(5)) / 2)
		}
		return name(pick("x", "y", "p"))
	}
	switch r.IntN(9) {
	case 0:
		return op(Negative, part())
	case 1, 2, 3:
		return op(pick("+", "-", "*", "/"), part(), part())
	case 4:
		return op("^", part(), num(float64(1+r.IntN(3))))
	case 5:
		return call(pick("tanh", "exp", "sigmoid", "abs", "sin", "atan", "softplus", "relu", "erf", "silu", "logcosh"), part())
	case 6:
		return call(pick("max", "min", "hypot", "logaddexp"), part(), part())
	case 7:
		return call("where", op(pick("<", ">="), part(), part()), part(), part())
	}
	return op(Choice, op("&&", op(">", part(), num(0)), op("!", part())), part(), part())
}

func TestStringIsReadBack(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 0))
	for range 3000 {
		e := expression(r, 1+r.IntN(4))
		back, err := Parse(e.String())
		require.NoError(t, err, "seed %d: %s", seed, e)
		require.True(t, e.Equal(back), "seed %d: %s is read back as %s", seed, e, back)
	}
}

// near reports whether two numbers agree, relative to the larger.
func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))
}

func TestSimplifyKeepsTheValue(t *testing.T) {
	const seed = 2
	r := rand.New(rand.NewPCG(seed, 0))
	compared := 0
	for range 3000 {
		e := expression(r, 1+r.IntN(4))
		s := Simplify(e)
		vars := map[string]float64{"x": r.NormFloat64(), "y": r.NormFloat64(), "p": r.NormFloat64()}
		want, err := e.Eval(vars)
		require.NoError(t, err)
		if math.IsNaN(want) || math.Abs(want) > 1e6 {
			continue
		}
		got, err := s.Eval(vars)
		require.NoError(t, err)
		require.True(t, near(got, want, 1e-6), "seed %d: %s = %v, simplified %s = %v at %v", seed, e, want, s, got, vars)
		require.LessOrEqual(t, size(s, map[*Expr]int{}), 2*size(e, map[*Expr]int{}), "seed %d: %s became %s", seed, e, s)
		compared++
	}
	assert.Greater(t, compared, 2000)
}

// slope returns the derivative by central differences of two widths, and whether
// they agree: at a jump or a corner they do not.
func slope(f func(float64) float64, x float64) (float64, bool) {
	at := func(h float64) float64 { return (8*(f(x+h)-f(x-h)) - (f(x+2*h) - f(x-2*h))) / (12 * h) }
	a, b := at(1e-3), at(0.5e-3)
	return b, near(a, b, 1e-6)
}

func TestDeriveAgreesWithDifferences(t *testing.T) {
	const seed = 3
	r := rand.New(rand.NewPCG(seed, 0))
	compared := 0
	for range 3000 {
		e := expression(r, 1+r.IntN(4))
		d, err := Derive(e, "x")
		require.NoError(t, err)
		vars := map[string]float64{"x": r.NormFloat64(), "y": r.NormFloat64(), "p": r.NormFloat64()}
		at := vars["x"]
		want, smooth := slope(func(x float64) float64 {
			vars["x"] = x
			v, err := e.Eval(vars)
			require.NoError(t, err)
			return v
		}, at)
		vars["x"] = at
		if !smooth || math.Abs(want) > 1e4 {
			continue
		}
		got, err := d.Eval(vars)
		require.NoError(t, err)
		require.True(t, near(got, want, 1e-4), "seed %d: derivative of %s by x, %s, is %v, differences say %v, at %v", seed, e, d, got, want, vars)
		compared++
	}
	assert.Greater(t, compared, 1500)
}

func TestEveryFunctionHasItsDerivative(t *testing.T) {
	for text, f := range functions {
		points := 0
		for _, a := range []float64{-1.7, -0.6, 0.4, 0.75, 1.3, 3.2} {
			for _, b := range []float64{-1.2, 0.3, 2.5} {
				x := []float64{a, b, b + 1.05}[:f.arity()]
				if text == "polygamma" || text == "besseli" {
					x[0], x[1] = math.Round(math.Abs(a)), math.Abs(b)
				}
				e := call(text)
				for i := range x {
					e.Args = append(e.Args, name("abc"[i:i+1]))
				}
				for i := range x {
					if i == 0 && (text == "polygamma" || text == "besseli") {
						continue // the order is whole
					}
					want, smooth := slope(func(v float64) float64 {
						z := append([]float64{}, x...)
						z[i] = v
						return f.eval(z)
					}, x[i])
					if !smooth || math.IsNaN(want) {
						continue
					}
					d, err := Derive(e, "abc"[i:i+1])
					require.NoError(t, err)
					got, err := d.Eval(map[string]float64{"a": x[0], "b": x[len(x)/2], "c": x[len(x)-1]})
					require.NoError(t, err)
					assert.True(t, near(got, want, 1e-6), "%s by argument %d at %v: %s is %v, differences say %v", text, i, x, d, got, want)
					points++
				}
			}
		}
		assert.Greater(t, points, 2, text)
	}
}

func TestSpecialFunctions(t *testing.T) {
	const euler = 0.57721566490153286
	assert.InDelta(t, -euler, polygamma(0, 1), 1e-14)
	assert.InDelta(t, -euler-2*math.Ln2, polygamma(0, 0.5), 1e-14)
	assert.InDelta(t, polygamma(0, 0.5), polygamma(0, -0.5)-2, 1e-13, "ψ(x+1) = ψ(x) + 1/x")
	assert.InDelta(t, math.Pi*math.Pi/6, polygamma(1, 1), 1e-14)
	assert.InDelta(t, -2*1.2020569031595943, polygamma(2, 1), 1e-13, "-2ζ(3)")
	assert.True(t, math.IsNaN(polygamma(0, 0)))
	assert.InDelta(t, 1.2660658777520084, besseli(0, 1), 1e-14)
	assert.InDelta(t, 0.56515910399248503, besseli(1, 1), 1e-14)
	assert.InEpsilon(t, 2815.716628466254, besseli(0, 10), 1e-13)
}

func TestDerive(t *testing.T) {
	for text, want := range map[string]string{
		"mean(abs(p - y)^1.5)":           "1.5*sqrt(abs(p - y))*sign(p - y)/count(p - y)",
		"mean((p - y)^2)":                "2*(p - y)/count(p - y)",
		"var(p)":                         "2*(p - mean(p))/(count(p) - 1)",
		"tanh(p)":                        "1 - tanh(p)^2",
		"y = p^3":                        "3*p^2",
		"p - mean(p)":                    "0",
		"norm(p)":                        "p/sqrt(sum(p^2))",
		"huber(p - y, 1)":                "where(abs(p - y) <= 1, p - y, sign(p - y))",
		"-y*log(p) - (1 - y)*log(1 - p)": "-y/p + (1 - y)/(1 - p)",
		"max(p*y)":                       "where(p*y == max(p*y), y/sum(where(p*y == max(p*y), 1, 0)), 0)",
		"sum(p)*sum(p*y)":                "sum(p*y) + sum(p)*y",
		"mean(p)*p":                      "sum(p)/count(p) + mean(p)",
		"p > 0 ? p^2 : -p":               "where(p > 0, 2*p, -1)",
		"q^2":                            "0",
		"count(p)":                       "0",
	} {
		d, err := Derive(read(t, text), "p")
		require.NoError(t, err)
		assert.Equal(t, want, d.String(), text)
	}
	for text, want := range map[string]string{
		"a @ p":     "formula: a @ p has no derivative here: @ is for matrices",
		"sum_i(p)":  "formula: sum_i(p) has the index i, which is not about numbers: write sum(...) for all elements",
		"clamp(p)":  "formula: clamp is not a known function",
		"tanh(p,1)": "formula: tanh(p, 1) has 2 arguments: tanh takes 1",
		strings.Repeat("var(", 30) + "p" + strings.Repeat(")", 30): "formula: the derivative has more than 5000 parts: give parts names of their own",
	} {
		_, err := Derive(read(t, text), "p")
		assert.ErrorContains(t, err, want)
	}
}

func TestEval(t *testing.T) {
	vars := map[string]float64{"x": 3, "ȳ": 2, "x_i": 5, "x[i, j]": 7}
	for text, want := range map[string]float64{
		"x̄ = ȳ*x":             6,
		"x_i + x[i,j]":         12,
		"2^3^2":                512,
		"-x^2":                 -9,
		"7/2*2":                7,
		"x > 2 && !(x == 3)":   0,
		"x < 2 || x >= 3":      1,
		"x != 3 ? 1 : 2":       2,
		"clip(x, 0, 1)":        1,
		"mean(x) + count(x)":   4,
		"log(exp(2)) + cos(π)": 1,
		"where(x <= 3, 4, 5)":  4,
		"mod(-1, x)":           2,
		"huber(x, 1)":          2.5,
		"sum(x) + norm(-x)":    6,
		"max(1, x) + min(1,x)": 4,
	} {
		got, err := read(t, text).Eval(vars)
		require.NoError(t, err, text)
		assert.InDelta(t, want, got, 1e-12, text)
	}
	for text, want := range map[string]string{
		"z":          "formula: z has no value: the names that have one are x, x[i, j], x_i, ȳ",
		"x @ x":      "formula: x @ x is not about numbers: @ is for matrices",
		"x; x":       "formula: x; x are 2 formulas: compute each of List",
		"Tanh(x)":    "formula: Tanh is not a known function: do you mean tanh?",
		"min(x,x,x)": "formula: min(x, x, x) has 3 arguments: min takes 2",
	} {
		_, err := read(t, text).Eval(vars)
		assert.EqualError(t, err, want)
	}
	_, err := read(t, "z").Eval(nil)
	assert.EqualError(t, err, "formula: z has no value: the names that have one are none")
}

func TestNames(t *testing.T) {
	assert.Equal(t, []string{"y", "x_i", "x[i, j]", "z̄"}, read(t, "y = x_i*x[i,j] + π*z̄ + y").Names())
	assert.Len(t, read(t, "a = b; c = d").List(), 2)
	left, right := read(t, "y = x + 1").Sides()
	assert.Equal(t, "y, x + 1", left.String()+", "+right.String())
}

// elements are those of MathML Core that formulas use.
var elements = []string{"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "msup", "msub", "munder", "mover", "mtable", "mtr", "mtd"}

// children are how many an element has.
var children = map[string]int{"mfrac": 2, "msup": 2, "msub": 2, "munder": 2, "mover": 2}

// checkMathML fails for what is not MathML Core.
func checkMathML(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	var open []string
	var counts []int
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err, text)
		switch token := token.(type) {
		case xml.StartElement:
			require.Contains(t, elements, token.Name.Local)
			if len(counts) > 0 {
				counts[len(counts)-1]++
			}
			open, counts = append(open, token.Name.Local), append(counts, 0)
		case xml.EndElement:
			last := len(open) - 1
			if want, ok := children[open[last]]; ok {
				require.Equal(t, want, counts[last], "%s in %s", open[last], text)
			}
			open, counts = open[:last], counts[:last]
		}
	}
}

func TestMathML(t *testing.T) {
	const head = `<math xmlns="http://www.w3.org/1998/Math/MathML" displaystyle="true" alttext="`
	for text, want := range map[string]string{
		"y = x^2":       `y = x^2"><mrow><mi>y</mi><mo>=</mo><msup><mi>x</mi><mrow><mn>2</mn></mrow></msup></mrow>`,
		"a/(b+1)":       `a/(b + 1)"><mfrac><mrow><mi>a</mi></mrow><mrow><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mrow></mfrac>`,
		"x < sqrt(2*x)": `x &lt; sqrt(2*x)"><mrow><mi>x</mi><mo>&lt;</mo><msqrt><mrow><mn>2</mn><mo>` + "\u2062" + `</mo><mi>x</mi></mrow></msqrt></mrow>`,
		"ȳ":             "ȳ" + `"><mover accent="true"><mi>y</mi><mo>¯</mo></mover>`,
		"sum_ij(x[i])":  `sum_ij(x[i])"><mrow><munder><mo>∑</mo><mrow><mi>i</mi><mo>,</mo><mi>j</mi></mrow></munder><msub><mi>x</mi><mrow><mi>i</mi></mrow></msub></mrow>`,
		"a^T":           `a^T"><msup><mi>a</mi><mi>T</mi></msup>`,
		"(a/b)^2":       `(a/b)^2"><msup><mrow><mo>(</mo><mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac><mo>)</mo></mrow><mrow><mn>2</mn></mrow></msup>`,
		"1e-5":          `1e-05"><mrow><mn>1</mn><mo>·</mo><msup><mn>10</mn><mn>−5</mn></msup></mrow>`,
		"tanh(x)":       `tanh(x)"><mrow><mi>tanh</mi><mo>` + "\u2061" + `</mo><mrow><mo>(</mo><mi>x</mi><mo>)</mo></mrow></mrow>`,
	} {
		got := read(t, text).MathML()
		assert.Equal(t, head+want+"</math>", got)
		checkMathML(t, got)
	}
	const seed = 4
	r := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		checkMathML(t, expression(r, 4).MathML())
	}
}

func TestPretty(t *testing.T) {
	for text, want := range map[string]string{
		"y = 2*x^2":              "y = 2x²",
		"x̄ = ȳ*(1 - y^2)":       "x̄ = ȳ·(1 − y²)",
		"sqrt(a+1)/b":            "√(a + 1)/b",
		"sum_k(a[i,k]*b[k,j])":   "Σₖ a[i, k]·b[k, j]",
		"a^T @ ȳ":                "aᵀ ȳ",
		"abs(x_1) <= 1e-3":       "|x₁| ≤ 0.001",
		"x^-1 + x^n":             "x⁻¹ + x^n",
		"x > 0 && !a ? x : 0":    "x > 0 ∧ ¬a ? x : 0",
		"mean(p)/count(p)*alpha": "mean(p)/n·α",
		"-inv(a)":                "−a⁻¹",
		"inv(a)^T*sum_i(x)/2":    "(a⁻¹)ᵀ·(Σᵢ x)/2",
		"y = a == b":             "y = (a = b)",
		"a = 1; b = π":           "a = 1; b = π",
	} {
		assert.Equal(t, want, read(t, text).Pretty())
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"y = tanh(x)", "ā = ȳ*b; b̄ = 0", "mean(abs(p-y)^1.5)", "a ? b : c", "x[..., i*2]^T", "-2^-x_1", "sum_i(where(a<1||!b, 1e3, .5))", "a^(T)", "var(std(p))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		back, err := Parse(e.String())
		if len(e.String()) <= maxLength {
			require.NoError(t, err, "%q as %q", text, e)
			require.True(t, e.Equal(back), "%q is read back as %q", e, back)
		}
		checkMathML(t, e.MathML())
		_ = e.Pretty()
		vars := map[string]float64{"x": 0.5, "p": 0.25}
		_, plain := e.Eval(vars)
		d, err := Derive(e, "p")
		if err == nil && plain == nil {
			_, err = d.Eval(vars)
			require.NoError(t, err, "derivative of %s: %s", e, d)
		}
	})
}
