package nn_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/adjointml/adjoint/autodiff"
	"github.com/adjointml/adjoint/autodiff/gradtest"
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/nn"
	"github.com/adjointml/adjoint/ops"
)

// A recurrentLayer is one of the three.
type recurrentLayer interface {
	nn.Layer
	Run(x *graph.Node, s nn.Sequences) (*graph.Node, []*graph.Node)
}

// recurrentCases are what PyTorch 1.13 computes in float64 with two layers of
// width 2 in both directions, x [2 4 3] being sin(0.5 + i), parameter k in its
// order sin(k + i), and the cotangent of y sin(1 + i): the results, the last
// states, and the gradients of x and of weight_hh_l0.
var recurrentCases = []struct {
	name  string
	layer func() recurrentLayer
	cells func(l recurrentLayer) []*nn.Gates
	gates int
	y     []float64
	last  [][]float64
	gx    []float64
	gu    []float64
}{
	{"lstm", func() recurrentLayer { return &nn.LSTM{Out: 2, Layers: 2, Bidirectional: true} }, func(l recurrentLayer) []*nn.Gates { return l.(*nn.LSTM).Cells }, 4,
		[]float64{
			0.0598255381945, 0.0033253526374, -0.443177809862, 0.336697656284, 0.0763966398043, 0.0117573087457, -0.520701159969, 0.31804203274,
			0.107215022405, 0.0103259296244, -0.443148379886, 0.331002184088, 0.105815407165, 0.0175898160267, -0.419998900242, 0.290371749828,
			0.0278322814944, 0.00230146704704, -0.224605850594, 0.378651600873, 0.0605671470826, 0.0108993968032, -0.348408662501, 0.348231846572,
			0.0843783436176, 0.00787122277827, -0.299162282543, 0.364065294568, 0.0979925160804, 0.0176964284754, -0.341716115366, 0.320130418245,
		},
		[][]float64{{
			-0.173297270704, 0.462846790693, -0.202779948683, 0.51418399965, -0.154592731532, -0.565309699327, -0.256761669075, -0.717530887683,
			0.105815407165, 0.0175898160267, 0.0979925160804, 0.0176964284754, -0.443177809862, 0.336697656284, -0.224605850594, 0.378651600873,
		}, {
			-0.256407053117, 0.772906332669, -0.36544873073, 0.742829352366, -0.609076356873, -0.717171116692, -1.13787564085, -1.01898992017,
			0.328290320879, 0.175883301643, 0.317117259524, 0.195168335824, -0.728508628621, 0.445210764534, -0.356472642959, 0.466538821252,
		}},
		[]float64{
			0.0130577434955, 0.0251329033021, 0.014100987719, -0.00482160838664, 0.148343411675, 0.165122183164, -0.00582801885333, -0.040507079904,
			-0.0379441184989, 0.0323950117669, 0.129615478262, 0.107668071795, -0.0224905123986, -0.0751508482757, -0.058717840824, 0.0339362958555,
			-0.0228257717944, -0.0586019301229, -0.00888704638759, -0.03616443721, -0.0301924112424, 0.00391102025639, 0.0364202936292, 0.0354449170001,
		},
		[]float64{
			-0.000252074995018, 0.00045015169266, 0.000244638083117, -0.000286168040878, 0.000967738895043, -0.00171586900532, -0.000678589402281, -0.000331448755824,
			0.00577457318856, 0.000448364589828, -0.00121240205757, -0.000953979355715, 0.00321931424112, -0.000529297988121, -0.00547507416381, -0.000708015016131,
		},
	},
	{"gru", func() recurrentLayer { return &nn.GRU{Out: 2, Layers: 2, Bidirectional: true} }, func(l recurrentLayer) []*nn.Gates { return l.(*nn.GRU).Cells }, 3,
		[]float64{
			-0.215623192674, 0.0553889009846, -0.177869033946, 0.744966389119, 0.189105936553, 0.142232109377, -0.444819847254, 0.649332355176,
			0.175142552513, 0.228950946448, -0.298656620877, 0.512005344188, 0.474419579693, 0.256854465996, -0.477934754255, 0.647565946224,
			-0.111274357137, 0.0935855910323, 0.0732459928566, 0.509338930225, 0.258453088367, 0.206081170846, -0.398857819749, 0.531743821117,
			0.311825783997, 0.334667755085, -0.22819990298, 0.233054220199, 0.527121316589, 0.352075543948, -0.497359106227, 0.588831306469,
		},
		[][]float64{{
			-0.802292601557, 0.44582854366, -0.859414393995, 0.389537130781, -0.678612264689, -0.822951332482, -0.581977129939, -0.750361124989,
			0.474419579693, 0.256854465996, 0.527121316589, 0.352075543948, -0.177869033946, 0.744966389119, 0.0732459928566, 0.509338930225,
		}},
		[]float64{
			-0.210115659171, 0.145486885273, 0.367329458344, -0.0659490757474, 0.0656590018073, 0.136900495902, -0.0937586637961, 0.14213036874,
			0.247345395725, 0.0414264099656, 0.0426966101762, 0.0047117438963, 0.325106865246, -0.240258144684, -0.584730924398, 0.0690571791664,
			-0.0850442761217, -0.160956416145, 0.0590750547542, -0.139763892485, -0.210104561528, -0.0768428316969, -0.03499146536, 0.0390308928574,
		},
		[]float64{
			-0.00257547625079, 0.0100278206439, 0.00365355664016, -0.0053705865817, 0.0139879576034, 0.0479133226551, 0.0258708868813, 0.00509316538477,
			0.04820066984, -0.0218564189053, 0.00504388816183, -0.00344779760635,
		},
	},
	{"rnn", func() recurrentLayer { return &nn.SimpleRNN{Out: 2, Layers: 2, Bidirectional: true} }, func(l recurrentLayer) []*nn.Gates { return l.(*nn.SimpleRNN).Cells }, 1,
		[]float64{
			-0.892111097291, -0.992358328055, -0.0443624876998, 0.992308662846, -0.984424460906, 0.945652771669, 0.99977408074, -0.868349210359,
			-0.98262620078, -0.980346293308, 0.0463706064317, 0.992156160812, -0.982592387505, 0.943171450841, 0.997924509789, -0.774237883683,
			-0.896826839337, -0.991938555094, 0.0592325561541, 0.991773651126, -0.9919460022, 0.962800912275, 0.999875137025, -0.790813356439,
			-0.985880648427, -0.972769631812, 0.307924210309, 0.989286938136, -0.986432512259, 0.933610025647, 0.997567701639, -0.667872064851,
		},
		[][]float64{{
			-0.501290013713, 0.943706593102, -0.321725683029, 0.93139334694, -0.975067983102, 0.999641871657, -0.93826210645, 0.99955199066,
			-0.982592387505, 0.943171450841, -0.986432512259, 0.933610025647, -0.0443624876998, 0.992308662846, 0.0592325561541, 0.991773651126,
		}},
		[]float64{
			-0.0011084673688, -0.0102272529415, -0.00994314932517, 0.0253438925674, 0.0152213598888, -0.0088956208747, 0.0529103075486, 0.075145493042,
			0.0282922587837, -0.0518395977863, -0.0615357882813, -0.0146562588174, -0.0202467118926, -0.0299110193998, -0.0120752736126, -0.0284112926509,
			-0.00612358042253, 0.021794123406, -0.199089785868, -0.260112091439, -0.0819885397101, 0.369181946872, 0.444123476032, 0.11073992951,
		},
		[]float64{
			-0.070675983547, 0.069124172952, -0.054438727002, 0.0530653748049,
		},
	},
}

// sines returns sin(k), sin(k+1) ... in a tensor.
func sines(k float64, shape ...int) graph.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = math.Sin(k + float64(i))
	}
	t, err := graph.TensorOf(v, shape...)
	if err != nil {
		panic(err)
	}
	return t
}

// setLikePyTorch gives the weights of all cells the values of the cases.
func setLikePyTorch(t *testing.T, cells []*nn.Gates, gates int) {
	const out = 2
	for c, g := range cells {
		k := float64(4 * c)
		in := int(g.W.Type.Shape.Dim(0))
		set := func(p *graph.Param, f func(i int) float64) {
			v, err := graph.NewTensor(graph.Float64, dimsOf(p)...)
			require.NoError(t, err)
			for i := range v.Len() {
				v.Set(i, f(i))
			}
			p.Value, err = v.Dense()
			require.NoError(t, err)
		}
		set(g.W, func(i int) float64 { return math.Sin(k + float64(i%(gates*out)*in+i/(gates*out))) })
		set(g.U, func(i int) float64 { return math.Sin(k + 1 + float64(i%(gates*out)*out+i/(gates*out))) })
		set(g.B, func(i int) float64 {
			if g.N != nil && i >= 2*out {
				return math.Sin(k + 2 + float64(i))
			}
			return math.Sin(k+2+float64(i)) + math.Sin(k+3+float64(i))
		})
		if g.N != nil {
			set(g.N, func(i int) float64 { return math.Sin(k + 3 + float64(2*out+i)) })
		}
	}
}

func dimsOf(p *graph.Param) []int {
	dims, _ := p.Type.Shape.Literal()
	return dims
}

func TestRecurrentLayersAreThoseOfPyTorch(t *testing.T) {
	for _, c := range recurrentCases {
		t.Run(c.name, func(t *testing.T) {
			batch, time := graph.Sym("batch"), graph.Sym("time")
			x := graph.InputOf(graph.Float64, "x", batch, time, 3)
			layer := c.layer()
			y, state := layer.Run(x, nn.Sequences{})
			require.NoError(t, y.Err())
			cells := c.cells(layer)
			setLikePyTorch(t, cells, c.gates)
			ct := graph.InputOf(graph.Float64, "ct", batch, time, 4)
			g := autodiff.VJP(y, ct, x, cells[0].U.Node())
			p, err := graph.Compile(append([]*graph.Node{y, g[0], g[1]}, state...)...)
			require.NoError(t, err)
			for _, p := range []*graph.Program{p, p.Reference()} {
				out, err := p.Eval(context.Background(), x.IsTensor(sines(0.5, 2, 4, 3)), ct.IsTensor(sines(1, 2, 4, 4)))
				require.NoError(t, err)
				near(t, c.y, out[0])
				near(t, c.gx, out[1])
				wide := 2 * c.gates
				for i := range c.gu {
					assert.InDelta(t, c.gu[i], out[2].At(i%2*wide+i/2), 1e-10, "U is the transpose")
				}
				for i, s := range out[3:] {
					k, which := i/len(c.last), i%len(c.last)
					near(t, c.last[which][4*k:4*k+4], s)
				}
			}
		})
	}
}

func near(t *testing.T, want []float64, got graph.Tensor) {
	t.Helper()
	require.Equal(t, len(want), got.Len())
	for i, w := range want {
		assert.InDelta(t, w, got.At(i), 1e-10, i)
	}
}

// TestRecurrentGradients checks gradients of both orders, with lengths and states.
func TestRecurrentGradients(t *testing.T) {
	time := graph.Sym("time")
	for _, c := range recurrentCases {
		layer := c.layer()
		build := func(x ...*graph.Node) *graph.Node {
			y, state := layer.Run(x[0], nn.Sequences{Lengths: x[1]})
			return ops.Add(ops.Sum(ops.Square(y)), ops.Sum(state[0]))
		}
		build(graph.InputOf(graph.Float64, "x", 2, time, 3), graph.InputOf(graph.Int64, "n", 2))
		setLikePyTorch(t, c.cells(layer), c.gates)
		gradtest.Check(t, build, gradtest.Of(2, time, 3), gradtest.Fixed([]int64{3, 1}, 2))
	}
}

// TestRecurrentLengths compares padded sequences with each by itself.
func TestRecurrentLengths(t *testing.T) {
	for _, c := range recurrentCases {
		layer := c.layer()
		x, n := graph.InputOf(graph.Float64, "x", 2, 4, 3), graph.InputOf(graph.Int32, "n", 2)
		y, state := layer.Run(x, nn.Sequences{Lengths: n})
		alone := graph.InputOf(graph.Float64, "alone", 1, graph.Sym("time"), 3)
		z, end := layer.Run(alone, nn.Sequences{})
		setLikePyTorch(t, c.cells(layer), c.gates)
		p, err := graph.Compile(append([]*graph.Node{y}, state...)...)
		require.NoError(t, err)
		q, err := graph.Compile(append([]*graph.Node{z}, end...)...)
		require.NoError(t, err)
		lengths, _ := graph.TensorOf([]int32{4, 2}, 2)
		v := sines(0.5, 2, 4, 3)
		padded, err := p.Eval(context.Background(), x.IsTensor(v), n.IsTensor(lengths))
		require.NoError(t, err)
		for row, steps := range []int{4, 2} {
			part, err := graph.TensorOf(graph.Data[float64](v)[12*row:12*row+3*steps], 1, steps, 3)
			require.NoError(t, err)
			one, err := q.Eval(context.Background(), alone.IsTensor(part))
			require.NoError(t, err)
			for i := range 16 {
				want := 0.0
				if i < 4*steps {
					want = one[0].At(i)
				}
				assert.InDelta(t, want, padded[0].At(16*row+i), 1e-12, "%s: row %d, element %d", c.name, row, i)
			}
			for i := range state {
				near(t, graph.Data[float64](one[1+i]), part2(t, padded[1+i], row))
			}
		}
	}
}

// part2 returns a row of two numbers.
func part2(t *testing.T, x graph.Tensor, row int) graph.Tensor {
	y, err := graph.TensorOf(graph.Data[float64](x)[2*row:2*row+2], 1, 2)
	require.NoError(t, err)
	return y
}

// TestRecurrentStateGoesOn cuts a sequence in two.
func TestRecurrentStateGoesOn(t *testing.T) {
	for _, l := range []recurrentLayer{&nn.LSTM{Out: 3, Layers: 2}, &nn.GRU{Out: 3}, &nn.SimpleRNN{Out: 3, Act: ops.Sigmoid}} {
		x := graph.InputOf(graph.Float64, "x", 2, 5, 2)
		whole, end := l.Run(x, nn.Sequences{})
		head, middle := l.Run(ops.Slice(x, 1, 0, 2, 1), nn.Sequences{})
		tail, last := l.Run(ops.Slice(x, 1, 2, 5, 1), nn.Sequences{State: middle})
		nn.Init(l, 3)
		p, err := graph.Compile(whole, ops.Concat(1, head, tail), end[0], last[0])
		require.NoError(t, err)
		out, err := p.Eval(context.Background(), x.IsTensor(sines(0, 2, 5, 2)))
		require.NoError(t, err)
		near(t, graph.Data[float64](out[0]), out[1])
		near(t, graph.Data[float64](out[2]), out[3])
	}
}

// TestRecurrentParameters looks at names, first values and dropout.
func TestRecurrentParameters(t *testing.T) {
	l := &nn.LSTM{Out: 4, Layers: 2, Dropout: 0.5}
	x := graph.Input("x", 2, 5, 3)
	y := l.Apply(x)
	assert.Equal(t, graph.Of(2, 5, 4), y.Shape())
	var names []string
	for _, p := range nn.Params(l) {
		names = append(names, p.Label)
	}
	assert.Equal(t, []string{"Cells.0.W", "Cells.0.U", "Cells.0.B", "Cells.1.W", "Cells.1.U", "Cells.1.B", "Between.0.State"}, names)
	nn.Init(l, 1)
	b := l.Cells[0].B.Value.Float32s()
	assert.Equal(t, []float32{0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, b, "it keeps at first")
	train, err := graph.CompileTraining([]*graph.Node{y})
	require.NoError(t, err)
	infer, err := graph.Compile(y)
	require.NoError(t, err)
	one, err := graph.NewTensor(graph.Float32, 2, 5, 3)
	require.NoError(t, err)
	for i := range one.Len() {
		one.Set(i, 1)
	}
	run := func(p *graph.Program) []float32 {
		out, err := p.Eval(context.Background(), x.IsTensor(one))
		require.NoError(t, err)
		return graph.Data[float32](out[0])
	}
	assert.NotEqual(t, run(train), run(train), "other elements are dropped")
	assert.Equal(t, run(infer), run(infer))
}

func TestRecurrentMistakes(t *testing.T) {
	x := graph.Input("x", 2, 5, 3)
	run := func(l recurrentLayer, x *graph.Node, s nn.Sequences) *graph.Node {
		y, _ := l.Run(x, s)
		return y
	}
	shared := &nn.LSTM{Out: 2}
	shared.Apply(x)
	for words, bad := range map[string]*graph.Node{
		"lstm: Out is 0: want the width of the state":                                                         run(&nn.LSTM{}, x, nn.Sequences{}),
		"gru: want [batch time in], got y [2 3]":                                                              run(&nn.GRU{Out: 2}, graph.Input("y", 2, 3), nn.Sequences{}),
		"simplernn: want floats, got ids i64[2 3 4]: convert it with ops.Convert, or use nn.Embedding":        run(&nn.SimpleRNN{Out: 2}, graph.InputOf(graph.Int64, "ids", 2, 3, 4), nn.Sequences{}),
		"lstm: the lengths n [2] must be whole numbers [2], one for each row of x [2 5 3]":                    run(&nn.LSTM{Out: 2}, x, nn.Sequences{Lengths: graph.Input("n", 2)}),
		"gru: 1 states for 2: pass what Run returned":                                                         run(&nn.GRU{Out: 2, Layers: 2}, x, nn.Sequences{State: []*graph.Node{graph.Input("h", 2, 2)}}),
		"gru: state 0, h [2 3], must be f32[2 2]":                                                             run(&nn.GRU{Out: 2}, x, nn.Sequences{State: []*graph.Node{graph.Input("h", 2, 3)}}),
		"lstm: Dropout is 1: want a share of at least 0 and less than 1":                                      run(&nn.LSTM{Out: 2, Dropout: 1}, x, nn.Sequences{}),
		"lstm: z [2 5 4] needs W f32[4 8], but the layer has W f32[3 8]: use another layer for another input": run(shared, graph.Input("z", 2, 5, 4), nn.Sequences{}),
		"lstm: the layer is nil: want &nn.LSTM{Out: n}":                                                       run((*nn.LSTM)(nil), x, nn.Sequences{}),
	} {
		err := bad.Err()
		if assert.Error(t, err, words) {
			assert.Contains(t, err.Error(), words)
			assert.NotContains(t, err.Error(), "\n")
		}
	}
}
