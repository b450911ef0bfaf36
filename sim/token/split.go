package token

import (
	"fmt"
	"regexp"
	"strings"
)

// A splitter cuts text into words; merges never cross a cut. The words put
// together give the text. (Patterns that look ahead, which RE2 cannot, are other
// splitters: pretokens.go.)
type splitter func(text string) []string

// whole leaves the text in one word.
func whole(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// splitBy cuts at both ends of every match; what lies between two matches is a
// word too. This is Hugging Face's Split with behavior "Isolated".
func splitBy(re *regexp.Regexp) splitter {
	return func(text string) []string {
		var words []string
		at := 0
		for _, m := range re.FindAllStringIndex(text, -1) {
			if m[0] == m[1] { // an empty match cuts nothing
				continue
			}
			if at < m[0] {
				words = append(words, text[at:m[0]])
			}
			words = append(words, text[m[0]:m[1]])
			at = m[1]
		}
		if at < len(text) {
			words = append(words, text[at:])
		}
		return words
	}
}

// then cuts each word of the first again by the second.
func (first splitter) then(second splitter) splitter {
	return func(text string) []string {
		var words []string
		for _, word := range first(text) {
			words = append(words, second(word)...)
		}
		return words
	}
}

// spaceClass is what \s means to Oniguruma, which Hugging Face uses: Unicode's
// White_Space. RE2's \s is ASCII only and lacks, for one, the Chinese space
// U+3000. This is the inside of a character class.
const spaceClass = `\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}`

// translate rewrites an Oniguruma pattern for Go's regexp: \s, \S and \d get
// their Unicode meaning. It refuses what it cannot translate; what RE2 does
// not know at all (looking ahead) is refused when the result is compiled.
func translate(pattern string) (string, error) {
	var b strings.Builder
	inClass := false // between [ and ]
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '[' && inClass:
			return "", fmt.Errorf("a character class inside another at byte %d", i)
		case c == '[':
			inClass = true
			b.WriteByte(c)
			if i+1 < len(pattern) && pattern[i+1] == '^' {
				i++
				b.WriteByte('^')
			}
			continue
		case c == ']':
			inClass = false
		case c == '&' && inClass && strings.HasPrefix(pattern[i:], "&&"):
			return "", fmt.Errorf("an intersection of classes at byte %d", i)
		}
		if c != '\\' || i+1 == len(pattern) {
			b.WriteByte(c)
			continue
		}
		i++
		switch c = pattern[i]; {
		case c == 's' && inClass:
			b.WriteString(spaceClass)
		case c == 's':
			b.WriteString("[" + spaceClass + "]")
		case c == 'S' && !inClass:
			b.WriteString("[^" + spaceClass + "]")
		case c == 'd':
			b.WriteString(`\p{Nd}`)
		// Word classes and boundaries differ too; \h, \R, \X and the like are
		// not RE2's, or mean something else there.
		case strings.IndexByte("SDwWbBhHRXGkgzZA", c) >= 0:
			return "", fmt.Errorf("\\%c at byte %d", c, i-1)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}
