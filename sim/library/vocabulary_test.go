package library

import (
	"slices"
	"testing"

	"kvstep/sim/checkpoint"
)

func TestUnknownWords(t *testing.T) {
	m := &Loaded{TrainingSet: checkpoint.TrainingSet{KnownWords: []string{"Tom", "has", "a", "ball", "小", "明", "。"}}}
	for prompt, want := range map[string][]string{
		"Tom has a ball.":             nil,
		"Tom has 3 zebras, zebras!":   {"zebras"},
		"小明喜欢。":                       {"喜", "欢"},
		"naïve Tom 🙂":                 {"naïve", "🙂"},
		"":                            nil,
		"\u202eTom has\u200d a\u200f": nil, // what is not seen
		"nai\u0308ve \u2764\ufe0f":    {"nai\u0308ve", "\u2764"},
		"tom":                         {"tom"},
	} {
		if got := m.UnknownWords(prompt); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", prompt, got, want)
		}
	}
	if got := (&Loaded{}).UnknownWords("anything"); got != nil {
		t.Errorf("a model that does not say: %q", got)
	}
}
