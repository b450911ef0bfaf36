package pattern

import (
	"unicode/utf8"
)

// frame is a fork that was taken: its first way, or the second.
type frame struct {
	pc, pos int
	second  bool
}

// machine matches one text. What it remembers holds for all of the text: whether a
// fork leads to an end depends on the place alone.
type machine struct {
	p      *Pattern
	text   string
	stack  []frame
	steps  int
	failed []uint64 // [forks][len(text)+1] bits; nil until many steps were taken
	ends   []int32  // [subs][len(text)+1]: 0 not known, 1 none, or 2 + where
}

// FindAll returns all matches in text, from the left, as [from, to): after an empty match
// and where one would follow a match the search goes on one character later.
func (p *Pattern) FindAll(text string) (list [][2]int) {
	m := &machine{p: p, text: text}
	end := -1 // of the match before
	for at := 0; at <= len(text); {
		from, to := m.search(at)
		if to < 0 {
			return list
		}
		if from == to && to == end { // from == at
			at = m.after(at)
			continue
		}
		list = append(list, [2]int{from, to})
		at, end = to, to
	}
	return list
}

// after returns the place behind the character at a place; at the end, beyond it.
func (m *machine) after(at int) int {
	_, n := utf8.DecodeRuneInString(m.text[at:])
	return at + max(n, 1)
}

// search returns the first match that begins at some place or later; to is -1 for none.
func (m *machine) search(at int) (from, to int) {
	for ; at <= len(m.text); at = m.after(at) {
		if to := m.run(0, at); to >= 0 {
			return at, to
		}
	}
	return 0, -1
}

// patience is how many forks are taken before failures are remembered, for each
// character of the text.
const patience = 64

// run returns where a program ends that begins at pos, -1 if it fails.
func (m *machine) run(pc, pos int) int {
	base := len(m.stack)
	for {
		in, ok := &m.p.prog[pc], true
		switch in.op {
		case opEnd:
			m.stack = m.stack[:base]
			return pos
		case opFork:
			if ok = !m.hasFailed(in.nth, pos); ok {
				m.stack = append(m.stack, frame{pc: pc, pos: pos})
				pc = in.x
			}
		case opJump:
			pc = in.x
		case opLook:
			if ok = (m.inside(in, pos) >= 0) != in.neg; ok {
				pc = in.y
			}
		case opAtomic:
			end := m.inside(in, pos)
			if ok = end >= 0; ok {
				pc, pos = in.y, end
			}
		default:
			pos, ok = m.step(in, pos)
			pc++
		}
		if !ok {
			if pc, pos = m.back(base); pc < 0 {
				return -1
			}
		}
	}
}

// back returns the second way of the last fork that has one.
func (m *machine) back(base int) (pc, pos int) {
	for len(m.stack) > base {
		f := &m.stack[len(m.stack)-1]
		in := &m.p.prog[f.pc]
		if !f.second {
			f.second = true
			return in.y, f.pos
		}
		if m.failed != nil {
			bit := in.nth*(len(m.text)+1) + f.pos
			m.failed[bit/64] |= 1 << (bit % 64)
		}
		m.stack = m.stack[:len(m.stack)-1]
	}
	return -1, 0
}

func (m *machine) hasFailed(fork, pos int) bool {
	places := len(m.text) + 1
	m.steps++
	if m.failed == nil {
		if m.steps <= patience*places {
			return false
		}
		m.failed = make([]uint64, (m.p.forks*places+63)/64)
		m.ends = make([]int32, m.p.subs*places)
	}
	bit := fork*places + pos
	return m.failed[bit/64]&(1<<(bit%64)) != 0
}

// inside runs the program of a look or an atomic group.
func (m *machine) inside(in *inst, pos int) int {
	if m.ends == nil {
		return m.run(in.x, pos)
	}
	known := &m.ends[in.nth*(len(m.text)+1)+pos]
	if *known == 0 {
		*known = int32(m.run(in.x, pos)) + 2
	}
	return int(*known) - 2
}

// step returns an instruction that takes a character, goes back or looks at a place.
func (m *machine) step(in *inst, pos int) (int, bool) {
	switch in.op {
	case opSet:
		if pos == len(m.text) {
			return pos, false
		}
		if c := m.text[pos]; c < utf8.RuneSelf {
			return pos + 1, in.ascii[c/64]&(1<<(c%64)) != 0
		}
		r, n := utf8.DecodeRuneInString(m.text[pos:])
		return pos + n, in.set.has(r)
	case opBack:
		for range in.back {
			if pos == 0 {
				return pos, false
			}
			_, n := utf8.DecodeLastRuneInString(m.text[:pos])
			pos -= n
		}
		return pos, true
	}
	return pos, m.place(in.anchor, pos)
}

// place reports whether an anchor holds. ^ and $ are those of lines.
func (m *machine) place(anchor byte, pos int) bool {
	atEnd := pos == len(m.text)
	switch anchor {
	case '^':
		return pos == 0 || !atEnd && m.text[pos-1] == '\n'
	case '$':
		return atEnd || m.text[pos] == '\n'
	case 'A':
		return pos == 0
	case 'z':
		return atEnd
	case 'Z':
		return atEnd || m.text[pos:] == "\n"
	}
	return m.word(pos) == (anchor == 'b')
}

// word reports whether a word begins or ends at a place.
func (m *machine) word(pos int) bool {
	before, after := false, false
	if r, n := utf8.DecodeLastRuneInString(m.text[:pos]); n > 0 {
		before = wordAlone().has(r)
	}
	if r, n := utf8.DecodeRuneInString(m.text[pos:]); n > 0 {
		after = wordAlone().has(r)
	}
	return before != after
}
