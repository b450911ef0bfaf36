package pattern

// inst is an instruction; those without x and y go on with the next one.
type inst struct {
	op     op
	anchor byte
	neg    bool
	set    set
	ascii  [2]uint64 // the first 128 characters of set
	x, y   int       // opFork, opJump; opLook and opAtomic: their program, and what follows it
	nth    int       // of the forks, or of the looks and atomic groups
	back   int       // opBack: characters
}

// compileNode writes the program of a tree.
func compileNode(n *node) *Pattern {
	p := &Pattern{}
	p.emit(n)
	p.add(inst{op: opEnd})
	return p
}

func (p *Pattern) add(in inst) int {
	if len(p.prog) == maxProg {
		panic(&Refused{"{}", "a pattern too long when its repeats are written out"})
	}
	if in.op == opFork {
		in.nth = p.forks
		p.forks++
	}
	p.prog = append(p.prog, in)
	return len(p.prog) - 1
}

func (p *Pattern) emit(n *node) {
	switch n.op {
	case opSet:
		in := inst{op: opSet, set: n.set}
		for c := range rune(128) {
			if n.set.has(c) {
				in.ascii[c/64] |= 1 << (c % 64)
			}
		}
		p.add(in)
	case opCat:
		for _, kid := range n.kids {
			p.emit(kid)
		}
	case opAlt:
		p.alternatives(n.kids, p.emit)
	case opRepeat:
		p.repeat(n)
	case opAnchor:
		p.add(inst{op: opAnchor, anchor: n.anchor})
	case opAtomic:
		p.inside(inst{op: opAtomic}, func() { p.emit(n.kids[0]) })
	case opLook:
		p.inside(inst{op: opLook, neg: n.neg}, func() { p.look(n) })
	}
}

// look is the program of a look; behind, each alternative first steps back.
func (p *Pattern) look(n *node) {
	body := n.kids[0]
	if !n.back {
		p.emit(body)
		return
	}
	list := []*node{body}
	if body.op == opAlt {
		list = body.kids
	}
	p.alternatives(list, func(kid *node) {
		p.add(inst{op: opBack, back: length(kid, n.part)})
		p.emit(kid)
	})
}

// inside writes a program within the program.
func (p *Pattern) inside(in inst, body func()) {
	in.nth = p.subs
	p.subs++
	at := p.add(in)
	body()
	p.add(inst{op: opEnd})
	p.prog[at].x, p.prog[at].y = at+1, len(p.prog)
}

func (p *Pattern) alternatives(kids []*node, emit func(*node)) {
	var ends []int
	for i, kid := range kids {
		if i == len(kids)-1 {
			emit(kid)
			break
		}
		fork := p.add(inst{op: opFork})
		p.prog[fork].x = len(p.prog)
		emit(kid)
		ends = append(ends, p.add(inst{op: opJump}))
		p.prog[fork].y = len(p.prog)
	}
	for _, at := range ends {
		p.prog[at].x = len(p.prog)
	}
}

func (p *Pattern) repeat(n *node) {
	if n.how == 'p' {
		greedy := *n
		greedy.how = 'g'
		p.inside(inst{op: opAtomic}, func() { p.repeat(&greedy) })
		return
	}
	for range n.min {
		p.emit(n.kids[0])
	}
	var forks []int
	once := func() {
		forks = append(forks, p.add(inst{op: opFork}))
		p.emit(n.kids[0])
	}
	if n.max < 0 {
		at := len(p.prog)
		once()
		p.add(inst{op: opJump, x: at})
	}
	for range n.max - n.min {
		once()
	}
	for _, at := range forks {
		in := &p.prog[at]
		if in.x, in.y = at+1, len(p.prog); n.how == 'l' {
			in.x, in.y = in.y, in.x
		}
	}
}
