package page

import (
	"fmt"
	"strings"
	"testing"

	"kvstep/sim/breakpoint"
	schema "kvstep/sim/recipe"
	"kvstep/sim/sample"
	"kvstep/web/text"
)

// The forms know every number that a recipe has, by the name that a refusal gives it.
func TestFormsKnowEveryNumber(t *testing.T) {
	for _, f := range schema.Fields {
		if f.Number == nil {
			continue
		}
		n, a := numbers[f.Number.Name], number(f.Number.Name)
		if a["min"] != n.Write(f.Number.Least) || a["max"] != n.Write(f.Number.Most) || a["data-field"] != f.Name() {
			t.Errorf("%s is %v in forms, and %+v in recipes", f.Path, a, f.Number)
		}
		if (a["step"] == "any") == f.Number.Whole {
			t.Errorf("%s has the step %v", f.Path, a["step"])
		}
	}
	if seed := number("seed"); seed["max"] != "18446744073709551615" {
		t.Errorf("the last seed is %v", seed["max"])
	}
}

// Every field has a name in both languages, and every filter what its stage is called.
func TestFieldsHaveNames(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		c := text.In(lang)
		for i := range schema.Fields {
			if f := &schema.Fields[i]; called(c, "/", f.Name()) == "" || c.T(f.LabelID(), nil) == f.LabelID() {
				t.Errorf("%s has no name in %s", f.Name(), lang)
			}
		}
		for _, f := range sample.Filters {
			ids := []string{"choice.stage." + f.Name}
			if f.Rescore != nil {
				ids = append(ids, "choice.say."+f.Say(f.Least), "choice.say."+f.Say(f.Most))
			}
			for _, id := range ids {
				if c.T(id, nil) == id {
					t.Errorf("there is no message %s in %s", id, lang)
				}
			}
		}
	}
}

// Every field of a recipe stands in the form, where the page reads and fills it by its
// path. Those that do not are listed with what asks for them.
func TestFormHasEveryField(t *testing.T) {
	elsewhere := map[string]string{
		"tokens": "links, flags and a request's own list", "forced": "the list of tokens, by a press", "batch.requests": "rows of a list, each with its fields",
		"cache": "a policy is an object (policy.js)", "cache.budget": "the policy's", "lanes": "a choice and a number (ui/lane-switch.js)",
		"pairs": "the ledger", "logits": "the ledger",
	}
	var b strings.Builder
	data := HomeData{Lang: "en", Text: text.In("en"), Recipe: schema.Default()}
	if err := Home(data).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for i := range schema.Fields {
		f := &schema.Fields[i]
		n := strings.Count(b.String(), `data-path="`+f.Path+`"`)
		if want := 1 - min(1, len(elsewhere[f.Path])); f.Path != "" && n != want {
			t.Errorf("%s stands %d times in the form, want %d", f.Path, n, want)
		}
	}
}

// A breakpoint's own range is the form's.
func TestFormOfBreakpoints(t *testing.T) {
	for n, ok := range map[float64]bool{breakKB.Least - 1: false, breakKB.Least: true, breakKB.Most: true, breakKB.Most + 1: false} {
		if _, err := breakpoint.Parse(fmt.Sprintf("cache:%.0fkB", n)); (err == nil) != ok {
			t.Errorf("%.0f kB: %v", n, err)
		}
	}
}
