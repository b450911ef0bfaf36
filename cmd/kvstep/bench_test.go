package main

import (
	"encoding/json"
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
	for _, name := range []string{"stories260K", "gpt2"} {
		m, err := benchModel(name, "", true)
		if err != nil {
			t.Fatal(err)
		}
		if m.Model.Config.Vocab == 0 {
			t.Errorf("%s: %+v", name, m.Model.Config)
		}
	}
	if code, _, _ := command(t, "bench", "--model", "stories260K", "--random", "--prompt", "600"); code != 2 {
		t.Errorf("a prompt longer than the context: exit %d", code)
	}
}
