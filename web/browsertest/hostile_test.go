package browsertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// costly are addresses that would run the engine, open a model or draw.
var costly = []string{
	"/lab?model=victim&prompt=Once&new=300&step=99999", "/variants?model=victim&prompt=Once&new=300", "/plots?model=victim&new=400", "/plot/step-flops.svg?model=victim&new=400",
	"/plot/speedup.png?new=400", "/weights?model=victim&layer=0&op=w_q", "/take/html?model=victim&new=300&to=99999", "/take/safetensors?model=victim&new=300&to=99999",
	"/take/csv?model=victim&new=2&step=5", "/take/qr?model=victim", "/plots/measure?model=victim&new=200",
}

// hostile is a page that asks for an address in every way that a page has, without
// anybody touching it. It says in "done" how much it could read or load.
const hostile = `<!doctype html><title>hostile</title><body><script>
const target = %q, costly = %s, got = [];
const wait = (e, load = "load") => new Promise((done) => { e.addEventListener(load, () => { got.push(e.tagName + " " + (e.src || e.href || e.data)); done(); }); e.addEventListener("error", done); setTimeout(done, 4000); });
const make = (tag, set) => { const e = document.createElement(tag); const w = wait(e, tag === "video" ? "loadeddata" : "load"); Object.assign(e, set); document.body.append(e); return w; };
let frames = 0;
const form = (method, url) => {
  const name = "frame" + frames++;
  const frame = document.createElement("iframe");
  frame.name = name;
  document.body.append(frame);
  const f = document.createElement("form");
  [f.method, f.target] = [method, name];
  const [path, query] = url.split("?");
  f.action = method === "get" ? path : url;
  if (method === "get") for (const [k, v] of new URLSearchParams(query)) { const i = document.createElement("input"); [i.type, i.name, i.value] = ["hidden", k, v]; f.append(i); }
  document.body.append(f);
  f.submit();
};
const read = (url, how) => fetch(url, how).then(async (r) => { if (r.type !== "opaque") got.push("fetch " + url + " " + r.status); }, () => {});
const socket = (url) => new Promise((done) => { const s = new WebSocket(url); s.onopen = () => { got.push("socket"); s.send('{"cmd":"open","link":"?model=victim"}'); done(); }; s.onerror = done; setTimeout(done, 4000); });
const all = [socket(target.replace("http", "ws") + "/live"), socket(target.replace("http", "ws") + "/live?room=class")];
for (const path of costly) {
  const url = target + path;
  all.push(make("img", {src: url}), make("script", {src: url}), make("link", {rel: "stylesheet", href: url}), make("video", {src: url}));
  all.push(read(url, {mode: "no-cors"}), read(url, {mode: "cors"}), read(url, {mode: "no-cors", method: "POST", body: "x"}), read(url, {mode: "no-cors", credentials: "include"}));
  navigator.sendBeacon(url, "x");
  document.body.append(Object.assign(document.createElement("iframe"), {src: url}));
  document.body.append(Object.assign(document.createElement("iframe"), {src: url, sandbox: "allow-scripts allow-forms"}));
  document.body.append(Object.assign(document.createElement("object"), {data: url}));
  document.body.append(Object.assign(document.createElement("link"), {rel: "prefetch", href: url}));
  form("get", url);
  form("post", url);
}
Promise.all(all).then(() => setTimeout(() => { window.done = got; }, 500));
</script></body>`

// hostileOn serves that page under a name of this machine and gives its address.
func hostileOn(t *testing.T, host, target string) string {
	t.Helper()
	quoted := `["` + strings.Join(costly, `","`) + `"]`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Referrer-Policy", "unsafe-url")
		switch r.URL.Path {
		case "/lead":
			fmt.Fprintf(w, `<!doctype html><title>lead</title><a id="go" href="%s/?model=victim&amp;prompt=Once+upon&amp;new=3&amp;step=2&amp;lang=en">go</a>`, target)
		default:
			fmt.Fprintf(w, hostile, target, quoted)
		}
	}))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	return "http://" + net.JoinHostPort(host, port)
}

// TestAHostilePage: a page of another site, of another server of this machine, and one
// that has its own name point here, cost nothing, open nothing, read nothing, and change
// nothing of a run that somebody looks at meanwhile.
func TestAHostilePage(t *testing.T) {
	t.Parallel()
	server := startChild(t)
	student := openOn(t, server.base, "/lab?lang=en&new=3&step=4")
	student.at(4)
	seen := func() string {
		return eval[string](student, `JSON.stringify([kvstepFrame().meta.seq, kvstepFrame().meta.step, location.search])`)
	}
	time.Sleep(300 * time.Millisecond) // its address has settled
	before := seen()
	sources := map[string]string{"cross-site": hostileOn(t, "localhost", server.base), "same-site": hostileOn(t, "127.0.0.1", server.base)}
	for name, source := range sources {
		p := newPage(t, source)
		started, opened := server.used()
		p.do(chromedp.Navigate(source + "/"))
		deadline := time.Now().Add(patience)
		for !eval[bool](p, `window.done !== undefined`) && time.Now().Before(deadline) {
			time.Sleep(100 * time.Millisecond)
		}
		if got := eval[string](p, `JSON.stringify(window.done ?? ["never done"])`); got != "[]" {
			t.Errorf("%s: the page has got %s", name, got)
		}
		ended, now := server.used()
		t.Logf("%s: %d addresses in 15 ways cost %v of processor", name, len(costly), ended-started)
		// Refusing costs some 0.1 ms each; one run of one of them would be a second.
		if ended-started > 300*time.Millisecond || now != opened {
			t.Errorf("%s: it cost %v, and %d models were opened", name, ended-started, now-opened)
		}
	}
	// A name of its own that now points here.
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(server.base, "http://"))
	rebound := newPage(t, "http://rebound.example:"+port)
	started, opened := server.used()
	for _, path := range costly {
		status := func() int {
			rebound.do(chromedp.Navigate("http://rebound.example:" + port + path))
			return eval[int](rebound, `performance.getEntriesByType("navigation")[0].responseStatus`)
		}()
		if status != http.StatusMisdirectedRequest {
			t.Errorf("rebound %s: %d", path, status)
		}
	}
	if got := eval[int](rebound, `fetch("/take/csv?model=victim&step=1").then((r) => r.status)`); got != http.StatusMisdirectedRequest {
		t.Errorf("rebound: a file: %d", got)
	}
	if got := eval[bool](rebound, `new Promise((done) => { const s = new WebSocket("ws://rebound.example:`+port+`/live"); s.onopen = () => done(true); s.onerror = () => done(false); })`); got {
		t.Error("rebound: a socket opens")
	}
	ended, now := server.used()
	t.Logf("rebound: %v of processor", ended-started)
	if ended-started > 300*time.Millisecond || now != opened {
		t.Errorf("rebound: it cost %v, and %d models were opened", ended-started, now-opened)
	}
	if after := seen(); after != before {
		t.Errorf("the student's page has changed from %s to %s", before, after)
	}
	student.click("do-layer") // and goes on
	student.at(5)
	student.clean()
}

// TestALinkOfAnotherSiteWaitsForAPress: it is shown and runs nothing; Enter on its one
// button, the first thing that Tab reaches, runs the whole link; so does a link that was
// typed, at once.
func TestALinkOfAnotherSiteWaitsForAPress(t *testing.T) {
	t.Parallel()
	server := startChild(t)
	p := newPage(t, server.base)
	p.do(chromedp.Navigate(hostileOn(t, "localhost", server.base) + "/lead"))
	p.js(`document.getElementById("go").click()`)
	p.arrives(`document.querySelector("[data-testid=waits-run]")`)
	if s := p.text("waits-prompt"); s != "Once upon" {
		t.Errorf("it says that it would run %q", s)
	}
	if n := eval[int](p, `document.querySelectorAll("button.primary").length`); n != 1 {
		t.Errorf("%d primary buttons", n)
	}
	p.axe("a link that waits")
	if dir := os.Getenv("KVSTEP_SCREENSHOTS"); dir != "" {
		png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "waits-1440-light-en.png"), png, 0o644)
		}
		if err != nil {
			t.Error(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	if _, opened := server.used(); opened != 0 {
		t.Errorf("%d models were opened before the press", opened)
	}
	p.press("\t")
	if on := eval[string](p, `document.activeElement.dataset.testid ?? ""`); on != "waits-run" {
		t.Errorf("Tab leads to %q", on)
	}
	p.press("\r")
	p.arrives(`location.pathname === "/lab" && window.kvstepFrame?.()?.meta.step?.n === 2`)
	if got := eval[[]string](p, `[kvstepFrame().meta.run.model, kvstepFrame().meta.run.recipe.prompt, String(kvstepFrame().meta.run.recipe.max_new)]`); got[0] != "victim" || got[1] != "Once upon" || got[2] != "3" {
		t.Errorf("the press runs %q", got)
	}
	p.mu.Lock()
	p.foreign = nil // it came from there
	p.mu.Unlock()
	p.clean()
	typed := openOn(t, server.base, "/lab?model=victim&prompt=Once+upon&new=3&step=2&lang=en") // what the address bar does
	typed.at(2)
	typed.clean()
}

// arrives waits for a condition on the page that a navigation leads to: while the browser
// goes from one site to another there is nothing to ask.
func (p *page) arrives(condition string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+condition+")"))
		cancel()
		if err == nil && there {
			return
		}
	}
	p.t.Fatalf("never true: %s", condition)
}

// TestNoMarkupFromText: no script of the pages can make markup or code out of text, should
// one ever be tricked into trying.
func TestNoMarkupFromText(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/lab?lang=en&new=2", "/plots?new=8"} {
		p := newPage(t, serve(t))
		p.do(chromedp.Navigate(p.base + path))
		for _, attempt := range []string{
			`document.createElement("div").innerHTML = "<b>x</b>"`, `document.createElement("script").src = "/static/js/main.js"`, `new DOMParser().parseFromString("<b>x</b>", "text/html")`,
			`document.body.insertAdjacentHTML("beforeend", "<b>x</b>")`, `trustedTypes.createPolicy("any", {createHTML: (s) => s})`,
		} {
			if got := eval[string](p, `(() => { try { `+attempt+`; return "made"; } catch (e) { return e.name; } })()`); got != "TypeError" {
				t.Errorf("%s: %s: %s", path, attempt, got)
			}
		}
	}
}
