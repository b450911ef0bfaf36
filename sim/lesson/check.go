package lesson

import (
	"context"
	"slices"
)

// Report is what a check says of a lesson that has nothing wrong.
type Report struct {
	Name      string   `json:"name"`
	Beats     int      `json:"beats"`
	Questions int      `json:"questions"`
	Kinds     []string `json:"kinds"`
	Languages []string `json:"languages"`
	Minutes   int      `json:"minutes"`
	Words     int      `json:"words"`
}

// Check holds a lesson against its own files, and plays every beat on the real engine in every
// language: what does not exist, does not fit or cannot be reached is told with its place.
func (l *Lesson) Check(ctx context.Context, p *Player) (Report, []*Fault) {
	c := &checker{Lesson: l, player: p, ctx: ctx}
	for _, lang := range Languages {
		if w := l.Words[lang]; w != nil {
			c.words(lang, w)
		}
	}
	c.structure()
	if len(c.faults) == 0 {
		for _, lang := range Languages {
			for i := range l.Beats {
				c.beat(lang, i)
			}
		}
	}
	return c.report(), c.sorted()
}

type checker struct {
	faults
	*Lesson
	player *Player
	ctx    context.Context
}

func (c *checker) report() Report {
	r := Report{Name: c.Name, Beats: len(c.Beats), Minutes: c.Minutes, Kinds: []string{}}
	for i := range c.Beats {
		if q := c.Beats[i].Ask; q != nil {
			if r.Questions++; !slices.Contains(r.Kinds, q.Kind.Name) {
				r.Kinds = append(r.Kinds, q.Kind.Name)
			}
		}
	}
	slices.Sort(r.Kinds)
	for _, lang := range Languages {
		if w := c.Words[lang]; w != nil {
			r.Languages = append(r.Languages, lang)
			if lang == Languages[0] {
				for _, b := range w.Beats {
					r.Words += countWords(plainText(b.Text)) + countWords(plainText(b.Ask))
				}
			}
		}
	}
	return r
}

// structure looks at what both files must agree in, whatever the language.
func (c *checker) structure() {
	for i := range c.Beats {
		q := c.Beats[i].Ask
		if q == nil {
			continue
		}
		for _, x := range q.Choices {
			if x.Why != "" {
				c.reason(x.Place, x.Why)
			}
		}
		for _, x := range q.Wrong {
			c.reason(x.Place, x.Why)
		}
		if len(q.Wrong) == 0 && q.Kind != choiceKind {
			c.add(q.Place, "lesson.nowrong")
		}
	}
}

func (c *checker) reason(at Place, id string) {
	if _, ok := c.Reasons[id]; !ok {
		c.add(at, "lesson.reason", "Have", id)
	}
}

// beat plays a beat in a language: its words, its look, its question with every answer.
func (c *checker) beat(lang string, i int) {
	b := &c.Beats[i]
	r, err := c.RecipeAt(i, lang, nil)
	if err != nil {
		c.because(c.runPlace(i), err)
		return
	}
	on, err := c.player.Stage(c.ctx, r, lang)
	if err != nil {
		c.because(c.runPlace(i), err)
		return
	}
	step, ok := b.At.Step(on.Config, on.Most)
	if !ok {
		c.add(b.At.Place, "lesson.unreached", "Moment", b.At.String())
		return
	}
	on.Cursor = step
	c.looks(b, on)
	said := c.Words[lang].Beats[b.ID]
	v, err := c.values(b.At, b.Look, on, expressionsOf(said.Text, said.Ask)...)
	if err != nil {
		c.because(b.At.Place, err)
		return
	}
	for _, blocks := range [][]Block{said.Text, said.Ask} {
		if _, err := filled(blocks, v); err != nil {
			c.because(said.Place, err)
		}
	}
	if b.Ask != nil {
		if n, ok := b.Ask.Reveal.Step(on.Config, on.Most); !ok || n < step {
			c.add(b.Ask.Reveal.Place, "lesson.unreached", "Moment", b.Ask.Reveal.String())
			return
		}
		c.question(b.Ask, said, on)
	}
	if info := c.Say(lang, i, "", on); info.Cannot != nil {
		c.add(b.Place, "lesson.cannot.say", "Why", info.Cannot.ID)
	}
}

// looks refuses a look that the run does not have.
func (c *checker) looks(b *Beat, on Stage) {
	if b.Look.Layer != nil {
		if _, ok := b.Look.Layer.LayerOf(on.Config); !ok {
			c.add(b.Look.Layer.Place, "lesson.nolayer", "Have", b.Look.Layer.Layer, "Count", on.Config.Layers)
		}
	}
	if b.Look.Head >= on.Config.Heads {
		c.add(b.Place, "lesson.nohead", "Have", b.Look.Head, "Count", on.Config.Heads)
	}
}
