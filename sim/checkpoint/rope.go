package checkpoint

import (
	"fmt"

	"kvstep/sim"
	"kvstep/sim/hf"
)

// rope reads the base of the RoPE angles and their scaling, of which "llama3" alone
// is built.
func rope(file string, h *hf.Config, c *sim.Config) {
	r := h.Rope()
	if c.RopeBase = or(r.Theta, 10000); r.Partial != 1 {
		h.Unsupported("partial_rotary_factor", r.Partial)
	}
	switch {
	case r.Type == "default":
	case r.Type == "llama3":
		h.Fail(readLlama3(file, r, c))
	default:
		h.Unsupported(r.Field, r.Type)
	}
}

// readLlama3 reads the four numbers of Llama 3's scaling.
func readLlama3(file string, r hf.Rope, c *sim.Config) error {
	s := &sim.RopeScaling{}
	for _, f := range []struct {
		name     string
		from     *float64
		to       *float64
		min, max float64
	}{
		{"factor", r.Factor, &s.Factor, 1, 1 << 20},
		{"low_freq_factor", r.LowFreq, &s.LowFreq, 1.0 / (1 << 20), 1 << 20},
		{"high_freq_factor", r.HighFreq, &s.HighFreq, 1.0 / (1 << 20), 1 << 20},
	} {
		if f.from == nil {
			return problem("config.missing", file, "Field", r.Field+"."+f.name)
		}
		if *f.to = *f.from; !(*f.to >= f.min && *f.to <= f.max) {
			return problem("config.range", file, "Field", r.Field+"."+f.name, "Have", *f.to, "Min", f.min, "Max", f.max)
		}
	}
	if s.HighFreq <= s.LowFreq {
		return problem("config.above", file, "Field", r.Field+".high_freq_factor", "Have", s.HighFreq, "Than", fmt.Sprintf("low_freq_factor (%g)", s.LowFreq))
	}
	if r.Original == nil {
		return problem("config.missing", file, "Field", r.Field+".original_max_position_embeddings")
	}
	if s.Original = *r.Original; s.Original < 1 || s.Original > maxContext {
		return problem("config.range", file, "Field", r.Field+".original_max_position_embeddings", "Have", s.Original, "Min", 1, "Max", maxContext)
	}
	c.RopeScaling = s
	return nil
}
