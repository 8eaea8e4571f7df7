package viz

import (
	"cmp"
	"math"
	"slices"
)

// A jog is a step aside. Two values that change places in a channel cannot both turn
// above the other: one of them comes down beside its place, and goes over to it below
// all tracks.
type jog struct {
	x, by float64 // its place, and where it comes down
	track int     // below those of the channel
	y     float64
}

const (
	near = 3.0 // lines closer than this are one to the eye
	step = 8.0 // aside
)

// untangle gives the segments of a channel their tracks, and jogs to those that would
// lie on one another, and returns how many tracks there are, and how many for jogs.
func untangle(all, moving []*seg) (tracks, below int) {
	tracks = assign(moving)
	if len(moving) == 0 || len(all) < 2 {
		return tracks, 0
	}
	for range 4 { // a jog may spare others theirs
		if !stepAside(all) {
			break
		}
		tracks = assign(moving)
	}
	return tracks, stackJogs(all)
}

// moves reports whether a segment needs a track.
func (sg *seg) moves() bool { return sg.hi-sg.lo > 0.5 }

// stepAside gives jogs to the lines that come down where another one still does, and
// reports whether there are any.
func stepAside(all []*seg) (any bool) {
	type line struct {
		x  float64
		of *seg
	}
	var ups []line
	for _, sg := range all {
		for _, x := range sg.up {
			ups = append(ups, line{x, sg})
		}
	}
	slices.SortStableFunc(ups, func(a, b line) int { return cmp.Compare(a.x, b.x) })
	for _, sg := range all {
		if !sg.moves() {
			continue
		}
		for i, x := range sg.down {
			k, _ := slices.BinarySearchFunc(ups, x-near, func(l line, x float64) int { return cmp.Compare(l.x, x) })
			for ; k < len(ups) && ups[k].x < x+near; k++ {
				if b := ups[k].of; b != sg && (!b.moves() || sg.track < b.track) {
					any = sg.stepAside(i, all) || any
					break
				}
			}
		}
	}
	return any
}

// stepAside gives a jog to one line, unless it has one or there is no room.
func (sg *seg) stepAside(i int, all []*seg) bool {
	x := sg.down[i]
	if slices.ContainsFunc(sg.jogs, func(j jog) bool { return j.by == x }) {
		return false
	}
	side := step
	if x > (sg.lo+sg.hi)/2 { // towards its own track
		side = -step
	}
	for k := 2.0; k <= 8; k++ {
		for _, by := range [2]float64{x + side*k/2, x - side*k/2} {
			if !slices.ContainsFunc(all, func(b *seg) bool { return b.passes(by) }) {
				sg.jogs = append(sg.jogs, jog{x: x, by: by})
				sg.down[i] = by
				sg.measure()
				return true
			}
		}
	}
	return false
}

// passes reports whether a line of the segment comes down near x.
func (sg *seg) passes(x float64) bool {
	close := func(u float64) bool { return math.Abs(u-x) < near+1 }
	return slices.ContainsFunc(sg.up, close) || slices.ContainsFunc(sg.down, close) ||
		slices.ContainsFunc(sg.jogs, func(j jog) bool { return close(j.x) })
}

// stackJogs puts jogs that overlap below one another.
func stackJogs(all []*seg) (tracks int) {
	var list []*jog
	for _, sg := range all {
		for i := range sg.jogs {
			list = append(list, &sg.jogs[i])
		}
	}
	for i, a := range list {
		for slices.ContainsFunc(list[:i], func(b *jog) bool {
			return a.track == b.track && min(a.x, a.by) < max(b.x, b.by)+near && min(b.x, b.by) < max(a.x, a.by)+near
		}) {
			a.track++
		}
		tracks = max(tracks, a.track+1)
	}
	return tracks
}

// comeDown appends the way from a segment's track down to x, where it is to arrive.
func (sg *seg) comeDown(points []Point, x, off float64) []Point {
	for _, j := range sg.jogs {
		if math.Abs(j.x-x) < 0.01 {
			return append(points, Point{j.by + off, sg.y}, Point{j.by + off, j.y}, Point{x + off, j.y})
		}
	}
	return append(points, Point{x + off, sg.y})
}
