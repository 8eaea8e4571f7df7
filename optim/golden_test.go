package optim_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
	"github.com/adjointml/adjoint/optim"
)

// golden decodes each line of a file in the folder of public data beside the
// repository, and skips the test where there is none.
func golden[T any](t *testing.T, name string) (cases []T) {
	path := filepath.Join("..", "..", "shared", "data", "golden", name)
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("no %s: put the public data there to run this test", path)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c T
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		cases = append(cases, c)
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, cases)
	return cases
}

// settings are PyTorch's names of a rule's or schedule's settings; those that
// nobody asked for are mistakes of the test.
type settings struct {
	t    *testing.T
	kw   map[string]any
	used map[string]bool
}

func (s settings) num(name string, otherwise float64) float64 {
	s.used[name] = true
	if v, ok := s.kw[name].(float64); ok {
		return v
	}
	require.NotContains(s.t, s.kw, name)
	return otherwise
}

func (s settings) flag(name string) bool {
	s.used[name] = true
	v, _ := s.kw[name].(bool)
	return v
}

func (s settings) pair(name string) (a, b float64) {
	s.used[name] = true
	if v, ok := s.kw[name].([]any); ok {
		return v[0].(float64), v[1].(float64)
	}
	return 0, 0
}

func (s settings) allUsed() {
	for name := range s.kw {
		require.True(s.t, s.used[name], "setting %s", name)
	}
}

// A run is a trajectory of an optimizer: the loss before and the parameters
// after some of its steps.
type run struct {
	Fn     string
	X0     []float64
	Opt    string
	Kw     map[string]any
	Traj   [][3]json.RawMessage
	Finite bool
}

// rule returns the rule of a run, or nil if this package has none.
func (r run) rule(t *testing.T) optim.Rule {
	s := settings{t, r.Kw, map[string]bool{}}
	defer s.allUsed()
	lr := s.num("lr", math.NaN())
	b1, b2 := s.pair("betas")
	decay := func(r optim.Rule) optim.Rule {
		if w := s.num("weight_decay", 0); w != 0 {
			return r.WeightDecay(w)
		}
		return r
	}
	switch r.Opt {
	case "SGD":
		return decay(optim.SGD(lr, optim.SGDOptions{Momentum: s.num("momentum", 0), Dampening: s.num("dampening", 0), Nesterov: s.flag("nesterov")}))
	case "Adam":
		return decay(optim.Adam(lr, optim.AdamOptions{Beta1: b1, Beta2: b2, Eps: s.num("eps", 0), AMSGrad: s.flag("amsgrad")}))
	case "AdamW":
		return optim.AdamW(lr, s.num("weight_decay", 0.01), optim.AdamOptions{Beta1: b1, Beta2: b2, Eps: s.num("eps", 0), AMSGrad: s.flag("amsgrad")})
	case "Adagrad":
		return decay(optim.Adagrad(lr, optim.AdagradOptions{LRDecay: s.num("lr_decay", 0), Initial: s.num("initial_accumulator_value", 0), Eps: s.num("eps", 0)}))
	case "RMSprop":
		return decay(optim.RMSProp(lr, optim.RMSPropOptions{Alpha: s.num("alpha", 0), Eps: s.num("eps", 0), Momentum: s.num("momentum", 0), Centered: s.flag("centered")}))
	case "Adadelta":
		return decay(optim.Adadelta(lr, optim.AdadeltaOptions{Rho: s.num("rho", 0), Eps: s.num("eps", 0)}))
	case "Adamax":
		return decay(optim.Adamax(lr, optim.AdamaxOptions{Beta1: b1, Beta2: b2, Eps: s.num("eps", 0)}))
	case "NAdam": // the data come from a PyTorch before version 2
		return decay(optim.NAdam(lr, optim.NAdamOptions{Beta1: b1, Beta2: b2, Eps: s.num("eps", 0), MomentumDecay: s.num("momentum_decay", 0), PyTorch1: true}))
	case "RAdam":
		return decay(optim.RAdam(lr, optim.RAdamOptions{Beta1: b1, Beta2: b2, Eps: s.num("eps", 0)}))
	case "Rprop":
		return optim.Rprop(lr)
	case "ASGD":
		return decay(optim.ASGD(lr, optim.ASGDOptions{Lambda: s.num("lambd", 0), Alpha: s.num("alpha", 0), Start: s.num("t0", 0)}))
	}
	for name := range r.Kw {
		s.used[name] = true
	}
	return nil
}

// loss returns the function of a run.
func (r run) loss(x *graph.Node) *graph.Node {
	switch r.Fn {
	case "rosenbrock":
		x0, x1 := ops.Index(x, 0, 0), ops.Index(x, 0, 1)
		return ops.Add(ops.Scale(ops.Square(ops.Sub(x1, ops.Square(x0))), 100), ops.Square(ops.OneMinus(x0)))
	case "quad10":
		return ops.Scale(ops.Sum(ops.Mul(ops.Add(ops.Iota(graph.Float64, x.Shape(), 0), graph.Scalar(1)), ops.Square(x))), 0.5)
	case "logistic":
		in, y := make([]float64, 12*3), make([]float64, 12)
		for i := range y {
			for j := range 3 {
				in[3*i+j] = float64((7*i+3*j)%11)/5 - 1
			}
			if i*i%3 == 1 {
				y[i] = 1
			}
		}
		z := ops.MatMul(graph.ConstOf(in, 12, 3), x)
		return ops.Mean(ops.Sub(ops.Softplus(z), ops.Mul(z, graph.ConstOf(y, 12))))
	}
	return graph.Fail("golden", nil, "unknown function %s", r.Fn)
}

func TestTrajectories(t *testing.T) {
	ran, skipped, chaotic, left := 0, 0, 0, map[string]int{}
	for i, r := range golden[run](t, "optim.jsonl.gz") {
		rule := r.rule(t)
		switch {
		case rule == nil:
			left[r.Opt]++
			continue
		case !r.Finite:
			skipped++
			continue
		}
		t.Run(fmt.Sprintf("%d %s %s %v", i, r.Fn, r.Opt, r.Kw), func(t *testing.T) {
			if loosest := r.follow(t, rule); loosest > 1e-8 {
				chaotic++
				t.Logf("followed to within %.0e", loosest)
			}
			ran++
		})
	}
	t.Logf("%d trajectories followed, %d of them chaotic; %d skipped as not finite; without a rule: %v", ran, chaotic, skipped, left)
	delete(left, "LBFGS") // needs the loss many times in one step
	assert.Empty(t, left)
}

// follow compares the rule's trajectory with the run to within 1e-8, or where
// rounding alone makes that impossible, to within ten times what a last bit of
// x0 changes; it returns the largest bound.
func (r run) follow(t *testing.T, rule optim.Rule) (loosest float64) {
	p, q := param("x", r.X0...), param("x", r.X0...)
	x0 := q.Value.Float64s()
	x0[0] = math.Nextafter(x0[0], 0)
	step := minimize(t, r.loss(p.Node()), rule, p)
	twin := minimize(t, r.loss(q.Node()), rule, q)
	n := 0
	for _, row := range r.Traj {
		var at int
		var loss float64
		var x []float64
		require.NoError(t, json.Unmarshal(row[0], &at))
		require.NoError(t, json.Unmarshal(row[1], &loss))
		require.NoError(t, json.Unmarshal(row[2], &x))
		got, other := steps(t, step, at-n), steps(t, twin, at-n)
		n = at
		bound := max(1e-8, 10*math.Abs(other/got-1))
		loosest = max(loosest, bound)
		require.InEpsilon(t, loss, got, bound, "loss before step %d", at)
		near(t, x, floats(t, p), bound, "after step %d", at)
	}
	return loosest
}

func TestSchedulesAgree(t *testing.T) {
	type rates struct {
		Sched string
		Kw    map[string]any
		Base  float64 `json:"base_lr"`
		LR    []float64
	}
	ran := 0
	for i, c := range golden[rates](t, "schedules.jsonl.gz") {
		ok := t.Run(fmt.Sprintf("%d %s", i, c.Sched), func(t *testing.T) {
			s := settings{t, c.Kw, map[string]bool{}}
			var sched optim.Schedule
			base := c.Base
			count := func(name string) int { return int(s.num(name, 0)) }
			switch c.Sched {
			case "StepLR":
				sched = optim.Step(count("step_size"), s.num("gamma", 0.1))
			case "MultiStepLR":
				var at []int
				for _, m := range c.Kw["milestones"].([]any) {
					at = append(at, int(m.(float64)))
				}
				s.used["milestones"] = true
				sched = optim.MultiStep(s.num("gamma", 0.1), at...)
			case "ExponentialLR":
				sched = optim.Exponential(s.num("gamma", 0))
			case "CosineAnnealingLR":
				sched = optim.Cosine(count("T_max"), s.num("eta_min", 0))
			case "CosineAnnealingWarmRestarts":
				sched = optim.CosineRestarts(count("T_0"), int(s.num("T_mult", 1)), s.num("eta_min", 0))
			case "OneCycleLR":
				sched = optim.OneCycle(s.num("max_lr", 0), count("total_steps"))
			case "LinearLR":
				sched = optim.Linear(s.num("start_factor", 1./3), int(s.num("total_iters", 5)))
			case "PolynomialLR":
				sched = optim.Polynomial(int(s.num("total_iters", 5)), s.num("power", 1))
			case "CyclicLR":
				base = s.num("base_lr", 0)
				up := int(s.num("step_size_up", 2000))
				sched = optim.Cyclic(s.num("max_lr", 0), up, int(s.num("step_size_down", float64(up))))
			}
			s.allUsed()
			near(t, c.LR, ratesOf(t, sched, base, len(c.LR)), 1e-8)
		})
		if ok {
			ran++
		}
	}
	t.Logf("%d schedules agree", ran)
}
