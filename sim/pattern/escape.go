package pattern

import (
	"strconv"
	"strings"
)

// escape reads what follows a backslash outside of a set.
func (p *parser) escape(from int) *node {
	switch c := p.next(); c {
	case 'A', 'z', 'Z', 'b', 'B':
		p.at++
		return p.anchor(from, byte(c))
	case 'R':
		p.at++
		if p.back {
			p.refuse(from, "\\R in a look behind")
		}
		crlf := &node{op: opCat, kids: []*node{{op: opSet, set: one('\r')}, {op: opSet, set: one('\n')}}}
		line := &node{op: opSet, set: set{{'\n', '\r'}, {0x85, 0x85}, {0x2028, 0x2029}}}
		return &node{op: opAtomic, kids: []*node{{op: opAlt, kids: []*node{crlf, line}}}}
	}
	s, r, ok := p.class(from, wordAlone())
	if !ok {
		return p.literal(from, r)
	}
	if c := p.text[from+1]; p.fold && c != 's' && c != 'S' && c != 'd' && c != 'D' {
		p.refuse(from, "(?i) of characters that are not ASCII")
	}
	return &node{op: opSet, set: s}
}

// class reads \s, \p{..} and the like, or, where ok is false, a character. word is what
// \w means here.
func (p *parser) class(from int, word set) (s set, r rune, ok bool) {
	if p.at == len(p.text) {
		p.refuse(from, "a backslash at the end")
	}
	neg := func(s set, not bool) (set, rune, bool) {
		if not {
			return s.not(), 0, true
		}
		return s, 0, true
	}
	switch c := p.take(); c {
	case 's', 'S':
		return neg(known()["space"], c == 'S')
	case 'd', 'D':
		return neg(known()["nd"], c == 'D')
	case 'w', 'W':
		return neg(word, c == 'W')
	case 'h', 'H':
		return neg(known()["xdigit"], c == 'H')
	case 'p', 'P':
		not := c == 'P'
		end := strings.IndexByte(p.text[p.at:], '}')
		if !p.skip("{") || end < 1 {
			p.refuse(from, "a property without braces")
		}
		name := p.text[p.at : p.at+end-1]
		p.at += end
		if rest, caret := strings.CutPrefix(name, "^"); caret {
			name, not = rest, !not
		}
		s, ok := property(name)
		if !ok {
			p.refuse(from, "a property that is not known")
		}
		if strings.EqualFold(strings.TrimSpace(name), "word") {
			s = word
		}
		return neg(s, not)
	default:
		return nil, p.escaped(from, c), false
	}
}

// controls are letters that stand for a control character.
var controls = map[rune]rune{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f', 'v': '\v', 'a': '\a', 'e': 0x1B}

// escaped returns the character that a backslash and c stand for.
func (p *parser) escaped(from int, c rune) rune {
	if r, ok := controls[c]; ok {
		return r
	}
	digits := ""
	switch {
	case c == 'x' && p.skip("{"):
		end := strings.IndexByte(p.text[p.at:], '}')
		if end < 1 {
			p.refuse(from, "not taken")
		}
		digits = p.text[p.at : p.at+end]
		p.at += end + 1
	case c == 'x' && p.at+2 <= len(p.text):
		digits = p.text[p.at : p.at+2]
		p.at += 2
		if digits[0] > '7' {
			p.refuse(from, "a byte that is no character")
		}
	case c == 'u' && p.at+4 <= len(p.text):
		digits = p.text[p.at : p.at+4]
		p.at += 4
	case c > ' ' && c < 0x7F && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c), c == ' ':
		return c
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) > 8 || n > uint64(last) || 0xD800 <= n && n < 0xE000 || strings.ContainsAny(digits, "+_") {
		p.refuse(from, "not taken")
	}
	return rune(n)
}

// set reads a set, up to the bracket that closes it.
func (p *parser) set(from int) set {
	if p.depth++; p.depth > maxDepth {
		p.refuse(from, "sets too deep in one another")
	}
	defer func() { p.depth-- }()
	not := p.skip("^")
	out, now, some := all, set(nil), false // of what stands before &&, and after it
	for !p.skip("]") {
		if p.at == len(p.text) {
			p.refuse(from, "a set that is not closed")
		}
		if p.skip("&&") {
			if !some || p.fold {
				p.refuse(from, "an intersection of this kind")
			}
			out, now, some = out.and(now), nil, false
			continue
		}
		now, some = union(now, p.item(from, !some)), true
	}
	if !some {
		p.refuse(from, "an empty set")
	}
	if out = out.and(now); p.fold {
		if n := len(out); n > 0 && out[n-1].hi > 0x7F {
			p.refuse(from, "(?i) of characters that are not ASCII")
		}
		out = folded(out)
	}
	if not {
		return out.not()
	}
	return out
}

// item returns one character, range or class of a set.
func (p *parser) item(from int, first bool) set {
	if p.skip("[:") {
		not := p.skip("^")
		name, _, closed := strings.Cut(p.text[p.at:], ":]")
		s, ok := bracket(name)
		if !closed || !ok || p.fold {
			p.refuse(from, "a bracket that is not known")
		}
		if p.at += len(name) + len(":]"); not {
			return s.not()
		}
		return s
	}
	if p.next() == '[' {
		at := p.at
		if p.at++; p.fold {
			p.refuse(from, "(?i) of a set in a set")
		}
		return p.set(at)
	}
	if p.next() == '-' && !first && !strings.HasPrefix(p.text[p.at:], "-]") {
		p.refuse(from, "a hyphen that may be a range")
	}
	s, lo, ok := p.char(from)
	if ok {
		return s
	}
	if p.next() != '-' || strings.HasPrefix(p.text[p.at:], "-]") {
		return one(lo)
	}
	p.at++
	if c := p.next(); c == '[' || c == '&' {
		p.refuse(from, "a range of this kind")
	}
	_, hi, ok := p.char(from)
	if ok || hi < lo {
		p.refuse(from, "a range of this kind")
	}
	return set{{lo, hi}}
}

// char returns a character of a set, or, where ok is true, a class.
func (p *parser) char(from int) (s set, r rune, ok bool) {
	if p.at == len(p.text) {
		p.refuse(from, "a set that is not closed")
	}
	if c := p.take(); c != '\\' {
		return nil, c, false
	}
	return p.class(from, known()["word"])
}
