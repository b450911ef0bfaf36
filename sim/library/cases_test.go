package library

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"kvstep/sim"
)

// TestCases: files of the kinds that failed once, with the ids of the reference. (What
// must always be tested is in sim/token and sim/hf.)
func TestCases(t *testing.T) {
	const cases = "../../../shared/cases/"
	data, err := os.ReadFile(cases + "expected.json")
	if err != nil {
		t.Skipf("needs %sexpected.json, which is not part of the repository", cases)
	}
	var expected struct {
		IDs []struct {
			Model, Prompt string
			Right         []int
		}
	}
	if err := json.Unmarshal(data, &expected); err != nil || len(expected.IDs) == 0 {
		t.Fatal(len(expected.IDs), err)
	}
	for _, c := range expected.IDs {
		m, err := OpenFolder(c.Model, os.DirFS(cases+c.Model), nil)
		if err != nil {
			t.Errorf("%s: %v", c.Model, err)
			continue
		}
		got, err := m.Encode(sim.Recipe{Prompt: c.Prompt})
		if err != nil || !slices.Equal(got, c.Right) {
			t.Errorf("%s: %q is %v, want %v (%v)", c.Model, c.Prompt, got, c.Right, err)
		}
	}
}
