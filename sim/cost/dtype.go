package cost

import "kvstep/sim"

// DType is what numbers weights and cache are made of.
type DType struct {
	Name string
	Bits int
	KV   string   // the type of the cache, unless another is asked for
	as   []string // names in Hardware.Peaks, the best first
}

// dtypeTable are all there are. In int4 only the weights are quantised, as is usual:
// the cache and the arithmetic stay in 16 bits. What a quantisation needs beside
// its numbers (scales, zeros) is not counted.
var dtypeTable = []DType{
	{"fp32", 32, "fp32", []string{"fp32"}},
	{"fp16", 16, "fp16", []string{"fp16", "fp32"}},
	{"bf16", 16, "bf16", []string{"fp16", "fp32"}},
	{"fp8", 8, "fp8", []string{"fp8", "fp16", "fp32"}},
	{"int8", 8, "int8", []string{"int8", "fp16", "fp32"}},
	{"int4", 4, "fp16", []string{"fp16", "fp32"}},
}

// DTypes returns their names.
func DTypes() []string {
	var names []string
	for _, d := range dtypeTable {
		names = append(names, d.Name)
	}
	return names
}

// ParseDType finds one by name; field is what it was asked for as. An unknown
// one is Problem "recipe.choice".
func ParseDType(field, name string) (DType, error) {
	for _, d := range dtypeTable {
		if d.Name == name {
			return d, nil
		}
	}
	return DType{}, sim.NewProblem("recipe.choice", "Field", field, "Have", name, "Allowed", DTypes())
}
