package lesson

import (
	"strconv"
	"strings"
)

// tokenKind asks which token comes next: an id, "=" and a token as somebody writes it, or what the lesson's
// expression says is one.
var tokenKind = &Kind{
	Name: "token", Fields: []string{"answer"},
	read: func(r *reader, q *Question, f map[string]*node) {
		q.Right = r.must(f["answer"], q.Place, "answer", Number)
	},
	wrong: wrongExpr(Number),
	parse: func(_ *Question, given string) (string, bool) {
		if word, ok := strings.CutPrefix(given, asWord); ok {
			word = plainToken(word)
			return asWord + word, word != "" && len(word) <= maxToken
		}
		id, err := strconv.Atoi(given)
		return strconv.Itoa(id), err == nil && id >= 0
	},
	right: func(q *Question, v *Values) (string, error) { return numberOf(q.Right, v) },
	// The label, by which a person knows it.
	measures: func(answer string, v *Values) (list []any) {
		if label := labelOf(answer, v); label != "" {
			list = append(list, label)
		}
		return list
	},
	write: func(_ *Question, answer string, v *Values) string {
		if word, ok := strings.CutPrefix(answer, asWord); ok {
			return word
		}
		return labelOf(answer, v)
	},
	mistake: func(_ *Question, w *Wrong, v *Values) (string, error) { return numberOf(w.Answer, v) },
	// Whoever writes a token means the one of the question's that is written so.
	meant: func(given string, w worked, v *Values) string {
		word, ok := strings.CutPrefix(given, asWord)
		for _, id := range append([]string{w.right}, w.wrong...) {
			if ok && plainToken(labelOf(id, v)) == word {
				return id
			}
		}
		return given
	},
	off: equalTexts,
}

const (
	asWord   = "=" // before a token that somebody has written
	maxToken = 64  // bytes of one
)

// plainToken returns a token as a person writes it: without the signs for spaces, in small letters.
func plainToken(label string) string { return strings.ToLower(strings.Trim(label, "·▁Ġ \u00a0\t")) }

// labelOf returns what a token is called, "" for what is none.
func labelOf(id string, v *Values) string {
	n, err := strconv.Atoi(id)
	if err != nil {
		return ""
	}
	for _, token := range v.Moment.Labelled([]int{n}) {
		return token.Label
	}
	return ""
}
