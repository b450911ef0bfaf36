package pattern

import (
	"strings"
	"sync"
	"unicode"
)

// category returns a general category in Unicode 16: one letter, or two.
func category(name string) set {
	if name == "Cs" {
		return nil // no text has one
	}
	if len(name) == 2 && name != "LC" {
		s := table(unicode.Categories[name])
		if name == "Mn" {
			s = s.and(one(0x1171E).not())
		}
		return union(s, newer[name])
	}
	var parts []set
	for _, two := range categories[name] {
		parts = append(parts, category(two))
	}
	return union(parts...)
}

// categories are those of one letter, and what they are made of.
var categories = map[string][]string{
	"L": {"Lu", "Ll", "Lt", "Lm", "Lo"}, "LC": {"Lu", "Ll", "Lt"}, "M": {"Mn", "Mc", "Me"}, "N": {"Nd", "Nl", "No"},
	"P": {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"}, "S": {"Sm", "Sc", "Sk", "So"}, "Z": {"Zs", "Zl", "Zp"},
}

// known are the properties that \p{..} takes, by name in small newLetters without - _ and
// space; what Oniguruma calls them is compared character by character with the reference.
var known = sync.OnceValue(func() map[string]set {
	m := map[string]set{}
	assigned := set{}
	for _, name := range strings.Fields("L LC M N P S Z Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co") {
		m[strings.ToLower(name)] = category(name)
		assigned = union(assigned, m[strings.ToLower(name)])
	}
	surrogates := set{{0xD800, 0xDFFF}}
	m["cn"] = union(assigned, surrogates).not()
	m["c"] = union(m["cc"], m["cf"], m["co"], m["cn"])
	for long, short := range map[string]string{
		"letter": "l", "uppercaseletter": "lu", "lowercaseletter": "ll", "titlecaseletter": "lt", "modifierletter": "lm", "otherletter": "lo",
		"mark": "m", "nonspacingmark": "mn", "number": "n", "decimalnumber": "nd", "letternumber": "nl", "othernumber": "no",
		"punctuation": "p", "symbol": "s", "separator": "z", "other": "c", "control": "cc", "format": "cf", "unassigned": "cn",
		"privateuse": "co", "digit": "nd", "punct": "p", "cntrl": "cc",
	} {
		m[long] = m[short]
	}
	alphabetic := union(m["l"], m["nl"], table(unicode.Other_Alphabetic), newerAlphabetic)
	m["alpha"], m["alphabetic"] = alphabetic, alphabetic
	m["alnum"] = union(alphabetic, m["nd"])
	m["lower"] = union(m["ll"], table(unicode.Other_Lowercase))
	m["upper"] = union(m["lu"], table(unicode.Other_Uppercase))
	m["lowercase"], m["uppercase"] = m["lower"], m["upper"]
	m["space"] = table(unicode.White_Space)
	m["whitespace"] = m["space"]
	m["blank"] = union(m["zs"], one('\t'))
	m["xdigit"] = set{{'0', '9'}, {'A', 'F'}, {'a', 'f'}}
	m["ascii"] = set{{0, 0x7F}}
	m["any"] = all
	m["word"] = union(alphabetic, m["m"], m["nd"], m["pc"])
	for script := range strings.FieldsSeq("Han Latin Greek Cyrillic Hiragana Katakana Hangul Arabic Hebrew Thai Devanagari") {
		m[strings.ToLower(script)] = union(table(unicode.Scripts[script]), newerIn[script])
	}
	return m
})

// wordAlone is \w where it stands outside a set, and what \b sees: Oniguruma's table of
// Latin-1 counts ² ³ ¹ ¼ ½ ¾ as of a word there, and only there.
var wordAlone = sync.OnceValue(func() set {
	return union(known()["word"], set{{0xB2, 0xB3}, {0xB9, 0xB9}, {0xBC, 0xBE}})
})

// property returns what \p{name} means.
func property(name string) (set, bool) {
	s, ok := known()[strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))]
	return s, ok
}

// bracket returns what [:name:] means, by Oniguruma's table and not by \p's in two cases.
func bracket(name string) (set, bool) {
	m := known()
	switch name {
	case "punct":
		return union(m["p"], m["s"]), true
	case "graph":
		return union(m["cn"], m["cc"], m["z"], set{{0xD800, 0xDFFF}}).not(), true
	case "print":
		return union(m["cn"], m["cc"], m["zl"], m["zp"], set{{0xD800, 0xDFFF}}).not(), true
	case "alpha", "alnum", "ascii", "blank", "cntrl", "digit", "lower", "space", "upper", "xdigit", "word":
		return m[name], true
	}
	return nil, false
}

// newLetters and newNumbers are those that Unicode 15 does not know.
var newLetters, newNumbers = sync.OnceValue(func() set { return union(newer["Lu"], newer["Ll"], newer["Lm"], newer["Lo"]) }), sync.OnceValue(func() set { return newer["Nd"] })

// IsLetter is \p{L}.
func IsLetter(r rune) bool { return unicode.IsLetter(r) || r >= firstNew && newLetters().has(r) }

// IsNumber is \p{N}.
func IsNumber(r rune) bool { return unicode.IsNumber(r) || r >= firstNew && newNumbers().has(r) }

// firstNew is the first character of newer.
const firstNew = 0x897

// IsWord is \w as the engine of Rust has it, which looks for words around added tokens:
// with the two joiners.
func IsWord(r rune) bool {
	return r == 0x200C || r == 0x200D || known()["word"].has(r)
}
