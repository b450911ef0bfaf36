package page

import (
	"strings"
	"testing"

	"kvstep/web/text"
)

// TestWaitsSaysWhatTheLinkWouldRun: once each, called as the form calls it; a link that
// says nothing has nothing below.
func TestWaitsSaysWhatTheLinkWouldRun(t *testing.T) {
	render := func(lang string, w WaitsData) string {
		var b strings.Builder
		if err := Waits(HomeData{Lang: lang, Text: text.In(lang)}, w).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(b.String(), "<main")
		return body
	}
	full := WaitsData{Action: Lab, Fields: []Field{{Key: "lang", Value: "zh", Shown: "zh"}, {Key: "k", Value: "7", Shown: "7"}, {Key: "prompt", Value: "Once", Shown: "Once"}, {Key: "step", Value: "3", Shown: "3"}}}
	for lang, want := range map[string][]string{"en": {">Top-k<", "<code>step</code>", "with what stands below"}, "zh": {">Top-k<", "<code>step</code>"}} {
		body := render(lang, full)
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s: no %q in %s", lang, s, body)
			}
		}
		if n := strings.Count(body, "<bdi>Once</bdi>"); n != 1 {
			t.Errorf("%s: the prompt is shown %d times", lang, n)
		}
		if !strings.Contains(body, `name="lang" value="zh"`) {
			t.Errorf("%s: the link loses its language", lang)
		}
	}
	if body := render("en", WaitsData{Action: Lab}); strings.Contains(body, "below") || strings.Contains(body, "<dl") {
		t.Errorf("nothing stands below: %s", body)
	}
	if body := render("en", WaitsData{Action: "/plots", Fields: full.Fields[1:3]}); !strings.Contains(body, "figures") || !strings.Contains(body, "<bdi>Once</bdi>") {
		t.Errorf("a link of figures: %s", body)
	}
}
