package cost

import "math"

// Speculation is decoding with a draft model (Leviathan et al. 2022,
// arXiv 2211.17192): the draft guesses some tokens one by one, and the model
// checks all of them in one pass, which gives it one token more than the guesses
// that it accepts. It accepts each with the same probability, as the paper does.
type Speculation struct {
	Guesses int     `json:"guesses"` // g: tokens that the draft proposes for a pass
	Accept  float64 `json:"accept"`  // a: probability that a guess is accepted, from 0 to 1
}

// Tokens returns how many tokens a pass gives on average: (1 - a^(g+1)) / (1 - a).
func (s Speculation) Tokens() float64 {
	if s.Accept == 1 {
		return float64(s.Guesses) + 1
	}
	return (1 - math.Pow(s.Accept, float64(s.Guesses)+1)) / (1 - s.Accept)
}

// Speedup returns how many times faster it is than the model alone, when a pass of
// the draft takes a share c of the time of one of the model, and checking g+1
// tokens takes the model no longer than one: tokens / (g c + 1).
func (s Speculation) Speedup(c float64) float64 {
	return s.Tokens() / (float64(s.Guesses)*c + 1)
}

// Operations returns how many times the operations of the model alone it takes, when
// a pass of the draft costs a share c of one of the model: (g c + g + 1) / tokens.
func (s Speculation) Operations(c float64) float64 {
	g := float64(s.Guesses)
	return (g*c + g + 1) / s.Tokens()
}
