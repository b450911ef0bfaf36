package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestBench: every row has been timed and counted, and limits were measured.
func TestBench(t *testing.T) {
	code, out, errs := command(t, "bench", "--model", "story-draft", "--prompt", "8", "--new", "4", "--repeats", "1", "--format", "json")
	if code != 0 {
		t.Fatal(errs)
	}
	var r benchReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 5 || r.Limits.Flops <= 0 || r.Limits.Bandwidth <= 0 {
		t.Errorf("%+v", r)
	}
	for _, row := range r.Rows {
		if row.Seconds <= 0 || row.PerSec <= 0 || row.Flops <= 0 || row.Bytes <= 0 {
			t.Errorf("%+v", row)
		}
	}
}

// TestBenchRandomShapes: every family can be timed without its weights.
func TestBenchRandomShapes(t *testing.T) {
	if testing.Short() {
		t.Skip("draws the weights of GPT-2, twice")
	}
	for _, name := range []string{"stories260K", "gpt2"} {
		for bits, want := range map[int]int{32: 0, 16: 16} {
			m, err := benchModel(name, "", true, bits)
			if err != nil {
				t.Fatal(err)
			}
			if m.Model.Config.Vocab == 0 || m.Model.Config.WeightBits != want {
				t.Errorf("%s: %+v", name, m.Model.Config)
			}
		}
	}
	if code, _, errs := command(t, "bench", "--model", "stories260K", "--random", "--bits", "8"); code != 2 || !strings.Contains(errs, "bits") {
		t.Errorf("8 bits: exit %d, %s", code, errs)
	}
	if code, _, _ := command(t, "bench", "--model", "stories260K", "--random", "--prompt", "600"); code != 2 {
		t.Errorf("a prompt longer than the context: exit %d", code)
	}
}
