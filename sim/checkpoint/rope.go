package checkpoint

import (
	"cmp"
	"kvstep/sim"
)

// ropeScaling is a change of the RoPE angles; "default" is none.
type ropeScaling struct {
	Type     string   `json:"rope_type"`
	OldType  string   `json:"type"`       // the same, before 2024
	Theta    *float64 `json:"rope_theta"` // in rope_parameters only
	Factor   *float64 `json:"factor"`
	LowFreq  *float64 `json:"low_freq_factor"`
	HighFreq *float64 `json:"high_freq_factor"`
	Original *int     `json:"original_max_position_embeddings"`
	Partial  *float64 `json:"partial_rotary_factor"`
}

// rope reads the base of the RoPE angles and their scaling, of which "llama3" alone
// is built.
func (h *hfConfig) rope(file string, c *sim.Config) error {
	c.RopeBase = or(h.RopeBase, 10000)
	field, r := "rope_scaling", h.RopeScaling
	if h.RopeParams != nil {
		field, r = "rope_parameters", h.RopeParams
		c.RopeBase = or(r.Theta, c.RopeBase)
		if r.Partial != nil && *r.Partial != 1 {
			return problem("config.unsupported", file, "Field", field+".partial_rotary_factor", "Have", *r.Partial)
		}
	}
	if r == nil {
		return nil
	}
	switch name := cmp.Or(r.Type, r.OldType); name {
	case "", "default":
		return nil
	case "llama3":
		return r.llama3(file, field, c)
	default:
		return problem("config.unsupported", file, "Field", field, "Have", clip(name))
	}
}

// llama3 reads the four numbers of Llama 3's scaling.
func (r *ropeScaling) llama3(file, field string, c *sim.Config) error {
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
			return problem("config.missing", file, "Field", field+"."+f.name)
		}
		if *f.to = *f.from; !(*f.to >= f.min && *f.to <= f.max) {
			return problem("config.range", file, "Field", field+"."+f.name, "Have", *f.to, "Min", f.min, "Max", f.max)
		}
	}
	if s.HighFreq <= s.LowFreq {
		return problem("config.range", file, "Field", field+".high_freq_factor", "Have", s.HighFreq, "Min", s.LowFreq, "Max", 1<<20)
	}
	if r.Original == nil {
		return problem("config.missing", file, "Field", field+".original_max_position_embeddings")
	}
	if s.Original = *r.Original; s.Original < 1 || s.Original > maxContext {
		return problem("config.range", file, "Field", field+".original_max_position_embeddings", "Have", s.Original, "Min", 1, "Max", maxContext)
	}
	c.RopeScaling = s
	return nil
}
