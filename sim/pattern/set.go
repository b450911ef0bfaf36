package pattern

import (
	"slices"
	"unicode"
)

// span is the characters from lo to hi, both included.
type span struct{ lo, hi rune }

// set is characters in order, in spans that do not touch.
type set []span

const last = unicode.MaxRune

var all = set{{0, last}}

// one returns the set of one character.
func one(r rune) set { return set{{r, r}} }

// union returns what is in any of the sets.
func union(sets ...set) set {
	var spans set
	for _, s := range sets {
		spans = append(spans, s...)
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.lo) - int(b.lo) })
	var out set
	for _, s := range spans {
		if n := len(out); n > 0 && s.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, s.hi)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// not returns all other characters.
func (s set) not() set {
	var out set
	next := rune(0)
	for _, x := range s {
		if next < x.lo {
			out = append(out, span{next, x.lo - 1})
		}
		next = x.hi + 1
	}
	if next <= last {
		out = append(out, span{next, last})
	}
	return out
}

// and returns what is in both.
func (s set) and(t set) set { return union(s.not(), t.not()).not() }

// has reports whether r is in s.
func (s set) has(r rune) bool {
	lo, hi := 0, len(s)
	for lo < hi {
		if mid := (lo + hi) / 2; r > s[mid].hi {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(s) && r >= s[lo].lo
}

// table returns the characters of Go's tables.
func table(tables ...*unicode.RangeTable) set {
	var out set
	add := func(lo, hi, stride rune) {
		if stride == 1 {
			out = append(out, span{lo, hi})
			return
		}
		for r := lo; r <= hi; r += stride {
			out = append(out, span{r, r})
		}
	}
	for _, t := range tables {
		for _, r := range t.R16 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return union(out)
}
