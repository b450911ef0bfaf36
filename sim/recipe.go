package sim

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Recipe determines a run entirely: the same recipe gives the same bits on
// any machine. It travels as JSON in commands and as a query in links.
type Recipe struct {
	Model  string `json:"model"`            // embedded name, or the path the server was started with
	Prompt string `json:"prompt"`           // text, encoded by the model's tokenizer
	Tokens []int  `json:"tokens,omitempty"` // given instead of Prompt, when there is no tokenizer
	MaxNew int    `json:"max_new"`          // tokens to generate at most; 0: prefill alone

	Sampler Sampler  `json:"sampler"`
	Stop    []string `json:"stop,omitempty"` // a generated text that contains one of these ends the run

	Cache CachePolicy `json:"cache"` // how the cached lane keeps K and V

	// Draft is a small model that proposes Propose tokens before every decode
	// pass, which then verifies them all at once: speculative decoding.
	Draft   string `json:"draft,omitempty"`
	Propose int    `json:"propose,omitempty"`

	Batch *Batch `json:"batch,omitempty"` // more requests, served together with this one

	// Lanes are those that the run has: "both", "cached" or "uncached". "both:N" lets the uncached
	// lane run while a sequence has at most N tokens; from then on it waits, and is only counted.
	Lanes  string `json:"lanes"`
	Pairs  string `json:"pairs"`  // "allowed" or "dense": which (query, key) pairs are counted
	Logits string `json:"logits"` // "last" or "all": how many rows of logits are counted

	// Forced are tokens chosen by a person instead of the sampler; this is how
	// a forked run is written down.
	Forced []Forced `json:"forced,omitempty"`
}

// BothUntil is how "both:N" begins, the lanes of a run whose uncached lane waits after N tokens.
const BothUntil = "both:"

// UncachedTokens returns how many tokens a sequence may have while the uncached lane runs;
// waits is false where it never waits.
func (r *Recipe) UncachedTokens() (n int, waits bool) {
	text, waits := strings.CutPrefix(r.Lanes, BothUntil)
	if !waits {
		return math.MaxInt, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// Forced replaces the choice made after Pass (0 is prefill) by Token.
type Forced struct {
	Pass  int `json:"pass"`
	Token int `json:"token"`
}

// Sampler says how the next token is chosen from the logits. Its filters, and the order
// in which they apply, are those of sim/sample.
type Sampler struct {
	Kind        string  `json:"kind"`        // "greedy", "sample" or "beam"
	Temperature float64 `json:"temperature"` // logits are divided by it; 0 is greedy
	TopK        int     `json:"top_k"`       // keep the K likeliest; 0 keeps all
	TopP        float64 `json:"top_p"`       // keep the smallest set of at least this mass; 1 keeps all
	MinP        float64 `json:"min_p"`       // keep what has this share of the likeliest's probability; 0 keeps all
	// Logits of tokens that are in the text already are divided by it where
	// positive, multiplied where negative (Keskar et al., 2019); 1 is off.
	// Greedy choices obey it too.
	RepetitionPenalty float64 `json:"repetition_penalty"`
	Seed              uint64  `json:"seed,string"` // names the random sequence

	Width  int     `json:"width,omitempty"`          // beam: texts that are followed at a time, 2 to 8
	Length float64 `json:"length_penalty,omitempty"` // beam: finished texts compare by log-probability / length^this

	// More has the settings of the filters that have no field here, by their names in JSON;
	// one that is not there is off. It is replaced and never changed: copies share it.
	More map[string]float64 `json:"-"`
}

// MarshalJSON writes what the kind has, a 0 that was given too, and More beside it.
func (s Sampler) MarshalJSON() ([]byte, error) {
	type plain Sampler // without this method
	var known any = plain(s)
	if s.Kind == "beam" {
		known = struct {
			plain
			Length float64 `json:"length_penalty"`
		}{plain(s), s.Length}
	}
	data, err := json.Marshal(known)
	if err != nil || len(s.More) == 0 {
		return data, err
	}
	more, err := json.Marshal(s.More)
	if err != nil {
		return nil, err
	}
	return append(append(data[:len(data)-1], ','), more[1:]...), nil
}

// UnmarshalJSON reads what MarshalJSON writes; recipes that people write are read by
// sim/recipe, which is strict.
func (s *Sampler) UnmarshalJSON(data []byte) error {
	type plain Sampler
	if err := json.Unmarshal(data, (*plain)(s)); err != nil {
		return err
	}
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for i := range reflect.TypeFor[Sampler]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[Sampler]().Field(i).Tag.Get("json"), ",")
		delete(all, name)
	}
	s.More = nil
	for name, value := range all {
		if x, ok := value.(float64); ok {
			if s.More == nil {
				s.More = map[string]float64{}
			}
			s.More[name] = x
		}
	}
	return nil
}
