// Package pattern matches the patterns of tokenizers as Oniguruma does, which Hugging
// Face's tokenizers use: Ruby's dialect, in Unicode 16. What it takes means the same
// there, to the last match; everything else is refused with the part that is to blame
// (Refused). Taken are: alternatives, groups, sets with ranges, nesting and &&, the
// classes \s \d \w \h \R, POSIX brackets, \p{..} of general categories and of some
// scripts, quantifiers (greedy, lazy, possessive), atomic groups, looking ahead, looking
// behind by a fixed number of characters, the anchors ^ $ \A \z \Z \b \B, and (?i) and
// (?m) for groups, (?i) for ASCII. Not taken: back references, calls, conditions, \X, \K,
// \G, absent operators, case folding that makes one character of two, quantifiers of what
// may be empty, and other ways of writing what the dialect leaves to its parser.
//
// Matching walks back as Oniguruma does, but remembers where it failed, so that no
// pattern takes exponential time.
package pattern

import "fmt"

// Refused is a pattern that is not taken.
type Refused struct {
	Part string // of the pattern, as it is written
	Why  string
}

// Error words it in English, for the log.
func (r *Refused) Error() string { return fmt.Sprintf("%q: %s", r.Part, r.Why) }

// Pattern is a compiled pattern. It is safe for concurrent use.
type Pattern struct {
	prog  []inst
	subs  int // programs inside others: looks and atomic groups
	forks int // instructions that try one way and then another
}

// limits of a pattern.
const (
	maxSize  = 4096    // bytes
	maxProg  = 1 << 12 // instructions, with counted repeats written out
	maxDepth = 64      // groups in groups
)

// Compile reads a pattern. Errors are *Refused.
func Compile(text string) (p *Pattern, err error) {
	if text == "" || len(text) > maxSize {
		return nil, &Refused{text[:min(len(text), 40)], fmt.Sprintf("a pattern of %d bytes", len(text))}
	}
	defer func() { // parser and compiler stop where they stand
		if r, ok := recover().(*Refused); ok {
			p, err = nil, r
		}
	}()
	return compileNode(parse(text)), nil
}
