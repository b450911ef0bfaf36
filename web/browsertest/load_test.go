package browsertest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// fast3G is what the developer tools of Chromium call Fast 3G (since 2024 Slow 4G): 1.6 Mbit/s
// down and 750 kbit/s up, nine tenths of each, and 3.75 times 150 ms before an answer begins.
var fast3G = network.Conditions{Latency: 562.5, DownloadThroughput: 180_000, UploadThroughput: 84_375}

// loaded is one answer that a page has fetched.
type loaded struct {
	path   string
	status int64  // that the network gave, where the browser's own store gives 200
	coding string // Content-Encoding
	bytes  int    // of head and body as they came over the network; 0: from the browser's own store
	kept   bool   // out of the browser's own store
}

// transfers are what a page has fetched since it was asked last.
type transfers struct {
	mu   sync.Mutex
	all  map[network.RequestID]*loaded
	live int // bytes of messages that the socket has brought
}

// transfers begins to count what the page fetches.
func (p *page) transfers() *transfers {
	p.t.Helper()
	n := &transfers{all: map[network.RequestID]*loaded{}}
	if err := chromedp.Listen(p.ctx, func(event any) {
		n.mu.Lock()
		defer n.mu.Unlock()
		of := func(id network.RequestID) *loaded {
			if n.all[id] == nil {
				n.all[id] = &loaded{}
			}
			return n.all[id]
		}
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			of(e.RequestID).path = strings.TrimPrefix(e.Request.URL, p.base)
		case *network.EventResponseReceived:
			l := of(e.RequestID)
			l.kept = l.kept || e.Response.FromDiskCache
			l.status = cmp.Or(l.status, e.Response.Status)
			for name, value := range e.Response.Headers {
				if strings.EqualFold(name, "Content-Encoding") {
					l.coding = strings.Trim(fmt.Sprintf("%s", value), `"`)
				}
			}
		case *network.EventResponseReceivedExtraInfo:
			of(e.RequestID).status = e.StatusCode
		case *network.EventRequestServedFromCache:
			of(e.RequestID).kept = true
		case *network.EventLoadingFinished:
			of(e.RequestID).bytes = int(e.EncodedDataLength)
		case *network.EventWebSocketFrameReceived:
			n.live += len(e.Response.PayloadData)
		}
	}); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// take returns the answers so far, by their address, but for what the page asks for when its first step can
// be pressed, and forgets them.
func (n *transfers) take() (all []loaded, bytes, live int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range slices.SortedFunc(maps.Values(n.all), func(a, b *loaded) int { return strings.Compare(a.path, b.path) }) {
		if strings.HasPrefix(l.path, "/bundle/later.") { // asked for when the first step can be pressed
			continue
		}
		all, bytes = append(all, *l), bytes+l.bytes
	}
	n.all, live, n.live = map[network.RequestID]*loaded{}, n.live, 0
	return all, bytes, live
}

// noteReady makes every page note when its first step can be pressed.
const noteReady = `(() => {
	const look = setInterval(() => {
		if (!window.kvstepFrame?.() || !window.kvstepReady()) return;
		clearInterval(look);
		window.readyAfter = performance.now();
	}, 2);
})()`

// load goes to an address and returns the milliseconds until its first step can be pressed.
func (p *page) load(path string) float64 {
	p.t.Helper()
	p.do(chromedp.Navigate(p.base + path))
	p.until(`window.readyAfter`)
	return eval[float64](p, `window.readyAfter`)
}

// visit is a tab that notes when its pages are ready, and what they fetch.
func visit(t testing.TB, base string) (*page, *transfers) {
	t.Helper()
	p := newPage(t, base)
	script := cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: noteReady}
	if _, err := chromedp.Call(p.ctx, cdppage.AddScriptToEvaluateOnNewDocument, script); err != nil {
		t.Fatal(err)
	}
	return p, p.transfers()
}

// maxFirstLoad is the bar of all that is fetched until the first step can be pressed, in bytes
// as they travel, heads of answers and the first frame included.
const maxFirstLoad = 160_000

// TestFirstLoad: the page asks for five things, each once and packed, and for the page alone
// when it comes again, which is told that nothing has changed.
func TestFirstLoad(t *testing.T) {
	t.Parallel()
	base := serve(t)
	for _, lang := range []string{"en", "zh"} {
		p, n := visit(t, base)
		p.load("/lab?lang=" + lang)
		all, bytes, live := n.take()
		if len(all) != 5 || bytes+live > maxFirstLoad {
			t.Errorf("%d requests, %d bytes and %d of the first frame: %+v", len(all), bytes, live, all)
		}
		for _, l := range all {
			if l.status != 200 || l.coding != "br" || l.kept || l.bytes == 0 {
				t.Errorf("the first visit: %+v", l)
			}
		}
		t.Logf("%s: %d bytes, the first frame %d", lang, bytes, live)
		p.do(chromedp.Navigate("about:blank"))
		n.take()
		p.load("/lab?lang=" + lang)
		again, _, _ := n.take()
		for _, l := range again {
			if page := strings.HasPrefix(l.path, "/lab?"); page && (l.status != 304 || l.bytes > 1000) || !page && (l.bytes != 0 || !l.kept) {
				t.Errorf("the second visit: %+v", l)
			}
		}
		if len(again) != 5 {
			t.Errorf("the second visit: %+v", again)
		}
		p.click("lang-" + map[string]string{"en": "zh", "zh": "en"}[lang])
		p.until(`!document.documentElement.lang.startsWith("` + lang + `")`)
		if other, _, _ := n.take(); len(other) != 1 || !strings.HasPrefix(other[0].path, "/text/") || strings.Count(other[0].path, ".") != 2 {
			t.Errorf("the other language: %+v", other)
		}
		p.clean()
	}
}

// BenchmarkFirstLoad is from navigation to where the first step can be pressed, over a network
// as slow as Fast 3G: the first visit, and the second with what the browser has kept.
func BenchmarkFirstLoad(b *testing.B) {
	base := serve(b)
	var first, again []float64
	var bytes, live, later int
	for b.Loop() {
		p, n := visit(b, base)
		slow := network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{&fast3G}}
		if _, err := chromedp.Call(p.ctx, network.EmulateNetworkConditionsByRule, slow); err != nil {
			b.Fatal(err)
		}
		first = append(first, p.load("/lab?lang=en"))
		_, bytes, live = n.take()
		p.do(chromedp.Navigate("about:blank"))
		n.take()
		again = append(again, p.load("/lab?lang=en"))
		_, later, _ = n.take()
	}
	b.ReportMetric(quantile(first, 0.5), "ms/first-p50")
	b.ReportMetric(slices.Max(first), "ms/first-max")
	b.ReportMetric(quantile(again, 0.5), "ms/again-p50")
	b.ReportMetric(float64(bytes), "bytes/first")
	b.ReportMetric(float64(live), "bytes/first-frame")
	b.ReportMetric(float64(later), "bytes/again")
}
