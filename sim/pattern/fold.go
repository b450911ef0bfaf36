package pattern

// folded returns a set of ASCII under (?i): both cases, and the two characters beyond ASCII
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

// letters are some of a to z, a bit each.
type letters uint32

func letter(r byte) letters { return 1 << (r - 'a') }

// edges are what a node may begin and end with: the letters under (?i), and whether it
// may match without a character.
type edges struct {
	known, empty bool
	first, last  letters
}

// edges of a node are worked out once: groups stand in groups.
func (n *node) edges() edges {
	if n.edge.known {
		return n.edge
	}
	e := edges{known: true, empty: true}
	switch n.op {
	case opSet:
		e.empty = false
		if n.letter != 0 {
			e.first, e.last = letter(byte(n.letter)), letter(byte(n.letter))
		}
	case opRepeat, opAtomic:
		e = n.kids[0].edges()
		e.empty = e.empty || n.op == opRepeat && n.min == 0
	case opAlt:
		e.empty = false
		for _, kid := range n.kids {
			k := kid.edges()
			e.empty, e.first, e.last = e.empty || k.empty, e.first|k.first, e.last|k.last
		}
	case opCat:
		for _, kid := range n.kids {
			k := kid.edges()
			if e.empty {
				e.first |= k.first
			}
			if !k.empty {
				e.last, e.empty = 0, false
			}
			e.last |= k.last
		}
	}
	n.edge = e
	return e
}

// empty reports whether a node may match without a character.
func empty(n *node) bool { return n.edges().empty }

// checkFolding refuses such pairs in a sequence and in what repeats.
func (p *parser) checkFolding(n *node, from int) {
	ends := letters(0)
	for _, kid := range n.kids {
		e := kid.edges()
		repeats := letters(0) // what it may end with before it begins again
		if kid.op == opRepeat && kid.max != 1 {
			repeats = e.last
		}
		for _, pair := range pairs {
			if (ends|repeats)&letter(pair[0]) != 0 && e.first&letter(pair[1]) != 0 {
				p.refuse(from, "(?i) of "+pair+", which one character may be")
			}
		}
		if !e.empty {
			ends = 0
		}
		ends |= e.last
	}
}

// fixed returns how many characters every match of a node has; the alternatives of a look
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
		for i, kid := range n.kids {
			if each := length(kid, part); i == 0 {
				sum = each
			} else if each != sum {
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
