package lesson

import (
	"slices"
	"testing"
	"testing/fstest"

	"kvstep/sim/library"
)

const question = "## one: One\n\n> What?\n\n"

// asked returns a lesson of these beats on the paper model.
func asked(t *testing.T, structure, said string) (*Lesson, Stage) {
	t.Helper()
	words := &fstest.MapFile{Data: []byte("# A\n\n" + said)}
	shelf, bad := Open(fstest.MapFS{
		structureFile: {Data: []byte("minutes: 1\nrun: {model: paper, prompt: cat sees, new: 6}\nbeats:\n" + structure)}, "en.md": words, "zh.md": words,
		reasonsFile: {Data: []byte("- {id: a-reason, en: A, zh: A}\n")},
	}, "asked", nil)
	if len(bad) > 0 {
		t.Fatal(bad[0])
	}
	l := shelf.Lessons[0]
	r, err := l.RecipeAt(0, "en", nil)
	if err != nil {
		t.Fatal(err)
	}
	on, err := NewPlayer(library.New()).Stage(t.Context(), r, "en")
	if err != nil {
		t.Fatal(err)
	}
	return l, on
}

// A drawn curve is what it is nearest to: a tolerance wide enough for a hand does not make the wrong one right.
func TestCurvesAreWhatTheyAreNearestTo(t *testing.T) {
	l, on := asked(t, `  - id: one
    at: end
    ask:
      kind: curve
      points: 4
      most: "20"
      answer: "map(1..4, # ** 2)"
      within: 0.3
      wrong:
        - {id: straight, answer: "map(1..4, # * 4)", why: a-reason}
`, question+"- `straight` A line.\n\n  {{4}} at first.\n- `right` {{1}} at first.\n")
	for given, want := range map[string]string{
		"1,4,9,16": "right", "1,5,9,15": "right", "2,4,10,16": "right", "4,8,12,16": "straight", "3,8,11,16": "straight", "3,7,12,17": "straight", "16,9,4,1": "", "0,0,0,0": "",
	} {
		info := l.Say("en", 0, given, on)
		if info.Ask == nil || info.Ask.Graded == nil {
			t.Fatalf("%s: %+v", given, info)
		}
		if g := info.Ask.Graded; g.Reply != want || g.Right != (want == "right") {
			t.Errorf("%s: %+v, want %q", given, g, want)
		}
	}
}

// A token may be written as it is called.
func TestTokensByName(t *testing.T) {
	l, on := asked(t, `  - id: one
    at: pass 0 head
    ask:
      kind: token
      answer: choice.token
      wrong:
        - {id: again, answer: "tokens[1].id", why: a-reason}
`, question+"- `again` Again.\n\n  {{tokens[1].label}}\n- `right` {{choice.label}}\n")
	on.Cursor, _ = l.Beats[0].At.Step(on.Config, on.Most)
	m := on.At(on.Cursor, Look{}.View(on.Config))
	right := m.Label(m.Step.Token)
	for given, want := range map[string]string{
		"=" + right: "right", "= " + right + " ": "right", "=CAT": "again", "=cat": "again", "=mouse": "", "=": "none", "cat": "none", "-1": "none",
	} {
		info := l.Say("en", 0, given, on)
		switch {
		case want == "none":
			if info.Ask.Graded != nil {
				t.Errorf("%q is an answer: %+v", given, info.Ask.Graded)
			}
		case info.Ask == nil || info.Ask.Graded == nil || info.Ask.Graded.Reply != want:
			t.Errorf("%q: %+v", given, info)
		}
	}
}

// What holds on another run only is not said; what can be passed has a way on.
func TestConditions(t *testing.T) {
	l, on := asked(t, `  - {id: one, at: pass 0 head, holds: step.rows > 1000}
  - id: two
    at: pass 0 head
    ask:
      kind: number
      holds: step.rows > 1000
      answer: step.rows
      wrong: [{id: more, answer: step.rows + 1, why: a-reason}]
  - id: three
    at: pass 0 head
    ask:
      kind: number
      answer: step.rows
      wrong: [{id: more, answer: step.rows + step.masked - step.masked, why: a-reason}]
  - {id: four, at: pass 0 head, holds: "tensors.probs[99][99] > 0"}
`, "## one: One\n\nMany rows.\n\n## two: Two\n\nText.\n\n> What?\n\n- `more` More.\n\n  {{step.rows + 1}}\n- `right` {{step.rows}}\n\n"+
		"## three: Three\n\nText.\n\n> What?\n\n- `more` More.\n\n  {{step.rows}}\n- `right` {{step.rows}}\n\n## four: Four\n\nText.\n")
	on.Cursor, _ = l.Beats[0].At.Step(on.Config, on.Most)
	for i, want := range []struct {
		cannot string
		text   bool
	}{{"lesson.cannot.holds", false}, {"lesson.cannot.question", true}, {"lesson.cannot.question", true}, {"lesson.cannot.holds", false}} {
		info := l.Say("en", i, "", on)
		if info.Cannot == nil || info.Cannot.ID != want.cannot || (len(info.Text) > 0) != want.text || info.Ask != nil {
			t.Errorf("beat %d: %+v %+v", i, info.Cannot, info)
		}
	}
	// Before the run has come to where a question is graded, nobody knows: it is asked.
	on.Steps = on.Cursor
	on.Cursor--
	if info := l.Say("en", 1, "", on); info.Cannot != nil {
		t.Errorf("%+v", info.Cannot)
	}
	l.For = []string{"story"}
	if info := l.Say("en", 1, "", on); info.Cannot == nil || info.Cannot.ID != "lesson.cannot.model" || info.Cannot.Models != "story" {
		t.Errorf("%+v", info.Cannot)
	}
	_, bad := l.Check(t.Context(), NewPlayer(library.New()))
	for _, id := range []string{"lesson.holds", "lesson.for", "lesson.rightwrong", "lesson.expression.absent"} {
		if !slices.ContainsFunc(bad, func(f *Fault) bool { return f.ID == id }) {
			t.Errorf("the check does not say %s: %v", id, bad)
		}
	}
}

// A beat that looks at another head speaks of that one.
func TestLookAtAHead(t *testing.T) {
	l, on := asked(t, "  - {id: one, at: pass 0 head, look: {head: 1, layer: 0}}\n  - {id: two, at: pass 0 head}\n",
		"## one: One\n\n{{percent: tensors.probs[2][0]}}\n\n## two: Two\n\n{{percent: tensors.probs[2][0]}}\n")
	for i, want := range []string{"33.3 %", "0.35 %"} {
		if said := plainText(l.Say("en", i, "", on).Text); said != want {
			t.Errorf("beat %d: %q, want %q", i, said, want)
		}
	}
}

// A beat that looks at another sequence speaks of that one.
func TestLookAtASequence(t *testing.T) {
	words := &fstest.MapFile{Data: []byte("# A\n\n## one: One\n\n{{run.prompt_tokens}} {{tokens[1].label}} {{len(tensors.probs)}}\n")}
	shelf, bad := Open(fstest.MapFS{structureFile: {Data: []byte("minutes: 1\nrun: {model: paper, prompt: cat sees, new: 3, req: [\"0:3:dog sees cat sees\"]}\n" +
		"beats:\n  - {id: one, at: pass 0 head, look: {seq: 1}}\n")}, "en.md": words, "zh.md": words}, "seq", nil)
	if len(bad) > 0 {
		t.Fatal(bad[0])
	}
	l := shelf.Lessons[0]
	r, err := l.RecipeAt(0, "en", nil)
	if err != nil {
		t.Fatal(err)
	}
	on, err := NewPlayer(library.New()).Stage(t.Context(), r, "en")
	if err != nil {
		t.Fatal(err)
	}
	if said := plainText(l.Say("en", 0, "", on).Text); said != "5 dog 5" {
		t.Errorf("%q", said)
	}
}
