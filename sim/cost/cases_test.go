package cost

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"kvstep/sim"
)

// TestCases: files of the kinds that failed once, with the right counts. (What must
// always be tested is in hf_test.go.)
func TestCases(t *testing.T) {
	const cases = "../../../shared/cases/"
	data, err := os.ReadFile(cases + "expected.json")
	if err != nil {
		t.Skipf("needs %sexpected.json, which is not part of the repository", cases)
	}
	var expected struct {
		Cost []struct {
			File       string
			Parameters *int64
			PerToken   *int64 `json:"kv_bytes_per_token"`
			Held       *int64 `json:"kv_bytes_at_prompt_8000_new_2"`
			Window     *bool
			Right      string
		}
	}
	if err := json.Unmarshal(data, &expected); err != nil || len(expected.Cost) == 0 {
		t.Fatal(len(expected.Cost), err)
	}
	shapes := map[string]Shape{}
	for _, c := range expected.Cost {
		data, err := os.ReadFile(cases + "cost/" + c.File)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadConfig(c.File, data)
		if p, refused := errors.AsType[*sim.Problem](err); refused {
			if c.Parameters != nil || p.Args["Field"] != "quantization_config" {
				t.Errorf("%s: %v", c.File, err)
			}
			continue
		}
		shapes[c.File] = s
		b, err := s.Bill(Job{8000, 2, 1}, Default())
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string]struct {
			want *int64
			got  int64
		}{"parameters": {c.Parameters, s.Params()}, "a token": {c.PerToken, s.KVBytesPerToken()}, "held": {c.Held, b.Total[sim.Cached].KVBytes.Int64()}} {
			if pair.want != nil && *pair.want != pair.got {
				t.Errorf("%s, %s: %d, want %d", c.File, what, pair.got, *pair.want)
			}
		}
		if c.Window != nil && *c.Window != (s.Local > 0) {
			t.Errorf("%s: %d layers with a window", c.File, s.Local)
		}
	}
	v5, err := os.ReadFile(cases + "cost/Phi-4-mini-v5.json")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := ReadConfig("v5", v5); err != nil || s != shapes["Phi-4-mini.json"] {
		t.Errorf("Phi-4-mini in its two spellings:\n%+v\n%+v %v", s, shapes["Phi-4-mini.json"], err)
	}
}
