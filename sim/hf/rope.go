package hf

import (
	"cmp"
	"encoding/json"
)

// Rope is what a file says of the angles of RoPE, whichever way it is spelled: fields of
// their own and rope_scaling, or rope_parameters.
type Rope struct {
	Field    string // of the file, for messages: rope_scaling or rope_parameters
	Type     string // "default" for none
	Theta    *float64
	Partial  float64 // share of a head that is turned
	Factor   *float64
	LowFreq  *float64
	HighFreq *float64
	Original *int
}

// ropeFile is either object.
type ropeFile struct {
	Type     string   `json:"rope_type"`
	OldType  string   `json:"type"` // the same, before 2024
	Theta    *float64 `json:"rope_theta"`
	Partial  *float64 `json:"partial_rotary_factor"`
	Factor   *float64 `json:"factor"`
	LowFreq  *float64 `json:"low_freq_factor"`
	HighFreq *float64 `json:"high_freq_factor"`
	Original *int     `json:"original_max_position_embeddings"`
}

// Rope reads both spellings. A file that has both, and not alike, is refused. Where each
// kind of layer has its own, that of layers with full attention is given, and what is turned
// must be the same.
func (c *Config) Rope() Rope {
	r := Rope{Type: "default", Theta: c.Float("rope_theta"), Partial: or(c.Float("partial_rotary_factor"), 1)}
	var kept json.RawMessage
	for _, name := range []string{"rope_scaling", "rope_parameters"} {
		raw := c.Given(name)
		if raw == nil || c.Err != nil || string(raw) == "{}" {
			continue
		}
		if kept != nil && string(kept) != string(raw) {
			c.Unsupported("rope_scaling", "rope_parameters")
		}
		kept = raw
		c.readObject(name, raw, &r)
	}
	return r
}

// readObject reads one of the two.
func (c *Config) readObject(name string, raw json.RawMessage, r *Rope) {
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(raw, &kinds); err != nil {
		c.wrong(name, raw, err)
		return
	}
	if full, ok := kinds["full_attention"]; ok {
		partial := r.Partial
		if sliding, ok := kinds["sliding_attention"]; ok {
			c.readObject(name+".sliding_attention", sliding, r)
			partial = r.Partial
		}
		if c.readObject(name+".full_attention", full, r); r.Partial != partial {
			c.Unsupported(name+".full_attention.partial_rotary_factor", r.Partial)
		}
		return
	}
	var f ropeFile
	for _, x := range []struct {
		field string
		to    any
	}{
		{"rope_type", &f.Type}, {"type", &f.OldType}, {"rope_theta", &f.Theta}, {"partial_rotary_factor", &f.Partial}, {"factor", &f.Factor},
		{"low_freq_factor", &f.LowFreq}, {"high_freq_factor", &f.HighFreq}, {"original_max_position_embeddings", &f.Original},
	} {
		if value, ok := kinds[x.field]; ok {
			if err := json.Unmarshal(value, x.to); err != nil {
				c.wrong(name+"."+x.field, value, err)
			}
		}
	}
	r.Field, r.Type = name, cmp.Or(f.Type, f.OldType, "default")
	r.Factor, r.LowFreq, r.HighFreq, r.Original = f.Factor, f.LowFreq, f.HighFreq, f.Original
	if f.Theta != nil {
		r.Theta = f.Theta
	}
	r.Partial = or(f.Partial, r.Partial)
}
