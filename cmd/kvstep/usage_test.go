package main

import (
	"testing"

	"kvstep/sim/recipe"
)

// TestEveryFlagSaysWhatItIsFor: a field that sim/recipe gives a flag has a line in its
// help, and no line is of a flag that is not there.
func TestEveryFlagSaysWhatItIsFor(t *testing.T) {
	flags := map[string]bool{}
	for _, f := range recipe.Fields {
		if f.Flag == "" {
			continue
		}
		if flags[f.Flag] = true; usage[f.Flag] == "" {
			t.Errorf("--%s says nothing of itself", f.Flag)
		}
	}
	for name := range usage {
		if !flags[name] {
			t.Errorf("--%s is no flag", name)
		}
	}
}
