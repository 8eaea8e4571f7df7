package optim

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/adjointml/adjoint/graph"
)

// Constructors return no errors. A setting that makes no sense gives a rule or
// schedule whose nodes carry the mistake, which Minimize reports.

var (
	errNilSchedule = errors.New("the schedule is nil: optim.Constant keeps the rate")
	errNilPick     = errors.New("the function that picks a rule is nil")
)

// failing returns a rule that reports the first of the errors, or nil if there
// is none.
func failing(name string, errs ...error) Rule {
	err := cmp.Or(errs...)
	if err == nil {
		return nil
	}
	return func(p, _ *graph.Node, _ *State) *graph.Node {
		return graph.Fail(name, []*graph.Node{p}, "%v", err)
	}
}

// failingSchedule is failing for schedules.
func failingSchedule(name string, errs ...error) Schedule {
	err := cmp.Or(errs...)
	if err == nil {
		return nil
	}
	return func(lr, t *graph.Node) *graph.Node {
		return graph.Fail(name, []*graph.Node{lr, t}, "%v", err)
	}
}

// notNegative and its kin return an error if a setting is out of range.
func notNegative(name string, v float64) error {
	if v >= 0 && v < math.Inf(1) {
		return nil
	}
	return fmt.Errorf("%s is %v: want a number that is not negative", name, v)
}

func rate(lr float64) error { return notNegative("the learning rate", lr) }

func positive(name string, v float64) error {
	if v > 0 && v < math.Inf(1) {
		return nil
	}
	return fmt.Errorf("%s is %v: want more than 0", name, v)
}

func fraction(name string, v float64) error {
	if v >= 0 && v < 1 {
		return nil
	}
	return fmt.Errorf("%s is %v: want at least 0 and less than 1", name, v)
}

func atLeast1(name string, n int) error {
	if n >= 1 {
		return nil
	}
	return fmt.Errorf("%s is %d: want at least 1", name, n)
}

// last returns the last of the options, or their zero value.
func last[T any](o []T) (set T) {
	if len(o) > 0 {
		set = o[len(o)-1]
	}
	return set
}
