package hf

import (
	"slices"
	"strings"
)

// quantised are the fields that say that weights are stored in another way than as
// numbers of one width. What such a file has beside its numbers (scales, zeros, layers
// that are left alone) is not in config.json alone, so they are refused by name.
var quantised = []string{"quantization_config", "quantization", "compression_config", "quantize_config", "quant_config"}

// Sidecars are files beside config.json that say the same.
var Sidecars = []string{"hf_quant_config.json", "quantize_config.json", "quant_config.json"}

// Stored refuses a file whose weights are not numbers of one width.
func (c *Config) Stored() {
	for _, field := range quantised {
		if raw := c.Given(field); raw != nil && string(raw) != "{}" {
			c.Unsupported(field, strings.Join(strings.Fields(string(raw)), " "))
		}
	}
	for _, field := range []string{"dtype", "torch_dtype"} { // transformers 5, and before
		name := strings.TrimPrefix(or(c.Text(field), ""), "torch.")
		if name != "" && !slices.Contains([]string{"float32", "float16", "bfloat16", "float64", "auto"}, name) {
			c.Unsupported(field, name)
		}
	}
}
