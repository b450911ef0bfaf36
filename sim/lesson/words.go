package lesson

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"kvstep/sim/explain"
	"kvstep/sim/lens"
)

// Block is a paragraph or a list. Of a list, each item is a block.
type Block struct {
	Kind  string  `json:"is"` // p, ul, ol, li or pre
	Words []Piece `json:"words,omitempty"`
	Items []Block `json:"items,omitempty"`
}

// Piece is a stretch of words. Its kind says what can be done with it.
type Piece struct {
	Kind  string  `json:"is,omitempty"` // em, strong, code, n (a number), term, light, lab, panel, lesson, br; "" is text
	Text  string  `json:"text,omitempty"`
	To    string  `json:"to,omitempty"` // the term, the part that it lights, the address in the workbench, the panel, the lesson
	Words []Piece `json:"words,omitempty"`

	at     Place
	expr   *Expression // of a number; its Text is made of it
	format string
}

const (
	maxWords     = 64 << 10 // bytes of a file of words
	maxParagraph = 8 << 10  // bytes up to an empty line: signs that never end take the square of its length to read
)

// heading is "id: title", with the colon of either language.
var heading = regexp.MustCompile(`^([a-z][a-z0-9-]*)\s*[:：]\s*(\S.*)$`)

// linked are the addresses that words may have: nothing that leaves the page.
var linked = []string{"light", "lab", "panel", "lesson"}

// speaker reads the words of one file.
type speaker struct {
	faults
	file  string
	data  []byte
	scope scope
}

// parseWords reads a lesson's words in one language.
func parseWords(file string, data []byte, s scope) (*Words, faults) {
	p := &speaker{file: file, data: data, scope: s}
	w := &Words{File: file, Beats: map[string]*BeatWords{}}
	if len(data) > maxWords {
		p.add(Place{file, 1, 1}, "lesson.long", "Have", len(data), "Most", maxWords)
		return w, p.faults
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		p.add(p.place(i), "lesson.plain")
		return w, p.faults
	}
	if at := longParagraph(data); at >= 0 {
		p.add(p.place(at), "lesson.paragraph", "Most", maxParagraph)
		return w, p.faults
	}
	doc := newParser().Parse(text.NewReader(data))
	var beat *BeatWords
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			beat = p.heading(w, h, beat)
			continue
		}
		if beat == nil {
			p.intro(w, n)
		} else {
			p.inBeat(beat, n)
		}
	}
	if w.Title == "" {
		p.add(Place{file, 1, 1}, "lesson.title")
	}
	return w, p.faults
}

// intro takes what stands above the first beat, which is at no moment of a run: it has no numbers.
func (p *speaker) intro(w *Words, n ast.Node) {
	blocks := p.block(n)
	for _, number := range numbersOf(blocks) {
		p.add(number.at, "lesson.intro")
	}
	w.Intro = append(w.Intro, blocks...)
}

// longParagraph returns where a stretch without an empty line begins that is too long, -1 for nowhere.
func longParagraph(data []byte) int {
	from, at := 0, 0
	for line := range bytes.Lines(data) {
		at += len(line)
		if len(bytes.TrimSpace(line)) == 0 {
			from = at
		} else if at-from > maxParagraph {
			return from
		}
	}
	return -1
}

func (p *speaker) heading(w *Words, h *ast.Heading, before *BeatWords) *BeatWords {
	at, said := p.at(h), p.raw(h)
	if h.Level == 1 {
		if w.Title != "" || said == "" {
			p.add(at, "lesson.title")
		}
		w.Title = said
		p.inHeading(at, said)
		return before
	}
	p.inHeading(at, said)
	m := heading.FindStringSubmatch(said)
	if m == nil || h.Level != 2 {
		p.add(at, "lesson.heading", "Have", said)
		return before
	}
	if w.Beats[m[1]] != nil {
		p.add(at, "lesson.twice", "Field", m[1])
	}
	b := &BeatWords{Place: at, Title: m[2], Answers: map[string]Reply{}}
	w.Beats[m[1]] = b
	w.order = append(w.order, m[1])
	return b
}

// inHeading refuses numbers and signs in headings, which are read as they are written.
func (p *speaker) inHeading(at Place, said string) {
	words := []Piece{{Text: said, at: at}}
	p.unread(words)
	p.byHand(words)
}

// inBeat takes what stands below a beat's heading: words, the question as a quotation, and
// answers as a list whose items begin with an id in code.
func (p *speaker) inBeat(b *BeatWords, n ast.Node) {
	switch x := n.(type) {
	case *ast.Blockquote:
		for kid := x.FirstChild(); kid != nil; kid = kid.NextSibling() {
			b.Ask = append(b.Ask, p.block(kid)...)
		}
	case *ast.List:
		if id, _ := p.answerID(x.FirstChild()); id == "" {
			b.Text = append(b.Text, p.block(n)...)
			return
		}
		for item := x.FirstChild(); item != nil; item = item.NextSibling() {
			p.answer(b, item)
		}
	default:
		b.Text = append(b.Text, p.block(n)...)
	}
}

// answerID returns the id that a list's item begins with, and its node.
func (p *speaker) answerID(item ast.Node) (string, ast.Node) {
	if item == nil || item.FirstChild() == nil || item.FirstChild().FirstChild() == nil {
		return "", nil
	}
	code, ok := item.FirstChild().FirstChild().(*ast.CodeSpan)
	if !ok {
		return "", nil
	}
	id := p.inside(code)
	if !shelfName.MatchString(id) {
		return "", nil
	}
	return id, code
}

func (p *speaker) answer(b *BeatWords, item ast.Node) {
	id, code := p.answerID(item)
	at := p.at(item)
	if id == "" {
		p.add(at, "lesson.answer")
		return
	}
	if _, twice := b.Answers[id]; twice {
		p.add(at, "lesson.twice", "Field", id)
	}
	r := Reply{Place: at}
	first := item.FirstChild()
	r.Text = trimmed(p.pieces(first, code))
	for n := first.NextSibling(); n != nil; n = n.NextSibling() {
		r.Says = append(r.Says, p.block(n)...)
	}
	b.Answers[id] = r
	b.order = append(b.order, id)
}

// trimmed takes the space at the beginning of an answer's text.
func trimmed(words []Piece) []Piece {
	if len(words) > 0 && words[0].Kind == "" {
		if words[0].Text = strings.TrimLeft(words[0].Text, " :："); words[0].Text == "" {
			return words[1:]
		}
	}
	return words
}

func (p *speaker) block(n ast.Node) []Block {
	switch x := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		return []Block{{Kind: "p", Words: p.pieces(n, nil)}}
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		var b strings.Builder
		for i := range n.Lines().Len() {
			line := n.Lines().At(i)
			b.Write(line.Value(p.data))
		}
		return []Block{{Kind: "pre", Words: []Piece{{Text: strings.TrimRight(b.String(), "\n")}}}}
	case *ast.List:
		list := Block{Kind: "ul"}
		if x.IsOrdered() {
			list.Kind = "ol"
		}
		for item := x.FirstChild(); item != nil; item = item.NextSibling() {
			li := Block{Kind: "li"}
			for kid := item.FirstChild(); kid != nil; kid = kid.NextSibling() {
				if _, inner := kid.(*ast.List); inner || len(li.Words) > 0 {
					p.add(p.at(kid), "lesson.markdown", "What", "list in a list")
					continue
				}
				li.Words = p.pieces(kid, nil)
			}
			list.Items = append(list.Items, li)
		}
		return []Block{list}
	}
	p.add(p.at(n), "lesson.markdown", "What", n.Kind().String())
	return nil
}

// pieces returns the words of a block, without those of one node.
func (p *speaker) pieces(of, without ast.Node) (words []Piece) {
	for n := of.FirstChild(); n != nil; n = n.NextSibling() {
		if n == without {
			continue
		}
		switch x := n.(type) {
		case *ast.Text:
			words = append(words, Piece{Text: string(x.Segment.Value(p.data)), at: p.place(x.Segment.Start)})
			if x.SoftLineBreak() {
				words = append(words, Piece{Text: "\n"})
			}
			if x.HardLineBreak() {
				words = append(words, Piece{Kind: "br"})
			}
		case *ast.String:
			words = append(words, Piece{Text: string(x.Value)})
		case *ast.CodeSpan:
			words = append(words, Piece{Kind: "code", Text: p.inside(x), at: p.at(x)})
		case *ast.Emphasis:
			kind := "em"
			if x.Level == 2 {
				kind = "strong"
			}
			words = append(words, Piece{Kind: kind, Words: p.pieces(x, nil)})
		case *ast.Link:
			words = append(words, p.link(x))
		case *braced:
			words = append(words, p.number(x))
		case *marked:
			words = append(words, Piece{Kind: "term", To: x.term, Text: x.words, at: p.place(x.at)})
			if x.words == "" {
				p.add(p.place(x.at), "lesson.term", "Have", x.term)
			}
		default:
			p.add(p.at(of), "lesson.markdown", "What", n.Kind().String())
		}
	}
	words = joined(words)
	p.unread(words)
	p.byHand(words)
	return words
}

// written is a number that stands by itself: O(n^2) and int8 are names.
var written = regexp.MustCompile(`(?:^|[^\pL\pN^_.,-])(\d+(?:[.,]\d+)*)(?:[^\pL\pN]|$)`)

// byHand refuses numbers that are written by hand: they would stay as they are when the run is another.
func (p *speaker) byHand(words []Piece) {
	for _, w := range words {
		if m := written.FindStringSubmatchIndex(w.Text); m != nil && w.Kind == "" {
			p.add(within(w.at, m[2]), "lesson.byhand", "Have", w.Text[m[2]:m[3]])
		}
	}
}

// unread refuses signs of numbers and terms that stand in what is read as it is: one is not closed,
// or in code. A person would read them in the place of the number.
func (p *speaker) unread(words []Piece) {
	for _, w := range words {
		if sign := signs.FindString(w.Text); sign != "" && (w.Kind == "" || w.Kind == "code") {
			p.add(w.at, "lesson.sign", "Have", sign)
		}
		if tag := tags.FindStringIndex(w.Text); tag != nil && w.Kind == "" {
			p.add(within(w.at, tag[0]), "lesson.markdown", "What", "HTML")
		}
	}
}

// joined puts neighbouring texts together, with a space for the end of a line; Chinese has none.
func joined(words []Piece) (list []Piece) {
	for _, w := range words {
		last := len(list) - 1
		if w.Kind != "" || last < 0 || list[last].Kind != "" {
			if w.Kind == "" && w.Text == "\n" {
				w.Text = " "
			}
			list = append(list, w)
			continue
		}
		text := list[last].Text
		switch {
		case w.Text == "\n" && !endsHan(text):
			text += " "
		case w.Text == "\n":
		default:
			text += w.Text
		}
		list[last].Text = text
	}
	return list
}

func endsHan(s string) bool {
	r := []rune(s)
	return len(r) > 0 && r[len(r)-1] >= 0x2e80
}

func (p *speaker) link(x *ast.Link) Piece {
	kind, to, ok := strings.Cut(string(x.Destination), ":")
	at := p.at(x)
	if !ok || !slices.Contains(linked, kind) {
		p.add(at, "lesson.link", "Have", string(x.Destination), "Known", linked)
		return Piece{Kind: "em", Words: p.pieces(x, nil)}
	}
	switch {
	case kind == "light" && !slices.Contains(Lights, to) && explain.Find(to) == nil,
		kind == "panel" && !slices.Contains(lens.Panels, to):
		p.add(at, "lesson.link", "Have", string(x.Destination), "Known", linked)
	}
	return Piece{Kind: kind, To: to, Words: p.pieces(x, nil), at: at}
}

// tags is HTML, which would be read as it is written.
var tags = regexp.MustCompile(`</?[A-Za-z][^<>]*>|<!--`)

var signs = regexp.MustCompile(`\{\{|\}\}|\[\[|\]\]`)

// formatted is a number's format before its expression: "bytes: kv.bytes".
var formatted = regexp.MustCompile(`^\s*([a-z]+):\s+`)

func (p *speaker) number(x *braced) Piece {
	source, at := x.source, x.at
	n := Piece{Kind: "n"}
	if m := formatted.FindStringSubmatch(source); m != nil {
		if n.format = m[1]; !slices.Contains(Units, n.format) {
			p.add(p.place(at), "lesson.choice", "Have", n.format, "Known", Units[1:])
		}
		source, at = source[len(m[0]):], at+len(m[0])
	}
	lead := len(source) - len(strings.TrimLeft(source, " "))
	n.at = p.place(at + lead)
	var err error
	n.expr, err = p.scope.compile(n.at, strings.TrimSpace(source), Sayable)
	p.because(n.at, err)
	return n
}

// inside returns a node's own text.
func (p *speaker) inside(n ast.Node) string {
	var b strings.Builder
	for kid := n.FirstChild(); kid != nil; kid = kid.NextSibling() {
		if t, ok := kid.(*ast.Text); ok {
			b.Write(t.Segment.Value(p.data))
		}
	}
	return b.String()
}

// raw returns a block's text as it is written.
func (p *speaker) raw(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(p.data))
	}
	return strings.TrimSpace(b.String())
}

// at returns the place of a node: its own first line, or that of what it is in or has in it.
func (p *speaker) at(n ast.Node) Place {
	for x := n; x != nil; x = x.FirstChild() {
		if x.Type() == ast.TypeBlock && x.Lines().Len() > 0 {
			return p.place(x.Lines().At(0).Start)
		}
		if t, ok := x.(*ast.Text); ok {
			return p.place(t.Segment.Start)
		}
	}
	for x := n.Parent(); x != nil; x = x.Parent() {
		if x.Type() == ast.TypeBlock && x.Lines() != nil && x.Lines().Len() > 0 {
			return p.place(x.Lines().At(0).Start)
		}
	}
	return Place{p.file, 1, 1}
}

// place returns the line and column of a byte of the file.
func (p *speaker) place(i int) Place { return placeIn(p.file, p.data, i) }

func placeIn(file string, data []byte, i int) Place {
	before := data[:min(i, len(data))]
	line := bytes.Count(before, []byte("\n"))
	start := bytes.LastIndexByte(before, '\n') + 1
	return Place{file, line + 1, len([]rune(string(before[start:]))) + 1}
}
