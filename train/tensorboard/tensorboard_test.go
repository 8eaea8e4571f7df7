package tensorboard_test

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"gorgonia.org/tensor"

	"github.com/adjointml/adjoint/data"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/optim"
	"github.com/adjointml/adjoint/train"
	"github.com/adjointml/adjoint/train/tensorboard"
)

// fields returns the fields of a message: bytes, or the bits of a number.
func fields(t *testing.T, b []byte) map[protowire.Number][]any {
	m := map[protowire.Number][]any{}
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		require.Positive(t, n)
		b = b[n:]
		var v any
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			v, n = protowire.ConsumeFixed32(b)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(b)
		default:
			v, n = protowire.ConsumeBytes(b)
		}
		require.Positive(t, n)
		m[num], b = append(m[num], v), b[n:]
	}
	return m
}

// events returns the events of the only file in a folder, and checks their sums.
func events(t *testing.T, dir string) (list []map[protowire.Number][]any) {
	files, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	sum := func(b []byte) uint32 {
		c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		return (c>>15 | c<<17) + 0xa282ead8
	}
	for len(b) > 0 {
		n := binary.LittleEndian.Uint64(b)
		require.Equal(t, sum(b[:8]), binary.LittleEndian.Uint32(b[8:]))
		body := b[12 : 12+n]
		require.Equal(t, sum(body), binary.LittleEndian.Uint32(b[12+n:]))
		list, b = append(list, fields(t, body)), b[16+n:]
	}
	return list
}

func double(v any) float64 { return math.Float64frombits(v.(uint64)) }

func TestWriter(t *testing.T) {
	x := tensor.New(tensor.WithShape(8, 1), tensor.WithBacking([]float32{0, 1, 2, 3, 4, 5, 6, 7}))
	y := tensor.New(tensor.WithShape(8, 1), tensor.WithBacking([]float32{1, 3, 5, 7, 9, 11, 13, 15}))
	rows, err := data.Of(x, y)
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "a", "b")
	model := &train.Model{Net: &nn.Dense{Out: 1}, Optimizer: optim.SGD(0.01),
		Loss: nn.MSE}
	h, err := model.Fit(context.Background(), rows, train.Options{Epochs: 3, Batch: 4, Validation: rows,
		Callbacks: []train.Callback{&tensorboard.Writer{Dir: dir}}})
	require.NoError(t, err)

	list := events(t, dir)
	require.Len(t, list, 2+2*3)
	assert.Equal(t, "brain.Event:2", string(list[0][3][0].([]byte)))
	names := map[string]bool{}
	for _, n := range fields(t, list[1][4][0].([]byte))[1] {
		def := fields(t, n.([]byte))
		for _, in := range def[3] {
			assert.True(t, names[string(in.([]byte))], "%s has an input %s that is not before it", def[1][0], in)
		}
		names[string(def[1][0].([]byte))] = true
	}
	assert.Greater(t, len(names), 3)
	for i, e := range h.Epochs {
		scalars, histograms := list[2+2*i], list[3+2*i]
		assert.Equal(t, uint64(2*(i+1)), scalars[2][0])
		values := fields(t, scalars[5][0].([]byte))[1]
		require.Len(t, values, 3)
		for k, want := range []struct {
			tag string
			v   float64
		}{{"loss", e.Train["loss"]}, {"rate", 0.01}, {"val_loss", e.Validation["loss"]}} {
			v := fields(t, values[k].([]byte))
			assert.Equal(t, want.tag, string(v[1][0].([]byte)))
			assert.Equal(t, float32(want.v), math.Float32frombits(v[2][0].(uint32)))
		}
		assert.Len(t, fields(t, histograms[5][0].([]byte))[1], 2) // weight and bias
	}
}

func TestHistogram(t *testing.T) {
	dir := t.TempDir()
	p := &graph.Param{Label: "w", Value: tensor.New(tensor.WithShape(6), tensor.WithBacking([]float64{-1, 0, 0, 2, math.NaN(), math.Inf(1)}))}
	w := &tensorboard.Writer{Dir: dir}
	require.NoError(t, w.Params(7, []*graph.Param{p}))
	require.NoError(t, w.Close())
	e := events(t, dir)[1]
	v := fields(t, fields(t, e[5][0].([]byte))[1][0].([]byte))
	assert.Equal(t, "w", string(v[1][0].([]byte)))
	h := fields(t, v[5][0].([]byte))
	for i, want := range []float64{-1, 2, 4, 1, 5} { // least, largest, number, sum, sum of squares
		assert.Equal(t, want, double(h[protowire.Number(1+i)][0]))
	}
	limits, counts, total, last := h[6][0].([]byte), h[7][0].([]byte), 0.0, math.Inf(-1)
	require.Len(t, counts, len(limits))
	for i := 0; i < len(limits); i += 8 {
		limit := math.Float64frombits(binary.LittleEndian.Uint64(limits[i:]))
		assert.Greater(t, limit, last)
		last = limit
		total += math.Float64frombits(binary.LittleEndian.Uint64(counts[i:]))
	}
	assert.Equal(t, 4.0, total)
}

func TestWriterRefuses(t *testing.T) {
	assert.EqualError(t, (&tensorboard.Writer{}).Scalars(0, nil), "tensorboard: no folder: set Writer.Dir")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	assert.ErrorContains(t, (&tensorboard.Writer{Dir: file}).Scalars(0, nil), "tensorboard: mkdir "+file)
}
