package lesson

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// braced is what stands between {{ and }}: an expression whose value is said there.
type braced struct {
	ast.BaseInline
	source string
	at     int // its place in the file, in bytes
}

var bracedKind = ast.NewNodeKind("Braced")

func (*braced) Kind() ast.NodeKind              { return bracedKind }
func (b *braced) Dump(source []byte, level int) { ast.DumpHelper(b, source, level, nil, nil) }

// marked is [[term|words]]: a term of the glossary.
type marked struct {
	ast.BaseInline
	term, words string
	at          int
}

var markedKind = ast.NewNodeKind("Marked")

func (*marked) Kind() ast.NodeKind              { return markedKind }
func (m *marked) Dump(source []byte, level int) { ast.DumpHelper(m, source, level, nil, nil) }

// between parses what stands in one line between two signs and their closing ones.
type between struct {
	open, shut string
	make       func(inside string, at int) ast.Node
}

func (p between) Trigger() []byte { return []byte{p.open[0]} }

func (p between) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, segment := block.PeekLine()
	if !bytes.HasPrefix(line, []byte(p.open)) {
		return nil
	}
	end := bytes.Index(line, []byte(p.shut))
	if end < 0 {
		return nil
	}
	block.Advance(end + len(p.shut))
	return p.make(string(line[len(p.open):end]), segment.Start+len(p.open))
}

// newParser reads CommonMark without HTML, and what lessons have beside it.
func newParser() parser.Parser {
	blocks := parser.DefaultBlockParsers()
	kept := blocks[:0]
	html := util.Prioritized(parser.NewHTMLBlockParser(), 900)
	for _, b := range blocks {
		if b.Priority != html.Priority {
			kept = append(kept, b)
		}
	}
	return parser.NewParser(
		parser.WithBlockParsers(kept...),
		parser.WithInlineParsers(
			util.Prioritized(between{"{{", "}}", func(inside string, at int) ast.Node {
				return &braced{source: inside, at: at}
			}}, 10),
			util.Prioritized(between{"[[", "]]", func(inside string, at int) ast.Node {
				term, words, _ := bytes.Cut([]byte(inside), []byte("|"))
				return &marked{term: string(term), words: string(words), at: at}
			}}, 20),
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
	)
}
