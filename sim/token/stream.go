package token

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Stream turns ids, one after the other, into text that is always whole
// characters. Feed it every id of a sequence, BOS first: what an id stands
// for may depend on the one before.
type Stream struct {
	t        Tokenizer
	previous int
	pending  []byte // bytes that may become a character; at most 3 between calls
}

// NewStream begins a text.
func NewStream(t Tokenizer) *Stream { return &Stream{t: t, previous: -1} }

// Next returns the text that id completes; often empty within a character of
// several ids. Bytes that cannot become a character come out as hex, "‹E5›",
// as soon as that is certain; so does U+FFFD, which stands for such bytes.
// Special ids have no text.
func (s *Stream) Next(id int) string {
	// The space that llama2.c puts before a text is taken off after BOS.
	piece := s.t.Piece(id)
	if t, ok := s.t.(after); ok {
		piece = t.pieceAfter(s.previous, id)
	}
	_, special := s.t.Special(id)
	s.previous = id
	if special || piece == nil {
		return s.Flush()
	}
	s.pending = append(s.pending, piece...)
	return s.take(false)
}

// Flush returns what is held back, as hex: no more ids will complete it.
func (s *Stream) Flush() string { return s.take(true) }

// take removes the characters that are certain from pending.
func (s *Stream) take(all bool) string {
	var b strings.Builder
	rest := s.pending
	for len(rest) > 0 && (all || utf8.FullRune(rest)) {
		// size is 1 for bytes that are no character, 3 for a written U+FFFD.
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError {
			writeHex(&b, rest[:size])
		} else {
			b.Write(rest[:size])
		}
		rest = rest[size:]
	}
	s.pending = append(s.pending[:0], rest...)
	return b.String()
}

// writeHex writes bytes that are no character as "‹E5›‹AD›".
func writeHex(b *strings.Builder, bytes []byte) {
	for _, c := range bytes {
		fmt.Fprintf(b, "‹%02X›", c)
	}
}
