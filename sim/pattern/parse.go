package pattern

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// op is what a node of the tree, or an instruction, is.
type op uint8

const (
	opSet    op = iota // one character of a set
	opCat              // one after the other
	opAlt              // the first that leads to a match
	opRepeat           // min to max times
	opAnchor           // a place between characters
	opLook             // what stands before or after
	opAtomic           // taken once, and never again in another way
	opFork             // x, and if that fails y
	opJump             // x
	opEnd              // of the program, or of one inside it
	opBack             // some characters back
)

// node is a part of a pattern.
type node struct {
	op       op
	set      set
	letter   rune // opSet: what was a letter under (?i), in small
	kids     []*node
	min, max int    // opRepeat; max -1: without end
	how      byte   // opRepeat: 'g'reedy, 'l'azy, 'p'ossessive
	anchor   byte   // opAnchor: ^ $ A z Z b B
	neg      bool   // opLook: must not be there
	back     bool   // opLook: before, not after
	part     string // as it is written
	edge     edges
}

// parser reads a pattern; what it does not take ends it (refuse).
type parser struct {
	text  string
	at    int
	fold  bool // (?i)
	dot   bool // (?m): . is every character
	depth int
	back  bool // inside of a look behind
}

// refuse ends the parser, blaming text from some place to here.
func (p *parser) refuse(from int, why string) {
	part := p.text[from:min(max(p.at, from+1), len(p.text))]
	panic(&Refused{part, why})
}

func parse(text string) *node {
	p := &parser{text: text}
	if !utf8.ValidString(text) {
		p.refuse(0, "not UTF-8")
	}
	n := p.alternatives()
	if p.at < len(text) {
		p.at++
		p.refuse(p.at-1, "a parenthesis that closes nothing")
	}
	return n
}

// next returns the character here, 0 at the end; take steps over it.
func (p *parser) next() rune {
	r, n := utf8.DecodeRuneInString(p.text[p.at:])
	if n == 0 {
		return 0
	}
	return r
}

func (p *parser) take() rune {
	r, n := utf8.DecodeRuneInString(p.text[p.at:])
	p.at += n
	return r
}

func (p *parser) skip(s string) bool {
	if !strings.HasPrefix(p.text[p.at:], s) {
		return false
	}
	p.at += len(s)
	return true
}

// alternatives reads up to the end or a parenthesis that closes.
func (p *parser) alternatives() *node {
	from := p.at
	if p.depth++; p.depth > maxDepth {
		p.refuse(from, "groups too deep in one another")
	}
	list := []*node{p.sequence()}
	for p.skip("|") {
		list = append(list, p.sequence())
	}
	p.depth--
	if len(list) == 1 {
		return list[0]
	}
	return &node{op: opAlt, kids: list, part: p.text[from:p.at]}
}

func (p *parser) sequence() *node {
	n, from := &node{op: opCat}, p.at
	for p.at < len(p.text) && p.next() != '|' && p.next() != ')' {
		begin := p.at
		atom := p.atom()
		if atom != nil {
			n.kids = append(n.kids, p.quantified(atom, begin))
		}
	}
	n.part = p.text[from:p.at]
	p.checkFolding(n, from)
	return n
}

// atom returns what a quantifier would follow; nil for an option that stands alone.
func (p *parser) atom() *node {
	from := p.at
	switch c := p.take(); c {
	case '(':
		return p.group(from)
	case '[':
		return &node{op: opSet, set: p.set(from)}
	case '\\':
		return p.escape(from)
	case '.':
		if p.dot {
			return &node{op: opSet, set: all}
		}
		return &node{op: opSet, set: one('\n').not()}
	case '^', '$':
		return p.anchor(from, byte(c))
	case '*', '+', '?':
		p.refuse(from, "a quantifier of nothing")
	case '{':
		if d := p.next(); d == ',' || '0' <= d && d <= '9' {
			p.refuse(from, "a quantifier of nothing")
		}
		return p.literal(from, c)
	default:
		return p.literal(from, c)
	}
	return nil
}

func (p *parser) anchor(from int, kind byte) *node {
	if p.back {
		p.refuse(from, "an anchor in a look behind")
	}
	return &node{op: opAnchor, anchor: kind}
}

// literal returns a character that stands for itself.
func (p *parser) literal(from int, c rune) *node {
	n := &node{op: opSet, set: one(c)}
	if p.fold {
		if c >= utf8.RuneSelf {
			p.refuse(from, "(?i) of a character that is not ASCII")
		}
		n.set = folded(n.set)
		if c |= 0x20; 'a' <= c && c <= 'z' {
			n.letter = c
		}
	}
	return n
}

// quantified returns an atom with the quantifier behind it.
func (p *parser) quantified(atom *node, from int) *node {
	n := &node{op: opRepeat, kids: []*node{atom}, how: 'g', max: -1}
	interval := false
	switch {
	case p.skip("*"):
	case p.skip("+"):
		n.min = 1
	case p.skip("?"):
		n.max = 1
	default:
		if interval = p.interval(n, from); !interval {
			return atom
		}
	}
	switch {
	case p.skip("?"):
		if n.how = 'l'; interval && n.min == n.max {
			p.refuse(from, "a lazy quantifier of a fixed number")
		}
	case !interval && p.skip("+"):
		n.how = 'p'
	}
	if c := p.next(); c == '*' || c == '+' || c == '?' || c == '{' {
		p.at++
		p.refuse(from, "a quantifier of a quantifier")
	}
	n.part = p.text[from:p.at]
	if place(atom) {
		p.refuse(from, "a quantifier of a place")
	}
	if n.max != 1 && empty(atom) {
		p.refuse(from, "a quantifier of what may be empty")
	}
	return n
}

// place reports whether a node, or one of its alternatives, is nothing but a place.
func place(n *node) bool {
	switch n.op {
	case opAnchor, opLook:
		return true
	case opCat:
		return len(n.kids) > 0 && !slices.ContainsFunc(n.kids, func(kid *node) bool { return !place(kid) })
	case opAlt:
		return slices.ContainsFunc(n.kids, place)
	}
	return false
}

// interval reads {n}, {n,}, {,m} or {n,m}.
func (p *parser) interval(n *node, from int) bool {
	if c, ok := p.after('{'); !ok || c != ',' && (c < '0' || c > '9') {
		return false // a brace that stands for itself
	}
	p.at++
	low, hasLow := p.number(from)
	n.min, n.max = low, low
	hasHigh := false
	if p.skip(",") {
		if n.max, hasHigh = p.number(from); !hasHigh {
			n.max = -1
		}
	}
	if !p.skip("}") || !hasLow && !hasHigh || n.max == 0 || n.max > 0 && n.min > n.max {
		p.refuse(from, "braces that the dialect leaves to its parser")
	}
	return true
}

// after returns the character that follows c, if c is here.
func (p *parser) after(c byte) (rune, bool) {
	if p.next() != rune(c) {
		return 0, false
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at+1:])
	return r, true
}

// maxRepeat is the largest number in braces.
const maxRepeat = 1000

func (p *parser) number(from int) (n int, ok bool) {
	for c := p.next(); '0' <= c && c <= '9'; c = p.next() {
		if n = 10*n + int(c-'0'); n > maxRepeat {
			p.refuse(from, "a repeat of more than 1000")
		}
		ok = true
		p.at++
	}
	return n, ok
}
