package text

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// verbs are what may follow a name, or a number that counts nothing.
var verbs = strings.Fields("is was has does goes falls rules makes evens joins splits leaves yields says serves proposes waits " +
	"forbids sends ends tells takes needs lacks lists announces holds places names lies describes keeps this as attends begins follows stands comes sees meets asks gives fits gets chooses")

// TestOneIsSingular: where every number is 1, no English message says "1 rows".
func TestOneIsSingular(t *testing.T) {
	several := regexp.MustCompile(`(?:^|[^\w.,])1 (?:(?:new|more|old|other|prompt|likeliest) )?([a-z]+[a-rt-z]s)\b`)
	for id, message := range messages(t, "en") {
		args := map[string]any{}
		for _, m := range placeholder.FindAllStringSubmatch(message, -1) {
			args[m[1]] = 1
		}
		for _, m := range several.FindAllStringSubmatch(In("en").T(id, args), -1) {
			if !slices.Contains(verbs, m[1]) {
				t.Errorf("%s says %q", id, strings.TrimSpace(m[0]))
			}
		}
	}
}

// TestBothCountTheSame: the page and the command know the same nouns.
func TestBothCountTheSame(t *testing.T) {
	js, err := os.ReadFile("../../static/js/text.js")
	if err != nil {
		t.Fatal(err)
	}
	joined := regexp.MustCompile(`"\s*\+\s*"`).ReplaceAllString(string(js), "")
	if !strings.Contains(joined, `"`+nouns+`"`) {
		t.Error("static/js/text.js has other nouns than counted.go")
	}
	if said := In("en").T("stage.does.new", map[string]any{"Rows": 1}); said != "1 row, all new." {
		t.Errorf("%q", said)
	}
}
