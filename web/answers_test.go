package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kvstep/sim/library"
	"kvstep/web/export"
	"kvstep/web/limits"
	"kvstep/web/pack"
	"kvstep/web/wire"
)

func askRoutes(t *testing.T, all []route, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	routes(all).ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// TestEveryRouteIsThere: what pages and their scripts ask for is what the server serves.
func TestEveryRouteIsThere(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for path, want := range map[string]int{
		"/": 200, "/static/js/main.js": 200, "/bundle/page.js": 200, "/text/zh.json": 200, "/healthz": 200, "/plots?new=4": 200,
		"/live":    http.StatusUpgradeRequired, // a socket
		"/nowhere": 404,
	} {
		if r := get(t, addr, path, ""); r.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, r.Status, want)
		}
	}
}

// TestDynamicAnswersAreNotStored: a file is of one moment and may be someone's own text.
func TestDynamicAnswersAreNotStored(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for path, want := range map[string]string{
		"/take/jsonl" + takeQuery: "no-store", "/take/csv" + takeQuery: "no-store", "/take/html" + takeQuery: "no-store", "/take/qr" + takeQuery: "no-store", "/take/sizes" + takeQuery: "no-store",
		"/take/jsonl?step=x": "no-store", "/variants?new=2": "no-store", "/plot/none.svg": "no-store",
		"/": "no-cache", "/plots?new=4": "no-cache", "/static/js/main.js": "no-cache", "/bundle/page.js": "no-cache", "/bundle/page.0.js": "no-cache",
		"/plot/parts.svg?new=4": "no-cache", "/plot/parts.csv?new=4": "no-cache", "/weights?layer=0&op=w_q": "no-cache", // the fence is asked each time
		addresses()["page.js"]: pack.Forever, addresses()["zh.json"]: pack.Forever,
	} {
		if r := get(t, addr, path, ""); r.Header.Get("Cache-Control") != want {
			t.Errorf("%s: %s, Cache-Control %q, want %s", path, r.Status, r.Header.Get("Cache-Control"), want)
		}
	}
	policy := get(t, addr, "/", "").Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "require-trusted-types-for 'script'") || !strings.Contains(policy, "trusted-types 'none'") {
		t.Errorf("policy %q", policy)
	}
}

// TestNothingToTakeAway: before the first step a file would be empty; a handout shows what
// waits.
func TestNothingToTakeAway(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	for kind, want := range map[string]int{"jsonl": 422, "csv": 422, "safetensors": 422, "html": 200} {
		resp, body := ask(t, addr, "/take/"+kind+"?new=2", nil)
		if resp.StatusCode != want || want != 200 && !strings.Contains(body, `"problem":"take.empty"`) || body == "" {
			t.Errorf("%s: %s %.80s", kind, resp.Status, body)
		}
	}
	if resp, body := ask(t, addr, "/take/jsonl?new=2&step=-1&to=3", nil); resp.StatusCode != 200 || strings.Count(body, "\n") != 4 {
		t.Errorf("a run that has gone on: %s %.80s", resp.Status, body)
	}
	if resp, body := ask(t, addr, "/take/csv?new=2&step=-1&to=3", nil); resp.StatusCode != 422 || !strings.Contains(body, "take.empty") {
		t.Errorf("nothing is on screen: %s %.80s", resp.Status, body)
	}
}

// TestQRSaysWhatALinkCanSay: and refuses, by its name, what somebody has put beside it.
func TestQRSaysWhatALinkCanSay(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	clean, body := ask(t, addr, "/take/qr?prompt=%E5%B0%8F%E5%88%9A&step=12&lang=zh", nil)
	dirty, said := ask(t, addr, "/take/qr?utm_source=x&prompt=%E5%B0%8F%E5%88%9A&step=12&lang=zh", nil)
	if clean.StatusCode != 200 || dirty.StatusCode != 422 || !strings.Contains(said, `{"problem":"link.unknown","args":{"Field":"utm_source"}}`) {
		t.Errorf("%s; with a key that no link has %s: %s", clean.Status, dirty.Status, said)
	}
	link, err := wire.ParseLink("?prompt=%E5%B0%8F%E5%88%9A&step=12&lang=zh")
	if err != nil {
		t.Fatal(err)
	}
	want, err := export.QR("http://" + addr + "/lab" + link.Query())
	if err != nil || body != string(want.Data) {
		t.Errorf("another code: %v", err)
	}
	if resp, body := ask(t, addr, "/take/qr?step=nonsense", nil); resp.StatusCode != 422 || !strings.Contains(body, "link.field") {
		t.Errorf("no link: %s %s", resp.Status, body)
	}
}

// TestFiguresAreDrawnOnce: asked again, in whatever order its fields stand, a figure and
// the page are those that were made.
func TestFiguresAreDrawnOnce(t *testing.T) {
	p := newPlots(library.New(), "test", limits.Default())
	ask := func(path string) string {
		r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
		if file, ok := strings.CutPrefix(r.URL.Path, "/plot/"); ok {
			r.SetPathValue("file", file)
			p.file(w, r)
		} else {
			p.show(w, r)
		}
		if w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	for _, paths := range [][]string{
		{"/plot/parts.svg?new=8&prompt=4&lang=en", "/plot/parts.svg?prompt=4&lang=en&new=8", "/plot/parts.svg?prompt=4&lang=en&new=8&unit=flop&utm=1"},
		{"/plots?new=8&prompt=4&lang=en", "/plots?prompt=4&lang=en&new=8"},
	} {
		before := p.drawn.made
		first := ask(paths[0])
		for _, path := range paths {
			if ask(path) != first {
				t.Errorf("%s is another answer", path)
			}
		}
		if n := p.drawn.made - before; n != 1 {
			t.Errorf("%s was made %d times", paths[0], n)
		}
		for _, other := range []string{"&lang=zh", "&unit=mac&lang=en", "&print=1&lang=en"} {
			if ask(strings.Replace(paths[0], "&lang=en", other, 1)) == first {
				t.Errorf("%s%s is the same answer", paths[0], other)
			}
		}
	}
	if ask("/plot/parts.svg?new=8&view=phone") == ask("/plot/parts.svg?new=8") {
		t.Error("on a phone it is the same picture")
	}
}
