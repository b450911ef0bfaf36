package chart

import (
	"slices"
	"testing"
	"unicode/utf8"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 5, nil},
		{"one two", 9, []string{"one two"}},
		{"one two three", 8, []string{"one two", "three"}},
		{"one two three", 3, []string{"one", "two", "three"}},
		{"unbreakable word", 5, []string{"unbreakable", "word"}},
		{"五层，宽一二八；四个头", 6, []string{"五层，", "宽一二八；", "四个头"}},
	} {
		got := wrap(c.text, func(s string) bool { return utf8.RuneCountInString(s) <= c.width })
		if !slices.Equal(got, c.want) {
			t.Errorf("%q in %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// TestFiguresHaveNoMarks: what the catalogue puts around a name of another direction has
// no outline, and would be drawn as an empty box.
func TestFiguresHaveNoMarks(t *testing.T) {
	s := Style{Say: func(string, map[string]any) string { return "of \u2068אב\u2069: \u2066x\u2069" }}
	if got := s.say(Text{ID: "x"}); got != "of אב: x" {
		t.Errorf("%q", got)
	}
}
