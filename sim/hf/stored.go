package hf

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// quantised are the fields that say that weights are stored in another way than as
// numbers of one width. What such a file has beside its numbers (scales, zeros, layers
// that are left alone) is not in config.json alone, so they are refused by name.
var quantised = []string{"quantization_config", "quantization", "compression_config", "quantize_config", "quant_config",
	"weight_bits", "quantization_bit", "w_bit", "wbits", "bits", "load_in_4bit", "load_in_8bit", "quant_method"}

// Sidecars are files beside config.json that say the same.
var Sidecars = []string{"hf_quant_config.json", "quantize_config.json", "quant_config.json"}

// Stored refuses a file whose weights are not numbers of one width.
func (c *Config) Stored() {
	for _, field := range quantised {
		for _, raw := range c.everywhere(field) {
			if !nothing(raw) {
				c.Unsupported(field, strings.Join(strings.Fields(string(raw)), " "))
			}
		}
	}
	for _, field := range []string{"dtype", "torch_dtype"} { // transformers 5, and before
		for _, raw := range c.everywhere(field) {
			var name string
			if err := json.Unmarshal(raw, &name); err != nil {
				c.wrong(field, raw, err)
			}
			name = strings.TrimPrefix(name, "torch.")
			if name != "" && !slices.Contains([]string{"float32", "float16", "bfloat16", "float64", "auto"}, name) {
				c.Unsupported(field, name)
			}
		}
	}
}

// nothing reports whether a value says that something is not there.
func nothing(raw json.RawMessage) bool {
	var short bytes.Buffer
	if json.Compact(&short, raw) != nil {
		return false
	}
	return slices.Contains([]string{"{}", "[]", "false", "0", `""`}, short.String())
}
