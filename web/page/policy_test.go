package page

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/web/text"
)

// policyMessages are the ids of all that a page says of the policies of the list.
func policyMessages() (ids []string) {
	for _, o := range kv.Offers() {
		ids = append(ids, "policy.kind."+o.Name, "policy.about."+o.Name, "policy.name."+o.Name)
	}
	for _, p := range kv.Params() {
		ids = append(ids, "policy."+p.Name)
		for _, word := range p.Words {
			ids = append(ids, "policy."+p.Name+"."+word, "policy.by."+word)
		}
	}
	for _, o := range kv.Offers() {
		if !kv.TraitsOf(o.Start).Exact { // a row of the table of variants
			ids = append(ids, "variants."+o.Start.Kind)
		}
	}
	for _, x := range kv.Policies {
		switch t := kv.TraitsOf(kv.Complete(sim.CachePolicy{Kind: x.Kind})); {
		case t.Scored:
			ids = append(ids, "cache.row.gone."+x.Kind, "cache.row.gone."+x.Kind+".attention",
				"cache.row.chosen."+x.Kind, "cache.state.chosen."+x.Kind, "cache.key.chosen."+x.Kind)
		case t.Evicts:
			ids = append(ids, "cache.row.gone."+x.Kind)
		}
	}
	return ids
}

// TestEveryPolicyHasItsWords: what the page says of a policy it says in both languages, of
// every policy, parameter and word of the list; nothing is said of one that there is not.
func TestEveryPolicyHasItsWords(t *testing.T) {
	ids := policyMessages()
	for _, lang := range text.Langs() {
		all := map[string]any{}
		if err := json.Unmarshal(text.JSON(lang), &all); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if all[id] == nil {
				t.Errorf("%s: no message %s", lang, id)
			}
		}
		for id := range all {
			for _, prefix := range []string{"policy.kind.", "policy.about.", "policy.name.", "policy.by.", "cache.row.gone.", "cache.row.chosen.", "cache.state.chosen.", "cache.key.chosen."} {
				if strings.HasPrefix(id, prefix) && !slices.Contains(ids, id) {
					t.Errorf("%s: message %s is of no policy", lang, id)
				}
			}
		}
	}
}
