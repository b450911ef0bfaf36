package sample

import (
	"slices"

	"kvstep/sim"
)

// Filter is one way of changing what is drawn from. One file is one filter, one entry of
// Filters puts it to use: recipes, links, flags, forms, stages and docs read the list.
// Its setting stands in sim.Sampler: in a field of its own, where 0 means that Go code has
// left it out, or in More.
type Filter struct {
	// Number is the range of its setting. Its Name is that of the setting in JSON and in
	// problems, of the stage, and of the messages: recipe.NAME, recipe.help.NAME,
	// choice.stage.NAME, and of a filter that changes scores choice.say.NAME (see Says).
	sim.Number
	Key    string  // of its setting in links
	Off    float64 // the setting at which it changes nothing, which is its default
	Greedy bool    // the greedy sampler obeys it too

	// A filter either changes the scores of tokens, before they are ranked, or drops some
	// of those that are left. x is its setting.
	Rescore func(s *Scores, x float64)
	Apply   func(d *Dist, x float64)

	// Limit is how many of the likeliest tokens can be left, where that is known before any
	// is looked at; else nil. Then the others need not be ranked.
	Limit func(x float64) int
	// Says is the message "choice.say.ID" of a filter that changes scores, nil: its name.
	Says func(x float64) string

	own func(*sim.Sampler) any // where the setting stands, if not in Sampler.More
}

// Filters are all, in the order in which they apply, which is that of Hugging Face's
// generate. Those that change scores come first.
var Filters = []*Filter{&repetitionPenalty, &temperature, &topK, &topP, &minP, &typical}

// Find returns the filter of a name, nil if there is none.
func Find(name string) *Filter {
	if i := slices.IndexFunc(Filters, func(f *Filter) bool { return f.Name == name }); i >= 0 {
		return Filters[i]
	}
	return nil
}

// On reports whether the filter applies under a sampler.
func (f *Filter) On(s *sim.Sampler) bool {
	x := f.In(s).Get()
	return x != f.Off && x != 0 && (s.Kind == "sample" || s.Kind == "greedy" && f.Greedy)
}

// Say returns the last part of the message that says what a filter that changes scores did.
func (f *Filter) Say(x float64) string {
	if f.Says != nil {
		return f.Says(x)
	}
	return f.Name
}

// ChangesScores tells whether tokens may be ranked otherwise after the filter.
func (f *Filter) ChangesScores() bool {
	if f.Rescore == nil {
		return false
	}
	s := Scores{Logits: []float32{1}, Past: []int{0}, T: 1}
	f.Rescore(&s, f.Most)
	return s.Changed != nil
}

// Setting is the setting of a filter in a sampler.
type Setting struct {
	filter  *Filter
	sampler *sim.Sampler
}

// InMore tells whether the filter's setting stands in Sampler.More.
func (f *Filter) InMore() bool { return f.own == nil }

// In returns where the filter's setting stands in a sampler.
func (f *Filter) In(s *sim.Sampler) Setting { return Setting{f, s} }

// Get returns the setting; of one with a field of its own 0, if that was left out.
func (x Setting) Get() float64 {
	if x.filter.own == nil {
		if to, ok := x.sampler.More[x.filter.Name]; ok {
			return to
		}
		return x.filter.Off
	}
	switch at := x.filter.own(x.sampler).(type) {
	case *int:
		return float64(*at)
	case *float64:
		return *at
	}
	panic("sample: " + x.filter.Name + " is no number")
}

// Set replaces the setting. In Sampler.More stands only what is on.
func (x Setting) Set(to float64) {
	if x.filter.own == nil {
		x.sampler.More = more(x.sampler.More, x.filter.Name, to, to == x.filter.Off)
		return
	}
	switch at := x.filter.own(x.sampler).(type) {
	case *int:
		*at = int(to)
	case *float64:
		*at = to
	}
}

// more returns a copy of m with one setting changed or taken out; nil where none is left.
func more(m map[string]float64, name string, to float64, off bool) map[string]float64 {
	var changed map[string]float64
	for other, x := range m {
		if other != name {
			changed = put(changed, other, x)
		}
	}
	if !off {
		changed = put(changed, name, to)
	}
	return changed
}

// put adds a setting to m, which may be nil.
func put(m map[string]float64, name string, x float64) map[string]float64 {
	if m == nil {
		m = map[string]float64{}
	}
	m[name] = x
	return m
}
