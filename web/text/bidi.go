package text

import "strings"

// Isolate prepares text of a person or a file for a sentence. Writing from right
// to left, and marks that turn writing round, must not reach the words around it, so
// such text stands between FSI and PDI, and no mark in it can end that early or outlast
// it. Other text stays as it is, byte for byte. static/js/text.js does the same.
func Isolate(s string) string {
	if strings.IndexFunc(s, turns) < 0 {
		return s
	}
	var b strings.Builder
	b.WriteRune(fsi)
	open := 0
	for _, r := range s {
		switch {
		case paragraphEnd(r): // ends every isolate, so the next line begins again
			b.WriteString(strings.Repeat(string(pdi), open+1) + string(r) + string(fsi))
			open = 0
			continue
		case r == pdi && open == 0:
			continue // it would end ours
		case r == pdi:
			open--
		case r >= lri && r <= fsi:
			open++
		}
		b.WriteRune(r)
	}
	b.WriteString(strings.Repeat(string(pdi), open+1))
	return b.String()
}

const (
	lri = '\u2066' // to fsi: what begins an isolate
	fsi = '\u2068'
	pdi = '\u2069'
)

// paragraphEnd reports whether a character ends a paragraph (bidi class B).
func paragraphEnd(r rune) bool {
	return r == '\n' || r == '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2029
}

// turns reports whether a character can change the direction of what is beside it: those
// written from right to left (bidi classes R, AL, AN: the blocks that Unicode keeps for
// them) and the marks.
func turns(r rune) bool {
	switch {
	case r < 0x590:
		return false
	case r <= 0x8ff, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return r >= 0xfb1d && r <= 0xfdff || r >= 0xfe70 && r <= 0xfefe || r >= 0x10800 && r <= 0x10fff || r >= 0x1e800 && r <= 0x1efff
}
