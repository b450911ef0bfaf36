package main

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// si writes x with four digits and an SI prefix: 15.42 T, 1.280 k, 512. The
// prefix and the unit are set apart by a space: "16.06 GB". Whole numbers below
// 10,000 are written as they are.
func si(x float64, unit string) string {
	if x == 0 {
		return join("0", unit)
	}
	if x == math.Trunc(x) && math.Abs(x) < 10000 {
		return join(strconv.FormatFloat(x, 'f', -1, 64), unit)
	}
	prefixes := []string{"n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"}
	i := 3
	for ; math.Abs(x) >= 999.95 && i < len(prefixes)-1; i++ {
		x /= 1000
	}
	for ; math.Abs(x) < 0.99995 && i > 0; i-- {
		x *= 1000
	}
	digits := 3 - int(math.Floor(math.Log10(math.Abs(x))+1e-9))
	return join(strconv.FormatFloat(x, 'f', min(max(digits, 0), 3), 64), prefixes[i]+unit)
}

func join(number, unit string) string {
	if unit == "" {
		return number
	}
	return number + " " + unit
}

// siBig writes, as si does, an integer of any size.
func siBig(n *big.Int, unit string) string {
	x, _ := new(big.Float).SetInt(n).Float64()
	return si(x, unit)
}

// grouped writes an integer with a comma between every three digits.
func grouped(n *big.Int) string {
	s := n.String()
	var b strings.Builder
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// cells returns how many columns of a terminal a text takes: Chinese characters and
// their punctuation take two, and so do the pictures of emoji; accents that stand on
// another character and what nobody sees take none.
func cells(s string) int {
	n := 0
	for _, r := range s {
		if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
			continue
		}
		n++
		if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff ||
			r >= 0xfe30 && r <= 0xfe6f || r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 ||
			r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd) {
			n++
		}
	}
	return n
}

// pad fills s with spaces to a width: on the left, or on the right.
func pad(s string, width int, right bool) string {
	space := strings.Repeat(" ", max(0, width-cells(s)))
	if right {
		return space + s
	}
	return s + space
}
