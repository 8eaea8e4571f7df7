package viz

import (
	"fmt"
	"strings"
)

// A style is how one class of shapes looks: in SVG a class of CSS, in PNG the
// light colours.
type style struct {
	class              string
	fill, stroke       string
	nightFill, nightIn string // fill and stroke on a dark page
	width              float64
	dash               []float64
	opacity            float64 // of the fill, 1 if 0
	size               float64 // of text
	bold               bool
	anchor             string // start, middle, end
	halo               bool   // a rim in the page's colour
}

const (
	paper, nightPaper = "#ffffff", "#0f1623"
	ink, nightInk     = "#0f172a", "#f1f5f9"
	soft, nightSoft   = "#475569", "#c3cedd"
	faint, nightFaint = "#536175", "#a3b1c4"
)

// styles are the classes; those of kinds come by kind.
var styles = append(kindStyles(), []style{
	{class: "page", fill: paper, nightFill: nightPaper},
	{class: "group", fill: "#64748b", stroke: "#b9c3d0", nightFill: "#cbd5e1", nightIn: "#46556a", width: 1, opacity: 0.055},
	{class: "card", fill: paper, stroke: "#b9c3d0", nightFill: "#1a2334", nightIn: "#46556a", width: 1},
	{class: "forward", stroke: "#64748b", nightIn: "#93a4ba", width: 1.5},
	{class: "backward", stroke: "#cf6a1b", nightIn: "#f29a52", width: 1.5},
	{class: "saved", stroke: "#8b7cc8", nightIn: "#a493e8", width: 1.2, dash: []float64{4, 3}},
	{class: "dot", fill: "#64748b", nightFill: "#93a4ba"},
	{class: "plus", fill: paper, stroke: "#cf6a1b", nightFill: nightPaper, nightIn: "#f29a52", width: 1.5},
	{class: "rule", stroke: "#b9c3d0", nightIn: "#56657a", width: 1},
	{class: "zero", stroke: "#8794a6", nightIn: "#8794a6", width: 1, dash: []float64{2, 2}},
	{class: "bar", fill: "#7c8aa0", nightFill: "#93a4ba"},
	{class: "badge", fill: "#334155", nightFill: "#cbd5e1"},
	{class: "badgetext", fill: paper, nightFill: nightPaper, size: 10.5, bold: true, anchor: "middle"},
	{class: "name", fill: ink, nightFill: nightInk, size: 12, bold: true, anchor: "middle"},
	{class: "line", fill: soft, nightFill: nightSoft, size: 10.5, anchor: "middle"},
	{class: "value", fill: ink, nightFill: nightInk, size: 11, anchor: "middle"},
	{class: "pilltext", fill: ink, nightFill: nightInk, size: 11, anchor: "middle"},
	{class: "small", fill: faint, nightFill: nightFaint, size: 10, anchor: "middle"},
	{class: "cell", fill: ink, size: 9.5, anchor: "middle"},
	{class: "pale", fill: "#ffffff", size: 9.5, anchor: "middle"},
	{class: "grouptitle", fill: soft, nightFill: nightSoft, size: 11, bold: true, anchor: "start", halo: true},
	{class: "groupend", fill: soft, nightFill: nightSoft, size: 11, bold: true, anchor: "end", halo: true},
	{class: "title", fill: ink, nightFill: nightInk, size: 17, bold: true, anchor: "start"},
	{class: "part", fill: "#334155", nightFill: "#dbe4f0", size: 14, bold: true, anchor: "start"},
	{class: "heading", fill: "#334155", nightFill: "#dbe4f0", size: 15, bold: true, anchor: "middle"},
	{class: "note", fill: faint, nightFill: nightFaint, size: 10, anchor: "start", halo: true},
	{class: "savedtext", fill: "#6d5cae", nightFill: "#b9adf0", size: 10, anchor: "middle", halo: true},
	{class: "seed", fill: soft, nightFill: nightSoft, size: 10.5, anchor: "middle"},
}...)

// kindStyles are the fills and borders of boxes: pale fills, the hue in the
// border. Kinds differ in their text too, so that nothing is told by colour
// alone.
func kindStyles() (list []style) {
	for k, c := range [...][4]string{
		Elementwise: {"#ede9fb", "#7c66c4", "#2d2750", "#a493e8"},
		Linear:      {"#dceafc", "#3b78c2", "#173556", "#6aa8ee"},
		Reduce:      {"#d9f1f3", "#2b8391", "#123c43", "#58bccb"},
		View:        {"#f1f4f8", "#7f8c9e", "#222d3d", "#7d8ca1"},
		Random:      {"#f6e6f7", "#9a4fa3", "#3d2142", "#cf8bd6"},
		Control:     {"#e9eedc", "#6d7f3d", "#2f3819", "#b3c57c"},
		Input:       {"#dcf3e6", "#2f8a5f", "#143d2b", "#5cc393"},
		Param:       {"#fdf0cf", "#b98416", "#463612", "#e0b043"},
		Const:       {"#eef0f3", "#7f8c9e", "#252e3c", "#7d8ca1"},
		Loss:        {"#fbe0e6", "#bf4160", "#4c1d2b", "#ee7f9a"},
		Folded:      {"#e8eef6", "#5b6f8a", "#24324a", "#8ba3c7"},
		Gradient:    {"#feeadb", "#cf6a1b", "#4a2a12", "#f29a52"},
		Update:      {"#f3f0e2", "#8f8445", "#38341d", "#cbbd6a"},
		Mistake:     {"#fff1f0", "#c62828", "#3f1414", "#ff7b72"},
	} {
		s := style{class: Kind(k).String(), fill: c[0], stroke: c[1], nightFill: c[2], nightIn: c[3], width: 1.2}
		if Kind(k) == Const {
			s.dash = []float64{3, 2}
		}
		list = append(list, s)
	}
	return list
}

// classes finds styles by name.
var classes = func() map[string]*style {
	m := map[string]*style{}
	for i := range styles {
		m[styles[i].class] = &styles[i]
	}
	return m
}()

// The blue - grey - orange scale of heat maps, from -4 to 4, and for what is no
// number. Blue and orange are told apart by colour-blind readers too.
var heat = [...]string{"#08519c", "#2f7fc4", "#74add8", "#b5d3ea", "#eceff2", "#fbd3a6", "#f6a353", "#e0761c", "#a84a00", "#c2185b"}

// heatClass is the colour of a level.
func heatClass(level int) string { return heat[level+4] }

// css writes the styles for both kinds of pages.
func css() string {
	var day, night strings.Builder
	day.WriteString(`svg{font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Helvetica,Arial,sans-serif}text{font-variant-numeric:tabular-nums}`)
	for _, s := range styles {
		fmt.Fprintf(&day, ".%s{", s.class)
		switch {
		case s.fill != "":
			fmt.Fprintf(&day, "fill:%s;", s.fill)
		default:
			day.WriteString("fill:none;")
		}
		if s.opacity > 0 {
			fmt.Fprintf(&day, "fill-opacity:%g;", s.opacity)
		}
		if s.stroke != "" {
			fmt.Fprintf(&day, "stroke:%s;stroke-width:%g;", s.stroke, s.width)
		}
		if s.dash != nil {
			fmt.Fprintf(&day, "stroke-dasharray:%g %g;", s.dash[0], s.dash[1])
		}
		if s.size > 0 {
			fmt.Fprintf(&day, "font-size:%gpx;text-anchor:%s;", s.size, s.anchor)
		}
		if s.bold {
			day.WriteString("font-weight:600;")
		}
		if s.halo {
			fmt.Fprintf(&day, "paint-order:stroke;stroke:%s;stroke-width:3px;stroke-linejoin:round;", paper)
		}
		day.WriteString("}")
		var dark []string
		if s.nightFill != "" {
			dark = append(dark, "fill:"+s.nightFill)
		}
		switch {
		case s.halo:
			dark = append(dark, "stroke:"+nightPaper)
		case s.nightIn != "":
			dark = append(dark, "stroke:"+s.nightIn)
		}
		if len(dark) > 0 {
			fmt.Fprintf(&night, ".%s{%s}", s.class, strings.Join(dark, ";"))
		}
	}
	day.WriteString(".af{fill:#64748b}.ab{fill:#cf6a1b}.as{fill:#8b7cc8}")
	night.WriteString(".af{fill:#93a4ba}.ab{fill:#f29a52}.as{fill:#a493e8}")
	return strings.ReplaceAll(day.String(), ";}", "}") + "\n@media(prefers-color-scheme:dark){" + night.String() + "}"
}
