package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kvstep/sim/library"
	"kvstep/web/limits"
)

func ask(t *testing.T, addr, path string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest("GET", "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

const takeQuery = "?prompt=Mia+has+three+apples.&new=2&step=3"

func TestTakeaway(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for kind, want := range map[string]string{"jsonl": `{"n":0,`, "csv": "\ufeffpanel,name,row", "html": "<!doctype html>", "qr": "<svg ", "safetensors": ""} {
		resp, body := ask(t, addr, "/take/"+kind+takeQuery, nil)
		if resp.StatusCode != 200 || !strings.HasPrefix(body, want) {
			t.Errorf("%s: %s %.100s", kind, resp.Status, body)
		}
		if d := resp.Header.Get("Content-Disposition"); (kind == "qr") != (d == "") || d != "" && !strings.Contains(d, map[bool]string{false: `filename="kvstep-story-step`, true: `filename="kvstep-story-Mia-has-three-apples-step3-handout.html"`}[kind == "html"]) {
			t.Errorf("%s: disposition %q", kind, d)
		}
	}
	if resp, body := ask(t, addr, "/take/jsonl?model=nobody", nil); resp.StatusCode != 422 || !strings.Contains(body, `"problem":"model.unknown"`) {
		t.Errorf("unknown model: %s %s", resp.Status, body)
	}
	if resp, _ := ask(t, addr, "/take/exe"+takeQuery, nil); resp.StatusCode != 404 {
		t.Errorf("unknown kind: %s", resp.Status)
	}
}

// TestForeignPagesMayNotTakeAway: they could not read the file, but they could
// make this machine compute.
func TestForeignPagesMayNotTakeAway(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for _, c := range []struct {
		site, origin string
		status       int
	}{
		{"", "", 200}, {"same-origin", "", 200}, {"none", "", 200}, {"", "http://" + addr, 200},
		{"cross-site", "", 403}, {"same-site", "", 403}, {"", "http://evil.example", 403}, {"same-origin", "null", 200}, {"cross-site", "null", 403}, {"", "null", 403}, {"same-origin", "http://evil.example", 403},
	} {
		h := map[string]string{}
		if c.site != "" {
			h["Sec-Fetch-Site"] = c.site
		}
		if c.origin != "" {
			h["Origin"] = c.origin
		}
		for _, kind := range []string{"csv", "qr"} {
			if resp, _ := ask(t, addr, "/take/"+kind+takeQuery, h); resp.StatusCode != c.status {
				t.Errorf("%s from site %q origin %q: %s", kind, c.site, c.origin, resp.Status)
			}
		}
	}
}

// TestOnlyAFewFilesAtOnce: more are refused, not queued.
func TestOnlyAFewFilesAtOnce(t *testing.T) {
	free := make(chan struct{}, limits.Default().Files)
	handler := exportFile(library.New(), "test", limits.Default(), free)
	ask := func() (int, string) {
		r := httptest.NewRequest("GET", "/take/jsonl"+takeQuery, nil)
		r.SetPathValue("kind", "jsonl")
		w := httptest.NewRecorder()
		handler(w, r)
		return w.Code, w.Body.String()
	}
	for range cap(free) {
		free <- struct{}{}
	}
	if status, body := ask(); status != 503 || !strings.Contains(body, "take.busy") {
		t.Errorf("while all are busy: %d %s", status, body)
	}
	<-free
	for range 3 { // each gives its place back
		if status, body := ask(); status != 200 {
			t.Errorf("with a place free: %d %s", status, body)
		}
	}
}

// TestAttachment: a name in any script is told as browsers read it, and in plain letters to others.
func TestAttachment(t *testing.T) {
	for name, want := range map[string]string{
		"kvstep-story-step3.csv":       `attachment; filename="kvstep-story-step3.csv"`,
		"kvstep-story-小军-step3-h.html": `attachment; filename="kvstep-story-step3-h.html"; filename*=UTF-8''kvstep-story-%E5%B0%8F%E5%86%9B-step3-h.html`,
	} {
		if got := attachment(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
