package token

import (
	"slices"
)

// BPE is a byte-level byte pair encoding (Sennrich et al., 2016; bytes as in
// GPT-2): every byte is an id, and merges listed in order of rank make longer
// ones, the lowest rank first.
type BPE struct {
	pieces  [][]byte       // [size]; nil for specials
	special map[int]string // names of the ids that stand for no bytes
	bytes   [256]int       // id of each single byte
	ranks   map[[2]int32]merged
	split   splitter
	// words maps whole words to ids when the file says ignore_merges: a word in
	// the vocabulary is then one id, whatever the merges would give.
	words map[string]int
}

// merged is the result of a merge rule and its place in the list.
type merged struct {
	id   int32
	rank int32
}

// Encode cuts text into words, spells each in bytes and merges them.
func (t *BPE) Encode(text string) []int {
	var ids, word []int
	for _, w := range t.split(text) { // each word alone
		if id, ok := t.words[w]; ok {
			ids = append(ids, id)
			continue
		}
		word = word[:0] // one id for each byte, valid UTF-8 or not
		for i := range len(w) {
			word = append(word, t.bytes[w[i]])
		}
		ids = append(ids, merge(word, t.rule)...)
	}
	return ids
}

// rule is the merge of two neighbours: lower ranks score higher.
func (t *BPE) rule(left, right int) (int, float32, bool) {
	m, ok := t.ranks[[2]int32{int32(left), int32(right)}]
	return int(m.id), -float32(m.rank), ok
}

// maxRanks is how many merges a float32 score can tell apart.
const maxRanks = 1 << 24

// Piece is the bytes of id, nil for specials.
func (t *BPE) Piece(id int) []byte {
	if id < 0 || id >= len(t.pieces) {
		return nil
	}
	return t.pieces[id]
}

// Special is the name of a special id.
func (t *BPE) Special(id int) (string, bool) {
	name, ok := t.special[id]
	return name, ok
}

// Size is the number of ids, specials included.
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

// unspell is the bytes that a vocabulary entry stands for.
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
