package ops

import (
	"fmt"
	"strings"

	"github.com/adjointml/adjoint/graph"
)

// What ops say of themselves is written beside them; here is what several of
// them need to write it. In formulas an axis has a letter, in the order of
// letters, and ... stands for the axes that follow.

// doc is a [graph.Doc]: a sentence, the formula and that of the gradient.
func doc(text, formula, gradient string) graph.Doc {
	return graph.Doc{Text: text, Formula: formula, Gradient: gradient}
}

var letters = []string{"i", "j", "k", "l", "m", "n", "o", "p"}

// onAxis writes the indices of the axes before the given one for each @: where
// places on that axis are p and q, x[@p, ...] is x[i, p, ...] on axis 1.
func onAxis(formula string, axis int) string {
	var before strings.Builder
	for _, l := range letters[:axis] {
		before.WriteString(l + ", ")
	}
	return strings.ReplaceAll(formula, "@", before.String())
}

// formula writes the indices of all axes for @all, of those that are kept for
// @kept, and the letters of the set for @over.
func (a axisSet) formula(text string) string {
	var kept []string
	over := ""
	all := a.indices(func(i int) string {
		if a.has(i) {
			over += letters[i]
		} else {
			kept = append(kept, letters[i])
		}
		return letters[i]
	})
	if over == "" { // nothing to go over
		text = strings.ReplaceAll(text, "_@over", "")
	}
	return strings.NewReplacer("@all", all, "@kept", strings.Join(append(kept, "..."), ", "), "@over", over).Replace(text)
}

// indices lists what index returns for each axis up to the last of the set.
func (a axisSet) indices(index func(i int) string) string {
	var list []string
	for i := range letters {
		if a>>i == 0 {
			break
		}
		list = append(list, index(i))
	}
	return strings.Join(append(list, "..."), ", ")
}

// The letters of images: a place of the result, a tap of the window and a place
// of the image, for up to three spatial axes.
const (
	outLetters   = "ijk"
	tapLetters   = "stu"
	imageLetters = "pqr"
)

// formula writes what is said of each spatial axis: @out, @tap and @image list
// letters as indices, @outs and @taps as those of a sum, @place is where a
// result's tap falls in the image, and @meet says that it falls on @image.
func (w window) formula(text string) string {
	join := func(sep string, f func(i int) string) string {
		list := make([]string, w.axes)
		for i := range list {
			list[i] = f(i)
		}
		return strings.Join(list, sep)
	}
	letter := func(of string) func(i int) string { return func(i int) string { return of[i : i+1] } }
	meet := join(" && ", func(i int) string { return imageLetters[i:i+1] + " == " + w.place(i) })
	return strings.NewReplacer(
		"@outs", outLetters[:w.axes], "@taps", tapLetters[:w.axes], "@out", join(", ", letter(outLetters)), "@tap", join(", ", letter(tapLetters)),
		"@image", join(", ", letter(imageLetters)), "@place", join(", ", w.place), "@meet", meet,
	).Replace(text)
}

// place writes where on axis i of the image a result's tap falls.
func (w window) place(i int) string {
	times := func(n int, letter string) string {
		if n == 1 {
			return letter
		}
		return fmt.Sprint(n, "*", letter)
	}
	s := times(w.stride[i], outLetters[i:i+1]) + " + " + times(w.dilation[i], tapLetters[i:i+1])
	switch low := w.low[i]; {
	case low > 0:
		s += fmt.Sprint(" - ", low)
	case low < 0:
		s += fmt.Sprint(" + ", -low)
	}
	return s
}
