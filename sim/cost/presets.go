package cost

import (
	"strings"

	"kvstep/sim"
)

// publishedShape is a published model: enough to count it, not to run it.
type publishedShape struct {
	name, family                                              string
	layers, dim, heads, kvHeads, headDim, ffn, vocab, context int
	tied                                                      bool
}

// presetTable are published models, as their configuration files have them. Where
// the facts come from: OpenAI's GPT-2 sizes from karpathy/nanoGPT model.py;
// Llama, Mistral, Mixtral, Qwen, Gemma, Phi, SmolLM2 and TinyLlama from
// Lightning-AI/litgpt config.py; the stories models from the table in
// karpathy/llama2.c's README; OPT from the papers of vLLM and H2O, GPT-3 from
// its own (table 2.1; its alternating sparse layers are counted as full ones);
// Grok-1 from xai-org/grok-1 run.py and model.py; DeepSeek-V2 and V3 from the
// configs in deepseek-ai/DeepSeek-V3 inference. Gemma 3 is the text decoder; from 4B
// on it has 262,208 rows of vocabulary.
//
// Heads of the DeepSeek models with latent attention: Q and K, 128 + 64 wide.
var presetTable = []publishedShape{
	{"gpt2", "gpt2", 12, 768, 12, 12, 64, 3072, 50257, 1024, true},
	{"gpt2-medium", "gpt2", 24, 1024, 16, 16, 64, 4096, 50257, 1024, true},
	{"gpt2-large", "gpt2", 36, 1280, 20, 20, 64, 5120, 50257, 1024, true},
	{"gpt2-xl", "gpt2", 48, 1600, 25, 25, 64, 6400, 50257, 1024, true},
	{"Llama-2-7b-hf", "llama", 32, 4096, 32, 32, 128, 11008, 32000, 4096, false},
	{"Llama-2-13b-hf", "llama", 40, 5120, 40, 40, 128, 13824, 32000, 4096, false},
	{"Llama-2-70b-hf", "llama", 80, 8192, 64, 8, 128, 28672, 32000, 4096, false},
	{"Llama-3-8B", "llama", 32, 4096, 32, 8, 128, 14336, 128256, 8192, false},
	{"Llama-3-70B", "llama", 80, 8192, 64, 8, 128, 28672, 128256, 8192, false},
	{"Llama-3.1-405B", "llama", 126, 16384, 128, 8, 128, 53248, 128256, 131072, false},
	{"Llama-3.2-1B", "llama", 16, 2048, 32, 8, 64, 8192, 128256, 131072, true},
	{"Llama-3.2-3B", "llama", 28, 3072, 24, 8, 128, 8192, 128256, 131072, true},
	{"Mistral-7B-v0.1", "llama", 32, 4096, 32, 8, 128, 14336, 32000, 32768, false},
	{"Mixtral-8x7B-v0.1", "llama", 32, 4096, 32, 8, 128, 14336, 32000, 32768, false},
	{"Mixtral-8x22B-v0.1", "llama", 56, 6144, 48, 8, 128, 16384, 32768, 65536, false},
	{"Qwen2.5-0.5B", "qwen2", 24, 896, 14, 2, 64, 4864, 151936, 32768, true},
	{"Qwen2.5-1.5B", "qwen2", 28, 1536, 12, 2, 128, 8960, 151936, 131072, true},
	{"Qwen2.5-3B", "qwen2", 36, 2048, 16, 2, 128, 11008, 151936, 32768, true},
	{"Qwen2.5-7B", "qwen2", 28, 3584, 28, 4, 128, 18944, 152064, 131072, false},
	{"Qwen2.5-14B", "qwen2", 48, 5120, 40, 8, 128, 13824, 152064, 131072, false},
	{"Qwen2.5-32B", "qwen2", 64, 5120, 40, 8, 128, 27648, 152064, 131072, false},
	{"Qwen2.5-72B", "qwen2", 80, 8192, 64, 8, 128, 29568, 152064, 131072, false},
	{"Qwen3-0.6B", "qwen3", 28, 1024, 16, 8, 128, 3072, 151936, 40960, true},
	{"Qwen3-1.7B", "qwen3", 28, 2048, 16, 8, 128, 6144, 151936, 40960, true},
	{"Qwen3-4B", "qwen3", 36, 2560, 32, 8, 128, 9728, 151936, 40960, true},
	{"Qwen3-8B", "qwen3", 36, 4096, 32, 8, 128, 12288, 151936, 40960, false},
	{"Qwen3-14B", "qwen3", 40, 5120, 40, 8, 128, 17408, 151936, 40960, false},
	{"Qwen3-32B", "qwen3", 64, 5120, 64, 8, 128, 25600, 151936, 40960, false},
	{"Qwen3-30B-A3B", "qwen3", 48, 2048, 32, 4, 128, 6144, 151936, 40960, false},
	{"Qwen3-235B-A22B", "qwen3", 94, 4096, 64, 4, 128, 12288, 151936, 40960, false},
	{"Gemma-2b", "gemma", 18, 2048, 8, 1, 256, 16384, 256000, 4096, true},
	{"Gemma-7b", "gemma", 28, 3072, 16, 16, 256, 24576, 256000, 4096, true},
	{"Gemma-2-2b", "gemma2", 26, 2304, 8, 4, 256, 9216, 256000, 8192, true},
	{"Gemma-2-9b", "gemma2", 42, 3584, 16, 8, 256, 14336, 256000, 8192, true},
	{"Gemma-2-27b", "gemma2", 46, 4608, 32, 16, 128, 36864, 256000, 8192, true},
	{"Gemma-3-1b-it", "gemma3", 26, 1152, 4, 1, 256, 6912, 262144, 131072, true},
	{"Gemma-3-4b-it", "gemma3", 34, 2560, 8, 4, 256, 10240, 262208, 131072, true},
	{"Gemma-3-12b-it", "gemma3", 48, 3840, 16, 8, 256, 15360, 262208, 131072, true},
	{"Gemma-3-27b-it", "gemma3", 62, 5376, 32, 16, 128, 21504, 262208, 131072, true},
	{"Phi-3-mini-4k-instruct", "llama", 32, 3072, 32, 32, 96, 8192, 32064, 4096, false},
	{"phi-4", "llama", 40, 5120, 40, 10, 128, 17920, 100352, 16384, false},
	{"SmolLM2-135M", "llama", 30, 576, 9, 3, 64, 1536, 49152, 8192, true},
	{"SmolLM2-360M", "llama", 32, 960, 15, 5, 64, 2560, 49152, 8192, true},
	{"SmolLM2-1.7B", "llama", 24, 2048, 32, 32, 64, 8192, 49152, 8192, true},
	{"tiny-llama-1.1b", "llama", 22, 2048, 32, 4, 64, 5632, 32000, 2048, false},
	{"stories260K", "llama", 5, 64, 8, 4, 8, 172, 512, 512, true},
	{"stories15M", "llama", 6, 288, 6, 6, 48, 768, 32000, 256, true},
	{"stories42M", "llama", 8, 512, 8, 8, 64, 1376, 32000, 1024, true},
	{"stories110M", "llama", 12, 768, 12, 12, 64, 2048, 32000, 1024, true},
	{"OPT-13B", "opt", 40, 5120, 40, 40, 128, 20480, 50272, 2048, true},
	{"OPT-30B", "opt", 48, 7168, 56, 56, 128, 28672, 50272, 2048, true},
	{"GPT-3-175B", "gpt2", 96, 12288, 96, 96, 128, 49152, 50257, 2048, true},
	{"DeepSeek-67B", "llama", 95, 8192, 64, 8, 128, 22016, 102400, 4096, false},
	{"Grok-1", "grok", 64, 6144, 48, 8, 128, 32768, 131072, 8192, true},
	{"DeepSeek-V2-Lite", "deepseek", 27, 2048, 16, 16, 192, 10944, 102400, 163840, false},
	{"DeepSeek-V2", "deepseek", 60, 5120, 128, 128, 192, 12288, 102400, 163840, false},
	{"DeepSeek-V3", "deepseek", 61, 7168, 128, 128, 192, 18432, 129280, 163840, false},
}

// extras are what the table has no columns for: windows, experts, latents.
// Mistral 7B v0.1 keeps a rolling window in every layer; Gemma alternates.
var extras = map[string]Shape{
	"Mistral-7B-v0.1":        {Window: 4096, Local: 32},
	"Mixtral-8x7B-v0.1":      {MoE: MoE{Experts: 8, Active: 2, FFN: 14336}},
	"Mixtral-8x22B-v0.1":     {MoE: MoE{Experts: 8, Active: 2, FFN: 16384}},
	"Qwen3-30B-A3B":          {MoE: MoE{Experts: 128, Active: 8, FFN: 768}},
	"Qwen3-235B-A22B":        {MoE: MoE{Experts: 128, Active: 8, FFN: 1536}},
	"Gemma-2-2b":             {Window: 4096, Local: 13},
	"Gemma-2-9b":             {Window: 4096, Local: 21},
	"Gemma-2-27b":            {Window: 4096, Local: 23},
	"Gemma-3-1b-it":          {Window: 512, Local: 22},
	"Gemma-3-4b-it":          {Window: 1024, Local: 29},
	"Gemma-3-12b-it":         {Window: 1024, Local: 40},
	"Gemma-3-27b-it":         {Window: 1024, Local: 52},
	"Phi-3-mini-4k-instruct": {Window: 2048, Local: 32},
	"Grok-1":                 {MoE: MoE{Experts: 8, Active: 2, FFN: 32768}},
	"DeepSeek-V2-Lite":       {MoE: MoE{Experts: 64, Active: 6, FFN: 1408, Shared: 2816, Dense: 1}, MLA: MLA{QRank: 0, KVRank: 512, Rope: 64, Nope: 128, V: 128}},
	"DeepSeek-V2":            {MoE: MoE{Experts: 160, Active: 6, FFN: 1536, Shared: 3072, Dense: 1}, MLA: MLA{QRank: 1536, KVRank: 512, Rope: 64, Nope: 128, V: 128}},
	"DeepSeek-V3":            {MoE: MoE{Experts: 256, Active: 8, FFN: 2048, Shared: 2048, Dense: 3, Bias: true}, MLA: MLA{QRank: 1536, KVRank: 512, Rope: 64, Nope: 128, V: 128}},
}

// Presets returns the names that Preset knows, in families, small models first.
func Presets() []string {
	names := make([]string, len(presetTable))
	for i, p := range presetTable {
		names[i] = p.name
	}
	return names
}

// Preset returns the shape of a published model, in float16, and its name as it is
// written. Case does not matter. An unknown name is Problem "cost.preset", which
// lists the known ones.
func Preset(name string) (Shape, string, error) {
	for _, p := range presetTable {
		if strings.EqualFold(p.name, name) {
			s := styled(sim.Config{
				Family: p.family, Layers: p.layers, Dim: p.dim, Heads: p.heads, KVHeads: p.kvHeads,
				HeadDim: p.headDim, FFN: p.ffn, Vocab: p.vocab, Context: p.context, Tied: p.tied,
				BOS: -1, EOS: -1,
			})
			x := extras[p.name]
			s.Window, s.Local, s.MoE, s.MLA = x.Window, x.Local, x.MoE, x.MLA
			return s, p.name, nil
		}
	}
	return Shape{}, name, sim.NewProblem("cost.preset", "Name", name, "Known", Presets())
}
