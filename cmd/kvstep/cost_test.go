package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
)

var write = flag.Bool("write", false, "write the golden files of this package")

// costJSON runs kvstep cost and reads what it prints.
func costJSON(t *testing.T, args ...string) *costReport {
	t.Helper()
	code, stdout, stderr := command(t, append([]string{"cost", "--format", "json"}, args...)...)
	if code != 0 {
		t.Fatalf("kvstep cost %v: exit %d: %s", args, code, stderr)
	}
	var r costReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestCostExitCodes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	llama := `{"model_type":"llama","hidden_size":64,"intermediate_size":172,"num_attention_heads":8,"num_hidden_layers":5,"vocab_size":512`
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--help", 0, ""},
		{"", 0, ""},
		{"--model story --prompt 1 --new 1", 0, ""},
		{"--model nobody", 1, "story, "}, {"--model nobody", 1, "DeepSeek-V3"},
		{"--model ./nobody.json", 1, "nobody.json"},
		{"--model " + dir, 1, "config.json"},
		{"--model " + file("a.json", llama+`,"num_key_value_heads":3}`), 1, "num_key_value_heads (3)"},
		{"--model " + file("b.json", llama+`,"num_hidden_layers":0}`), 1, "num_hidden_layers in " + dir},
		{"--model " + file("c.json", `{"model_type":"bert"}`), 1, "bert"},
		{"--model " + file("d.json", llama+`}`), 0, ""},
		{"--prompt 0", 2, "prompt"}, {"--new 0", 2, "new"}, {"--batch -1", 2, "batch"}, {"--prompt 2147483648", 2, "2147483648"},
		{"--prompt 512 --new 2", 1, "513"}, {"--prompt 512 --new 1", 0, ""},
		{"--dtype fp12", 2, "fp12"}, {"--kv-dtype x", 2, "kv-dtype"}, {"--pairs some", 2, "some"}, {"--logits no", 2, "no"},
		{"--unit tops", 2, "tops"}, {"--scope all", 2, "all"}, {"--format xml", 2, "xml"}, {"--mla both", 2, "both"},
		{"--hardware abacus", 1, "T4-16GB"}, {"--hardware H100 --dtype fp32", 1, "fp16"}, {"--hardware H100 --dtype fp16", 0, ""},
		{"--draft nobody", 1, "nobody"}, {"--draft paper --prompt 100 --new 1", 1, "32"}, {"--guesses 0", 2, "guesses"}, {"--accept 1.5", 2, "accept"},
		{"extra", 2, "extra"}, {"--fly", 2, "fly"},
	} {
		code, stdout, stderr := command(t, append([]string{"cost"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(stderr, c.says) || (code == 0) != (stdout != "") || strings.Contains(stderr, "problem.") {
			t.Errorf("kvstep cost %s: exit %d, want %d; said %q", c.args, code, c.code, stderr)
		}
	}
}

// TestCostIsTrace: what is counted without running is what the engine counts
// when it runs, for every embedded model, phase by phase, in both lanes.
func TestCostIsTrace(t *testing.T) {
	for _, model := range checkpoint.Names() {
		for _, pairs := range []string{"allowed", "dense"} {
			for _, logits := range []string{"last", "all"} {
				traced, heads := traceCounters(t, "--model", model, "--tokens", "1,2,3,4,1", "--max-new", "7", "--pairs", pairs, "--logits", logits)
				r := costJSON(t, "--model", model, "--prompt", "5", "--new", fmt.Sprint(heads), "--pairs", pairs, "--logits", logits)
				for i, phase := range []costPhase{r.Prefill, r.Decode, r.Total} {
					for lane, c := range []costCounts{phase.Lanes.Cached, phase.Lanes.Uncached} {
						got, fits := c.Counters()
						if want := traced[i][lane]; !fits || got != want && !(i == 1 && heads == 1) {
							t.Errorf("%s %s %s phase %d lane %d:\n cost %+v\ntrace %+v", model, pairs, logits, i, lane, got, want)
						}
					}
				}
				mac := costJSON(t, "--model", model, "--prompt", "5", "--new", fmt.Sprint(heads), "--pairs", pairs, "--logits", logits, "--unit", "mac", "--scope", "matmul+elementwise")
				for lane, c := range []costCounts{mac.Total.Lanes.Cached, mac.Total.Lanes.Uncached} {
					if want := traced[2][lane]; c.Headline.Int64() != want.Flops.Total()/2+want.Elementwise {
						t.Errorf("%s: MACs and elementwise %v, of %+v", model, c.Headline, want)
					}
				}
			}
		}
	}
}

// traceCounters adds up a trace: prefill, decode and both, by lane.
func traceCounters(t *testing.T, args ...string) (sums [3][2]sim.Counters, heads int) {
	t.Helper()
	code, stdout, stderr := command(t, append([]string{"trace", "--format", "jsonl"}, args...)...)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	for text := range strings.Lines(stdout) {
		var l struct {
			Part, Phase string
			Lanes       map[string]sim.Counters
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if l.Part == "head" {
			heads++
		}
		for lane, name := range []string{"cached", "uncached"} {
			c := l.Lanes[name]
			c.Seconds = 0
			phase := map[string]int{"prefill": 0, "decode": 1}[l.Phase]
			sums[phase][lane] = cost.Add(sums[phase][lane], c)
			sums[2][lane] = cost.Add(sums[2][lane], c)
		}
	}
	return sums, heads
}

func truth(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("../../../shared/truth/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("shared/truth/%s is not beside this checkout: nothing to compare with", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestCostOfForeignModels: a llama2.c file and a folder are the preset they are.
func TestCostOfForeignModels(t *testing.T) {
	bin := filepath.Join("..", "..", "..", "shared", "models", "stories260K.bin")
	if _, err := os.Stat(bin); err != nil {
		t.Skip("skipped: the public checkpoint is not beside this checkout")
	}
	a, b := costJSON(t, "--model", bin), costJSON(t, "--model", "stories260K")
	if a.Parameters != b.Parameters || a.Total.Lanes.Uncached.Headline.Cmp(b.Total.Lanes.Uncached.Headline) != 0 || a.KVBytes.Cmp(b.KVBytes) != 0 {
		t.Errorf("%+v, want %+v", a, b)
	}
	if code, _, stderr := command(t, "cost", "--model", "nobody.bin"); code != 1 || !strings.Contains(stderr, "nobody.bin") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	c := costJSON(t, "--model", filepath.Join("..", "..", "sim", "checkpoint", "models", "story"), "--dtype", "fp32")
	if d := costJSON(t, "--model", "story"); c.Total.Lanes.Cached.Headline.Cmp(d.Total.Lanes.Cached.Headline) != 0 || c.Source != "file" {
		t.Errorf("%+v, want %+v", c, d)
	}
}

// TestCostIsTruth asks the command for the rows of the truth tables. Rows beyond
// a model's context are the business of the package's tests.
func TestCostIsTruth(t *testing.T) {
	var flops struct{ Rows []map[string]any }
	truth(t, "flops.json", &flops)
	is := func(what string, got fmt.Stringer, want any) {
		t.Helper()
		if got.String() != fmt.Sprintf("%.0f", want) {
			t.Errorf("%s: %v, want %.0f", what, got, want)
		}
	}
	done, beyond := 0, 0
	for _, row := range flops.Rows {
		model, n := row["model"].(string), int(row["n"].(float64))
		if s, _, err := cost.Preset(model); err != nil || n > s.Context {
			beyond++
			continue
		}
		done++
		for _, pairs := range []string{"dense", "allowed"} {
			for _, logits := range []string{"all", "last"} {
				r := costJSON(t, "--model", model, "--no-window", "--prompt", fmt.Sprint(n), "--new", "1", "--pairs", pairs, "--logits", logits)
				is(model, r.Total.Lanes.Cached.Headline, row["prefill_"+pairs+"_"+logits+"_matmul"])
				is(model, r.Total.Lanes.Uncached.Elementwise, row["prefill_"+pairs+"_"+logits+"_elementwise"])
				is(model, r.KVBytes, row["kv_bytes_fp16_after"])
			}
		}
		if n > 1 {
			d := costJSON(t, "--model", model, "--no-window", "--prompt", fmt.Sprint(n-1), "--new", "2").Decode.Lanes.Cached
			is(model, d.Headline, row["decode_cached_matmul"])
			is(model, d.KVReadBytes, row["kv_read_bytes_fp16_this_step"])
			is(model, d.KVWriteBytes, row["kv_write_bytes_fp16_this_step"])
		}
	}
	t.Logf("flops.json: %d rows, %d beyond the context of their model", done, beyond)

	var generation struct{ Rows []map[string]any }
	truth(t, "generation.json", &generation)
	for _, row := range generation.Rows {
		model := row["model"].(string)
		r := costJSON(t, "--model", model, "--prompt", fmt.Sprint(row["prompt"]), "--new", fmt.Sprint(row["generated"]),
			"--pairs", row["pairs"].(string), "--logits", row["logits"].(string))
		is(model, r.Total.Lanes.Cached.Headline, row["cached_matmul"])
		is(model, r.Total.Lanes.Uncached.Headline, row["uncached_matmul"])
		is(model, r.KVTokens, row["cache_tokens_at_end"])
		is(model, r.KVBytes, row["kv_bytes_fp16_at_end"])
	}
	t.Logf("generation.json: %d rows", len(generation.Rows))

	var models struct{ Models []map[string]any }
	truth(t, "models.json", &models)
	paramsOnly := []string{"OPT-13B", "OPT-30B", "GPT-3-175B"} // the rows leave biases and positions out
	for _, row := range models.Models {
		model := row["name"].(string)
		r := costJSON(t, "--model", model, "--prompt", "1", "--new", "1")
		if float64(r.KVBytesPerToken) != row["kv_bytes_per_token_fp16"] || float64(r.Parameters) != row["params_total"] && !slices.Contains(paramsOnly, model) {
			t.Errorf("%s: %d bytes per token, %d parameters", model, r.KVBytesPerToken, r.Parameters)
		}
	}
	t.Logf("models.json: %d rows", len(models.Models))
}

const wantUncached405B = "7886997957141363425280000000"

// TestCostAtAnySize: digits, not powers of ten, beyond an int64.
func TestCostAtAnySize(t *testing.T) {
	code, stdout, _ := command(t, "cost", "--model", "Llama-3.1-405B", "--prompt", "65536", "--new", "65537", "--batch", "1000000", "--format", "json")
	if code != 0 || strings.Contains(stdout, "e+") {
		t.Fatalf("exit %d: %s", code, stdout)
	}
	r := costJSON(t, "--model", "Llama-3.1-405B", "--prompt", "65536", "--new", "65537", "--batch", "1000000")
	// From the definition, in arbitrary precision elsewhere: sum over T = 65536..131072 of
	// 10^6 (T (2 L (d (q+2kv) + q d + 3 d F)) + 4 L q T(T+1)/2 + 2 d V).
	if got := r.Total.Lanes.Uncached.Headline.String(); got != wantUncached405B {
		t.Errorf("%s, want %s", got, wantUncached405B)
	}
}

// TestCostOfDraft: what a draft saves comes from both models' decode passes.
func TestCostOfDraft(t *testing.T) {
	args := []string{"--prompt", "100", "--new", "50", "--hardware", "H100"}
	big, small := costJSON(t, append(args, "--model", "Llama-3-70B")...), costJSON(t, append(args, "--model", "Llama-3.2-1B")...)
	r := costJSON(t, append(args, "--model", "Llama-3-70B", "--draft", "Llama-3.2-1B", "--guesses", "3", "--accept", "0.7")...)
	s, x := cost.Speculation{Guesses: 3, Accept: 0.7}, r.Speculation
	times := small.Modelled.Lanes.Cached.PerToken / big.Modelled.Lanes.Cached.PerToken
	flops := toFloat(small.Decode.Lanes.Cached.Headline) / toFloat(big.Decode.Lanes.Cached.Headline)
	if x == nil || x.Draft != "Llama-3.2-1B" || x.Tokens != s.Tokens() || x.Speedup != s.Speedup(times) || x.Operations != s.Operations(flops) {
		t.Errorf("%+v: a pass of the draft takes %v of the time and %v of the FLOPs", x, times, flops)
	}
	if r.Total.Lanes.Cached.Headline.Cmp(big.Total.Lanes.Cached.Headline) != 0 || big.Speculation != nil {
		t.Error("what is counted is the model alone")
	}
}

// TestCostTable compares the tables that docs/cost.md shows, in both languages.
func TestCostTable(t *testing.T) {
	for name, c := range map[string]struct{ lang, args string }{
		"cost-llama.txt":    {"", "--model Llama-3-8B --prompt 1024 --new 256 --hardware H100"},
		"cost-llama-zh.txt": {"zh_CN.UTF-8", "--model Llama-3-8B --prompt 1024 --new 256 --hardware H100"},
		"cost-deepseek.txt": {"", "--model DeepSeek-V3 --prompt 4096 --new 512 --batch 8 --dtype fp8 --hardware H200 --unit mac --scope matmul+elementwise"},
		"cost-gemma-zh.txt": {"zh_CN.UTF-8", "--model Gemma-2-9b --prompt 8000 --new 1 --dtype int4 --hardware M2"},
		"cost-draft.txt":    {"", "--model Llama-3-70B --draft Llama-3.2-1B --guesses 5 --prompt 1024 --new 256 --hardware A100"},
		"cost-phone.txt":    {"", "--model SmolLM2-135M --prompt 100 --new 100 --hardware phone"},
	} {
		for _, v := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			t.Setenv(v, c.lang)
		}
		var out, errs strings.Builder
		err := run(t.Context(), append([]string{"cost"}, strings.Fields(c.args)...), strings.NewReader(""), &out, &errs)
		stdout := out.String()
		if err != nil {
			t.Fatal(errs.String())
		}
		for line := range strings.Lines(stdout) {
			if width := cells(strings.TrimRight(line, "\n")); width > 118 {
				t.Errorf("%s: %d columns: %s", name, width, line)
			}
		}
		if strings.Contains(stdout, "cost.") {
			t.Errorf("%s: a message is missing:\n%s", name, stdout)
		}
		path := filepath.Join("testdata", name)
		if *write {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(stdout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != stdout {
			t.Errorf("%s is not what kvstep cost %s prints (go test ./cmd/kvstep -args -write):\n%s", path, c.args, stdout)
		}
	}
}

// TestDocsOfCost runs every command that docs/cost.md shows with its output.
func TestDocsOfCost(t *testing.T) {
	checkExamples(t, filepath.Join("..", "..", "docs", "cost.md"))
}

// checkExamples compares each "$ kvstep ..." of an indented block with what
// follows it in the block. "..." in a line of its own stands for anything.
func checkExamples(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, found := strings.Split(string(data), "\n"), 0
	for i := 0; i < len(lines); i++ {
		args, ok := strings.CutPrefix(lines[i], "    $ kvstep ")
		if !ok {
			continue
		}
		found++
		first := i + 1
		for i+1 < len(lines) && (strings.HasPrefix(lines[i+1], "    ") || lines[i+1] == "" && i+2 < len(lines) && strings.HasPrefix(lines[i+2], "    ")) {
			i++
		}
		var shown strings.Builder
		for _, l := range lines[first : i+1] {
			shown.WriteString(strings.TrimPrefix(l, "    ") + "\n")
		}
		_, stdout, stderr := command(t, strings.Fields(args)...)
		for _, piece := range strings.Split(shown.String(), "...\n") {
			before, after, there := strings.Cut(stdout, strings.TrimRight(piece, " "))
			if !there {
				t.Errorf("%s shows for kvstep %s\n%s\nit prints\n%s%s%s", path, args, piece, before, after, stderr)
				break
			}
			stdout = after
		}
	}
	if found == 0 {
		t.Errorf("no examples in %s", path)
	}
}

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		x          float64
		unit, want string
	}{
		{0, "B", "0 B"}, {512, "", "512"}, {5120, "B", "5120 B"}, {12345, "B", "12.35 kB"}, {999949, "B", "999.9 kB"}, {999999, "B", "1.000 MB"},
		{1.5e-5, "s", "15.00 µs"}, {0.25, "s", "250.0 ms"}, {1.154, "s", "1.154 s"}, {3.35e12, "B/s", "3.350 TB/s"}, {1e34, "", "10000 Q"},
	} {
		if got := si(c.x, c.unit); got != c.want {
			t.Errorf("si(%g) = %q, want %q", c.x, got, c.want)
		}
	}
	for s, want := range map[string]int{"": 0, "qkv": 3, "预填充": 6, "读取 K、V": 9, "（注）": 6, "µs": 2} {
		if got := cells(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}

// TestCostBesideSidecar: a file that says that weights are quantised counts whether the
// folder is named or the config.json in it.
func TestCostBesideSidecar(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "config.json")
	if err := os.WriteFile(config, []byte(`{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 8}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, config} {
		if code, _, stderr := command(t, "cost", "--model", name); code != 0 {
			t.Errorf("%s: %d %s", name, code, stderr)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "hf_quant_config.json"), []byte(`{}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, config} {
		if code, _, stderr := command(t, "cost", "--model", name); code == 0 || !strings.Contains(stderr, "hf_quant_config.json") {
			t.Errorf("%s: %d %s", name, code, stderr)
		}
	}
}
