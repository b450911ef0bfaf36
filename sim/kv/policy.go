package kv

import (
	"cmp"
	"slices"

	"kvstep/sim"
)

// Policies are the ways of keeping a cache: each has a file of its own and one entry here.
// Forms, links, flags, checks, predictions and pages loop over this list.
var Policies = []*Policy{contiguousPolicy, pagedPolicy, windowPolicy, h2oPolicy, int8Policy, int4Policy}

// Policy is one way of keeping K and V, with all that sets it apart.
type Policy struct {
	Kind   string
	Params []Param // in the order of its text
	Offers []Offer // as a form and a table of variants list it; nil: once, by its kind

	// Traits are what it does to K and V with these parameters.
	Traits func(p sim.CachePolicy) Traits
	// Open makes the source of a run's caches.
	Open func(s Spec, p sim.CachePolicy, a *Arena) Source
	// Sizes foretell what it takes.
	Sizes Sizes

	// Within is the policy as it is offered where memory has room for so many tokens in
	// float32; nil: as a form offers it first. One that evicts and has none is not offered.
	Within func(room int) sim.CachePolicy
	// check refuses parameters that do not go together; nil: they all do.
	check func(p sim.CachePolicy, headDim int) error
}

// Offer is one way in which a policy is offered to people. Its name is part of the ids of
// its messages.
type Offer struct {
	Name  string
	Start sim.CachePolicy // as it stands before anybody changes a parameter
	Hides []string        // parameters that are not asked for, and are 0
}

// Traits are what a policy does to K and V: what those who show and count ask, instead of
// its kind.
type Traits struct {
	Exact  bool   // attention gets the very numbers that were computed, all of them
	Evicts bool   // tokens go
	Bits   int    // of a number of K or V as it is kept
	Keeps  *Keeps // which tokens stay, where some go
	Alike  bool   // every head keeps the same tokens
	Scored bool   // it chooses by the attention that rows receive
	Block  int    // tokens to a block of memory, which sequences can share
	Group  int    // numbers that share a scale; 0: a head's
	// GroupTokens are those whose K is quantised together: until so many are there, it
	// stays as it was computed. 0: every token by itself.
	GroupTokens int
}

// Keeps says which tokens a policy keeps that evicts: the first, the newest, and others of
// its choice up to most.
type Keeps struct {
	First  int
	Newest int
	Most   int
}

// NumCached returns how many of n tokens are kept.
func (t Traits) NumCached(n int) int {
	if t.Keeps == nil {
		return n
	}
	return min(n, t.Keeps.Most)
}

// MaxTokens returns how many tokens are kept at a time, 0 for all.
func (t Traits) MaxTokens() int {
	if t.Keeps == nil {
		return 0
	}
	return t.Keeps.Most
}

// Quantises reports whether numbers are kept in fewer bits than they were computed in.
func (t Traits) Quantises() bool { return t.Bits < 8*floatBytes }

// Rewinds reports whether a cache can forget its newest tokens as if they had never been.
func (t Traits) Rewinds() bool { return !t.Evicts && t.GroupTokens == 0 }

// exact are the traits of a cache that keeps everything as it was computed.
var exact = Traits{Exact: true, Bits: 8 * floatBytes}

// Of returns the policy of a kind; of a kind that nobody knows, the contiguous one.
func Of(p sim.CachePolicy) *Policy {
	if i := slices.IndexFunc(Policies, func(x *Policy) bool { return x.Kind == p.Kind }); i >= 0 {
		return Policies[i]
	}
	return contiguousPolicy
}

// TraitsOf returns what a policy does to K and V.
func TraitsOf(p sim.CachePolicy) Traits { return Of(p).Traits(p) }

// Source makes the caches of the sequences of one run, which share what their policy lets
// them share.
type Source func(s Spec) (Cache, error)

// Open makes the source of a run's caches; s is the shape of the longest. The policy must
// have passed Check.
func Open(s Spec, p sim.CachePolicy, a *Arena) Source { return Of(p).Open(s, p, a) }

// New makes the cache that a policy asks for. The policy must have passed Check.
func New(s Spec, p sim.CachePolicy, a *Arena) (Cache, error) { return Open(s, p, a)(s) }

// Kinds returns the names of the policies.
func Kinds() (names []string) {
	for _, x := range Policies {
		names = append(names, x.Kind)
	}
	return names
}

// Offers returns all ways in which policies are offered, with their parameters complete.
func Offers() (all []Offer) {
	for _, x := range Policies {
		all = append(all, x.offers()...)
	}
	return all
}

// offers returns those of one policy.
func (x *Policy) offers() (all []Offer) {
	if x.Offers == nil {
		return []Offer{{Name: x.Kind, Start: Complete(sim.CachePolicy{Kind: x.Kind})}}
	}
	for _, o := range x.Offers {
		o.Start = Complete(o.Start)
		all = append(all, o)
	}
	return all
}

// Shows reports whether the offer asks for a parameter.
func (o Offer) Shows(param string) bool {
	return !slices.Contains(o.Hides, param) &&
		slices.ContainsFunc(Of(o.Start).Params, func(x Param) bool { return x.Name == param })
}

// Within returns the policies that a person may try whose memory has room for so many tokens
// in float32.
func Within(room int) (all []sim.CachePolicy) {
	for _, x := range Policies {
		p := x.offers()[0].Start
		if x.Within != nil {
			p = Complete(x.Within(room))
		} else if x.Traits(p).Evicts {
			continue
		}
		all = append(all, p)
	}
	return all
}

// Default returns the policy of a recipe that names none, complete.
func Default() sim.CachePolicy { return Complete(sim.CachePolicy{}) }

// Shared returns the policy, complete, whose blocks several sequences can share.
func Shared() sim.CachePolicy {
	for _, o := range Offers() {
		if TraitsOf(o.Start).Block > 0 {
			return o.Start
		}
	}
	panic("kv: no policy has blocks")
}

// Complete gives a policy that is written in Go, where 0 means that a field was left
// out, the defaults of its kind. What a person wrote is read by Parse and Read, which
// know what was given.
func Complete(p sim.CachePolicy) sim.CachePolicy {
	p.Kind = cmp.Or(p.Kind, contiguousPolicy.Kind)
	for _, x := range Of(p).Params {
		x.complete(&p)
	}
	return p
}

// Check refuses a policy without a meaning, naming the field: Problem
// "recipe.choice" for a word, "recipe.range" or "recipe.whole" for a number. The policy is complete.
func Check(p sim.CachePolicy, headDim int) error {
	if !slices.Contains(Kinds(), p.Kind) {
		return unknownKind(p.Kind)
	}
	for _, x := range Of(p).Params {
		if err := x.check(&p, headDim); err != nil {
			return err
		}
	}
	if check := Of(p).check; check != nil {
		if err := check(p, headDim); err != nil {
			return err
		}
	}
	return Budget.Check(float64(p.Budget))
}

func unknownKind(kind string) error {
	return sim.NewProblem("recipe.choice", "Field", "cache", "Have", kind, "Allowed", Kinds())
}
