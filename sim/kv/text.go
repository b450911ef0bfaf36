package kv

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kvstep/sim"
)

// Text writes a policy as Parse reads it, without its budget: its kind and its parameters,
// in order, with colons between them.
func Text(p sim.CachePolicy) string {
	text := cmp.Or(p.Kind, contiguousPolicy.Kind)
	for _, x := range Of(p).Params {
		text += ":" + x.Value(p)
	}
	return text
}

// Forms shows how the policies' texts are written, as in "window:WINDOW:SINKS".
func Forms() (all []string) {
	for _, x := range Policies {
		form := x.Kind
		for _, p := range x.Params {
			form += ":" + strings.ToUpper(p.Name)
		}
		all = append(all, form)
	}
	return all
}

// Parse reads a policy from its text; what is left out has its default. A text
// without a meaning is Problem "cache.text", a number outside its range "recipe.range".
func Parse(text string) (sim.CachePolicy, error) {
	parts := strings.Split(text, ":")
	kind := parts[0]
	if kind != "" && !slices.Contains(Kinds(), kind) {
		return sim.CachePolicy{}, unknownKind(fmt.Sprintf("%.40s", kind))
	}
	known := Of(sim.CachePolicy{Kind: kind}).Params
	if len(parts)-1 > len(known) || len(text) > 100 {
		return sim.CachePolicy{}, sim.NewProblem("cache.text", "Have", text, "Allowed", Forms())
	}
	given := map[string]string{}
	for i, part := range parts[1:] {
		given[known[i].Name] = part
	}
	return Read(kind, given)
}

// Read makes a policy of what a person gave of it, by the fields' names in JSON; what
// is not given has its default, and what another kind has is checked and left out.
func Read(kind string, given map[string]string) (sim.CachePolicy, error) {
	p := sim.CachePolicy{Kind: cmp.Or(kind, contiguousPolicy.Kind)}
	own := Of(p).Params
	for _, x := range Params() {
		has := slices.IndexFunc(own, func(q Param) bool { return q.Name == x.Name })
		text, ok := given[x.Name]
		to := &p
		if has < 0 {
			to = &sim.CachePolicy{} // checked and left out
		} else if x = own[has]; !ok {
			x.complete(&p)
		}
		if ok {
			if err := x.read(to, text); err != nil {
				return sim.CachePolicy{}, err
			}
		}
	}
	if text, ok := given[Budget.Name]; ok {
		x, err := Budget.Read(text)
		if err != nil {
			return sim.CachePolicy{}, err
		}
		p.Budget = int64(x)
	}
	return p, nil
}
