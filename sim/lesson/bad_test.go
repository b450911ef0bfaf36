package lesson

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kvstep/docs"
	"kvstep/sim/library"
)

// starter is a lesson that is right, as files that a test may break.
func starter(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{structureFile, "en.md", "zh.md"} {
		data, err := readFile(docs.Starter(), name, name, maxWords)
		if err != nil {
			t.Fatal(err)
		}
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
		shelf, bad := Open(fsys, "mine", own)
		if len(bad) == 0 {
			for _, l := range shelf.Lessons {
				_, bad = l.Check(t.Context(), player)
			}
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

// FuzzLesson: no file makes the reader fall, and every fault says where.
func FuzzLesson(f *testing.F) {
	files := map[string]string{}
	for _, name := range []string{structureFile, "en.md"} {
		data, err := readFile(docs.Starter(), name, name, maxWords)
		if err != nil {
			f.Fatal(err)
		}
		files[name] = string(data)
	}
	f.Add([]byte(files[structureFile]), []byte(files["en.md"]))
	f.Add([]byte("beats:\n- {id: a, at: end, ask: {kind: order, choices: [{id: b, by: 1}, {id: c, by: 2}]}}"), []byte("# A\n## a: A\n> B\n- `b` C\n"))
	f.Add([]byte("a: [[[{{"), []byte("# {{a}} [[b|c]] [d](light:K)\n- `x`\n\n      y"))
	f.Fuzz(func(t *testing.T, structure, words []byte) {
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
