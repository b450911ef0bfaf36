package bundle

import "strings"

// squeeze leaves out of a script what a browser does not read: comments, and space and line
// ends where the language wants none. Statements must end as a formatter ends them, with a
// semicolon or a brace. It returns the first piece of module syntax too, which the script
// of a bundle cannot have.
func squeeze(source string) (script, module string) {
	q := squeezer{rest: source}
	for q.rest != "" {
		q.token()
	}
	return q.out.String(), q.module
}

// squeezer is where squeeze stands in a script.
type squeezer struct {
	rest   string
	out    strings.Builder
	last   byte   // of what was written, 0 at first
	word   string // that was written last, "" where a mark followed it
	gap    string // what may have to stand before what comes next
	module string // the first import or export and what follows it
	braces []bool // those that are open: whether one is that of a template's ${
}

// token takes what comes next: space, a comment, a text, a pattern, a word or a mark.
func (q *squeezer) token() {
	c := q.rest[0]
	switch {
	case c == ' ' || c == '\t' || c == '\r':
		if q.rest = q.rest[1:]; q.gap == "" {
			q.gap = " "
		}
	case c == '\n':
		q.rest, q.gap = q.rest[1:], "\n"
	case strings.HasPrefix(q.rest, "//"):
		q.rest = q.rest[untilEnd(q.rest, "\n", 0):]
	case strings.HasPrefix(q.rest, "/*"):
		q.rest = q.rest[untilEnd(q.rest, "*/", 2):]
	case c == '"' || c == '\'':
		q.write(quoted(q.rest, c), "")
	case c == '`':
		q.template()
	case c == '}' && len(q.braces) > 0 && q.braces[len(q.braces)-1]: // the rest of a template
		q.braces = q.braces[:len(q.braces)-1]
		q.template()
	case c == '/' && q.pattern():
		q.write(regex(q.rest), "")
	case wordy(c):
		n := 1
		for n < len(q.rest) && wordy(q.rest[n]) {
			n++
		}
		word := q.rest[:n]
		if q.module == "" && q.last != '.' && (word == "import" || word == "export") {
			q.module, _, _ = strings.Cut(q.rest, "\n")
		}
		q.write(n, word)
	default:
		if c == '{' {
			q.braces = append(q.braces, false)
		}
		if c == '}' && len(q.braces) > 0 {
			q.braces = q.braces[:len(q.braces)-1]
		}
		q.write(1, "")
	}
}

// write writes the next n bytes, after a gap where without one they would be read otherwise.
func (q *squeezer) write(n int, word string) {
	next := q.rest[0]
	if q.gap != "" && (wordy(q.last) && wordy(next) || q.last == next && strings.IndexByte("+-/", next) >= 0 || q.last == '<' && next == '!') {
		q.out.WriteString(q.gap)
	}
	q.out.WriteString(q.rest[:n])
	q.last, q.word, q.gap, q.rest = q.rest[n-1], word, "", q.rest[n:]
}

// template writes a template, or what follows one of its ${}, up to its end or the next.
func (q *squeezer) template() {
	for n := 1; n < len(q.rest); n++ {
		switch {
		case q.rest[n] == '\\':
			n++
		case q.rest[n] == '`':
			q.write(n+1, "")
			return
		case strings.HasPrefix(q.rest[n:], "${"):
			q.write(n+2, "")
			q.braces = append(q.braces, true)
			return
		}
	}
	q.write(len(q.rest), "")
}

// pattern reports whether a slash begins a pattern: it does where a value does, so not after one.
func (q *squeezer) pattern() bool {
	switch q.word {
	case "return", "typeof", "case", "of", "in", "else", "await", "yield", "void", "do":
		return true
	}
	return !wordy(q.last) && strings.IndexByte(")]}\"'`", q.last) < 0
}

// untilEnd returns the length of a comment; one that a line ends leaves the line's end.
func untilEnd(s, mark string, with int) int {
	i := strings.Index(s[2:], mark)
	if i < 0 {
		return len(s)
	}
	return 2 + i + with
}

// quoted returns the length of a text that begins with its quote.
func quoted(s string, quote byte) int {
	for n := 1; n < len(s); n++ {
		switch s[n] {
		case '\\':
			n++
		case quote:
			return n + 1
		}
	}
	return len(s)
}

// regex returns the length of a pattern without its flags.
func regex(s string) int {
	class := false
	for n := 1; n < len(s); n++ {
		switch c := s[n]; {
		case c == '\\':
			n++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			return n + 1
		}
	}
	return len(s)
}

// wordy reports whether a byte is of a name or a number; all that are not ASCII are.
func wordy(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c == '#' || c >= 0x80
}
