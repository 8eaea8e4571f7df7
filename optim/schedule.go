package optim

import (
	"cmp"
	"math"

	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// A Schedule returns the learning rate of a step from the rule's rate lr and
// the number t of steps done before, from 0. All three are Float64 scalars.
// Schedules are formulas in t without memory, so a training that stops and
// resumes goes on where it was.
type Schedule func(lr, t *graph.Node) *graph.Node

// Constant is the schedule lr.
func Constant(lr, _ *graph.Node) *graph.Node { return lr }

// Step is lr·gamma^⌊t/every⌋.
func Step(every int, gamma float64) Schedule {
	if bad := failingSchedule("step", atLeast1("every", every), notNegative("gamma", gamma)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node {
		return ops.Mul(lr, ops.Pow(number(gamma), ops.Floor(over(t, every))))
	}
}

// MultiStep is lr·gamma^k, where k counts the milestones that are not above t.
func MultiStep(gamma float64, milestones ...int) Schedule {
	if bad := failingSchedule("multistep", notNegative("gamma", gamma)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node {
		k := number(0)
		for _, m := range milestones {
			k = ops.Add(k, ops.Convert(ops.GreaterEqual(t, number(float64(m))), graph.Float64))
		}
		return ops.Mul(lr, ops.Pow(number(gamma), k))
	}
}

// Exponential is lr·gamma^t.
func Exponential(gamma float64) Schedule {
	if bad := failingSchedule("exponential", notNegative("gamma", gamma)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node { return ops.Mul(lr, ops.Pow(number(gamma), t)) }
}

// Linear is lr·f, where f goes from start to 1 in the given number of steps and
// stays there.
func Linear(start float64, steps int) Schedule {
	if bad := failingSchedule("linear", atLeast1("steps", steps), notNegative("start", start)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node {
		return ops.Mul(lr, between(number(start), number(1), upTo1(over(t, steps))))
	}
}

// Polynomial is lr·(1-t/steps)^power, and 0 after the given number of steps.
func Polynomial(steps int, power float64) Schedule {
	if bad := failingSchedule("polynomial", atLeast1("steps", steps), notNegative("power", power)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node {
		return ops.Mul(lr, ops.Pow(ops.OneMinus(upTo1(over(t, steps))), number(power)))
	}
}

// Cosine is min + (lr-min)·(1+cos(π·t/steps))/2: half a wave from lr to min in
// the given number of steps. After those it rises again, as PyTorch's does.
// Loshchilov and Hutter 2017, arXiv:1608.03983.
func Cosine(steps int, min float64) Schedule {
	if bad := failingSchedule("cosine", atLeast1("steps", steps), notNegative("min", min)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node { return wave(lr, number(min), over(t, steps)) }
}

// CosineRestarts is [Cosine] that starts again at lr when it is down: after
// first steps, and then after mult times as many as the time before. Loshchilov
// and Hutter 2017, arXiv:1608.03983.
func CosineRestarts(first, mult int, min float64) Schedule {
	if bad := failingSchedule("cosinerestarts", atLeast1("first", first), atLeast1("mult", mult), notNegative("min", min)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node {
		x := over(t, first)
		if mult == 1 {
			return wave(lr, number(min), ops.Sub(x, ops.Floor(x)))
		}
		// n cycles take (mult^n - 1)/(mult - 1) times first
		m := float64(mult)
		const slack = 1e-12 // the logarithm of a power may come out too small
		n := ops.Floor(plus(ops.Scale(ops.Log(plus(ops.Scale(x, m-1), 1)), 1/math.Log(m)), slack))
		length := ops.Pow(number(m), n)
		start := ops.Scale(plus(length, -1), 1/(m-1))
		return wave(lr, number(min), ops.Div(ops.Sub(x, start), length))
	}
}

// WarmUp grows the rate in equal parts for the given number of steps, from 1 of
// steps + 1 parts of what the schedule then starts with, and goes on with that
// schedule, whose t starts at 0 there: no step is lost at rate 0.
//
//	optim.AdamW(3e-4, 0.1).Schedule(optim.WarmUp(100, optim.Cosine(900, 3e-5)))
func WarmUp(steps int, then Schedule) Schedule {
	if then == nil {
		return failingSchedule("warmup", errNilSchedule)
	}
	if bad := failingSchedule("warmup", atLeast1("steps", steps)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node {
		n := float64(steps)
		after := then(lr, ops.Maximum(plus(t, -n), number(0)))
		return ops.Mul(after, upTo1(ops.Scale(plus(t, 1), 1/(n+1))))
	}
}

// Cyclic goes in a straight line from lr to max in up steps, back in down steps,
// and so on. Smith 2017, arXiv:1506.01186.
func Cyclic(max float64, up, down int) Schedule {
	if bad := failingSchedule("cyclic", notNegative("max", max), atLeast1("up", up), atLeast1("down", down)); bad != nil {
		return bad
	}
	return func(lr, t *graph.Node) *graph.Node {
		at := ops.Mod(t, number(float64(up+down)))
		back := ops.Sub(number(float64(up+down)), at)
		return between(lr, number(max), ops.Minimum(over(at, up), over(back, down)))
	}
}

// OneCycleOptions are the settings of [OneCycle].
type OneCycleOptions struct {
	Rise  float64 // part of the steps in which the rate grows; 0 means 0.3
	Start float64 // max is this many times the first rate; 0 means 25
	End   float64 // the first rate is this many times the last; 0 means 1e4
}

// OneCycle grows the rate from max/25 to max in the first 0.3·steps and lowers
// it to max/25e4 in the rest, each by half a cosine wave, and stays there. The
// rule's own rate does not matter. PyTorch also cycles the momentum; this does
// not. Smith and Topin 2018, arXiv:1708.07120.
func OneCycle(max float64, steps int, o ...OneCycleOptions) Schedule {
	set := last(o)
	rise, div, final := cmp.Or(set.Rise, 0.3), cmp.Or(set.Start, 25), cmp.Or(set.End, 1e4)
	if bad := failingSchedule("onecycle", notNegative("max", max), atLeast1("steps", steps), fraction("Rise", rise), positive("Start", div), positive("End", final)); bad != nil {
		return bad
	}
	top, end := rise*float64(steps)-1, float64(steps-1)
	first, most, least := number(max/div), number(max), number(max/div/final)
	return func(_, t *graph.Node) *graph.Node {
		t = ops.Minimum(t, number(end))
		up := wave(first, most, ops.Scale(t, 1/top))
		down := wave(most, least, ops.Scale(plus(t, -top), 1/(end-top)))
		return ops.Where(ops.Less(t, number(top)), up, down)
	}
}

// between returns a + (b-a)·x.
func between(a, b, x *graph.Node) *graph.Node { return ops.Add(a, ops.Mul(ops.Sub(b, a), x)) }

// wave returns the value at x of half a cosine wave from a at 0 to b at 1.
func wave(a, b, x *graph.Node) *graph.Node {
	return between(b, a, ops.Scale(plus(ops.Cos(ops.Scale(x, math.Pi)), 1), 0.5))
}

// over returns t/n.
func over(t *graph.Node, n int) *graph.Node { return ops.Div(t, number(float64(n))) }

// upTo1 returns x, at most 1.
func upTo1(x *graph.Node) *graph.Node { return ops.Minimum(x, graph.Scalar(1)) }
