package export

import (
	"fmt"
	"html"
	"os"
	"regexp"
	"strings"
	"testing"

	"kvstep/docs"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/web/page"
)

var (
	tags     = regexp.MustCompile(`<[^>]*>`)
	asked    = regexp.MustCompile(`(?s)<section class="question" data-beat="([^"]+)".*?</section>`)
	slide    = regexp.MustCompile(`(?s)<section class="slide" data-beat="([^"]+)".*?</section>`)
	outcomed = regexp.MustCompile(`data-outcome="([^"]*)"`)
	pictured = regexp.MustCompile(`data-picture="(\d+)"`)
	outside  = regexp.MustCompile(`(?:src|href)="[^"#]|https?://(?:www\.w3\.org/)?[a-z]*|@import|url\(`)
)

// wordsOf returns the words of HTML, without its tags and its spaces.
func wordsOf(s string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(s, " "))), "")
}

// printed are the lessons that are printed in tests: all in KVSTEP_ALL, else those in which every kind is asked.
func printed(t *testing.T) []*lesson.Lesson {
	shelf, bad := lesson.Open(docs.Lessons(), "docs/lessons", nil)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	if os.Getenv("KVSTEP_ALL") != "" {
		return shelf.Lessons
	}
	return []*lesson.Lesson{shelf.Find("attention"), shelf.Find("decode"), shelf.Find("weight")}
}

// TestLessonsOnPaper: in each language a worksheet has every question and not one of the replies, the key has every
// answer that the lesson names with its misconception, and slides have every beat; each has its pictures' moments, and
// names nothing outside.
func TestLessonsOnPaper(t *testing.T) {
	models := library.New()
	for _, l := range printed(t) {
		for _, lang := range lesson.Languages {
			paper := map[string]string{}
			for _, kind := range page.PaperKinds {
				made, _, err := Paper(t.Context(), models, []*lesson.Lesson{l}, Print{Kind: kind, Lang: lang, Version: "test"})
				if err != nil {
					t.Fatalf("%s, %s, %s: %v", l.Name, lang, kind, err)
				}
				paper[kind] = string(made)
				for _, m := range pictured.FindAllStringSubmatch(paper[kind], -1) {
					if !strings.Contains(paper[kind], fmt.Sprintf(`id="frame-%s"`, m[1])) {
						t.Errorf("%s, %s, %s: picture %s has no moment", l.Name, lang, kind, m[1])
					}
				}
			}
			onPaper(t, l, lang, paper)
		}
	}
}

// onPaper holds a lesson's three documents against what it says and asks.
func onPaper(t *testing.T, l *lesson.Lesson, lang string, paper map[string]string) {
	t.Helper()
	sheets, keys, slides := sections(asked, paper[page.Worksheet]), sections(asked, paper[page.AnswerKey]), sections(slide, paper[page.Deck])
	player := lesson.NewPlayer(library.New())
	questions := 0
	for i := range l.Beats {
		b := &l.Beats[i]
		where := fmt.Sprintf("%s, %s, %s", l.Name, lang, b.ID)
		r, err := l.RecipeAt(i, lang, nil)
		if err != nil {
			t.Fatal(err)
		}
		on, err := player.Stage(t.Context(), r, lang)
		if err != nil {
			t.Fatal(err)
		}
		info := l.Say(lang, i, "", on)
		if s := slides[b.ID]; !strings.Contains(wordsOf(s), wordsOf(plainWords(info.Text))) || !strings.Contains(s, "data-picture") {
			t.Errorf("%s: the slide has not what the beat says", where)
		}
		if b.Ask == nil {
			continue
		}
		questions++
		if want := wordsOf(plainWords(info.Ask.Text)); !strings.Contains(wordsOf(sheets[b.ID]), want) || !strings.Contains(wordsOf(slides[b.ID]), want) {
			t.Errorf("%s: the question is not asked", where)
		}
		if s := sheets[b.ID]; strings.Contains(s, "given") || strings.Contains(s, "data-outcome") {
			t.Errorf("%s: the worksheet has something filled in", where)
		}
		answers, err := l.Outcomes(lang, i, on)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(outcomed.FindAllString(keys[b.ID], -1)); n != len(answers) || n < 2 || !strings.Contains(keys[b.ID], "given") && b.Ask.Kind.Name != "order" {
			t.Errorf("%s: the key has %d answers of %d", where, n, len(answers))
		}
		for j, o := range answers {
			if o.Graded.Right != (j == 0) || (o.Reason == "") != (j == 0) {
				t.Errorf("%s: answer %d is right: %v, from %q", where, j, o.Graded.Right, o.Reason)
			}
			for _, block := range o.Graded.Says {
				said := wordsOf(plainWords([]lesson.Block{block}))
				if !strings.Contains(wordsOf(keys[b.ID]), said) {
					t.Errorf("%s: the key lacks %q", where, said)
				}
				if strings.Contains(wordsOf(paper[page.Worksheet]), said) {
					t.Errorf("%s: the worksheet tells %q", where, said)
				}
			}
			if !strings.Contains(wordsOf(keys[b.ID]), wordsOf(o.Reason)) {
				t.Errorf("%s: the key lacks the misconception %q", where, o.Reason)
			}
		}
	}
	if questions != len(sheets) || questions != len(keys) || len(slides) != len(l.Beats) {
		t.Errorf("%s, %s: %d questions on the worksheet, %d in the key, of %d; %d slides of %d beats", l.Name, lang, len(sheets), len(keys), questions, len(slides), len(l.Beats))
	}
}

// sections returns parts of a document by their beats.
func sections(of *regexp.Regexp, doc string) map[string]string {
	all := map[string]string{}
	for _, m := range of.FindAllStringSubmatch(doc, -1) {
		all[m[1]] = m[0]
	}
	return all
}

// plainWords returns what blocks say.
func plainWords(blocks []lesson.Block) string {
	var b strings.Builder
	var pieces func([]lesson.Piece)
	pieces = func(words []lesson.Piece) {
		for _, w := range words {
			if w.Words != nil {
				pieces(w.Words)
			} else {
				b.WriteString(html.EscapeString(w.Text))
			}
			if w.Kind == "br" {
				b.WriteByte(' ')
			}
		}
	}
	for _, x := range blocks {
		pieces(x.Words)
		b.WriteString(plainWords(x.Items))
	}
	return b.String()
}

// TestPaperAsksForNothing: a printed lesson names no other file and no other host, and its policy allows none.
func TestPaperAsksForNothing(t *testing.T) {
	shelf, _ := lesson.Open(docs.Lessons(), "docs/lessons", nil)
	made, policy, err := Paper(t.Context(), library.New(), []*lesson.Lesson{shelf.Find("attention")}, Print{Kind: page.Deck, Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	body := regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>`).ReplaceAllString(string(made), "")
	if found := outside.FindAllString(body, -1); len(found) > 0 {
		t.Errorf("it names %q", found)
	}
	if !strings.HasPrefix(policy, "default-src 'none'; script-src 'sha256-") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "self") {
		t.Error(policy)
	}
}
