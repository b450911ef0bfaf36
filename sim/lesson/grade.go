package lesson

import (
	"slices"
	"strings"
)

// grade tells what an answer is worth at the question's moment, which the run has reached.
func (l *Lesson) grade(q *Question, said *BeatWords, given string, on Stage) (*GradeInfo, error) {
	values, err := l.values(q.Reveal, q.look, on, q.expressions(said)...)
	if err != nil {
		return nil, err
	}
	w, err := q.workOut(values)
	if err != nil {
		return nil, err
	}
	if q.Kind.meant != nil {
		given = q.Kind.meant(given, w, values)
	}
	g := q.grade(given, w)
	if write := q.Kind.write; write != nil && q.Kind != curveKind { // whose points the page draws
		g.Given, g.Came = write(q, given, values), write(q, g.Answer, values)
		if q.Kind == numberKind {
			if g.Came, err = q.Right.say(values, q.Unit); err != nil {
				return nil, err
			}
		}
	}
	reply, ok := said.Answers[g.Reply]
	if !ok {
		return g, nil
	}
	if g.Says, err = filled(reply.Says, values); err != nil {
		return nil, err
	}
	if g.Reply == RightReply { // its words stand where a choice has its text
		words, err := filledPieces(reply.Text, values)
		if err != nil {
			return nil, err
		}
		g.Says = append([]Block{{Kind: "p", Words: words}}, g.Says...)
	}
	return g, nil
}

// worked are the answers to a question at a moment, as they are kept.
type worked struct {
	right string
	wrong []string // of each of the question's
}

// workOut returns a question's answers at a moment.
func (q *Question) workOut(v *Values) (w worked, err error) {
	if w.right, err = q.Kind.right(q, v); err != nil {
		return w, err
	}
	w.wrong = make([]string, len(q.Wrong))
	for i := range q.Wrong {
		if w.wrong[i], err = q.Kind.mistake(q, &q.Wrong[i], v); err != nil {
			return w, err
		}
	}
	return w, nil
}

// grade compares an answer with the right one, then with what people give who believe something else.
func (q *Question) grade(given string, w worked) *GradeInfo {
	g := &GradeInfo{Answer: w.right}
	least := q.Kind.off(given, w.right)
	if g.Right = least <= q.Within; g.Right {
		if g.Reply = RightReply; q.Kind == choiceKind && !q.Several {
			g.Reply = given
		}
		if !q.Kind.nearest {
			return g
		}
	}
	for i, wrong := range w.wrong {
		off := q.Kind.off(given, wrong)
		if off <= q.Within && off < least {
			g.Right, g.Reply, g.Why = false, q.Wrong[i].ID, q.Wrong[i].Why
			if !q.Kind.nearest {
				return g
			}
			least = off
		}
	}
	if g.Reply == "" && q.Kind == choiceKind {
		g.Reply, g.Why = q.firstWrong(given, w.right)
	}
	return g
}

// unsound tells why a question cannot be asked at a moment, if it cannot: what is meant to be wrong is right there,
// or what is right is not.
func (q *Question) unsound(w worked) (bad faults) {
	if _, ok := q.Kind.parse(q, w.right); !ok || !q.grade(w.right, w).Right {
		bad.add(q.Place, "lesson.wrongright", "Answer", w.right)
	}
	for i := range q.Wrong {
		if q.grade(w.wrong[i], w).Right {
			bad.add(q.Wrong[i].Place, "lesson.rightwrong", "Answer", q.Wrong[i].ID)
		}
	}
	if q.Kind != choiceKind {
		return bad
	}
	ids := strings.Split(w.right, ",")
	for _, x := range q.Choices {
		is := slices.Contains(ids, x.ID)
		if is == (x.Why != "") {
			bad.add(x.Place, "lesson.why", "Answer", x.ID, "Right", is)
		}
	}
	return bad
}

// firstWrong returns the first choice that was taken and is wrong, else the first that is right and was not.
func (q *Question) firstWrong(given, right string) (id, why string) {
	has := func(list, id string) bool { return strings.Contains(","+list+",", ","+id+",") }
	for _, c := range q.Choices {
		if has(given, c.ID) && !has(right, c.ID) {
			return c.ID, c.Why
		}
	}
	for _, c := range q.Choices {
		if !has(given, c.ID) && has(right, c.ID) {
			return c.ID, c.Why
		}
	}
	return "", ""
}

// expressions are all that a beat reads, its question and the replies too; nil asks nothing.
func (q *Question) expressions(said *BeatWords) (es []*Expression) {
	if q != nil {
		es = append(es, q.Right, q.Points, q.Most)
		if q.Cells != nil {
			es = append(es, q.Cells.Rows, q.Cells.Cols)
		}
		for _, c := range q.Choices {
			es = append(es, c.Expr)
		}
		for _, w := range q.Wrong {
			es = append(es, w.Answer)
		}
	}
	if said != nil {
		es = append(es, expressionsOf(said.Text, said.Ask)...)
		for _, r := range said.Answers {
			es = append(es, inPieces(r.Text)...)
			es = append(es, expressionsOf(r.Says)...)
		}
	}
	return es
}
