package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvstep/sim/chart"
	"kvstep/sim/sheet"
)

func TestPlotExitCodes(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.csv")
	if err := os.WriteFile(bad, []byte("model\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "x.svg")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--help", 0, ""},
		{"parts", 2, "--out"},
		{"pie --out " + out, 2, "roofline"},
		{"--out " + out, 2, "roofline"},
		{"parts --out " + filepath.Join(dir, "x.bmp"), 2, "x.bmp"},
		{"parts --new 600 --out " + out, 2, "512"},
		{"parts --prompt 0 --out " + out, 2, "prompt"},
		{"parts --unit cow --out " + out, 2, "cow"},
		{"parts --lang fr --out " + out, 2, "fr"},
		{"parts --model nobody --out " + out, 1, "gpt2"},
		{"roofline --hardware abacus --out " + out, 1, "H100"},
		{"time --data nothere.csv --out " + out, 1, "nothere.csv"},
		{"time --data " + bad + " --out " + out, 1, "line 1"},
		{"parts --out " + filepath.Join(dir, "no", "x.svg"), 1, "x.svg"},
	} {
		var stdout, stderr bytes.Buffer
		err := run(context.Background(), append([]string{"plot"}, strings.Fields(c.args)...), nil, &stdout, &stderr)
		if exitCode(err) != c.code || c.code > 0 && !strings.Contains(stderr.String(), c.says) {
			t.Errorf("plot %s: exit %d, want %d; %s", c.args, exitCode(err), c.code, stderr.String())
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("a refused figure left %v", left)
	}
}

// TestPlotOfASweep draws every figure there is, one of them from a table.
func TestPlotOfASweep(t *testing.T) {
	if testing.Short() {
		t.Skip("draws every figure of a sweep")
	}
	dir := t.TempDir()
	do := func(args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if err := run(context.Background(), args, nil, &stdout, &stderr); err != nil {
			t.Fatalf("%v: %v %s", args, err, stderr.String())
		}
	}
	data := filepath.Join(dir, "data.csv")
	do("sweep", "--model", "paper", "--lengths", "1,2,4,8", "--repeats", "1", "--out", data)
	for _, name := range chart.Names() {
		for _, format := range chart.Formats() {
			out := filepath.Join(dir, name+"."+format)
			args := []string{"plot", name, "--model", "paper", "--prompt", "1", "--new", "8", "--out", out, "--lang", "zh"}
			if name == "time" || name == "speedup" {
				args = append(args, "--data", data)
			}
			do(args...)
			if info, err := os.Stat(out); err != nil || info.Size() < 100 {
				t.Errorf("%s: %v", out, info)
			}
		}
	}
	file, err := os.Open(filepath.Join(dir, "time.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table, err := csv.NewReader(file).ReadAll()
	if err != nil || len(table) != 1+4*4 { // both lanes, points and fit
		t.Errorf("%d rows, %v", len(table), err)
	}
}

// TestTablesSayTheirEncodingToPeople: in files, which somebody will open, and not on
// standard output, which a program reads.
func TestTablesSayTheirEncodingToPeople(t *testing.T) {
	dir := t.TempDir()
	plotted, swept, lines := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv"), filepath.Join(dir, "b.jsonl")
	for _, args := range [][]string{
		{"plot", "parts", "--model", "paper", "--prompt", "1", "--new", "8", "--out", plotted},
		{"sweep", "--model", "paper", "--lengths", "1,2", "--repeats", "1", "--out", swept},
		{"sweep", "--model", "paper", "--lengths", "1,2", "--repeats", "1", "--out", lines},
	} {
		if code, _, stderr := command(t, args...); code != 0 {
			t.Fatalf("%v: %s", args, stderr)
		}
	}
	for path, want := range map[string]string{plotted: sheet.BOM + "curve,", swept: sheet.BOM + "model,", lines: "{"} {
		if data, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(data), want) {
			t.Errorf("%s begins with %.12q", path, data)
		}
	}
	if _, stdout, _ := command(t, "sweep", "--model", "paper", "--lengths", "1,2", "--repeats", "1"); !strings.HasPrefix(stdout, "model,") {
		t.Errorf("standard output begins with %.12q", stdout)
	}
}
