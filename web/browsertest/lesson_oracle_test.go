package browsertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/chromedp/chromedp/kb"

	"kvstep/docs"
	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/lesson"
	"kvstep/sim/plain"
	"kvstep/sim/run"
)

// says fails where the words of a beat on the page are not those of the engine, and where a number is not that of the
// trace, or of the frame.
func (w *walker) says(where string, way played, beat int, answer string) {
	w.t.Helper()
	stage, r := w.stageOf(way, beat, 1<<30)
	play := way.lesson.Say(way.lang, beat, answer, stage)
	if play.Cannot != nil {
		w.t.Fatalf("%s: cannot be played: %+v", where, play.Cannot)
	}
	words := append([]lesson.Block{}, play.Text...)
	var reply []lesson.Block
	if play.Ask != nil {
		words = append(words, play.Ask.Text...)
		if play.Ask.Graded != nil {
			reply = play.Ask.Graded.Says
		}
	}
	b := &way.lesson.Beats[beat]
	id := ""
	if reply != nil {
		id = play.Ask.Graded.Reply
	}
	own, replies := sources(w, way, b.ID, id)
	at, _ := b.At.Step(stage.Config, stage.Most)
	w.numbersAre(where, `#lesson :is(.beat, [data-question]) .said`, numbersIn(words), own, way, stage, r, at)
	if reply != nil {
		step, _ := b.Ask.Reveal.Step(stage.Config, stage.Most)
		said := numbersIn(reply)
		w.numbersAre(where, `#lesson [data-says] .said`, said, replies[max(len(replies)-len(said), 0):], way, stage, r, step)
	}
	if spoken := eval[string](w.page, `document.querySelector("#lesson [data-words]").lang`); spoken != way.lang {
		w.t.Errorf("%s: its words are said to be %q", where, spoken)
	}
	text := eval[string](w.page, `[...document.querySelectorAll("#lesson :is(.beat > div, [data-question])")].map((e) => e.textContent).join("")`)
	if want := textOf(words); text != want {
		w.t.Errorf("%s says %q, want %q", where, text, want)
	}
}

// wording is a number in the words of a lesson: its format and its expression.
type wording struct{ unit, source string }

var braces = regexp.MustCompile(`\{\{\s*(?:([a-z]+):\s+)?(.*?)\s*\}\}`)

// sources are the numbers of a beat as its file has them: of its text and question, and of the reply to an answer.
func sources(w *walker, way played, beat, answer string) (own, reply []wording) {
	w.t.Helper()
	data, err := fs.ReadFile(docs.Lessons(), way.lesson.Name+"/"+way.lang+".md")
	if err != nil {
		w.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "\n## "+beat+":")
	if rest == "" {
		_, rest, _ = strings.Cut(string(data), "\n## "+beat+"：")
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	text, answers, _ := strings.Cut(rest, "\n- `")
	_, answers, _ = strings.Cut("\n- `"+answers, "\n- `"+answer+"`")
	answers, _, _ = strings.Cut(answers, "\n- `")
	find := func(s string) (all []wording) {
		for _, m := range braces.FindAllStringSubmatch(s, -1) {
			all = append(all, wording{m[1], strings.ReplaceAll(m[2], "\n", " ")})
		}
		return all
	}
	return find(text), find(answers)
}

func numbersIn(blocks []lesson.Block) (all []string) {
	each(blocks, func(p lesson.Piece) {
		if p.Kind == "n" {
			all = append(all, p.Text)
		}
	})
	return all
}

func textOf(blocks []lesson.Block) (s string) {
	each(blocks, func(p lesson.Piece) { s += p.Text })
	return s
}

func each(blocks []lesson.Block, do func(lesson.Piece)) {
	var pieces func(words []lesson.Piece)
	pieces = func(words []lesson.Piece) {
		for _, p := range words {
			do(p)
			pieces(p.Words)
		}
	}
	for _, b := range blocks {
		pieces(b.Words)
		each(b.Items, do)
	}
}

// numbersAre compares the numbers of a part of the page with the engine's, and each with the trace or the frame.
func (w *walker) numbersAre(where, selector string, want []string, from []wording, way played, on lesson.Stage, r sim.Recipe, step int) {
	w.t.Helper()
	got := eval[[]string](w.page, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((e) => e.textContent)`, selector))
	if !slices.Equal(got, want) {
		w.t.Errorf("%s says the numbers %q, want %q", where, got, want)
		return
	}
	if len(from) != len(got) {
		w.t.Errorf("%s says %d numbers, its file has %d", where, len(got), len(from))
		return
	}
	lines := w.trace(r, way.lang)
	at := map[string]int{"": step}
	for _, m := range way.lesson.Moments {
		at[m.Name], _ = m.When.Step(on.Config, on.Most)
	}
	for i, s := range from {
		w.numbers++
		if x, ok := ofTrace(s, lines, at, r); ok {
			w.fromTrace++
			if text := lesson.Format(x, s.unit); text != got[i] {
				w.t.Errorf("%s: %s is %s on the page, %s in the trace", where, s.source, got[i], text)
			}
		} else if x := w.inFrame(s.source, step); x != nil {
			w.fromFrame++
			if text := lesson.Format(x, s.unit); text != got[i] {
				w.t.Errorf("%s: %s is %s on the page, %s in its frame", where, s.source, got[i], text)
			}
		}
	}
}

var path = regexp.MustCompile(`^[a-z_]+((\.[a-z_]+)|(\[\d+\]))*$`)

// inFrame is the value that the frame on the page has under a name, at the step that it is asked of; nil for none.
func (w *walker) inFrame(source string, step int) any {
	w.t.Helper()
	if !path.MatchString(source) {
		return nil
	}
	x := eval[any](w.page, fmt.Sprintf(`(() => {
		const {meta} = kvstepFrame();
		if ((meta.step?.n ?? -1) !== %d) return null;
		try { const x = meta.%s; return typeof x === "string" && /^\d+$/.test(x) ? Number(x) : typeof x === "object" || x === undefined ? null : x; } catch { return null; }
	})()`, step, source))
	return x
}

// traced is one line of kvstep trace --format jsonl.
type traced struct {
	Phase, Part string
	Rows        float64
	Cached      float64
	Lanes       map[string]struct {
		Flops        map[string]float64
		KVTokens     float64 `json:"kv_tokens"`
		KVBytes      float64 `json:"kv_bytes"`
		KVReadBytes  float64 `json:"kv_read_bytes"`
		KVWriteBytes float64 `json:"kv_write_bytes"`
		WeightBytes  float64 `json:"weight_bytes"`
	}
}

// trace returns what kvstep trace prints of a recipe.
func (w *walker) trace(r sim.Recipe, lang string) []traced {
	w.t.Helper()
	key := string(plain.JSON(r)) + lang
	if lines := w.traces[key]; lines != nil {
		return lines
	}
	m, err := w.models.Get(r.Model)
	if err != nil {
		w.t.Fatal(err)
	}
	var out bytes.Buffer
	if err := export.WriteTrace(&out, func(yield func(*sim.Step, error) bool) {
		for s, err := range run.Once(w.ctx, m, m.Filled(r, lang), func() float64 { return 0 }) {
			if !yield(&s, err) {
				return
			}
		}
	}); err != nil {
		w.t.Fatal(err)
	}
	var lines []traced
	for d := json.NewDecoder(&out); d.More(); {
		var line traced
		if err := d.Decode(&line); err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, line)
	}
	w.traces[key] = lines
	return lines
}

// ofTrace works a number out from the lines of a trace; false where it speaks of something else.
func ofTrace(s wording, lines []traced, at map[string]int, r sim.Recipe) (float64, bool) {
	e, err := parser.ParseExpr(s.source)
	if err != nil {
		return 0, false
	}
	o := &oracle{lines: lines, at: at, alone: r.Batch == nil}
	x := 0.0
	if div, ok := e.(*ast.BinaryExpr); ok && div.Op == token.QUO && s.unit == "ratio" {
		x = digits3(o.of(div.X)) / digits3(o.of(div.Y)) // who divides what is written finds it
	} else {
		x = o.of(e)
	}
	return x, o.read > 0 && !o.other
}

func digits3(x float64) float64 {
	scale := math.Pow10(int(math.Floor(math.Log10(x))) - 2)
	if scale < 1 {
		return math.Floor(x/scale+0.5) / math.Round(1/scale)
	}
	return math.Floor(x/scale+0.5) * scale
}

// oracle evaluates arithmetic over a trace.
type oracle struct {
	lines []traced
	at    map[string]int // steps, by the names of moments
	alone bool           // one sequence
	read  int            // values of the trace
	other bool           // something that is not in a trace
}

func (o *oracle) of(e ast.Expr) float64 {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return o.of(e.X)
	case *ast.BasicLit:
		if x, err := strconv.ParseFloat(e.Value, 64); err == nil {
			return x
		}
	case *ast.SelectorExpr:
		if x, ok := o.value(nameOf(e)); ok {
			o.read++
			return x
		}
	case *ast.BinaryExpr:
		x, y := o.of(e.X), o.of(e.Y)
		switch e.Op {
		case token.ADD:
			return x + y
		case token.SUB:
			return x - y
		case token.MUL:
			return x * y
		case token.QUO:
			return x / y
		}
	}
	o.other = true
	return 1
}

// nameOf is a path with dots, "" for anything else.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	}
	return ""
}

// value is what a lens calls so, worked out from the lines up to its step.
func (o *oracle) value(name string) (float64, bool) {
	n := o.at[""]
	if moment, rest, _ := strings.Cut(name, "."); rest != "" {
		if step, ok := o.at[moment]; ok {
			n, name = step, rest
		}
	}
	if n < 0 || n >= len(o.lines) {
		return 0, false
	}
	line := &o.lines[n]
	switch name {
	case "step.rows":
		return line.Rows, true
	case "step.cached":
		return line.Cached, true
	case "step.pass":
		passes := 0
		for _, l := range o.lines[:n] {
			if l.Part == "head" {
				passes++
			}
		}
		return float64(passes), true
	case "kv.bytes":
		return line.Lanes["cached"].KVBytes, o.alone
	case "run.prompt_tokens":
		return o.lines[0].Rows, o.alone && o.lines[0].Cached == 0 && (len(o.lines) == 1 || o.lines[len(o.lines)-1].Phase != "prefill")
	}
	parts := strings.Split(name, ".")
	if len(parts) < 4 || parts[0] != "ledger" {
		return 0, false
	}
	first := n
	switch parts[1] {
	case "total":
		first = 0
	case "pass":
		for first > 0 && o.lines[first-1].Part != "head" {
			first--
		}
	}
	sum := 0.0
	for _, l := range o.lines[first : n+1] {
		lane, ok := l.Lanes[parts[2]]
		if !ok {
			return 0, false
		}
		switch parts[3] {
		case "flops":
			for _, x := range lane.Flops {
				sum += x
			}
		case "parts":
			if len(parts) != 5 {
				return 0, false
			}
			sum += lane.Flops[parts[4]]
		case "kv_read_bytes":
			sum += lane.KVReadBytes
		case "kv_write_bytes":
			sum += lane.KVWriteBytes
		case "weight_bytes":
			sum += lane.WeightBytes
		default:
			return 0, false
		}
	}
	return sum, true
}

// draw sets each point of a curve by the keys of a slider.
func (w *walker) draw(in string, most float64, answer string) {
	w.t.Helper()
	for i, text := range strings.Split(answer, ",") {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			w.t.Fatal(err)
		}
		if most == 0 {
			most = 1
		}
		n := min(max(int(math.Round(100*x/most)), 0), 100)
		w.tabTo(fmt.Sprintf("%s[type=range]:nth-of-type(%d)", in, i+1))
		w.press(kb.Home + strings.Repeat(kb.PageUp, n/10) + strings.Repeat(kb.ArrowUp, n%10))
		w.until(fmt.Sprintf(`document.activeElement.value === "%d"`, n))
	}
}

func times100(text string) string {
	x, _ := strconv.ParseFloat(text, 64)
	return strconv.FormatFloat(100*x, 'g', 12, 64)
}
