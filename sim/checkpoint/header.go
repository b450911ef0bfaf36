package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// headerParser reads the JSON header of a safetensors file. The header has a
// fixed shape, three levels deep, so this is a parser of exactly that shape:
// nothing nests deeper, nothing unknown passes, duplicates stay visible.
type headerParser struct {
	file string // its name, for messages
	text []byte // the JSON, without the 8 bytes before it
	at   int    // next byte of text
	base int    // bytes of the file before text

	few     [maxRank]int64 // the list of numbers that was read last
	escaped int            // bytes of strings with escapes so far
}

// limits of the strings of a header, bytes: what is refused is refused soon. Names
// of tensors have about 60; strings with escapes are decoded by encoding/json, slowly.
const (
	maxName    = 4 << 10
	maxText    = 4 << 20
	maxEscaped = 1 << 20
)

// Grammar, in the order of the methods below (white space between any two):
//
//	header   = "{" [ member *( "," member ) ] "}" *space
//	member   = "__metadata__" ":" metadata | name ":" entry
//	metadata = "{" [ string ":" string *( .. ) ] "}"
//	entry    = "{" dtype, shape and data_offsets once each, in any order "}"
//	ints     = "[" [ digits *( "," digits ) ] "]"

// fail returns the Problem for a header that is not what the format says.
func (p *headerParser) fail(format string, args ...any) error {
	return problem("checkpoint.header", p.file, "Offset", p.base+p.at).Because(fmt.Errorf(format, args...))
}

// parse reads the whole header. Trailing spaces are padding.
func (p *headerParser) parse() (meta map[string]string, entries []entry, err error) {
	// The format says that the header begins with '{': no space before it.
	if len(p.text) == 0 || p.text[0] != '{' {
		return nil, nil, p.fail("the header does not begin with {")
	}
	// One allocation for all entries, as many as there seem to be.
	entries = make([]entry, 0, min(bytes.Count(p.text, []byte(`"data_offsets"`)), maxEntries))
	seenMeta := false // at most one, even an empty one
	err = p.object(func(name string) error {
		if name == "__metadata__" {
			if seenMeta {
				return problem("checkpoint.duplicate", p.file, "Tensor", name)
			}
			seenMeta = true
			if p.null() {
				return nil
			}
			meta, err = p.metadata()
			return err
		}
		// Checked before the entry is parsed, so that a header of many small
		// entries costs no more than the limit.
		if len(entries) == maxEntries {
			return problem("checkpoint.entries", p.file, "Max", maxEntries)
		}
		e, err := p.entry(name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if p.space(); p.at != len(p.text) {
		return nil, nil, p.fail("text after the end of the header")
	}
	return meta, entries, nil
}

// metadata reads {"key": "text", ..}; nil when empty.
func (p *headerParser) metadata() (map[string]string, error) {
	var meta map[string]string
	err := p.object(func(key string) error {
		value, err := p.str(maxText)
		if err != nil {
			return err
		}
		if _, twice := meta[key]; twice {
			return p.fail("__metadata__ has %q twice", key)
		}
		if meta == nil {
			meta = map[string]string{}
		}
		meta[key] = value
		return nil
	})
	return meta, err
}

// entry reads {"dtype": .., "shape": [..], "data_offsets": [begin, end]}.
func (p *headerParser) entry(name string) (entry, error) {
	e := entry{tensor: Tensor{Name: name}}
	const dtype, shape, offsets = 1, 2, 4 // bits of seen
	seen := 0
	// once refuses a field that comes again: two readers could differ on it.
	once := func(bit int) error {
		if seen&bit != 0 {
			return p.fail("tensor %q has a field twice", name)
		}
		seen |= bit
		return nil
	}
	err := p.object(func(field string) (err error) {
		switch field {
		case "dtype":
			if err = once(dtype); err == nil {
				e.tensor.DType, err = p.str(maxName)
				e.tensor.DType = known(e.tensor.DType)
			}
			return err
		case "shape":
			if err = once(shape); err != nil {
				return err
			}
			dims, err := p.ints(maxRank)
			e.tensor.Shape = make([]int, len(dims))
			for i, d := range dims {
				if d > math.MaxInt { // where an int has 32 bits
					return p.fail("tensor %q has a dimension of %d", name, d)
				}
				e.tensor.Shape[i] = int(d)
			}
			return err
		case "data_offsets":
			if err = once(offsets); err != nil {
				return err
			}
			pair, err := p.ints(2)
			if err == nil && len(pair) != 2 {
				return p.fail("tensor %q has %d data offsets, want 2", name, len(pair))
			}
			if err == nil {
				e.begin, e.end = pair[0], pair[1]
			}
			return err
		}
		return p.fail("tensor %q has an unknown field %q", name, field)
	})
	if err == nil && seen != dtype|shape|offsets {
		err = p.fail("tensor %q lacks dtype, shape or data_offsets", name)
	}
	return e, err
}

// null reports whether null follows, consuming it: some writers have it for no metadata.
func (p *headerParser) null() bool {
	p.space()
	if !bytes.HasPrefix(p.text[p.at:], []byte("null")) {
		return false
	}
	p.at += len("null")
	return true
}

// space skips JSON's white space.
func (p *headerParser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// next skips white space and reports whether c follows, consuming it.
func (p *headerParser) next(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// object reads {"key": value, ..}; value is called where each value begins.
func (p *headerParser) object(value func(key string) error) error {
	if !p.next('{') {
		return p.fail("expected {")
	}
	for first := true; !p.next('}'); first = false {
		// After a comma comes a key, so a comma before } fails in str.
		if !first && !p.next(',') {
			return p.fail("expected , or }")
		}
		key, err := p.str(maxName)
		if err != nil {
			return err
		}
		if !p.next(':') {
			return p.fail("expected :")
		}
		if err := value(key); err != nil {
			return err
		}
	}
	return nil
}

// str reads a string. Most have no escape and are copied as they are.
func (p *headerParser) str(most int) (string, error) {
	if !p.next('"') {
		return "", p.fail("expected a string")
	}
	from, plain := p.at, true
	for ; p.at < len(p.text) && p.text[p.at] != '"'; p.at++ {
		if c := p.text[p.at]; c == '\\' {
			plain = false
			p.at++ // whatever is escaped, a quote too
		} else if c < ' ' {
			return "", p.fail("a control character in a string")
		}
	}
	if p.at >= len(p.text) {
		return "", p.fail("a string without end")
	}
	p.at++
	if n := p.at - from; n > most {
		return "", p.fail("a string of more than %d bytes", most)
	} else if !plain {
		if p.escaped += n; p.escaped > maxEscaped {
			return "", p.fail("more than %d bytes of strings with escapes", maxEscaped)
		}
	}
	// encoding/json would silently replace what is not UTF-8: two names could
	// become the same.
	if !utf8.Valid(p.text[from : p.at-1]) {
		return "", p.fail("a string that is not UTF-8")
	}
	if plain {
		return string(p.text[from : p.at-1]), nil
	}
	// Escapes are rare; \uD83D\uDE00 and the like are left to encoding/json.
	var s string
	if err := json.Unmarshal(p.text[from-1:p.at], &s); err != nil {
		return "", p.fail("%w", err)
	}
	return s, nil
}

// ints reads [n, ..]: at most limit whole numbers, none negative.
func (p *headerParser) ints(limit int) ([]int64, error) {
	if !p.next('[') {
		return nil, p.fail("expected [")
	}
	list := p.few[:0] // read before the next list is
	for first := true; !p.next(']'); first = false {
		if !first && !p.next(',') {
			return nil, p.fail("expected , or ]")
		}
		if len(list) == limit {
			return nil, p.fail("more than %d numbers", limit)
		}
		n, err := p.int()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

var errNumber = errors.New("expected a whole number below 2^63, not negative")

// int reads a whole number that is not negative, in plain digits.
func (p *headerParser) int() (int64, error) {
	p.space()
	from := p.at
	var n int64
	for ; p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9'; p.at++ {
		d := int64(p.text[p.at] - '0')
		if n > (math.MaxInt64-d)/10 { // 10n + d would pass 2^63
			return 0, p.fail("%w", errNumber)
		}
		n = 10*n + d
	}
	// No digit at all (a sign, a quote), or a leading zero, which JSON forbids.
	if p.at == from || p.at > from+1 && p.text[from] == '0' {
		return 0, p.fail("%w", errNumber)
	}
	return n, nil
}

// known returns the same text without memory of its own, for the usual dtypes.
func known(dtype string) string {
	for _, d := range [...]string{"F32", "F16", "BF16", "U8", "I64", "BOOL"} {
		if d == dtype {
			return d
		}
	}
	return dtype
}
