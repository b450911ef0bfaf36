package main

import (
	"testing"

	"kvstep/sim/recipe"
	"kvstep/web/limits"
	"kvstep/web/text"
)

// TestEveryFlagSaysWhatItIsFor: a field that sim/recipe gives a flag has a line in its
// help, in every language.
func TestEveryFlagSaysWhatItIsFor(t *testing.T) {
	for i := range recipe.Fields {
		f := &recipe.Fields[i]
		for _, lang := range []string{"en", "zh"} {
			if id := f.HelpID(); f.Flag != "" && text.In(lang).T(id, nil) == id {
				t.Errorf("--%s says nothing of itself in %s", f.Flag, lang)
			}
		}
	}
	for _, l := range limits.All {
		for _, lang := range []string{"en", "zh"} {
			if id := "limit." + l.Flag; text.In(lang).T(id, nil) == id {
				t.Errorf("--%s says nothing of itself in %s", l.Flag, lang)
			}
		}
	}
}
