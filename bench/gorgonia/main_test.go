package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/bench/measure"
)

// TestLines runs each workload at tiny size.
func TestLines(t *testing.T) {
	for _, w := range workloads {
		t.Run(w.Name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, measure.Run(&out, "peer", measure.Options{Threads: 2, Reps: 1}, workloads, w.Name))
			for from := json.NewDecoder(&out); from.More(); {
				var l measure.Line
				require.NoError(t, from.Decode(&l))
				assert.Equal(t, w.Name, l.Workload)
				assert.Positive(t, l.Value)
				if w.Name[0] == 'W' {
					assert.Positive(t, l.Params)
					assert.Positive(t, *l.Loss)
				}
			}
		})
	}
}
