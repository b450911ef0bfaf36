package lesson

import (
	"math"
	"strconv"
	"strings"
)

// numberKind asks for a number with a unit. An answer that is within a share of the right one is right.
var numberKind = &Kind{
	Name: "number", Fields: []string{"answer", "unit", "within"},
	read: func(r *reader, q *Question, f map[string]*node) {
		q.Right = r.must(f["answer"], q.Place, "answer", Number)
		q.Unit = r.word(f["unit"], "", Units...)
		q.Within = r.share(f["within"], 0.02)
	},
	wrong: wrongExpr(Number),
	parse: func(_ *Question, given string) (string, bool) {
		x, ok := readNumber(given)
		return writeNumber(x), ok
	},
	right: func(q *Question, v *Values) (string, error) { return numberOf(q.Right, v) },
	measures: func(answer string, _ *Values) []any {
		x, _ := readNumber(answer)
		return []any{x}
	},
	write: func(q *Question, answer string, _ *Values) string {
		x, _ := readNumber(answer)
		return Format(x, q.Unit)
	},
	mistake: func(_ *Question, w *Wrong, v *Values) (string, error) { return numberOf(w.Answer, v) },
	off: func(given, other string) float64 {
		a, _ := readNumber(given)
		b, _ := readNumber(other)
		return share(math.Abs(a-b), math.Abs(b))
	},
}

func numberOf(e *Expression, v *Values) (string, error) {
	x, err := e.run(v, nil)
	if err != nil {
		return "", err
	}
	return writeNumber(x.(float64)), nil
}

// prefixes are how people shorten numbers; K and k are alike.
var prefixes = map[byte]float64{'k': 1e3, 'K': 1e3, 'M': 1e6, 'G': 1e9, 'T': 1e12}

// readNumber reads what a person types: digits, grouped by commas or spaces, a power of ten or a prefix,
// and a share with a percent sign.
func readNumber(text string) (float64, bool) {
	s := strings.NewReplacer(",", "", " ", "", "\u00a0", "", "，", "", "_", "").Replace(text)
	if len(s) == 0 || len(s) > 40 {
		return 0, false
	}
	scale := 1.0
	if rest, ok := strings.CutSuffix(s, "%"); ok {
		s, scale = rest, 0.01
	}
	for _, unit := range []string{"FLOPs", "FLOP", "B", "bytes", "×", "x", "s"} { // a unit behind it says nothing new
		if rest, ok := strings.CutSuffix(s, unit); ok {
			s = rest
			break
		}
	}
	if s == "" {
		return 0, false
	}
	if p := prefixes[s[len(s)-1]]; p != 0 {
		s, scale = s[:len(s)-1], scale*p
	}
	x, err := strconv.ParseFloat(s, 64)
	x *= scale
	return x, err == nil && x-x == 0
}

// share returns a part of a whole: of nothing, nothing is no part, and anything is more than all.
func share(part, whole float64) float64 {
	if part == 0 {
		return 0
	}
	return part / whole
}

func writeNumber(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// mostShare is how far an answer may be off that is still right.
const mostShare = 0.5

// share reads the share by which an answer may be off.
func (r *reader) share(n *node, missing float64) float64 {
	if n == nil {
		return missing
	}
	x, err := strconv.ParseFloat(n.text, 64)
	if err != nil || !(x >= 0 && x <= mostShare) {
		r.add(n.Place, "lesson.share", "Have", n.text, "Most", mostShare)
		return missing
	}
	return x
}
