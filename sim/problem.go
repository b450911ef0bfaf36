package sim

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is an error that a person can act on. ID names a message of the
// catalogue (web/text, "problem.<ID>"), Args fill its placeholders, so the
// same error reads well in every language. Error is its plain form for logs.
type Problem struct {
	ID    string
	Args  map[string]any
	Cause error // may be nil
}

// NewProblem makes a Problem from a catalogue id and name, value pairs.
func NewProblem(id string, pairs ...any) *Problem {
	args := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	return &Problem{ID: id, Args: args}
}

// Because returns p with the error that caused it.
func (p *Problem) Because(cause error) *Problem {
	p.Cause = cause
	return p
}

// Error returns "id: name=value ...: cause", names in order.
func (p *Problem) Error() string {
	names := make([]string, 0, len(p.Args))
	for name := range p.Args {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString(p.ID)
	for i, name := range names {
		sep := " "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s=%v", sep, name, p.Args[name])
	}
	if p.Cause != nil {
		b.WriteString(": " + p.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }
