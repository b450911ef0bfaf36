package lesson

import (
	"slices"
	"strings"
)

// choiceKind asks for one of several statements, or for all that are true. Which ones are, expressions say.
var choiceKind = &Kind{
	Name: "choice", Fields: []string{"choices", "several"},
	read: func(r *reader, q *Question, f map[string]*node) {
		q.Several = r.flag(f["several"])
		q.Choices = r.choices(f["choices"], q.Place, "right", Truth)
	},
	wrong: func(r *reader, q *Question, w *Wrong, _ *node) {
		r.add(w.Place, "lesson.unknown", "Field", "wrong", "Known", q.Kind.Fields) // its choices carry why
	},
	parse: func(q *Question, given string) (string, bool) {
		ids, ok := chosen(q, given)
		slices.Sort(ids)
		return strings.Join(ids, ","), ok && (q.Several || len(ids) == 1)
	},
	right: func(q *Question, v *Values) (string, error) {
		var ids []string
		for _, c := range q.Choices {
			is, err := c.Expr.run(v, nil)
			if err != nil {
				return "", err
			}
			if is.(bool) {
				ids = append(ids, c.ID)
			}
		}
		if len(ids) == 0 || !q.Several && len(ids) > 1 {
			return "", faultAt(q.Place, "lesson.noright", "Have", len(ids))
		}
		slices.Sort(ids)
		return strings.Join(ids, ","), nil
	},
	off: equalTexts,
}
