package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestALessonGoesToPaper: lessons that are built in, of a folder, and all of a folder are printed, in each language;
// what cannot be is told.
func TestALessonGoesToPaper(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"mine", "other"} {
		if code, _, errs := command(t, "lesson", "new", filepath.Join(root, name)); code != 0 {
			t.Fatal(errs)
		}
	}
	out := filepath.Join(root, "out.html")
	for _, c := range []struct {
		args  string
		wants []string
	}{
		{"attention", []string{"Attention by hand", `data-kind="worksheet"`, `lang="en"`}},
		{"attention --lang zh --kind key", []string{"用笔算注意力", `data-kind="key"`, `lang="zh-Hans"`, "data-outcome"}},
		{filepath.Join(root, "mine") + " --kind deck", []string{"A first lesson", `class="slide"`}},
		{root, []string{`data-lesson="mine"`, `data-lesson="other"`}},
	} {
		os.Remove(out)
		code, said, errs := command(t, append(strings.Fields("lesson print "+c.args), "--out", out)...)
		made, err := os.ReadFile(out)
		if code != 0 || said+errs != "" || err != nil {
			t.Fatal(c.args, code, said, errs, err)
		}
		for _, want := range c.wants {
			if !bytes.Contains(made, []byte(want)) {
				t.Errorf("%s: it has no %q", c.args, want)
			}
		}
	}
	for args, want := range map[string]int{
		"print": 2, "print attention": 2, "print attention --out x.doc": 2, "print attention --kind poster --out " + out: 2,
		"print attention --lang fr --out " + out: 2, "print no-such-lesson --out " + out: 1, "print ./attention --out " + out: 1,
	} {
		if code, _, errs := command(t, append([]string{"lesson"}, strings.Fields(args)...)...); code != want || errs == "" {
			t.Errorf("%s: %d %q", args, code, errs)
		}
	}
	file := filepath.Join(root, "mine", "en.md")
	was, _ := os.ReadFile(file)
	if err := os.WriteFile(file, bytes.Replace(was, []byte("run.prompt_tokens"), []byte("run.nothing"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, "lesson", "print", filepath.Join(root, "mine"), "--out", out); code != 1 || !strings.Contains(errs, "en.md:7:") {
		t.Errorf("a broken lesson: %d %q", code, errs)
	}
}

// TestALessonIsAPDF: it is printed by the machine's browser, on A4; where there is none, the same stands beside as HTML, which
// is said, and the command ends with 1.
func TestALessonIsAPDF(t *testing.T) {
	out := filepath.Join(t.TempDir(), "decode.pdf")
	beside := strings.TrimSuffix(out, ".pdf") + ".html"
	if findBrowser() != "" {
		code, said, errs := command(t, "lesson", "print", "attention", "--out", out)
		made, err := os.ReadFile(out)
		if code != 0 || said+errs != "" || err != nil || !bytes.HasPrefix(made, []byte("%PDF-")) || !bytes.Contains(made, []byte("%%EOF")) || !bytes.Contains(made, []byte(" 841.")) {
			t.Error(code, said, errs, err, len(made))
		}
		if _, err := os.Stat(beside); err == nil {
			t.Error("there is HTML beside the PDF")
		}
		os.Remove(out)
	} else if os.Getenv("KVSTEP_BROWSER") == "require" {
		t.Fatal("no Chromium found")
	}
	t.Setenv("PATH", t.TempDir())
	if findBrowser() != "" {
		t.Skip("skipped: this machine has a browser at a place of its own")
	}
	code, _, errs := command(t, "lesson", "print", "attention", "--out", out)
	made, err := os.ReadFile(beside)
	if code != 1 || !strings.Contains(errs, "decode.html") || err != nil || !bytes.Contains(made, []byte("Attention by hand")) {
		t.Error(code, errs, err, len(made))
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a PDF that nobody printed")
	}
}
