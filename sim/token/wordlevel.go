package token

import (
	"unicode"
	"unicode/utf8"

	"kvstep/sim"
)

// WordLevel is a vocabulary of whole words (Hugging Face's WordLevel): each word is
// one id, and there is nothing else that it can spell.
type WordLevel struct {
	pieces [][]byte // [size]
	ids    map[string]int
	split  splitter
}

// wordLevel reads a WordLevel vocabulary. Ids must be exactly 0 .. size-1.
func (f *hfFile) wordLevel() (*WordLevel, error) {
	switch {
	case f.Normalizer != nil:
		return nil, unsupported("normalizer " + f.Normalizer.Type)
	case len(f.AddedTokens) > 0:
		return nil, unsupported("added_tokens of a WordLevel model")
	case f.Model.Unknown != "": // Missing tells people instead
		return nil, unsupported("unk_token " + f.Model.Unknown)
	}
	// Words are what the pattern of one Split matches; the rest is removed.
	pre := f.PreTokenizer
	if pre == nil || pre.Type != "Split" || pre.Behavior != "Removed" || !pre.Invert {
		return nil, unsupported("pre_tokenizer of a WordLevel model")
	}
	split, err := pre.cuts()
	if err != nil {
		return nil, err
	}
	t := &WordLevel{pieces: make([][]byte, len(f.Model.Vocab)), ids: f.Model.Vocab, split: split}
	for word, id := range t.ids {
		if id < 0 || id >= len(t.pieces) {
			return nil, sim.NewProblem("tokenizer.gap", "ID", id, "Size", len(t.pieces))
		}
		if t.pieces[id] != nil || word == "" {
			return nil, sim.NewProblem("tokenizer.id", "ID", id, "Token", clip(word))
		}
		t.pieces[id] = []byte(word)
	}
	return t, nil
}

// Encode returns the id of each word and passes over words that have none; Missing
// finds those.
func (t *WordLevel) Encode(text string) []int {
	var ids []int
	for _, word := range t.split(text) {
		if id, ok := t.ids[word]; ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// Missing returns the first word of text that has no id.
func (t *WordLevel) Missing(text string) (word string, any bool) {
	for _, word := range t.split(text) {
		if _, ok := t.ids[word]; !ok {
			return word, true
		}
	}
	return "", false
}

// Piece returns the word, without spaces.
func (t *WordLevel) Piece(id int) []byte {
	if id < 0 || id >= len(t.pieces) {
		return nil
	}
	return t.pieces[id]
}

// pieceAfter puts a space between two words of letters; Chinese needs none.
func (t *WordLevel) pieceAfter(previous, id int) []byte {
	first, _ := utf8.DecodeRune(t.Piece(id))
	if spaced(first) && t.Piece(previous) != nil {
		return append([]byte(" "), t.Piece(id)...)
	}
	return t.Piece(id)
}

// spaced reports whether a word that begins like this stands apart from the one before.
func spaced(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Han, r) }

// Special reports false: every id is a word.
func (t *WordLevel) Special(int) (string, bool) { return "", false }

// Size returns the number of words.
func (t *WordLevel) Size() int { return len(t.pieces) }
