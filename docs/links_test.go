package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGallery checks that every example is shown with a command that runs it, that
// every picture of the gallery's folder is, and that links lead somewhere.
func TestGallery(t *testing.T) {
	text, err := os.ReadFile("gallery.md")
	require.NoError(t, err)
	examples, err := filepath.Glob("../examples/*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, main := range examples {
		name := filepath.Base(filepath.Dir(main))
		assert.Contains(t, string(text), "**["+name+"](../examples/"+name+"/", "gallery.md does not show the example %s", name)
		assert.Regexp(t, `(?m)^    .*go run \./examples/`+name+`( |$)`, string(text), "no command runs %s", name)
	}
	pictures, err := os.ReadDir("gallery")
	require.NoError(t, err)
	for _, p := range pictures {
		assert.Contains(t, string(text), "](gallery/"+p.Name()+")", "gallery.md does not show this picture")
		info, err := p.Info()
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(150_000), p.Name())
	}
	checkLinks(t, "gallery.md", string(text))
}

// TestMap checks that links lead somewhere: those of names to the file that has them.
func TestMap(t *testing.T) {
	text, err := os.ReadFile("map.md")
	require.NoError(t, err)
	checkLinks(t, "map.md", string(text))
	names := regexp.MustCompile("\\[`(\\w+)\\.(\\w+)`\\]\\(\\.\\./([^)]+)\\)").FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, names)
	for _, m := range names {
		pkg, name, file := m[1], m[2], m[3]
		assert.Equal(t, pkg, filepath.Base(filepath.Dir(file)), m[0])
		assert.True(t, declares(t, "../"+file, name), "%s has no %s", file, name)
	}
}

// declares reports whether a file declares an exported name.
func declares(t *testing.T, file, name string) bool {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^(func|type|var|const) ` + name + `\b|^\t` + name + `\b[^(.\n]*=`)
	code, err := os.ReadFile(file)
	return assert.NoError(t, err) && declaration.Match(code)
}

// checkLinks fails for a link of a page to a file that is not there.
func checkLinks(t *testing.T, page, text string) {
	t.Helper()
	links := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, links, page)
	for _, m := range links {
		if !strings.Contains(m[1], "://") {
			_, err := os.Stat(filepath.FromSlash(m[1]))
			assert.NoError(t, err, "%s links to what is not there", page)
			if m[2] != "" {
				assert.Contains(t, anchors(t, m[1]), m[2], "%s has no such heading", m[1])
			}
		}
	}
}

// anchors returns those of a page's headings, such as "#4-a-gradient".
func anchors(t *testing.T, page string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		plain := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, "#"+strings.ReplaceAll(plain, " ", "-"))
	}
	return list
}
