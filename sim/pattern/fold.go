package pattern

import "strings"

// folded is a set of ASCII under (?i): both cases, and the two characters beyond ASCII
// that fold into it, the long s and the sign of the kelvin.
func folded(s set) set {
	out := s
	for c := 'a'; c <= 'z'; c++ {
		if upper := c - 0x20; s.has(c) || s.has(upper) {
			out = union(out, one(c), one(upper))
			switch c {
			case 's':
				out = union(out, one(0x17F))
			case 'k':
				out = union(out, one(0x212A))
			}
		}
	}
	return out
}

// pairs are letters that, one after the other under (?i), also match one character: ß,
// and the ligatures of type.
var pairs = []string{"ss", "st", "ff", "fi", "fl"}

// checkFolding refuses such pairs in a sequence and in what repeats.
func (p *parser) checkFolding(n *node, from int) {
	ends := ""
	for _, kid := range n.kids {
		first, last := edges(kid)
		for _, pair := range pairs {
			if strings.Contains(ends, pair[:1]) && strings.Contains(first, pair[1:]) || repeats(kid, pair) {
				p.refuse(from, "(?i) of "+pair+", which one character may be")
			}
		}
		if !empty(kid) {
			ends = ""
		}
		ends += last
	}
}

// repeats tells whether pair may stand where something ends and begins again.
func repeats(n *node, pair string) bool {
	if n.op != opRepeat || n.max == 1 {
		return false
	}
	first, last := edges(n)
	return strings.Contains(last, pair[:1]) && strings.Contains(first, pair[1:])
}

// edges are the letters under (?i) that a node may begin and end with.
func edges(n *node) (first, last string) {
	switch n.op {
	case opSet:
		if n.letter != 0 {
			return string(n.letter), string(n.letter)
		}
	case opRepeat, opAtomic:
		return edges(n.kids[0])
	case opAlt:
		for _, kid := range n.kids {
			f, l := edges(kid)
			first, last = first+f, last+l
		}
	case opCat:
		for i := range n.kids {
			f, _ := edges(n.kids[i])
			if first += f; !empty(n.kids[i]) {
				break
			}
		}
		for i := len(n.kids) - 1; i >= 0; i-- {
			_, l := edges(n.kids[i])
			if last += l; !empty(n.kids[i]) {
				break
			}
		}
	}
	return first, last
}

// empty tells whether a node may match without a character.
func empty(n *node) bool {
	switch n.op {
	case opSet:
		return false
	case opRepeat:
		return n.min == 0 || empty(n.kids[0])
	case opAlt:
		for _, kid := range n.kids {
			if empty(kid) {
				return true
			}
		}
		return false
	case opCat, opAtomic:
		for _, kid := range n.kids {
			if !empty(kid) {
				return false
			}
		}
	}
	return true
}

// fixed is how many characters every match of a node has; the alternatives of a look
// behind may differ from one another.
func fixed(n *node, part string) int {
	if n.op == opAlt {
		for _, kid := range n.kids {
			length(kid, part)
		}
		return 0
	}
	return length(n, part)
}

func length(n *node, part string) (sum int) {
	switch n.op {
	case opSet:
		return 1
	case opCat:
		for _, kid := range n.kids {
			sum += length(kid, part)
		}
	case opAlt:
		sum = length(n.kids[0], part)
		for _, kid := range n.kids {
			if length(kid, part) != sum {
				panic(&Refused{part, "a look behind of several lengths"})
			}
		}
	case opRepeat:
		if n.min != n.max {
			panic(&Refused{part, "a look behind of several lengths"})
		}
		return n.min * length(n.kids[0], part)
	}
	return sum
}
