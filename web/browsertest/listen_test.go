package browsertest

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var writeWalk = flag.Bool("write", false, "write docs/listening.md")

// heard is a page as its accessibility tree has it: what a screen reader gets.
type heard struct {
	nodes map[accessibility.NodeID]*accessibility.Node
	root  accessibility.NodeID
}

func (p *page) tree() heard {
	p.t.Helper()
	tree, err := chromedp.Call(p.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		p.t.Fatal(err)
	}
	h := heard{nodes: map[accessibility.NodeID]*accessibility.Node{}, root: tree.Nodes[0].NodeID}
	for _, n := range tree.Nodes {
		h.nodes[n.NodeID] = n
	}
	return h
}

// word returns a value of the tree as text.
func word(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s any
	if json.Unmarshal(v.Value, &s) != nil || s == nil {
		return ""
	}
	return strings.Join(strings.Fields(fmt.Sprint(s)), " ")
}

func property(n *accessibility.Node, name string) string {
	for _, p := range n.Properties {
		if string(p.Name) == name {
			return word(p.Value)
		}
	}
	return ""
}

// each goes through the tree in the order in which it is read, until visit says not to go into a node.
func (h heard) each(at accessibility.NodeID, visit func(n *accessibility.Node) bool) {
	n := h.nodes[at]
	if n == nil || (!visit(n) && !n.Ignored) {
		return
	}
	for _, child := range n.ChildIDs {
		h.each(child, visit)
	}
}

// text returns all that is written in a node.
func (h heard) text(at accessibility.NodeID) string {
	var all []string
	h.each(at, func(n *accessibility.Node) bool {
		if s := ""; word(n.Role) == "StaticText" && !n.Ignored && json.Unmarshal(n.Name.Value, &s) == nil {
			all = append(all, s)
		}
		return word(n.Role) != "StaticText"
	})
	return strings.Join(strings.Fields(strings.Join(all, "")), " ")
}

// live returns the regions that speak by themselves, each with its text.
func (h heard) live() map[accessibility.NodeID]string {
	all := map[accessibility.NodeID]string{}
	h.each(h.root, func(n *accessibility.Node) bool {
		live := property(n, "live")
		if n.Ignored || (live != "polite" && live != "assertive") {
			return true
		}
		switch word(n.Role) {
		case "status", "alert", "log":
			all[n.NodeID] = h.text(n.NodeID)
			return false
		}
		return true
	})
	return all
}

// outline returns landmarks and headings, in the order in which a screen reader goes through them.
func (h heard) outline() (lines []string) {
	landmarks := []string{"banner", "main", "contentinfo", "navigation", "region", "form", "dialog"}
	depth := 0
	var walk func(at accessibility.NodeID)
	walk = func(at accessibility.NodeID) {
		n := h.nodes[at]
		if n == nil {
			return
		}
		role, name := word(n.Role), word(n.Name)
		is := !n.Ignored && slices.Contains(landmarks, role)
		if !n.Ignored && (is || role == "heading") {
			if role == "heading" {
				role += " " + property(n, "level")
			}
			lines = append(lines, strings.Repeat("  ", depth)+"- "+strings.TrimSuffix(role+": "+name, ": "))
		}
		if is {
			depth++
		}
		for _, child := range n.ChildIDs {
			walk(child)
		}
		if is {
			depth--
		}
	}
	walk(h.root)
	return lines
}

// focused returns what is said of the element that has the focus.
func (h heard) focused() string {
	said := ""
	for _, n := range h.nodes {
		if property(n, "focused") == "true" && word(n.Role) != "RootWebArea" {
			said = word(n.Role) + ": " + word(n.Name)
			v := word(n.Value)
			if text := property(n, "valuetext"); text != "" {
				v = text
			}
			if v != "" && v != word(n.Name) {
				said += " = " + v
			}
			said = strings.Replace(said, "DisclosureTriangle", "folded", 1)
			if d := word(n.Description); d != "" {
				said += " (" + d + ")"
			}
		}
	}
	return said
}

// rewrites watches for regions that speak by themselves and are given the text again that they have.
const rewrites = `
	const live = (n) => (n instanceof Element ? n : n.parentElement)?.closest("[role=status], [role=alert], output:not([aria-live=off])");
	const before = new Map([...document.querySelectorAll("[role=status], [role=alert], output")].map((e) => [e, e.textContent]));
	const written = new Set();
	window.kvstepListener?.disconnect();
	window.kvstepListener = new MutationObserver((all) => all.forEach((m) => live(m.target) && written.add(live(m.target))));
	kvstepListener.observe(document.body, {subtree: true, childList: true, characterData: true});
	window.kvstepRewritten = () => [...written].filter((e) => e.checkVisibility() && e.textContent.trim() && e.textContent === before.get(e)).map((e) => e.textContent)`

// walk is a run as somebody hears it: what each press makes the page say.
type walk struct {
	p     *page
	lines []string
	said  []string // all announcements
	live  map[accessibility.NodeID]string
	focus string
}

// press does something, waits until it is on screen, and writes down what is said of it.
func (w *walk) press(what string, do func()) {
	w.p.t.Helper()
	w.p.js(rewrites)
	do()
	w.p.painted()
	for _, text := range eval[[]string](w.p, `kvstepRewritten()`) {
		w.p.t.Errorf("%s: what was said is written anew, and may be said again: %s", what, text)
	}
	h := w.p.tree()
	now := h.live()
	var said []string
	if f := h.focused(); f != w.focus && f != "" {
		said, w.focus = append(said, "*"+f+"*"), f
	}
	h.each(h.root, func(n *accessibility.Node) bool {
		if text, is := now[n.NodeID]; is && text != "" && text != w.live[n.NodeID] {
			said, w.said = append(said, text), append(w.said, text)
		}
		return true
	})
	if w.live = now; len(said) == 0 {
		said = []string{"(nothing)"}
	}
	w.lines = append(w.lines, fmt.Sprintf("| %s | %s |", what, strings.ReplaceAll(strings.Join(said, "<br>"), "|", `\|`)))
}

// TestListening: docs/listening.md is a run as a screen reader hears it, in both languages, made from the
// accessibility tree of the page. What speaks by itself has sentences of at most 15 words.
func TestListening(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "listening.md")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	intro, _, _ := strings.Cut(string(before), "\n## ")
	doc := intro
	for _, lang := range []string{"en", "zh"} {
		doc += "\n" + listenTo(t, lang)
	}
	if *writeWalk {
		if err := os.WriteFile(path, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if doc != string(before) {
		a, b := strings.Split(doc, "\n"), strings.Split(string(before), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Errorf("docs/listening.md is stale (go test ./web/browsertest -run Listening -args -write), line %d:\n%s\n%s", i+1, a[i], b[i])
				break
			}
		}
		if len(a) != len(b) {
			t.Errorf("docs/listening.md is stale: %d lines, now %d", len(b), len(a))
		}
	}
}

func listenTo(t *testing.T, lang string) string {
	p := newPage(t, serve(t))
	p.do(chromedp.EmulateViewport(1440, 900), chromedp.Navigate(p.base+"/lab?lang="+lang+"&new=3"))
	p.until(`!!window.kvstepFrame?.() && kvstepFrame().meta.run.recipe.max_new === 3 && document.documentElement.dataset.lang === "` + lang + `"`)
	w := &walk{p: p}
	w.live = p.tree().live()
	perPass := stepsPerPass(t)
	step := -1
	to := func(key string, by int) func() {
		return func() { step += by; p.press(key); p.at(step) }
	}
	w.press("→ (layer 0 of prefill)", to(kb.ArrowRight, 1))
	title := map[string]string{"en": "English", "zh": "中文"}[lang]
	doc := fmt.Sprintf("## %s\n\n### The page, by its landmarks and headings\n\n%s\n", title, strings.Join(p.tree().outline(), "\n"))
	doc += "\n### Tab, as far as the picture\n\n"
	said := ""
	for range 16 {
		p.press(kb.Tab)
		said = p.tree().focused()
		doc += "- " + said + "\n"
		if eval[bool](p, `!!document.activeElement.closest("#stage")`) {
			break
		}
		said = ""
	}
	if said == "" {
		t.Errorf("%s: Tab does not come to the picture", lang)
	}
	p.js(`document.activeElement.blur()`)
	w.focus = p.tree().focused()
	w.press("→", to(kb.ArrowRight, 1))
	w.press("t (end of prefill)", to("t", perPass-2))
	w.press("→ (layer 0 of decode pass 1)", to(kb.ArrowRight, 1))
	w.press("→", to(kb.ArrowRight, 1))
	w.press("t", to("t", perPass-2))
	w.press("← (back)", to(kb.ArrowLeft, -1))
	w.press("t", to("t", 1))
	w.press("t (the last pass)", to("t", perPass))
	plate := `document.querySelector("[data-op=scores][data-lane=cached] canvas")`
	exact := `document.getElementById("readout-value").dataset.exact === "true"`
	w.press("focus on S", func() { p.js(plate + `.focus()`); p.until(`kvstepFrame().meta.cell?.col === 0 && ` + exact) })
	w.press("→ (in S)", func() { p.press(kb.ArrowRight); p.until(`kvstepFrame().meta.cell?.col === 1 && ` + exact) })
	w.press("Enter: where it comes from", func() {
		p.press(kb.Enter)
		p.until(`kvstepFrame().meta.explain && document.activeElement.tagName === "H2"`)
	})
	w.press("Escape", func() { p.press(kb.Escape); p.until(`!kvstepFrame().meta.explain`) })
	w.press("a card: why the outputs are identical", func() {
		p.js(`document.querySelector("[data-asks=same]").click()`)
		p.until(`document.activeElement.id === "card-title"`)
	})
	w.press("Escape", func() { p.press(kb.Escape); p.until(`!document.querySelector(":popover-open")`) })
	doc += "\n### A run\n\n| press | what is said (*the focus*) |\n|---|---|\n" + strings.Join(w.lines, "\n") + "\n"
	w.check(lang)
	p.clean()
	return doc
}

var ends = map[string]*regexp.Regexp{"en": regexp.MustCompile(`[.!?:;]( |$)`), "zh": regexp.MustCompile(`[。！？；：]`)}

// check fails on sentences that are too long to be listened to.
func (w *walk) check(lang string) {
	w.p.t.Helper()
	for _, text := range w.said {
		for _, sentence := range ends[lang].Split(text, -1) {
			n, most := len(strings.Fields(sentence)), 15
			if lang == "zh" {
				n, most = utf8.RuneCountInString(sentence), 45
			}
			if n > most {
				w.p.t.Errorf("%s: %d words, at most %d: %s", lang, n, most, sentence)
			}
		}
	}
}
