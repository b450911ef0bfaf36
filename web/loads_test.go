package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"kvstep/web/pack"
	"kvstep/web/text"
)

// fetch asks a server with headers, and returns what came as it travelled.
func fetch(t *testing.T, addr, path string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest("GET", "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// unpacked returns a body as it is meant.
func unpacked(t *testing.T, r *http.Response, body []byte) []byte {
	t.Helper()
	var from io.Reader = bytes.NewReader(body)
	switch r.Header.Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(from)
		if err != nil {
			t.Fatal(err)
		}
		from = z
	case "br":
		from = brotli.NewReader(from)
	}
	data, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestEveryAnswerInEveryCoding: pages and what they load have the same bytes in each, fewer
// where they are packed, and are sent once to whoever keeps them.
func TestEveryAnswerInEveryCoding(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	paths := []string{
		"/", "/lab?lang=zh&prompt=Tom", "/plots?new=4", "/plot/parts.svg?new=4", "/weights?layer=0&op=w_q",
		"/static/js/main.js", "/static/js/panel/stage/stage.css", "/static/favicon.svg",
	}
	for name, at := range addresses() {
		paths = append(paths, at, loads[name].at+name)
	}
	for _, path := range paths {
		plain, want := fetch(t, addr, path, "Accept-Encoding", "identity")
		if plain.StatusCode != 200 || plain.Header.Get("Content-Encoding") != "" || len(want) == 0 {
			t.Fatalf("%s: %s %v", path, plain.Status, plain.Header)
		}
		for _, coding := range []string{"br", "gzip", "identity"} {
			r, body := fetch(t, addr, path, "Accept-Encoding", coding)
			if got := unpacked(t, r, body); !bytes.Equal(got, want) {
				t.Errorf("%s as %s: other bytes", path, coding)
			}
			if coding != "identity" && (r.Header.Get("Content-Encoding") != coding || len(body) > len(want)-len(want)/16) {
				t.Errorf("%s as %s: %d bytes of %d, %v", path, coding, len(body), len(want), r.Header)
			}
			if vary := strings.Join(r.Header["Vary"], ","); !strings.Contains(vary, "Accept-Encoding") {
				t.Errorf("%s: Vary %q", path, vary)
			}
			again, rest := fetch(t, addr, path, "Accept-Encoding", coding, "If-None-Match", r.Header.Get("ETag"))
			if again.StatusCode != http.StatusNotModified || len(rest) != 0 {
				t.Errorf("%s as %s once more: %s, %d bytes", path, coding, again.Status, len(rest))
			}
		}
	}
	for _, path := range []string{"/variants?new=2", "/take/html" + takeQuery, "/take/jsonl" + takeQuery, "/take/qr" + takeQuery} { // of a moment
		r, body := fetch(t, addr, path, "Accept-Encoding", "br")
		if got := unpacked(t, r, body); r.Header.Get("Content-Encoding") != "br" || len(got) <= len(body) || r.ContentLength != int64(len(body)) {
			t.Errorf("%s: %d bytes of %d, %v", path, len(body), len(got), r.Header)
		}
	}
}

// TestPagesNameWhatThereIs: what a component names is among what pages load, and nothing else is.
func TestPagesNameWhatThereIs(t *testing.T) {
	named := map[string]bool{}
	files, err := filepath.Glob("page/*.templ")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`Files\["([^"]+)"\]`).FindAllSubmatch(data, -1) {
			named[string(m[1])] = true
		}
	}
	for _, lang := range text.Langs() { // data-words-LANG
		named[lang+".json"] = true
	}
	for name := range named {
		if _, ok := loads[name]; !ok {
			t.Errorf("a page loads %s, which is not there", name)
		}
	}
	for name := range loads {
		if !named[name] {
			t.Errorf("no page loads %s", name)
		}
	}
}

// TestNamesSayWhatIsInThem: what a page loads has an address of its content, which the page
// names; other content has another, and an address of yesterday is answered, but not for ever.
func TestNamesSayWhatIsInThem(t *testing.T) {
	addr, stop := start(t)
	defer stop()
	loaded := regexp.MustCompile(`(?:src|href|data-words-\w+)="(/(?:bundle|static|text)/[^"]*)"`)
	for path, least := range map[string]int{"/": 7, "/plots?new=4": 6} {
		_, body := fetch(t, addr, path)
		found := loaded.FindAllSubmatch(body, -1)
		for _, m := range found {
			if r, _ := fetch(t, addr, string(m[1])); r.StatusCode != 200 || r.Header.Get("Cache-Control") != pack.Forever {
				t.Errorf("%s loads %s: %s, %s", path, m[1], r.Status, r.Header.Get("Cache-Control"))
			}
		}
		if len(found) < least {
			t.Errorf("%s loads %q", path, found)
		}
	}
	of := func(s string) string {
		return joined("x.js", func() (string, error) { return s, nil }).address("x.js")
	}
	if a, b, c := of("1"), of("2"), of("1"); a == b || a != c || !strings.HasPrefix(a, "/bundle/x.") || !strings.HasSuffix(a, ".js") {
		t.Errorf("%s %s %s", a, b, c)
	}
	_, today := fetch(t, addr, addresses()["page.js"])
	if r, body := fetch(t, addr, "/bundle/page.0123456789abcdef.js"); r.StatusCode != 200 || r.Header.Get("Cache-Control") != "no-cache" || !bytes.Equal(body, today) {
		t.Errorf("an older page's script: %s, %s", r.Status, r.Header.Get("Cache-Control"))
	}
	for _, path := range []string{"/bundle/en.json", "/text/page.js", "/bundle/page", "/bundle/.js", "/text/fr.json", "/static/js", "/static/js/", "/static/../go.mod"} {
		if r, _ := fetch(t, addr, path); r.StatusCode != 404 {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
}
