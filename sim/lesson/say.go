package lesson

import (
	"errors"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/lens"
)

// Stage is a run that a lesson plays on.
type Stage struct {
	Model  string // its name
	Config sim.Config
	Steps  int // recorded
	Most   int // that the run has, if it goes to its maximum
	Cursor int // -1: before the first
	// At returns a moment of the run that is recorded, as somebody sees it; step -1 is before the first.
	At func(step int, view lens.View) *lens.Moment
}

// PlayInfo is a lesson at one of its beats.
type PlayInfo struct {
	Name    string  `json:"name"`
	Version string  `json:"version"`
	Title   string  `json:"title"`
	Lang    string  `json:"lang,omitempty"` // of its words, where they are not in the reader's language
	Beat    int     `json:"beat"`           // from 0
	Beats   int     `json:"beats"`          // how many there are
	ID      string  `json:"id"`
	First   bool    `json:"first,omitempty"` // it takes the whole page
	Heading string  `json:"heading"`
	Text    []Block `json:"text"`
	Next    string  `json:"next,omitempty"`
	Before  string  `json:"before,omitempty"` // the ids of the beats beside it
	Play    string  `json:"play,omitempty"`   // layer or token: how the run is seen to walk there
	Go      string  `json:"go"`               // press, step, pick or answer: what the learner does to go on
	Step    int     `json:"step"`             // the beat's moment; -1 is before the first step
	// Here tells that the cursor is at the beat's moment, and everything that it says is of this run.
	Here  bool     `json:"here"`
	Open  []string `json:"open,omitempty"`
	Light []string `json:"light,omitempty"`
	Ask   *AskInfo `json:"ask,omitempty"`
	// Cannot says what of the beat cannot be played on this run, all of it or its question: a message of the catalogue.
	Cannot *CannotInfo `json:"cannot,omitempty"`
}

// CannotInfo is a message with what it is about.
type CannotInfo struct {
	ID     string `json:"id"`
	Moment string `json:"moment,omitempty"` // that the run never has
	Models string `json:"models,omitempty"` // that the lesson is for
}

// AskInfo is a question, and what became of an answer to it.
type AskInfo struct {
	Kind    string      `json:"kind"`
	Text    []Block     `json:"text"`
	Unit    string      `json:"unit,omitempty"`
	Several bool        `json:"several,omitempty"`
	Choices []OfferInfo `json:"choices,omitempty"`
	Cells   *CellsInfo  `json:"cells,omitempty"`
	Points  int         `json:"points,omitempty"` // of a curve
	Most    float64     `json:"most,omitempty"`   // that one of them can have
	Reveal  int         `json:"reveal"`           // the step that grades it
	Given   string      `json:"given,omitempty"`  // the answer
	Graded  *GradeInfo  `json:"graded,omitempty"` // once there is an answer and the run has come that far
}

// OfferInfo is one of those that a question offers.
type OfferInfo struct {
	ID   string  `json:"id"`
	Text []Piece `json:"text"`
}

// CellsInfo says which cells of the picture are to be picked.
type CellsInfo struct {
	Op   string `json:"op"`
	Lane string `json:"lane"`
	By   string `json:"by"`            // row, col or cell
	One  bool   `json:"one,omitempty"` // picking one answers
	Rows int    `json:"rows,omitempty"`
	Cols int    `json:"cols,omitempty"`
}

// GradeInfo is what somebody is told who has answered.
type GradeInfo struct {
	Right  bool    `json:"right"`
	Answer string  `json:"answer"`          // the right one
	Given  string  `json:"given,omitempty"` // of a number and a token: what was given, as people read it
	Came   string  `json:"came,omitempty"`  // and what is right
	Reply  string  `json:"-"`               // whose reply it is: an id of the question, or ""
	Why    string  `json:"-"`               // the misconception
	Says   []Block `json:"says,omitempty"`  // the reply
}

// Play is Say at a beat by its id, the first where there is none of that id, on the run of a moment.
// Of all answers that somebody has given in the lesson it takes the beat's own.
func (l *Lesson) Play(lang, beat, answers string, m *lens.Moment) *PlayInfo {
	i := max(l.Index(beat), 0)
	cursor := -1
	if m.Step != nil {
		cursor = m.Step.N
	}
	return l.Say(lang, i, answersIn(answers)[l.Beats[i].ID], Stage{
		Model: m.Model.Name, Config: m.Model.Model.Config, Steps: m.Recorded, Most: mostOf(m), Cursor: cursor, At: m.Elsewhere,
	})
}

// mostOf returns how many steps a run can come to have: "end" is not before that, where it has not ended.
func mostOf(m *lens.Moment) int {
	if m.Ended != "" || m.Plan == nil {
		return m.Length()
	}
	return max(m.Plan.MostSteps, m.Recorded)
}

// Say returns what a beat says on a run, in a language, to who has given an answer ("" for none).
func (l *Lesson) Say(lang string, beat int, answer string, on Stage) *PlayInfo {
	b := &l.Beats[beat]
	info := &PlayInfo{Name: l.Name, Version: l.Version, Beat: beat, Beats: len(l.Beats), ID: b.ID, First: l.First, Play: b.Play, Go: b.Go, Open: b.Open, Light: b.Light}
	if beat > 0 {
		info.Before = l.Beats[beat-1].ID
	}
	if beat+1 < len(l.Beats) {
		info.Next = l.Beats[beat+1].ID
	}
	if spoken := l.SpokenIn(lang); spoken != lang {
		info.Lang, lang = spoken, spoken
	}
	words := l.Words[lang]
	info.Title = words.Title
	said := words.Beats[b.ID]
	info.Heading = said.Title
	step, ok := b.At.Step(on.Config, on.Most)
	info.Step, info.Here = step, ok && on.Cursor == step
	switch {
	case len(l.For) > 0 && !slices.Contains(l.For, on.Model):
		info.Cannot = &CannotInfo{ID: "lesson.cannot.model", Models: strings.Join(l.For, ", ")}
		return info
	case !ok:
		info.Cannot = &CannotInfo{ID: "lesson.cannot.moment", Moment: b.At.String()}
		return info
	}
	values, err := l.values(b.At, b.Look, on, append(b.Ask.expressions(said), l.Holds, b.Holds)...)
	if err == nil {
		if !l.Holds.holds(values) || !b.Holds.holds(values) {
			info.Cannot = &CannotInfo{ID: "lesson.cannot.holds"}
			return info
		}
		info.Text, err = filled(said.Text, values)
	}
	if err == nil && b.Ask != nil {
		info.Ask, err = l.ask(b, said, answer, on, values)
	}
	var no *cannot
	switch {
	case errors.As(err, &no):
		info.Ask, info.Cannot = nil, &no.CannotInfo
	case err != nil:
		info.Text, info.Ask = nil, nil
		if step < on.Steps {
			info.Cannot = &CannotInfo{ID: "lesson.cannot.value"}
		}
	}
	return info
}

// SpokenIn returns the language in which the lesson is told to who reads a language: that one, or its own.
func (l *Lesson) SpokenIn(lang string) string {
	if l.Words[lang] == nil {
		for _, own := range Languages {
			if l.Words[own] != nil {
				return own
			}
		}
	}
	return lang
}

// cannot is why a question cannot be asked on a run.
type cannot struct{ CannotInfo }

func (c *cannot) Error() string { return c.ID }

// holds reports whether a condition, if there is one, holds at a moment; it does not where it has no value.
func (e *Expression) holds(v *Values) bool {
	if e == nil {
		return true
	}
	x, err := e.run(v, nil)
	return err == nil && x.(bool)
}

// values returns what expressions see at a moment, as a beat looks at it: its layer, its head, its real size; a
// fault where the run has not come there.
func (l *Lesson) values(at When, look Look, on Stage, es ...*Expression) (*Values, error) {
	step, ok := at.Step(on.Config, on.Most)
	if !ok || step >= on.Steps {
		return nil, faultAt(at.Place, "lesson.unreached", "Moment", at.String())
	}
	view := look.View(on.Config)
	view.Op, view.Cell, view.Show = "", nil, ShowFor(es...) // tensors of the overview are there without an op
	others := map[string]*lens.Moment{}
	for _, m := range l.Moments {
		if n, ok := m.When.Step(on.Config, on.Most); ok && n <= step && slices.ContainsFunc(es, func(e *Expression) bool { return e.names(m.Name) }) {
			others[m.Name] = on.At(n, view)
		}
	}
	return NewValues(on.At(step, view), others), nil
}

// names reports whether an expression names a moment.
func (e *Expression) names(moment string) bool {
	if e != nil {
		for name := range e.reads {
			if len(name) > len(moment) && name[:len(moment)] == moment && name[len(moment)] == '.' {
				return true
			}
		}
	}
	return false
}

func (l *Lesson) ask(b *Beat, said *BeatWords, answer string, on Stage, values *Values) (*AskInfo, error) {
	q := b.Ask
	info := &AskInfo{Kind: q.Kind.Name, Unit: q.Unit, Several: q.Several}
	var err error
	if info.Text, err = filled(said.Ask, values); err != nil {
		return nil, err
	}
	for _, c := range q.Choices {
		text, err := filledPieces(said.Answers[c.ID].Text, values)
		if err != nil {
			return nil, err
		}
		info.Choices = append(info.Choices, OfferInfo{c.ID, text})
	}
	var ok bool
	if info.Reveal, ok = q.Reveal.Step(on.Config, on.Most); !ok {
		return nil, &cannot{CannotInfo{ID: "lesson.cannot.moment", Moment: q.Reveal.String()}}
	}
	if info.Reveal < on.Steps && !l.canAsk(q, on) {
		return nil, &cannot{CannotInfo{ID: "lesson.cannot.question"}}
	}
	if c := q.Cells; c != nil {
		info.Cells = &CellsInfo{Op: c.Op, Lane: c.Lane, By: c.By, One: c.One, Rows: q.counted(c.Rows, values), Cols: q.counted(c.Cols, values)}
	}
	info.Points = q.counted(q.Points, values)
	if q.Most != nil {
		x, err := q.Most.run(values, nil)
		if err != nil {
			return nil, err
		}
		info.Most = x.(float64)
	}
	given, ok := q.Kind.parse(q, answer)
	if answer == "" || !ok {
		return info, nil
	}
	info.Given = given
	if info.Reveal > on.Cursor {
		return info, nil
	}
	info.Graded, err = l.grade(q, said, given, on)
	return info, err
}

// canAsk reports whether a question has one right answer at its moment, which the run has reached, and what is
// meant to be wrong is wrong there.
func (l *Lesson) canAsk(q *Question, on Stage) bool {
	values, err := l.values(q.Reveal, q.look, on, append(q.expressions(nil), q.Holds)...)
	if err != nil {
		return false
	}
	if !q.Holds.holds(values) {
		return false
	}
	w, err := q.workOut(values)
	return err == nil && len(q.unsound(w)) == 0
}

// counted returns a number of cells or points, 0 where there is none to count.
func (q *Question) counted(e *Expression, values *Values) int {
	if e == nil {
		return 0
	}
	x, err := e.run(values, nil)
	if err != nil {
		return 0
	}
	return min(max(int(x.(float64)), 0), maxCells)
}

// expressionsOf returns the expressions of words.
func expressionsOf(all ...[]Block) (es []*Expression) {
	for _, blocks := range all {
		for _, b := range blocks {
			es = append(es, inPieces(b.Words)...)
			es = append(es, expressionsOf(b.Items)...)
		}
	}
	return es
}

func inPieces(words []Piece) (es []*Expression) {
	for _, p := range numbersIn(words) {
		es = append(es, p.expr)
	}
	return es
}

// numbersOf are the numbers of words, as pieces.
func numbersOf(blocks []Block) (all []Piece) {
	for _, b := range blocks {
		all = append(append(all, numbersIn(b.Words)...), numbersOf(b.Items)...)
	}
	return all
}

func numbersIn(words []Piece) (all []Piece) {
	for _, w := range words {
		if w.expr != nil {
			all = append(all, w)
		}
		all = append(all, numbersIn(w.Words)...)
	}
	return all
}

// filled returns words with their numbers.
func filled(blocks []Block, v *Values) (said []Block, err error) {
	for _, b := range blocks {
		s := Block{Kind: b.Kind}
		if s.Words, err = filledPieces(b.Words, v); err != nil {
			return nil, err
		}
		if s.Items, err = filled(b.Items, v); err != nil {
			return nil, err
		}
		said = append(said, s)
	}
	return said, nil
}

func filledPieces(words []Piece, v *Values) (said []Piece, err error) {
	for _, w := range words {
		if w.expr != nil {
			if w.Text, err = w.expr.say(v, w.format); err != nil {
				return nil, err
			}
		}
		if len(w.Words) > 0 {
			if w.Words, err = filledPieces(w.Words, v); err != nil {
				return nil, err
			}
		}
		said = append(said, w)
	}
	return said, nil
}
