package pattern

import (
	"math/rand/v2"
	"testing"
)

// hostile are patterns in which dialects differ, one for each thing that they may hold.
var hostile = []string{`\Z`, `a\Z`, `\n\Z`, `\Ka`, `\N`, `\N+`, `\O`, `\O+`, `\X`, `\y`, `a\Y`, `(?x)a b # c`, `(?x: a b )`, `(?#com)a`, `a(?#)b`, `\Qa.b\E`, `\cA`, `\C-a`, `\M-a`, `\0`, `\00`, `\101`, `\7`, `\8`, `\x{110000}`, `\x{D800}`, `\x{61 62}`, `\x4`, `\x`, `\u{61}`, `\u61`, `\k<n>`, `(?<n>a)\k<n>`, `(?<n>a)`, `(?<n>a)(b)`, `(?P<n>a)`, `(?'n'a)`, `(?~a)`, `(?|a|b)`, `(?(1)a|b)`,
	`[[a]&&[ab]]`, `[^[a]]`, `[^[^a]]`, `[a[^b]]`, `[^a[^b]]`, `[^a&&b]`, `[^\s&&[^a]]`, `[a&&]`, `[&&a]`, `[a&&b&&a]`, `[a&b]`, `[a-\d]`, `[\d-a]`, `[a-c-e]`, `[a-]`, `[-a]`, `[--a]`, `[a\-c]`, `[z-a]`, `[\b]`, `[\B]`, `[\A]`, `[\R]`, `[\X]`, `[.]`, `[*+?]`, `[(]`, `[|]`, `[]a]`, `[^]a]`, `[]`, `[^]`, `]`, `}`, `{`, `a{`, `a{1`, `a{}`, `a{,}`, `a{,0}`, `a{0}`, `a{0,0}`, `a{2,1}`, `a{1,100000}`, `a{100001}`, `a{-1}`, `a{ 1}`, `a{1 }`, `{1}`, `a{,2}+`, `a{2}+`, `a{1,2}+`, `a{2}{3}`, `a{2}?`, `a{2}??`, `a{0,1}?`, `a**`, `a+*`, `a?+`, `a?*`, `a*?+`, `a++b`, `(?:a?)*`, `(?:a*)+`, `(?:)*`, `()`, `(a|)`, `(|a)`, `|`, `a|`, `|a`, `a||b`, `(?=)`, `(?!)`, `(?<=)`, `(?<!)`,
	`\e`, `\a`, `\f`, `\v`, `\h`, `\H`, `[\h]`, `[\v]`, `[\e]`, `\_`, `\-`, `\#`, `\ `, `\é`, `\中`, `\<`, `\>`, `\/`, `\"`, `\'`, `\` + "`",
	`(?a)\w`, `(?s).`, `(?m).`, `(?-m).`, `(?m:.)+`, `(?i)a`, `a(?i)s|k`, `(?i)a(?-i)s`, `(?i:a|s)k`, `(?im)a.`, `(?i-m:a)`, `(?u)a`, `(?d)a`, `(?W)\w`, `(?D)\d`, `(?S)\s`, `(?P)a`, `(?y{g})a`, `(?i)[a-c]`, `(?i)[^s]`, `(?i)\x73`, `(?i)ss`, `(?i)k`, `(?i)é`, `(?i)st`, `(?i)i`, `(?i)'s`, `(?i)[k]`, `(?i)\p{Lu}`, `(?i)[[:upper:]]`, `(?i)[\p{Lu}]`, `(?i)fi`, `(?i)f`,
	`\p{Script=Han}`, `\p{IsHan}`, `\pL`, `\pL+`, `\p{L&}`, `\p{LC}`, `\p{Lowercase_Letter}`, `\p{letter}`, `\p{ l }`, `\p{L_u}`, `\p{l-u}`, `\p{^Lu}`, `\P{^Lu}`, `\p{Any}`, `\p{ASCII}`, `\p{Emoji}`, `\p{Cn}`, `\p{Co}`, `\p{Cs}`, `\p{C}`, `\p{Zs}`, `\p{Nd}`, `\p{Hiragana}`, `\p{InCJK}`, `\p{Latin}`, `\p{Space}`, `\p{Blank}`, `\p{Cntrl}`, `\p{Digit}`, `\p{Graph}`, `\p{Print}`, `\p{XDigit}`, `\p{Alnum}`, `\p{Upper}`, `\p{Punct}`, `\p{XPosixPunct}`, `\p{PosixPunct}`, `[[:punct:]]`, `[[:Alpha:]]`, `[[:foo:]]`, `[:alpha:]`, `[[:alpha:]`, `[[:^alpha:]]`, `[[:blank:]]`, `[[:cntrl:]]`, `[[:graph:]]`, `[[:print:]]`, `[[:xdigit:]]`, `[[:ascii:]]`, `[[:space:]]`, `[[:digit:]]`, `\p{}`, `\p{`, `\p`, `\P`,
	`(?<=a|bc)x`, `(?<=ab|bc)x`, `(?<=^)a`, `(?<!\n)$`, `(?<=a*)b`, `(?<=a{2})b`, `(?<=\b)a`, `(?<=(?=a))a`, `(?<=(a))b`, `(?<!(a))b`, `(?<!a|b)s`, `(?<=\R)a`, `(?<=\r\n|\n)a`, `(?<=.)a`, `(?<=[中a])b`, `(?<=(?i:k))a`, `(?<=(?>a))b`, `(?<=(?:a|b))s`, `(?<=(?:a|bc))s`,
	`\Ga`, `\b`, `\B`, `\b\b`, `(?=a)*`, `(?=a)+b`, `(?:\b)*a`, `^*a`, `^+`, `$?`, `\A?a`, `(?:^|a)b`, `^|$`, `$^`, `$\n^`, `^$`, `(?m)^.*$`, `^.`, `.$`, `.*$`, `.*`, `.+`, `.`, `\R`, `\R+`, `\R{2}`, `(?>\r\n|\n)\n`, `\R\n`, `\s+(?!\S)`, `\s*[\r\n]+`, `a*?`, `a??`, `(?:a|ab)(?:c|b)`, `(?>a|ab)b`, `a*+a`, `[^\n]`, `[^\r\n]+`, `\x{0041}-\x{5A}`, `[\x{41}-\x{5A}]`, `[\x41-\x5a]`, `[\x{4e00}-\x{9fff}]+`, `[一-龥]+`, `[\u4e00-\u9fff]`, `[\101-\103]`, `\10`, `(a)(b)\2`, `(?:(a)|b)*`, `(?i)(?:a(?-i)b)s`, `a(?i)`, `(?i)`, `(?i)|a`, `a|(?i)s|k`, `(a(?i)b|s)k`, `\p{Katakana}|\p{Hangul}`, `\p{Greek}`, `\p{Cyrillic}+`, `\p{Arabic}`, `\p{Thai}`, `\p{Devanagari}`, `[\p{L}--a]`, `[a~~b]`, `[\p{L}&&\p{Lu}]`, `[^\p{L}\P{L}]`, `[\s\S]`, `[\d\D]+`, `\S\s`, `\W\w`, `[\w\W]`, `[^\w]`, `[^\W_]`, `\d+|\D`, "a\x00", "\x00", `\x00`, "[\x00-\x1f]", "\u2028", `a#b`, ` a`, `\ a`, "\t"}

// TestReferenceHostile: each is refused, or cuts as the reference does.
func TestReferenceHostile(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 7))
	var questions []question
	for _, p := range hostile {
		if _, err := Compile(p); err != nil {
			continue
		}
		q := question{Pattern: p, Texts: []string{"", "a", "ab", "aab b", "a\n", "\n", "a\nb", "a\r\nb\r\n", "\r\n\r\n", "abcx bx", "AbC", "aabb",
			"a b # c", "{1}", "a{1", "a-b", "[a]", "sS", "Kk", "\na\n", "x\n\n"}}
		for range 60 {
			q.Texts = append(q.Texts, randomText(r))
		}
		questions = append(questions, q)
	}
	same := 0
	for i, a := range reference(t, questions) {
		same += check(t, questions[i], a)
	}
	t.Logf("%d of %d patterns taken, %d texts the same", len(questions), len(hostile), same)
}
