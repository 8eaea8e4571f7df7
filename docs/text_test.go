package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// TestTutorial compares the tutorial's blocks with the examples that the tests
// run: Go code with their code, text with their output.
func TestTutorial(t *testing.T) {
	compareBlocks(t, "tutorial.md", "tutorial_test.go")
}

// TestReadme compares the README's Go code with the examples it shows.
func TestReadme(t *testing.T) {
	compareBlocks(t, "../README.md", "readme_test.go")
}

// compareBlocks fails for a block of the page that is not in the source.
func compareBlocks(t *testing.T, page, source string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	code, err := os.ReadFile(source)
	require.NoError(t, err)
	have := flatten(string(code))
	n := 0
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		block := flatten(m[2])
		switch m[1] {
		case "go":
		case "text":
			block = "// " + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n// ")
		default:
			continue
		}
		n++
		assert.Contains(t, have, block, "%s shows what %s does not have", page, source)
	}
	assert.Positive(t, n, "%s has blocks", page)
}

// flatten removes the indentation of each line.
func flatten(s string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(s, "")
}
