package checkpoint

import (
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"kvstep/sim/hf"
)

// Around is what tokenizer_config.json says of the tokens around a text.
type Around struct {
	Present bool     // there is such a file
	Rebuilt bool     // its class makes the post-processor of tokenizer.json again from the two flags
	BOS     bool     // one is put before a text
	EOS     bool     // one is put after it
	Begin   string   // text of BOS, "" where the file does not say
	Added   []string // tokens that transformers adds and that are not special, if tokenizer.json has them not
}

// rebuilding are the tokenizer classes that make the post-processor again, and the BOS
// that each has if the file does not say.
var rebuilding = map[string]string{"Llama": "<s>", "CodeLlama": "<s>", "Gemma": "<bos>", "Cohere": "<BOS_TOKEN>"}

// ReadAround reads tokenizer_config.json. Where it does not say whether BOS is put before
// a text, tokenizers of Llama's class do it, and others do not.
func ReadAround(fsys fs.FS) (Around, error) {
	const file = "tokenizer_config.json"
	text, err := readLimited(fsys, file, maxTokenizerConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return Around{}, nil
	}
	if err != nil {
		return Around{}, err
	}
	var h struct {
		BOS   json.RawMessage `json:"add_bos_token"`
		EOS   json.RawMessage `json:"add_eos_token"`
		Class string          `json:"tokenizer_class"`
		Begin json.RawMessage `json:"bos_token"`
		Added map[string]struct {
			Content string `json:"content"`
			Special bool   `json:"special"`
		} `json:"added_tokens_decoder"`
	}
	if err := hf.Unmarshal(file, text, &h); err != nil {
		return Around{}, err
	}
	a := Around{Present: true}
	name := strings.TrimSuffix(strings.TrimSuffix(h.Class, "Fast"), "Tokenizer")
	a.Begin, a.Rebuilt = rebuilding[name]
	for _, f := range []struct {
		field string
		raw   json.RawMessage
		to    *bool
	}{{"add_bos_token", h.BOS, &a.BOS}, {"add_eos_token", h.EOS, &a.EOS}} {
		// Null is Python's None, which means no.
		if *f.to = f.to == &a.BOS && a.Rebuilt && len(f.raw) == 0; given(f.raw) && json.Unmarshal(f.raw, f.to) != nil {
			return a, problem("config.type", file, "Field", f.field, "Have", Clip(strings.Trim(string(f.raw), `"`)))
		}
	}
	for _, token := range h.Added {
		if !token.Special {
			a.Added = append(a.Added, token.Content)
		}
	}
	slices.Sort(a.Added)
	if given(h.Begin) {
		var token struct{ Content string }
		if json.Unmarshal(h.Begin, &a.Begin) != nil && json.Unmarshal(h.Begin, &token) == nil {
			a.Begin = token.Content
		}
	}
	return a, nil
}

// maxTokenizerConfig is the largest tokenizer_config.json that is read, in bytes;
// some list hundreds of added tokens, and chat templates.
const maxTokenizerConfig = 8 << 20
