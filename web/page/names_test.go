package page

import (
	"encoding/json"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/web/text"
)

// TestNamesAreQuotedOnce: whatever a link or a recipe calls a field, no problem says its name in two pairs of quotes.
func TestNamesAreQuotedOnce(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		c := text.In(lang)
		asked := 0
		var messages map[string]any
		if err := json.Unmarshal(text.JSON(lang), &messages); err != nil {
			t.Fatal(err)
		}
		for id := range messages {
			problem, ok := strings.CutPrefix(id, "problem.")
			if !ok {
				continue
			}
			for name := range names {
				p := sim.NewProblem(problem, "Field", name, "Have", "x", "Name", "x", "Count", 2)
				if said := Worded(c, Lab, p); strings.Contains(said, "““") || strings.Contains(said, "””") {
					t.Errorf("%s %s: %q", lang, id, said)
				}
				asked++
			}
		}
		if asked < 1000 {
			t.Errorf("%s: only %d asked", lang, asked)
		}
		if said := Worded(c, Lab, sim.NewProblem("link.unknown", "Field", "top_k")); !strings.Contains(said, "“top_k”") {
			t.Errorf("%s: %q does not say what the link has", lang, said)
		}
		if said := Worded(c, Lab, sim.NewProblem("link.none", "Field", "k", "Have", 9, "Count", 2)); !strings.Contains(said, "“Top-k”") {
			t.Errorf("%s: %q does not call the field as the form does", lang, said)
		}
	}
}
