package pattern

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestRefused: what is not taken, and the part that is to blame.
func TestRefused(t *testing.T) {
	for pattern, part := range map[string]string{
		"": "", `(a)\1`: `\1`, `\k<a>`: `\k`, `\X`: `\X`, `\K`: `\K`, `\Ga`: `\G`, `(?~a)`: `(?~`, `(?(1)a|b)`: `(?(`, `(?x: a)`: `(?x`, `(*FAIL)`: `(*`,
		`(a*)*`: `(a*)*`, `(?:^)+`: `(?:^)+`, `^*`: `^*`, `(?=a)+`: `(?=a)+`, `a**`: `a**`, `a{2}+`: `a{2}+`, `a{2}?`: `a{2}?`, `a{3,2}`: `a{3,2`, `a{,}`: `a{,}`,
		`*a`: `*`, `{2}`: `{`, `(?i:ss)`: `ss`, `(?i:s+)`: `s+`, `(?i:é)`: `é`, `(?i:\p{L})`: `\p{L}`, `(?i:[é])`: `[é]`, `[]`: `[]`, `[a`: `[a`, `(a`: `(a`, `a)`: `)`,
		`[z-a]`: `[z-a`, `[a-\d]`: `[a-\d`, `[\d-z]`: `[\d`, `[[:no:]]`: `[[:`, `\p{Nope}`: `\p{Nope}`, `\pL`: `\p`, `\xff`: `\xff`, `\x{110000}`: `\x{110000}`, `\q`: `\q`, `\`: `\`,
		`(?<=a+)b`: `(?<=a+)`, `(?<=^a)`: `^`, `(?<!(a))`: `(`, `a(?i)b`: `(?i)`, `a{1001}`: `a{100`, `(?:(?:a{100}){100}){100}`: `{}`, "\xff": "\xff", `[a&&]`: `[a&&]`,
		strings.Repeat("(", 70) + strings.Repeat(")", 70): "(", strings.Repeat("[a", 70) + strings.Repeat("]", 70): "[", strings.Repeat("a", 5000): strings.Repeat("a", 40),
	} {
		_, err := Compile(pattern)
		refused, ok := errors.AsType[*Refused](err)
		if !ok || !strings.HasPrefix(refused.Part, part) && !strings.Contains(refused.Part, part) || refused.Why == "" {
			t.Errorf("%.50s: %v, want one that blames %s", pattern, err, part)
		}
	}
}

// TestFindAll: places of matches, empty ones too.
func TestFindAll(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          [][2]int
	}{
		{`x*`, "axb", [][2]int{{0, 0}, {1, 2}, {3, 3}}}, {`$`, "a\n", [][2]int{{1, 1}, {2, 2}}}, {`^`, "a\n\nb", [][2]int{{0, 0}, {2, 2}, {3, 3}}},
		{`^`, "a\n", [][2]int{{0, 0}}}, {`.`, "a\xffb", [][2]int{{0, 1}, {1, 2}, {2, 3}}}, {`b`, "", nil}, {`b?`, "", [][2]int{{0, 0}}},
	} {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.FindAll(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s on %q: %v, want %v", c.pattern, c.text, got, c.want)
		}
	}
}

// TestSteps: patterns that walk back exponentially elsewhere take steps in proportion to
// the text here, counted as forks that were asked for.
func TestSteps(t *testing.T) {
	for _, pattern := range []string{`(?:a|a)+b`, `(?:a+)+b`, `(?:a+a+)+b`, `(?:(?:a|b|ab)+)+c`, strings.Repeat("a?", 30) + `a{30}c`, `(?>(?:a+)+b|a)c`, `(?=(?:a+)+b)a`, `(?:(?>a+)+)+b`, `(?:a*?a*?a*?)b`} {
		p, err := Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		m := &machine{p: p, text: strings.Repeat("a", 2000)}
		if _, to := m.search(0); to >= 0 {
			t.Errorf("%s matched to %d", pattern, to)
		}
		// Each fork fails at each place once; a look or an atomic group may pass all of the
		// text from each place.
		const places = 2001
		if most := patience*places + places*(2*p.forks+1) + p.subs*places*places; m.steps > most {
			t.Errorf("%s took %d steps, want at most %d", pattern, m.steps, most)
		}
	}
}

// TestQuick: patterns that a careless compiler takes for ever on.
func TestQuick(t *testing.T) {
	nest := func(open, inside, shut string, deep int) string {
		return strings.Repeat(open, deep) + inside + strings.Repeat(shut, deep)
	}
	for _, pattern := range []string{
		"(?<=" + nest("(?:", "a|b", ")", 60) + ")", "(?<=" + nest("(?:a|", "b", ")", 60) + ")", nest("(?i:k|(?:", "a", "){1,2})", 30), "(?i:" + nest("(?:a|", "k", ")?", 60) + ")",
		nest("(?:", "a", "{1,2})", 12), nest("[^", `\p{L}`, "]", 60), strings.Repeat(`[\p{L}&&\p{N}]`, 200), nest("(?=", "a", ")", 60),
	} {
		if p, err := Compile(pattern); err == nil {
			p.FindAll("abkK")
		}
	}
}

// FuzzCompile: no pattern panics, and what matches lies in order within the text.
func FuzzCompile(f *testing.F) {
	for _, pattern := range constructs {
		f.Add(pattern, "ab's  12\n中文\r\n")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := Compile(pattern)
		if err != nil {
			if _, ok := errors.AsType[*Refused](err); !ok {
				t.Fatal(err)
			}
			return
		}
		if len(text) > 200 {
			text = text[:200]
		}
		at := 0
		for i, m := range p.FindAll(text) {
			if m[0] < at || m[1] < m[0] || m[1] > len(text) || i > 0 && m[1] == at {
				t.Fatalf("%s on %q: %v after %d", pattern, text, m, at)
			}
			at = m[1]
		}
	})
}
