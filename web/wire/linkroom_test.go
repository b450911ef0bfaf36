package wire

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/breakpoint"
	"kvstep/sim/cost"
	"kvstep/sim/explain"
	"kvstep/sim/lens"
	"kvstep/sim/recipe"
)

// longestPlace is the most that a link can say beside its recipe.
func longestPlace(t *testing.T, r sim.Recipe) Link {
	t.Helper()
	const big = math.MaxInt32
	layer := big
	l := Link{Recipe: r, Step: big, Lang: strings.Repeat("文", maxLang/3)}
	l.View = lens.View{Layer: &layer, Head: big, Seq: big, Cell: &lens.Cell{Op: strings.Repeat("文", lens.MaxOp/3), Row: -big, Col: -big}, Unit: "mac", Pairs: "dense", Logits: "all", Show: lens.Panels}
	for _, op := range explain.Ops {
		if len(op.ID) > len(l.View.Op) && !op.Constant() {
			l.View.Op = op.ID
		}
	}
	for range lens.MaxTrail {
		l.View.Trail = append(l.View.Trail, explain.Ref{Step: -big, Op: l.View.Op, Head: -big, Row: -big, Col: -big, Lane: explain.Uncached})
	}
	for i := range MaxMarks {
		l.Marks = append(l.Marks, big-i)
	}
	for i := range breakpoint.Max {
		l.Breaks = append(l.Breaks, breakpoint.Point{Kind: breakpoint.Attend, N: big - i})
	}
	for _, m := range cost.Presets() {
		for _, h := range cost.HardwareNames() {
			if real := m + "@" + h; len(real) > len(l.View.Real) && has(lens.View{Real: real}) {
				l.View.Real = real
			}
		}
	}
	return l
}

func has(p lens.View) bool { field, _ := p.Check(); return field == "" }

// TestEveryPlaceHasRoom: a recipe that is accepted has a link that opens, wherever
// somebody stands, by socket, by address and as a file.
func TestEveryPlaceHasRoom(t *testing.T) {
	r := recipe.Complete(sim.Recipe{Model: "story", Tokens: []int{1}})
	bare := len(Link{Recipe: r, Step: -1}.Query())
	if place := len(longestPlace(t, r).Query()) - bare + len("&to=2147483647"); place > placeBytes {
		t.Errorf("a place takes up to %d bytes, %d are kept free", place, placeBytes)
	}
	most := MaxLinkBytes - placeBytes
	for name, unit := range map[string]string{"ASCII": "a", "Chinese": "猫", "marks": "&", "control": "\x01", "emoji": "🐱"} {
		for _, field := range []string{"prompt", "stop"} {
			fill := func(n int) sim.Recipe {
				x := r
				x.Tokens = nil
				x.Prompt = "a"
				if text := strings.Repeat(unit, n); field == "prompt" {
					x.Prompt = text
				} else {
					x.Stop = []string{text}
				}
				return x
			}
			// The longest that is accepted, and one more.
			low, high := 1, MaxLinkBytes
			for low < high {
				mid := (low + high + 1) / 2
				if CheckLink(fill(mid)) == nil {
					low = mid
				} else {
					high = mid - 1
				}
			}
			longest := fill(low)
			var p *sim.Problem
			if err := CheckLink(fill(low + 1)); !errors.As(err, &p) || p.ID != "link.room" || p.Args["Max"] != most || p.Args["Have"].(int) <= most {
				t.Errorf("%s %s: %v", name, field, err)
			}
			query := longestPlace(t, longest).Query()
			got, err := ParseLink(query)
			if err != nil || len(got.Query()) > MaxLinkBytes || len(got.Marks) != MaxMarks || !slices.Equal(got.Recipe.Stop, longest.Stop) || got.Recipe.Prompt != longest.Prompt {
				t.Errorf("%s %s of %d: its link does not open: %.200v", name, field, low, err)
			}
			message, _ := json.Marshal(Command{Cmd: "open", Link: query})
			if _, err := ParseCommand(message); err != nil || len(message) > MaxMessageBytes {
				t.Errorf("%s %s: the page cannot open it: %.200v", name, field, err)
			}
			if name == "Chinese" && low < 20_000 {
				t.Errorf("only %d Chinese characters", low)
			}
		}
	}
	forks := r
	for i := range 20_000 {
		forks.Forced = append(forks.Forced, sim.Forced{Pass: i, Token: 100_000})
	}
	if err := CheckLink(forks); err == nil {
		t.Error("forks count for nothing")
	}
	if _, err := ParseLink("?lang=" + strings.Repeat("x", maxLang+1)); err == nil {
		t.Error("a language of any length")
	}
	if _, err := ParseLink("?cell=" + strings.Repeat("x", lens.MaxOp+1) + ".0.0"); err == nil {
		t.Error("a cell of any name")
	}
}
