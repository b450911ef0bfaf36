package token

import (
	"slices"
	"strings"
	"testing"
)

// splitOf is a Split by a pattern.
func splitOf(t *testing.T, behavior string, invert bool, regex string) splitter {
	t.Helper()
	split, err := (&hfPre{Type: "Split", Behavior: behavior, Invert: invert, Pattern: hfPattern{Regex: &regex}}).splitter(0)
	if err != nil {
		t.Fatal(err)
	}
	return split
}

func TestSplit(t *testing.T) {
	split := splitOf(t, "Isolated", false, splitPattern)
	for text, want := range map[string]string{
		"Tom was 12!":   "Tom| was| 1|2|!",
		"小猫在花园里":        "小猫|在花|园里",
		"a 猫":           "a| |猫",
		"  x":           "  |x",
		"a　b":           "a|　|b", // U+3000 is a space
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

// TestSplitKeepsGaps: what no match covers is a word too, nothing is lost, and an empty
// match cuts.
func TestSplitKeepsGaps(t *testing.T) {
	digits := splitOf(t, "Isolated", false, `\d+`)
	if got := digits("ab12c3"); !slices.Equal(got, []string{"ab", "12", "c", "3"}) {
		t.Errorf("gaps: %q", got)
	}
	both := splitter(whole).then(digits).then(splitOf(t, "Isolated", false, "b"))
	if got := both("ab12c3"); !slices.Equal(got, []string{"a", "b", "12", "c", "3"}) {
		t.Errorf("then: %q", got)
	}
	if got := splitOf(t, "Isolated", false, `\d*`)("ab12c3"); !slices.Equal(got, []string{"a", "b", "12", "c", "3"}) {
		t.Errorf("empty matches: %q", got)
	}
}

// TestSplitBehaviors: the words that the reference makes of one text.
func TestSplitBehaviors(t *testing.T) {
	for _, c := range []struct {
		behavior string
		invert   bool
		want     string
	}{
		{"Isolated", false, "the|-|final|-|-|countdown"}, {"Removed", false, "the|final|countdown"},
		{"MergedWithPrevious", false, "the-|final-|-|countdown"}, {"MergedWithNext", false, "the|-final|-|-countdown"},
		{"Contiguous", false, "the|-|final|--|countdown"}, {"Removed", true, "-|-|-"}, {"MergedWithNext", true, "the-|final-|-|countdown"},
	} {
		if got := strings.Join(splitOf(t, c.behavior, c.invert, "-")("the-final--countdown"), "|"); got != c.want {
			t.Errorf("%s, inverted %v: %q, want %q", c.behavior, c.invert, got, c.want)
		}
	}
}
