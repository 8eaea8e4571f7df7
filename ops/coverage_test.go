package ops_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/graph"
)

var update = flag.Bool("update", false, "write docs/coverage.md anew")

// page is the reference of what there is; its second part is made by package
// internal/golden.
const page = "../docs/coverage.md"

// dtypes returns those that a line's floats, or integers if it has none, may
// have.
func (l line) dtypes() (list []string) {
	for _, d := range []graph.DType{graph.Float32, graph.Float64, graph.Int32, graph.Int64, graph.Bool} {
		x := l.inputs(graph.Float64, &usual)
		for i, a := range l.args {
			if a.dtype.Float() || !l.hasFloats() && !a.index && a.dtype.Int() {
				x[i] = graph.InputOf(d, fmt.Sprint("x", i), x[i].Shape().Dims()...)
			}
		}
		if !l.hasFloats() && !slices.ContainsFunc(l.args, func(a arg) bool { return a.dtype.Int() && !a.index }) {
			return []string{"-"}
		}
		if l.f(x...).Err() == nil {
			list = append(list, d.String())
		}
	}
	return list
}

// orders returns which orders of gradients a line checks.
func (l line) orders() string {
	x := l.inputs(graph.Float64, &usual)
	switch {
	case !l.hasFloats() || !l.f(x...).DType().Float():
		return "constant"
	case l.flat:
		return "0 by definition"
	}
	return "1, 2"
}

// TestCoverage fails if the first part of the page is stale, or lacks an op.
func TestCoverage(t *testing.T) {
	data, err := os.ReadFile("testdata/names.txt")
	require.NoError(t, err)
	lines := map[string]line{}
	for _, l := range table() {
		if name, variant, _ := strings.Cut(l.name, "/"); variant == "" {
			lines[name] = l
		}
	}
	var b strings.Builder
	b.WriteString("# Coverage\n\nMade from the tests: `go test ./ops ./internal/golden -run Coverage -update`.\n\n## Ops\n\n" +
		"The orders of gradients that the table of ops checks, reverse against forward mode against differences, with free lengths and lengths 0 and 1; " +
		"the dtypes of the operands; and the names elsewhere.\n\n| op | gradients | dtypes | PyTorch | ONNX |\n|---|---|---|---|---|\n")
	for row := range strings.Lines(string(data)) {
		if strings.HasPrefix(row, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(row), "\t")
		require.Len(t, f, 3, row)
		l, ok := lines[f[0]]
		if !assert.True(t, ok, "%s in testdata/names.txt is no op", f[0]) {
			continue
		}
		delete(lines, f[0])
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f[0], l.orders(), strings.Join(l.dtypes(), " "), f[1], f[2])
	}
	for name := range lines {
		assert.Fail(t, "an op is missing", "%s has no row in testdata/names.txt", name)
	}
	const mark = "\n## PyTorch's names\n"
	old, err := os.ReadFile(page)
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(old), mark)
	require.True(t, found, "the page has the heading of its second part")
	want := b.String() + mark + rest
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(old), "docs/coverage.md is stale: go test ./ops -run Coverage -update")
}
