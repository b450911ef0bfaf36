package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"kvstep/sim/sheet"
	"kvstep/sim/sweep"
)

// rows reads a CSV file by the names of its columns.
func rows(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	mark := make([]byte, len(sheet.BOM))
	if _, err := io.ReadFull(f, mark); err != nil || string(mark) != sheet.BOM {
		t.Fatalf("%s begins with %q: a person may open it", path, mark)
	}
	table, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, line := range table[1:] {
		row := map[string]string{}
		for i, name := range table[0] {
			row[name] = line[i]
		}
		all = append(all, row)
	}
	return all
}

func TestSweepExitCodes(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--help", 0, ""},
		{"--model paper --lengths 1,2 --repeats 1", 0, ""},
		{"--model paper --lengths 1,2 --repeats 1 --format jsonl --fit", 0, "exponent"},
		{"--model paper --lengths 33", 2, "32"},
		{"--model paper --prompt-tokens 33", 1, "33"},
		{"--model paper --prompt nonsense", 1, "nonsense"},
		{"--model nobody", 1, "story"},
		{"--lengths 0", 2, "0"}, {"--lengths 1,x", 2, "x"}, {"--lengths 4:2:1", 2, "4:2:1"}, {"--lengths 1:9", 2, "1:9"}, {"--lengths 1:9:0", 2, "1:9:0"},
		{"--lengths 1:16000000:1", 2, "1:16000000:1"},
		{"--repeats 0", 2, "repeats"}, {"--lanes none", 2, "none"}, {"--pairs some", 2, "some"}, {"--logits no", 2, "no"},
		{"--format xml", 2, "xml"}, {"--out " + filepath.Join(dir, "a.png"), 2, "png"}, {"--out " + filepath.Join(dir, "no", "a.csv"), 1, "a.csv"},
		{"extra", 2, "extra"},
	} {
		code, stdout, stderr := command(t, append([]string{"sweep"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(stderr, c.says) || (code == 0) != (stdout != "") || strings.Contains(stderr, "problem.") {
			t.Errorf("kvstep sweep %s: exit %d, want %d; said %q", c.args, code, c.code, stderr)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSweepWrites(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	args := []string{"sweep", "--model", "paper,story", "--prompt-tokens", "1,4", "--lengths", "2:8:2,5", "--repeats", "2", "--out", path}
	if code, stdout, stderr := command(t, args...); code != 0 || stdout != "" || stderr != "" {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	all := rows(t, path)
	if want := 2 * 2 * 5 * 2 * 3; len(all) != want {
		t.Errorf("%d rows, want %d", len(all), want)
	}
	// the same from the other commands: a row is a trace
	traced, _ := traceCounters(t, "--model", "paper", "--tokens", "0", "--max-new", "2")
	for _, r := range all {
		if r["model"] == "paper" && r["prompt"] == "1 token" && r["new"] == "2" && r["phase"] == "total" {
			want := traced[2][map[string]int{"cached": 0, "uncached": 1}[r["lane"]]]
			if r["flops"] != strconv.FormatInt(want.Flops.Total(), 10) || r["kv_bytes"] != strconv.FormatInt(want.KVBytes, 10) || r["repeats"] != "2" {
				t.Errorf("%v, want %+v", r, want)
			}
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSweepOfForeignModels(t *testing.T) {
	shared := filepath.Join("..", "..", "..", "shared", "models")
	bin := filepath.Join(shared, "stories260K.bin")
	if _, err := os.Stat(bin); err != nil {
		t.Skip("skipped: the public checkpoint is not beside this checkout")
	}
	path := filepath.Join(t.TempDir(), "a.csv")
	code, _, stderr := command(t, "sweep", "--model", bin, "--tokenizer", filepath.Join(shared, "tok512.bin"),
		"--prompt", "Once upon a time", "--prompt-tokens", "2", "--lengths", "1,3", "--repeats", "1", "--out", path)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if all := rows(t, path); len(all) != 2*2*2*3 || all[0]["prompt"] != "Once upon a time" || all[0]["identical"] != "true" {
		t.Errorf("%v", all)
	}
}

// TestSweepGoesOn stops a sweep after its first runs, as Ctrl-C does, and starts
// it again: the runs that were done are not done again, the file appears only
// when it is whole, and a line that was cut off in the middle does no harm.
func TestSweepGoesOn(t *testing.T) {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		t.Setenv(name, "")
	}
	path := filepath.Join(t.TempDir(), "a.csv")
	part := path + ".part"
	args := []string{"sweep", "--lengths", "20,40", "--repeats", "15", "--out", path}
	ctx, stop := context.WithCancel(context.Background())
	go func() { // Ctrl-C when two runs are kept
		for ctx.Err() == nil {
			if data, _ := os.ReadFile(part); bytes.Count(data, []byte("\n")) >= 3 {
				stop()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var out, errs bytes.Buffer
	err := run(ctx, args, strings.NewReader(""), &out, &errs)
	stop()
	if exitCode(err) != 1 || !strings.Contains(errs.String(), part) {
		t.Fatalf("exit %d: %s", exitCode(err), errs.String())
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file that is not finished has its name")
	}
	data, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	kept := bytes.Count(data, []byte("\n")) - 1
	if kept < 2 || kept >= 15 {
		t.Fatalf("%d runs kept", kept)
	}
	// Mark what is kept, so that it is known again, and tear the last line.
	lines := bytes.SplitAfter(data, []byte("\n"))
	var first sweep.Result
	if err := json.Unmarshal(lines[1], &first); err != nil {
		t.Fatal(err)
	}
	first.Points[0].Lanes[0].Decode.Seconds = 12345
	lines[1], _ = json.Marshal(first)
	torn := append(bytes.Join(append([][]byte{lines[0], append(lines[1], '\n')}, lines[2:]...), nil), `{"model":"story","prom`...)
	if err := os.WriteFile(part, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := command(t, append(args, "--pairs", "dense")...); code != 1 || !strings.Contains(stderr, part) {
		t.Errorf("another sweep: exit %d, %s", code, stderr)
	}
	if code, _, stderr := command(t, args...); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	all := rows(t, path)
	if len(all) != 2*2*3 || !slices.ContainsFunc(all, func(r map[string]string) bool { return r["seconds_max"] == "12345" }) || all[0]["repeats"] != "15" {
		t.Errorf("%v", all)
	}
	if _, err := os.Stat(part); err == nil {
		t.Error("the journal is still there")
	}
}

// TestWholeFiles: when writing fails nothing appears, and what was there stays.
func TestWholeFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := func(w io.Writer) error {
		_, _ = w.Write([]byte("half"))
		return iotest.ErrTimeout
	}
	err := writeWhole(path, bad)
	left, _ := os.ReadDir(dir)
	if data, _ := os.ReadFile(path); err == nil || string(data) != "old" || len(left) != 1 {
		t.Errorf("%v, %q, %v", err, data, left)
	}
	if !strings.Contains(say(err), "a.csv") {
		t.Errorf("says %q", say(err))
	}
	if err := writeWhole(path, func(w io.Writer) error { _, err := w.Write([]byte("new")); return err }); err != nil {
		t.Error(err)
	}
	if data, _ := os.ReadFile(path); string(data) != "new" {
		t.Errorf("%q", data)
	}
}

func TestParseLengths(t *testing.T) {
	for text, want := range map[string][]int{
		"1": {1}, "4,2,2": {2, 4}, "1:10:4": {1, 5, 9}, "3:3:1": {3}, "8, 2:4:1": {2, 3, 4, 8},
	} {
		if got, err := parseLengths(text, 250); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v %v, want %v", text, got, err, want)
		}
	}
	if got, _ := parseLengths("", 250); len(got) != 50 || got[0] != 5 || got[49] != 250 {
		t.Errorf("default: %v", got)
	}
	if got, _ := parseLengths("", 7); !slices.Equal(got, []int{1, 2, 3, 4, 5, 6, 7}) {
		t.Errorf("default of a small context: %v", got)
	}
}

// TestDocsOfSweep: docs/sweep.md has every column, and every flag.
func TestDocsOfSweep(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "sweep.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sweep.Columns {
		if !strings.Contains(string(data), "`"+name+"`") {
			t.Errorf("docs/sweep.md does not explain %s", name)
		}
	}
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(newSweep().Flags().FlagUsages(), -1) {
		if !strings.Contains(string(data), flag) {
			t.Errorf("docs/sweep.md does not explain %s", flag)
		}
	}
}

// TestDocsOfCostFlags: docs/cost.md has every flag.
func TestDocsOfCostFlags(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "cost.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(newCost().Flags().FlagUsages(), -1) {
		if !strings.Contains(string(data), flag) {
			t.Errorf("docs/cost.md does not explain %s", flag)
		}
	}
}

// FuzzJournal: no journal makes reading it panic, and what it takes belongs to
// the plan and can be made into a table.
func FuzzJournal(f *testing.F) {
	p := sweep.Plan{Models: []string{"story"}, Prompts: []sweep.Prompt{{Tokens: 1}}, Lengths: []int{1, 2}, Repeats: 2, Lanes: "cached", Pairs: "allowed", Logits: "last"}
	good := p.String() + "\n" + `{"model":"story","prompt":{"tokens":1},"repeat":0,"prompt_tokens":1,"points":[{"new":1,"identical":true,"lanes":[{},null]},{"new":2,"identical":true,"lanes":[{},null]}]}` + "\n"
	if done, end, same := readJournal([]byte(good), p); len(done) != 1 || end != len(good) || !same {
		f.Fatalf("%v %d %v", done, end, same)
	}
	f.Add([]byte(good))
	f.Add([]byte(good[:len(good)-9]))
	f.Add([]byte(good + good[len(p.String())+1:]))
	f.Add([]byte(p.String() + "\n{}\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		done, end, same := readJournal(data, p)
		if !same && (done != nil || end != 0) || end > len(data) || end > 0 && data[end-1] != '\n' {
			t.Fatalf("%v %d %v", done, end, same)
		}
		p.Table(done)
		for i, r := range done {
			for _, other := range done[:i] {
				if r.Run == other.Run {
					t.Fatalf("%v is there twice", r.Run)
				}
			}
		}
	})
}
