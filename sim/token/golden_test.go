package token

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

const shared = "../../../shared/"

// sharedFile opens a file that lies beside the checkout, or skips the test.
func sharedFile(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open(shared + name)
	if err != nil {
		t.Skipf("needs %s, which is not part of the repository", shared+name)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func tok512(t testing.TB) *Llama2c {
	t.Helper()
	tok, err := LoadLlama2c(sharedFile(t, "models/tok512.bin"), 512)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestGoldenStories: prompts become the golden ids, and golden ids the golden text.
func TestGoldenStories(t *testing.T) {
	tok := tok512(t)
	var golden struct {
		Cases []struct {
			Prompt     string `json:"prompt"`
			PromptIDs  []int  `json:"prompt_ids"`
			GreedyIDs  []int  `json:"greedy_ids"`
			GreedyText string `json:"greedy_text"`
		} `json:"cases"`
	}
	if err := json.NewDecoder(sharedFile(t, "golden/stories260K.json")).Decode(&golden); err != nil {
		t.Fatal(err)
	}
	for _, c := range golden.Cases {
		ids := append([]int{llama2cBOS}, tok.Encode(c.Prompt)...)
		if !slices.Equal(ids, c.PromptIDs) {
			t.Errorf("%q: %v, want %v", c.Prompt, ids, c.PromptIDs)
		}
		var text strings.Builder
		s := NewStream(tok)
		for _, id := range append(ids, c.GreedyIDs...) {
			text.WriteString(s.Next(id))
		}
		if text.String() != c.GreedyText {
			t.Errorf("%q: text %q, want %q", c.Prompt, text.String(), c.GreedyText)
		}
	}
}
