package token

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"kvstep/sim/pattern"
)

// The patterns of well-known tokenizers, by hand, which is quicker; sim/pattern has the
// same answers. A pattern is known by its text: tokenizer.json writes it out.
const (
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

var byHand = map[string]splitter{
	gpt2Pattern:   wordSplitter(gpt2Word),
	llama3Pattern: wordSplitter(func(text string) int { return laterWord(text, 3) }),
	qwen2Pattern:  wordSplitter(func(text string) int { return laterWord(text, 1) }),
}

// wordSplitter makes a splitter that cuts off one word after the other; first is the length of the first word
// of a text, at least 1.
func wordSplitter(first func(text string) int) splitter {
	return func(text string) []string {
		var list []string
		for text != "" {
			n := first(text)
			list = append(list, text[:n])
			text = text[n:]
		}
		return list
	}
}

// class is what the patterns ask of a character; bytes that are no character are
// other.
type class int

const (
	letter class = iota // \p{L}
	number              // \p{N}
	space               // \s: Unicode's White_Space
	other
)

// classOf returns the class of the first character of text, and its length; 0 at the end.
func classOf(text string) (class, int) {
	r, n := utf8.DecodeRuneInString(text)
	switch {
	case n == 0:
		return other, 0
	case r == utf8.RuneError && n == 1:
		return other, 1
	case pattern.IsLetter(r):
		return letter, n
	case pattern.IsNumber(r):
		return number, n
	case unicode.IsSpace(r):
		return space, n
	}
	return other, n
}

// run returns how many bytes of text, at most most characters, have that class.
func run(text string, want class, most int) int {
	at := 0
	for range most {
		c, n := classOf(text[at:])
		if n == 0 || c != want {
			break
		}
		at += n
	}
	return at
}

const unbounded = 1 << 30 // as many as there are

// gpt2Word returns the first word by gpt2Pattern: an English ending ('s, 'll); letters,
// numbers or others with at most one space before them; or space, but for its last
// one if a word follows.
func gpt2Word(text string) int {
	if n := ending(text, false); n > 0 {
		return n
	}
	from := 0
	if text[0] == ' ' {
		from = 1
	}
	if c, n := classOf(text[from:]); n > 0 && c != space {
		return from + run(text[from:], c, unbounded)
	}
	return spaces(text)
}

// laterWord returns the first word by the patterns of Llama 3 and Qwen2: any one
// character but a line break joins the letters after it; numbers stand alone, at most
// digits of them together; line breaks end what stands before them.
func laterWord(text string, digits int) int {
	if n := ending(text, true); n > 0 {
		return n
	}
	c, n := classOf(text)
	if c == letter {
		return run(text, letter, unbounded)
	}
	if c != number && text[0] != '\r' && text[0] != '\n' {
		if letters := run(text[n:], letter, unbounded); letters > 0 {
			return n + letters
		}
	}
	if c == number {
		return run(text, number, digits)
	}
	from := 0
	if text[0] == ' ' {
		from = 1
	}
	if others := run(text[from:], other, unbounded); others > 0 {
		at := from + others
		for at < len(text) && (text[at] == '\r' || text[at] == '\n') {
			at++
		}
		return at
	}
	all := text[:run(text, space, unbounded)]
	if last := strings.LastIndexAny(all, "\r\n"); last >= 0 {
		return last + 1
	}
	return spaces(text)
}

// spaces returns \s+(?!\S)|\s+ : all space at the end of the text; before a word all but
// the last one, or that one alone.
func spaces(text string) int {
	n := run(text, space, unbounded)
	_, last := utf8.DecodeLastRuneInString(text[:n])
	if n == len(text) || n == last {
		return n
	}
	return n - last
}

// ending returns the length of 's, 't, 're, 've, 'm, 'll or 'd at the beginning of text;
// fold allows capitals, and with them the long s, which is an s to those who fold.
func ending(text string, fold bool) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	rest := text[1:]
	if fold && strings.HasPrefix(rest, "ſ") {
		return 1 + len("ſ")
	}
	for _, e := range []string{"s", "t", "re", "ve", "m", "ll", "d"} {
		if len(rest) >= len(e) && (rest[:len(e)] == e || fold && asciiEqualFold(rest[:len(e)], e)) {
			return 1 + len(e)
		}
	}
	return 0
}

// asciiEqualFold compares but for the case of ASCII letters; lower is in lower case.
func asciiEqualFold(s, lower string) bool {
	for i := range len(s) {
		if s[i]|0x20 != lower[i] || s[i] < 'A' {
			return false
		}
	}
	return true
}

// digits cuts numbers off, each alone or together (Hugging Face's Digits).
func digits(alone bool) splitter {
	most := unbounded
	if alone {
		most = 1
	}
	return wordSplitter(func(text string) int {
		if n := run(text, number, most); n > 0 {
			return n
		}
		at := 0
		for at < len(text) {
			c, n := classOf(text[at:])
			if c == number {
				break
			}
			at += n
		}
		return at
	})
}
