package token

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	translated, err := translate(pattern)
	if err != nil {
		t.Fatal(err)
	}
	split := splitBy(regexp.MustCompile(translated))
	for text, want := range map[string]string{
		"Tom was 12!":   "Tom| was| 1|2|!",
		"小猫在花园里":        "小猫|在花|园里",
		"a 猫":           "a| |猫",
		"  x":           "  |x",
		"a　b":           "a|　|b", // U+3000 is a space, though RE2's \s is ASCII
		"你\u00a0\u2003": "你|\u00a0\u2003",
		"e\u0301x":      "e|\u0301|x",
		"x\xff\xfey":    "x|\xff\xfe|y",
		"":              "",
	} {
		if got := strings.Join(split(text), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestSplitKeepsGaps: what no match covers is a word too, and nothing is lost.
func TestSplitKeepsGaps(t *testing.T) {
	digits := splitBy(regexp.MustCompile(`\d*`))
	if got := digits("ab12c3"); !slices.Equal(got, []string{"ab", "12", "c", "3"}) {
		t.Errorf("gaps: %q", got)
	}
	both := splitter(whole).then(digits).then(splitBy(regexp.MustCompile("b")))
	if got := both("ab12c3"); !slices.Equal(got, []string{"a", "b", "12", "c", "3"}) {
		t.Errorf("then: %q", got)
	}
}

func TestTranslate(t *testing.T) {
	for pattern, want := range map[string]string{
		`a\.b`:      `a\.b`,
		`\d+`:       `\p{Nd}+`,
		`[\d_]`:     `[\p{Nd}_]`,
		`\s`:        `[` + spaceClass + `]`,
		`[^\s]`:     `[^` + spaceClass + `]`,
		`\S`:        `[^` + spaceClass + `]`,
		`\[\s`:      `\[[` + spaceClass + `]`,
		`\p{Han}\\`: `\p{Han}\\`,
	} {
		got, err := translate(pattern)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", pattern, got, err, want)
		}
	}
	for _, pattern := range []string{`\w`, `\b`, `[\S]`, `[a[b]]`, `[a&&b]`, `\D`, `\X`} {
		if got, err := translate(pattern); err == nil {
			t.Errorf("%s: became %s, want an error", pattern, got)
		}
	}
}
