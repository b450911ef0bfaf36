package lesson

import "strconv"

// tokenKind asks which token comes next: an id, or what the lesson's expression says is one.
var tokenKind = &Kind{
	Name: "token", Fields: []string{"answer"},
	read: func(r *reader, q *Question, f map[string]*node) {
		q.Right = r.must(f["answer"], q.Place, "answer", Number)
	},
	wrong: wrongExpr(Number),
	parse: func(_ *Question, given string) (string, bool) {
		id, err := strconv.Atoi(given)
		return strconv.Itoa(id), err == nil && id >= 0
	},
	right: func(q *Question, v *Values) (string, error) { return numberOf(q.Right, v) },
	// The label, by which a person knows it.
	measures: func(answer string, v *Values) (list []any) {
		id, _ := strconv.Atoi(answer)
		for _, token := range v.Moment.Labelled([]int{id}) {
			list = append(list, token.Label)
		}
		return list
	},
	write: func(_ *Question, answer string, v *Values) string {
		id, _ := strconv.Atoi(answer)
		return v.Moment.Label(id)
	},
	mistake: func(_ *Question, w *Wrong, v *Values) (string, error) { return numberOf(w.Answer, v) },
	same:    equalTexts,
}
