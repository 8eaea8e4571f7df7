package optim_test

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

func TestMistakes(t *testing.T) {
	p, q := param("p", 1.0, 2.0), param("q", 1.0)
	ints := param[int64]("n", 1)
	open := &graph.Param{Label: "open", Type: graph.Type{Shape: graph.Of(graph.Sym("batch"))}}
	loss, sgd := bowl(p, q), optim.SGD(0.1)
	two := func(r optim.Rule) func() (*graph.Program, error) {
		return func() (*graph.Program, error) { return optim.Minimize(loss, []*graph.Param{p, q}, r) }
	}
	scheduled := func(s optim.Schedule) func() (*graph.Program, error) { return two(sgd.Schedule(s)) }
	on := func(loss *graph.Node, params ...*graph.Param) func() (*graph.Program, error) {
		return func() (*graph.Program, error) { return optim.Minimize(loss, params, sgd) }
	}
	for want, build := range map[string]func() (*graph.Program, error){
		"minimize: the loss is nil": on(nil, p),
		"minimize: the loss f64[2] is not a scalar: take its mean or its sum":                               on(p.Node(), p),
		"minimize: the loss i64[] is no float, so it has no gradient":                                       on(ops.Sum(ints.Node()), p),
		"minimize: there are no parameters to train: pass those of the model, as in nn.Params(model)":       on(loss),
		"minimize: parameter 1 is nil":                                                                      on(loss, p, nil),
		"minimize: parameter p is listed twice, last at place 2":                                            on(loss, p, q, p),
		"param open: the shape [batch] of a parameter must be known: give the input a literal length there": on(loss, p, open),
		"minimize: the rule is nil: want one such as optim.Adam(1e-3)":                                      two(nil),
		"perparam: the function that picks a rule is nil":                                                   two(optim.PerParam(nil)),
		"sgd: the learning rate is -1: want a number that is not negative":                                  two(optim.SGD(-1)),
		"sgd: the learning rate is NaN: want a number that is not negative":                                 two(optim.SGD(math.NaN())),
		"sgd: the Nesterov form needs Momentum, and no Dampening":                                           two(optim.SGD(1, optim.SGDOptions{Nesterov: true})),
		"asgd: Alpha is -1: want a number that is not negative":                                             two(optim.ASGD(1, optim.ASGDOptions{Alpha: -1})),
		"adam: Beta1 is 1: want at least 0 and less than 1":                                                 two(optim.Adam(1, optim.AdamOptions{Beta1: 1}).ClipNorm(1)),
		"adam: Eps is +Inf: want a number that is not negative":                                             two(optim.AdamW(1, 0, optim.AdamOptions{Eps: math.Inf(1)})),
		"adamw: the decay is -1: want a number that is not negative":                                        two(optim.AdamW(1, -1)),
		"adamax: Beta2 is -1: want at least 0 and less than 1":                                              two(optim.Adamax(1, optim.AdamaxOptions{Beta2: -1})),
		"nadam: MomentumDecay is -1: want a number that is not negative":                                    two(optim.NAdam(1, optim.NAdamOptions{MomentumDecay: -1})),
		"radam: Beta2 is 2: want at least 0 and less than 1":                                                two(optim.RAdam(1, optim.RAdamOptions{Beta2: 2})),
		"rmsprop: Alpha is 2: want at least 0 and less than 1":                                              two(optim.RMSProp(1, optim.RMSPropOptions{Alpha: 2})),
		"adagrad: Initial is -1: want a number that is not negative":                                        two(optim.Adagrad(1, optim.AdagradOptions{Initial: -1})),
		"adadelta: Rho is 1: want at least 0 and less than 1":                                               two(optim.Adadelta(1, optim.AdadeltaOptions{Rho: 1})),
		"lion: Beta2 is 1: want at least 0 and less than 1":                                                 two(optim.Lion(1, 0, optim.LionOptions{Beta2: 1})),
		"rprop: Grow is 0.5: want more than 1":                                                              two(optim.Rprop(1, optim.RpropOptions{Grow: 0.5})),
		"weightdecay: the decay is -1: want a number that is not negative":                                  two(sgd.WeightDecay(-1)),
		"clipnorm: the limit is 0: want more than 0":                                                        two(sgd.ClipNorm(0)),
		"clipvalue: the limit is NaN: want more than 0":                                                     two(sgd.ClipValue(math.NaN())),
		"schedule: the schedule is nil: optim.Constant keeps the rate":                                      scheduled(nil),
		"warmup: the schedule is nil: optim.Constant keeps the rate":                                        scheduled(optim.WarmUp(1, nil)),
		"warmup: steps is 0: want at least 1":                                                               scheduled(optim.WarmUp(0, optim.Constant)),
		"step: every is 0: want at least 1":                                                                 scheduled(optim.Step(0, 1)),
		"cosine: steps is -2: want at least 1":                                                              scheduled(optim.Cosine(-2, 0)),
		"cosinerestarts: mult is 0: want at least 1":                                                        scheduled(optim.CosineRestarts(1, 0, 0)),
		"onecycle: Rise is 1: want at least 0 and less than 1":                                              scheduled(optim.OneCycle(1, 1, optim.OneCycleOptions{Rise: 1})),
		"exponential: gamma is -1: want a number that is not negative":                                      scheduled(optim.Exponential(-1)),
		"schedule: the schedule returned nil: want the learning rate":                                       scheduled(func(_, _ *graph.Node) *graph.Node { return nil }),
		"schedule: the learning rate f64[1] is not a scalar: want one number":                               scheduled(func(lr, _ *graph.Node) *graph.Node { return ops.Reshape(lr, 1) }),
	} {
		t.Run(want, func(t *testing.T) {
			_, err := build()
			require.Error(t, err)
			line, text, _ := strings.Cut(err.Error(), ": ")
			assert.Equal(t, want, text)
			assert.Regexp(t, `^error_test\.go:\d+$`, line)
		})
	}
}

func TestMistakesInRules(t *testing.T) {
	p := param("w", 1.0, 2.0)
	for want, rule := range map[string]optim.Rule{
		"assign: cannot store f64[] in parameter w f64[2]": func(_, g *graph.Node, _ *optim.State) *graph.Node { return ops.Sum(g) },
		"assign: cannot store f64[] in parameter w/v f64[2]": func(p, g *graph.Node, s *optim.State) *graph.Node {
			return ops.Add(p, s.Slot("v", func(*graph.Node) *graph.Node { return ops.Sum(g) }))
		},
		"assign: operand 0 is nil": func(p, _ *graph.Node, s *optim.State) *graph.Node {
			return ops.Add(p, s.Slot("v", func(*graph.Node) *graph.Node { return nil }))
		},
		"slot: slot v of parameter w has no function for its next value": func(p, _ *graph.Node, s *optim.State) *graph.Node { return ops.Add(p, s.Slot("v", nil)) },
		"slot: parameter w has two slots named v: give each a name of its own": func(p, g *graph.Node, s *optim.State) *graph.Node {
			return ops.Add(s.Average("v", g, 0.5), s.Average("v", p, 0.5))
		},
	} {
		_, err := optim.Minimize(bowl(p), []*graph.Param{p}, rule)
		require.Error(t, err)
		_, text, _ := strings.Cut(err.Error(), ": ")
		assert.Equal(t, want, text)
	}
}

// TestNoCascade checks that mistakes in the model are reported as Compile does,
// once, in the order they were made.
func TestNoCascade(t *testing.T) {
	p := param[float32]("w", 1, 2, 3)
	x, y := graph.Input("x", graph.Sym("batch"), 2), graph.Input("y", 4)
	z := ops.MatMul(x, p.Node())
	loss := ops.Mean(ops.Add(z, ops.Reshape(y, 3)))
	_, want := graph.Compile(loss)
	require.Error(t, want)
	_, got := optim.Minimize(loss, []*graph.Param{p}, optim.Adam(1e-3).ClipNorm(1), z)
	assert.EqualError(t, got, want.Error())
	assert.Len(t, regexp.MustCompile(`\n`).FindAllString(got.Error(), -1), 1, "two mistakes, two lines")

	_, got = optim.Minimize(loss, nil, nil)
	require.Error(t, got)
	assert.True(t, strings.HasPrefix(got.Error(), want.Error()+"\n"), "those of Minimize come after the model's")
	assert.Equal(t, 3, strings.Count(got.Error(), "\n"))
}

func TestForgottenValue(t *testing.T) {
	p := &graph.Param{Label: "w", Type: graph.Type{Shape: graph.Of(2)}}
	_, err := optim.Minimize(bowl(p), []*graph.Param{p}, optim.Adam(1e-3))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "parameter w has no value: call nn.Init(model, seed)")
	assert.NotContains(t, err.Error(), "\n")
}
