package cost

import (
	"encoding/json"
	"math"
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

// check is a row of crosschecks.json: a number that another project prints.
type check struct {
	ID       string
	Computed any
}

// gpt is one pass over n tokens of a decoder in GPT-2's style with a vocabulary of 1.
func gpt(layers, d, ffn int, sw Switches, n int) sim.Counters {
	return styled(sim.Config{Family: "gpt2", Dim: d, Layers: layers, Heads: d / 64, KVHeads: d / 64, HeadDim: 64,
		FFN: ffn, Vocab: 1, Context: n}).Pass(n, 0, sw)
}

// TestCrosschecks: every row of crosschecks.json that follows from shapes. notCost lists the others, so that none is forgotten.
func TestCrosschecks(t *testing.T) {
	all := models(t)
	var file struct{ Checks []check }
	truth(t, "crosschecks.json", &file)

	gpt2 := shapeOf(t, all, "gpt2").Pass(1024, 0, allDense)
	seven := shapeOf(t, all, "Llama-2-7b-hf")
	lite, v2 := shapeOf(t, all, "DeepSeek-V2-Lite"), shapeOf(t, all, "DeepSeek-V2")
	opt13, opt30 := shapeOf(t, all, "OPT-13B"), shapeOf(t, all, "OPT-30B")
	opt66 := styled(sim.Config{Family: "opt", Dim: 9216, Layers: 64, Heads: 72, KVHeads: 72, HeadDim: 128, FFN: 4 * 9216, Vocab: 50272, Context: 2048})
	// kipply's 52B model: 64 layers, d 8192, MLP 4d without a gate
	c52 := sim.Config{Family: "gpt2", Dim: 8192, Layers: 64, Heads: 64, KVHeads: 64, HeadDim: 128, FFN: 4 * 8192, Vocab: 1, Context: 1}
	one := styled(c52).Pass(1, 0, Default())
	weights := func(layers, d int) float64 { // FLOPs of the weights of a layer, 12 d^2 multiply-adds
		c := gpt(layers, d, 4*d, Default(), 1).Flops
		return float64(c.QKV + c.Out + c.MLP)
	}
	pythia := gpt(36, 5120, 4*5120, allDense, 128) // the head was not profiled: one word is
	bloom := gpt(30, 4096, 4*4096, allDense, 128)
	cached := func(s Shape, tokens, batch int) float64 {
		b, err := s.Bill(Job{tokens, 1, batch}, Default())
		if err != nil {
			t.Fatal(err)
		}
		return float(b.Total[sim.Cached].KVBytes)
	}
	round := func(x float64, decimals int) float64 {
		p := math.Pow(10, float64(decimals))
		return math.Round(x*p) / p
	}
	gib := float64(1 << 30)
	// PaLM 540B with a K and V for each of its 48 heads, and as it is: one of 256
	palm := sim.Config{Family: "llama", Dim: 18432, Layers: 118, Heads: 48, KVHeads: 48, HeadDim: 128, FFN: 73728, Vocab: 256000, Context: 2048}
	got := map[string]any{
		"nanogpt_forward_1024":     float64(matmul(gpt2)),
		"nanogpt_scores_per_layer": float64(gpt2.Flops.Scores / 12),
		"nanogpt_mlp_per_layer":    float64(gpt2.Flops.MLP / 12),
		"nanogpt_dense":            float64(gpt2.Flops.Head),
		"calflops_Llama-2-7b-hf":   round(float64(matmul(seven.Pass(128, 0, allDense)))/1e9, 4),
		"calflops_pythia12b":       round(float64(matmul(pythia)-pythia.Flops.Head)/1e9, 3),
		"calflops_bloom7b1":        round(float64(matmul(bloom)-bloom.Flops.Head-bloom.Flops.Scores)/1e9, 3),
		"kipply_kv_flops_52B":      float64(one.Flops.QKV) * 2 / 3,
		"kipply_forward_52B":       float64(one.Flops.QKV + one.Flops.Out + one.Flops.MLP),
		"kipply_kv_bytes_52B":      float64(one.KVBytes),
		"kipply_ridge_A100":        312e12 / 1.5e12, // her bandwidth
		"kipply_13B_1gpu_ms":       round(weights(40, 5120)/1.5e12*1e3, 3),
		"kipply_gopher_small":      round(2*260e9/(16*1.5e12)*1e3, 2),
		"vllm_opt13b_token":        float64(opt13.KVBytesPerToken()),
		"vllm_opt13b_2048":         cached(opt13, 2048, 1) / gib,
		"databricks_70b": []any{cached(shapeOf(t, all, "Llama-2-70b-hf"), 1024, 1) / gib, cached(shapeOf(t, all, "Llama-2-70b-hf"), 1024, 16) / gib,
			cached(shapeOf(t, all, "Llama-2-70b-hf"), 1024, 32) / gib, cached(shapeOf(t, all, "Llama-2-70b-hf"), 1024, 64) / gib},
		"h2o_opt30b":       cached(opt30, 1024, 128) / 1e9,
		"flexgen_opt175b":  cached(shapeOf(t, all, "GPT-3-175B"), 544, 512) / (gib * 1024),
		"distserve_opt66b": cached(opt66, 512, 1) / gib,
		"palm_3tb":         cached(styled(palm), 2048, 512) / 1e12,
		"mla_elems_v2":     float64(v2.Wide(8, 8).KVBytesPerToken()),
		// the small MoE of its Table 9, and the same with plain heads of 128
		"mla_small": []any{float64(lite.Wide(8, 8).KVBytesPerToken()) / 1e3, float64(lite.Layers*2*lite.Heads*lite.MLA.V) / 1e3},
		// with 6 bits a number, on average, against 16 of DeepSeek-67B
		"mla_93.3pct":          round(100-100*float64(v2.Wide(16, 6).KVBytesPerToken())/float64(shapeOf(t, all, "DeepSeek-67B").KVBytesPerToken()), 2),
		"mla_2.25_groups":      float64(v2.kvPrice()) / float64(2*v2.MLA.V),
		"llmviewer_decode_7b":  float64(viewer(seven, 2048, 1, "decode").ops),
		"llmviewer_prefill_7b": float64(viewer(seven, 2048, 1, "prefill").ops),
	}
	for id, l := range map[string][2]int{"chinchilla_L10_d640": {10, 640}, "chinchilla_L20_d1024": {20, 1024}, "chinchilla_L24_d1280": {24, 1280},
		"chinchilla_L26_d1792": {26, 1792}, "chinchilla_L28_d2048": {28, 2048}, "chinchilla_L40_d3584": {40, 3584}} {
		// Three passes (forward, twice that backward) of a sequence of 2048, no
		// embeddings or logits, and 3 operations a score for the softmax.
		heads := map[int]int64{640: 10, 1024: 16, 1280: 10, 1792: 14, 2048: 16, 3584: 28}[l[1]]
		c := gpt(l[0], l[1], 4*l[1], allDense, 2048)
		got[id] = float64(3 * (matmul(c) - c.Flops.Head + 3*int64(l[0])*heads*2048*2048))
	}
	// Leviathan et al., Table 1: operations and speed with a draft that costs nothing
	for id, x := range map[string]Speculation{"leviathan_0.6_2": {2, 0.6}, "leviathan_0.7_3": {3, 0.7}, "leviathan_0.8_2": {2, 0.8},
		"leviathan_0.8_5": {5, 0.8}, "leviathan_0.9_2": {2, 0.9}, "leviathan_0.9_10": {10, 0.9}} {
		got[id] = []any{round(x.Operations(0), 3), round(x.Speedup(0), 3)}
	}
	notCost := map[string]bool{
		"vllm_utilisation": true, // shares of memory that a measurement found
		"databricks_mbu":   true, // a measured time
	}
	for _, check := range file.Checks {
		g, ok := got[check.ID]
		if ok == notCost[check.ID] {
			t.Errorf("%s is neither compared nor left out on purpose", check.ID)
		}
		if !ok {
			continue
		}
		a, _ := json.Marshal(g)
		b, _ := json.Marshal(check.Computed)
		if string(a) != string(b) {
			t.Errorf("%s: %s, want %s", check.ID, a, b)
		}
	}
	if len(got)+len(notCost) != len(file.Checks) {
		t.Errorf("%d compared and %d left out, of %d", len(got), len(notCost), len(file.Checks))
	}
	t.Logf("%d of %d rows compared", len(got), len(file.Checks))
}

// TestKnownErrorsAreNotCopied: numbers that other tools print and that are
// wrong by the definition 2mnk (crosschecks.json tells why).
func TestKnownErrorsAreNotCopied(t *testing.T) {
	seven, _, err := Preset("Llama-2-7b-hf")
	if err != nil {
		t.Fatal(err)
	}
	c := seven.Pass(1, 2047, Default())
	want(t, "decode at 2048", matmul(c), 14287896576) // LLM-Viewer: 14169669632, with a head of dV instead of 2dV
	if one := viewer(seven, 2048, 1, "decode"); one.ops == matmul(c) {
		t.Error("that error is ours too")
	}
	bloom := gpt(30, 4096, 4*4096, allDense, 128)
	want(t, "both matmuls of attention", bloom.Flops.Scores, bloom.Flops.AV) // calflops counts one of them
	medium, _, err := Preset("gpt2-medium")
	if err != nil {
		t.Fatal(err)
	}
	// FlashAttention's Figure 2 says 66.6 GFLOPs for what is 12 times as much: a
	// batch of 64, forward once and backward twice that.
	f := medium.Pass(1024, 0, allDense).Flops
	near(t, "forward and backward of attention", float64(f.Scores+f.AV)/float64(medium.Layers)*64*3/1e9, 824.633720832, 9)
}

func TestCrossovers(t *testing.T) {
	all := models(t)
	var rows []struct {
		Model      string
		MLP        float64 `json:"T_attn_eq_mlp"`
		Layers     float64 `json:"T_attn_eq_all_layer_linear"`
		All        float64 `json:"T_incl_head"`
		MLPShare   float64 `json:"mlp_share_of_layer_at_T1024"`
		AttnShare  float64 `json:"attn_share_of_layer_at_T1024"`
		HeadShare  float64 `json:"head_share_decode_T1024"`
		KVIsWeight float64 `json:"tokens_where_kv_fp16_eq_weights_fp16"`
	}
	truth(t, "crossovers.json", &rows)
	for _, r := range rows {
		s := shapeOf(t, all, r.Model)
		x, f := s.Crossovers(), s.Pass(1, 1023, Default()).Flops
		layer := float64(f.Total() - f.Head)
		for _, v := range []struct {
			what      string
			got, want float64
		}{
			{"attention is MLP", x.MLP, r.MLP}, {"attention is layers", x.Layers, r.Layers}, {"attention is rest", x.All, r.All},
			{"cache is weights", x.Memory, r.KVIsWeight}, {"MLP's share", float64(f.MLP) / layer, r.MLPShare},
			{"attention's share", float64(f.Scores+f.AV) / layer, r.AttnShare}, {"head's share", float64(f.Head) / float64(f.Total()), r.HeadShare},
		} {
			if math.Abs(v.got/v.want-1) > 1e-14 {
				t.Errorf("%s: %s %v, want %v", r.Model, v.what, v.got, v.want)
			}
		}
	}
	t.Logf("%d rows", len(rows))
}

// TestCrossoversMeet: on either side of a crossover, what is said to be equal
// there is smaller and larger, also where layers have windows.
func TestCrossoversMeet(t *testing.T) {
	met := 0
	rapid.Check(t, func(t *rapid.T) {
		s := anyShape(t)
		s.MLA.Form = map[bool]string{true: Absorbed, false: Auto}[s.MLA != (MLA{})]
		x := s.Crossovers()
		for name, at := range map[string]float64{"mlp": x.MLP, "layers": x.Layers, "rest": x.All} {
			if at < 2 || at > 1e8 {
				continue
			}
			met++
			share := func(tokens int) float64 {
				f := s.Pass(1, tokens-1, Default()).Flops
				other := map[string]int64{"mlp": f.MLP, "layers": f.MLP + f.QKV + f.Out, "rest": f.MLP + f.QKV + f.Out + f.Head}[name]
				return float64(f.Scores+f.AV) / float64(other)
			}
			if below, above := share(int(at)), share(int(at)+1); below > 1+1e-12 || above < 1-1e-12 {
				t.Fatalf("%s at %v tokens: %v below, %v above", name, at, below, above)
			}
		}
		if at := x.Memory; at >= 2 && at < 1e8 {
			held := func(tokens int) float64 {
				return float64(s.Pass(1, tokens-1, Default()).KVBytes) / float64(s.WeightBytes())
			}
			if held(int(at)) > 1+1e-9 || held(int(at)+1) < 1-1e-9 {
				t.Fatalf("cache at %v tokens: %v and %v", at, held(int(at)), held(int(at)+1))
			}
		}
	})
	t.Logf("%d crossovers", met)
}

// TestPapers: the rows of papers.json that say something about the shape of a
// model, and of speculative decoding. The others are measured speeds and qualities.
func TestPapers(t *testing.T) {
	all := models(t)
	var rows []struct {
		ID      string
		Numbers map[string]any
	}
	truth(t, "papers.json", &rows)
	number := func(id, name string) float64 {
		for _, r := range rows {
			if r.ID == id {
				if x, ok := r.Numbers[name].(float64); ok {
					return x
				}
			}
		}
		t.Errorf("papers.json has no %s of %s", name, id)
		return 0
	}
	gib := float64(1 << 30)
	opt13, opt30, gpt3 := shapeOf(t, all, "OPT-13B"), shapeOf(t, all, "OPT-30B"), shapeOf(t, all, "GPT-3-175B")
	v2, lite := shapeOf(t, all, "DeepSeek-V2"), shapeOf(t, all, "DeepSeek-V2-Lite")
	at := func(s Shape, tokens int) float64 { return float64(s.Pass(tokens, 0, Default()).KVBytes) }
	near(t, "vLLM, a token", float64(opt13.KVBytesPerToken()), number("vllm_2309.06180", "opt13b_kv_bytes_per_token"), 0)
	near(t, "vLLM, a request", at(opt13, 2048)/gib, number("vllm_2309.06180", "opt13b_request_2048_GiB"), 6)
	// of its nominal 13 billion; OPT-13B really has 12.85
	near(t, "vLLM, weights of 13B in 40 GB", float64(opt13.WeightBytes())/40e9, number("vllm_2309.06180", "weights_share_13B_A100_40GB"), 1)
	near(t, "KIVI", 512*at(gpt3, 544)/(1024*gib), number("kivi_2402.02750", "flexgen_opt175b_TiB"), 7)
	near(t, "H2O", 128*at(opt30, 1024)/1e9, number("h2o_2306.14048", "opt30b_b128_s1024_GB"), 0)
	near(t, "DistServe", 64*2*9216*2*512/gib, number("distserve_2401.09670", "opt66b_512_GiB"), 6)
	near(t, "DeepSeek-V2", float64(v2.KVBytesPerToken()/2), number("deepseek_v2_2405.04434", "v2_elems"), 0)
	near(t, "DeepSeek-V2 in groups", float64(v2.kvPrice())/256, number("deepseek_v2_2405.04434", "equiv_gqa_groups"), 9)
	for _, r := range rows {
		switch r.ID {
		case "deepseek_v2_2405.04434":
			small, large := r.Numbers["small"].(map[string]any), r.Numbers["large"].(map[string]any)
			near(t, "small MLA", float64(lite.KVBytesPerToken()/2), small["MLA"].(float64), -2)
			near(t, "small MHA", 27*2*16*128, small["MHA"].(float64), -2)
			near(t, "large MLA", float64(v2.KVBytesPerToken()/2), large["MLA"].(float64), -2)
		case "leviathan_2211.17192":
			for _, row := range r.Numbers["table1"].([]any) {
				x := row.(map[string]any)
				s := Speculation{int(x["g"].(float64)), x["a"].(float64)}
				near(t, "Leviathan, operations", s.Operations(0), x["ops"].(float64), 2)
				near(t, "Leviathan, speed", s.Speedup(0), x["speed"].(float64), 2)
			}
			// a bigram that guesses right once in five times, and costs nothing
			near(t, "Leviathan, bigram", Speculation{3, r.Numbers["bigram_alpha"].(float64)}.Speedup(0), r.Numbers["bigram_speed_gamma3"].(float64), 2)
		case "sarathi_2308.16369_2403.02310": // chunks of a prompt: reads n^2/(2c) + n/2, and no FLOPs more
			n, c := 4096, 512
			reads := int64(0)
			for at := 0; at < n; at += c {
				reads += PassWork(c, at, Default()).Reads
			}
			want(t, "Sarathi, reads", reads, int64(n*n/(2*c)+n/2))
		case "databricks_2023":
			for batch, want := range r.Numbers["kv_GiB_llama2_70b_1024"].(map[string]any) {
				b, err := shapeOf(t, all, "Llama-2-70b-hf").Bill(Job{1024, 1, number64(t, batch)}, Default())
				if err != nil {
					t.Fatal(err)
				}
				near(t, "Databricks, batch "+batch, float(b.Total[sim.Cached].KVBytes)/gib, want.(float64), 9)
			}
		}
	}
}

func TestSpeculation(t *testing.T) {
	for _, c := range []struct {
		s                          Speculation
		tokens, speedup, operation float64
	}{
		{Speculation{4, 1}, 5, 5 / 1.4, 5.4 / 5}, // always right: g+1 tokens for one pass and g guesses
		{Speculation{4, 0}, 1, 1 / 1.4, 5.4},     // always wrong
		{Speculation{1, 0.5}, 1.5, 1.5 / 1.1, 2.1 / 1.5},
	} {
		if a, b, d := c.s.Tokens(), c.s.Speedup(0.1), c.s.Operations(0.1); math.Abs(a-c.tokens)+math.Abs(b-c.speedup)+math.Abs(d-c.operation) > 1e-12 {
			t.Errorf("%+v: %v %v %v", c.s, a, b, d)
		}
	}
	for _, s := range []Speculation{{0, 0.5}, {1, -0.1}, {1, 1.1}, {1, math.NaN()}} {
		if s.Check() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

// TestLatentDecode: formulas.json's two forms of one decode pass with T tokens
// in the cache (the pass's own included), a layer.
func TestLatentDecode(t *testing.T) {
	v3, _, err := Preset("DeepSeek-V3")
	if err != nil {
		t.Fatal(err)
	}
	v3.Layers = 1
	for form, at4096 := range map[string]int64{
		Absorbed: 2 * (7168*1536 + 1536*128*192 + 7168*576 + 128*128*512 + 128*4096*(2*512+64) + 128*512*128 + 128*128*7168),
		Expanded: 2 * (7168*1536 + 1536*128*192 + 7168*576 + 4096*512*128*256 + 128*4096*(128+64+128) + 128*128*7168),
	} {
		v3.MLA.Form = form
		f := v3.Pass(1, 4095, Default()).Flops
		want(t, form, f.QKV+f.Scores+f.AV+f.Out, at4096)
	}
	v3.MLA.Form = Auto
	want(t, "as it decodes", v3.Pass(1, 4095, Default()).Flops.QKV, v3.Pass(1, 1, Default()).Flops.QKV)
}
