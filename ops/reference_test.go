package ops_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/graph"
)

const reference = "../docs/ops.md"

// TestReference fails if the reference of ops is stale.
func TestReference(t *testing.T) {
	var page strings.Builder
	page.WriteString(`# Ops

Made from the code: ` + "`go test ./ops -run Reference -update`" + `. Each op with what it computes and what it hands back: y is the result,
a bar marks a gradient, as in ȳ, and ȳ is what arrives at the result. In x[i, p, ...] there is an index for each axis, and ... for those
that follow; the axes and numbers are those of one call. What is made of other ops gets its gradient from them. Σᵢ sums over i, n is the
length of the axis that is meant, and x ? a : b is a where x holds, else b. [coverage.md](coverage.md) has the dtypes and the names elsewhere.
`)
	lines := linesByName()
	for _, f := range orderedSources(t) {
		entries := ""
		for _, d := range f.file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.IsExported() {
				entries += entry(t, d, lines[d.Name.Name])
			}
		}
		if entries != "" {
			fmt.Fprintf(&page, "\n## [%s](../ops/%s.go)\n%s", f.name, f.name, entries)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(reference, []byte(page.String()), 0o644))
	}
	have, err := os.ReadFile(reference)
	require.NoError(t, err)
	assert.Equal(t, string(have), page.String(), "run go test ./ops -run Reference -update")
}

// composites are formulas of ops made of others that those do not tell at a
// glance. Those about numbers are compared with the ops.
var composites = map[string]string{
	"Sinc":        "y = sin(π*x)/(π*x)",
	"GELU":        "y = x*(1 + erf(x/sqrt(2)))/2",
	"HardTanh":    "y = clip(x, lo, hi)",
	"ReLU6":       "y = clip(x, 0, 6)",
	"HardSigmoid": "y = clip(x/6 + 1/2, 0, 1)",
	"HardSwish":   "y = x*clip(x/6 + 1/2, 0, 1)",
	"Softmax":     "y[i, j] = exp(x[i, j])/sum_k(exp(x[i, k]))",
	"LogSoftmax":  "y[i, j] = x[i, j] - log(sum_k(exp(x[i, k])))",
	"GLU":         "y = a*sigmoid(b)",
	"Clamp":       "y = clip(x, lo, hi)",
	"FMax":        "z = max(x, y)",
	"FMin":        "z = min(x, y)",
	"XLogY":       "z = x*log(y)",
	"XLog1pY":     "z = x*log(1 + y)",
	"Mean":        "y[i, ...] = sum_j(x[i, j, ...])/n",
	"Var":         "y[i, ...] = sum_j((x[i, j, ...] - mean_k(x[i, k, ...]))^2)/(n - 1)",
	"Std":         "y[i, ...] = sqrt(sum_j((x[i, j, ...] - mean_k(x[i, k, ...]))^2)/(n - 1))",
	"Min":         "y[i, ...] = min_j(x[i, j, ...])",
	"LogSumExp":   "y[i, ...] = log(sum_j(exp(x[i, j, ...])))",
	"Norm":        "y[i, ...] = sqrt(sum_j(x[i, j, ...]^2))",
	"NormP":       "y[i, ...] = sum_j(abs(x[i, j, ...])^p)^(1/p)",
	"All":         "y[i, ...] = min_j(x[i, j, ...])",
	"ArgMin":      "y[i, ...] = argmin_j(x[i, j, ...])",
	"Dot":         "z = sum_i(x[i]*y[i])",
	"Outer":       "z[i, j] = x[i]*y[j]",
	"Affine":      "y = x @ w + b",
	"CumProd":     "y[j, ...] = prod_k(where(k <= j, x[k, ...], 1))",
	"Diff":        "y[j, ...] = x[j + 1, ...] - x[j, ...]",
	"Trace":       "y = sum_i(x[i, i])",
	"Inverse":     "y = inv(a)",
	"Solve":       "y = inv(a) @ b",
	"OneHot":      "y[..., j] = where(x[...] == j, 1, 0)",
	"Tril":        "y[i, j] = where(j <= i + k, x[i, j], 0)",
	"Triu":        "y[i, j] = where(j >= i + k, x[i, j], 0)",
	"Kron":        "z[i*k + m, j*l + n] = x[i, j]*y[m, n]",
	"Roll":        "y[j, ...] = x[mod(j - n, length), ...]",
	"Cov":         "y = (x - mean(x)) @ (x - mean(x))^T/(n - 1)",
	"SegmentSum":  "y[p, ...] = sum_q(where(segments[q] == p, x[q, ...], 0))",
	"ScatterAdd":  "y[p, ...] = x[p, ...] + sum_q(where(indices[q, ...] == p, v[q, ...], 0))",
}

// TestComposites compares those formulas that are about numbers with their ops.
func TestComposites(t *testing.T) {
	lines := linesByName()
	compared := 0
	for _, f := range orderedSources(t) {
		for _, d := range f.file.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || d.Recv != nil || composites[d.Name.Name] == "" {
				continue
			}
			if compareComposite(t, lines[d.Name.Name], parameters(d)) {
				compared++
			}
		}
	}
	assert.GreaterOrEqual(t, compared, 10)
}

// compareComposite reports whether the formula is about numbers.
func compareComposite(t *testing.T, l line, names []string) bool {
	e, err := formula.Parse(composites[l.name])
	require.NoError(t, err)
	vars := map[string]float64{}
	if l.name == "HardTanh" { // as the table calls it
		vars["lo"], vars["hi"] = -1, 2
	}
	for _, name := range names {
		vars[name] = 0.5
	}
	if _, err := e.Eval(vars); err != nil || len(names) != len(l.args) {
		return false
	}
	p, x, err := l.compiled(graph.Float64, &usual)
	require.NoError(t, err)
	in := l.draw(usual)
	got, err := p.Reference().Eval(t.Context(), feed(x, in)...)
	require.NoError(t, err)
	want := elementwise(in, func(v []float64) float64 {
		for i, name := range names {
			vars[name] = v[i]
		}
		y, err := e.Eval(vars)
		require.NoError(t, err)
		return y
	})
	for i, want := range want {
		if !math.IsNaN(want) {
			assert.InDelta(t, want, got[0].At(i), 1e-9*max(1, math.Abs(want)), "%s: %s", l.name, e)
		}
	}
	return true
}

// linesByName returns a line of the table for each function.
func linesByName() map[string]line {
	lines := map[string]line{}
	for _, l := range table() {
		name, _, _ := strings.Cut(l.name, "/")
		if _, ok := lines[name]; !ok {
			l.name = name
			lines[name] = l
		}
	}
	return lines
}

type source struct {
	name string
	file *ast.File
}

// orderedSources returns the files, those with what is met first before others.
func orderedSources(t *testing.T) []source {
	first := []string{"unary", "arith", "activation", "compare", "reduce", "linalg", "shape", "join", "index", "conv", "pool"}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var list []source
	for _, f := range files {
		if !strings.HasSuffix(f, "_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ParseComments)
			require.NoError(t, err)
			list = append(list, source{strings.TrimSuffix(f, ".go"), file})
		}
	}
	place := func(s source) int {
		if i := slices.Index(first, s.name); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(list, func(a, b source) int { return place(a) - place(b) })
	return list
}

// entry is the text of one op.
func entry(t *testing.T, d *ast.FuncDecl, l line) string {
	var signature, made strings.Builder
	plain := *d
	plain.Doc, plain.Body = nil, nil
	require.NoError(t, printer.Fprint(&signature, token.NewFileSet(), &plain))
	s := fmt.Sprintf("\n### %s\n\n```go\n%s\n```\n\n%s\n", d.Name.Name, signature.String(), new(doc.Package).Synopsis(d.Doc.Text()))
	operands := map[*node]string{}
	x := l.inputs(graph.Float64, &usual)
	if names := parameters(d); len(names) == len(x) {
		for i, name := range names {
			operands[x[i]] = name
		}
	}
	text, f, g := explain(t, d.Name.Name, l.f(x...), operands)
	if text != "" {
		s += text + "\n"
	}
	if f != "" {
		fmt.Fprintf(&made, "\n- `%s`\n", f)
	}
	for _, g := range g {
		fmt.Fprintf(&made, "- gradient `%s`\n", g)
	}
	return s + made.String()
}

// parameters returns the names of the operands in a signature.
func parameters(d *ast.FuncDecl) (names []string) {
	for _, p := range d.Type.Params.List {
		if star, ok := p.Type.(*ast.StarExpr); ok && fmt.Sprint(star.X) == "Node" {
			for _, n := range p.Names {
				names = append(names, n.Name)
			}
		}
	}
	return names
}

// explain returns the sentence, the formula and the gradients of what was called:
// those of the op, or of elementwise ops together, or what it is made of.
func explain(t *testing.T, name string, y *node, names map[*node]string) (text, f string, gradients []string) {
	kinds := made(y)
	switch e := together(t, y, names); {
	case composites[name] != "":
		f = pretty(t, composites[name])
	case of(y, name) != nil || len(kinds) < 2 && asGiven(y, names):
		op := of(y, name)
		if op == nil {
			op = y
		}
		d := op.Op().(graph.Documented).Doc()
		text, f = d.Text, d.Formula
		if f != "" {
			f = pretty(t, f)
		}
		if op.DType().Float() && d.Gradient != "" {
			gradients = []string{pretty(t, d.Gradient)}
		}
	case e != nil && len(e.String()) < 150:
		e = formula.Simplify(e)
		result := "y"
		if slices.Contains(e.Names(), result) {
			result = "z"
		}
		f = result + " = " + e.Pretty()
		for _, n := range e.Names() {
			slope, err := formula.Derive(e, n)
			require.NoError(t, err)
			if s := slope.String(); y.DType().Float() && len(s) < 150 {
				slope = formula.Simplify(&formula.Expr{Kind: formula.Operator, Text: "*", Args: []*formula.Expr{named(result, true), slope}})
				gradients = append(gradients, named(n, true).Pretty()+" = "+slope.Pretty())
			}
		}
	case len(kinds) > 1:
		f = "made of " + strings.Join(kinds, ", ")
	}
	return text, f, gradients
}

// of returns the node of the op that a function is named after, if there is one
// before y: operands are prepared and results put together by others.
func of(y *node, name string) *node {
	for _, n := range graph.Topo(y) {
		if len(n.In()) > 0 && strings.EqualFold(n.Op().Name(), name) {
			return n
		}
	}
	return nil
}

// asGiven reports whether y is one op on the operands, in their order.
func asGiven(y *node, names map[*node]string) bool {
	last := ""
	for _, x := range y.In() {
		if _, ok := graph.ScalarValue(x); ok && len(y.In()) == 2 || x.Op().Name() < last {
			return false
		}
		if names[x] != "" {
			last = x.Op().Name()
		}
	}
	return true
}

func named(name string, bar bool) *formula.Expr {
	return &formula.Expr{Kind: formula.Name, Text: name, Bar: bar}
}

func pretty(t *testing.T, text string) string {
	e, err := formula.Parse(text)
	require.NoError(t, err)
	return e.Pretty()
}

// made lists the ops before y, in order.
func made(y *node) (kinds []string) {
	for _, n := range graph.Topo(y) {
		if len(n.In()) > 0 && !slices.Contains(kinds, n.Op().Name()) {
			kinds = append(kinds, n.Op().Name())
		}
	}
	return kinds
}

// together puts the formulas of elementwise ops into each other, up to the
// operands; nil if one is not elementwise.
func together(t *testing.T, y *node, names map[*node]string) *formula.Expr {
	all := map[*node]*formula.Expr{}
	for _, n := range graph.Topo(y) {
		if v, ok := graph.ScalarValue(n); ok {
			e, err := formula.Parse(fmt.Sprint(v))
			if err != nil || math.IsInf(v, 0) {
				return nil
			}
			all[n] = e
			continue
		}
		if len(n.In()) == 0 {
			if names[n] == "" {
				return nil
			}
			all[n] = named(names[n], false)
			continue
		}
		e, err := formula.Parse(n.Op().(graph.Documented).Doc().Formula)
		require.NoError(t, err)
		vars, by := map[string]float64{}, []*formula.Expr{}
		of := []string{"x"}
		if len(n.In()) > 1 {
			of = []string{"a", "b", "c"}
		}
		for i, x := range n.In() {
			if i == len(of) || all[x] == nil {
				return nil
			}
			vars[of[i]], by = 0.5, append(by, all[x])
		}
		_, right := e.Sides()
		if _, err := right.Eval(vars); err != nil || strings.Contains(right.String(), "sum") {
			return nil
		}
		all[n] = formula.Substitute(right, of[:len(by)], by)
	}
	return all[y]
}
