package lens

import (
	"os"
	"slices"
	"testing"

	"kvstep/sim/explain"
	"kvstep/sim/library"
)

// TestParts: a frame says how its model is built, as its weights have it.
func TestParts(t *testing.T) {
	llama := explain.Arch{Norm: "rmsnorm", MLP: "swiglu", Positions: "rope"}
	heads := []string{"qn", "kn"} // norms of heads
	for name, want := range map[string]struct {
		parts explain.Arch
		lacks []string
	}{
		"gpt2":    {explain.Arch{Norm: "layernorm", MLP: "gelu", Positions: "learned"}, append(heads, "gate")},
		"llama":   {llama, heads},
		"mistral": {llama, heads},
		"qwen2":   {llama, heads},
		"qwen3":   {llama, nil},
	} {
		l, err := library.OpenFolder(name, os.DirFS("../../sim/run/testdata/families/"+name), nil)
		if err != nil {
			t.Fatal(err)
		}
		info := showRun(&Moment{Model: l})
		if got := explain.ArchOf(l.Model); got != want.parts || (info.Arch == nil) != (got == llama) || info.Arch != nil && *info.Arch != got {
			t.Errorf("%s: %+v, in the frame %+v", name, got, info.Arch)
		}
		if !slices.Equal(info.Lacks, want.lacks) {
			t.Errorf("%s lacks %v, want %v", name, info.Lacks, want.lacks)
		}
	}
	paper, err := library.Open("paper")
	if err != nil {
		t.Fatal(err)
	}
	if got := explain.ArchOf(paper.Model); got.Positions != "none" {
		t.Errorf("paper: %+v", got)
	}
}
