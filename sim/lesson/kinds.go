package lesson

import (
	"math"
	"slices"
	"strings"
)

// Kinds are the kinds of questions. One is a file of this package, a word in this list, and a
// way to answer on the page (static/js/panel/lesson).
var Kinds = []*Kind{numberKind, choiceKind, cellsKind, tokenKind, orderKind, curveKind}

// Kind is one kind of question. An answer travels as a text, the same for the same answer
// whatever a person typed; an empty one is no answer.
type Kind struct {
	Name   string
	Fields []string // of the question, beside kind, reveal and wrong

	read  func(r *reader, q *Question, f map[string]*node)
	wrong func(r *reader, q *Question, w *Wrong, answer *node)
	// parse returns an answer as it is kept; false where it cannot be one.
	parse func(q *Question, given string) (string, bool)
	// right returns the right answer of a moment, and mistake that of who believes something else.
	right   func(q *Question, v *Values) (string, error)
	mistake func(q *Question, w *Wrong, v *Values) (string, error)
	// measures are what tells an answer from others, as its reply may say it; nil: its choices have words of their own.
	measures func(answer string, v *Values) []any
	// write returns an answer as people write it; nil: its choices have words of their own.
	write func(q *Question, answer string, v *Values) string
	// meant returns an answer as one of a question's, where it can be written in another way; nil: it cannot.
	meant func(given string, w worked, v *Values) string
	// off returns the share by which an answer differs from another one.
	off func(given, other string) float64
	// nearest: an answer is what it is nearest to. Of other kinds it is right wherever it may be.
	nearest bool
}

// equalTexts compares answers that have one way of being written.
func equalTexts(given, other string) float64 {
	if given == other {
		return 0
	}
	return math.Inf(1)
}

func kindNames() (names []string) {
	for _, k := range Kinds {
		names = append(names, k.Name)
	}
	return names
}

func findKind(name string) *Kind {
	if i := slices.IndexFunc(Kinds, func(k *Kind) bool { return k.Name == name }); i >= 0 {
		return Kinds[i]
	}
	return nil
}

// wrongExpr is the wrong answer of kinds whose right one is an expression.
func wrongExpr(want Want, also ...string) func(r *reader, q *Question, w *Wrong, answer *node) {
	return func(r *reader, _ *Question, w *Wrong, answer *node) {
		w.Answer = r.must(answer, w.Place, "answer", want, also...)
	}
}

// choices reads what a question offers; how each is written says its kind.
func (r *reader) choices(n *node, where Place, field string, want Want) (list []Choice) {
	if n == nil {
		r.add(where, "lesson.missing", "Field", "choices")
		return nil
	}
	if n.kind != listNode || len(n.list) < 2 || len(n.list) > maxChoices {
		r.add(n.Place, "lesson.choices", "Most", maxChoices)
		return nil
	}
	for _, x := range n.list {
		f := r.fields(x, "id", field, "why")
		c := Choice{Place: x.Place, ID: r.id(f["id"], x.Place), Expr: r.must(f[field], x.Place, field, want)}
		if f["why"] != nil {
			c.Why = r.word(f["why"], "")
		}
		list = append(list, c)
	}
	return list
}

const maxChoices = 8

// ids reads a list of ids of choices, joined by commas; false where one is not offered or there twice.
func chosen(q *Question, given string) ([]string, bool) {
	ids := strings.Split(given, ",")
	for i, id := range ids {
		if slices.Contains(ids[:i], id) || !slices.ContainsFunc(q.Choices, func(c Choice) bool { return c.ID == id }) {
			return nil, false
		}
	}
	return ids, true
}
