package lesson

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"kvstep/docs"
	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/web/text"
)

// retrained is an embedded model with other weights: each number is off by up to a share, or is another one altogether.
func retrained(t testing.TB, name string, all bool) *library.Loaded {
	t.Helper()
	folder, err := checkpoint.Folder(name)
	if err != nil {
		t.Fatal(err)
	}
	files, r := fstest.MapFS{}, rand.New(rand.NewSource(18))
	err = fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, path)
		if strings.HasSuffix(path, ".safetensors") {
			data = slices.Clone(data)
			header := 8 + int(data[0]) + int(data[1])<<8 + int(data[2])<<16
			if !strings.Contains(string(data[:header]), `"F16"`) {
				return fmt.Errorf("%s has no half numbers", path)
			}
			for i := header; i+1 < len(data); i += 2 {
				data[i] ^= byte(r.Intn(256)) // low bits of the mantissa
				if all {
					data[i+1] ^= byte(r.Intn(2) << 7) // the sign
				}
			}
		}
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := library.OpenFolder(name, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// llama2c is the foreign model at hand, nil where it is not.
func llama2c(t testing.TB) *library.Loaded {
	bin, err := os.ReadFile("../../../shared/models/stories260K.bin")
	words, other := os.ReadFile("../../../shared/models/tok512.bin")
	if err != nil || other != nil {
		return nil
	}
	m, err := library.OpenLlama2c("stories260K", bin, words)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// changes are what somebody may have under a lesson: another model, another prompt, another way of running.
var changes = []Over{
	{"model": {"story-gqa"}}, {"model": {"story-mqa"}}, {"model": {"story-draft"}}, {"model": {"paper"}}, {"model": {"stories260K"}},
	{"prompt": {"Mia"}}, {"prompt": {"小明有"}}, {"prompt": {"Leo has a red ball."}}, {"prompt": {strings.Repeat("Leo has a red ball. Anna has a blue ball. ", 6)}},
	{"model": {"paper"}, "prompt": {"dog"}}, {"model": {"paper"}, "prompt": {"dog sees cat sees"}}, {"tokens": {"3"}},
	{"new": {"1"}}, {"new": {"40"}}, {"cache": {"window:4:1"}}, {"cache": {"int4"}}, {"cache": {"paged:4"}}, {"lanes": {"cached"}}, {"lanes": {"uncached"}},
	{"sampler": {"sample"}, "seed": {"3"}, "t": {"2"}}, {"w": {"2"}, "sampler": {"beam"}}, {"budget": {"20000"}}, {"stop": {"."}},
}

// TestLessonsOnOtherRuns: whatever runs under a lesson, each of its beats is played with all its words, and its right
// and wrong answers are that there; or it says what it cannot play. Nothing falls.
func TestLessonsOnOtherRuns(t *testing.T) {
	shelf, bad := Open(docs.Lessons(), "lessons", nil)
	if len(bad) > 0 {
		t.Fatal(bad[0])
	}
	foreign := llama2c(t)
	type under struct {
		models *Player
		name   string
		over   Over
	}
	player := NewPlayer(library.New())
	if foreign != nil {
		player = NewPlayer(library.New(foreign))
	}
	runs := []under{
		{NewPlayer(library.New(retrained(t, "story", false))), "retrained", nil},
		{NewPlayer(library.New(retrained(t, "story", true))), "untrained", nil},
	}
	for _, over := range changes {
		if foreign == nil && slices.Contains(over["model"], "stories260K") {
			continue
		}
		runs = append(runs, under{player, fmt.Sprint(over), over})
	}
	r := rand.New(rand.NewSource(18))
	for _, l := range shelf.Lessons {
		some := runs
		if os.Getenv("KVSTEP_ALL") == "" {
			some = nil
			for _, i := range r.Perm(len(runs))[:3] {
				some = append(some, runs[i])
			}
		}
		for _, u := range some {
			t.Run(l.Name+" "+u.name, func(t *testing.T) {
				a := anyRun{t: t, l: l, models: u.models, over: u.over}
				for i := range l.Beats {
					for _, lang := range Languages {
						a.beat(lang, i)
					}
				}
				t.Logf("%d beats played, not: %v", a.played, a.not)
			})
		}
	}
}

// hasMessage reports whether both languages have a message.
func hasMessage(id string) bool {
	return strings.Contains(string(text.JSON("en")), `"`+id+`":`) && strings.Contains(string(text.JSON("zh")), `"`+id+`":`)
}

type anyRun struct {
	t      *testing.T
	l      *Lesson
	models *Player
	over   Over
	played int
	not    []string
}

func (a *anyRun) cannot(beat, why string) { a.not = append(a.not, beat+": "+why) }

// beat plays one beat in a language.
func (a *anyRun) beat(lang string, i int) {
	b := &a.l.Beats[i]
	r, err := a.l.RecipeAt(i, lang, a.over)
	var on Stage
	if err == nil {
		on, err = a.models.Stage(a.t.Context(), r, lang)
	}
	if err != nil {
		var p *sim.Problem
		if !errors.As(err, &p) || !hasMessage("problem."+p.ID) {
			a.t.Errorf("%s: %v", b.ID, err)
		}
		a.cannot(b.ID, err.Error())
		return
	}
	on.Cursor, _ = b.At.Step(on.Config, on.Most)
	info := a.l.Say(lang, i, "", on)
	if info.Cannot != nil {
		if !hasMessage(info.Cannot.ID) {
			a.t.Errorf("%s: %+v", b.ID, info.Cannot)
		}
		a.cannot(b.ID, info.Cannot.ID)
	} else if len(info.Text) == 0 && info.Ask == nil || !info.Here {
		a.t.Errorf("%s says nothing: %+v", b.ID, info)
	} else {
		a.played++
	}
	if info.Ask != nil {
		a.answers(lang, i, on, info.Ask.Reveal)
	}
}

// answers gives the right answer and each wrong one, once the run has come to where they are graded.
func (a *anyRun) answers(lang string, i int, on Stage, reveal int) {
	b := &a.l.Beats[i]
	q := b.Ask
	on.Cursor = reveal
	v, err := a.l.values(q.Reveal, q.look, on, q.expressions(nil)...)
	if err != nil {
		a.t.Fatal(b.ID, err)
	}
	w, err := q.workOut(v)
	if err != nil {
		a.t.Fatal(b.ID, err)
	}
	for n, answer := range append([]string{w.right}, w.wrong...) {
		info := a.l.Say(lang, i, answer, on)
		switch {
		case info.Cannot != nil && info.Cannot.ID == "lesson.cannot.value":
			a.cannot(b.ID, "answer "+answer)
		case info.Cannot != nil || info.Ask == nil || info.Ask.Graded == nil:
			a.t.Errorf("%s, answer %s: %+v %+v", b.ID, answer, info.Cannot, info.Ask)
		case info.Ask.Graded.Right != (n == 0) || len(info.Ask.Graded.Says) == 0:
			a.t.Errorf("%s, answer %s (%d): %+v", b.ID, answer, n, info.Ask.Graded)
		}
	}
}
