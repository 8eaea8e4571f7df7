package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/mmcloughlin/avo/build"
)

// The kinds in which kernels are written; S means one number for each row.
var (
	unary   = []string{"V"}
	binary  = []string{"VV", "SV", "VS"}
	ternary = []string{"VVV", "SVV", "VSV", "SSV", "VVS", "SVS", "VSS"}
)

// An entry is one elementwise kernel.
type entry struct {
	op        string
	kinds     []string
	unroll    int // vectors in the loop
	registers int // for constants, 4 at most with AVX2, 2 for float64
	body      body
}

// simple are the functions of a few instructions, for both types.
var simple = []entry{
	{"Copy", []string{"V", "S"}, 4, 0, func(c *code, x ...vec) vec { return x[0] }},
	{"Neg", unary, 2, 1, func(c *code, x ...vec) vec { return c.xor(x[0], c.sign()) }},
	{"Abs", unary, 2, 1, func(c *code, x ...vec) vec { return c.abs(x[0]) }},
	{"Sign", unary, 2, 3, sign},
	{"Square", unary, 2, 0, func(c *code, x ...vec) vec { return c.mul(x[0], x[0]) }},
	{"Recip", unary, 2, 1, func(c *code, x ...vec) vec { return c.div(c.kr(1), x[0]) }},
	{"Sqrt", unary, 2, 0, func(c *code, x ...vec) vec { return c.sqrt(x[0]) }},
	{"ReLU", unary, 2, 1, relu},
	{"Floor", unary, 2, 0, func(c *code, x ...vec) vec { return c.round(x[0], down) }},
	{"Ceil", unary, 2, 0, func(c *code, x ...vec) vec { return c.round(x[0], up) }},
	{"Round", unary, 2, 0, func(c *code, x ...vec) vec { return c.round(x[0], nearest) }},
	{"IsNaN", unary, 2, 1, func(c *code, x ...vec) vec { return c.ones(c.cmp(unordered, x[0], x[0])) }},
	{"Not", unary, 2, 2, func(c *code, x ...vec) vec { return c.ones(c.cmp(equal, x[0], c.k(0))) }},

	{"Add", binary, 2, 0, func(c *code, x ...vec) vec { return c.add(x[0], x[1]) }},
	{"Sub", binary, 2, 0, func(c *code, x ...vec) vec { return c.sub(x[0], x[1]) }},
	{"Mul", binary, 2, 0, func(c *code, x ...vec) vec { return c.mul(x[0], x[1]) }},
	{"Div", binary, 2, 0, func(c *code, x ...vec) vec { return c.div(x[0], x[1]) }},
	{"Maximum", binary, 2, 0, func(c *code, x ...vec) vec { return c.maximum(x[0], x[1], false) }},
	{"Minimum", binary, 2, 0, func(c *code, x ...vec) vec { return c.maximum(x[0], x[1], true) }},
	{"Equal", binary, 2, 1, func(c *code, x ...vec) vec { return c.ones(c.cmp(equal, x[0], x[1])) }},
	{"Less", binary, 2, 1, func(c *code, x ...vec) vec { return c.ones(c.cmp(less, x[0], x[1])) }},
	{"LessEqual", binary, 2, 1, func(c *code, x ...vec) vec { return c.ones(c.cmp(lessEqual, x[0], x[1])) }},
	{"And", binary, 2, 2, func(c *code, x ...vec) vec { return c.ones(c.both(c.truth(x[0]), c.truth(x[1]))) }},
	{"Or", binary, 2, 2, func(c *code, x ...vec) vec { return c.ones(c.either(c.truth(x[0]), c.truth(x[1]))) }},
	{"Xor", binary, 2, 2, func(c *code, x ...vec) vec { return c.ones(c.differ(c.truth(x[0]), c.truth(x[1]))) }},

	{"Where", ternary, 2, 1, func(c *code, x ...vec) vec { return c.pick(c.truth(x[0]), x[1], x[2]) }},
	{"FMA", ternary, 2, 0, func(c *code, x ...vec) vec { return c.fma(x[0], x[1], x[2]) }},
	{"FMS", ternary, 2, 0, func(c *code, x ...vec) vec { return c.fms(x[0], x[1], x[2]) }},
	{"FNMA", ternary, 2, 0, func(c *code, x ...vec) vec { return c.fnma(x[0], x[1], x[2]) }},
	{"AddMul", ternary, 2, 0, func(c *code, x ...vec) vec { return c.mul(c.add(x[0], x[1]), x[2]) }},
	{"SubMul", ternary, 2, 0, func(c *code, x ...vec) vec { return c.mul(c.sub(x[0], x[1]), x[2]) }},
	{"MulMul", ternary, 2, 0, func(c *code, x ...vec) vec { return c.mul(c.mul(x[0], x[1]), x[2]) }},
	{"Above", ternary, 2, 0, func(c *code, x ...vec) vec { return c.only(c.cmp(greater, x[0], x[1]), x[2]) }},
	{"Match", ternary[:1], 2, 0, func(c *code, x ...vec) vec { return c.only(c.cmp(equal, x[0], x[1]), x[2]) }},
	{"SubSub", ternary, 2, 0, func(c *code, x ...vec) vec { return c.sub(c.sub(x[0], x[1]), x[2]) }},
	{"Choose", []string{"VVSS", "SVSS", "VSSS"}, 2, 0, func(c *code, x ...vec) vec { return c.pick(c.cmp(equal, x[0], x[1]), x[2], x[3]) }},
	{"Unmatch", ternary[:1], 2, 0, func(c *code, x ...vec) vec { return c.only(c.cmp(notEqual, x[0], x[1]), x[2]) }},
}

// functions are the functions of float32 that take some computing.
var functions = []entry{
	{"Rsqrt", unary, 1, 16, rsqrt},
	{"Exp", unary, 1, 16, exp},
	{"Exp2", unary, 1, 16, exp2},
	{"Expm1", unary, 1, 16, expm1},
	{"Log", unary, 1, 18, logarithm(1)},
	{"Log1p", unary, 1, 18, log1p},
	{"Log2", unary, 1, 18, logarithm(math.Log2E)},
	{"Log10", unary, 1, 18, logarithm(math.Log10E)},
	{"Sin", unary, 1, 18, sin},
	{"Cos", unary, 1, 18, cos},
	{"Tanh", unary, 1, 18, tanh},
	{"Erf", unary, 1, 18, erf},
	{"Erfc", unary, 1, 18, erfc},
	{"ErfcMul", []string{"VSVS"}, 1, 20, erfcMul},
	{"Sigmoid", unary, 1, 18, sigmoid},
	{"Softplus", unary, 1, 18, softplus},
	{"Pow", binary, 1, 2, pow},
	{"LogAddExp", binary, 1, 18, logAddExp},
	{"ExpSub", binary, 1, 16, expSub},
	{"FromI32", unary, 2, 0, func(c *code, x ...vec) vec { return c.to(build.VCVTDQ2PS, nil, x[0]) }},
}

// wideFunctions are those of float64.
var wideFunctions = []entry{
	{"Rsqrt", unary, 1, 16, rsqrt},
	{"Exp", unary, 1, 18, exp},
	{"Exp2", unary, 1, 18, exp2},
	{"Expm1", unary, 1, 18, expm1},
	{"Log", unary, 1, 18, logarithm(1)},
	{"Log1p", unary, 1, 18, log1p},
	{"Log2", unary, 1, 18, logarithm(math.Log2E)},
	{"Log10", unary, 1, 18, logarithm(math.Log10E)},
	{"Sin", unary, 1, 18, sin},
	{"Cos", unary, 1, 18, cos},
	{"Tanh", unary, 1, 18, tanh},
	{"Erf", unary, 1, 18, erf},
	{"Erfc", unary, 1, 18, erfc},
	{"ErfcMul", []string{"VSVS"}, 1, 20, erfcMul},
	{"Sigmoid", unary, 1, 18, sigmoid},
	{"Softplus", unary, 1, 18, softplus},
	{"Pow", binary, 1, 2, pow},
	{"LogAddExp", binary, 1, 18, logAddExp},
	{"ExpSub", binary, 1, 18, expSub},
}

func (c *code) truth(x vec) mask { return c.cmp(notEqual, x, c.k(0)) }

func sign(c *code, x ...vec) vec {
	return c.pick(c.cmp(notEqualOrdered, x[0], c.k(0)), c.signed(c.kr(1), x[0]), x[0])
}

// relu adds 0, which -0 becomes +0 by.
func relu(c *code, x ...vec) vec {
	return c.add(c.most(c.kr(0), x[0]), c.k(0))
}

// folds are the reductions of rows, for both types.
var folds = []struct {
	op string
	reduction
}{
	{"Sum", sums(1, func(c *code, acc vec, x ...vec) { c.by(build.VADDPS, build.VADDPD, x[0], acc, acc) })},
	{"SumSquares", sums(1, func(c *code, acc vec, x ...vec) { c.by(build.VFMADD231PS, build.VFMADD231PD, x[0], x[0], acc) })},
	{"Dot", sums(2, func(c *code, acc vec, x ...vec) { c.by(build.VFMADD231PS, build.VFMADD231PD, x[0], x[1], acc) })},
}

// written collects what has been written: family, type, op and kinds of each.
var written []kernelName

type kernelName struct {
	avx512, wide bool
	op, kinds    string
}

// vector writes the elementwise kernels and the reductions, and a file of Go
// beside them with their declarations and the table that finds them.
func vector() {
	for _, avx512 := range []bool{true, false} {
		for _, wide := range []bool{false, true} {
			writeVectors(avx512, wide)
		}
	}
	path := flag.Lookup("out").Value.String()
	writeTable(filepath.Join(filepath.Dir(path), "vector_amd64.go"))
}

func writeVectors(avx512, wide bool) {
	start := func(op, kinds string) (*code, string) {
		c := newCode(avx512, wide)
		written = append(written, kernelName{avx512, wide, op, kinds})
		return c, c.name(op, kinds)
	}
	for _, e := range append(slices.Clone(simple), choose(wide, wideFunctions, functions)...) {
		for _, kinds := range e.kinds {
			c, name := start(e.op, kinds)
			c.elementwise(name, kinds, e.unroll, choose(avx512, e.registers, min(e.registers, choose(wide, 2, 4))), e.body)
		}
	}
	for _, r := range folds {
		c, name := start(r.op, "VV"[:r.operands])
		c.reduce(name, r.reduction)
	}
	for _, op := range []string{"Max", "Min"} {
		c, name := start(op, "V")
		c.reduce(name, extremes(avx512, op == "Min"))
	}
	c, name := start("ExpSubSum", "VS")
	c.summing(name, "VS", choose(avx512, 14, 4), expSub)
	for _, kinds := range ternary {
		c, name := start("FMASum", kinds)
		c.summing(name, kinds, 0, func(c *code, x ...vec) vec { return c.fma(x[0], x[1], x[2]) })
	}
	for _, v := range conversions {
		if avx512 && v.wide == wide {
			c, name := start(v.op, "V")
			c.convert(name, v)
		}
	}
	c = newCode(avx512, wide)
	c.wild(c.name("Wild", ""))
	c = newCode(avx512, wide)
	c.route2(c.name("Route2", ""))
}

// writeTests writes the declarations and the table of kernels that tell something.
func writeTests(b *bytes.Buffer, table, op, what string) {
	families, types := []string{"avx512", "avx2"}, []string{"F32", "F64"}
	fmt.Fprintf(b, "\n// %s %s, by family and type.\nvar %s = [...][numTypes]func(a *Args) bool{\n", table, what, table)
	for _, family := range families {
		fmt.Fprintf(b, "%s: {F32: %sF32%s, F64: %sF64%s},\n", family, family, op, family, op)
	}
	b.WriteString("}\n")
	for _, family := range families {
		for _, t := range types {
			fmt.Fprintf(b, "\n//go:noescape\nfunc %s%s%s(a *Args) bool\n", family, t, op)
		}
	}
}

// writeTable writes the Go file.
func writeTable(path string) {
	var b bytes.Buffer
	b.WriteString("// Code generated by command: go generate. DO NOT EDIT.\n\n//go:build amd64 && !noasm\n\npackage kernel\n\n")
	fmt.Fprintf(&b, "// wildest is the size up to which the sines in assembly are good.\nconst wildest = %g\n\n", wildest)
	b.WriteString("// assembled are the kernels in assembly, by family, type, op and kinds.\nvar assembled = [...][numTypes][numOps][16]Func{\n")
	for _, avx512 := range []bool{false, true} {
		fmt.Fprintf(&b, "%s: {\n", choose(avx512, "avx512", "avx2"))
		for _, wide := range []bool{false, true} {
			fmt.Fprintf(&b, "%s: {\n", choose(wide, "F64", "F32"))
			last := ""
			for _, k := range written {
				if k.avx512 != avx512 || k.wide != wide {
					continue
				}
				if k.op != last {
					if last != "" {
						b.WriteString("},\n")
					}
					fmt.Fprintf(&b, "%s: {", k.op)
					last = k.op
				}
				bits := 0
				for i, c := range k.kinds {
					bits |= int(choose(c == 'S', 1, 0)) << i
				}
				c := code{avx512: k.avx512, wide: k.wide}
				fmt.Fprintf(&b, "%d: %s,", bits, c.name(k.op, k.kinds))
			}
			b.WriteString("},\n},\n")
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	for _, k := range written {
		c := code{avx512: k.avx512, wide: k.wide}
		fmt.Fprintf(&b, "\n//go:noescape\nfunc %s(a *Args)\n", c.name(k.op, k.kinds))
	}
	writeTests(&b, "wild", "Wild", "tell whether a number is larger than wildest")
	writeTests(&b, "route2", "Route2", "are the kernels that Route2 returns")
	text, err := format.Source(b.Bytes())
	if err == nil {
		err = os.WriteFile(path, text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}
