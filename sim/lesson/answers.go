package lesson

import (
	"slices"
	"strings"
)

// Named is an answer to a question that its lesson has a reply to.
type Named struct {
	ID     string // "right", or that of the choice or of the wrong answer
	Answer string // as it is kept
	Right  bool
	Why    string // the misconception that a wrong one comes from
}

// Answers returns the answers to a beat's question that its lesson names, the right one first; a fault where the run
// has not come to the moment that grades them. Where the beat asks nothing there are none.
func (l *Lesson) Answers(beat int, on Stage) ([]Named, error) {
	b := &l.Beats[beat]
	q := b.Ask
	if q == nil {
		return nil, nil
	}
	v, err := l.values(q.Reveal, q.look, on, q.expressions(nil)...)
	if err != nil {
		return nil, err
	}
	w, err := q.workOut(v)
	if err != nil {
		return nil, err
	}
	named := []Named{{ID: RightReply, Answer: w.right, Right: true}}
	for i, wrong := range w.wrong {
		named = append(named, Named{ID: q.Wrong[i].ID, Answer: wrong, Why: q.Wrong[i].Why})
	}
	if q.Kind == choiceKind {
		for _, c := range q.Choices {
			if !slices.Contains(strings.Split(w.right, ","), c.ID) {
				named = append(named, Named{ID: c.ID, Answer: c.ID, Why: c.Why})
			}
		}
	}
	return named, nil
}
