package nn

import (
	"github.com/adjointml/adjoint/graph"
	"github.com/adjointml/adjoint/ops"
)

// MaxPool takes the largest elements of the windows that move over images: see
// [ops.MaxPool]. Lists have a number for each spatial axis, or one for all.
//
//	x [n c h w] -> [n c oh ow]
type MaxPool struct {
	graph.Scope
	Window       []int
	Stride       []int // the window if empty
	Dilation     []int // 1 if empty
	Pad          [][2]int
	Same, Ceil   bool
	ChannelsLast bool
}

// Apply maps x [n c h w] to [n c oh ow].
func (p *MaxPool) Apply(x *graph.Node) *graph.Node {
	return p.Wrap(func() *graph.Node {
		return ops.MaxPool(x, p.Window, ops.PoolOptions{Stride: p.Stride, Dilation: p.Dilation, Pad: p.Pad, Same: p.Same, Ceil: p.Ceil, ChannelsLast: p.ChannelsLast})
	})
}

// AvgPool takes the means of the windows that move over images: see [ops.AvgPool].
// Lists have a number for each spatial axis, or one for all.
//
//	x [n c h w] -> [n c oh ow]
type AvgPool struct {
	graph.Scope
	Window       []int
	Stride       []int // the window if empty
	Pad          [][2]int
	Same, Ceil   bool
	CountPad     bool // the zeros of the padding count
	ChannelsLast bool
}

// Apply maps x [n c h w] to [n c oh ow].
func (p *AvgPool) Apply(x *graph.Node) *graph.Node {
	return p.Wrap(func() *graph.Node {
		return ops.AvgPool(x, p.Window, ops.PoolOptions{Stride: p.Stride, Pad: p.Pad, Same: p.Same, Ceil: p.Ceil, CountPad: p.CountPad, ChannelsLast: p.ChannelsLast})
	})
}

// LpPool takes (Σ|x|^P)^(1/P) of the windows that move over images: see
// [ops.LpPool].
//
//	x [n c h w] -> [n c oh ow]
type LpPool struct {
	graph.Scope
	P            float64
	Window       []int
	Stride       []int // the window if empty
	ChannelsLast bool
}

// Apply maps x [n c h w] to [n c oh ow].
func (p *LpPool) Apply(x *graph.Node) *graph.Node {
	return p.Wrap(func() *graph.Node {
		return ops.LpPool(x, p.P, p.Window, ops.PoolOptions{Stride: p.Stride, ChannelsLast: p.ChannelsLast})
	})
}

// GlobalPool makes one number of each channel of an image of any size: its mean,
// or its largest element if Max is set.
//
//	x [n c h w] -> [n c]
type GlobalPool struct {
	graph.Scope
	Max          bool
	ChannelsLast bool
}

// Apply maps x [n c h w] to [n c].
func (p *GlobalPool) Apply(x *graph.Node) *graph.Node {
	return p.Wrap(func() *graph.Node {
		if p.Max {
			return ops.GlobalMaxPool(x, ops.PoolOptions{ChannelsLast: p.ChannelsLast})
		}
		return ops.GlobalAvgPool(x, ops.PoolOptions{ChannelsLast: p.ChannelsLast})
	})
}

// AdaptivePool pools images of known size to images of the given one, by means or,
// if Max is set, largest elements: see [ops.AdaptiveAvgPool].
//
//	x [n c h w] -> [n c Size...]
type AdaptivePool struct {
	graph.Scope
	Size         []int
	Max          bool
	ChannelsLast bool
}

// Apply maps x [n c h w] to [n c Size...].
func (p *AdaptivePool) Apply(x *graph.Node) *graph.Node {
	return p.Wrap(func() *graph.Node {
		if p.Max {
			return ops.AdaptiveMaxPool(x, p.Size, ops.PoolOptions{ChannelsLast: p.ChannelsLast})
		}
		return ops.AdaptiveAvgPool(x, p.Size, ops.PoolOptions{ChannelsLast: p.ChannelsLast})
	})
}

// Upsample makes images Scale times larger along each spatial axis: see
// [ops.Resize].
//
//	x [n c h w] -> [n c h·Scale w·Scale]
type Upsample struct {
	graph.Scope
	Scale        float64
	Mode         ops.Interpolation // the zero value repeats pixels
	AlignCorners bool
	ChannelsLast bool
}

// Apply maps x [n c h w] to [n c h·Scale w·Scale].
func (u *Upsample) Apply(x *graph.Node) *graph.Node {
	return u.Wrap(func() *graph.Node {
		return ops.Resize(x, ops.ResizeOptions{Scale: []float64{u.Scale}, Mode: u.Mode, AlignCorners: u.AlignCorners, ChannelsLast: u.ChannelsLast})
	})
}
