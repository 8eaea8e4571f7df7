package optim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/formula"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// TestRuleDocs compares the formulas of rules with what the rules do, over some
// steps down cosh(p), whose slope turns around where they go too far.
func TestRuleDocs(t *testing.T) {
	const lr = 0.4
	adam := map[string]float64{"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.1}
	nadam := maps.Clone(adam)
	nadam["decay"], nadam["r"] = 4e-3, 1
	rules := map[string]struct {
		rule optim.Rule
		vars map[string]float64
	}{
		"SGD":      {optim.SGD(lr, optim.SGDOptions{Momentum: 0.9}), map[string]float64{"momentum": 0.9}},
		"ASGD":     {optim.ASGD(lr, optim.ASGDOptions{Lambda: 0.3}), map[string]float64{"lambda": 0.3, "alpha": 0.75}},
		"Adam":     {optim.Adam(lr), adam},
		"AdamW":    {optim.AdamW(lr, 0.1), adam},
		"Adamax":   {optim.Adamax(lr), adam},
		"NAdam":    {optim.NAdam(lr), nadam},
		"RAdam":    {optim.RAdam(lr), adam},
		"RMSProp":  {optim.RMSProp(lr), map[string]float64{"alpha": 0.99, "eps": 1e-8}},
		"Adagrad":  {optim.Adagrad(lr), map[string]float64{"eps": 1e-10}},
		"Adadelta": {optim.Adadelta(lr), map[string]float64{"rho": 0.9, "eps": 1e-6}},
		"Lion":     {optim.Lion(lr, 0.1), map[string]float64{"beta1": 0.9, "beta2": 0.99, "decay": 0.1}},
		"Rprop":    {optim.Rprop(lr), map[string]float64{"η": lr, "grow": 1.2, "shrink": 0.5, "min": 1e-6, "max": 50}},
	}
	for name, d := range optim.RuleDocs() {
		r, ok := rules[name]
		require.True(t, ok, "%s is not compared", name)
		e, err := formula.Parse(d.Formula)
		require.NoError(t, err, name)
		assert.True(t, strings.HasSuffix(d.Text, "."), name)
		vars := map[string]float64{"p": 1.3, "lr": lr, "b": 0, "m": 0, "v": 0, "u": 0, "h": 0}
		maps.Copy(vars, r.vars)
		p := param("p", 1.3)
		program := minimize(t, ops.Sum(ops.Cosh(p.Node())), r.rule, p)
		for step := range 12 {
			vars["t"], vars["g"] = float64(step+1), math.Sinh(vars["p"])
			for _, e := range e.List() {
				left, right := e.Sides()
				v, err := right.Eval(vars)
				require.NoError(t, err, name)
				vars[left.String()] = v
			}
			steps(t, program, 1)
			require.InDelta(t, vars["p"], floats(t, p)[0], 1e-9, "%s, step %d: %s", name, step+1, d.Formula)
		}
	}
}

// TestEveryRuleHasADoc fails for a function that returns a Rule for a learning rate
// and has none.
func TestEveryRuleHasADoc(t *testing.T) {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	found := 0
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || d.Recv != nil || !d.Name.IsExported() || d.Type.Results == nil || len(d.Type.Params.List) == 0 || len(d.Type.Params.List[0].Names) == 0 {
				continue
			}
			result, ok := d.Type.Results.List[0].Type.(*ast.Ident)
			if ok && result.Name == "Rule" && d.Type.Params.List[0].Names[0].Name == "lr" {
				found++
				assert.Contains(t, optim.RuleDocs(), d.Name.Name)
			}
		}
	}
	assert.Equal(t, len(optim.RuleDocs()), found)
}
