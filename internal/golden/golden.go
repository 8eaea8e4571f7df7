// Package golden reads the golden cases: calls of PyTorch's ops with the values
// and gradients that it computed, gzipped JSON with one case a line.
package golden

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Case is one call of an op.
type Case struct {
	Op, Variant string
	I           int // number of the case within op and variant
	Args        []Value
	Kwargs      Kwargs
	Out         []*Array
	// Grads are those of the arguments that want one, in their order, for the
	// cotangents linspace(-1, 1) over each floating output; nil if the outputs
	// do not depend on the argument.
	Grads []*Array
}

// String returns op, variant and number, as in "max reduction_with_dim 2".
func (c *Case) String() string {
	name := c.Op
	if c.Variant != "" {
		name += " " + c.Variant
	}
	return fmt.Sprint(name, " ", c.I)
}

// An Array is a tensor of a case.
type Array struct {
	Shape []int
	Data  any  // in row-major order: []float32, []float64, []int32, []int64 or []bool
	Grad  bool // whether its gradient is wanted
}

// UnmarshalJSON reads {"t": dtype, "s": shape, "v": elements, "g": wants gradient}.
func (a *Array) UnmarshalJSON(b []byte) (err error) {
	var raw struct {
		T string
		S []int
		V json.RawMessage
		G bool
	}
	if err = json.Unmarshal(b, &raw); err != nil {
		return err
	}
	a.Shape, a.Grad = raw.S, raw.G
	switch raw.T {
	case "float32":
		a.Data, err = elements[float32](raw.V)
	case "float64":
		a.Data, err = elements[float64](raw.V)
	case "int32":
		a.Data, err = elements[int32](raw.V)
	case "int64":
		a.Data, err = elements[int64](raw.V)
	case "bool":
		a.Data, err = elements[bool](raw.V)
	default:
		err = fmt.Errorf("dtype %q is not known", raw.T)
	}
	return err
}

func elements[E any](list []byte) (data []E, err error) {
	err = json.Unmarshal(list, &data)
	return data, err
}

// A Value is an argument: nil, a bool, a float64, a string, a []Value or an
// *Array.
type Value struct{ Any any }

// UnmarshalJSON reads any JSON value; objects are arrays.
func (v *Value) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '{':
		a := new(Array)
		v.Any = a
		return json.Unmarshal(b, a)
	case '[':
		var list []Value
		err := json.Unmarshal(b, &list)
		v.Any = list
		return err
	}
	return json.Unmarshal(b, &v.Any)
}

// Kwargs are named arguments in the order of the call, which is that of their
// gradients.
type Kwargs []Named

// A Named is an argument with its name.
type Named struct {
	Name  string
	Value Value
}

// UnmarshalJSON reads an object and keeps the order of its fields.
func (k *Kwargs) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil { // the brace
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		n := Named{Name: fmt.Sprint(name)}
		if err := d.Decode(&n.Value); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
		*k = append(*k, n)
	}
	return nil
}

// Read returns the lines of a gzipped file, each a JSON value.
func Read[T any](path string) (list []T, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for d := json.NewDecoder(z); ; {
		var v T
		switch err := d.Decode(&v); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("%s: value %d: %w", path, len(list), err)
		}
		list = append(list, v)
	}
}
