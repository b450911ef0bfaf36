package token

import (
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// useMetaspace makes t one of SentencePiece's: spaces are written "▁", with one more
// before a text, and bytes that no piece has are written "<0x0A>". The file says so
// with a normalizer (Prepend, Replace) or with a pre-tokenizer (Metaspace).
func (t *BPE) useMetaspace(f *hfFile) error {
	m := &metaspace{prepend: "never"}
	t.chars, t.split = map[string]int{}, m.splitWords
	switch pre := f.PreTokenizer; {
	case pre == nil:
		if err := f.Normalizer.metaspace(m); err != nil {
			return err
		}
		t.normal = func(text string) string { return m.normal(text, true) }
	case f.Normalizer != nil:
		return unsupported("normalizer " + f.Normalizer.Type + " with pre_tokenizer " + pre.Type)
	case pre.Type != "Metaspace" || pre.Replacement != sentencePiece:
		return unsupported("pre_tokenizer " + pre.Type + " " + pre.Replacement)
	default:
		m.split = pre.SplitWords == nil || *pre.SplitWords
		switch m.prepend = pre.Scheme; {
		case pre.Scheme == "" && (pre.AddPrefixSpace == nil || *pre.AddPrefixSpace):
			m.prepend = "always"
		case pre.Scheme == "":
			m.prepend = "never"
		case pre.Scheme != "always" && pre.Scheme != "first" && pre.Scheme != "never":
			return unsupported("prepend_scheme " + pre.Scheme)
		}
	}
	if t.space = m.prepend != "never"; t.normal == nil {
		t.spaced = m.normal
	}
	return nil
}

// metaspace reads Prepend "▁" and Replace " " by "▁".
func (n *hfNormalizer) metaspace(m *metaspace) error {
	if n == nil {
		return unsupported("byte_fallback without ▁")
	}
	replaced := false
	list := []hfNormalizer{*n}
	if n.Type == "Sequence" {
		list = n.List
	}
	for _, n := range list {
		switch {
		case n.Type == "Prepend" && n.Prepend == sentencePiece && !replaced:
			m.prepend, m.twice = "always", true
		case n.Type == "Replace" && n.Pattern.String != nil && *n.Pattern.String == " " && n.Content == sentencePiece:
			replaced = true
		default:
			return unsupported("normalizer " + n.Type)
		}
	}
	if !replaced {
		return unsupported("byte_fallback without ▁")
	}
	return nil
}

// nfc returns Unicode's composition, the one normalizer of byte-level vocabularies that is
// built; nil for none.
func (n *hfNormalizer) nfc(depth int) (func(string) string, error) {
	switch {
	case n == nil:
		return nil, nil
	case n.Type == "NFC":
		return norm.NFC.String, nil
	case n.Type == "Sequence" && depth == 0 && len(n.List) == 0:
		return nil, nil
	case n.Type == "Sequence" && depth == 0 && len(n.List) == 1:
		return n.List[0].nfc(1)
	}
	return nil, unsupported("normalizer " + n.Type)
}

// isByte reports whether s is SentencePiece's spelling of one byte, "<0x0A>".
func isByte(s string) bool {
	_, ok := byteOfPiece(s)
	return ok
}

func byteOfPiece(s string) (byte, bool) {
	if len(s) != len("<0x0A>") || s[:3] != "<0x" || s[5] != '>' || strings.ToUpper(s[3:5]) != s[3:5] {
		return 0, false
	}
	b, err := strconv.ParseUint(s[3:5], 16, 8)
	return byte(b), err == nil
}

// unspell returns the bytes that a vocabulary entry stands for.
func (t *BPE) unspell(s string) ([]byte, bool) {
	if t.chars == nil {
		return unspell(s)
	}
	if b, ok := byteOfPiece(s); ok {
		return []byte{b}, true
	}
	return []byte(strings.ReplaceAll(s, sentencePiece, " ")), s != ""
}
