package cost

import (
	"maps"
	"math"
	"slices"

	"kvstep/sim"
)

// Check refuses what cannot be counted, naming the field: an unknown family
// (Problem "recipe.choice"), a size below 1, heads that cannot share their
// K/V heads evenly ("config.field"), and models so large that one token does
// not fit an int64 ("cost.overflow").
func Check(c sim.Config) error {
	if _, ok := families[c.Family]; !ok {
		return sim.NewProblem("recipe.choice", "Field", "family", "Have", c.Family,
			"Allowed", slices.Sorted(maps.Keys(families)))
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"dim", c.Dim}, {"layers", c.Layers}, {"heads", c.Heads}, {"kv_heads", c.KVHeads},
		{"head_dim", c.HeadDim}, {"ffn", c.FFN}, {"vocab", c.Vocab}, {"context", c.Context}} {
		if f.n <= 0 {
			return sim.NewProblem("config.field", "Field", f.name, "Have", f.n)
		}
	}
	if c.Heads%c.KVHeads != 0 {
		return sim.NewProblem("config.field", "Field", "kv_heads", "Have", c.KVHeads)
	}
	// A float64 overflows at 1e308: the products below cannot wrap around.
	// Every factor that decoder and head multiply by the work is below 16 times
	// the parameters, so that with room to spare none of them wraps either.
	d, hd := float64(c.Dim), float64(c.HeadDim)
	perLayer := d*hd*(2*float64(c.Heads)+2*float64(c.KVHeads)) + 3*d*float64(c.FFN) + 16*d
	params := float64(c.Layers)*perLayer + d*(2*float64(c.Vocab)+float64(c.Context)+2)
	if params > 1<<56 {
		return sim.NewProblem("cost.overflow", "Tokens", 1)
	}
	return nil
}

// CheckSwitches refuses a switch that has no such setting.
func CheckSwitches(sw Switches) error {
	for _, f := range []struct {
		name, have string
		allowed    []string
	}{
		{"unit", sw.Unit, []string{"flop", "mac"}},
		{"pairs", sw.Pairs, []string{"allowed", "dense"}},
		{"logits", sw.Logits, []string{"last", "all"}},
		{"scope", sw.Scope, []string{"matmul", "matmul+elementwise"}},
	} {
		if !slices.Contains(f.allowed, f.have) {
			return sim.NewProblem("recipe.choice", "Field", f.name, "Have", f.have, "Allowed", f.allowed)
		}
	}
	return nil
}

func (s Shape) checkGeneration(prompt, newTokens int) error {
	if err := Check(s.Config); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"bytes_per", s.BytesPer}, {"prompt", prompt}, {"new", newTokens}} {
		if f.n <= 0 || f.n > math.MaxInt32 {
			return sim.NewProblem("config.field", "Field", f.name, "Have", f.n)
		}
	}
	return nil
}
