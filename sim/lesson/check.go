package lesson

import (
	"context"
	"reflect"
	"slices"

	"kvstep/sim"
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

// Check plays every beat on the real engine in every language: what does not exist there, does not fit or cannot
// be reached is told with its place. Open has held the files against each other.
func (l *Lesson) Check(ctx context.Context, p *Player) (Report, []*Fault) {
	c := &checker{Lesson: l, player: p, ctx: ctx}
	for _, lang := range l.spoken() {
		before := sim.Recipe{}
		reached := -1
		for i := range l.Beats {
			c.beat(lang, i, &before, &reached)
		}
	}
	return c.report(), c.sorted()
}

// spoken are the languages in which there are words.
func (l *Lesson) spoken() (list []string) {
	for _, lang := range Languages {
		if l.Words[lang] != nil {
			list = append(list, lang)
		}
	}
	return list
}

type checker struct {
	faults
	*Lesson
	player *Player
	ctx    context.Context
}

func (c *checker) report() Report {
	r := Report{Name: c.Name, Beats: len(c.Beats), Minutes: c.Minutes, Kinds: []string{}, Languages: c.spoken()}
	for i := range c.Beats {
		if q := c.Beats[i].Ask; q != nil {
			if r.Questions++; !slices.Contains(r.Kinds, q.Kind.Name) {
				r.Kinds = append(r.Kinds, q.Kind.Name)
			}
		}
	}
	slices.Sort(r.Kinds)
	for _, b := range c.Words[c.SpokenIn(Languages[0])].Beats {
		r.Words += countWords(plainText(b.Text)) + countWords(plainText(b.Ask))
	}
	return r
}

// beat plays a beat in a language: its words, its look, its question with every answer. The run before it has
// been seen up to a step.
func (c *checker) beat(lang string, i int, before *sim.Recipe, reached *int) {
	b, found := &c.Beats[i], len(c.faults)
	r, err := c.RecipeAt(i, lang, nil)
	if err != nil {
		c.because(c.runPlace(i, nil), err)
		return
	}
	on, err := c.player.Stage(c.ctx, r, lang)
	if err != nil {
		c.because(c.runPlace(i, func(without string) bool {
			r, err := c.RunAt(i, lang).without(without).recipe()
			return err != nil || c.player.refuses(r, lang) != nil
		}), err)
		return
	}
	if len(c.For) > 0 && !slices.Contains(c.For, on.Model) {
		c.add(c.runPlace(i, func(without string) bool { return without != "model" }), "lesson.for", "Have", on.Model, "Known", c.For)
	}
	step, ok := b.At.Step(on.Config, on.Most)
	if !ok {
		c.add(b.At.Place, "lesson.unreached", "Moment", b.At.String())
		return
	}
	if !reflect.DeepEqual(r, *before) {
		*before, *reached = r, -1
	}
	if step < *reached {
		c.add(b.At.Place, "lesson.back", "Moment", b.At.String())
	}
	*reached = step
	if b.Go == ByStep && step == on.Most-1 {
		c.add(b.Place, "lesson.nostep", "Moment", b.At.String())
	}
	on.Cursor = step
	c.looks(b, on)
	said := c.Words[lang].Beats[b.ID]
	v, err := c.values(b.At, b.Look, on, append(expressionsOf(said.Text, said.Ask), c.Holds, b.Holds)...)
	if err != nil {
		c.because(b.At.Place, err)
		return
	}
	c.condition(c.Holds, v)
	c.condition(b.Holds, v)
	for _, blocks := range [][]Block{said.Text, said.Ask} {
		if _, err := filled(blocks, v); err != nil {
			c.because(said.Place, err)
		}
	}
	if b.Ask != nil {
		n, ok := b.Ask.Reveal.Step(on.Config, on.Most)
		if !ok || n < step {
			c.add(b.Ask.Reveal.Place, "lesson.unreached", "Moment", b.Ask.Reveal.String())
			return
		}
		*reached = n
		c.question(b.Ask, said, on)
	}
	if info := c.Say(lang, i, "", on); info.Cannot != nil && len(c.faults) == found {
		c.add(b.Place, "lesson.cannot.say", "Why", info.Cannot.ID)
	}
}

// condition refuses one that does not hold on the lesson's own run: its beat would never be played.
func (c *checker) condition(e *Expression, v *Values) {
	if e == nil {
		return
	}
	if _, err := e.run(v, nil); err != nil {
		c.because(e.Place, err)
	} else if !e.holds(v) {
		c.add(e.Place, "lesson.holds", "Source", e.Source)
	}
}

// looks refuses a look that the run does not have, and lights and panels that are nowhere at its moment.
func (c *checker) looks(b *Beat, on Stage) {
	if b.Look.Layer != nil {
		if _, ok := b.Look.Layer.LayerOf(on.Config); !ok {
			c.add(b.Look.Layer.Place, "lesson.nolayer", "Have", b.Look.Layer.Layer, "Count", on.Config.Layers)
		}
	}
	if b.Look.Head >= on.Config.Heads {
		c.add(b.Place, "lesson.nohead", "Have", b.Look.Head, "Count", on.Config.Heads)
	}
	m := on.At(on.Cursor, b.Look.View(on.Config))
	if b.Look.Seq > 0 && m.Step != nil && m.Step.ForSequence(b.Look.Seq).Seq != b.Look.Seq {
		c.add(b.Place, "lesson.noseq", "Have", b.Look.Seq)
	}
	for i, name := range b.Light {
		if !seen(m, name) {
			c.add(b.lights[i], "lesson.nowhere", "Have", name)
		}
	}
	for i, name := range b.Open {
		if !hasPanel(m, name) {
			c.add(b.opens[i], "lesson.nowhere", "Have", name)
		}
	}
}
