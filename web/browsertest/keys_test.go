package browsertest

import (
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// typed is a press as a keyboard of some layout makes it.
type typed struct {
	key, code string
	modifiers int64 // 1 Alt, 2 Ctrl, 4 Meta, 8 Shift
	virtual   int64 // 229: an input method has it
	text      string
}

func (p *page) keyed(k typed) {
	p.t.Helper()
	down := input.DispatchKeyEventParams{Type: "rawKeyDown", Key: k.key, Code: k.code, Modifiers: k.modifiers, WindowsVirtualKeyCode: k.virtual}
	if k.text != "" {
		down.Type, down.Text = "keyDown", k.text
	}
	up := down
	up.Type, up.Text = "keyUp", ""
	for _, e := range []input.DispatchKeyEventParams{down, up} {
		if _, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, e); err != nil {
			p.t.Fatal(err)
		}
	}
}

// listen keeps what the page sends from now on.
func (p *page) listen() {
	p.t.Helper()
	p.js(`if (!window.sent) { const send = WebSocket.prototype.send; WebSocket.prototype.send = function (x) { window.sent.push(x); return send.call(this, x) } } window.sent = []`)
}

// sent is the first command of what has been sent, and forgets it all.
func (p *page) sent() string {
	p.t.Helper()
	p.painted()
	var c struct{ Cmd, By string }
	if first := eval[string](p, `window.sent.splice(0)[0] ?? "{}"`); json.Unmarshal([]byte(first), &c) != nil {
		p.t.Fatalf("sent %q", first)
	}
	return c.Cmd + c.By
}

// TestKeysOfOtherLayouts: the same keys of other keyboards, with Caps Lock on and
// with an input method at work.
func TestKeysOfOtherLayouts(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=4&prompt=Mia+has+three+apples.&step=3")
	p.at(3)
	p.listen()
	for _, c := range []struct {
		k    typed
		want string
	}{
		{typed{key: "t", code: "KeyT"}, "forwardtoken"},
		{typed{key: "T", code: "KeyT", modifiers: 8}, "backtoken"},
		{typed{key: "T", code: "KeyT"}, "forwardtoken"}, // Caps Lock
		{typed{key: "t", code: "KeyT", modifiers: 8}, "backtoken"},
		{typed{key: "е", code: "KeyT"}, "forwardtoken"}, // Russian
		{typed{key: "Е", code: "KeyT", modifiers: 8}, "backtoken"},
		{typed{key: "ㅅ", code: "KeyT"}, "forwardtoken"}, // Korean
		{typed{key: "ㅆ", code: "KeyT", modifiers: 8}, "backtoken"},
		{typed{key: "t", code: "KeyK"}, "forwardtoken"}, // Dvorak
		{typed{key: "ｔ", code: "KeyT"}, "forwardtoken"}, // full width
		{typed{key: "。", code: "Period"}, "pick"},
		{typed{key: "，", code: "Comma"}, "seek"},
		{typed{key: "ю", code: "Period"}, "seek"},
		{typed{key: "ArrowLeft", code: "ArrowLeft"}, "backlayer"},
		{typed{key: "t", code: "KeyT", modifiers: 1}, ""},
		{typed{key: "t", code: "KeyT", modifiers: 4}, ""},
		{typed{key: "е", code: "KeyT", modifiers: 2}, ""},
		{typed{key: "Dead", code: "KeyT"}, ""},
		{typed{key: "t", code: "KeyT", virtual: 229}, ""},
		{typed{key: "Process", code: "KeyT", virtual: 229}, ""},
		{typed{key: "§", code: "IntlBackslash"}, ""},
	} {
		p.keyed(c.k)
		if got := p.sent(); got != c.want {
			t.Errorf("%+v sends %q, want %q", c.k, got, c.want)
		}
	}
	p.keyed(typed{key: "？", code: "Slash", modifiers: 8})
	p.until(`document.getElementById("help").open`)
	p.keyed(typed{key: "е", code: "KeyT"})
	if got := p.sent(); got != "" {
		t.Errorf("a key sends %q from within the dialog", got)
	}
	p.clean()
}

// TestEnterOfAnInputMethod: Enter that confirms what is composed is not Enter.
func TestEnterOfAnInputMethod(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=zh&new=4")
	p.listen()
	enter := typed{key: "Enter", code: "Enter", virtual: 229, text: "\r"}
	for _, field := range []string{"prompt", "set-stop"} {
		p.js(`document.querySelector("[data-testid=settings]").open = ` + map[string]string{"prompt": "false", "set-stop": "true"}[field])
		p.focus(`[data-testid="` + field + `"]`)
		p.js(`document.activeElement.select()`)
		composed := input.ImeSetCompositionParams{Text: "xiaojun", SelectionStart: 7, SelectionEnd: 7}
		if _, err := chromedp.Call(p.ctx, input.ImeSetComposition, composed); err != nil {
			t.Fatal(err)
		}
		p.keyed(typed{key: "Enter", code: "Enter", virtual: 229}) // as Chromium tells it: still composing
		if _, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: "小军"}); err != nil {
			t.Fatal(err)
		}
		p.keyed(enter) // as Safari does: composed already, and only the code tells
		p.keyed(typed{key: "е", code: "KeyT"})
		if got := p.sent(); got != "" {
			t.Errorf("%s: confirming sends %q", field, got)
		}
		if got := eval[string](p, `document.activeElement.value`); got != "小军" {
			t.Errorf("%s holds %q", field, got)
		}
		plain := enter
		plain.virtual = 13
		p.keyed(plain)
		if got := p.sent(); got != "run" {
			t.Errorf("%s: Enter sends %q", field, got)
		}
	}
	p.clean()
}
