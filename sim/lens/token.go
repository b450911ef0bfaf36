package lens

import (
	"strconv"
	"unicode/utf8"

	"kvstep/sim/plain"
	"kvstep/sim/token"
)

// Token is an id of the vocabulary with its label, which is short and printable. It is
// written as [id, label].
type Token struct {
	ID    int
	Label string
}

// Tokens are written at once: there are many of them in most frames.
type Tokens []Token

// MarshalJSON writes [id, label].
func (t Token) MarshalJSON() ([]byte, error) { return t.append(nil), nil }

// MarshalJSON writes [[id, label], ..].
func (all Tokens) MarshalJSON() ([]byte, error) {
	dst := append(make([]byte, 0, 2+16*len(all)), '[')
	for i, t := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = t.append(dst)
	}
	return append(dst, ']'), nil
}

func (t Token) append(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, '['), int64(t.ID), 10)
	dst = append(dst, ',')
	if isPlain(t.Label) {
		dst = append(append(append(dst, '"'), t.Label...), '"')
	} else {
		dst = append(dst, plain.JSON(t.Label)...)
	}
	return append(dst, ']')
}

// isPlain reports whether JSON writes a text as it is, between quotes.
func isPlain(text string) bool {
	for _, r := range text {
		if r < ' ' || r == '"' || r == '\\' || r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

// Labelled returns tokens with their labels.
func (m *Moment) Labelled(ids []int) Tokens {
	var labels []string
	if m.Model.Tokenizer != nil {
		labels = token.Labels(m.Model.Tokenizer, ids)
	}
	tokens := make(Tokens, len(ids))
	for i, id := range ids {
		if tokens[i].ID = id; labels != nil {
			tokens[i].Label = labels[i]
		} else {
			tokens[i].Label = "#" + strconv.Itoa(id)
		}
	}
	return tokens
}

// Label returns the label of a token.
func (m *Moment) Label(id int) string { return m.Labelled([]int{id})[0].Label }
