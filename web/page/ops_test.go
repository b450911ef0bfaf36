package page

import (
	"testing"

	"kvstep/sim/explain"
	"kvstep/web/text"
)

// TestEveryOpHasItsPlaceAndWords: every result of a layer and of the head stands once in the
// strip, and every op, weights too, has its words in both languages.
func TestEveryOpHasItsPlaceAndWords(t *testing.T) {
	stands := map[string]int{}
	for _, g := range groups {
		for _, id := range g.ops {
			stands[id]++
			if explain.Find(id) == nil {
				t.Errorf("there is no op %s", id)
			}
		}
	}
	for i := range explain.Ops {
		op := &explain.Ops[i]
		ids := []string{"name." + op.ID}
		want := 0
		if !op.Constant() {
			want, ids = 1, append(ids, "sym."+op.ID, "ops.say."+op.ID)
		}
		if stands[op.ID] != want {
			t.Errorf("%s stands %d times in the strip, want %d", op.ID, stands[op.ID], want)
		}
		for _, lang := range text.Langs() {
			for _, id := range ids {
				if text.In(lang).T(id, nil) == id {
					t.Errorf("there is no message %s in %s", id, lang)
				}
			}
		}
	}
}
