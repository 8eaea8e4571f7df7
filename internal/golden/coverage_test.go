package golden

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/coverage.md anew")

// page is the reference of what there is; its first part is made by package ops.
const page = "../../docs/coverage.md"

// A name is an op of PyTorch: its golden cases, the gradients in them, and what
// one writes for it here.
type name struct {
	op           string
	cases, grads int
	ours         string
}

func names(t *testing.T) (list []name) {
	data, err := os.ReadFile("testdata/names.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var n name
		fields := strings.Split(strings.TrimSpace(line), "\t")
		require.Len(t, fields, 4, line)
		n.op, n.ours = fields[0], fields[3]
		_, err := fmt.Sscan(fields[1]+" "+fields[2], &n.cases, &n.grads)
		require.NoError(t, err, line)
		list = append(list, n)
	}
	return list
}

// TestNames compares the list of names with the cases.
func TestNames(t *testing.T) {
	list, err := Read[*Case](cases)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the golden cases %s are not there", cases)
	}
	require.NoError(t, err)
	var want []name
	for _, c := range list {
		i := slices.IndexFunc(want, func(n name) bool { return n.op == c.Op })
		if i < 0 {
			i = len(want)
			want = append(want, name{op: c.Op})
		}
		want[i].cases++
		want[i].grads += len(c.Grads)
	}
	got := names(t)
	for i := range got {
		got[i].ours = ""
	}
	assert.Equal(t, want, got)
}

// TestCoverage fails if the second part of the page is stale.
func TestCoverage(t *testing.T) {
	var b strings.Builder
	ran, ops := 0, 0
	var rows strings.Builder
	for _, n := range names(t) {
		passed := "not yet"
		if !slices.Contains(notYet, n.op) {
			assert.NotEqual(t, "-", n.ours, "%s is mapped: say in testdata/names.txt what to write for it", n.op)
			require.True(t, slices.ContainsFunc(tables, func(part table) bool { _, ok := part[n.op]; return ok }), n.op)
			passed = fmt.Sprintf("%d values, %d gradients", n.cases, n.grads)
			ran += n.cases
			ops++
		}
		fmt.Fprintf(&rows, "| `%s` | %s | %s |\n", n.op, n.ours, passed)
	}
	fmt.Fprintf(&b, "\n%d of %d names; %d cases, each in float64 (relative error at most 1e-9) and in float32 (1e-4), with their gradients. "+
		"`hardsigmoid` has 1e-7 in float64: PyTorch's gradient multiplies by 1/6 as a float32.\n\n", ops, len(names(t)), ran)
	b.WriteString("| PyTorch | here | golden cases passed |\n|---|---|---|\n" + rows.String())
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	const mark = "## PyTorch's names\n"
	head, _, found := strings.Cut(string(data), mark)
	require.True(t, found, "the page has the heading of its second part")
	want := head + mark + b.String()
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(data), "docs/coverage.md is stale: go test ./internal/golden -run Coverage -update")
}
