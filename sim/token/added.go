package token

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"kvstep/sim/pattern"
)

// added are the tokens that are looked for in a text as a whole: those that a file adds
// to a vocabulary. There are two of these in a tokenizer: tokens that are looked for in
// the text as it is, and those that are looked for, normalized themselves, in what the
// normalizer made of it.
type added struct {
	tokens  map[string]hfAdded
	lengths [256][]int // of the tokens with that first byte, longest first
}

// add adds a token; of two with one text the first counts.
func (a *added) add(text string, token hfAdded) {
	if a.tokens == nil {
		a.tokens = map[string]hfAdded{}
	}
	if _, have := a.tokens[text]; have || text == "" {
		return
	}
	a.tokens[text] = token
	l := &a.lengths[text[0]]
	if at, have := slices.BinarySearchFunc(*l, len(text), func(x, n int) int { return n - x }); !have {
		*l = slices.Insert(*l, at, len(text))
	}
}

// has reports whether a token of that content is among them.
func (a *added) has(content string) bool {
	for _, token := range a.tokens {
		if token.Content == content {
			return true
		}
	}
	return false
}

// Added reports whether the file adds a token of that content.
func (t *BPE) Added(content string) bool { return t.raw.has(content) || t.normalized.has(content) }

// at returns the longest token at the beginning of text.
func (a *added) at(text string) (token hfAdded, length int) {
	for _, n := range a.lengths[text[0]] {
		if n <= len(text) {
			if token, ok := a.tokens[text[:n]]; ok {
				return token, n
			}
		}
	}
	return token, 0
}

// cut calls back with the text between the tokens and with the tokens, from the left. Special tokens
// are found and left in the text: text that spells one is text.
func (a *added) cut(text string, between func(text string, first bool), found func(id int)) {
	from := 0 // of what has not been given
	for at := 0; at < len(text) && len(a.tokens) > 0; {
		token, n := a.at(text[at:])
		if n == 0 {
			at++
			continue
		}
		start, stop := at, at+n
		at = stop
		if token.Special || token.SingleWord && (endsWord(text[:start]) || startsWord(text[stop:])) {
			continue
		}
		if token.LStrip {
			start = max(from, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if token.RStrip {
			stop = len(text) - len(strings.TrimLeftFunc(text[stop:], unicode.IsSpace))
		}
		if from < start {
			between(text[from:start], from == 0)
		}
		found(token.ID)
		from = stop // which may be before at, or beyond: then those characters are given twice, or a token has them
	}
	if from < len(text) {
		between(text[from:], from == 0)
	}
}

// endsWord and startsWord tell whether a character of a word is at that end of a text.
func endsWord(text string) bool {
	r, n := utf8.DecodeLastRuneInString(text)
	return n > 0 && pattern.IsWord(r)
}

func startsWord(text string) bool {
	r, n := utf8.DecodeRuneInString(text)
	return n > 0 && pattern.IsWord(r)
}

// sentencePiece is how SentencePiece's vocabularies write a space.
const sentencePiece = "▁"

// metaspace is what is done to a text before such a vocabulary spells it.
type metaspace struct {
	prepend string // "always", "first" (only where the text begins) or "never"
	twice   bool   // a space is put before a text that has one already
	split   bool   // words are cut before each space
}

// normal returns the text with a space in front and with the sign for spaces.
func (m *metaspace) normal(text string, first bool) string {
	text = strings.ReplaceAll(text, " ", sentencePiece)
	if text == "" || m.prepend == "never" || m.prepend == "first" && !first || !m.twice && strings.HasPrefix(text, sentencePiece) {
		return text
	}
	return sentencePiece + text
}

// splitWords cuts before each sign for a space, or not at all.
func (m *metaspace) splitWords(text string) []string {
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
