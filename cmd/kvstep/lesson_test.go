package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kvstep/sim/lesson"
	"kvstep/web"
)

// TestLessonsAreChecked: a first lesson is right as it is written; what somebody breaks in it is told as
// FILE:LINE:COL, in the person's language, and ends with 1; no name leads out of the folder.
func TestLessonsAreChecked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my-lesson")
	if code, out, errs := command(t, "lesson", "new", dir); code != 0 || out+errs != "" {
		t.Fatal(code, out, errs)
	}
	code, out, errs := command(t, "lesson", "check", dir, "--format", "json")
	var report struct{ Lessons []map[string]any }
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil || errs != "" || len(report.Lessons) != 1 {
		t.Fatal(code, err, out, errs)
	}
	for key, want := range map[string]any{"name": "my-lesson", "beats": 2.0, "questions": 1.0, "minutes": 5.0} {
		if report.Lessons[0][key] != want {
			t.Errorf("%s is %v, want %v", key, report.Lessons[0][key], want)
		}
	}
	file := filepath.Join(dir, "en.md")
	was, _ := os.ReadFile(file)
	for broken, want := range map[string]string{
		strings.Replace(string(was), "run.prompt_tokens", "run.prompt_token", 1): `en.md:7:24: run\.prompt_token: `,
		strings.Replace(string(was), "## how-many", "## how_many", 1):            `en.md:9:\d+: `,
		"# A\n<script>alert(1)</script>\n" + string(was):                         `en.md:\d+:\d+: `,
		"": `en.md:1:1: `,
	} {
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := command(t, "lesson", "check", dir)
		if code != 1 || out != "" || !regexp.MustCompile(want).MatchString(errs) {
			t.Errorf("%d %q %q, want %s", code, out, errs, want)
		}
	}
	for _, args := range [][]string{{"check"}, {"check", dir, dir}, {"check", dir, "--format", "xml"}, {"new"}} {
		if code, _, errs := command(t, append([]string{"lesson"}, args...)...); code != 2 || errs == "" {
			t.Errorf("%v: %d %q", args, code, errs)
		}
	}
	for _, args := range [][]string{{"check", filepath.Join(dir, "none")}, {"check", t.TempDir()}, {"new", dir}, {"new", "../../x/..x"}, {"new", filepath.Join(t.TempDir(), "No Name")}} {
		if code, _, errs := command(t, append([]string{"lesson"}, args...)...); code != 1 || errs == "" {
			t.Errorf("%v: %d %q", args, code, errs)
		}
	}
}

// TestALessonStaysInItsFolder: no name and no link of a folder leads out of it, and nothing that is no file of text is
// read; each is told with its place.
func TestALessonStaysInItsFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if code, _, errs := command(t, "lesson", "new", outside); code != 0 {
		t.Fatal(errs)
	}
	for name, make := range map[string]func(dir string) error{
		"words behind a link": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "en.md")), os.Symlink(filepath.Join(outside, "en.md"), filepath.Join(dir, "en.md")))
		},
		"words above": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "en.md")), os.Symlink("../../outside/en.md", filepath.Join(dir, "en.md")))
		},
		"words in a ring": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "en.md")), os.Symlink("en.md", filepath.Join(dir, "en.md")))
		},
		"a folder for words": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "en.md")), os.Mkdir(filepath.Join(dir, "en.md"), 0o700))
		},
		"nobody may read": func(dir string) error { return os.Chmod(filepath.Join(dir, "en.md"), 0) },
		"the structure behind a link": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "lesson.yaml")), os.Symlink(filepath.Join(outside, "lesson.yaml"), filepath.Join(dir, "lesson.yaml")))
		},
	} {
		dir := filepath.Join(t.TempDir(), "mine")
		if code, _, errs := command(t, "lesson", "new", dir); code != 0 {
			t.Fatal(errs)
		}
		if err := make(dir); err != nil {
			t.Fatal(err)
		}
		if name == "nobody may read" && os.Getuid() == 0 {
			continue // root reads all
		}
		for _, of := range []string{dir, filepath.Dir(dir)} {
			if code, out, errs := command(t, "lesson", "check", of); code != 1 || out != "" || !strings.Contains(errs, ":1:1: ") {
				t.Errorf("%s: %d %q %q", name, code, out, errs)
			}
		}
	}
	folder := filepath.Join(t.TempDir(), "lessons")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.Symlink(outside, filepath.Join(folder, "linked"))); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := command(t, "lesson", "check", folder); code != 1 || out != "" || !strings.Contains(errs, ":1:1: ") {
		t.Errorf("a lesson behind a link: %d %q %q", code, out, errs)
	}
}

// TestALessonAmongOthers: a lesson of a folder of lessons has their misconceptions; a lesson in one language is right
// as it is written.
func TestALessonAmongOthers(t *testing.T) {
	root := t.TempDir()
	for _, args := range [][]string{{"both"}, {"english", "--lang", "en"}, {"chinese", "--lang", "zh"}} {
		args[0] = filepath.Join(root, args[0])
		if code, _, errs := command(t, append([]string{"lesson", "new"}, args...)...); code != 0 {
			t.Fatal(errs)
		}
	}
	file := filepath.Join(root, "both", "lesson.yaml")
	data, _ := os.ReadFile(file)
	changed := strings.Replace(string(data), "why: prefill-one-by-one", "why: of-this-folder", 1)
	err := errors.Join(os.WriteFile(file, []byte(changed), 0o600), os.WriteFile(filepath.Join(root, "misconceptions.yaml"), []byte("- {id: of-this-folder, en: A, zh: A}\n"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{root, filepath.Join(root, "both"), filepath.Join(root, "english"), filepath.Join(root, "chinese")} {
		if code, _, errs := command(t, "lesson", "check", dir); code != 0 || errs != "" {
			t.Errorf("%s: %d %q", dir, code, errs)
		}
	}
	if code, _, errs := command(t, "lesson", "new", filepath.Join(root, "french"), "--lang", "fr"); code != 2 || errs == "" {
		t.Errorf("%d %q", code, errs)
	}
}

// TestASavedLessonIsPlayed: the lessons of a folder stand beside those that are built in, and saving a file changes
// what is played; what is wrong is told, and the others go on.
func TestASavedLessonIsPlayed(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "mine")
	if code, _, errs := command(t, "lesson", "new", dir); code != 0 {
		t.Fatal(errs)
	}
	played := web.Lessons()
	built, changed := len(played.Shelf().Lessons), make(chan struct{}, 10)
	defer played.Watch(func() { changed <- struct{}{} })()
	told, tell := io.Pipe()
	said := make(chan string, 1)
	go func() {
		data := make([]byte, 4096)
		for {
			n, err := told.Read(data)
			if err != nil {
				return
			}
			said <- string(data[:n])
		}
	}()
	go follow(t.Context(), played, root, tell)
	title := func() string {
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was told")
		}
		l := played.Shelf().Find("mine")
		if l == nil || len(played.Shelf().Lessons) != built+1 {
			t.Fatalf("%d lessons, mine is %v", len(played.Shelf().Lessons), l)
		}
		return l.TitleIn("en")
	}
	if s := title(); s != "A first lesson" {
		t.Error(s)
	}
	file := filepath.Join(dir, "en.md")
	data, _ := os.ReadFile(file)
	if err := os.WriteFile(file, []byte(strings.Replace(string(data), "# A first lesson", "# Another", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := title(); s != "Another" {
		t.Error(s)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(data), "{{run.", "{{ran.", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	select {
	case s := <-said:
		if !strings.Contains(s, "en.md:7:") {
			t.Error(s)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing was said of a broken lesson")
	}
	if s := title(); s != "Another" {
		t.Errorf("a broken lesson is played as %q, not as it was before", s)
	}
	if old := played.Shelf().Find("decode"); old == nil || old.Words["zh"] == nil || len(lesson.Languages) != 2 {
		t.Error("the lessons that are built in are gone")
	}
}
