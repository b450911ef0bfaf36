package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/sim/mat"
)

// command runs kvstep and returns its exit code and what it wrote.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		t.Setenv(name, "")
	}
	var out, errs bytes.Buffer
	err := run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return exitCode(err), out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--version", 0, ""},
		{"--help", 0, ""},
		{"serve --help", 0, ""},
		{"trace --help", 0, ""},
		{"models --help", 0, ""},
		{"models", 0, ""},
		{"fly", 2, "fly"},
		{"--fly", 2, "fly"},
		{"trace --prompt", 2, "prompt"},
		{"trace", 2, "--prompt"},
		{"trace --prompt a --tokens 1", 2, "--prompt"},
		{"trace --tokens 1,x", 2, "tokens"},
		{"trace --prompt a extra", 2, "extra"},
		{"trace --prompt a --format xml", 2, "xml"},
		{"trace --prompt a --lanes none", 2, "none"},
		{"trace --prompt a --pairs some", 2, "some"},
		{"trace --prompt a --sampler dice", 2, "dice"},
		{"trace --prompt a --sampler sample --temperature -1", 2, "-1"},
		{"trace --prompt a --min-p 2", 2, "min_p"},
		{"trace --prompt a --repetition-penalty -1", 2, "repetition_penalty"},
		{"trace --prompt a --max-new -3", 2, "-3"},
		{"trace --tokens 999999", 1, "999999"},
		{"trace --prompt a --model nobody", 1, "nobody"},
		{"trace --prompt a --model ./nobody.bin", 1, "nobody.bin"},
		{"serve --addr 0.0.0.0:0 --no-open", 1, "0.0.0.0"},
	} {
		code, _, stderr := command(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("kvstep %s: exit %d, want %d; said %q", c.args, code, c.code, stderr)
		}
	}
	if code, _, stderr := command(t, "trace", "--prompt", ""); code != 1 || stderr == "" {
		t.Errorf("empty prompt: exit %d, %q", code, stderr)
	}
}

func TestEveryProblemIsWorded(t *testing.T) {
	t.Setenv("LC_ALL", "zh_CN.UTF-8")
	var out, errs bytes.Buffer
	err := run(context.Background(), []string{"trace", "--prompt", ""}, strings.NewReader(""), &out, &errs)
	if err == nil || strings.Contains(errs.String(), "problem.") || !strings.ContainsAny(errs.String(), "提示词输入文") {
		t.Errorf("in Chinese: %q", errs.String())
	}
}

// TestKernels: what is traced does not depend on the kernels.
func TestKernels(t *testing.T) {
	was := mat.Levels()[len(mat.Levels())-1]
	t.Cleanup(func() { mat.Select(was) })
	var traces []string
	for _, l := range mat.Levels() {
		t.Setenv("KVSTEP_KERNELS", l.String())
		code, out, stderr := command(t, "trace", "--prompt", "Once upon a time", "--max-new", "3", "--format", "table")
		if code != 0 || len(traces) > 0 && out != traces[0] {
			t.Errorf("%v: exit code %d, %s, another trace:\n%s", l, code, stderr, out)
		}
		traces = append(traces, out)
	}
	t.Setenv("KVSTEP_KERNELS", "abacus")
	if code, _, stderr := command(t, "models"); code != 2 || !strings.Contains(stderr, "abacus") || !strings.Contains(stderr, "portable") {
		t.Errorf("KVSTEP_KERNELS=abacus: exit code %d, %s", code, stderr)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	code, _, stderr := command(t, "serve", "--no-open", "--addr", l.Addr().String())
	if code != 1 || !strings.Contains(stderr, l.Addr().String()) {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

// TestTraceAddsUp: the steps of a trace cost together what sim/cost says a
// whole generation costs, in both lanes.
func TestTraceAddsUp(t *testing.T) {
	for _, pairs := range []string{"allowed", "dense"} {
		for _, logits := range []string{"last", "all"} {
			code, stdout, stderr := command(t, "trace", "--tokens", "0,5,9,301,7", "--max-new", "6",
				"--pairs", pairs, "--logits", logits, "--format", "jsonl")
			if code != 0 {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			var sum [2]sim.Counters
			heads := 0
			for text := range strings.Lines(stdout) {
				var l struct {
					Part      string
					Identical bool
					Lanes     map[string]sim.Counters
				}
				if err := json.Unmarshal([]byte(text), &l); err != nil || !l.Identical {
					t.Fatalf("%v: %s", err, text)
				}
				if l.Part == "head" {
					heads++
				}
				for lane, name := range []string{"cached", "uncached"} {
					c := l.Lanes[name]
					c.Seconds = 0
					sum[lane] = cost.Add(sum[lane], c)
				}
			}
			m, err := library.Open(checkpoint.Names()[0])
			if err != nil {
				t.Fatal(err)
			}
			want, err := cost.Generate(m.Model.Config, 5, heads, cost.Switches{Unit: "flop", Pairs: pairs, Logits: logits, Scope: "matmul"})
			if err != nil {
				t.Fatal(err)
			}
			if sum != want.Total {
				t.Errorf("%s %s:\ntrace %+v\n cost %+v", pairs, logits, sum, want.Total)
			}
		}
	}
}

func TestTraceTable(t *testing.T) {
	code, stdout, _ := command(t, "trace", "--tokens", "0,5,9", "--max-new", "2")
	m, err := library.Open(checkpoint.Names()[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(stdout, "\n")
	if want := 1 + 2*(m.Model.Config.Layers+1); code != 0 || lines > want || lines < 1+want/2 {
		t.Errorf("exit %d, %d lines, want %d\n%s", code, lines, want, stdout)
	}
}

func TestForeignModels(t *testing.T) {
	shared := filepath.Join("..", "..", "..", "shared", "models")
	if _, err := os.Stat(filepath.Join(shared, "stories260K.bin")); err != nil {
		t.Skip("skipped: the public checkpoint is not beside this checkout")
	}
	bin, tok := filepath.Join(shared, "stories260K.bin"), filepath.Join(shared, "tok512.bin")
	code, stdout, stderr := command(t, "trace", "--model", bin, "--tokenizer", tok, "--prompt", "Once upon a time", "--max-new", "3")
	if code != 0 || !strings.Contains(stdout, `", "`+"\n") && !strings.Contains(stdout, `","`) {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	if code, _, _ := command(t, "trace", "--model", bin, "--tokens", "1,403", "--max-new", "2"); code != 0 {
		t.Errorf("without a tokenizer: exit %d", code)
	}
	if code, _, stderr := command(t, "trace", "--model", bin, "--prompt", "Once"); code != 1 || !strings.Contains(stderr, "stories260K") {
		t.Errorf("a prompt without a tokenizer: exit %d, %s", code, stderr)
	}
	if code, _, _ := command(t, "trace", "--model", bin, "--tokenizer", bin, "--prompt", "Once"); code != 1 {
		t.Errorf("a wrong tokenizer: exit %d", code)
	}
	cut := filepath.Join(t.TempDir(), "cut.bin")
	data, err := os.ReadFile(bin)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, data[:len(data)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(t, "trace", "--model", cut, "--tokens", "1"); code != 1 || stderr == "" {
		t.Errorf("a truncated file: exit %d, %s", code, stderr)
	}
}
