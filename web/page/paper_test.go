package page

import (
	"fmt"
	"strings"
	"testing"

	taught "kvstep/sim/lesson"
	"kvstep/web/text"
)

// TestEveryKindHasRoomOnPaper: each kind of question has a form on paper, and a line that says how to answer.
func TestEveryKindHasRoomOnPaper(t *testing.T) {
	for _, k := range taught.Kinds {
		b := PaperBeat{PlayInfo: &taught.PlayInfo{Ask: &taught.AskInfo{Kind: k.Name, Points: 3, Cells: &taught.CellsInfo{By: "cell", Rows: 2, Cols: 2}}}}
		var out strings.Builder
		if form := paperForms[k.Name]; form == nil {
			t.Errorf("questions that ask for %s have no room on paper", k.Name)
		} else if err := form(PaperData{}, b).Render(t.Context(), &out); err != nil || out.Len() == 0 {
			t.Errorf("%s: %q, %v", k.Name, out.String(), err)
		}
		if id := "paper.how." + b.how(); text.In("en").T(id, nil) == id {
			t.Errorf("there is no message %s", id)
		}
	}
	if len(paperForms) != len(taught.Kinds) {
		t.Errorf("%d kinds of questions, %d forms", len(taught.Kinds), len(paperForms))
	}
}

// TestPanelsOnPaper: each panel that a printed lesson has pictures of stands in it once.
func TestPanelsOnPaper(t *testing.T) {
	var out strings.Builder
	if err := Paper(PaperData{HomeData: HomeData{Lang: "en", Text: text.In("en"), Printed: true}, Kind: Deck}).Render(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, p := range Panels() {
		want := 0
		if p.Printed() {
			want = 1
		}
		if n := strings.Count(out.String(), fmt.Sprintf(" id=%q", p.ID)); n != want {
			t.Errorf("%d elements %s, want %d", n, p.ID, want)
		}
	}
}
