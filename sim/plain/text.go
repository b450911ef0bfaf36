package plain

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Orders reports whether a character is no text but an order: to a terminal (the control
// characters, those above 0x7f too, which some terminals obey as they do escape
// sequences), to the direction of writing, or to begin a line.
func Orders(r rune) bool {
	return r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Text writes text so that nothing in it is an order: \u001b, and bytes that are no
// text as \xff. Text without any stays as it is.
func Text(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, Orders) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case Orders(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// unordered escapes every order in JSON, where only strings can hold any: above 0x1f JSON
// lets them stand as they are. It reads back as the same text.
func unordered(text []byte) []byte {
	if !mayOrder(text) {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) { // json writes UTF-8 and no line breaks
		if Orders(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}

// begins are the bytes that an order begins with in UTF-8. Few texts have any.
var begins = func() (is [256]bool) {
	for r := range rune(0x2070) {
		if Orders(r) {
			is[string(r)[0]] = true
		}
	}
	return is
}()

// mayOrder reports whether a text has an order, of whose first byte there is one.
func mayOrder(text []byte) bool {
	for i, c := range text {
		if begins[c] {
			if r, _ := utf8.DecodeRune(text[i:]); Orders(r) {
				return true
			}
		}
	}
	return false
}
