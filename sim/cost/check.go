package cost

import (
	"maps"

	"slices"

	"kvstep/sim"
)

// maxParams is the largest number of parameters that is counted. Every factor that
// the work is multiplied by is below 16 times the parameters, so that none of
// them passes an int64.
const maxParams = 1 << 56

// Check returns Of(c).Check.
func Check(c sim.Config) error { return Of(c).Check() }

// Check refuses what cannot be counted, naming the field: an unknown family
// (Problem "recipe.choice"), a size that is zero, negative or beyond all reason
// ("cost.range"), heads that cannot share their K/V heads evenly
// ("cost.divide"), and models of more than 2^56 parameters ("cost.large").
func (s Shape) Check() error {
	if _, ok := styles[s.Family]; !ok {
		return sim.NewProblem("recipe.choice", "Field", "family", "Have", s.Family,
			"Allowed", slices.Sorted(maps.Keys(styles)))
	}
	for _, f := range s.fields() {
		if f.have < f.min || f.have > f.max {
			return sim.NewProblem("cost.range", "Field", f.name, "Have", f.have, "Min", f.min, "Max", f.max)
		}
	}
	if s.Heads%s.KVHeads != 0 {
		return sim.NewProblem("cost.divide", "Field", "heads", "Have", s.Heads, "By", "kv_heads", "ByHave", s.KVHeads)
	}
	if !(s.parameters() <= maxParams) {
		return sim.NewProblem("cost.large", "Have", s.parameters(), "Max", int64(maxParams))
	}
	return nil
}

type field struct {
	name           string
	have, min, max int
}

// limits of single sizes, far above any model known, for configurations from outside.
const (
	maxWidth   = 1 << 24 // numbers; Llama-3.1-405B has 16,384 (ffn 53,248)
	maxLayers  = 1 << 16 // 405B has 126
	maxContext = 1 << 30 // tokens; Llama 4 Scout claims 10,485,760
)

func (s Shape) fields() []field {
	all := []field{
		{"dim", s.Dim, 1, maxWidth}, {"layers", s.Layers, 1, maxLayers}, {"heads", s.Heads, 1, maxWidth},
		{"kv_heads", s.KVHeads, 1, maxWidth}, {"head_dim", s.HeadDim, 1, maxWidth}, {"ffn", s.FFN, 1, maxWidth},
		{"vocab", s.Vocab, 1, maxContext}, {"context", s.Context, 1, maxContext},
		{"bits", s.Bits, 1, 64}, {"kv_bits", s.KVBits, 1, 64},
		{"local_layers", s.Local, 0, s.Layers}, {"window", s.Window, min(s.Local, 1), maxContext},
	}
	if m := s.MoE; m != (MoE{}) {
		all = append(all, field{"experts", m.Experts, 1, maxWidth}, field{"active_experts", m.Active, 1, m.Experts},
			field{"moe_ffn", m.FFN, 1, maxWidth}, field{"shared_ffn", m.Shared, 0, maxWidth},
			field{"dense_layers", m.Dense, 0, s.Layers})
	}
	if m := s.MLA; m != (MLA{}) {
		all = append(all, field{"q_lora_rank", m.QRank, 0, maxWidth}, field{"kv_lora_rank", m.KVRank, 1, maxWidth},
			field{"qk_rope_head_dim", m.Rope, 1, maxWidth}, field{"qk_nope_head_dim", m.Nope, 1, maxWidth},
			field{"v_head_dim", m.V, 1, maxWidth})
	}
	return all
}

// parameters estimates Params, and never much below it, in numbers that do not
// wrap around.
func (s Shape) parameters() float64 {
	f := func(n int) float64 { return float64(n) }
	d := f(s.Dim)
	attention := d * f(s.HeadDim) * (2*f(s.Heads) + 2*f(s.KVHeads))
	if m := s.MLA; m.KVRank > 0 {
		wide := f(m.Nope) + f(m.Rope) + f(m.V) + f(m.KVRank)
		attention += (d+f(m.QRank)+f(m.KVRank))*f(s.Heads)*wide + d*(f(m.QRank)+f(m.KVRank)+f(m.Rope))
	}
	perLayer := attention + 3*d*f(s.FFN) + 16*d + f(s.MoE.Experts)*d*(3*f(s.MoE.FFN)+1) + 3*d*f(s.MoE.Shared)
	perLayer += f(s.MoE.Experts) * f(s.MoE.Active) // the choice of experts
	return f(s.Layers)*perLayer + d*(2*f(s.Vocab)+f(s.Positions)+2)
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

// CheckContext refuses a job that the model's context has no room for: the
// last token is never fed, so that prompt + new - 1 positions are needed.
func (s Shape) CheckContext(j Job) error {
	if need := int64(j.Prompt) + int64(j.New) - 1; need > int64(s.Context) {
		return sim.NewProblem("cost.context", "Prompt", j.Prompt, "New", j.New, "Need", need, "Context", s.Context)
	}
	return nil
}

// Check refuses sizes of a job that cannot be.
func (j Job) Check() error {
	for _, f := range []field{{"prompt", j.Prompt, 1, largest}, {"new", j.New, 1, largest}, {"batch", j.Batch, 1, largest}} {
		if f.have < f.min || f.have > f.max {
			return sim.NewProblem("cost.range", "Field", f.name, "Have", f.have, "Min", f.min, "Max", f.max)
		}
	}
	return nil
}

// Check refuses guesses and probabilities that cannot be.
func (s Speculation) Check() error {
	if s.Guesses < 1 || s.Guesses > largest {
		return sim.NewProblem("cost.range", "Field", "guesses", "Have", s.Guesses, "Min", 1, "Max", largest)
	}
	if !(s.Accept >= 0 && s.Accept <= 1) {
		return sim.NewProblem("cost.range", "Field", "accept", "Have", s.Accept, "Min", 0, "Max", 1)
	}
	return nil
}

func (s Shape) checkJob(j Job) error {
	if err := s.Check(); err != nil {
		return err
	}
	return j.Check()
}
