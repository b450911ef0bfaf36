package lesson

import (
	"cmp"
	"slices"
	"strings"
)

// orderKind asks for an order, the smallest first: each choice has its number, by an expression.
var orderKind = &Kind{
	Name: "order", Fields: []string{"choices"},
	read: func(r *reader, q *Question, f map[string]*node) {
		q.Choices = r.choices(f["choices"], q.Place, "by", Number)
	},
	wrong: func(r *reader, q *Question, w *Wrong, answer *node) {
		if answer == nil {
			r.add(w.Place, "lesson.missing", "Field", "answer")
			return
		}
		w.Order = r.texts(answer)
		if ids, ok := chosen(q, strings.Join(w.Order, ",")); !ok || len(ids) != len(q.Choices) {
			r.add(answer.Place, "lesson.order")
		}
	},
	parse: func(q *Question, given string) (string, bool) {
		ids, ok := chosen(q, given)
		return given, ok && len(ids) == len(q.Choices)
	},
	right: func(q *Question, v *Values) (string, error) {
		by := map[string]float64{}
		ids := make([]string, len(q.Choices))
		for i, c := range q.Choices {
			x, err := c.Expr.run(v, nil)
			if err != nil {
				return "", err
			}
			ids[i], by[c.ID] = c.ID, x.(float64)
		}
		slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(by[a], by[b]) })
		for i := 1; i < len(ids); i++ {
			if by[ids[i]] == by[ids[i-1]] {
				return "", faultAt(q.Place, "lesson.tie", "A", ids[i-1], "B", ids[i])
			}
		}
		return strings.Join(ids, ","), nil
	},
	mistake: func(_ *Question, w *Wrong, _ *Values) (string, error) { return strings.Join(w.Order, ","), nil },
	off:     equalTexts,
}
