package lesson

import (
	"strings"
	"testing"
	"testing/fstest"

	"kvstep/docs"
	"kvstep/sim/library"
)

// Files are read as all editors write them: with a mark of UTF-8, with either kind of line end. Their faults have the
// same lines, and their lesson the same version.
func TestTextsOfAllEditors(t *testing.T) {
	own, _ := Open(docs.Lessons(), "lessons", nil)
	plain, bad := Open(asFS(starter(t)), "mine", own)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	for _, change := range []func(string) string{
		func(s string) string { return "\ufeff" + s },
		func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "\n", "\r\n") },
		func(s string) string { return strings.ReplaceAll(s, "\n", "\r") },
	} {
		files := starter(t)
		for name, text := range files {
			files[name] = change(text)
		}
		shelf, bad := Open(asFS(files), "mine", own)
		if len(bad) > 0 || shelf.Lessons[0].Version != plain.Lessons[0].Version {
			t.Errorf("%q: %v", files["en.md"][:20], bad)
		}
		files["en.md"] = change(strings.Replace(starter(t)["en.md"], "run.prompt_tokens", "run.prompt", 1))
		if _, bad := Open(asFS(files), "mine", own); len(bad) != 1 || bad[0].File != "mine/en.md" || bad[0].Line != 7 {
			t.Errorf("a fault of %q: %v", files["en.md"][:20], bad)
		}
	}
	files := starter(t)
	files["en.md"] = "\xff\xfe#\x00 \x00A\x00"
	if _, bad := Open(asFS(files), "mine", own); len(bad) == 0 || bad[0].ID != "lesson.utf8" {
		t.Errorf("UTF-16: %v", bad)
	}
}

// A lesson that names one language has one file of words. Who reads another language is told its words, that they are
// in that language, and its run is the one of that language.
func TestALessonOfOneLanguage(t *testing.T) {
	own, _ := Open(docs.Lessons(), "lessons", nil)
	for lang, other := range map[string]string{"en": "zh", "zh": "en"} {
		files := fstest.MapFS{}
		for name, data := range docs.Starter(lang) {
			files[name] = &fstest.MapFile{Data: data}
		}
		if len(files) != 2 {
			t.Fatal(files)
		}
		shelf, bad := Open(files, "mine", own)
		if len(bad) > 0 {
			t.Fatal(bad[0])
		}
		l, player := shelf.Lessons[0], NewPlayer(library.New())
		report, bad := l.Check(t.Context(), player)
		if len(bad) > 0 || len(report.Languages) != 1 || report.Languages[0] != lang || report.Words == 0 {
			t.Error(report, bad)
		}
		r, err := l.RecipeAt(0, other, nil)
		if err != nil {
			t.Fatal(err)
		}
		if own, _ := l.RecipeAt(0, lang, nil); r.Prompt != own.Prompt {
			t.Errorf("the words are in %s, and the prompt is %s", lang, r.Prompt)
		}
		on, err := player.Stage(t.Context(), r, other)
		if err != nil {
			t.Fatal(err)
		}
		if info := l.Say(other, 0, "", on); info.Lang != lang || len(info.Text) == 0 || l.TitleIn(other) != info.Title {
			t.Errorf("%+v", info)
		}
		if info := l.Say(lang, 0, "", on); info.Lang != "" {
			t.Errorf("%+v", info)
		}
		delete(files, lang+".md")
		if _, bad := Open(files, "mine", own); len(bad) != 1 || bad[0].ID != "lesson.language" || bad[0].File != "mine/"+lang+".md" {
			t.Errorf("without its words: %v", bad)
		}
	}
}
