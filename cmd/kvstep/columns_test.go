package main

import (
	"strings"
	"testing"
)

// TestColumns: what takes two places or none on a terminal moves no column.
func TestColumns(t *testing.T) {
	var c columns
	for _, name := range []string{"name", "story", "故事", "é", "e\u0301", "\u2068שלום\u2069", "a\u200db", "ﾊﾝ", "😀"} {
		c.add("%s\t%d\t%s", name, 1, "end")
	}
	var b strings.Builder
	if err := c.write(&b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		before, _, _ := strings.Cut(line, "1")
		if n := cells(before); n != len("story  ") || !strings.HasSuffix(line, "1  end\n") {
			t.Errorf("%q: the second column begins at %d", line, n)
		}
	}
	for text, want := range map[string]int{"abc": 3, "故事": 4, "e\u0301": 1, "\u2068א\u2069": 1, "\u200d\ufeff": 0, "😀": 2, "，": 2, "ｱ": 1} {
		if got := cells(text); got != want {
			t.Errorf("%q takes %d places, want %d", text, got, want)
		}
	}
}
