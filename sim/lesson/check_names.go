package lesson

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
)

// Known is what stands beside a folder of lessons, whose words may name it.
type Known struct {
	Lessons []string // by name
	Terms   []string // of the glossary, by id
}

// names refuses lessons, terms and ways into the workbench that are not there.
func (c *checker) names() {
	if c.known != nil {
		for i, name := range c.Needs {
			if i < len(c.needed) && !slices.Contains(c.known.Lessons, name) {
				c.add(c.needed[i], "lesson.nosuch", "Have", name)
			}
		}
	}
	for _, lang := range c.spoken() {
		w := c.Words[lang]
		c.named(w.Intro)
		for _, b := range w.Beats {
			c.named(b.Text)
			c.named(b.Ask)
			for _, r := range b.Answers {
				c.namedIn(r.Text)
				c.named(r.Says)
			}
		}
	}
}

func (c *checker) named(blocks []Block) {
	for _, b := range blocks {
		c.namedIn(b.Words)
		c.named(b.Items)
	}
}

func (c *checker) namedIn(words []Piece) {
	for _, w := range words {
		switch {
		case w.Kind == "lab":
			c.leads(w)
		case w.Kind == "lesson" && c.known != nil && !slices.Contains(c.known.Lessons, w.To),
			w.Kind == "term" && c.known != nil && len(c.known.Terms) > 0 && !slices.Contains(c.known.Terms, w.To):
			c.add(w.at, "lesson.nosuch", "Have", w.To)
		}
		c.namedIn(w.Words)
	}
}

// leads refuses a way into the workbench that no run has.
func (c *checker) leads(w Piece) {
	var query string // behind "?" a run, behind "&" what changes the one on screen
	if w.To != "" && strings.ContainsAny(w.To[:1], "?&") {
		query = w.To[1:]
	}
	keys, err := url.ParseQuery(query)
	if err != nil || query == "" {
		c.add(w.at, "lesson.link", "Have", "lab:"+w.To, "Known", linked)
		return
	}
	_, err = recipe.FromLink(func(f *recipe.Field) []string { return keys[f.Key] })
	c.because(w.at, err)
}

// alike holds a language against another one: what is said in one place has the same numbers, lights, terms and
// links in both.
func (c *checker) alike(one, other *Words) {
	hold := func(at Place, a, b []string) {
		for _, x := range a {
			if !slices.Contains(b, x) {
				c.add(at, "lesson.otherwords", "Have", x, "File", one.File)
				return
			}
		}
	}
	both := func(at Place, a, b []Block) {
		x, y := marksOf(a), marksOf(b)
		hold(at, x, y)
		hold(at, y, x)
	}
	for id, a := range one.Beats {
		b := other.Beats[id]
		both(b.Place, a.Text, b.Text)
		both(b.Place, a.Ask, b.Ask)
		for answer, r := range a.Answers {
			said := b.Answers[answer]
			both(said.Place, []Block{{Words: r.Text}}, []Block{{Words: said.Text}})
			both(said.Place, r.Says, said.Says)
		}
	}
}

// marksOf are the numbers, lights, terms and links of words, each as it is written.
func marksOf(blocks []Block) (marks []string) {
	var look func(words []Piece)
	look = func(words []Piece) {
		for _, w := range words {
			switch {
			case w.expr != nil: // whose texts another language says otherwise
				marks = append(marks, "{{"+cmp.Or(w.format, "number")+": "+quoted.ReplaceAllString(w.expr.Source, `""`)+"}}")
			case w.To != "":
				marks = append(marks, w.Kind+":"+w.To)
			}
			look(w.Words)
		}
	}
	for _, b := range blocks {
		look(b.Words)
		marks = append(marks, marksOf(b.Items)...)
	}
	return marks
}

var quoted = regexp.MustCompile(`"[^"]*"|'[^']*'`)

// seen reports whether a part of the page that a beat lights is there at its moment.
func seen(m *lens.Moment, light string) bool {
	switch light {
	case "prompt", "transport", "timeline", "cache", "ledger", "chart", "sentence":
		return true
	case "top":
		return m.Step != nil && len(m.Step.Top()) > 0
	case "uncached":
		return m.Recipe.Lanes != "cached"
	case "recomputed":
		return m.Step != nil && m.Step.Cached > 0 && m.Recipe.Lanes != "cached"
	}
	if op := explain.Find(light); op != nil && !slices.Contains(stageOps, light) {
		return m.Step != nil && m.View.Op != "" && (m.View.Op == light || slices.Contains(m.Explained().Inputs(explain.Find(m.View.Op)), light))
	}
	return m.Step != nil
}

// stageOps are the ops that the stage shows at any layer.
var stageOps = []string{"Q", "K", "V", "scores", "probs", "out"}

// hasPanel reports whether a run has what a panel shows.
func hasPanel(m *lens.Moment, panel string) bool {
	switch panel {
	case "beams":
		return m.Recipe.Sampler.Kind == "beam"
	case "schedule":
		return m.Recipe.Batch != nil
	}
	return true
}
