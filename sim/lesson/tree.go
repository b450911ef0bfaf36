package lesson

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// node is a value of a YAML file with its place: a text, a list or a mapping. Numbers and
// booleans are texts here; whoever wants one says so.
type node struct {
	Place
	kind nodeKind
	text string
	list []*node
	keys []*node // texts, in order, with the values in list
}

type nodeKind int

const (
	textNode nodeKind = iota
	listNode
	mapNode
)

const (
	maxStructure = 64 << 10 // bytes of a lesson.yaml
	maxDepth     = 12       // of lists and mappings inside each other
)

// parseTree reads YAML. Anchors, aliases, tags and several documents are refused: a lesson
// needs none, and they make small files large.
func parseTree(file string, data []byte) (*node, error) {
	if len(data) > maxStructure {
		return nil, faultAt(Place{file, 1, 1}, "lesson.long", "Have", len(data), "Most", maxStructure)
	}
	if at, deep := tooDeep(file, data); deep {
		return nil, faultAt(at, "lesson.deep", "Most", maxDepth)
	}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, syntaxFault(file, err)
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		return nil, faultAt(Place{file, 1, 1}, "lesson.empty")
	}
	return convert(file, f.Docs[0].Body, 0)
}

// tooDeep looks for brackets inside each other before the parser meets them, which calls itself for each.
func tooDeep(file string, data []byte) (at Place, deep bool) {
	depth, line, col := 0, 1, 0
	for _, b := range data {
		col++
		switch b {
		case '\n':
			line, col = line+1, 0
		case '[', '{':
			if depth++; depth > 8*maxDepth { // some stand in texts and are never closed
				return Place{file, line, col}, true
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return at, false
}

// syntaxFault tells what the parser says, at its place.
func syntaxFault(file string, err error) error {
	at := Place{file, 1, 1}
	var e yaml.Error
	if errors.As(err, &e) {
		if t := e.GetToken(); t != nil {
			at = placeOf(file, t)
		}
		return faultAt(at, "lesson.yaml", "Why", e.GetMessage())
	}
	return faultAt(at, "lesson.yaml", "Why", strings.SplitN(err.Error(), "\n", 2)[0])
}

func placeOf(file string, t *token.Token) Place {
	if t == nil || t.Position == nil {
		return Place{file, 1, 1}
	}
	return Place{file, max(t.Position.Line, 1), max(t.Position.Column, 1)}
}

func convert(file string, from ast.Node, depth int) (*node, error) {
	at := placeOf(file, from.GetToken())
	if depth > maxDepth {
		return nil, faultAt(at, "lesson.deep", "Most", maxDepth)
	}
	switch x := from.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return nil, faultAt(at, "lesson.plain")
	case *ast.MappingNode:
		return convertMap(file, at, x.Values, depth)
	case *ast.MappingValueNode:
		return convertMap(file, at, []*ast.MappingValueNode{x}, depth)
	case *ast.SequenceNode:
		n := &node{Place: at, kind: listNode}
		for _, v := range x.Values {
			kid, err := convert(file, v, depth+1)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, kid)
		}
		return n, nil
	case *ast.LiteralNode:
		return &node{Place: at, text: strings.TrimRight(x.Value.Value, "\n")}, nil
	case *ast.NullNode:
		return &node{Place: at}, nil
	case *ast.StringNode:
		return &node{Place: at, text: x.Value}, nil
	case ast.ScalarNode: // a number or a boolean, as it is written
		return &node{Place: at, text: x.GetToken().Value}, nil
	}
	return nil, faultAt(at, "lesson.plain")
}

func convertMap(file string, at Place, values []*ast.MappingValueNode, depth int) (*node, error) {
	n := &node{Place: at, kind: mapNode}
	if len(values) > 0 { // the token of a mapping is its first colon
		n.Place = placeOf(file, values[0].Key.GetToken())
	}
	for _, v := range values {
		key, err := convert(file, v.Key, depth+1)
		if err != nil {
			return nil, err
		}
		if key.kind != textNode {
			return nil, faultAt(key.Place, "lesson.plain")
		}
		if n.get(key.text) != nil {
			return nil, faultAt(key.Place, "lesson.twice", "Field", key.text)
		}
		kid, err := convert(file, v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		n.keys, n.list = append(n.keys, key), append(n.list, kid)
	}
	return n, nil
}

// get returns the value of a key, nil where there is none.
func (n *node) get(key string) *node {
	if n == nil || n.kind != mapNode {
		return nil
	}
	for i, k := range n.keys {
		if k.text == key {
			return n.list[i]
		}
	}
	return nil
}
