package lesson

import (
	"slices"
	"strings"
)

// Known is an answer to a question that its lesson has a reply to.
type Known struct {
	ID     string // "right", or that of the choice or of the wrong answer
	Answer string // as it is kept
	Right  bool
	Why    string // the misconception that a wrong one comes from
}

// Answers returns the answers to a beat's question that its lesson knows, the right one first; a fault where the run
// has not come to the moment that grades them. Where the beat asks nothing there are none.
func (l *Lesson) Answers(beat int, on Stage) ([]Known, error) {
	b := &l.Beats[beat]
	q := b.Ask
	if q == nil {
		return nil, nil
	}
	v, err := l.values(q.Reveal, q.look, on, q.expressions(nil)...)
	if err != nil {
		return nil, err
	}
	right, err := q.Kind.right(q, v)
	if err != nil {
		return nil, err
	}
	known := []Known{{ID: RightReply, Answer: right, Right: true}}
	for i := range q.Wrong {
		w := &q.Wrong[i]
		mistake, err := q.Kind.mistake(q, w, v)
		if err != nil {
			return nil, err
		}
		known = append(known, Known{ID: w.ID, Answer: mistake, Why: w.Why})
	}
	if q.Kind == choiceKind {
		for _, c := range q.Choices {
			if !slices.Contains(strings.Split(right, ","), c.ID) {
				known = append(known, Known{ID: c.ID, Answer: c.ID, Why: c.Why})
			}
		}
	}
	return known, nil
}
