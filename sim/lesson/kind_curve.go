package lesson

import (
	"math"
	"strings"
)

// curveKind asks for a curve, drawn ahead of the real one: a number for each point. Nobody draws exactly, so it
// is right where the real one is the nearest of those that the question names, and their points differ, all
// together, by no more than a share.
var curveKind = &Kind{
	Name: "curve", Fields: []string{"answer", "points", "most", "unit", "within"},
	read: func(r *reader, q *Question, f map[string]*node) {
		q.Right = r.must(f["answer"], q.Place, "answer", NumberList)
		q.Points = r.must(f["points"], q.Place, "points", Number)
		q.Most = r.must(f["most"], q.Place, "most", Number)
		q.Unit = r.word(f["unit"], "", Units...)
		q.Within = r.share(f["within"], 0.25)
	},
	wrong: wrongExpr(NumberList),
	parse: func(_ *Question, given string) (string, bool) {
		list, ok := readCurve(given)
		return writeCurve(list), ok
	},
	right: func(q *Question, v *Values) (string, error) { return curveOf(q, q.Right, v) },
	measures: func(answer string, _ *Values) (list []any) {
		points, _ := readCurve(answer)
		for _, x := range points {
			list = append(list, x)
		}
		return list
	},
	write: func(q *Question, answer string, _ *Values) string {
		points, _ := readCurve(answer)
		parts := make([]string, len(points))
		for i, x := range points {
			parts[i] = Format(x, q.Unit)
		}
		return strings.Join(parts, ", ")
	},
	mistake: func(q *Question, w *Wrong, v *Values) (string, error) { return curveOf(q, w.Answer, v) },
	off: func(given, other string) float64 {
		a, _ := readCurve(given)
		b, _ := readCurve(other)
		if len(a) != len(b) {
			return math.Inf(1)
		}
		off, all := 0.0, 0.0
		for i := range a {
			off += math.Abs(a[i] - b[i])
			all += math.Abs(a[i]) // of the curve that is compared with several
		}
		return share(off, all)
	},
	nearest: true,
}

// maxPoints is how many points a curve may have.
const maxPoints = 64

func curveOf(q *Question, e *Expression, v *Values) (string, error) {
	n, err := q.Points.run(v, nil)
	if err != nil {
		return "", err
	}
	x, err := e.run(v, nil)
	if err != nil {
		return "", err
	}
	list := x.([]float64)
	if points := int(n.(float64)); points < 2 || points > maxPoints || len(list) != points {
		return "", faultAt(e.Place, "lesson.points", "Have", len(list), "Want", points, "Most", maxPoints)
	}
	return writeCurve(list), nil
}

func readCurve(text string) (list []float64, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		x, good := readNumber(part)
		if !good || len(list) == maxPoints {
			return nil, false
		}
		list = append(list, x)
	}
	return list, len(list) > 1
}

func writeCurve(list []float64) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = writeNumber(x)
	}
	return strings.Join(parts, ",")
}
