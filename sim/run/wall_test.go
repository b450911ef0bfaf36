package run

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
)

// TestSixtyFourKibibytes: on the default prompt a budget of 64 KiB is refused at
// the token that the shapes predict; int8, a window and MQA go further by the
// factor that they shrink a token by.
func TestSixtyFourKibibytes(t *testing.T) {
	const budget = 64 << 10
	// The text is driven on, so that only memory ends it.
	reach := func(model, cache string) (tokens int, perToken float64, walled bool) {
		m, err := library.Open(model)
		if err != nil {
			t.Fatal(err)
		}
		r := m.Default("en")
		if r.Cache, err = kv.Parse(cache); err != nil {
			t.Fatal(err)
		}
		r.MaxNew, r.Lanes, r.Cache.Budget = 100, "cached", budget
		for pass := range r.MaxNew {
			r.Forced = append(r.Forced, sim.Forced{Pass: pass, Token: 7})
		}
		steps := collect(t, m, recipe.Complete(r))
		last := steps[len(steps)-1]
		spec := kv.SpecOf(m.Model.Config, last.Prompt+r.MaxNew-1)
		if want := spec.Fits(r.Cache, budget); len(last.Tokens) != want {
			t.Errorf("%s, %s: %d tokens, predicted %d", model, cache, len(last.Tokens), want)
		}
		if u := last.KV.Usage(); u.Held > budget || u.Held != u.Allocated {
			t.Errorf("%s, %s: %+v", model, cache, u)
		}
		return len(last.Tokens), float64(spec.TokenBits(r.Cache)) / 8, last.RunFinishReason == sim.FinishMemory
	}
	base, size, walled := reach("story", "contiguous")
	if !walled || base != budget/5120 {
		t.Errorf("story goes %d tokens far, the wall stands at %d", base, budget/5120)
	}
	for _, x := range []struct{ model, cache string }{{"story", "int8"}, {"story", "int4"}, {"story-mqa", "contiguous"}, {"story-gqa", "contiguous"}} {
		n, bytes, walled := reach(x.model, x.cache)
		if factor := size / bytes; !walled || n != int(budget/bytes) || math.Abs(float64(n)/float64(base)-factor) > factor/float64(base) {
			t.Errorf("%s, %s: %d tokens, %.2f times as far as %d; predicted %.2f", x.model, x.cache, n, float64(n)/float64(base), base, factor)
		}
	}
	if _, _, walled := reach("story", "window:8:2"); walled {
		t.Error("a window of ten tokens met the wall")
	}
}

// TestPagedAttentionSizes: the sizes of Kwon et al. 2023 follow from the cache's
// own arithmetic, at two bytes a number.
func TestPagedAttentionSizes(t *testing.T) {
	data, err := os.ReadFile("../../../shared/truth/papers.json")
	if err != nil {
		t.Skip("no truth/papers.json beside the project")
	}
	var papers []struct {
		ID      string
		Numbers map[string]any
	}
	if err := json.Unmarshal(data, &papers); err != nil {
		t.Fatal(err)
	}
	for _, p := range papers {
		if p.ID != "vllm_2309.06180" {
			continue
		}
		opt13b := kv.Spec{Layers: 40, KVHeads: 40, HeadDim: 128, Most: 2048}
		half := opt13b.TokenBytes() / 2
		if want := p.Numbers["opt13b_kv_bytes_per_token"].(float64); float64(half) != want {
			t.Errorf("OPT-13B keeps %d bytes a token, the paper says %v", half, want)
		}
		if want := p.Numbers["opt13b_request_2048_GiB"].(float64); float64(half)*2048/(1<<30) != want {
			t.Errorf("2048 tokens take %v GiB, the paper says %v", float64(half)*2048/(1<<30), want)
		}
		return
	}
	t.Error("truth/papers.json has no PagedAttention")
}

// TestAcceptanceMakesTokens: the tokens that a pass of the target gives, in a real
// run of story with story-draft, are those of the formula at the measured
// acceptance: (1-a^(g+1))/(1-a) where acceptance were independent, within a fifth.
func TestAcceptanceMakesTokens(t *testing.T) {
	m, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	tested, accepted, passes, tokens := 0.0, 0.0, 0.0, 0.0
	const g = 3
	for seed := range rounds(12) {
		for _, prompt := range m.TrainingSet.Prompts["en"][:4] {
			r := recipe.Complete(sim.Recipe{Prompt: prompt, MaxNew: 48, Lanes: "cached", Draft: "story-draft", Propose: g,
				Sampler: sim.Sampler{Kind: "sample", Temperature: 2, TopP: 1, Seed: uint64(seed)}})
			for _, s := range collect(t, m, r) {
				if x := s.Speculation; x != nil && s.Part == sim.HeadPart && s.RunFinishReason == "" && len(x.Proposed) == g {
					tested += float64(len(x.Verdicts))
					accepted += float64(x.Accepted)
					passes++
					tokens += float64(x.Accepted + 1)
				}
			}
		}
	}
	a := accepted / tested
	want, got := (1-math.Pow(a, g+1))/(1-a), tokens/passes
	t.Logf("acceptance %.3f of %.0f proposals: %.2f tokens a pass, by the formula %.2f", a, tested, got, want)
	if math.Abs(got-want) > want/5 {
		t.Errorf("%.2f tokens a pass, the formula says %.2f", got, want)
	}
}
