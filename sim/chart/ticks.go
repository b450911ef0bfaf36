package chart

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// prefixes are SI's, by thousands.
var prefixes = map[int]string{-3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T", 5: "P", 6: "E", 7: "Z", 8: "Y"}

// SI writes a number that has no unit with an SI prefix and at most digits significant digits:
// 1234567 is "1.23 M". Below 1 it has none: a ratio of 0.999 is no "999 m".
func SI(x float64, digits int) string {
	if text := strconv.FormatFloat(x, 'g', digits, 64); math.Abs(x) < 1 {
		return text
	}
	return prefixed(x, digits)
}

// prefixed writes a number with an SI prefix.
func prefixed(x float64, digits int) string {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	thousands := int(math.Floor(math.Log10(math.Abs(x)) / 3))
	thousands = min(max(thousands, -3), 8)
	mantissa := x / math.Pow(1000, float64(thousands))
	text := strconv.FormatFloat(mantissa, 'g', digits, 64)
	if n, _ := strconv.ParseFloat(text, 64); math.Abs(n) >= 1000 && thousands < 8 { // 999.9 became 1000
		thousands++
		text = strconv.FormatFloat(x/math.Pow(1000, float64(thousands)), 'g', digits, 64)
	}
	if strings.Contains(text, "e") {
		text = strconv.FormatFloat(mantissa, 'f', 0, 64)
	}
	if p := prefixes[thousands]; p != "" {
		return text + " " + p
	}
	return text
}

// quantity writes a number with a prefix and a unit: "72.8 ms", "640 B"; without a unit it is SI.
func quantity(x float64, digits int, unit string) string {
	if unit == "" {
		return SI(x, digits)
	}
	text := prefixed(x, digits)
	if last := text[len(text)-1]; last >= '0' && last <= '9' { // no prefix
		text += " "
	}
	return text + unit
}

// even places about five ticks at 1, 2 or 5 times a power of ten.
type even struct{ unit string }

func (t even) Ticks(low, high float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/3)))
	for _, k := range []float64{5, 2} {
		if (high-low)/(step*k) >= 3 {
			step *= k
			break
		}
	}
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high*(1+1e-9); i++ {
		x := i*step + 0 // -0 is 0
		ticks = append(ticks, plot.Tick{Value: x, Label: quantity(round(x), 3, t.unit)})
	}
	return ticks
}

// round takes off what i*step adds in its last bits.
func round(x float64) float64 {
	n, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64)
	return n
}

// decades places ticks at powers of ten, named so that at most eight names stand
// on an axis.
type decades struct{ unit string }

func (t decades) Ticks(low, high float64) []plot.Tick {
	first, last := math.Floor(math.Log10(low)+1e-9), math.Ceil(math.Log10(high)-1e-9)
	every := math.Max(1, math.Ceil((last-first)/8))
	var ticks []plot.Tick
	for e := first; e <= last; e++ {
		label := ""
		if math.Mod(e-first, every) == 0 {
			label = quantity(math.Pow(10, e), 3, t.unit)
		}
		ticks = append(ticks, plot.Tick{Value: math.Pow(10, e), Label: label})
		if math.Log10(high/low) < 2 { // few powers of ten: the numbers between them too
			for _, k := range []float64{2, 5} {
				ticks = append(ticks, plot.Tick{Value: k * math.Pow(10, e), Label: quantity(k*math.Pow(10, e), 3, t.unit)})
			}
		}
	}
	return ticks
}
