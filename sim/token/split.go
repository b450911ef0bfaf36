package token

import (
	"errors"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/pattern"
)

// A splitter cuts text into words; merges never cross a cut. The words put
// together give the text, unless the file has some removed.
type splitter func(text string) []string

// whole leaves the text in one word.
func whole(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// then cuts each word of the first again by the second.
func (first splitter) then(second splitter) splitter {
	return func(text string) []string {
		var words []string
		for _, word := range first(text) {
			words = append(words, second(word)...)
		}
		return words
	}
}

// loses reports whether a Split removes text.
func (p *hfPre) loses() bool {
	if p == nil {
		return false
	}
	return p.Type == "Split" && p.Behavior == "Removed" || slices.ContainsFunc(p.List, func(p hfPre) bool { return p.loses() })
}

// part is some of a text: what matched, or what stands between matches. It may be empty.
type part struct {
	from, to int
	match    bool
}

// joins says which parts are one word, by the behavior of a Split.
var joins = map[string]func([]part) []part{
	"Isolated":           func(list []part) []part { return list },
	"Removed":            func(list []part) []part { return slices.DeleteFunc(list, func(p part) bool { return p.match }) },
	"Contiguous":         contiguous,
	"MergedWithPrevious": withPrevious,
	"MergedWithNext":     withNext,
}

// contiguous joins parts of one kind.
func contiguous(list []part) (out []part) {
	match := false
	for _, p := range list {
		if n := len(out); n > 0 && p.match == match {
			out[n-1].to = p.to
		} else {
			out = append(out, p)
		}
		match = p.match
	}
	return out
}

// withPrevious joins a match with what stands before it, unless that is a match too.
func withPrevious(list []part) (out []part) {
	match := false
	for _, p := range list {
		if n := len(out); n > 0 && p.match && !match {
			out[n-1].to = p.to
		} else {
			out = append(out, p)
		}
		match = p.match
	}
	return out
}

// withNext joins a match with what stands behind it, unless that is a match too.
func withNext(list []part) (out []part) {
	match := false
	for _, p := range slices.Backward(list) {
		if n := len(out); n > 0 && p.match && !match {
			out[n-1].from = p.from
		} else {
			out = append(out, p)
		}
		match = p.match
	}
	slices.Reverse(out)
	return out
}

// cuts builds a Split: what to look for, and what becomes of it.
func (p *hfPre) cuts() (splitter, error) {
	join, ok := joins[p.Behavior]
	if !ok {
		return nil, unsupported("Split behavior " + p.Behavior)
	}
	if p.Pattern.Regex != nil && (p.Behavior == "Isolated" || p.Behavior == "Removed" && p.Invert) {
		if known := byHand[*p.Pattern.Regex]; known != nil { // every character is in a match
			return known, nil
		}
	}
	find, err := p.Pattern.finder()
	if err != nil {
		return nil, err
	}
	return func(text string) (words []string) {
		for _, x := range join(parts(text, find(text), p.Invert)) {
			if x.from < x.to {
				words = append(words, text[x.from:x.to])
			}
		}
		return words
	}, nil
}

// parts returns matches and what stands between them, in order; inverted, the one is taken
// for the other.
func parts(text string, matches [][2]int, invert bool) []part {
	list := make([]part, 0, 2*len(matches)+1)
	at := 0
	for _, m := range matches {
		if at != m[0] {
			list = append(list, part{at, m[0], invert})
		}
		list = append(list, part{m[0], m[1], !invert})
		at = m[1]
	}
	if at < len(text) || len(list) == 0 {
		list = append(list, part{at, len(text), invert})
	}
	return list
}

// finder finds all matches in a text.
func (p hfPattern) finder() (func(text string) [][2]int, error) {
	switch {
	case p.Regex != nil:
		re, err := pattern.Compile(*p.Regex)
		if refused, ok := errors.AsType[*pattern.Refused](err); ok {
			return nil, sim.NewProblem("tokenizer.pattern", "Pattern", clip(*p.Regex), "Part", clip(refused.Part)).Because(err)
		}
		return re.FindAll, err
	case p.String != nil && *p.String != "":
		return func(text string) (list [][2]int) {
			for at := 0; ; {
				i := strings.Index(text[at:], *p.String)
				if i < 0 {
					return list
				}
				list = append(list, [2]int{at + i, at + i + len(*p.String)})
				at += i + len(*p.String)
			}
		}, nil
	}
	return nil, unsupported("Split without a pattern")
}
