package lens

import (
	"strconv"

	"kvstep/sim/plain"
)

// Integer is written as a JSON number while JavaScript can hold it exactly,
// and as a decimal string beyond 2^53.
type Integer int64

func (n Integer) MarshalJSON() ([]byte, error) {
	s := strconv.FormatInt(int64(n), 10)
	if n > 1<<53 || n < -(1<<53) {
		s = `"` + s + `"`
	}
	return []byte(s), nil
}

// Score is written in float32 digits, half the bytes, where float32 reaches it, and
// else in all of its own: a penalty may take a logit far beyond, and no probability becomes
// 0 or 1 by rounding.
type Score float64

func (x Score) MarshalJSON() ([]byte, error) {
	if slim := float32(x); slim-slim == 0 && (slim != 0) == (x != 0) && (slim != 1) == (x != 1) {
		return plain.JSON(slim), nil
	}
	return plain.JSON(float64(x)), nil
}
