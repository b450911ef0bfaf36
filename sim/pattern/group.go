package pattern

import "strings"

// group reads what follows a parenthesis.
func (p *parser) group(from int) *node {
	n := &node{}
	fold, dot, back := p.fold, p.dot, p.back
	defer func() { p.fold, p.dot, p.back = fold, dot, back }()
	switch {
	case !p.skip("?"):
		if p.next() == '*' || p.back {
			p.at++
			p.refuse(from, "not taken")
		}
		n.op = opCat
	case p.skip(":"):
		n.op = opCat
	case p.skip(">"):
		n.op = opAtomic
	case p.skip("="):
		n.op = opLook
	case p.skip("!"):
		n.op, n.neg = opLook, true
	case p.skip("<="):
		n.op, n.back = opLook, true
	case p.skip("<!"):
		n.op, n.back, n.neg = opLook, true, true
	case p.named():
		n.op = opCat
	default:
		if p.options(from) { // to the end of the pattern, at whose beginning it stands
			fold, dot = p.fold, p.dot
			return nil
		}
		n.op = opCat
	}
	if p.back && n.op != opCat {
		p.refuse(from, "a group of this kind in a look behind")
	}
	p.back = p.back || n.back
	n.kids = []*node{p.alternatives()}
	if !p.skip(")") {
		p.refuse(from, "a parenthesis that is not closed")
	}
	n.part = p.text[from:p.at]
	if n.back {
		fixed(n.kids[0], n.part)
	}
	return n
}

// named reads <name>; nothing refers to it.
func (p *parser) named() bool {
	name, _, closed := strings.Cut(p.text[p.at:], ">")
	letters := func(r rune) bool { return r == '_' || 'a' <= r|0x20 && r|0x20 <= 'z' }
	if !closed || len(name) < 2 || name[0] != '<' || strings.ContainsFunc(name[1:], func(r rune) bool { return !letters(r) }) || p.back {
		return false
	}
	p.at += len(name) + 1
	return true
}

// options reads i and m, on and off, up to a colon; or, where alone is true, up to a
// parenthesis.
func (p *parser) options(from int) (alone bool) {
	on := true
	for {
		c := p.next()
		p.at = min(p.at+1, len(p.text))
		switch c {
		case 'i':
			p.fold = on
		case 'm':
			p.dot = on
		case '-':
			on = false
		case ':':
			return false
		case ')':
			if from != 0 {
				p.refuse(from, "an option within a pattern")
			}
			return true
		default:
			p.refuse(from, "not taken")
		}
	}
}
