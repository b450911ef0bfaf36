package export

import (
	"bytes"
	"context"
	"slices"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/sim/lesson"
	"kvstep/sim/library"
	"kvstep/sim/plain"
	"kvstep/static"
	"kvstep/web/bundle"
	"kvstep/web/page"
	"kvstep/web/text"
	"kvstep/web/wire"
)

// Print says what is printed of lessons.
type Print struct {
	Kind, Lang string // one of page.PaperKinds; of lesson.Languages
	Size       string // of the paper, "a4"; "" leaves it to whoever prints
	Version    string // of kvstep
	Links      []page.PaperLink
}

// Paper writes lessons as one document to print, which holds its pictures' moments and asks for nothing
// more, and the policy that lets it do so.
func Paper(ctx context.Context, models *library.Library, lessons []*lesson.Lesson, how Print) (html []byte, policy string, err error) {
	p := &printer{Print: how, ctx: ctx, player: lesson.NewPlayer(models), numbers: map[string]int{}}
	d := page.PaperData{
		HomeData: page.HomeData{Lang: how.Lang, Text: text.In(how.Lang), Version: how.Version, Printed: true},
		Kind:     how.Kind, Size: how.Size, Links: how.Links, Words: messagesOf(how.Lang),
	}
	for _, l := range lessons {
		one, err := p.lesson(l)
		if err != nil {
			return nil, "", err
		}
		d.Lessons = append(d.Lessons, one)
	}
	d.Pictures = p.pictures
	if d.Script, err = bundle.Script(static.Files, "js/paper.js", page.PaperWithout()...); err != nil {
		return nil, "", err
	}
	if d.CSS, err = bundle.Styles(static.Files, page.PaperSheets()...); err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	err = page.Paper(d).Render(ctx, &b)
	return b.Bytes(), d.Policy(), err
}

// printer plays lessons to be printed.
type printer struct {
	Print
	ctx      context.Context
	player   *lesson.Player
	pictures []page.PaperPicture
	numbers  map[string]int // of pictures, by their moments
}

// lesson plays a lesson's beats: on slides all of them, else those that ask something.
func (p *printer) lesson(l *lesson.Lesson) (page.PaperLesson, error) {
	lang := l.SpokenIn(p.Lang)
	paper := page.PaperLesson{Name: l.Name, Version: l.Version, Lang: page.HTMLLang(lang), Title: l.TitleIn(lang), Opens: l.Opens(lang)}
	drawn := map[int]int{} // by picture, the question that has it
	for i := range l.Beats {
		if p.Kind != page.Deck && l.Beats[i].Ask == nil {
			continue
		}
		if err := p.ctx.Err(); err != nil {
			return paper, err
		}
		b, err := p.beat(l, i, lang)
		if err != nil {
			return paper, err
		}
		b.N, b.As = len(paper.Beats)+1, drawn[b.Picture]
		if b.As == 0 && p.Kind != page.Deck {
			drawn[b.Picture] = b.N
		}
		paper.Beats = append(paper.Beats, b)
	}
	return paper, nil
}

// beat plays one beat, in a language that the lesson speaks.
func (p *printer) beat(l *lesson.Lesson, i int, lang string) (page.PaperBeat, error) {
	var beat page.PaperBeat
	b := &l.Beats[i]
	r, err := l.RecipeAt(i, lang, nil)
	if err != nil {
		return beat, err
	}
	on, err := p.player.Stage(p.ctx, r, lang)
	if err != nil {
		return beat, err
	}
	if step, ok := b.At.Step(on.Config, on.Most); ok {
		on.Cursor = step
	}
	beat.PlayInfo = l.Say(lang, i, "", on)
	if beat.Cannot != nil || on.Cursor >= on.Steps {
		return beat, sim.NewProblem("lesson.print", "Lesson", l.Name, "Beat", b.ID)
	}
	view := b.Look.View(on.Config)
	view.Show = b.Open
	m := on.At(on.Cursor, view)
	m.Recorded = on.Cursor + 1 // nobody has seen more
	beat.Picture = p.picture(m, b)
	if c := beat.Ask; c != nil && c.Cells != nil {
		beat.Rows, beat.Cols = labels(m, c.Cells)
	}
	if b.Ask != nil && p.Kind == page.AnswerKey {
		beat.Answers, err = l.Outcomes(lang, i, on)
	}
	return beat, err
}

// picture returns the number of a moment's picture, which beats that see the same share.
func (p *printer) picture(m *lens.Moment, b *lesson.Beat) int {
	key := string(plain.JSON([]any{m.Recipe, m.Recorded, m.View}))
	if n, ok := p.numbers[key]; ok {
		return n
	}
	f := wire.File(&wire.Frame{Seq: 1, Moment: *m, Link: wire.Link{Recipe: m.Recipe, View: m.View, Step: m.Recorded - 1, Lang: p.Lang}})
	if m.View.Op != "" {
		addWeights(&f, m)
	}
	var open []string
	for _, name := range b.Open { // a lens is called as the panel that asks for it; some have nothing to show at a moment
		if id := page.PaperPanel(name); id != "" && f.Meta[name] != "" {
			open = append(open, id)
		}
	}
	if b.Look.Real != "" {
		open = append(open, "real")
	}
	p.numbers[key] = len(p.pictures)
	p.pictures = append(p.pictures, page.PaperPicture{Frame: base85(checkpoint.AppendSafetensors(nil, f)), Open: open})
	return len(p.pictures) - 1
}

// addWeights adds pictures of the matrices that the op which is looked at reads, as "weight.NAME".
func addWeights(f *checkpoint.File, m *lens.Moment) {
	info, _ := lens.ShowOp(m)
	if info == nil {
		return
	}
	all := weightPictures(m.Model, m.Layer())
	for _, t := range all.Tensors {
		if slices.ContainsFunc(info.Inputs, func(in lens.InputInfo) bool { return in.Weight && in.Op == t.Name }) {
			t.Name = "weight." + t.Name
			f.Tensors, f.Meta["weights"] = append(f.Tensors, t), all.Meta["weights"]
		}
	}
}

// labels returns the tokens of the rows and columns that a question asks for, where these are positions.
func labels(m *lens.Moment, c *lesson.CellsInfo) (rows, cols []string) {
	ids := m.Waiting
	if m.Step != nil {
		ids = m.Step.Tokens
	}
	var names []string
	for _, token := range m.Labelled(ids) {
		names = append(names, token.Label)
	}
	if c.Rows >= m.Prompt {
		rows = names
	}
	return rows, names
}
