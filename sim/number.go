package sim

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Number is one number of a recipe as a person may give it: in a link, a flag, a
// message or a form. Its range is what the engine can serve.
type Number struct {
	Name        string // as it stands in JSON
	Least, Most float64
	Whole       bool
	Step        float64 // what one press of a form's arrows adds; any value between is as good
}

// Check refuses a number outside the range, and one that is none: Problem
// "recipe.range" or "recipe.whole" with Field, Have, Least and Most.
func (n Number) Check(x float64) error {
	if x >= n.Least && x <= n.Most && (!n.Whole || x == math.Trunc(x)) {
		return nil
	}
	return n.Refuse(n.Write(x))
}

// Read reads a number from text and checks it.
func (n Number) Read(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if n.Whole {
		x, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, n.Refuse(text)
		}
		if err := n.Check(float64(x)); err != nil {
			return 0, n.Refuse(text) // as it was given
		}
		return float64(x), nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || n.Check(x) != nil {
		return 0, n.Refuse(text)
	}
	return x, nil
}

// Write writes a number as people do, without an exponent where it is short so.
func (n Number) Write(x float64) string {
	if x == 1<<64-1 {
		return strconv.FormatUint(math.MaxUint64, 10) // of seeds, which a float64 rounds
	}
	if a := math.Abs(x); a == 0 || a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// Refuse returns the Problem of a value, as it was given, that is no number of the range:
// "recipe.range", of whole numbers "recipe.whole".
func (n Number) Refuse(have string) *Problem {
	const most = 40 // characters of a value that are quoted
	if r := []rune(have); len(r) > most {
		have = string(r[:most]) + "…"
	}
	id := "recipe.range"
	if n.Whole {
		id = "recipe.whole"
	}
	return NewProblem(id, "Field", n.Name, "Have", have, "Least", n.Write(n.Least), "Most", n.Write(n.Most))
}
