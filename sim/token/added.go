package token

import (
	"slices"
	"strings"
)

// added are the tokens that are found in a text before anything else is done to
// it, by the first byte: those that a file adds to a vocabulary and that are not
// special. (Special ones are not: text that spells one is text.)
type added struct {
	ids     map[string]int
	lengths [256][]int // of the tokens with that first byte, longest first
}

// add adds a token.
func (a *added) add(text string, id int) {
	if a.ids == nil {
		a.ids = map[string]int{}
	}
	a.ids[text] = id
	l := &a.lengths[text[0]]
	if at, have := slices.BinarySearchFunc(*l, len(text), func(x, n int) int { return n - x }); !have {
		*l = slices.Insert(*l, at, len(text))
	}
}

// at is the longest token at the beginning of text.
func (a *added) at(text string) (id, length int) {
	for _, n := range a.lengths[text[0]] {
		if n <= len(text) {
			if id, ok := a.ids[text[:n]]; ok {
				return id, n
			}
		}
	}
	return 0, 0
}

// cut gives the text between the tokens and the tokens, from the left.
func (a *added) cut(text string, between func(text string, first bool), token func(id int)) {
	from := 0
	for at := 0; at < len(text) && len(a.ids) > 0; {
		id, n := a.at(text[at:])
		if n == 0 {
			at++
			continue
		}
		if from < at {
			between(text[from:at], from == 0)
		}
		token(id)
		at += n
		from = at
	}
	if from < len(text) {
		between(text[from:], from == 0)
	}
}

// sentencePiece is how SentencePiece's vocabularies write a space.
const sentencePiece = "▁"

// metaspace is what is done to a text before such a vocabulary spells it.
type metaspace struct {
	prepend string // "always", "first" (only where the text begins) or "never"
	twice   bool   // a space is put before a text that has one already
	split   bool   // words are cut before each space
}

// normal is the text with a space in front and with the sign for spaces.
func (m *metaspace) normal(text string, first bool) string {
	text = strings.ReplaceAll(text, " ", sentencePiece)
	if text == "" || m.prepend == "never" || m.prepend == "first" && !first || !m.twice && strings.HasPrefix(text, sentencePiece) {
		return text
	}
	return sentencePiece + text
}

// words cuts before each sign for a space, or not at all.
func (m *metaspace) words(text string) []string {
	if !m.split {
		return whole(text)
	}
	var list []string
	for text != "" {
		n := len(text)
		if at := strings.Index(text[1:], sentencePiece); at >= 0 {
			n = 1 + at
		}
		list = append(list, text[:n])
		text = text[n:]
	}
	return list
}
