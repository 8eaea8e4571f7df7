package viz

import "strings"

// textWidth estimates the width of a text in the widest common system font, so
// that no label overflows in another.
func textWidth(s string, px float64) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case r < 128 && narrow[r]:
			w += 0.36
		case r == '\u0304':
		case r < 128 && (r == 'm' || r == 'w' || r == 'M' || r == 'W') || r >= 128 && strings.ContainsRune("→−×←↑↓…", r):
			w += 0.88
		case r >= 'A' && r <= 'Z':
			w += 0.68
		default:
			w += 0.6
		}
	}
	return w * px
}

var narrow = func() (is [128]bool) {
	for _, r := range "iljtfI.,:;'|![]() " {
		is[r] = true
	}
	return is
}()
