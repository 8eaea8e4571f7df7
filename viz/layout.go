package viz

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
)

// A Layout is a picture as geometry, in pixels at its natural size, y downwards:
// what SVG, PNG and HTML draw, and what a page may draw by itself. Its JSON form
// has one object per group, box, edge, mark and label, with lengths rounded to
// tenths.
type Layout struct {
	Title   string  `json:"title,omitempty"`
	Text    string  `json:"text"` // what is seen, in a sentence
	Width   Length  `json:"width"`
	Height  Length  `json:"height"`
	Groups  []Group `json:"groups"` // parents first
	Boxes   []Box   `json:"boxes"`
	Edges   []Edge  `json:"edges"`
	Marks   []Mark  `json:"marks"`
	Labels  []Label `json:"labels"`
	Columns int     `json:"columns"` // 1, or 2 with gradients, or 3 with updates
}

// A Length is a number of pixels.
type Length float64

// MarshalJSON writes the length in tenths.
func (l Length) MarshalJSON() ([]byte, error) { return l.append(nil), nil }

func (l Length) append(b []byte) []byte {
	return strconv.AppendFloat(b, math.Round(float64(l)*10)/10, 'f', -1, 64)
}

// A Point is a place of a picture.
type Point struct{ X, Y float64 }

// MarshalJSON writes [x,y], in tenths.
func (p Point) MarshalJSON() ([]byte, error) {
	b := Length(p.X).append([]byte{'['})
	b = Length(p.Y).append(append(b, ','))
	return append(b, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Point) UnmarshalJSON(b []byte) error {
	var a [2]float64
	err := json.Unmarshal(b, &a)
	p.X, p.Y = a[0], a[1]
	return err
}

// A Rect is a place with a size: its left upper corner, width and height.
type Rect struct {
	X Length `json:"x"`
	Y Length `json:"y"`
	W Length `json:"w"`
	H Length `json:"h"`
}

// A Group is an open scope.
type Group struct {
	Rect
	Path   string `json:"path"`   // of the scope, to close it
	Title  string `json:"title"`  // at the top
	Parent int    `json:"parent"` // in Groups, or -1
	Times  int    `json:"times,omitempty"`
	Right  bool   `json:"right,omitempty"` // in the column of gradients, where the title is on the right
}

// A Box is a node, a closed group, or what a gradient or an update computes.
type Box struct {
	Rect
	Kind    Kind     `json:"kind"`
	Title   string   `json:"title"`
	Line    string   `json:"line,omitempty"`  // under the title; in a pill, faintly after it
	Group   int      `json:"group"`           // in Groups, or -1
	Pill    bool     `json:"pill,omitempty"`  // a small one beside its user
	Bar     bool     `json:"bar,omitempty"`   // a stretch of memory
	Times   int      `json:"times,omitempty"` // repetitions of a closed group
	Scope   string   `json:"scope,omitempty"` // of a closed group: its path, to open it
	Nodes   []uint64 `json:"nodes"`           // graph.Node.ID of what it stands for; of a closed group, of its results
	In      []int    `json:"in,omitempty"`    // the boxes that it reads, for walking
	Of      int      `json:"of"`              // the box on the left that a gradient or an update belongs to, or -1
	Value   *Tile    `json:"value,omitempty"`
	Slope   *Tile    `json:"slope,omitempty"` // gradient of the picture's loss for the value
	Tooltip string   `json:"tooltip,omitempty"`
}

// An EdgeKind is what flows along an edge.
type EdgeKind string

// The kinds of edges.
const (
	Forward  EdgeKind = "forward"
	Backward EdgeKind = "backward" // a cotangent
	Saved    EdgeKind = "saved"    // a forward value that a gradient reads again
)

// An Edge is a piece of the way of one value, as a polyline.
type Edge struct {
	Kind   EdgeKind `json:"kind"`
	Value  int      `json:"value"` // the box whose value it carries: all its pieces have the same
	To     int      `json:"to"`    // the box where the piece ends, or -1 at a group's border
	Points []Point  `json:"points"`
}

// A Mark is a point where lines meet: a dot where a value fans out, a plus sign
// where cotangents add up.
type Mark struct {
	At    Point `json:"at"`
	Plus  bool  `json:"plus,omitempty"`
	Value int   `json:"value"` // the box whose value or cotangent it is
}

// A Label is a text beside what it names.
type Label struct {
	At    Point  `json:"at"` // on the base line
	Text  string `json:"text"`
	Style string `json:"style"` // title, part (the title of one of several), heading, note (a shape), saved or seed
	Mid   bool   `json:"mid,omitempty"`
}

// JSON writes the layout.
func (l *Layout) JSON(w io.Writer) error { return json.NewEncoder(w).Encode(l) }
