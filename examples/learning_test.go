package examples

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// last decodes the last line that an example printed with -json.
func last(t *testing.T, out string, v any) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), v), out)
}

func testRL(t *testing.T, dir string) {
	type course struct {
		Algorithm string
		Return    float64
		Solved    bool
		Match     struct {
			First, Second struct{ Won, Drawn, Lost int }
			Defeats       int
		}
	}
	var solved, played []course
	last(t, run(t, dir, "rl", "-algo", "ppo", "-seeds", "2", "-json"), &solved)
	require.Len(t, solved, 2)
	for _, c := range solved {
		assert.True(t, c.Solved)
		assert.GreaterOrEqual(t, c.Return, 475.0)
	}
	last(t, run(t, dir, "rl", "-algo", "selfplay", "-json"), &played)
	m := played[0].Match
	assert.Equal(t, 1000, m.First.Won+m.First.Drawn, "as first it never loses")
	assert.Equal(t, 1000, m.Second.Won+m.Second.Drawn, "nor as second")
	short := func() string {
		out := run(t, dir, "rl", "-algo", "dqn,a2c", "-env", "gridworld", "-steps", "2000")
		return regexp.MustCompile(`[\d.]+ s\n|see .*\n`).ReplaceAllString(out, "")
	}
	assert.Equal(t, short(), short(), "the same seed gives the same numbers")
	bad, err := command(dir, "rl", "-algo", "dqn", "-env", "pendulum").CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "dqn chooses one of several actions, and those of pendulum are torques: want -algo ppo\n", string(bad))
}

func testMeta(t *testing.T, dir string) {
	var r struct{ Meta, Joint []float64 }
	short := []string{"-steps", "2000", "-json"}
	out := run(t, dir, "meta", short...)
	last(t, out, &r)
	require.Len(t, r.Meta, 11)
	assert.Less(t, r.Meta[1], 0.5*r.Joint[1], "one step is enough only for who has learned to learn")
	assert.Less(t, r.Meta[10], 0.5*r.Joint[10])
	loss := numbers(t, out, `loss ([\d.]+)`)
	assert.Equal(t, loss, numbers(t, run(t, dir, "meta", short...), `loss ([\d.]+)`), "the same seed gives the same numbers")
	bad, err := command(dir, "meta", "-tasks", "0").CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "-steps 20000 -tasks 0 -shots 10: want at least 1 of each\n", string(bad))
}

func testImplicit(t *testing.T, dir string) {
	var r struct {
		Steps, Off, Bytes []float64
		Implicit          float64
		Accuracy, Shallow float64
	}
	out := run(t, dir, "implicit", "-images", "2000", "-epochs", "2", "-json")
	last(t, out, &r)
	require.Len(t, r.Off, 7)
	assert.Less(t, r.Off[6], 1e-12, "through 64 steps it is the implicit gradient")
	for i := 1; i < 6; i++ {
		assert.Less(t, r.Off[i], r.Off[i-1])
		assert.Greater(t, r.Bytes[i+1], 1.7*r.Bytes[i], "memory grows with the steps")
	}
	assert.Less(t, r.Implicit, r.Bytes[6]/8)
	assert.Greater(t, r.Accuracy, 0.8)
	bad, err := command(dir, "implicit", "-epochs", "0").CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, "-images 10000 -epochs 0 -width 64: want at least 10, 1 and 1\n", string(bad))
}
