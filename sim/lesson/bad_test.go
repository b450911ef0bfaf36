package lesson

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kvstep/docs"
	"kvstep/sim/lens"
	"kvstep/sim/library"
)

// starter is a lesson that is right, as files that a test may break.
func starter(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, data := range docs.Starter("") {
		files[name] = string(data)
	}
	return files
}

func asFS(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// TestBadLessonsAreTold: whatever is wrong with a file is told with its line, and with the id of a message.
func TestBadLessonsAreTold(t *testing.T) {
	own, _ := Open(docs.Lessons(), "lessons", nil)
	own.Terms = glossary(t)
	player := NewPlayer(library.New())
	for _, c := range []struct{ file, from, to, id string }{
		{structureFile, "minutes: 5", "minutes: [5", "lesson.yaml"},
		{structureFile, "minutes: 5", "minutes: five", "lesson.whole"},
		{structureFile, "minutes: 5", "minutes: 5\nminutes: 6", "lesson.yaml"},
		{structureFile, "minutes: 5", "minutes: 5\nhours: 1", "lesson.unknown"},
		{structureFile, "minutes: 5", "minutes: &a 5", "lesson.plain"},
		{structureFile, "minutes: 5", "minutes: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "lesson.deep"},
		{structureFile, "minutes: 5", "# " + strings.Repeat("x", maxStructure), "lesson.long"},
		{structureFile, "model: story", "modell: story", "lesson.unknown"},
		{structureFile, "new: 4", "new: 0x", "recipe.whole"},
		{structureFile, "at: pass 0 head", "at: tomorrow", "lesson.moment"},
		{structureFile, "id: read", "id: Read it", "lesson.id"},
		{structureFile, "light: [K, V]", "light: [K, W]", "lesson.choice"},
		{structureFile, "kind: number", "kind: essay", "lesson.choice"},
		{structureFile, "answer: step.rows\n", "answer: step.row\n", "lesson.expression.wrong"},
		{structureFile, "answer: step.rows\n", "answer: step.rows / 0\n", "lesson.expression.number"},
		{structureFile, "answer: step.rows\n", "answer: run.ended\n", "lesson.expression.wrong"},
		{structureFile, "answer: step.rows\n", "answer: choice.stages[99].possible\n", "lesson.expression.absent"},
		{structureFile, "answer: step.rows\n", "answer: now().Unix()\n", "lesson.expression.wrong"},
		{structureFile, "answer: step.rows\n", "answer: \"count(1..100, count(1..100, # > 1) > 1)\"\n", "lesson.expression.refused"},
		{structureFile, "answer: step.rows\n", "answer: \"let a = 1; a\"\n", "lesson.expression.refused"},
		{structureFile, "answer: step.rows\n", "answer: \"sum(1..100000000)\"\n", "lesson.expression.absent"},
		{structureFile, "answer: step.rows\n", "answer: " + strings.Repeat("1 + ", 200) + "1\n", "lesson.expression.long"},
		{structureFile, "why: prefill-one-by-one", "why: nobody-believes-this", "lesson.reason"},
		{structureFile, "reveal: pass 1 head", "reveal: pass 90 head", "lesson.unreached"},
		{structureFile, "minutes: 5", "minutes: 99999999999999999999", "lesson.whole"},
		{structureFile, "minutes: 5", "minutes: 0x5", "lesson.whole"},
		{structureFile, "minutes: 5", "minutes: .inf", "lesson.whole"},
		{structureFile, "minutes: 5", "minutes: -5", "lesson.whole"},
		{structureFile, "minutes: 5", "minutes: 5\n---\nminutes: 6", "lesson.empty"},
		{structureFile, "minutes: 5", "minutes: !!python/object:os.system 5", "lesson.plain"},
		{structureFile, "minutes: 5", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nminutes: 5", "lesson.plain"},
		{structureFile, "minutes: 5", "<<: {minutes: 5}", "lesson.plain"},
		{structureFile, "minutes: 5", "minutes: \"5", "lesson.yaml"},
		{structureFile, "minutes: 5", "\tminutes: 5", "lesson.yaml"},
		{structureFile, "minutes: 5", "minutes: \xff5", "lesson.utf8"},
		{structureFile, "minutes: 5", "minutes:\n  " + strings.Repeat("- ", 30000) + "5", "lesson.deep"},
		{structureFile, "minutes: 5", "minutes: 5\nlanguages: [en, fr]", "lesson.choice"},
		{structureFile, "minutes: 5", "minutes: 5\nlanguages: {en: zh}", "lesson.list"},
		{structureFile, "minutes: 5", "minutes: 5\nneeds: [nobody]", "lesson.nosuch"},
		{structureFile, "minutes: 5", "minutes: 5\nfor: paper", "lesson.for"},
		{structureFile, "minutes: 5", "minutes: 5\nholds: run.config.layers", "lesson.expression.wrong"},
		{structureFile, "minutes: 5", "minutes: 5\nholds: run.config.layers == 99", "lesson.holds"},
		{structureFile, "model: story", "model: nobody", "model.unknown"},
		{structureFile, "model: story", "model: ../../etc/passwd", "model.unknown"},
		{structureFile, "new: 4", "new: 100000", "recipe.whole"},
		{structureFile, "new: 4", "new: 500", "lesson.rows"},
		{structureFile, "new: 4", "new: 4\n  cache: window:nothing", "recipe.whole"},
		{structureFile, ", zh: \"小明有三个苹果。\"", "", "lesson.missing"},
		{structureFile, "light: [K, V]", "light: [w_k]", "lesson.nowhere"},
		{structureFile, "light: [K, V]", "open: [beams]", "lesson.nowhere"},
		{structureFile, "light: [K, V]", "look: {head: 77}", "lesson.nohead"},
		{structureFile, "light: [K, V]", "look: {layer: 77}", "lesson.nolayer"},
		{structureFile, "light: [K, V]", "look: {seq: 3}", "lesson.noseq"},
		{structureFile, "    light: [K, V]", "    holds: step.rows == 0", "lesson.holds"},
		{structureFile, "kind: number", "kind: number\n      within: .nan", "lesson.share"},
		{structureFile, "kind: number", "kind: number\n      within: 0.9", "lesson.share"},
		{structureFile, "kind: number", "kind: number\n      holds: step.rows > 1", "lesson.holds"},
		{structureFile, "unit: tokens", "unit: bytes", "lesson.unit"},
		{structureFile, "answer: step.rows\n", "answer: \"len(map(1..60000, step.rows))\"\n", "lesson.expression.absent"},
		{structureFile, "answer: step.rows\n", "answer: " + strings.Repeat("(", 240) + "2" + strings.Repeat(")", 240) + "\n", "lesson.untold"},
		{structureFile, "answer: step.rows\n", "answer: \"1 ?? 'x' | repeat(9)\"\n", "lesson.expression.wrong"},
		{structureFile, "answer: step.rows\n", "answer: run.config[step.phase]\n", "lesson.expression.wrong"},
		{structureFile, "answer: step.rows\n", "answer: tensors.probs[99][99]\n", "lesson.expression.absent"},
		{structureFile, "answer: step.rows\n", "answer: 1e999\n", "lesson.expression.wrong"},
		{structureFile, "answer: step.rows\n", "answer: 10 ** 400\n", "lesson.expression.number"},
		{"en.md", "Prefill has read", "\xffPrefill has read", "lesson.utf8"},
		{"en.md", "## read: The", "## read: {{run.model}} The", "lesson.sign"},
		{"en.md", "What a decode", "{{run.model}} What a decode", "lesson.intro"},
		{"en.md", "[[kv-cache|", "[[nothing|", "lesson.nosuch"},
		{"en.md", "(light:K)", "(lesson:nobody)", "lesson.nosuch"},
		{"en.md", "(light:K)", "(lab:?new=x)", "recipe.whole"},
		{"en.md", "(light:K)", "(lab:https://example.com)", "lesson.link"},
		{"en.md", "(light:K)", "(light:V)", "lesson.otherwords"},
		{"en.md", "Prefill has read", "<iframe src=x> Prefill has read", "lesson.markdown"},
		{"en.md", "# A first lesson", "A first lesson", "lesson.title"},
		{"en.md", "## read: The", "## The", "lesson.heading"},
		{"en.md", "## read: The", "### read: The", "lesson.heading"},
		{"en.md", "(light:K)", "(https://example.com)", "lesson.link"},
		{"en.md", "(light:K)", "(javascript:alert)", "lesson.link"},
		{"en.md", "{{run.prompt_tokens}}", "{{run.prompt_tokens", "lesson.sign"},
		{"en.md", "{{run.prompt_tokens}}", "{{miles: run.prompt_tokens}}", "lesson.choice"},
		{"en.md", "{{run.prompt_tokens}}", "7", "lesson.byhand"},
		{"en.md", "- `all` All", "- `some` All", "lesson.noanswer"},
		{"en.md", "> How many rows", "How many rows", "lesson.unasked"},
		{"en.md", "Prefill has read", "![a](b) Prefill has read", "lesson.markdown"},
		{"en.md", "Prefill has read", strings.Repeat("a ", 30) + "Prefill has read", "lesson.sentence"},
		{"en.md", "Prefill has read", "\x00Prefill has read", "lesson.plain"},
	} {
		files := starter(t)
		if !strings.Contains(files[c.file], c.from) {
			t.Fatalf("%s has no %q", c.file, c.from)
		}
		files[c.file] = strings.Replace(files[c.file], c.from, c.to, 1)
		fsys := asFS(files)
		begun := time.Now()
		shelf, bad := Open(fsys, "mine", own)
		if len(bad) == 0 {
			for _, l := range shelf.Lessons {
				_, bad = l.Check(t.Context(), player)
			}
		}
		if took := time.Since(begun); took > 20*time.Second { // it is less than one
			t.Errorf("%s, %.60q took %v", c.file, c.to, took)
		}
		ok := false
		for _, f := range bad {
			ok = ok || f.ID == c.id && strings.HasPrefix(f.File, "mine/") && f.Line > 0 && f.Col > 0
		}
		if !ok {
			t.Errorf("%s, %.60q: %v, want %s", c.file, c.to, bad, c.id)
		}
	}
}

// TestWordsCannotRun: of Markdown with a script or HTML nothing but text is left, and addresses lead nowhere else.
func TestWordsCannotRun(t *testing.T) {
	w, _ := parseWords("en.md", []byte("# <script>alert(1)</script>\n\n## a: <img src=x onerror=alert(1)>\n\n<script>alert(1)</script>\n\n<b onclick=x>b</b> [x](javascript:alert(1))\n"), scope{})
	known := map[string]bool{"": true, "p": true, "em": true}
	var look func(words []Piece)
	look = func(words []Piece) {
		for _, p := range words {
			if !known[p.Kind] || p.To != "" {
				t.Errorf("%+v", p)
			}
			look(p.Words)
		}
	}
	for _, b := range w.Beats["a"].Text {
		look(b.Words)
	}
}

// TestExpressionsEnd: what would take for ever is refused or ends soon.
func TestExpressionsEnd(t *testing.T) {
	begun := time.Now()
	for _, source := range []string{
		"sum(1..1000000)", "len(1..999999999)", "max(map(1..60000, #))", "2 ** 2 ** 2 ** 2 ** 2 ** 2", "reverse(reverse(1..60000))[0]",
		"\"" + strings.Repeat("a", 400) + "\" matches \"(a*)*b\" ? 1 : 2",
	} {
		e, err := scope{}.compile(Place{"x", 1, 1}, source, Sayable)
		if err == nil {
			_, err = e.run(NewValues(nil, nil), nil)
		}
		var f *Fault
		if err != nil && !errors.As(err, &f) {
			t.Errorf("%s: %v", source, err)
		}
	}
	if took := time.Since(begun); took > 20*time.Second { // it is milliseconds
		t.Error(took)
	}
}

// FuzzExpression: whatever an expression is, it is refused, has no value or has one, soon; the engine does not fall.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		"run.prompt_tokens + 1", "tensors.probs[2][0]", "sum(map(1..3, # * 2))", "max(map(use.ways, .fits))", "len(filter(tokens, #.id > 3))", "tokens[-1].label", "1 / 0", "2 ** 99999",
		"ledger.pass.cached.parts.scores", "step.done ?? \"\"", "kv.lens[9]", "first(tokens).label", "reverse(1..9)[2]", "\"a\" matches \"(a*)*\"", "1..999999999", "run", "nil", "{a: 1}.a",
	} {
		f.Add(s)
	}
	keys := Over{"model": {"paper"}, "prompt": {"cat sees"}, "new": {"2"}}
	r, err := keys.recipe()
	if err != nil {
		f.Fatal(err)
	}
	on, err := NewPlayer(library.New()).Stage(f.Context(), r, "en")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, source string) {
		for _, want := range []Want{Sayable, Number, Truth, NumberList} {
			e, err := scope{}.compile(Place{"x", 1, 1}, source, want)
			if err == nil {
				var x any
				if x, err = e.run(NewValues(on.At(3, lens.View{Show: ShowFor(e)}), nil), nil); err == nil && want == Sayable {
					for _, unit := range Units {
						_ = Format(x, unit)
					}
				}
			}
			var fault *Fault
			if err != nil && (!errors.As(err, &fault) || fault.Line != 1) {
				t.Errorf("%q: %v", source, err)
			}
		}
	})
}

// FuzzLesson: no file makes the reader fall, and every fault says where.
func FuzzLesson(f *testing.F) {
	files := docs.Starter("")
	f.Add(files[structureFile], files["en.md"])
	for _, name := range []string{"decode", "lossy"} {
		structure, _ := fs.ReadFile(docs.Lessons(), name+"/"+structureFile)
		words, _ := fs.ReadFile(docs.Lessons(), name+"/en.md")
		f.Add(structure, words)
	}
	f.Add([]byte("beats:\n- {id: a, at: end, ask: {kind: order, choices: [{id: b, by: 1}, {id: c, by: 2}]}}"), []byte("# A\n## a: A\n> B\n- `b` C\n"))
	f.Add([]byte("a: [[[{{"), []byte("# {{a}} [[b|c]] [d](light:K)\n- `x`\n\n      y"))
	keys := Over{"model": {"paper"}, "prompt": {"cat sees"}, "new": {"4"}}
	r, err := keys.recipe()
	if err != nil {
		f.Fatal(err)
	}
	on, err := NewPlayer(library.New()).Stage(f.Context(), r, "en")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, structure, words []byte) {
		on := on
		fsys := fstest.MapFS{structureFile: {Data: structure}, "en.md": {Data: words}, "zh.md": {Data: words}}
		shelf, bad := Open(fsys, "x", nil)
		for _, fault := range bad {
			if fault.Line < 1 || fault.Col < 1 || fault.File == "" || fault.ID == "" {
				t.Error(fault)
			}
		}
		for _, l := range shelf.Lessons {
			_ = fmt.Sprint(l.Run, l.RunAt(len(l.Beats), "en"))
			if _, err := l.RecipeAt(0, "en", nil); err != nil {
				_ = err.Error()
			}
			for i := range l.Beats { // on a run that is another one than the lesson's
				on.Cursor = i
				info := l.Say("en", i, "1", on)
				if info.Cannot == nil && info.Here && len(info.Text) == 0 && info.Ask == nil {
					t.Errorf("beat %d says nothing: %+v", i, info)
				}
			}
		}
	})
}

// FuzzAnswers: what a page sends as an answer is read or refused, and read again as it was written.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{"1e3", "0-3,5", "1.2,3.4", "none", "12 %", "3 MFLOP", "a,b", "1,2,3", "-", "1-"} {
		f.Add(s)
	}
	own, _ := Open(docs.Lessons(), "lessons", nil)
	f.Fuzz(func(t *testing.T, given string) {
		for _, l := range own.Lessons {
			for i := range l.Beats {
				q := l.Beats[i].Ask
				if q == nil {
					continue
				}
				if kept, ok := q.Kind.parse(q, given); ok {
					if again, ok := q.Kind.parse(q, kept); !ok || again != kept {
						t.Errorf("%s of %s: %q is kept as %q, then as %q", q.Kind.Name, l.Name, given, kept, again)
					}
				}
			}
		}
	})
}
