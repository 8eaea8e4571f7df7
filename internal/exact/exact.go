// Package exact holds the functions of one number in which package math loses
// digits, or the ends of the range, on some machine.
package exact

import "math"

// Exp is exp(x). [math.Exp] is infinite on amd64 from 709.44 on already.
func Exp(x float64) float64 {
	if x > 709 {
		e := math.Exp(x / 2)
		return e * e
	}
	return math.Exp(x)
}

// Log is log(x). [math.Log] takes denormal numbers for larger ones on amd64.
func Log(x float64) float64 {
	if 0 < x && x < 0x1p-1022 {
		return math.Log(x*0x1p52) - 52*math.Ln2
	}
	return math.Log(x)
}

// Log2 is the logarithm of x to base 2, exact for powers of 2. [math.Log2] loses
// digits near 1, where it is the difference of two numbers near 1.
func Log2(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return math.Log(x)
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	return float64(e) + math.Log(m)*math.Log2E
}

// Log10 is the logarithm of x to base 10. [math.Log10] loses digits near 1 too.
func Log10(x float64) float64 {
	if 0.5 < x && x < 2 {
		return math.Log(x) * math.Log10E
	}
	return Log2(x) * (math.Ln2 / math.Ln10)
}
