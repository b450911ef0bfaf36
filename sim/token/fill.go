package token

import (
	"fmt"
	"unicode/utf8"

	"kvstep/sim"
)

// fill puts the vocabulary and the added tokens into pieces. Ids must be
// exactly 0 .. size-1, and each single byte must have one.
func (t *BPE) fill(f *hfFile) error {
	// text is the spelling of each id, from both lists. They may name the same
	// id, if they agree.
	text := make(map[int]string, len(f.Model.Vocab)+len(f.AddedTokens))
	for s, id := range f.Model.Vocab {
		if other, twice := text[id]; twice {
			return sim.NewProblem("tokenizer.id", "ID", id, "Token", clip(min(s, other)))
		}
		text[id] = s
	}
	for _, a := range f.AddedTokens {
		if s, have := text[a.ID]; have && s != a.Content || a.Content == "" {
			return sim.NewProblem("tokenizer.id", "ID", a.ID, "Token", clip(a.Content))
		}
		text[a.ID] = a.Content
	}
	if err := f.numbered(); err != nil {
		return err
	}
	t.addTokens(f.AddedTokens)
	if id, ok := f.Model.Vocab[f.Model.Unknown]; ok && t.chars != nil {
		t.special[id] = f.Model.Unknown // every text can be spelled without it
	}
	// As many ids as texts: when each of 0 .. size-1 has a text, none is outside.
	t.pieces = make([][]byte, len(text))
	for b := range t.bytes {
		t.bytes[b] = -1
	}
	for id := range t.pieces {
		s, ok := text[id]
		if !ok {
			return sim.NewProblem("tokenizer.gap", "ID", id, "Size", len(text))
		}
		if _, special := t.special[id]; special {
			continue // no bytes
		}
		if _, trained := f.Model.Vocab[s]; !trained {
			t.pieces[id] = []byte(s) // added tokens are written as they are
			continue
		}
		if t.pieces[id], ok = t.unspell(s); !ok {
			return sim.NewProblem("tokenizer.piece", "ID", id, "Token", clip(s))
		}
		if p := t.pieces[id]; t.chars == nil && len(p) == 1 || t.chars != nil && isByte(s) {
			t.bytes[p[0]] = id
		} else if t.chars != nil && utf8.RuneCountInString(s) == 1 {
			t.chars[s] = id
		}
	}
	// Others than plain letters may be missing: spell.
	id, have := f.Model.Vocab[f.Model.Unknown]
	if t.unknown, t.fuse = id, f.Model.FuseUnknown; !have {
		t.unknown = -1
	}
	for b, id := range t.bytes {
		if id >= 0 {
			continue
		}
		t.lacks, t.loses = true, true
		if b == '\n' || ' ' <= b && b <= '~' || f.Model.Unknown != "" && !have {
			return sim.NewProblem("tokenizer.bytes", "Byte", fmt.Sprintf("0x%02X", b))
		}
	}
	return nil
}

// numbered refuses added tokens with other ids than Hugging Face's gives them, which
// goes by the vocabulary and then counts on, whatever the file says.
func (f *hfFile) numbered() error {
	next, given := len(f.Model.Vocab), map[string]int{}
	for _, a := range f.AddedTokens {
		id, have := f.Model.Vocab[a.Content]
		if !have {
			id, have = given[a.Content]
		}
		if !have {
			id = next
		}
		if id >= next {
			next = id + 1
		}
		if given[a.Content] = id; id != a.ID {
			return unsupported(fmt.Sprintf("added token %s = %d (%d)", clip(a.Content), a.ID, id))
		}
	}
	return nil
}

// addTokens puts added tokens where they are looked for; special ones come first, as in
// Hugging Face's.
func (t *BPE) addTokens(list []hfAdded) {
	for _, special := range []bool{true, false} {
		for _, a := range list {
			if a.Special != special {
				continue
			}
			if special {
				t.special[a.ID] = a.Content
			} else if a.LStrip || a.RStrip {
				t.loses = true
			}
			switch {
			case a.Normalized == nil && special || a.Normalized != nil && !*a.Normalized:
				t.raw.add(a.Content, a)
			case t.normal != nil:
				t.normalized.add(t.normal(a.Content), a)
			default:
				t.normalized.add(a.Content, a)
			}
		}
	}
}

// rank fills ranks from the list of merges. Both parts and the result must be
// in the vocabulary, and none of them special.
func (t *BPE) rank(f *hfFile) error {
	// ids are the pieces that merges may use: text, not specials.
	ids := make(map[string]int, len(f.Model.Vocab))
	for s, id := range f.Model.Vocab {
		if t.pieces[id] != nil {
			ids[s] = id
		}
	}
	t.ranks = make(map[[2]int32]merged, len(f.Model.Merges))
	for rank, m := range f.Model.Merges {
		// The bytes of both must be those of the two: merging never changes the text.
		left, ok1 := ids[m[0]]
		right, ok2 := ids[m[1]]
		both, ok3 := ids[m[0]+m[1]]
		if !ok1 || !ok2 || !ok3 || string(t.pieces[both]) != string(t.pieces[left])+string(t.pieces[right]) {
			return sim.NewProblem("tokenizer.merge", "Index", rank, "Merge", clip(m[0]+" "+m[1]))
		}
		key := [2]int32{int32(left), int32(right)}
		if _, twice := t.ranks[key]; !twice { // of equal merges the first counts
			t.ranks[key] = merged{int32(both), int32(rank)}
		}
	}
	if f.Model.IgnoreMerges {
		t.wholeWords = make(map[string]int, len(ids))
		for s, id := range ids {
			if t.chars == nil { // else words are spelled as the vocabulary is
				s = string(t.pieces[id])
			}
			t.wholeWords[s] = id
		}
	}
	return nil
}
