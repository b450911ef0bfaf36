package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"kvstep/sim/library"
	"kvstep/web"
	"kvstep/web/limits"

	"kvstep/web/wire"
)

// faulty is a browser whose server meets a fault in every link with this seed: its
// room tells of it and goes on with its default. It keeps what was opened.
const faulty = `(() => {
	const send = WebSocket.prototype.send;
	window.opens = () => JSON.parse(localStorage.getItem("opens") ?? "[]");
	WebSocket.prototype.send = function (text) {
		const c = JSON.parse(text);
		if (c.cmd === "open") localStorage.setItem("opens", JSON.stringify([...window.opens(), c.link]));
		if (c.cmd !== "open" || !c.link.includes("seed=66")) return send.call(this, text);
		this.onmessage({ data: JSON.stringify({ problem: "panic", args: { Where: "room", Recipe: c.link.slice(1) } }) });
		return send.call(this, JSON.stringify({ cmd: "open", link: "" }));
	};
})()`

func (p *page) before(script string) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		p.t.Fatal(err)
	}
}

// held waits for the notice of a link that is not opened.
func (p *page) held(want string) {
	p.t.Helper()
	p.until(`!document.getElementById("held").hidden`)
	if s := eval[string](p, `document.getElementById("held-title").textContent`); s != want {
		p.t.Errorf("the notice says %q, want %q", s, want)
	}
}

const hidden = `document.getElementById("held").hidden`

// TestAFaultIsToldAndNotRepeated: the page tells of it with the link to copy, and
// opens that link again when the person says so and at no other time.
func TestAFaultIsToldAndNotRepeated(t *testing.T) {
	t.Parallel()
	p := newPage(t, serve(t))
	p.before(faulty)
	bad := "/lab?lang=en&new=4&sampler=sample&seed=66&prompt=Mia+has+three+apples."
	opens := func(want int) {
		t.Helper()
		if got := eval[[]string](p, `window.opens().filter((l) => l.includes("seed=66"))`); len(got) != want {
			t.Errorf("opened %d times, want %d", len(got), want)
		}
	}
	p.do(chromedp.Navigate(p.base + bad))
	p.held("Something broke inside kvstep")
	p.until(`window.kvstepFrame()`) // the room goes on
	p.until(`!location.search.includes("seed=66")`)
	if link := eval[string](p, `document.querySelector("[data-testid=held-link]").value`); link != p.base+bad+"&show=history" { // the growth chart is open
		t.Errorf("the link to copy is %q", link)
	}
	p.axe("a fault")
	p.js(`document.querySelector("[data-testid=lang-zh]").click()`)
	p.until(`document.getElementById("held-title").textContent === "kvstep 内部出错"`)
	p.click("held-close")
	p.until(hidden)
	opens(1)

	p.do(chromedp.Navigate(p.base + bad)) // a reload, or the link once more
	p.held("Something broke inside kvstep")
	p.until(`document.querySelector("#transport [data-do=layer]").getAttribute("aria-disabled") === "true"`)
	opens(1)
	p.click("held-again")
	p.until(`window.kvstepFrame()`)
	p.held("Something broke inside kvstep")
	opens(2)

	p.do(chromedp.Navigate(p.base + bad))
	p.held("Something broke inside kvstep")
	p.click("held-fresh")
	p.until(hidden + ` && window.kvstepFrame()`)
	p.press("t")
	p.until(`window.kvstepFrame().meta.step?.part === "head"`)
	opens(2)
	p.clean()
}

// deadly is a listener of a server that dies of what a page sends on its websocket,
// and is there again at once.
type deadly struct {
	net.Listener
	on     atomic.Bool
	killed atomic.Int32
	asked  atomic.Int32 // connections
}

func (d *deadly) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	return &mortal{Conn: c, of: d}, err
}

type mortal struct {
	net.Conn
	of   *deadly
	live bool
}

func (m *mortal) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	if bytes.HasPrefix(b[:n], []byte("GET /live")) {
		m.live = true
		m.of.asked.Add(1)
	} else if m.live && n > 0 && b[0]&15 == 1 && m.of.on.Load() { // a text; a tab that goes says goodbye in another frame
		m.of.killed.Add(1)
		_ = m.Conn.(*net.TCPConn).SetLinger(0)
		_ = m.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

// TestALinkThatKillsItsServerIsAsked: after the second death the page connects and
// sends nothing, whether it is loaded again or not.
func TestALinkThatKillsItsServerIsAsked(t *testing.T) {
	t.Parallel()
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &deadly{Listener: l}
	d.on.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- web.Serve(ctx, d, library.New(), web.Lessons(), "test", limits.Default()) }()
	t.Cleanup(func() { cancel(); <-done })
	p := newPage(t, "http://"+l.Addr().String())
	const link = "/lab?lang=en&new=4&prompt=Mia+has+three+apples.&step=7"
	for range 2 {
		p.do(chromedp.Navigate(p.base + link))
		p.held("Is it this link that stops the server?")
		p.until(`document.getElementById("offline").hidden`) // it is connected, and has sent nothing
		if n := d.killed.Load(); n != 2 {
			t.Fatalf("%d deaths", n)
		}
	}
	p.axe("a link that kills")
	if s := os.Getenv("KVSTEP_HOLD"); s != "" { // for docs/reliability.md
		hold, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(hold)
		t.Logf("%s later: %d deaths, %d connections", hold, d.killed.Load(), d.asked.Load())
	}
	d.on.Store(false)
	p.click("held-again")
	p.until(hidden)
	p.at(7)
	if n := d.asked.Load(); n > 6 {
		t.Errorf("%d connections", n)
	}
}

// TestALinkThatIsTooLong is told, and not sent at all.
func TestALinkThatIsTooLong(t *testing.T) {
	t.Parallel()
	p := newPage(t, serve(t))
	p.before(faulty)
	p.do(chromedp.Navigate(p.base + "/lab?lang=en&prompt=" + strings.Repeat("a", wire.MaxCommandBytes)))
	p.held("This link is too long")
	if eval[bool](p, `document.querySelector("[data-testid=held-again]").checkVisibility()`) {
		t.Error("it is offered once more")
	}
	p.click("held-fresh")
	p.until(hidden + ` && window.kvstepFrame()`)
	// What is typed in is as long, and costs neither the run nor the connection.
	p.js(fmt.Sprintf(`document.querySelector("[data-testid=prompt]").value = "字".repeat(%d)`, wire.MaxCommandBytes/3))
	p.submit("#recipe")
	p.until(`!document.getElementById("problem").hidden`)
	if s := p.text("problem"); !strings.Contains(s, "266,240") {
		t.Errorf("told %q", s)
	}
	p.refused("prompt")
	p.press("\t")
	p.clean()
}
