package lesson

import (
	"math"
	"slices"
	"strings"
)

// question grades every answer that it names: the right one must be right, each wrong one wrong with
// its own reply, and its numbers must stand in what people are told.
func (c *checker) question(q *Question, said *BeatWords, on Stage) {
	v, err := c.values(q.Reveal, q.look, on, q.expressions(said)...)
	if err != nil {
		c.because(q.Reveal.Place, err)
		return
	}
	right, err := q.Kind.right(q, v)
	if err != nil {
		c.because(q.Place, err)
		return
	}
	if g, err := q.grade(right, v); err != nil {
		c.because(q.Place, err)
		return
	} else if _, ok := q.Kind.parse(q, right); !ok || !g.Right {
		c.add(q.Place, "lesson.wrongright", "Answer", right)
	}
	for i := range q.Wrong {
		w := &q.Wrong[i]
		mistake, err := q.Kind.mistake(q, w, v)
		if err != nil {
			c.because(w.Place, err)
			continue
		}
		g, err := q.grade(mistake, v)
		switch {
		case err != nil:
			c.because(w.Place, err)
		case g.Right:
			c.add(w.Place, "lesson.rightwrong", "Answer", w.ID)
		case g.Reply != w.ID:
			c.add(w.Place, "lesson.otherwrong", "Answer", w.ID, "Reply", g.Reply)
		}
		c.told(q, said, w, mistake, right, v)
	}
	if q.Kind == choiceKind {
		c.choices(q, right, v)
	}
	for _, r := range said.Answers {
		if _, err := filled(r.Says, v); err != nil {
			c.because(r.Place, err)
		}
		if _, err := filledPieces(r.Text, v); err != nil {
			c.because(r.Place, err)
		}
	}
}

// choices holds a question's choices against what it says of them: a right one comes from no misconception.
func (c *checker) choices(q *Question, right string, v *Values) {
	ids := strings.Split(right, ",")
	for _, x := range q.Choices {
		is := slices.Contains(ids, x.ID)
		if is == (x.Why != "") {
			c.add(x.Place, "lesson.why", "Answer", x.ID, "Right", is)
		}
		if is {
			continue
		}
		if g, err := q.grade(x.ID, v); err != nil || g.Right || g.Reply != x.ID {
			c.add(x.Place, "lesson.rightwrong", "Answer", x.ID)
		}
	}
}

// told refuses replies that say nothing of their answers by which these differ, and two that each say the other's
// too: the words would be as good if somebody swapped the answers.
func (c *checker) told(q *Question, said *BeatWords, w *Wrong, mistake, right string, v *Values) {
	if q.Kind.measures == nil {
		return
	}
	own, other := q.Kind.measures(right, v), q.Kind.measures(mistake, v)
	if len(own) == 0 || len(other) == 0 {
		return
	}
	reply, theirs := said.Answers[RightReply], said.Answers[w.ID]
	if !reply.tells(own, other, v) {
		c.add(reply.Place, "lesson.untold", "Answer", RightReply, "Number", Format(own[0], ""))
	}
	if !theirs.tells(other, own, v) {
		c.add(theirs.Place, "lesson.untold", "Answer", w.ID, "Number", Format(other[0], ""))
	}
	if reply.tells(other, own, v) && theirs.tells(own, other, v) {
		c.add(theirs.Place, "lesson.alike", "Answer", w.ID)
	}
}

// tells reports whether a reply says something of an answer by which it differs from another one.
func (r Reply) tells(own, others []any, v *Values) bool {
	for _, e := range append(inPieces(r.Text), expressionsOf(r.Says)...) {
		got, err := e.run(v, nil)
		for i, x := range own {
			if err == nil && equalValues(got, x) && (i >= len(others) || !equalValues(x, others[i])) {
				return true
			}
		}
	}
	return false
}

func equalValues(a, b any) bool {
	x, number := a.(float64)
	y, both := b.(float64)
	if number && both {
		return math.Abs(x-y) <= 1e-9*math.Abs(y)
	}
	return a == b
}
