package lesson

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Units are the ways in which a number is written, each as the page writes such numbers
// (static/js/format.js; static/test/lesson.test.js holds both against each other).
var Units = []string{"", "flop", "bytes", "percent", "ratio", "s", "tokens", "value"}

// Symbols are how units are called behind a number.
var Symbols = map[string]string{"flop": "FLOP", "bytes": "B", "percent": "%", "ratio": "×", "s": "s"}

// Format writes a value that an expression has given. Texts stay as they are.
func Format(x any, unit string) string {
	v, ok := x.(float64)
	if !ok {
		if b, is := x.(bool); is {
			return strconv.FormatBool(b)
		}
		return x.(string)
	}
	switch unit {
	case "flop", "bytes", "s":
		return si(v, Symbols[unit])
	case "percent":
		return percent(v)
	case "ratio":
		return ratio(v) + " ×"
	case "value":
		return cell(v)
	}
	return grouped(v)
}

// fixed is JavaScript's toFixed: the nearest decimal, of two equally near ones the larger.
func fixed(x float64, digits int) string {
	if x < 0 {
		return "-" + fixed(-x, digits)
	}
	scale := new(big.Float).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	n := new(big.Float).SetPrec(200).Mul(new(big.Float).SetPrec(200).SetFloat64(x), scale)
	whole, _ := n.Add(n, big.NewFloat(0.5)).Int(nil)
	s := whole.String()
	if digits == 0 {
		return s
	}
	for len(s) <= digits {
		s = "0" + s
	}
	return s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// written3 is a number as three significant digits have it: JavaScript's toPrecision.
func written3(x float64) float64 {
	if x == 0 {
		return 0
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	scale := math.Pow10(max(-digits, 0))
	y, _ := strconv.ParseFloat(fixed(x/scale, max(digits, 0)), 64)
	return y * scale
}

func few(x float64) string {
	switch size := math.Abs(x); {
	case x == 0:
		return "0"
	case size >= 100:
		return fixed(x, 0)
	case size >= 10:
		return fixed(x, 1)
	}
	return fixed(x, 2)
}

func si(x float64, unit string) string {
	if x != 0 && math.Abs(x) < 1 && unit == "s" {
		for _, small := range []string{"ms", "µs", "ns"} {
			if x *= 1000; math.Abs(x) >= 1 || small == "ns" {
				return few(x) + " " + small
			}
		}
	}
	prefixes := []string{"", "k", "M", "G", "T", "P", "E"}
	i := 0
	for math.Abs(x) >= 999.5 && i < len(prefixes)-1 {
		x /= 1000
		i++
	}
	n := few(x)
	if i == 0 && x == math.Trunc(x) {
		n = strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strings.TrimSpace(n + " " + prefixes[i] + unit)
}

// percent never rounds to 0 or to 100 %: those say "never" and "always".
func percent(p float64) string {
	switch {
	case p <= 0:
		return "0 %"
	case p >= 1:
		return "100 %"
	case p < 0.00005:
		return "< 0.01 %"
	case p > 0.99995:
		return "> 99.99 %"
	case p < 0.0995 || p >= 0.9995:
		return fixed(100*p, 2) + " %"
	}
	return fixed(100*p, 1) + " %"
}

// ratio is that of static/js/facts/counters.js.
func ratio(x float64) string {
	switch {
	case x >= 99.5:
		return fixed(x, 0)
	case x < 10:
		return fixed(x, 2)
	}
	return fixed(x, 1)
}

// cell writes a number of a matrix: three significant digits.
func cell(x float64) string {
	size := math.Abs(x)
	if x == 0 || size >= 0.001 && size < 10000 {
		s := strconv.FormatFloat(x, 'g', 3, 64)
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return strconv.FormatFloat(f, 'f', -1, 64)
		}
	}
	s := strconv.FormatFloat(x, 'e', 2, 64) // e-05; JavaScript has e-5
	return strings.NewReplacer("e-0", "e-", "e+0", "e+").Replace(s)
}

// grouped writes a whole number with its thousands apart, another one with up to three digits behind the point.
func grouped(x float64) string {
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if x != math.Trunc(x) {
		s = strings.TrimRight(fixed(x, 3), "0")
		s = strings.TrimSuffix(s, ".")
	}
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, rest, frac := strings.Cut(s, ".")
	var b strings.Builder
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if frac {
		return sign + b.String() + "." + rest
	}
	return sign + b.String()
}
