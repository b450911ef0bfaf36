package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Orders tells whether a character is no text but an order: to a terminal (the control
// characters, those above 0x7f too, which some terminals obey as they do escape
// sequences), to the direction of writing, or to begin a line.
func Orders(r rune) bool {
	return r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Plain writes text so that nothing in it is an order: \u001b, and bytes that are no
// text as \xff. Text without any stays as it is.
func Plain(s string) string {
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

// NewEncoder writes JSON for people's files and terminals: as encoding/json does, but
// without escapes for HTML, and with those for every order in a text, which JSON lets
// stand as it is above 0x1f. It reads back as the same text.
func NewEncoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(escaping{w})
	e.SetEscapeHTML(false)
	return e
}

// escaping escapes orders in JSON, where they can only be in strings; spaces between
// are left. An Encoder writes whole values.
type escaping struct{ w io.Writer }

func (e escaping) Write(p []byte) (int, error) {
	in := string(p)
	order := func(r rune) bool { return r != '\n' && Orders(r) }
	if strings.IndexFunc(in, order) < 0 {
		return e.w.Write(p)
	}
	var b strings.Builder
	for _, r := range in {
		if order(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	if _, err := io.WriteString(e.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}
