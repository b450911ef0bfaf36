package lesson

import (
	"math"
	"slices"
)

// question grades every answer that it names: the right one must be right, each wrong one wrong with
// its own reply, and its numbers must stand in what people are told.
func (c *checker) question(q *Question, said *BeatWords, on Stage) {
	v, err := c.values(q.Reveal, q.look, on, append(q.expressions(said), q.Holds)...)
	if err != nil {
		c.because(q.Reveal.Place, err)
		return
	}
	c.condition(q.Holds, v)
	w, err := q.workOut(v)
	if err != nil {
		c.because(q.Place, err)
		return
	}
	c.faults = append(c.faults, q.unsound(w)...)
	for i, mistake := range w.wrong {
		wrong := &q.Wrong[i]
		if g := q.grade(mistake, w); !g.Right && g.Reply != wrong.ID {
			c.add(wrong.Place, "lesson.otherwrong", "Answer", wrong.ID, "Reply", g.Reply)
		}
		c.told(q, said, wrong, mistake, w.right, v)
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
	c.unit(q, reply, own, v)
	c.unit(q, theirs, other, v)
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

// unit refuses a reply that writes the answer in another way than the question asks for it.
func (c *checker) unit(q *Question, r Reply, answer []any, v *Values) {
	if q.Kind != numberKind && q.Kind != curveKind {
		return
	}
	plain := func(unit string) bool { return unit == "" || unit == "tokens" }
	same, other := false, Piece{}
	for _, p := range append(numbersIn(r.Text), numbersOf(r.Says)...) {
		got, err := p.expr.run(v, nil)
		if err != nil || !slices.ContainsFunc(answer, func(x any) bool { return equalValues(got, x) }) {
			continue
		}
		if p.format == q.Unit || plain(p.format) && plain(q.Unit) {
			same = true
		} else {
			other = p
		}
	}
	if !same && other.expr != nil {
		c.add(other.at, "lesson.unit", "Have", other.format, "Want", q.Unit)
	}
}

func equalValues(a, b any) bool {
	x, number := a.(float64)
	y, both := b.(float64)
	if number && both {
		return math.Abs(x-y) <= 1e-9*math.Abs(y)
	}
	return a == b
}
