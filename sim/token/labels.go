package token

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLabel is the longest label, in characters.
const maxLabel = 24

// Labels returns one short, printable label for each id of a sequence:
//
//	"·the"    a piece with its leading space
//	"⏎"       a newline; other control characters as their Unicode pictures
//	"<s>"     a special id, by its name
//	"字 1/3"   the first of the 3 bytes of a character that neighbours complete
//	"‹E5›"    a byte that belongs to no character
//	"#700"    an id that the tokenizer does not have
//
// No label holds U+FFFD.
func Labels(t Tokenizer, ids []int) []string {
	labels := make([]string, len(ids))
	for from := 0; from < len(ids); {
		if name, ok := t.Special(ids[from]); ok {
			labels[from] = short(visible([]byte(name)))
			from++
			continue
		}
		if t.Piece(ids[from]) == nil {
			labels[from] = fmt.Sprintf("#%d", ids[from])
			from++
			continue
		}
		// Characters may cross pieces, but not specials: label the run between.
		to := from
		var pieces [][]byte
		for ; to < len(ids); to++ {
			piece := t.Piece(ids[to])
			if piece == nil {
				break
			}
			pieces = append(pieces, piece)
		}
		labelRun(labels[from:to], pieces)
		from = to
	}
	return labels
}

// labelRun labels neighbouring pieces. Each byte of them is looked at as part
// of the character it belongs to in the whole run.
func labelRun(labels []string, pieces [][]byte) {
	var text []byte
	for _, p := range pieces {
		text = append(text, p...)
	}
	// start[i] is where the character of byte i begins, size[i] how many bytes
	// it has: 1 for a byte that belongs to none.
	start, size := make([]int, len(text)), make([]int, len(text))
	for at := 0; at < len(text); {
		_, n := utf8.DecodeRune(text[at:])
		for i := at; i < at+n; i++ {
			start[i], size[i] = at, n
		}
		at += n
	}
	at := 0 // where piece k begins in text
	for k, p := range pieces {
		labels[k] = short(labelPiece(text, start, size, at, at+len(p)))
		at += len(p)
	}
}

// labelPiece returns the label of bytes [from, to) of text.
func labelPiece(text []byte, start, size []int, from, to int) string {
	if from == to {
		return "∅" // a piece without bytes
	}
	// All of the piece is part of one character, but not all of that character.
	// E5 A5 BD is 好: a piece A5 within it is "好 2/3", a piece E5 A5 "好 1-2/3".
	first, n := start[from], size[from]
	if n > to-from && to <= first+n {
		if char := text[first : first+n]; !isReplacement(char) {
			part := fmt.Sprint(from - first + 1)
			if to-from > 1 {
				part += fmt.Sprintf("-%d", to-first)
			}
			return fmt.Sprintf("%s %s/%d", visible(char), part, n)
		}
	}
	// Cut characters at either end are written as bytes.
	lead, tail := from, to
	for lead < to && start[lead] < from {
		lead++
	}
	for tail > lead && start[tail-1]+size[tail-1] > to {
		tail--
	}
	var b strings.Builder
	writeHex(&b, text[from:lead])
	b.WriteString(visible(text[lead:tail]))
	writeHex(&b, text[tail:to])
	return b.String()
}

func isReplacement(char []byte) bool { return string(char) == string(utf8.RuneError) }

// visible writes text so that every character of it can be seen.
func visible(text []byte) string {
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError:
			writeHex(&b, text[:n])
		case r == ' ':
			b.WriteRune('·')
		case r == '\n':
			b.WriteRune('⏎')
		case r == '\t':
			b.WriteRune('⇥')
		case r < ' ':
			b.WriteRune('\u2400' + r) // control pictures
		case r == 0x7f:
			b.WriteRune('\u2421')
		case unicode.IsMark(r) && b.Len() == 0 && unicode.IsPrint(r):
			b.WriteString("\u25cc" + string(r)) // on a dotted circle
		case !unicode.IsPrint(r): // joiners, direction marks, wide spaces
			fmt.Fprintf(&b, "‹U+%04X›", r)
		default:
			b.WriteRune(r)
		}
		text = text[n:]
	}
	return b.String()
}

// short cuts a label to maxLabel characters.
func short(label string) string {
	n := 0
	for i := range label {
		if n++; n > maxLabel {
			return label[:i] + "…"
		}
	}
	return label
}
