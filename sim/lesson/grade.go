package lesson

import "strings"

// grade tells what an answer is worth at the question's moment, which the run has reached.
func (l *Lesson) grade(q *Question, said *BeatWords, given string, on Stage) (*GradeInfo, error) {
	values, err := l.values(q.Reveal, q.look, on, q.expressions(said)...)
	if err != nil {
		return nil, err
	}
	g, err := q.grade(given, values)
	if err != nil {
		return nil, err
	}
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

// grade compares an answer with the right one, then with what people give who believe something else.
func (q *Question) grade(given string, v *Values) (*GradeInfo, error) {
	right, err := q.Kind.right(q, v)
	if err != nil {
		return nil, err
	}
	g := &GradeInfo{Answer: right, Right: q.Kind.same(q, given, right)}
	if g.Right {
		if g.Reply = RightReply; q.Kind == choiceKind && !q.Several {
			g.Reply = given
		}
		return g, nil
	}
	for i := range q.Wrong {
		w := &q.Wrong[i]
		mistake, err := q.Kind.mistake(q, w, v)
		if err != nil {
			return nil, err
		}
		if q.Kind.same(q, given, mistake) {
			g.Reply, g.Why = w.ID, w.Why
			return g, nil
		}
	}
	if len(q.Choices) > 0 && q.Right == nil && q.Wrong == nil {
		g.Reply, g.Why = q.firstWrong(given, right)
	}
	return g, nil
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
