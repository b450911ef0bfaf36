package lesson

import (
	"slices"
	"strings"
)

// Outcome is an answer to a question, and what who gives it is told.
type Outcome struct {
	ID      string // of a choice or a wrong answer; RightReply of what is right and no choice
	Given   string // as answers travel
	Written string // as people write it; "" where its words say all
	Text    []Piece
	Graded  *GradeInfo
	Reason  string // the misconception that it comes from, in the language
}

// Outcomes returns the answers that a beat's question names, the right one first, each graded as that of
// somebody who gives it; the run has to have come to the question's moment.
func (l *Lesson) Outcomes(lang string, beat int, on Stage) ([]Outcome, error) {
	b := &l.Beats[beat]
	q, lang := b.Ask, l.SpokenIn(lang)
	said := l.Words[lang].Beats[b.ID]
	v, err := l.values(q.Reveal, q.look, on, q.expressions(said)...)
	if err != nil {
		return nil, err
	}
	answers, err := q.named(v)
	if err != nil {
		return nil, err
	}
	list := make([]Outcome, 0, len(answers))
	for _, given := range answers {
		g, err := l.grade(q, said, given, on)
		if err != nil {
			return nil, err
		}
		o := Outcome{ID: g.Reply, Given: given, Graded: g, Reason: l.Reasons[g.Why].Texts[lang]}
		if q.Kind.write != nil {
			o.Written = q.Kind.write(q, given, v)
		}
		if reply := said.Answers[g.Reply]; g.Reply != RightReply { // whose words its reply begins with
			if o.Text, err = filledPieces(reply.Text, v); err != nil {
				return nil, err
			}
		}
		list = append(list, o)
	}
	return list, nil
}

// named returns the right answer at a moment, then those that come from misconceptions.
func (q *Question) named(v *Values) ([]string, error) {
	w, err := q.workOut(v)
	if err != nil {
		return nil, err
	}
	answers := append([]string{w.right}, w.wrong...)
	if q.Kind == choiceKind {
		for _, c := range q.Choices {
			if !slices.Contains(strings.Split(w.right, ","), c.ID) {
				answers = append(answers, c.ID)
			}
		}
	}
	return answers, nil
}

// Opens returns what the lesson says before its first beat.
func (l *Lesson) Opens(lang string) []Block { return l.Words[l.SpokenIn(lang)].Intro }
