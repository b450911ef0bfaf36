// Package recipe is the schema of a recipe: every field that a person may give, its
// ways of being written, its range and its default. Links, messages, flags and forms
// read and write recipes by this list, so that a value means the same wherever it is
// given, and one that is not given is told from a zero.
package recipe

import (
	"cmp"
	"slices"
	"strings"

	"kvstep/sim"
)

// Field is one field of a recipe. Path is its place in JSON, Key its name in links and
// Flag that of the command's flag; what has none cannot be given so. A number has a range,
// a word a list of words; other texts may be anything.
type Field struct {
	Path, Key, Flag string
	Number          *sim.Number
	Words           []string
	Tail            *sim.Number // what stands for N in a word that ends in ":N"
	Missing         string      // its default, as text; see Default
	Many            bool        // a list: every text is one element, and it may be given several times
	Always          bool        // links say it of a recipe to which it matters, though it is the default
	Optional        bool        // JSON may leave it out where it is its default
	Sampler         string      // the kind of sampler that alone uses it, if it is one's
	Label           string      // message that calls it on the page; "" is recipe.NAME

	name    string                // see Name
	at      func(*sim.Recipe) any // where its value stands
	matters func(*sim.Recipe) bool
	begins  Notation                 // given there, it makes the recipe one of a batch
	missing func(*sim.Recipe) string // its default where that depends on fields before it
}

// Notation is a way of writing recipes as texts, field by field.
type Notation int

// The notations. In JSON a batch is there where its object is.
const (
	none Notation = iota
	links
	flags
)

// Find returns the field at a path, nil if there is none.
func Find(path string) *Field {
	if i := slices.IndexFunc(Fields, func(f Field) bool { return f.Path == path && path != "" }); i >= 0 {
		return &Fields[i]
	}
	return nil
}

// Matters tells whether the run of a recipe depends on the field.
func (f *Field) Matters(r *sim.Recipe) bool { return f.matters == nil || f.matters(r) }

// Default returns the text of what a recipe has that does not give the field.
func (f *Field) Default(r *sim.Recipe) string {
	if f.missing != nil {
		return f.missing(r)
	}
	return f.Missing
}

// Name returns the last part of its path, or the whole's where that says more.
func (f *Field) Name() string {
	switch {
	case f.name != "":
		return f.name
	case f.Number != nil:
		return f.Number.Name
	}
	return f.Path
}

// LabelID returns the message that calls the field on the page.
func (f *Field) LabelID() string {
	if f.Label != "" {
		return f.Label
	}
	return "recipe." + f.Name()
}

// HelpID returns the message that says what the field is for, of a field that has a flag.
func (f *Field) HelpID() string { return "recipe.help." + f.Name() }

// OfSampler tells whether the field is one of the sampler's.
func (f *Field) OfSampler() bool { return strings.HasPrefix(f.Path, "sampler.") }

// Truth tells whether the field is true or false.
func (f *Field) Truth() bool { return is[*bool](f) }

// Unit tells whether the field is a number that may be written with a unit.
func (f *Field) Unit() bool { return is[*size](f) }

// is tells whether a field's value stands in a recipe as a T.
func is[T any](f *Field) bool {
	_, ok := f.at(&sim.Recipe{Batch: &sim.Batch{}}).(T)
	return ok
}

// readWord returns the word that a text is. One of Words that ends in ":N" is all those
// that end in a number there.
func (f *Field) readWord(text string) (string, error) {
	word, tail, found := strings.Cut(text, ":")
	switch {
	case !found && slices.Contains(f.Words, text):
		return text, nil
	case found && slices.Contains(f.Words, word+":N") && tail != "N":
		n, err := f.Tail.Read(tail)
		return word + ":" + f.Tail.Write(n), err
	}
	return "", f.choice(text, f.Words)
}

func (f *Field) choice(have string, allowed []string) error {
	return sim.NewProblem("recipe.choice", "Field", f.Name(), "Have", clipTo(have, 40), "Allowed", allowed)
}

// malformed returns the Problem of a text that is no element of the field's list.
func (f *Field) malformed(have string) error {
	return sim.NewProblem("recipe.text", "Field", f.Name(), "Have", clip(have))
}

// check refuses a value that a recipe written in Go has and nobody could give.
func (f *Field) check(r *sim.Recipe) error {
	if !f.Matters(r) {
		return nil
	}
	switch x := f.at(r).(type) {
	case *string:
		if f.Words == nil {
			return nil
		}
		if word, err := f.readWord(*x); err != nil || word != *x {
			return cmp.Or(err, f.choice(*x, f.Words))
		}
	case *int:
		return f.Number.Check(float64(*x))
	case *float64:
		if *x != 0 { // left out in Go
			return f.Number.Check(*x)
		}
	case real:
		if x.Get() != 0 { // sample.Check knows whether it may be left out
			return f.Number.Check(x.Get())
		}
	case *size:
		return f.Number.Check(float64(*x))
	case *[]sim.Request:
		return checkRequests(*x)
	}
	return nil
}

func checkRequests(list []sim.Request) error {
	if err := requestsRange.Check(float64(len(list) + 1)); err != nil {
		return err
	}
	for _, q := range list {
		if err := MaxNew.Check(float64(q.MaxNew)); err != nil {
			return err
		}
		if err := Arrive.Check(float64(q.Arrive)); err != nil {
			return err
		}
	}
	return nil
}
