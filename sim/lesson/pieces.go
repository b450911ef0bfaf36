package lesson

import (
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"kvstep/sim/explain"
	"kvstep/sim/lens"
)

// linked are the addresses that words may have: nothing that leaves the page.
var linked = []string{"light", "lab", "panel", "lesson"}

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
