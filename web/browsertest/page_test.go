// Package browsertest drives the page in a real Chromium, as a student would,
// and compares what it shows with the run itself.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim/library"
	"kvstep/web"
	"kvstep/web/limits"
)

// findChromium is the browser's path, or skips (make test requires it). A benchmark says which
// one it is: the headless shell is the same engine without the browser around it.
func findChromium(t testing.TB) string {
	t.Helper()
	if os.Getenv("KVSTEP_BROWSER") == "skip" {
		skip(t, "make test runs these by themselves")
	}
	browsers, shells := []string{"chromium", "chromium-browser", "google-chrome"}, []string{"chromium-headless-shell", "chrome-headless-shell"}
	_, measures := t.(*testing.B)
	names := append(shells, browsers...) // which take twice as long
	if measures {
		names = append(browsers, shells...)
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			if measures {
				named.Do(func() { fmt.Fprintln(os.Stderr, "measured in", name) })
			}
			return path
		}
	}
	if os.Getenv("KVSTEP_BROWSER") == "require" {
		t.Fatal("no Chromium found: install Debian's package chromium")
	}
	skip(t, "no Chromium on this machine")
	return ""
}

var named sync.Once

// skip skips a test, or a benchmark, of which go test says nothing by itself.
func skip(t testing.TB, why string) {
	t.Helper()
	if _, measures := t.(*testing.B); measures {
		fmt.Fprintf(os.Stderr, "%s is skipped: %s\n", t.Name(), why)
	}
	t.Skip("skipped: " + why)
}

// page is one tab on a server of its own, watched for errors and for requests
// to other hosts.
type page struct {
	t    testing.TB
	ctx  context.Context
	base string

	mu      sync.Mutex // the listener runs in the browser's own goroutine
	errors  []string
	foreign []string
}

func serve(t testing.TB) string {
	t.Helper()
	return serveModels(t, library.New())
}

func serveModels(t testing.TB, models *library.Library) string {
	t.Helper()
	return serveWithin(t, models, limits.Default())
}

func serveWithin(t testing.TB, models *library.Library, within limits.Limits) string {
	t.Helper()
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- web.Serve(ctx, l, models, web.Lessons(), "test", within) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

func open(t testing.TB, path string) *page {
	t.Helper()
	return openOn(t, serve(t), path)
}

func openOn(t testing.TB, base, path string) *page {
	t.Helper()
	p := newPage(t, base)
	p.do(chromedp.Navigate(base + path))
	p.until(`document.querySelector("[data-testid=timeline]").getAttribute("aria-valuemax") !== "0"`)
	return p
}

// browsers are those of the tests that run at once, one each: what has the focus and what is on
// the screen is a browser's own affair. Each is started when it is first needed.
var browsers struct {
	sync.Mutex
	idle, all []*chromium
	of        map[string]*chromium // by the name of the test that has it
}

type chromium struct {
	ctx  context.Context
	stop func()
}

// browserOf returns the browser that a test, or the one that it is a part of, has until its end.
func browserOf(t testing.TB) *chromium {
	t.Helper()
	browsers.Lock()
	defer browsers.Unlock()
	name, _, _ := strings.Cut(t.Name(), "/")
	if b := browsers.of[name]; b != nil {
		return b
	}
	var b *chromium
	if n := len(browsers.idle); n > 0 {
		b, browsers.idle = browsers.idle[n-1], browsers.idle[:n-1]
	} else {
		ctx, stop, err := start(findChromium(t))
		if err != nil {
			t.Fatal(err)
		}
		b = &chromium{ctx, stop}
		browsers.all = append(browsers.all, b)
	}
	if browsers.of == nil {
		browsers.of = map[string]*chromium{}
	}
	browsers.of[name] = b
	t.Cleanup(func() {
		browsers.Lock()
		defer browsers.Unlock()
		delete(browsers.of, name)
		browsers.idle = append(browsers.idle, b)
	})
	return b
}

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		if err := serveChild(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	for _, b := range browsers.all {
		b.stop()
	}
	os.Exit(code)
}

// start starts a Chromium.
func start(path string) (ctx context.Context, stop func(), err error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en-US"),
		chromedp.Flag("host-resolver-rules", "MAP rebound.example 127.0.0.1"), chromedp.WindowSize(1440, 900))
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopTab := chromedp.NewContext(alloc)
	return ctx, func() { stopTab(); stopAlloc() }, chromedp.Do(ctx)
}

// tab is an empty tab of a new profile: nothing that another test stored is there.
// A benchmark has a browser of its own, which it may count.
func tab(t testing.TB) context.Context {
	t.Helper()
	if _, counts := t.(*testing.B); counts {
		ctx, stop, err := start(findChromium(t))
		t.Cleanup(stop)
		if err != nil {
			t.Fatal(err)
		}
		return ctx
	}
	ctx, stop := chromedp.NewContext(browserOf(t).ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	return ctx
}

// newPage is an empty tab.
func newPage(t testing.TB, base string) *page {
	t.Helper()
	ctx := tab(t)
	p := &page{t: t, ctx: ctx, base: base}
	if err := chromedp.Listen(ctx, p.watch); err != nil {
		t.Fatal(err)
	}
	for _, enable := range []cdp.Command[cdp.Empty, cdp.Empty]{log.Enable, runtime.Enable} {
		if _, err := chromedp.Call(ctx, enable, cdp.Empty{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return p
}

// watch collects what must not happen on the page.
func (p *page) watch(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, fmt.Sprintf("%s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			p.errors = append(p.errors, fmt.Sprintf("console.%s %+v", e.Type, e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			p.errors = append(p.errors, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, p.base+"/") && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
			p.foreign = append(p.foreign, u)
		}
	case *network.EventWebSocketCreated:
		if !strings.HasPrefix(e.URL, strings.Replace(p.base, "http", "ws", 1)+"/") {
			p.foreign = append(p.foreign, e.URL)
		}
	}
}

// clean fails on console errors and on any request to another host.
func (p *page) clean() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.errors {
		p.t.Errorf("console: %s", e)
	}
	for _, u := range p.foreign {
		p.t.Errorf("request to another host: %s", u)
	}
}

// patience is how long anything on a page may take before it never comes. What comes costs
// nothing of it, and a machine that is busy with other tests is no fault of the page.
const patience = 90 * time.Second

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// eval is the value of a JavaScript expression; a promise is awaited.
func eval[T any](p *page, script string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%.300s: %v", script, err)
	}
	return v
}

// js runs a script for its effect.
func (p *page) js(script string) {
	p.t.Helper()
	_ = eval[bool](p, "(() => {"+script+"; return true})()")
}

// onScreen is whether everything that the page knows is painted; other pages than
// the run's paint at once.
const onScreen = `(window.kvstepPainted?.() ?? true)`

// painted waits until what the store holds is on the screen.
func (p *page) painted() {
	p.t.Helper()
	_ = eval[bool](p, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`) // what was pressed has reached the store
	p.until("true")
}

// until waits for a JavaScript condition, and until what made it true is painted. The page
// itself looks, and is asked again where it goes meanwhile.
func (p *page) until(condition string) {
	p.t.Helper()
	look := `new Promise((done, fail) => {
		const end = performance.now() + 2000;
		const look = () => {
			try {
				if (Boolean(` + condition + `) && ` + onScreen + `) done(true);
				else if (performance.now() > end) done(false);
				else setTimeout(look, 10);
			} catch (e) {
				fail(e);
			}
		};
		look();
	})`
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](look, chromedp.EvalAwaitPromise))
		cancel()
		switch {
		case err != nil && !leftPage.MatchString(err.Error()):
			p.t.Fatalf("%.300s: %v", condition, err)
		case is:
			return
		}
	}
	state := eval[string](p, `document.querySelector("[data-testid=sentence]").textContent + " | " + document.getElementById("problem-text").textContent + " | " + location.search`)
	p.t.Fatalf("never true: %s; the page says %q; errors %v", condition, state, p.errors)
}

// leftPage are the words in which a browser says that a page went while it was asked.
var leftPage = regexp.MustCompile(`context was destroyed|Promise was collected|navigated or closed|Cannot find context`)

func (p *page) text(testid string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf(`document.querySelector("[data-testid='%s']").innerText`, testid))
}

func (p *page) click(testid string) {
	p.t.Helper()
	it := fmt.Sprintf(`[data-testid="%s"]`, testid)
	if strings.HasPrefix(testid, "lang-") && eval[bool](p, `document.querySelector('`+it+`').ariaPressed === "true"`) {
		return // the page shows no button for the language that it has
	}
	p.reveal(it)
	p.do(chromedp.Click(chromedp.CSS(it)))
}

// reveal opens whatever an element is folded away in, by the buttons that are there for it.
func (p *page) reveal(selector string) {
	p.t.Helper()
	p.js(fmt.Sprintf(`
		const it = document.querySelector(%q), around = [];
		for (let e = it?.checkVisibility() ? null : it?.parentElement; e; e = e.parentElement) around.unshift(e);
		for (const e of around)
			if (e.tagName === "DETAILS" && !e.open && e !== it.closest("summary")?.parentElement) e.querySelector("summary").click();
			else if (e.id && !e.checkVisibility()) document.querySelector("[aria-expanded=false][aria-controls=" + e.id + "]")?.click();`, selector))
}

// fill types over what a field holds.
func (p *page) fill(testid, value string) {
	p.t.Helper()
	field := fmt.Sprintf(`[data-testid="%s"]`, testid)
	p.reveal(field)
	p.js(fmt.Sprintf(`const f = document.querySelector(%q); f.focus(); f.select()`, field))
	p.press(kb.Backspace)
	p.do(chromedp.SendKeys(chromedp.CSS(field), value))
}

func (p *page) focus(selector string) {
	p.t.Helper()
	p.reveal(selector)
	p.do(chromedp.Focus(chromedp.CSS(selector)))
}

func (p *page) press(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

func (p *page) theme(name string) {
	p.t.Helper()
	p.js(fmt.Sprintf(`const s = document.getElementById("theme"); s.value = %q; s.dispatchEvent(new Event("change"))`, name))
}

// at waits until the cursor stands at step n and it is painted.
func (p *page) at(n int) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.querySelector("[data-testid=timeline]").getAttribute("aria-valuenow") === "%d"`, n))
}
