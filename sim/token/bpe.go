package token

import (
	"slices"
	"unicode/utf8"
)

// BPE is a byte pair encoding (Sennrich et al., 2016): merges listed in order of
// rank make longer ids of short ones, the lowest rank first. What it begins with is
// an id for every byte, as in GPT-2; or, in vocabularies made by SentencePiece, an
// id for every common character and the bytes of the others.
type BPE struct {
	pieces  [][]byte       // [size]; nil for specials
	special map[int]string // names of the ids that stand for no bytes
	bytes   [256]int       // id of each single byte, -1 for none
	lacks   bool           // some bytes have none
	unknown int            // stands for what has no id, -1 for none
	fuse    bool           // ... for a run of it
	ranks   map[[2]int32]merged
	split   splitter
	// wholeWords maps whole words to ids when the file says ignore_merges: a word in
	// the vocabulary is then one id, whatever the merges would give.
	wholeWords map[string]int

	raw, normalized added                                // looked for before and after normal
	normal          func(text string) string             // done to a text first; nil for nothing
	spaced          func(text string, first bool) string // done to what is between added tokens; nil for nothing
	chars           map[string]int                       // SentencePiece's characters; nil for bytes
	loses           bool                                 // some text is in no token: the file says so
	space           bool                                 // Encode puts a space before a text that is not part of it

	start      int    // id that the file puts before a text, -1 for none
	startKnown bool   // the file says so
	around     string // what else it puts around one, "" for nothing
}

// Encode looks for added tokens, cuts the rest into words, spells each and merges its ids.
func (t *BPE) Encode(text string) []int {
	var ids, word []int
	found := func(id int) { ids = append(ids, id) }
	spellWords := func(text string, first bool) {
		if t.spaced != nil {
			text = t.spaced(text, first)
		}
		for _, w := range t.split(text) { // each word alone
			if id, ok := t.wholeWords[w]; ok {
				ids = append(ids, id)
				continue
			}
			word = t.spell(word[:0], w)
			ids = append(ids, merge(word, t.rule)...)
		}
	}
	t.raw.cut(text, func(text string, first bool) {
		if t.normal != nil {
			text = t.normal(text)
		}
		t.normalized.cut(text, func(text string, begins bool) { spellWords(text, first && begins) }, found)
	}, found)
	return ids
}

// spell appends the ids that a word begins with: of its bytes, valid UTF-8 or not,
// or of its characters. A vocabulary may lack what its training text never had: that is
// in no token, or unk_token stands for it, or for a run of it (fuse_unk).
func (t *BPE) spell(ids []int, word string) []int {
	if t.chars == nil && !t.lacks {
		for i := range len(word) {
			ids = append(ids, t.bytes[word[i]])
		}
		return ids
	}
	waits := false // an unk_token, which may take what comes next too
	flush := func() {
		if waits {
			ids, waits = append(ids, t.unknown), false
		}
	}
	for word != "" {
		n := 1
		id := t.bytes[word[0]]
		if t.chars != nil {
			_, n = utf8.DecodeRuneInString(word)
			var ok bool
			if id, ok = t.chars[word[:n]]; !ok {
				id = -1
			}
		}
		switch {
		case id >= 0:
			flush()
			ids = append(ids, id)
		case t.chars != nil && t.inBytes(word[:n]): // goes before an unk_token that waits: so do Hugging Face's
			for i := range n {
				ids = append(ids, t.bytes[word[i]])
			}
		case t.unknown >= 0:
			if !t.fuse {
				flush()
			}
			waits = true
		}
		word = word[n:]
	}
	flush()
	return ids
}

// inBytes reports whether each byte of a character has an id.
func (t *BPE) inBytes(character string) bool {
	for i := range len(character) {
		if t.bytes[character[i]] < 0 {
			return false
		}
	}
	return true
}

// merged is the result of a merge rule and its place in the list.
type merged struct {
	id   int32
	rank int32
}

// rule returns the merge of two neighbours: lower ranks score higher.
func (t *BPE) rule(left, right int) (int, float32, bool) {
	m, ok := t.ranks[[2]int32{int32(left), int32(right)}]
	return int(m.id), -float32(m.rank), ok
}

// maxRanks is how many merges a float32 score can tell apart.
const maxRanks = 1 << 24

// Piece returns the bytes of id, nil for specials.
func (t *BPE) Piece(id int) []byte {
	if id < 0 || id >= len(t.pieces) {
		return nil
	}
	return t.pieces[id]
}

// pieceAfter returns Piece without its leading space where a text begins, if Encode put
// that space there.
func (t *BPE) pieceAfter(previous, id int) []byte {
	p := t.Piece(id)
	if _, special := t.special[previous]; t.space && (previous < 0 || special) && len(p) > 0 && p[0] == ' ' {
		return p[1:]
	}
	return p
}

// Start returns the id that the file puts before a text, -1 for none; known is false where
// it does not say.
func (t *BPE) Start() (id int, known bool) { return t.start, t.startKnown }

// Around returns what else the file puts around a text, in its own words; "" for nothing.
func (t *BPE) Around() string { return t.around }

// Named returns the special id of that name.
func (t *BPE) Named(name string) (id int, ok bool) {
	for id, special := range t.special {
		if special == name {
			return id, true
		}
	}
	return 0, false
}

// Special returns the name of a special id.
func (t *BPE) Special(id int) (string, bool) {
	name, ok := t.special[id]
	return name, ok
}

// Size returns the number of ids, specials included.
func (t *BPE) Size() int { return len(t.pieces) }

// byteOf and runeOf are GPT-2's spelling of bytes as printable characters
// (encoder.py, bytes_to_unicode): printable Latin-1 stands for itself, the
// other bytes, in order, for U+0100 and on. A space is "Ġ" (U+0120).
var byteOf, runeOf = func() (map[rune]byte, [256]rune) {
	back, there := map[rune]byte{}, [256]rune{}
	next := rune(0x100)
	for b := range 256 {
		r := rune(b)
		if !('!' <= r && r <= '~' || '¡' <= r && r <= '¬' || '®' <= r && r <= 'ÿ') {
			r = next
			next++
		}
		back[r], there[b] = byte(b), r
	}
	return back, there
}()

// unspell returns the bytes that a vocabulary entry stands for.
func unspell(s string) ([]byte, bool) {
	piece := make([]byte, 0, len(s))
	for _, r := range s {
		b, ok := byteOf[r]
		if !ok {
			return nil, false
		}
		piece = append(piece, b)
	}
	return slices.Clip(piece), len(piece) > 0
}
