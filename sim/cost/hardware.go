package cost

import (
	"maps"
	"slices"
	"strings"

	"kvstep/sim"
)

// Hardware is a device as a roofline sees it. All rates are what a datasheet
// calls peak, dense (without sparsity): nothing reaches them, so that times
// from them are lower bounds.
type Hardware struct {
	Name      string             `json:"name"`
	Bandwidth float64            `json:"bandwidth"` // bytes a second between memory and processor
	Memory    int64              `json:"memory"`    // bytes
	Peaks     map[string]float64 `json:"peaks"`     // FLOPs a second, by the numbers multiplied
	Source    string             `json:"source"`
	Note      string             `json:"note,omitempty"`
}

// devices are the presets, and where each number was read. Where Peaks has no
// fp16, fp16 runs at the rate of fp32 (that is so on Apple's GPUs, and on
// processors that widen it first). The phone has no trustworthy rate for
// floats: it is a preset of bandwidth alone.
var devices = []Hardware{
	{"A100-SXM-80GB", 2.039e12, 80000000000, map[string]float64{"fp32": 1.95e13, "tf32": 1.56e14, "fp16": 3.12e14, "int8": 6.24e14},
		"LLM-Viewer hardwares/hardware_params.py nvidia_A100_80G; fp32 from the RajBhope gpu_catalog.json excerpt (A100 40GB row)", "dense numbers"},
	{"A100-40GB", 1.555e12, 40000000000, map[string]float64{"fp32": 1.95e13, "fp16": 3.12e14, "int8": 6.24e14},
		"LLM-Viewer hardware_params.py nvidia_A100; kipply uses 1.5e12", ""},
	{"H100-SXM-80GB", 3.35e12, 80000000000, map[string]float64{"fp16": 9.894e14, "fp8": 1.9789e15, "int8": 1.9789e15},
		"cli99/llm-analysis gpu_configs/h100-sxm-80gb.json (3350 GB/s, 989 fp16, 1979 i8)", "LLM-Viewer uses 3.072e12 B/s (preliminary whitepaper 3 TB/s): its times are 9 % longer; 1979 fp16 in datasheets is WITH sparsity"},
	{"H200-SXM-141GB", 4.8e12, 141000000000, map[string]float64{"fp16": 9.894e14, "fp8": 1.9789e15},
		"devidasmishra/ai-inference-hardware-economics-2026 row; NVIDIA/TensorRT-LLM issue 1570 (4.8 TB/s)", "same compute die as H100"},
	{"B200-HGX-192GB", 8e12, 192000000000, map[string]float64{"fp16": 2.25e15, "fp8": 4.5e15, "fp4": 9e15},
		"glennklockwood.com garden B200 (HGX 1000 W, dense column); same devidasmishra table", "another page lists 7.7 TB/s (7.5 GT/s x 8192 bit); GB200 1200 W variant is 2500/5000/10000; many pages quote sparse x2"},
	{"A6000-48GB", 7.68e11, 48000000000, map[string]float64{"fp16": 1.548e14, "int8": 3.097e14},
		"LLM-Viewer hardware_params.py nvidia_A6000", ""},
	{"RTX-4090-24GB", 1.008e12, 24000000000, map[string]float64{"fp32": 8.26e13, "fp16": 1.652e14, "fp16_fp16acc": 3.303e14, "fp8": 3.303e14},
		"waredb.com RTX 4090 page", "165.2 = fp16 with fp32 accumulate dense; 330.3 appears both as fp16-accumulate dense and as sparse fp32-accumulate"},
	{"T4-16GB", 3.2e11, 16000000000, map[string]float64{"fp32": 8.1e12, "fp16": 6.5e13},
		"RajBhope/gpu-runtime-predictor gpu_catalog.json", "the free Colab GPU"},
	{"Apple M1 (8-core GPU)", 6.82e10, 16000000000, map[string]float64{"fp32": 2.6e12},
		"bandwidth: ggml-org/llama.cpp discussion 4167 and PR 1642; TFLOPS fp32: huggingface/huggingface.js packages/tasks/src/hardware.ts and PR 1044", "memory = largest common option; GPU fp16 rate ~ fp32 rate"},
	{"Apple M2", 1e11, 24000000000, map[string]float64{"fp32": 3.6e12},
		"bandwidth: ggml-org/llama.cpp discussion 4167 and PR 1642; TFLOPS fp32: huggingface/huggingface.js packages/tasks/src/hardware.ts and PR 1044", "memory = largest common option; GPU fp16 rate ~ fp32 rate"},
	{"Apple M2 Max", 4e11, 96000000000, map[string]float64{"fp32": 1.349e13},
		"bandwidth: ggml-org/llama.cpp discussion 4167 and PR 1642; TFLOPS fp32: huggingface/huggingface.js packages/tasks/src/hardware.ts and PR 1044", "memory = largest common option; GPU fp16 rate ~ fp32 rate"},
	{"Apple M2 Ultra (76)", 8e11, 192000000000, map[string]float64{"fp32": 2.72e13},
		"bandwidth: ggml-org/llama.cpp discussion 4167 and PR 1642; TFLOPS fp32: huggingface/huggingface.js packages/tasks/src/hardware.ts and PR 1044", "memory = largest common option; GPU fp16 rate ~ fp32 rate"},
	{"Apple M4", 1.2e11, 32000000000, map[string]float64{"fp32": 4.6e12},
		"bandwidth: ggml-org/llama.cpp discussion 4167 and PR 1642; TFLOPS fp32: huggingface/huggingface.js packages/tasks/src/hardware.ts and PR 1044", "memory = largest common option; GPU fp16 rate ~ fp32 rate"},
	{"Apple M4 Pro", 2.73e11, 64000000000, map[string]float64{"fp32": 9.2e12},
		"bandwidth: ggml-org/llama.cpp discussion 4167 and PR 1642; TFLOPS fp32: huggingface/huggingface.js packages/tasks/src/hardware.ts and PR 1044", "memory = largest common option; GPU fp16 rate ~ fp32 rate"},
	{"Apple M4 Max (40)", 5.46e11, 128000000000, map[string]float64{"fp32": 1.84e13},
		"bandwidth: ggml-org/llama.cpp discussion 4167 and PR 1642; TFLOPS fp32: huggingface/huggingface.js packages/tasks/src/hardware.ts and PR 1044", "memory = largest common option; GPU fp16 rate ~ fp32 rate"},
	{"Raspberry Pi 5 (4x A76 2.4 GHz)", 1.707e10, 8000000000, map[string]float64{"fp32": 1.536e11, "fp16": 3.072e11},
		"bandwidth 4267 MT/s x 32 bit; hellomatik.com distributed-llama write-up: vendor ceiling 17 GB/s, sustained 11.4 GB/s", "FLOP/s DERIVED: 4 cores x 2.4e9 x 2 NEON pipes x 4 lanes x 2; one page claims 34 GB/s (wrong bus width)"},
	{"Classroom PC (4 cores AVX2 3.0 GHz, DDR4-3200 x2)", 5.12e10, 16000000000, map[string]float64{"fp32": 3.84e11},
		"derived: 2 channels x 8 B x 3200e6; 4 x 3e9 x 2 FMA x 8 lanes x 2", "generic"},
	{"Phone (Snapdragon 8 Gen 3)", 7.68e10, 12000000000, map[string]float64{"int8_npu": 4.5e13},
		"runlocalai.co Snapdragon 8 Gen 3 page (76.8 GB/s, NPU 45 TOPS INT8); liliputing.com (LPDDR5X-4800, up to 24 GB)", "no trustworthy GPU FLOP/s found: offer as bandwidth-only preset"},
}

// HardwareNames returns the names that HardwarePreset knows.
func HardwareNames() []string {
	names := make([]string, len(devices))
	for i, h := range devices {
		names[i] = h.Name
	}
	return names
}

// HardwarePreset finds a device by its name, or by whole words that its name
// begins with: "H100", "RTX-4090", "M2" (the Apple may be left out). Of several
// the first is meant: "A100" is the one with 80 GB. Case does not matter. An
// unknown name is Problem "cost.hardware", which lists the known ones.
func HardwarePreset(name string) (Hardware, error) {
	begins := func(s string) bool {
		n := len(name)
		return n > 0 && n <= len(s) && strings.EqualFold(s[:n], name) && (n == len(s) || strings.ContainsRune(" -(", rune(s[n])))
	}
	for _, h := range devices {
		if strings.EqualFold(h.Name, name) {
			return h, nil
		}
	}
	for _, h := range devices {
		if begins(h.Name) || begins(strings.TrimPrefix(h.Name, "Apple ")) {
			return h, nil
		}
	}
	return Hardware{}, sim.NewProblem("cost.hardware", "Name", name, "Known", HardwareNames())
}

// Peak returns the rate at which numbers of a type are multiplied, and its name in
// Peaks. A type without a rate of its own is widened: fp8, int8 and int4 to
// fp16, and fp16 to fp32. A device that knows no rate for floats at all gives 0;
// one that knows others, but none that will do, is Problem "cost.peak".
func (h Hardware) Peak(d DType) (rate float64, as string, err error) {
	for _, name := range d.as {
		if rate, ok := h.Peaks[name]; ok {
			return rate, name, nil
		}
	}
	floats := slices.Sorted(maps.Keys(h.Peaks))
	floats = slices.DeleteFunc(floats, func(name string) bool { return !strings.HasPrefix(name, "fp") })
	if len(floats) == 0 {
		return 0, "", nil
	}
	return 0, "", sim.NewProblem("cost.peak", "Name", h.Name, "Have", d.Name, "Known", slices.Sorted(maps.Keys(h.Peaks)))
}
