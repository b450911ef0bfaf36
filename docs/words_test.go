package docs_test

import (
	"slices"
	"strings"
	"testing"
)

// words are the terms that are about no entry of a list.
var words = []string{
	"acceptance", "arithmetic intensity", "attention sink", "bandwidth", "block table", "BOS", "BPE",
	"chunked prefill", "compute-bound", "context length", "continuous batching", "counted", "decode",
	"dot product (·)", "draft model", "entropy", "EOS", "eviction", "GQA", "group", "head_dim",
	"identical", "inter-token latency", "K/V head", "layer", "MAC", "measured",
	"memory-bound", "MHA", "modelled", "MQA", "pair", "position", "preemption", "prefill",
	"prefix caching", "ratio", "recomputed", "row", "scale", "seed", "static batching", "throughput",
	"tokenizer", "TTFT", "vocabulary", "weights",
}

// TestEveryWordIsExplained: those that no list asks for, the list above does.
func TestEveryWordIsExplained(t *testing.T) {
	var plain []string
	for _, term := range glossaryText(t) {
		if len(term.IDs) == 0 {
			plain = append(plain, term.Name.En)
		}
	}
	slices.SortFunc(plain, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	if !slices.Equal(plain, words) {
		t.Errorf("without an entry of a list are %q, want %q", plain, words)
	}
}
