package lesson

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
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
