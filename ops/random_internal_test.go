package ops

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/adjointml/adjoint/graph"
)

// TestPhiloxKnownAnswers has the vectors that the authors publish with Random123.
func TestPhiloxKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		assert.Equal(t, c.want, philox(c.counter, c.key))
	}
}

// TestUnitIsBelowOne looks at the largest bits, which rounding must not make 1.
func TestUnitIsBelowOne(t *testing.T) {
	for _, d := range []DType{graph.Float32, graph.Float64} {
		most := unit(d, 1<<64-1)
		assert.Less(t, most, 1.0)
		assert.Less(t, float32(unit(graph.Float32, 1<<64-1)), float32(1))
		assert.Zero(t, unit(d, 0))
	}
}
