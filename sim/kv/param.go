package kv

import (
	"cmp"
	"slices"
	"strconv"

	"kvstep/sim"
)

// Param is one parameter of a policy as a person may give it: a whole number, or one of
// some words.
type Param struct {
	sim.Number
	Words   []string // not nil: a word of these, the first where none is given
	Default int      // of a number
	Divides bool     // a number that divides a head, or 0 for all of it

	at      func(*sim.CachePolicy) any  // where its value stands: *int, or *string of a word
	depends func(p sim.CachePolicy) int // its default where that depends on parameters before it
	narrow  func(n sim.Number, p sim.CachePolicy, headDim int) sim.Number
}

// count makes a parameter that is a number of things.
func count(name string, least, most float64, missing int, at func(*sim.CachePolicy) any) Param {
	return Param{Number: sim.Number{Name: name, Least: least, Most: most, Whole: true, Step: 1}, Default: missing, at: at}
}

// maxTokens is beyond what any model can read.
const maxTokens = 1 << 20

// newest makes the parameter that says how many of the newest tokens stay, with a default.
func newest(missing int) Param {
	return count("window", 1, maxTokens, missing, func(p *sim.CachePolicy) any { return &p.Window })
}

// Params returns the parameters of all policies, each once.
func Params() (all []Param) {
	for _, x := range Policies {
		for _, p := range x.Params {
			if !slices.ContainsFunc(all, func(q Param) bool { return q.Name == p.Name }) {
				all = append(all, p)
			}
		}
	}
	return all
}

// Value returns the parameter's value as text.
func (x Param) Value(p sim.CachePolicy) string {
	if at, ok := x.at(&p).(*int); ok {
		return strconv.Itoa(*at)
	}
	return *x.at(&p).(*string)
}

// missing returns the default of a number.
func (x Param) missing(p sim.CachePolicy) int {
	if x.depends != nil {
		return x.depends(p)
	}
	return x.Default
}

// complete gives a value that is 0 or "" its default.
func (x Param) complete(p *sim.CachePolicy) {
	switch at := x.at(p).(type) {
	case *int:
		*at = cmp.Or(*at, x.missing(*p))
	case *string:
		*at = cmp.Or(*at, x.Words[0])
	}
}

// read takes a value that a person gave: Problem "recipe.choice" of a word, "recipe.whole"
// of a number.
func (x Param) read(p *sim.CachePolicy, text string) error {
	if x.Words != nil {
		if !slices.Contains(x.Words, text) {
			return sim.NewProblem("recipe.choice", "Field", x.Name, "Have", text, "Allowed", x.Words)
		}
		*x.at(p).(*string) = text
		return nil
	}
	n, err := x.Read(text)
	*x.at(p).(*int) = int(n)
	return err
}

// check refuses a value that does not suit a head of headDim numbers.
func (x Param) check(p *sim.CachePolicy, headDim int) error {
	if x.Words != nil {
		return x.read(p, *x.at(p).(*string))
	}
	n := x.Number
	if x.narrow != nil {
		n = x.narrow(n, *p, headDim)
	}
	return n.Check(float64(*x.at(p).(*int)))
}

// maxBudget keeps bytes x 8 far from the largest number.
const maxBudget = int64(1) << 50

// Budget is how many bytes a cache may take, under any policy; 0: no limit.
var Budget = sim.Number{Name: "budget", Least: 0, Most: float64(maxBudget), Whole: true, Step: 1024}

// Names returns the fields of a policy beside its kind, as JSON has them.
func Names() []string {
	names := []string{Budget.Name}
	for _, x := range Params() {
		names = append(names, x.Name)
	}
	return names
}

// IsNumber reports whether a field of a policy is a number, not a word.
func IsNumber(name string) bool {
	return !slices.ContainsFunc(Params(), func(x Param) bool { return x.Name == name && x.Words != nil })
}

// JSON writes a 0 that is not the default: to leave it out would say something else.
func init() {
	for _, x := range Policies {
		for _, p := range x.Params {
			if p.Words == nil && p.Least <= 0 && p.missing(sim.CachePolicy{Kind: x.Kind}) != 0 {
				sim.WriteZero(x.Kind, p.Name)
			}
		}
	}
}
