package hf

import (
	"encoding/json"
	"slices"
	"strings"
)

// headless are the ends of names of architectures without a language model's head: what is
// counted and computed here has one.
var headless = []string{"ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMultipleChoice", "RewardModel", "ForImageClassification"}

// prefixed are models of text and more that see all of their prompt at once.
var prefixed = []string{"paligemma"}

// Causal refuses what is no decoder, each row of which sees the rows before it alone:
// encoders that took a decoder's class.
func (c *Config) Causal() {
	if slices.Contains(prefixed, c.Nested) {
		c.Unsupported("model_type", c.Nested)
	}
	for _, f := range [][2]string{{"is_causal", "false"}, {"use_bidirectional_attention", "true"}, {"use_bidirectional_attention", `"all"`}, {"is_encoder_decoder", "true"}} {
		for _, raw := range c.everywhere(f[0]) {
			if string(raw) == f[1] {
				c.Unsupported(f[0], f[1])
			}
		}
	}
	if raw := c.Given("pruned_heads"); raw != nil && !nothing(raw) {
		c.Unsupported("pruned_heads", string(raw))
	}
}

// Headed refuses what has no language model's head, such as a model that rates texts.
func (c *Config) Headed() {
	around := c.said // the whole model's
	if c.outer != nil {
		around = c.outer
	}
	var names []string
	if raw := around["architectures"]; len(raw) == 0 || json.Unmarshal(raw, &names) != nil {
		return // which is for people, mostly
	}
	for _, name := range names {
		plain := strings.HasSuffix(name, "Model") && !strings.HasSuffix(name, "LMHeadModel")
		if plain || slices.ContainsFunc(headless, func(end string) bool { return strings.HasSuffix(name, end) }) {
			c.Unsupported("architectures", name)
		}
	}
}
