package token

import (
	"slices"
	"strings"
	"testing"
)

// fewWords is a WordLevel tokenizer.json.
const fewWords = `{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[A-Za-z]+|\\p{Han}|[^\\sA-Za-z\\p{Han}]"},
 "behavior": "Removed", "invert": true},
 "model": {"type": "WordLevel", "vocab": {".": 0, "cat": 1, "sees": 2, "猫": 3, "看": 4}}}`

func TestWords(t *testing.T) {
	tok, err := LoadHF(strings.NewReader(fewWords))
	if err != nil {
		t.Fatal(err)
	}
	words := tok.(*WordLevel)
	for _, c := range []struct {
		text    string
		ids     []int
		missing string
		back    string // through a Stream
	}{
		{"cat sees", []int{1, 2}, "", "cat sees"},
		{"  cat\nsees cat.", []int{1, 2, 1, 0}, "", "cat sees cat."},
		{"猫看猫", []int{3, 4, 3}, "", "猫看猫"},
		{"猫 看 cat", []int{3, 4, 1}, "", "猫看 cat"},
		{"cat eats", []int{1}, "eats", "cat"},
		{"狗看", []int{4}, "狗", "看"},
		{"Cat", nil, "Cat", ""},
		{"", nil, "", ""},
	} {
		if got := words.Encode(c.text); !slices.Equal(got, c.ids) {
			t.Errorf("%q: ids %v, want %v", c.text, got, c.ids)
		}
		if got, _ := words.Missing(c.text); got != c.missing {
			t.Errorf("%q: missing %q, want %q", c.text, got, c.missing)
		}
		s, back := NewStream(words), ""
		for _, id := range c.ids {
			back += s.Next(id)
		}
		if back != c.back {
			t.Errorf("%q comes back as %q, want %q", c.text, back, c.back)
		}
	}
}

// TestWordsWrong changes one thing of a good file at a time.
func TestWordsWrong(t *testing.T) {
	for _, c := range []struct{ old, new, id string }{
		{`"Removed"`, `"Isolated"`, "tokenizer.unsupported"},
		{`"Split"`, `"Whitespace"`, "tokenizer.unsupported"},
		{`\\p{Han}|`, `(x)\\1|`, "tokenizer.pattern"},
		{`"WordLevel",`, `"WordLevel", "unk_token": "?",`, "tokenizer.unsupported"},
		{`{"pre_tokenizer"`, `{"normalizer": {"type": "NFC"}, "pre_tokenizer"`, "tokenizer.unsupported"},
		{`{"pre_tokenizer"`, `{"added_tokens": [{"id": 9, "content": "x"}], "pre_tokenizer"`, "tokenizer.unsupported"},
		{`"看": 4`, `"看": 5`, "tokenizer.gap"},
		{`"看": 4`, `"看": 3`, "tokenizer.id"},
		{`"看": 4`, `"": 4`, "tokenizer.id"},
	} {
		_, err := LoadHF(strings.NewReader(strings.Replace(fewWords, c.old, c.new, 1)))
		wantProblem(t, err, c.id)
	}
}
