package cost

import "kvstep/sim"

// preset is a published model: enough to count it, not to run it.
type preset struct {
	name, family                                              string
	layers, dim, heads, kvHeads, headDim, ffn, vocab, context int
	tied                                                      bool
}

// presets are dense models, as their configuration files have them: OpenAI's
// GPT-2 sizes (karpathy/nanoGPT model.py), Meta's Llama, Qwen, SmolLM2, phi-4
// (Lightning-AI/litgpt config.py), and the stories models (the table in
// karpathy/llama2.c's README). Models with experts, windows or latent attention need
// more words than Config has.
var presets = []preset{
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
	{"phi-4", "llama", 40, 5120, 40, 10, 128, 17920, 100352, 16384, false},
	{"SmolLM2-135M", "llama", 30, 576, 9, 3, 64, 1536, 49152, 8192, true},
	{"SmolLM2-360M", "llama", 32, 960, 15, 5, 64, 2560, 49152, 8192, true},
	{"SmolLM2-1.7B", "llama", 24, 2048, 32, 32, 64, 8192, 49152, 8192, true},
	{"tiny-llama-1.1b", "llama", 22, 2048, 32, 4, 64, 5632, 32000, 2048, false},
	{"stories260K", "llama", 5, 64, 8, 4, 8, 172, 512, 512, true},
	{"stories15M", "llama", 6, 288, 6, 6, 48, 768, 32000, 256, true},
	{"stories42M", "llama", 8, 512, 8, 8, 64, 1376, 32000, 1024, true},
	{"stories110M", "llama", 12, 768, 12, 12, 64, 2048, 32000, 1024, true},
}

// Presets are the names that Preset knows, in families, small models first.
func Presets() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// Preset is the shape of a published model. An unknown name is Problem
// "cost.preset", which lists the known ones.
func Preset(name string) (sim.Config, error) {
	for _, p := range presets {
		if p.name == name {
			return sim.Config{
				Family: p.family, Layers: p.layers, Dim: p.dim, Heads: p.heads, KVHeads: p.kvHeads,
				HeadDim: p.headDim, FFN: p.ffn, Vocab: p.vocab, Context: p.context, Tied: p.tied,
				BOS: -1, EOS: -1,
			}, nil
		}
	}
	return sim.Config{}, sim.NewProblem("cost.preset", "Name", name, "Known", Presets())
}
