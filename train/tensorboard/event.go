package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/adjointml/adjoint/graph"
)

// The numbers of fields below are those of TensorFlow's event.proto, summary.proto,
// histogram.proto, graph.proto and node_def.proto.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of a record's parts: CRC-32C, turned and shifted, as
// TFRecord files have it.
func masked(b []byte) uint32 {
	sum := crc32.Checksum(b, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// record frames an event: its length, the length's checksum, the event, its checksum.
func record(event []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, event...)
	return binary.LittleEndian.AppendUint32(b, masked(event))
}

// event begins an Event: wall_time = 1, step = 2.
func event(seconds float64, step int) []byte {
	b := double(nil, 1, seconds)
	b = protowire.AppendTag(b, 2, protowire.VarintType)
	return protowire.AppendVarint(b, uint64(step))
}

func double(b []byte, field protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}

func message(b []byte, field protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), m)
}

func text(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

// scalar is a Summary.Value: tag = 1, simple_value = 2.
func scalar(tag string, v float64) []byte {
	b := protowire.AppendTag(text(nil, 1, tag), 2, protowire.Fixed32Type)
	return protowire.AppendFixed32(b, math.Float32bits(float32(v)))
}

// buckets is how many a histogram has.
const buckets = 30

// histogram is a Summary.Value: tag = 1, histo = 5 with min = 1, max = 2, num = 3,
// sum = 4, sum_squares = 5, bucket_limit = 6 and bucket = 7. Values that are not
// finite do not count.
func histogram(tag string, values []float64) []byte {
	low, high, n, sum, squares := math.Inf(1), math.Inf(-1), 0.0, 0.0, 0.0
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		low, high, n, sum, squares = min(low, v), max(high, v), n+1, sum+v, squares+v*v
	}
	if n == 0 {
		low, high = 0, 0
	}
	var count [buckets]float64
	width := (high - low) / buckets
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		i := 0
		if width > 0 {
			i = min(int((v-low)/width), buckets-1)
		}
		count[i]++
	}
	var h, limits, counts []byte
	for i, v := range []float64{low, high, n, sum, squares} {
		h = double(h, protowire.Number(1+i), v)
	}
	for i, c := range count {
		limit := low + float64(i+1)*width
		if i == buckets-1 {
			limit = math.Nextafter(high, math.Inf(1)) // the limit itself belongs to the next one
		}
		limits = protowire.AppendFixed64(limits, math.Float64bits(limit))
		counts = protowire.AppendFixed64(counts, math.Float64bits(c))
	}
	return message(text(nil, 1, tag), 5, message(message(h, 6, limits), 7, counts))
}

// graphDef is a GraphDef: node = 1, of name = 1, op = 2, input = 3; versions = 4, of
// producer = 1. A node is named by its scope, operation and number.
func graphDef(nodes []*graph.Node) []byte {
	names := make(map[*graph.Node]string, len(nodes))
	var b []byte
	for i, n := range nodes {
		name := word(n.Op().Name()) + "_" + strconv.Itoa(i)
		if s := n.Scope(); s != "" {
			name = word(s) + "/" + name
		}
		names[n] = name
		def := text(text(nil, 1, name), 2, n.Op().Name())
		for _, in := range n.In() {
			def = text(def, 3, names[in])
		}
		b = message(b, 1, def)
	}
	producer := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 22)
	return message(b, 4, producer)
}

// word replaces what names of nodes must not have.
func word(s string) string {
	b := []byte(s)
	for i, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '/' && i > 0) {
			b[i] = '_'
		}
	}
	return string(b)
}
