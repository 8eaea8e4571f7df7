package webtest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/viz/live"
)

// TestExplain asks for every kind of map, and adds up what a unit is made of.
func TestExplain(t *testing.T) {
	s := serve(t, live.Options{})
	p := open(t, s.URL+"explain", 1280, 900)
	p.wait("document.getElementById('sum') && document.getElementById('note').textContent.startsWith('The map adds up')")
	p.picture("explain.jpg")
	numbers := regexp.MustCompile(`[−-]?[\d.]+`).FindAllString(js[string](p, "document.getElementById('note').textContent"), 2)
	require.Len(t, numbers, 2)
	assert.InDelta(t, parse(t, strings.TrimSuffix(numbers[0], ".")), parse(t, strings.TrimSuffix(numbers[1], ".")), 0.2, "integrated gradients add up to the gain")
	sum := regexp.MustCompile(`Σ products (\S+) \+ rest (\S+) = ([\d.e−-]+)`).FindStringSubmatch(js[string](p, "document.getElementById('sum').textContent"))
	require.Len(t, sum, 4)
	assert.InDelta(t, parse(t, sum[3]), parse(t, sum[1])+parse(t, sum[2]), 0.002)

	seen := map[string]bool{}
	for _, m := range js[[]string](p, "[...document.getElementById('method').options].map(o => o.value)") {
		js[any](p, fmt.Sprintf("(document.getElementById('map').dataset.was = document.getElementById('map').toDataURL(), document.getElementById('live').textContent = '', (s => { s.value = %q; s.onchange(); })(document.getElementById('method')), 0)", m))
		p.wait(fmt.Sprintf("document.getElementById('live').textContent.startsWith(%q)", m))
		assert.Empty(t, js[string](p, "document.querySelector('.message').textContent"), m)
		seen[js[string](p, "document.getElementById('map').toDataURL()")] = true
	}
	assert.Len(t, seen, 8, "each method has a picture of its own")
	p.click(".share:nth-child(4)")
	p.wait("document.querySelector('.share:nth-child(4)').getAttribute('aria-pressed') === 'true'")
	p.homely(s)
}

func parse(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, "−", "-"), 64)
	require.NoError(t, err)
	return v
}
