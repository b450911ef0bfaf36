package browsertest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/explain"
	"kvstep/sim/export"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// take presses one entry of the menu and returns the file that the browser
// downloads.
func (p *page) take(kind string) (name string, data []byte) {
	p.t.Helper()
	p.reveal("#take > .sheet")
	file := p.download(fmt.Sprintf(`document.querySelector("[data-testid=take-%s]").click()`, kind)) // wherever its menu stands
	if file == "" {
		p.t.Fatalf("%s: no file came; the page says %q", kind, p.text("take-status"))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	return filepath.Base(file), data
}

// download runs a script and returns the file that the browser downloads then, "" for none.
func (p *page) download(script string) string {
	p.t.Helper()
	dir := p.t.TempDir()
	if _, err := chromedp.Call(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID}); err != nil {
		p.t.Fatal(err)
	}
	p.js(script)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		files, err := os.ReadDir(dir)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, f := range files { // beside it the browser may keep files of its own while it writes
			if strings.HasSuffix(f.Name(), ".crdownload") || strings.HasPrefix(f.Name(), ".") {
				continue
			}
			if info, err := f.Info(); err == nil && info.Size() > 0 {
				return filepath.Join(dir, f.Name())
			}
		}
	}
	return ""
}

// svgTexts parses an SVG as XML and returns the text of its <text> elements.
func svgTexts(t *testing.T, data []byte) (texts []string, images int) {
	t.Helper()
	inText := false
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, images
		} else if err != nil {
			t.Fatalf("the SVG is no XML: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			inText = e.Name.Local == "text"
			if e.Name.Local == "image" {
				images++
			}
			if inText {
				texts = append(texts, "")
			}
			for _, a := range e.Attr {
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "undefined") {
					t.Errorf("<%s %s=%q>", e.Name.Local, a.Name.Local, a.Value)
				}
				if a.Name.Local == "href" && e.Name.Local != "a" && !strings.HasPrefix(a.Value, "data:image/png;base64,") {
					t.Errorf("a reference to the outside: %.80s", a.Value)
				}
			}
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				texts[len(texts)-1] += string(e)
			}
		}
	}
}

func TestPicturesLookLikeTheScreen(t *testing.T) {
	t.Parallel()
	base := serve(t)
	for _, lang := range []string{"en", "zh"} {
		p := openOn(t, base, "/lab?step=21&layer=2&head=1&lang="+lang)
		p.at(21)
		p.until(`window.kvstepFrame().meta.pick.head === 1`)
		name, svg := p.take("svg")
		if want := "kvstep-story-step21-layer2-head1.svg"; name != want {
			t.Errorf("the file is called %q, want %q", name, want)
		}
		texts, images := svgTexts(t, svg)
		labels := eval[[]string](p, `window.kvstepFrame().meta.tokens.map((x) => x[1])`)
		all := strings.Join(texts, "")
		says := eval[string](p, `document.querySelector("#sentence [data-line]").textContent`)
		link := eval[string](p, `(() => { const q = new URLSearchParams(window.kvstepFrame().meta.link); q.set("lang", document.documentElement.dataset.lang); if (q.get("show") === "history") q.delete("show"); return location.origin + "/lab?" + q })()`)
		for _, want := range []string{labels[len(labels)-1], labels[2], says, link, map[string]string{"en": "step 21, layer 2, head 1", "zh": "步 21，层 2，头 1"}[lang]} {
			if !strings.Contains(strings.ReplaceAll(all, " ", ""), strings.ReplaceAll(want, " ", "")) {
				t.Errorf("%s: the picture has no text %q; it has %q", lang, want, texts)
			}
		}
		// Who cannot see the picture is told the same, each line apart.
		var file struct {
			Desc string `xml:"desc"`
		}
		if err := xml.Unmarshal(svg, &file); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(file.Desc, "\n"); len(lines) != 3 || lines[0] != says || !strings.Contains(lines[1], "21") || lines[2] != link {
			t.Errorf("%s: the picture is described as %q", lang, file.Desc)
		}
		for _, button := range eval[[]string](p, `[...document.querySelectorAll(".stage-panel button, .stage-panel label")].filter((b) => b.checkVisibility()).map((b) => b.innerText.trim()).filter(Boolean)`) {
			if slices.Contains(texts, button) {
				t.Errorf("%s: the picture has the button %q", lang, button)
			}
		}
		if images < 6 {
			t.Errorf("%s: %d matrices in the picture", lang, images)
		}
		_, whole := p.take("page-svg")
		texts, _ = svgTexts(t, whole)
		for _, id := range []string{"#cache-title", "#ledger-title", "[data-flops=cached]", "[data-made]"} {
			want := eval[string](p, fmt.Sprintf(`document.querySelector(%q).innerText.trim()`, id))
			if !strings.Contains(strings.Join(texts, " "), strings.ReplaceAll(want, "\u00a0", " ")) { // in however many lines
				t.Errorf("%s: the page's picture lacks %q of %s: %q", lang, want, id, texts)
			}
		}
		name, picture := p.take("png")
		if want := "kvstep-story-step21-layer2-head1.png"; name != want {
			t.Errorf("the file is called %q, want %q", name, want)
		}
		p.js(`document.getElementById("take").open = false`)
		p.painted() // the menu is off the panel
		if dir := os.Getenv("KVSTEP_SCREENSHOTS"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "figure-"+lang+".png"), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		// Half of the figure is hatched, and lines half a pixel off differ wholly: a wrong matrix is worth 20.
		if far := p.unlike(`document.getElementById("stage")`, picture); far > 8 {
			t.Errorf("%s: the picture is %.1f of 255 away from the screen", lang, far)
		} else {
			t.Logf("%s: the picture is %.2f of 255 away from the screen", lang, far)
		}
		name, png := p.take("page-png")
		if !strings.HasSuffix(name, "-page.png") || !bytes.HasPrefix(png, []byte("\x89PNG")) {
			t.Errorf("%s: %q is no PNG", lang, name)
		}
		if dir := os.Getenv("KVSTEP_SCREENSHOTS"); dir != "" {
			for name, data := range map[string][]byte{"figure-" + lang + ".svg": svg, "page-" + lang + ".svg": whole, "page-" + lang + ".png": png} {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.clean()
	}
	// The same of one op, with numbers in its cells.
	p := openOn(t, base, "/lab?step=21&op=probs&lang=zh")
	p.at(21)
	p.until(`!document.getElementById("inside").hidden`)
	_, picture := p.take("svg")
	texts, images := svgTexts(t, picture)
	label := eval[string](p, `window.kvstepFrame().meta.tokens.at(-1)[1]`)
	if images < 1 || !slices.Contains(texts, label) {
		t.Errorf("an op: %d matrices, no %q among %q", images, label, texts)
	}
	_, picture = p.take("png")
	p.js(`document.getElementById("take").open = false`)
	if far := p.unlike(`document.getElementById("inside")`, picture); far > 6 {
		t.Errorf("the picture of an op is %.1f of 255 away from the screen", far)
	}
	p.clean()
}

// unlike is how far a picture of an element (twice as fine, a margin around it, the element
// at its top, as far down as something stands in it) is from what the browser paints: mean of the
// differences of all pixels, of 255.
func (p *page) unlike(element string, picture []byte) float64 {
	p.t.Helper()
	drawn, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		p.t.Fatal(err)
	}
	box := eval[struct{ X, Y, W, H float64 }](p, fmt.Sprintf(`(() => { scrollTo(0, 0); const r = %s.getBoundingClientRect(); return {X: r.x, Y: r.y, W: r.width, H: r.height} })()`, element))
	p.js(`document.querySelector(".transport").style.setProperty("position", "static")`)
	shot, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		p.t.Fatal(err)
	}
	screen, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		p.t.Fatal(err)
	}
	const margin = 16
	w, h := int(box.W), int(box.H)
	left, top := margin, margin
	h = min(h, int(eval[float64](p, fmt.Sprintf(`Math.max(...[...%s.querySelectorAll("figure, p")].filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().bottom)) - %[1]s.getBoundingClientRect().top`, element))))
	grey := func(m image.Image, x, y int) float64 {
		r, g, b, _ := m.At(x, y).RGBA()
		return (0.3*float64(r) + 0.6*float64(g) + 0.1*float64(b)) / 257
	}
	sum := 0.0
	for y := range h {
		for x := range w {
			x2, y2 := 2*(left+x), 2*(top+y)
			mean := (grey(drawn, x2, y2) + grey(drawn, x2+1, y2) + grey(drawn, x2, y2+1) + grey(drawn, x2+1, y2+1)) / 4
			sum += math.Abs(mean - grey(screen, int(math.Round(box.X))+x, int(math.Round(box.Y))+y))
		}
	}
	return sum / float64(w*h)
}

// TestHandoutFromAFile opens a handout as a file, with no server and no
// network, and walks through it.
func TestHandoutFromAFile(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=en&new=4&prompt=Mia+has+three+apples.&step=9&layer=1&head=2")
	p.at(9)
	p.press("e")
	p.until(`window.kvstepFrame().meta.run.ended && !window.kvstepFrame().meta.run.running`)
	last := eval[int](p, `window.kvstepFrame().meta.step.n`)
	p.press("T")
	p.until(`window.kvstepFrame().meta.step.n !== ` + fmt.Sprint(last))
	at := eval[int](p, `window.kvstepFrame().meta.step.n`)
	name, data := p.take("html")
	if want := fmt.Sprintf("kvstep-story-Mia-has-three-apples-step%d-handout.html", at); name != want {
		t.Errorf("called %q, want %q", name, want)
	}
	t.Logf("handout of %d steps: %d bytes", last+1, len(data))
	p.clean()
	all := steps(t, sim.Recipe{Prompt: "Mia has three apples.", MaxNew: 4})

	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	h := openFile(t, file)
	h.at(at)
	h.compare(&all[at])
	// Forward to the end, back, by token, by keyboard and by button.
	for n := at + 1; n <= last; n++ {
		h.press(kb.ArrowRight)
		h.compare(&all[n])
	}
	h.press(kb.ArrowRight) // there is no more
	h.compare(&all[last])
	h.press(kb.ArrowLeft)
	h.compare(&all[last-1])
	h.press("T")
	h.compare(&all[last-stepsPerPass(t)])
	h.press("t")
	h.compare(&all[last])
	h.press("r")
	h.at(-1)
	h.until(`!document.getElementById("waiting").hidden`)
	h.press("e")
	h.compare(&all[last])
	h.js(`document.querySelector("[data-testid=sampling] summary").click()`)
	h.until(fmt.Sprintf(`document.querySelectorAll("[data-testid=stages] tbody tr[data-id]").length === %d`, len(all[last].Choice().Options)))
	// Every layer and head has its own numbers: those of the engine, in float16.
	m, err := library.New().Get("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]int{{0, 3}, {3, 1}} {
		h.choose("layers", fmt.Sprint(c[0]))
		h.choose("heads", fmt.Sprint(c[1]))
		h.until(fmt.Sprintf(`window.kvstepFrame().meta.pick.layer === %d && window.kvstepFrame().meta.pick.head === %d`, c[0], c[1]))
		from := last - stepsPerPass(t) + 1 + c[0]
		a := m.Model.Attention(&all[from], c[1])
		for name, x := range map[string]mat.Matrix{"Q": a.Q, "K": a.K, "V": a.V, "scores": a.Scores, "probs": a.Probs, "out": a.Out} {
			got := eval[[]float64](h, fmt.Sprintf(`[...window.kvstepFrame().tensors.%s.data]`, name))
			if len(got) != x.NumRows()*x.NumCols() {
				t.Fatalf("layer %d head %d: %d numbers of %s", c[0], c[1], len(got), name)
			}
			for i, v := range got {
				if float32(v) != mat.F32(mat.F16(x.At(i/x.NumCols(), i%x.NumCols()))) {
					t.Fatalf("layer %d head %d: %s [%d] is %v", c[0], c[1], name, i, v)
				}
			}
		}
	}
	h.press("b") // bookmarks work; they are kept in the file's address
	h.until(`(window.kvstepFrame().meta.marks ?? []).length === 1`)
	h.click("lang-zh")
	h.until(`document.documentElement.lang === "zh-Hans"`)
	if s := h.text("sentence"); !strings.Contains(s, "缓存") {
		t.Errorf("in Chinese: %q", s)
	}
	h.axe("handout")
	time.Sleep(400 * time.Millisecond)
	h.do(chromedp.Reload())
	h.at(last)
	h.until(`(window.kvstepFrame().meta.marks ?? []).length === 1`)
	_, svg := h.take("svg")
	svgTexts(t, svg)
	h.clean()
}

// TestHandoutInside: a handout opened as a file, with no network, walks every op of
// every step with the engine's numbers and answers cells to the bit; of a cell that
// it does not explain it says so, and where to ask.
func TestHandoutInside(t *testing.T) {
	t.Parallel()
	const at = 9 // layer 4 of the first pass of decode
	p := open(t, fmt.Sprintf("/lab?lang=en&new=4&prompt=Mia+has+three+apples.&step=%d&head=2&op=dots&trail=%d.dots.2.0.1~%d.K.2.1.3", at, at, at))
	p.at(at)
	p.until(`window.kvstepFrame().meta.explain?.op === "K"`)
	name, data := p.take("html")
	p.clean()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	r, all := engine(t, sim.Recipe{Prompt: "Mia has three apples.", MaxNew: 4})

	h := openFile(t, file)
	stored := h.asked(explain.Ref{Step: at, Op: "K", Head: 2, Row: 1, Col: 3}) // as it was left
	if want, _ := r.Value(explain.Ref{Step: at, Op: "K", Head: 2, Row: 1, Col: 3}); number(t, stored.Value) != want {
		t.Errorf("it opens with %s, the engine has %v", stored.Value, want)
	}
	if n := eval[int](h, `document.querySelectorAll("[data-testid=crumbs] li").length`); n != 2 {
		t.Errorf("%d crumbs", n)
	}
	h.js(`scrollTo(0, 0)`)
	h.axe("handout, explained")
	h.click("why-close")
	h.until(`document.getElementById("explain").hidden`)

	// Every op of every step, with one key.
	h.press("r")
	h.at(-1)
	walked := 0
	for n := range at + 1 {
		for _, op := range ops(t) {
			if op.Part != all[n].Part {
				continue
			}
			h.press(".")
			h.until(fmt.Sprintf(`window.kvstepFrame().meta.pick.op === %q && window.kvstepFrame().meta.pick.from === %d && document.querySelector("#ops [aria-current]")?.dataset.look === %[1]q`, op.ID, n))
			want, _ := r.Tensor(n, op.ID, 2)
			got := eval[[]float64](h, fmt.Sprintf(`[...(window.kvstepFrame().tensors[%q] ?? window.kvstepFrame().tensors["op."+%[1]q]).data]`, op.ID))
			if len(got) != want.NumRows()*want.NumCols() {
				t.Fatalf("step %d %s: %d numbers", n, op.ID, len(got))
			}
			for i, v := range got {
				row, col := i/want.NumCols(), i%want.NumCols()
				if (op.ID == "dots" || op.ID == "scores") && model.Masked(all[n].Cached, row, col) {
					continue // does not travel
				}
				if exact := want.At(row, col); float32(v) != mat.F32(mat.F16(exact)) {
					t.Fatalf("step %d %s [%d] is %v, the engine has %v", n, op.ID, i, v, exact)
				}
			}
			h.until(`[...document.querySelectorAll("#inside .plate:not([hidden])")].length > 0 && !document.querySelector("#inside .plate.waiting:not([hidden])")`) // weights too
			walked++
		}
	}
	t.Logf("%d ops walked in a file of %d bytes", walked, len(data))

	// A cell of the newest row, in another step than the one it was made at.
	h.js(`document.querySelector("[data-testid=op-overview]").click()`)
	h.press(kb.ArrowLeft)
	h.at(at - 1)
	h.until(`!document.getElementById("stage").hidden`)
	h.painted()
	h.clickCell("probs", 0, 2)
	ref := explain.Ref{Step: at - 1, Op: "probs", Head: 2, Col: 2}
	s := h.asked(ref)
	want, _ := r.Cell(ref)
	if number(t, s.Value) != float32(want.Value) || !s.Exact || len(s.Terms) == 0 {
		t.Errorf("the panel says %+v, the engine %v", s, want.Value)
	}
	terms := eval[[]float64](h, `[...window.kvstepFrame().tensors["explain.terms"].data]`)
	for i, term := range want.Sum.Terms {
		if !slices.Equal(terms[4*i:4*i+4], []float64{float64(term.A), float64(term.B), float64(term.T), float64(term.Lane)}) {
			t.Errorf("term %d is %v, want %+v", i, terms[4*i:4*i+4], term)
		}
	}
	// What is not explained here is named, and nothing is made up.
	h.js(`document.querySelector("#explain [data-ref]").click()`) // a score: explained
	h.asked(explain.Ref{Step: at - 1, Op: "scores", Head: 2})
	h.js(`document.querySelector("#explain [data-ref]").click()`) // a number of the query: not
	h.until(`!document.querySelector("[data-testid=scope-missing]").hidden`)
	if link := eval[string](h, `document.querySelector("#scope [data-link]").textContent`); !strings.Contains(link, "trail=8.probs.2.0.2") || !strings.Contains(link, "step=8") {
		t.Errorf("what is missing is at %q", link)
	}
	if op := eval[string](h, `window.kvstepFrame().meta.explain.op`); op != "scores" {
		t.Errorf("instead of what is missing it explains %q", op)
	}
	h.click("lang-zh")
	h.until(`document.querySelector("[data-testid=scope-missing]").textContent.includes("副本")`)
	h.js(`scrollTo(0, 0)`)
	h.axe("handout, missing, zh")
	h.press(kb.ArrowRight)
	h.at(at)
	h.until(`document.querySelector("[data-testid=scope-missing]").hidden`)
	h.do(chromedp.EmulateViewport(360, 800), chromedp.Sleep(300*time.Millisecond))
	if eval[bool](h, `document.documentElement.scrollWidth > 361`) {
		t.Error("it scrolls sideways at 360 px")
	}
	h.clean()
}

// openFile opens a file in a browser that may not reach any network.
func openFile(t *testing.T, file string) *page {
	t.Helper()
	p := newPage(t, "file://")
	if _, err := chromedp.Call(p.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: true, Latency: 0, DownloadThroughput: -1, UploadThroughput: -1}); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Navigate("file://" + file))
	p.until(`window.kvstepFrame?.()`)
	return p
}

// TestDataIsTheEngines: what the menu saves is what the command prints.
func TestDataIsTheEngines(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=zh&new=3&prompt=Mia+has+three+apples.&step=8&layer=1&head=2")
	p.at(8)
	all := steps(t, sim.Recipe{Prompt: "Mia has three apples.", MaxNew: 3})
	name, data := p.take("jsonl")
	if name != "kvstep-story-steps0-8.jsonl" {
		t.Errorf("called %q", name)
	}
	var want strings.Builder
	if err := export.WriteTrace(&want, func(yield func(*sim.Step, error) bool) {
		for i := range all[:9] {
			if !yield(&all[i], nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if got := regexp.MustCompile(`"seconds":[^}]+`).ReplaceAllString(string(data), `"seconds":0`); got != want.String() {
		t.Errorf("the page's JSONL is not the trace:\n%.400s\n%.400s", got, want.String())
	}
	name, data = p.take("csv")
	if name != "kvstep-story-step8-layer1-head2.csv" || !bytes.Contains(data, []byte("attention,probs,0,")) {
		t.Errorf("%q: %.200s", name, data)
	}
	name, data = p.take("safetensors")
	if f, err := checkpoint.ReadSafetensors(data); err != nil || len(f.Tensors) < 50 {
		t.Errorf("%q: %v", name, err)
	}
	p.clean()
}

func TestLinkAndQR(t *testing.T) {
	t.Parallel()
	p := open(t, "/lab?lang=zh&new=3&prompt=Mia+has+three+apples.&step=8")
	p.at(8)
	p.press("x")
	p.until(`document.getElementById("take").open && document.activeElement.dataset.take === "link"`)
	p.press(kb.Enter)
	p.until(`document.querySelector("[data-testid=take-status]").textContent.length > 8`)
	if s := p.text("take-status"); !strings.Contains(s, "剪贴板") && !strings.Contains(s, "step=8") {
		t.Errorf("after copying: %q", s)
	}
	p.click("take-qr")
	p.until(`document.getElementById("qr").open && document.querySelector("#qr img").naturalWidth > 20`)
	if s := eval[string](p, `document.querySelector("#qr [data-link]").textContent`); !strings.Contains(s, "step=8") || !strings.Contains(s, "lang=zh") {
		t.Errorf("the code's link: %q", s)
	}
	p.axe("qr")
	p.press(kb.Escape)
	p.clean()
}
