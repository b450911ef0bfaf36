package web

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/web/limits"
	"kvstep/web/live"
)

// counted are routes over a library that tells which of its models were opened.
func counted(t *testing.T) (all []route, opened *int) {
	t.Helper()
	opened = new(int)
	models := library.New()
	models.Add(library.Source{Name: "victim", Open: func(checkpoint.Progress) (*library.Loaded, error) {
		*opened++
		return library.Open("story")
	}})
	hub := live.NewHub(models, nil, func(string) bool { return false }, limits.Default())
	t.Cleanup(hub.Close)
	return allRoutes(models, Lessons(), hub, "test", limits.Default()), opened
}

// pathOf is a request that a route would serve.
func pathOf(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	path = strings.NewReplacer("{$}", "", "{kind}", "csv", "/plot/{file}", "/plot/parts.svg", "{file}", "en.json").Replace(path)
	return method, path + "?model=victim&prompt=Once&new=2&step=1&layer=0&op=w_q"
}

// TestOtherSitesRunNothing: every route that could cost something, asked by every kind of
// other site in every way that a page can ask.
func TestOtherSitesRunNothing(t *testing.T) {
	all, opened := counted(t)
	server := guard([]string{"127.0.0.1:8787"}, routes(all))
	ask := func(method, path string, header http.Header) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Host, r.Header = "127.0.0.1:8787", header
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w
	}
	var fenced []string
	for _, r := range all {
		if r.who == anyone {
			continue
		}
		method, path := pathOf(r.pattern)
		fenced = append(fenced, r.pattern)
		for _, h := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}},
			{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"iframe"}},
			{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"}, "Origin": {"http://evil.example"}},
			{"Sec-Fetch-Site": {"same-site"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"script"}},
			{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Sec-Fetch-Site": {"something-new"}},
			{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"http://127.0.0.1:8787"}}, // the header that no page can write counts
			{"Origin": {"http://evil.example"}}, {"Origin": {"null"}}, {"Origin": {"https://127.0.0.1:8787"}}, {"Origin": {"http://127.0.0.1:8788"}},
			{"Referer": {"http://evil.example/"}}, {"Referer": {"http://127.0.0.1:8787.evil.example/"}}, {"Referer": {"http://127.0.0.1:3000/"}}, {"Referer": {"nonsense"}},
		} {
			if w := ask(method, path, h); w.Code != http.StatusForbidden {
				t.Errorf("%s for %v: %d", r.pattern, h, w.Code)
			}
		}
		// A link that somebody follows: whole pages say what they would run.
		followed := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}
		want := map[reach]int{engine: 403, document: 200}[r.who]
		if w := ask(method, path, followed); w.Code != want || want == 200 && !strings.Contains(w.Body.String(), "data-waits") {
			t.Errorf("%s for a link: %d", r.pattern, w.Code)
		}
		old := http.Header{"Referer": {"http://evil.example/"}, "Accept": {"text/html,*/*"}} // a browser without these headers
		if w := ask(method, path, old); w.Code != http.StatusForbidden || r.who == document != strings.Contains(w.Body.String(), "data-waits") {
			t.Errorf("%s for a link in an old browser: %d", r.pattern, w.Code)
		}
	}
	if want := []string{"GET /lab", "GET /weights", "GET /variants", "GET /paper", "GET /take/{kind}", "GET /plots", "GET /plot/{file}", "POST /plots/measure"}; !slices.Equal(fenced, want) {
		t.Errorf("fenced are %q, want %q", fenced, want)
	}
	if *opened != 0 {
		t.Errorf("%d models were opened for other sites", *opened)
	}
	// This server's own pages, and whoever is no page, are served.
	for _, h := range []http.Header{
		{}, {"Sec-Fetch-Site": {"none"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}, {"Sec-Fetch-Site": {"same-origin"}},
		{"Origin": {"http://127.0.0.1:8787"}}, {"Referer": {"http://127.0.0.1:8787/plots"}},
	} {
		for _, path := range []string{"/lab?model=story", "/plots?new=4", "/take/csv?prompt=Once&new=2&step=1", "/take/qr?step=1", "/plot/parts.csv?new=4", "/weights?layer=0&op=w_q", "/paper?lesson=attention"} {
			if w := ask("GET", path, h); w.Code != 200 || strings.Contains(w.Body.String(), "data-waits") {
				t.Errorf("%s for %v: %d", path, h, w.Code)
			}
		}
	}
}

// TestALinkOfAnotherSiteWaits: it says what it would run, in both languages, with a button
// that carries the whole link and nothing else, and tells what is left out.
func TestALinkOfAnotherSiteWaits(t *testing.T) {
	all, _ := counted(t)
	server := routes(all)
	ask := func(path string) string {
		r := httptest.NewRequest("GET", path, nil)
		r.Header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept, and be shown again after the press", path)
		}
		return w.Body.String()
	}
	for lang, says := range map[string]string{"en": "Nothing has run yet", "zh": "还没有运行|目前还没有"} {
		page := ask("/lab?prompt=%3Cscript%3Ealert(1)%3C%2Fscript%3E&new=7&sampler=sample&t=0.5&evil=1&stop=a&stop=b&lang=" + lang)
		ok := false
		for _, s := range strings.Split(says, "|") {
			ok = ok || strings.Contains(page, s)
		}
		if !ok || strings.Contains(page, "<script>alert") || strings.Contains(page, `name="evil"`) || !strings.Contains(page, "“evil”") || strings.Contains(page, "main.js") || strings.Contains(page, "page.js") {
			t.Errorf("%s: %s", lang, page)
		}
		for _, want := range []string{`name="prompt" value="&lt;script&gt;`, `name="new" value="7"`, `name="t" value="0.5"`, `name="stop" value="a"`, `name="stop" value="b"`, `name="lang"`, `role="alert"`, `class="primary"`} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: lacks %s", lang, want)
			}
		}
	}
	if page := ask("/lab?step=nonsense"); !strings.Contains(page, "waits-problem") || strings.Contains(page, "problem.link") {
		t.Errorf("a link that cannot be read: %s", page)
	}
	if page := ask("/lab?k=-1&lang=zh"); !strings.Contains(page, `lang="zh-Hans"`) || !strings.Contains(page, `name="lang" value="zh"`) {
		t.Errorf("a link that cannot be read loses its language: %s", page)
	}
	if page := ask("/plots?model=gpt2&new=40&evil=1"); !strings.Contains(page, `action="/plots"`) || !strings.Contains(page, `name="model" value="gpt2"`) || strings.Contains(page, "evil") {
		t.Errorf("figures: %s", page)
	}
}

// TestHostsOfEveryListener: the address that is printed answers, and nothing foreign does.
func TestHostsOfEveryListener(t *testing.T) {
	for addr, names := range map[string][]string{
		"127.0.0.2:0": {"127.0.0.2", "localhost", "127.0.0.1"}, "127.255.0.9:0": {"127.255.0.9"}, "[::1]:0": {"[::1]", "localhost"},
		"localhost:0": {"localhost", "127.0.0.1"}, "LOCALHOST:0": {"localhost"}, "[::ffff:127.0.0.1]:0": {"127.0.0.1"}, "[0:0:0:0:0:0:0:1]:0": {"[::1]"},
	} {
		l, err := Listen(addr)
		if err != nil {
			t.Logf("%s: %v", addr, err) // a machine may have no IPv6, or one address
			continue
		}
		printed := l.Addr().String()
		_, port, _ := net.SplitHostPort(printed)
		server := guard(hostsOf(l.Addr()), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
		code := func(host string) int {
			r := httptest.NewRequest("GET", "/", nil)
			r.Host = host
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			return w.Code
		}
		if code(printed) != 200 {
			t.Errorf("%s prints %s, which is refused", addr, printed)
		}
		for _, n := range names {
			if code(n+":"+port) != 200 {
				t.Errorf("%s does not answer to %s", addr, n)
			}
		}
		for _, n := range []string{"evil.example", "127.0.0.77", "0.0.0.0"} {
			if code(n+":"+port) != http.StatusMisdirectedRequest {
				t.Errorf("%s answers to %s", addr, n)
			}
		}
		l.Close()
	}
	if hosts := hostsOf(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 2), Port: 80}); !slices.Contains(hosts, "127.0.0.2") || !slices.Contains(hosts, "[::1]") {
		t.Errorf("port 80: %q", hosts)
	}
}
