package sweep

import (
	"context"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/run"
)

// Variant is one way of attending to the same prompt: a model of a family, and a
// cache policy on its weights.
type Variant struct {
	Model string
	Cache sim.CachePolicy
}

// Outcome is what a variant's run came to.
type Outcome struct {
	Variant
	Heads, KVHeads int
	PerToken       int64 // bytes of the cache that a token takes
	Usage          sim.CacheUsage
	Generated      []int // ids generated
	Text           string
	Total          sim.Counters // of the cached lane, whole run
	MaxDelta       float32      // largest |difference| of a logit from the exact ones, where the policy is not exact
	FinishReason   string
}

// Variants returns the ways that the page sets side by side: the models that differ
// from m in how many query heads share a K/V head, those with the most first, and
// on m's own weights the policies that keep fewer or smaller rows.
func Variants(m *library.Loaded, models []*library.Loaded) []Variant {
	var all []Variant
	c := m.Model.Config
	for heads := c.Heads; heads > 0; heads-- {
		for _, other := range models {
			if o := other.Model.Config; o.KVHeads == heads && Kin(c, o) {
				all = append(all, Variant{Model: other.Name, Cache: kv.Default()})
			}
		}
	}
	for _, o := range kv.Offers() {
		if !kv.TraitsOf(o.Start).Exact {
			all = append(all, Variant{m.Name, o.Start})
		}
	}
	return all
}

// Kin reports whether two models differ at most in how many query heads share a K/V head.
func Kin(a, b sim.Config) bool {
	return a.Vocab == b.Vocab && a.Dim == b.Dim && a.Layers == b.Layers && a.Heads == b.Heads && a.FFN == b.FFN
}

// Try runs a variant of a recipe to its end.
func Try(ctx context.Context, m *library.Loaded, r sim.Recipe, v Variant) (Outcome, error) {
	r.Model, r.Cache, r.Lanes = v.Model, v.Cache, "cached"
	if !kv.TraitsOf(v.Cache).Exact { // the exact lane is what it is measured against
		r.Lanes = "both"
	}
	r.Cache.Budget = 0
	c := m.Model.Config
	o := Outcome{Variant: v, Heads: c.Heads, KVHeads: c.KVHeads}
	o.PerToken = (kv.SpecOf(c, 1).TokenBits(v.Cache) + 7) / 8
	for s, err := range run.Once(ctx, m, r, func() float64 { return 0 }) {
		if err != nil {
			return o, err
		}
		o.Total = s.Totals[sim.Cached]
		if s.Part != sim.HeadPart {
			continue
		}
		o.Generated = append(o.Generated, s.NewTokens()...)
		o.Text, o.FinishReason, o.Usage = s.GeneratedText, s.RunFinishReason, s.KV.Usage()
		if s.Effect != nil {
			o.MaxDelta = max(o.MaxDelta, s.Effect.MaxDelta)
		}
	}
	return o, nil
}
