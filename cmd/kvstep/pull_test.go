package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// TestPull: a model comes from a hub and runs by its name.
func TestPull(t *testing.T) {
	const folder = "../../sim/run/testdata/families/gpt2/"
	files, list := map[string][]byte{}, ""
	for _, name := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(folder + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
		list += fmt.Sprintf(`,{"rfilename":%q,"size":%d,"blobId":"%x"}`, name, len(data), sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(data), data)))
	}
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/models/openai-community/gpt2/revision/main" {
			fmt.Fprintf(w, `{"sha":"%040d","siblings":[%s]}`, 7, list[1:])
			return
		}
		data, ok := files[strings.TrimPrefix(r.URL.Path, fmt.Sprintf("/openai-community/gpt2/resolve/%040d/", 7))]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Setenv("HF_ENDPOINT", hub.URL+"/")
	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("TRANSFORMERS_OFFLINE", "")
	dir := t.TempDir()
	code, out, stderr := command(t, "pull", "gpt2", "--models", dir)
	if code != 0 || !strings.HasSuffix(strings.TrimSpace(out), "gpt2") || !strings.Contains(stderr, "gpt2") {
		t.Fatalf("exit %d, %q, %q", code, out, stderr)
	}
	if code, out, stderr = command(t, "trace", "--models", dir, "--model", "gpt2", "--tokens", "1,2", "--max-new", "1"); code != 0 {
		t.Errorf("trace: exit %d, %q %q", code, out, stderr)
	}
	if code, _, stderr = command(t, "pull", "someone/else", "--models", dir); code != 1 || !strings.Contains(stderr, "someone/else") {
		t.Errorf("unknown: exit %d, %q", code, stderr)
	}
	hub.Close()
	if code, _, stderr = command(t, "pull", "distilgpt2", "--models", dir); code != 1 || !strings.Contains(stderr, hub.URL) || strings.Contains(stderr, "problem.") {
		t.Errorf("offline: exit %d, %q", code, stderr)
	}
	if code, _, stderr = command(t, "pull", "gpt2", "--models", dir); code != 0 {
		t.Errorf("again: exit %d, %q", code, stderr)
	}
	for _, name := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		for _, yes := range []string{"1", "TRUE", "true", "Yes", "ON", "on"} {
			t.Setenv(name, yes)
			if code, _, stderr = command(t, "pull", "distilgpt2", "--models", dir); code != 1 || !strings.Contains(stderr, name+"="+yes) {
				t.Errorf("offline on purpose, %s: exit %d, %q", yes, code, stderr)
			}
			if code, _, stderr = command(t, "pull", "gpt2", "--models", dir); code != 0 {
				t.Errorf("what is there needs no hub: exit %d, %q", code, stderr)
			}
		}
		for _, no := range []string{"0", "false", "no", "off", ""} {
			t.Setenv(name, no)
			if code, _, stderr = command(t, "pull", "distilgpt2", "--models", dir); code != 1 || strings.Contains(stderr, name) {
				t.Errorf("%s=%q: exit %d, %q", name, no, code, stderr)
			}
		}
	}
	for _, args := range [][]string{{"pull"}, {"pull", "a", "b"}} {
		if code, _, _ := command(t, args...); code != 2 {
			t.Errorf("%v: exit %d", args, code)
		}
	}
	if code, _, stderr := command(t, "pull", "../x", "--models", dir); code != 1 || !strings.Contains(stderr, "../x") {
		t.Errorf("a path: exit %d %q", code, stderr)
	}
}

// TestPullStopped: who stops a download hears that nothing is lost.
func TestPullStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	hub := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	}))
	t.Cleanup(hub.Close)
	t.Setenv("HF_ENDPOINT", hub.URL)
	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("TRANSFORMERS_OFFLINE", "")
	t.Setenv("LC_ALL", "en")
	var out, errs bytes.Buffer
	err := run(ctx, []string{"pull", "a/b", "--models", t.TempDir()}, strings.NewReader(""), &out, &errs)
	if exitCode(err) != 1 || !strings.Contains(errs.String(), "Stopped. What has arrived of a/b is kept") {
		t.Errorf("exit %d, %q", exitCode(err), errs.String())
	}
}
