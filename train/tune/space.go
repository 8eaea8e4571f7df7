package tune

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Kind says what values a parameter takes, and how they lie in the unit interval
// that samplers see.
type Kind uint8

// The kinds of parameters.
const (
	Floats    Kind = iota // evenly between Low and High
	LogFloats             // evenly in the logarithm
	Ints                  // whole numbers, High included
	LogInts               // whole numbers, evenly in the logarithm
	Choices               // one of some words
)

// A Param is one parameter of a search.
type Param struct {
	Name      string   `json:"name"`
	Kind      Kind     `json:"kind"`
	Low, High float64  `json:",omitempty"` // the ends, both included
	Choices   []string `json:"choices,omitempty"`
	// If names a choice parameter that comes before in the space: this one exists
	// only in trials where that has one of the words of Is.
	If string   `json:"if,omitempty"`
	Is []string `json:"is,omitempty"`
}

// Float is a number between low and high.
func Float(name string, low, high float64) Param {
	return Param{Name: name, Kind: Floats, Low: low, High: high}
}

// LogFloat is a positive number whose logarithm is searched evenly, as that of a
// learning rate should be.
func LogFloat(name string, low, high float64) Param {
	return Param{Name: name, Kind: LogFloats, Low: low, High: high}
}

// Int is a whole number from low to high, both included.
func Int(name string, low, high int) Param {
	return Param{Name: name, Kind: Ints, Low: float64(low), High: float64(high)}
}

// LogInt is a positive whole number whose logarithm is searched evenly, as that of
// a width should be.
func LogInt(name string, low, high int) Param {
	return Param{Name: name, Kind: LogInts, Low: float64(low), High: float64(high)}
}

// Choice is one of some words.
func Choice(name string, words ...string) Param {
	return Param{Name: name, Kind: Choices, Choices: words}
}

// When is p for those trials only in which a choice parameter is one of some words:
//
//	tune.Float("momentum", 0, 0.99).When("optimizer", "sgd")
func (p Param) When(choice string, is ...string) Param {
	p.If, p.Is = choice, is
	return p
}

// check says why there can be no such parameter.
func (p Param) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("tune: parameter %q: %s", p.Name, fmt.Sprintf(format, args...))
	}
	ends := fmt.Sprintf("from %v to %v", p.Low, p.High)
	switch {
	case p.Name == "":
		return fmt.Errorf("tune: a parameter has no name")
	case p.Kind > Choices:
		return bad("kind %d is not known", p.Kind)
	case p.Kind == Choices && len(p.Choices) == 0:
		return bad("there is nothing to choose from")
	case p.Kind == Choices:
		for i, word := range p.Choices {
			if slices.Contains(p.Choices[:i], word) {
				return bad("the choice %q comes twice", word)
			}
		}
	case !(p.Low <= p.High) || math.IsInf(p.High-p.Low, 0):
		return bad("%s: want finite ends, the low one first", ends)
	case (p.Kind == Ints || p.Kind == LogInts) && (p.Low != math.Floor(p.Low) || p.High != math.Floor(p.High)):
		return bad("%s: whole numbers need whole ends", ends)
	case (p.Kind == LogFloats || p.Kind == LogInts) && p.Low <= 0:
		return bad("%s: a logarithm needs positive ends", ends)
	}
	return nil
}

// count returns how many values there are; 0 means a continuum.
func (p Param) count() int {
	switch p.Kind {
	case Choices:
		return len(p.Choices)
	case Ints, LogInts:
		return int(p.High-p.Low) + 1
	}
	return 0
}

// value returns what is at u of [0, 1]: a float64, an int or a string.
func (p Param) value(u float64) any {
	u = min(max(u, 0), 1)
	whole := func(v float64) int { return int(min(max(v, p.Low), p.High)) }
	switch p.Kind {
	case LogFloats:
		return min(p.Low*math.Pow(p.High/p.Low, u), p.High)
	case Ints:
		return whole(math.Floor(p.Low + u*(p.High-p.Low+1)))
	case LogInts:
		low, high := math.Log(p.Low-0.5), math.Log(p.High+0.5)
		return whole(math.Round(math.Exp(low + u*(high-low))))
	case Choices:
		return p.Choices[min(int(u*float64(len(p.Choices))), len(p.Choices)-1)]
	}
	return min(p.Low+u*(p.High-p.Low), p.High)
}

// unit returns where in [0, 1] a value is: the middle of what becomes it. It says
// whether there is such a value.
func (p Param) unit(value any) (u float64, ok bool) {
	if p.Kind == Choices {
		word, _ := value.(string)
		i := slices.Index(p.Choices, word)
		return (float64(i) + 0.5) / float64(len(p.Choices)), i >= 0
	}
	v, ok := number(value)
	if !ok || v < p.Low || v > p.High {
		return 0, false
	}
	switch p.Kind {
	case Ints:
		return (v - p.Low + 0.5) / (p.High - p.Low + 1), v == math.Floor(v)
	case LogInts:
		low, high := math.Log(p.Low-0.5), math.Log(p.High+0.5)
		return (math.Log(v) - low) / (high - low), v == math.Floor(v)
	case LogFloats:
		return ratio(math.Log(v)-math.Log(p.Low), math.Log(p.High)-math.Log(p.Low)), true
	}
	return ratio(v-p.Low, p.High-p.Low), true
}

// ratio is a/b, and the middle of an interval of no length.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0.5
	}
	return a / b
}

func number(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

// A Space lists the parameters of a search. A conditional one comes after the
// choice that it depends on.
type Space []Param

// check says what is wrong with the space.
func (s Space) check() error {
	if len(s) == 0 {
		return fmt.Errorf("tune: the space has no parameters: set Study.Space")
	}
	for i, p := range s {
		if err := p.check(); err != nil {
			return err
		}
		if s[:i].index(p.Name) >= 0 {
			return fmt.Errorf("tune: two parameters are named %q", p.Name)
		}
		if p.If == "" {
			continue
		}
		at := s[:i].index(p.If)
		if at < 0 || s[at].Kind != Choices {
			return fmt.Errorf("tune: parameter %q depends on %q, which is no choice that comes before it", p.Name, p.If)
		}
		for _, word := range p.Is {
			if !slices.Contains(s[at].Choices, word) {
				return fmt.Errorf("tune: parameter %q depends on %s being %q, which is none of %s", p.Name, p.If, word, strings.Join(s[at].Choices, ", "))
			}
		}
	}
	return nil
}

func (s Space) index(name string) int {
	return slices.IndexFunc(s, func(p Param) bool { return p.Name == name })
}

// names lists the parameters for people.
func (s Space) names() string {
	list := make([]string, len(s))
	for i, p := range s {
		list[i] = p.Name
	}
	return strings.Join(list, ", ")
}

// Values are the parameters of a trial by their names: each a float64, an int or a
// string. Conditional ones that do not exist in the trial are missing.
type Values map[string]any

// values returns those at a point of the unit cube.
func (s Space) values(point []float64) Values {
	v := Values{}
	for i, p := range s {
		if s.exists(p, v) {
			v[p.Name] = p.value(point[i])
		}
	}
	return v
}

// exists reports whether a trial with the values has the parameter.
func (s Space) exists(p Param, v Values) bool {
	if p.If == "" {
		return true
	}
	word, ok := v[p.If].(string)
	return ok && slices.Contains(p.Is, word)
}

// Point returns where values are in the unit cube, one coordinate for each
// parameter; a parameter that does not exist in the trial is at NaN.
func (s Space) Point(v Values) []float64 {
	point := make([]float64, len(s))
	for i, p := range s {
		point[i] = math.NaN()
		if u, ok := p.unit(v[p.Name]); ok {
			point[i] = u
		}
	}
	return point
}

// restore gives values that were read from JSON, where all numbers are floats, their
// types, and says which do not belong to the space.
func (s Space) restore(v Values) error {
	for name, value := range v {
		i := s.index(name)
		if i < 0 {
			return fmt.Errorf("%q is none of the parameters %s", name, s.names())
		}
		if f, ok := value.(float64); ok && (s[i].Kind == Ints || s[i].Kind == LogInts) && f == math.Floor(f) {
			v[name] = int(f)
		}
		if _, ok := s[i].unit(v[name]); !ok {
			return fmt.Errorf("%v is no value of %s", value, name)
		}
	}
	for _, p := range s {
		if _, has := v[p.Name]; has != s.exists(p, v) {
			return fmt.Errorf("the parameter %s is missing, or should be", p.Name)
		}
	}
	return nil
}
