package ir

import (
	"fmt"
	"slices"
	"strings"
)

// Check reports the first value that breaks an invariant: operands come before
// their users, no axis has length 1, the dims of operands fit the instruction,
// and no operand reads outside of its value.
func Check(values []*Value) error {
	for i, v := range values {
		if v.ID != i {
			return fmt.Errorf("ir: value %d calls itself %d", i, v.ID)
		}
		if err := v.check(values); err != nil {
			return fmt.Errorf("ir: %v: %w", v, err)
		}
		if v.Loop != nil && v.Slot == 0 {
			for _, p := range v.Loop.Programs {
				if err := Check(p.Values); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (v *Value) check(values []*Value) error {
	for _, d := range v.Dims {
		if d == 1 {
			return fmt.Errorf("an axis has length 1")
		}
	}
	for i, x := range v.In {
		if x.V.ID >= v.ID || values[x.V.ID] != x.V {
			return fmt.Errorf("operand %d is not computed before", i)
		}
		lo, hi := x.Off, x.Off
		for ax, d := range x.Dims {
			if step := x.Steps[ax] * (d - 1); step < 0 {
				lo += step
			} else {
				hi += step
			}
		}
		if x.Size() > 0 && (lo < 0 || hi >= x.V.size) {
			return fmt.Errorf("operand %d reads %d to %d of %d elements", i, lo, hi, x.V.size)
		}
	}
	switch v.Kind {
	case Map:
		for i, x := range v.In {
			if !slices.Equal(x.Dims, v.Dims) {
				return fmt.Errorf("operand %d is over %v", i, x.Dims)
			}
		}
	case Reduce:
		if v.Over == Middle {
			return nil // its operand is collapsed
		}
		in := v.In[0].Dims
		n := len(in) - len(v.Dims)
		if n < 1 {
			return fmt.Errorf("a reduction of %v", in)
		}
		kept := in[:len(v.Dims)]
		if v.Over == Lead {
			kept = in[n:]
		}
		if !slices.Equal(kept, v.Dims) {
			return fmt.Errorf("a reduction of %v", in)
		}
	}
	return nil
}

// String writes the value as its instruction, such as
//
//	v4 = map.add f32[32 10] v1 v2[32 10: 0 1]
func (v *Value) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "v%d = %v", v.ID, v.Kind)
	switch v.Kind {
	case Map, Reduce:
		fmt.Fprintf(&b, ".%v", v.Op)
		if v.Kind == Reduce {
			b.WriteString([...]string{" rows", " lead", " middle"}[v.Over])
		}
	case Const:
		fmt.Fprintf(&b, " %g", v.Num)
	case Leaf, Call, Loop:
		fmt.Fprintf(&b, " #%d", v.Slot)
	case Conv:
		fmt.Fprintf(&b, ".%v", v.Win.Pass)
	case Join:
		fmt.Fprintf(&b, " axis %d at %v", v.Join.Axis, v.Join.At)
	}
	fmt.Fprintf(&b, " %v%v", v.DType, v.Dims)
	for _, x := range v.In {
		fmt.Fprintf(&b, " v%d", x.V.ID)
		if !x.Dense() || !slices.Equal(x.Dims, x.V.Dims) {
			fmt.Fprintf(&b, "%v:%v", x.Dims, x.Steps)
			if x.Off != 0 {
				fmt.Fprintf(&b, "+%d", x.Off)
			}
		}
	}
	return b.String()
}

// Listing writes the values, one a line.
func Listing(values []*Value) string {
	var b strings.Builder
	list(&b, values, "")
	return b.String()
}

// list writes values, and those of a loop's programs indented before its first
// result.
func list(b *strings.Builder, values []*Value, indent string) {
	told := map[*LoopBody]bool{}
	for _, v := range values {
		if l := v.Loop; l != nil && !told[l] {
			told[l] = true
			for i, p := range l.Programs {
				fmt.Fprintf(b, "%s%s, program %d\n", indent, l, i)
				list(b, p.Values, indent+"    ")
			}
		}
		fmt.Fprintf(b, "%s%v\n", indent, v)
	}
}

// String says how the loop runs, such as "scan of 64 steps, reverse".
func (l *LoopBody) String() string {
	switch l.Kind {
	case Branch:
		return "branch"
	case WhileLoop:
		if l.Steps > 0 {
			return fmt.Sprintf("while, at most %d steps", l.Steps)
		}
		return "while"
	}
	if l.Reverse {
		return fmt.Sprintf("scan of %d steps, reverse", l.Steps)
	}
	return fmt.Sprintf("scan of %d steps", l.Steps)
}
