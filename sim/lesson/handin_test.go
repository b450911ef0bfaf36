package lesson

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"kvstep/docs"
	"kvstep/sim"
	"kvstep/sim/lens"
	"kvstep/sim/library"
)

// link writes a hand-in as an address, as the page does.
func (h HandIn) link() string {
	v := url.Values{"lesson": {h.Lesson}, "version": {h.Version}, "name": {h.Name}, "lang": {h.Lang}, "beat": {h.Beat}, "answers": {h.All()}}
	maps.Copy(v, h.Moment)
	return "http://127.0.0.1:8787/lab?" + v.Encode()
}

// TestHandInsAreGradedAsOnThePage: the right answer of every question and each that comes from a misconception,
// handed in as a file and as an address, are worth what the page says of them there.
func TestHandInsAreGradedAsOnThePage(t *testing.T) {
	shelf, _ := Open(docs.Lessons(), "lessons", nil) // TestLessons is red of what is wrong with them
	player := NewPlayer(library.New())
	lessons := shelf.Lessons
	if os.Getenv("KVSTEP_ALL") == "" {
		at := rand.Intn(len(lessons)) // every run another one
		lessons = append(lessons[at:at+1:at+1], shelf.Find("decode"))
	}
	graded := 0
	for _, l := range lessons {
		for _, lang := range Languages {
			grader := NewGrader(player)
			for i, answers := range l.sets(t, player, lang) {
				h := HandIn{Lesson: l.Name, Version: l.Version, Name: fmt.Sprint("learner ", i), Lang: lang, Answers: answers}
				if all := h.All(); len(all) > lens.MaxAnswers {
					t.Errorf("%s: all answers have %d bytes, which no link has", l.Name, len(all))
				}
				data, _ := json.Marshal(h)
				for _, text := range []string{string(data), "somebody, " + h.link() + "\n"} {
					read := ReadHandIns([]byte(text))
					if len(read) != 1 || read[0].Err != nil || read[0].Name != h.Name {
						t.Fatalf("%s: %+v", l.Name, read)
					}
					marks, wrong := grader.Grade(t.Context(), l, &read[0].HandIn, lang)
					for _, err := range wrong {
						t.Errorf("%s, %s: %v", l.Name, lang, err)
					}
					l.compare(t, player, lang, answers, marks)
					graded += len(answers)
				}
			}
		}
	}
	t.Logf("%d answers of %d lessons", graded, len(lessons))
	if graded < 60*len(lessons) {
		t.Errorf("only %d answers were graded", graded)
	}
}

// sets returns what several learners answer: one all that is right, the others each another thing that is wrong.
func (l *Lesson) sets(t *testing.T, p *Player, lang string) (all []map[string]string) {
	t.Helper()
	at := func(n int) map[string]string {
		for len(all) <= n {
			all = append(all, map[string]string{})
		}
		return all[n]
	}
	for i := range l.Beats {
		q := l.Beats[i].Ask
		if q == nil {
			continue
		}
		answers, err := l.Outcomes(lang, i, l.revealed(t, p, lang, i))
		if err != nil {
			t.Fatal(err)
		}
		for n, x := range answers {
			at(n)[l.Beats[i].ID] = x.Given
		}
	}
	return all
}

// revealed returns a beat's run, with the cursor where its question is graded.
func (l *Lesson) revealed(t *testing.T, p *Player, lang string, beat int) Stage {
	t.Helper()
	r, err := l.RecipeAt(beat, lang, nil)
	if err != nil {
		t.Fatal(err)
	}
	on, err := p.Stage(t.Context(), r, lang)
	if err != nil {
		t.Fatal(err)
	}
	on.Cursor, _ = l.Beats[beat].Ask.Reveal.Step(on.Config, on.Most)
	return on
}

// compare holds marks against what Say tells a learner who stands where each question is graded.
func (l *Lesson) compare(t *testing.T, p *Player, lang string, answers map[string]string, marks []Mark) {
	t.Helper()
	asked := 0
	for i := range l.Beats {
		b := &l.Beats[i]
		if b.Ask == nil {
			continue
		}
		m := marks[asked]
		asked++
		given := answers[b.ID]
		if m.Beat != b.ID || m.Graded != (given != "") || m.Question == "" {
			t.Fatalf("%s, %s: %+v", l.Name, b.ID, m)
		}
		if given == "" {
			continue
		}
		on := l.revealed(t, p, lang, i)
		g := l.Say(lang, i, given, on).Ask.Graded
		if g == nil || m.Right != g.Right || m.Why != g.Why || b.Ask.readable(g.Answer, on) != m.Answer {
			t.Errorf("%s, %s, %q: the page says %+v, the grader %+v", l.Name, b.ID, given, g, m)
		}
		if (m.Why == "") != m.Right {
			t.Errorf("%s, %s, %q: right %v, from %q", l.Name, b.ID, given, m.Right, m.Why)
		}
	}
	if asked != len(marks) || asked == 0 {
		t.Errorf("%s: %d marks of %d questions", l.Name, len(marks), asked)
	}
}

// TestHandInsOfChangedRuns: what a learner has changed under a lesson changes what is right, whether their address
// names the moment of a run or only what is changed; a run that is the lesson's own has changed nothing.
func TestHandInsOfChangedRuns(t *testing.T) {
	shelf, _ := Open(docs.Lessons(), "lessons", nil)
	l, g := shelf.Find("decode"), NewGrader(NewPlayer(library.New()))
	own := "&model=story&new=11&prompt=Monday%2C+Tuesday%2C"
	rows := func(link string) string {
		t.Helper()
		h, err := ReadLink("?lesson=decode&lang=en&answers=what-again~0" + link)
		if err != nil {
			t.Fatal(err)
		}
		marks, wrong := g.Grade(t.Context(), l, &h, "en")
		if len(wrong) > 0 || len(marks) == 0 {
			t.Fatal(link, wrong)
		}
		return marks[0].Answer
	}
	want := rows("")
	for _, same := range []string{own + "&step=6", own + "&step=-1&show=history&layer=2", "&new=11", "&prompt=Monday%2C+Tuesday%2C"} {
		if got := rows(same); got != want {
			t.Errorf("%s: %s, want %s", same, got, want)
		}
	}
	for _, other := range []string{"&prompt=Once+upon+a+time+there+was+a+cat", "&new=11&model=story&prompt=Once+upon+a+time+there+was+a+cat&step=6"} {
		if got := rows(other); got == want {
			t.Errorf("%s: %s is what the lesson's own run says", other, got)
		}
	}
	if rows("&prompt=Once+upon+a+time") != rows("&new=11&model=story&prompt=Once+upon+a+time&step=-1") {
		t.Error("one run, two answers")
	}
	if n := len(g.player.runs); n != 3 {
		t.Errorf("%d runs were played, want 3: the same one is played once", n)
	}
}

// TestWhatDoesNotFitIsTold: of a hand-in whose lesson has become another one the rest is graded.
func TestWhatDoesNotFitIsTold(t *testing.T) {
	shelf, _ := Open(docs.Lessons(), "lessons", nil)
	l, g := shelf.Find("decode"), NewGrader(NewPlayer(library.New()))
	for _, c := range []struct {
		h    HandIn
		id   string
		rest bool // marks are there all the same
	}{
		{HandIn{Version: "00000000"}, "handin.version", true},
		{HandIn{Answers: map[string]string{"nowhere": "1"}}, "handin.beat", true},
		{HandIn{Answers: map[string]string{"price": "1"}}, "handin.beat", true}, // which asks nothing
		{HandIn{Answers: map[string]string{"what-again": "all of them"}}, "handin.answer", true},
		{HandIn{Moment: map[string][]string{"model": {"none"}}}, "model.unknown", false},
		{HandIn{Moment: map[string][]string{"new": {"many"}}}, "recipe.whole", false},
		{HandIn{Moment: map[string][]string{"new": {"100000"}}}, "recipe.whole", false},
		{HandIn{Moment: map[string][]string{"new": {"1", "2"}}}, "recipe.twice", false},
		{HandIn{Moment: map[string][]string{"cache": {"fridge"}, "step": {"3"}}}, "recipe.choice", false},
	} {
		marks, wrong := g.Grade(t.Context(), l, &c.h, "en")
		if len(wrong) != 1 || problemIn(wrong[0]) != c.id || (len(marks) > 0) != c.rest {
			t.Errorf("%+v: %v, %d marks, want %s", c.h, wrong, len(marks), c.id)
		}
	}
}

func problemIn(err error) string {
	var bad faults
	bad.because(Place{"x", 1, 1}, err)
	return bad[0].ID
}

// badHandIns are files that hold something else, with what is said of their first hand-in, and on which line.
var badHandIns = []struct {
	text, id string
	line     int
}{
	{"", "handin.empty", 1},
	{" \n\t", "handin.empty", 1},
	{"\ufeff", "handin.empty", 1},
	{"\xff\xfe{\x00", "handin.text", 1},
	{"{", "handin.json", 1},
	{"{\"lesson\":\"decode\",\n\"answers\":\"a\"}", "handin.json", 1},
	{"{}", "handin.other", 1},
	{`{"name":"package","version":"1.0.0"}`, "handin.other", 1},
	{`{"lesson":"../../etc/passwd"}`, "handin.other", 1},
	{`{"lesson":"decode","name":"` + strings.Repeat("x", 300) + `"}`, "handin.long", 1},
	{`{"lesson":"decode","answers":{"a":"` + strings.Repeat("1", 5000) + `"}}`, "handin.long", 1},
	{`{"lesson":"decode","answers":{"a":"1;b~2"}}`, "handin.answer", 1},
	{`{"lesson":"decode","answers":{"A b":"1"}}`, "handin.answer", 1},
	{strings.Repeat(`{"a":`, 20000), "handin.json", 1},
	{"\n\nAda", "handin.line", 3},
	{"Ada http://x/?model=story", "handin.line", 1},
	{"Ada http://x/?lesson=decode&answers=%zz", "handin.line", 1},
	{strings.Repeat("a", 300) + " ?lesson=decode", "handin.long", 1},
	{strings.Repeat(" ", MaxHandIn+1), "handin.large", 1},
}

// TestBadHandInsAreTold: what is no hand-in says so, by a message of the catalogue.
func TestBadHandInsAreTold(t *testing.T) {
	for _, c := range badHandIns {
		all := ReadHandIns([]byte(c.text))
		if len(all) != 1 || all[0].Err == nil || problemIn(all[0].Err) != c.id || all[0].Line != c.line {
			t.Errorf("%.40q: %.300v, want %s", c.text, all, c.id)
		}
	}
	mixed := ReadHandIns([]byte("Ada,http://h/lab?lesson=decode&answers=a~1\nnobody\n\n\"Bob\"\t<http://h/?lesson=weight>;\n?lesson=kv&name=Eve\n"))
	var said []string
	for _, h := range mixed {
		said = append(said, fmt.Sprintf("%d %s %s %v", h.Line, h.Name, h.Lesson, h.Err != nil))
	}
	if want := []string{"1 Ada decode false", "2   true", "4 Bob weight false", "5 Eve kv false"}; !slices.Equal(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
	several := ReadHandIns([]byte("{\"lesson\":\"decode\"}\n{\"lesson\":\"kv\"}\n[1]"))
	if len(several) != 3 || several[1].Lesson != "kv" || several[2].Err == nil {
		t.Errorf("%+v", several)
	}
}

// FuzzHandIns: no file makes the reader fall; what it has read is what it would read again; and grading it ends
// in marks or in problems.
func FuzzHandIns(f *testing.F) {
	for _, c := range badHandIns[:len(badHandIns)-1] {
		f.Add([]byte(c.text))
	}
	f.Add([]byte(`{"lesson":"decode","version":"1","name":"Ada","lang":"zh","beat":"draw","answers":{"what-again":"0-5"},"moment":{"model":["story"],"step":["-1"]}}`))
	f.Add([]byte("Ada, http://127.0.0.1:8787/lab?lesson=decode&answers=draw~1%2C2&model=paper&step=3"))
	shelf, _ := Open(docs.Lessons(), "lessons", nil)
	fill := func(r sim.Recipe, _ string) sim.Recipe { return r }
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, h := range ReadHandIns(data) {
			if h.Line < 1 || (h.Err != nil) && problemIn(h.Err) == "lesson.wrong" {
				t.Error(h.Line, h.Err)
			}
			if h.Err != nil {
				continue
			}
			again, err := ReadLink(h.link())
			if err != nil || again.Lesson != h.Lesson || again.Name != h.Name || !maps.Equal(again.Answers, h.Answers) {
				t.Errorf("%+v is read again as %+v: %v", h.HandIn, again, err)
			}
			if l := shelf.Find(h.Lesson); l != nil {
				if over, err := l.Changes(&h.HandIn, h.Lang, fill); err == nil {
					_, _ = l.RecipeAt(0, h.Lang, over)
				} else if problemIn(err) == "lesson.wrong" {
					t.Error(err)
				}
			}
		}
	})
}
