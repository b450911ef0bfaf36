package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"kvstep/sim/plain"
)

// evil is a text that clears the screen, in the ways of both sets of control characters,
// turns writing round, and says something in a line of its own.
const evil = "e\x1b[2J\u009b2J\x7f\r\u202eb\u2069\u200f\nkvstep: all is well\tx\u2028"

// obeyed is the first order of a text that a terminal would get, "" for none.
func obeyed(out string) string {
	if !utf8.ValidString(out) {
		return "no UTF-8"
	}
	for _, r := range out {
		if plain.Orders(r) && !strings.ContainsRune("\n\t\u2068\u2069", r) {
			return fmt.Sprintf("%q", r)
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.Trim(line, "\u2068\u2069"), "kvstep: all is well") {
			return line
		}
	}
	return ""
}

// TestNothingOrdersTheTerminal: names of files, fields of configs, answers of hubs,
// pieces of vocabularies and arguments are written out, wherever they are printed.
func TestNothingOrdersTheTerminal(t *testing.T) {
	dir := t.TempDir()
	put := func(name, config string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "config.json"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(evil)
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile("../../sim/run/testdata/families/gpt2/config.json")
	if err != nil {
		t.Fatal(err)
	}
	odd := "odd" + evil
	put(odd, string(good))
	put("שלום", string(good))
	put("type", `{"model_type":`+string(text)+`}`)
	put("broken", evil)
	put("act", strings.Replace(string(good), `"gelu_new"`, string(text), 1))
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Error-Code", "\u009b2J")
		switch {
		case strings.Contains(r.URL.Path, "sha"):
			fmt.Fprintf(w, `{"sha":%s}`, text)
		case strings.Contains(r.URL.Path, "type"):
			fmt.Fprintf(w, `{"siblings":%s}`, text)
		case strings.Contains(r.URL.Path, "packed"):
			w.Header().Set("Content-Encoding", "\u009b2J\u202e")
			fmt.Fprint(w, "{}")
		case strings.Contains(r.URL.Path, "on"):
			w.Header().Set("Location", "http://\u009b2J\u202e.invalid:1/x")
			w.WriteHeader(http.StatusFound)
		default:
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				fmt.Fprint(conn, "HTTP/1.1 418 \x1b[2J\u009b2J\r\nX-Error-Code: \u202e\r\n\r\n")
				conn.Close()
			}
		}
	}))
	t.Cleanup(hub.Close)
	t.Setenv("HF_ENDPOINT", hub.URL)
	t.Setenv("HF_HUB_OFFLINE", "")
	path := filepath.Join(dir, odd)
	for _, args := range [][]string{
		{"models"}, {evil}, {"--" + evil}, {"trace", "--" + evil}, {"trace", "--max-new", evil}, {"trace", "--prompt", "a", "--model", evil},
		{"trace", "--prompt", "a", "--model", "type"}, {"trace", "--prompt", "a", "--model", "act"}, {"trace", "--prompt", "a", "--model", "broken"},
		{"trace", "--prompt", "a", "--model", path}, {"trace", "--prompt", evil, "--max-new", "1"}, {"trace", "--prompt", evil, "--max-new", "1", "--format", "jsonl"},
		{"trace", "--prompt", "a", "--sampler", evil}, {"trace", "--prompt", "a", "--cache", evil}, {"trace", "--prompt", "a", "--stop", evil, "--max-new", "1"},
		{"trace", "--prompt", "a", "--format", evil}, {"trace", "--prompt", "a", "--draft", evil},
		{"cost", "--model", path}, {"cost", "--model", odd}, {"cost", "--model", "שלום"}, {"cost", "--model", odd, "--format", "json"}, {"cost", "--model", evil},
		{"cost", "--hardware", evil}, {"cost", "--dtype", evil}, {"cost", "--model", "story", "--draft", path},
		{"sweep", "--model", evil}, {"sweep", "--lengths", evil}, {"sweep", "--prompt", evil, "--lengths", "1,2,3,4", "--repeats", "1", "--fit", "--format", "jsonl"},
		{"sweep", "--prompt", strings.ReplaceAll(evil, "\n", ""), "--lengths", "1", "--repeats", "1"}, // a cell of CSV may have lines
		{"plot", evil, "--out", filepath.Join(dir, "x.svg")}, {"plot", "time", "--out", evil}, {"plot", "time", "--data", path, "--out", "x.svg"},
		{"bench", "--model", evil}, {"serve", "--addr", evil}, {"serve", "--model", evil},
		{"pull", evil}, {"pull", "a/sha"}, {"pull", "a/type"}, {"pull", "a/packed"}, {"pull", "a/on"}, {"pull", "a/status"},
		{"help", evil}, {"completion", evil}, {"models", "--models", evil}, {"pull", "--help", "--models", evil},
	} {
		_, out, stderr := command(t, append(args, "--models", dir)...)
		if found := obeyed(out) + obeyed(stderr); found != "" {
			t.Errorf("%.80q: %s\n%q\n%q", args, found, out, stderr)
		}
		if strings.Contains(stderr, "problem.") {
			t.Errorf("%.80q: no words for %s", args, stderr)
		}
	}
	_, out, _ := command(t, "models", "--models", dir)
	if !strings.Contains(out, `odde\u001b[2J\u009b2J\u007f\u000d\u202eb\u2069\u200f\u000akvstep: all is well\u0009x\u2028  `) {
		t.Errorf("the name is not written out:\n%s", out)
	}
	if !strings.Contains(out, "\u2068שלום\u2069") {
		t.Errorf("a name from right to left is not isolated:\n%s", out)
	}
}

// TestScreen: characters that arrive in pieces are whole, text without orders has
// the same bytes, and nothing is held back for ever.
func TestScreen(t *testing.T) {
	const in = "a猫\u009b\x1b é\u2068א\u2069\n\xff\xe7\x8c😀\t\u202e"
	want := "a猫\\u009b\\u001b é\u2068א\u2069\n\\xff\\xe7\\x8c😀\t\\u202e"
	for size := 1; size <= len(in); size++ {
		var b bytes.Buffer
		p := &screen{to: &b}
		for i := 0; i < len(in); i += size {
			piece := in[i:min(i+size, len(in))]
			if n, err := io.WriteString(p, piece); n != len(piece) || err != nil {
				t.Fatal(n, err)
			}
		}
		if p.flush(); b.String() != want {
			t.Errorf("in pieces of %d: %q, want %q", size, b.String(), want)
		}
	}
	var b bytes.Buffer
	p := &screen{to: &b}
	_, _ = io.WriteString(p, "the end is cut \xe7\x8c")
	if p.flush(); b.String() != `the end is cut \xe7\x8c` {
		t.Errorf("%q", b.String())
	}
}
