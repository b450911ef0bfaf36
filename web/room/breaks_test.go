package room

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"kvstep/sim/checkpoint"
	"kvstep/web/wire"

	"kvstep/sim"
	"kvstep/sim/recipe"
)

type breaksMeta struct {
	Points []string
	Hits   [][2]int
	Here   []struct{ Point string }
}

func here(t *testing.T, f *checkpoint.File) (points []string) {
	t.Helper()
	var b breaksMeta
	if f.Meta["breaks"] != "" {
		get(t, f, "breaks", &b)
	}
	for _, h := range b.Here {
		points = append(points, h.Point)
	}
	return points
}

// 3 layers and a head are 4 steps a pass; a token holds 3 layers x 2 K/V heads.
func TestWalksStopAtBreakpoints(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&break=layer:1"})
	v.until(-1)
	for _, want := range []int{1, 5, 9} { // each once, and on from there
		r.Do(v, wire.Command{Cmd: "forward", By: "end"})
		if f := v.until(want); !reflect.DeepEqual(here(t, f), []string{"layer:1"}) {
			t.Errorf("at %d the frame says %v", want, here(t, f))
		}
	}
	r.Do(v, wire.Command{Cmd: "forward", By: "token"})
	v.until(11) // the token comes before the breakpoint
	r.Do(v, wire.Command{Cmd: "forward", By: "token"})
	v.until(13)
	r.Do(v, wire.Command{Cmd: "seek", Step: -1})
	v.until(-1)
	r.Do(v, wire.Command{Cmd: "forward", By: "end"}) // recorded steps stop it too
	v.until(1)
	r.Do(v, wire.Command{Cmd: "seek", Step: 20}) // a seek is a place, not a walk
	v.until(20)
	r.Do(v, wire.Command{Cmd: "break"})
	v.until(20)
	r.Do(v, wire.Command{Cmd: "forward", By: "end"})
	v.until(23)
}

func TestAPlayersStepSaysThatItReachedABreakpoint(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link})
	v.until(-1)
	r.Do(v, wire.Command{Cmd: "break", Breaks: []string{"token", "layer:2"}})
	v.until(-1)
	for n, want := range [][]string{nil, nil, {"layer:2"}, {"token"}, nil} {
		r.Do(v, wire.Command{Cmd: "forward", By: "layer"})
		if got := here(t, v.until(n)); !reflect.DeepEqual(got, want) {
			t.Errorf("step %d: %v, want %v", n, got, want)
		}
	}
}

func TestBreakpointsAndMarksStayInTheLink(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=2&break=top,attend:1&mark=7,2,7"})
	f := v.until(2)
	var again string
	if get(t, f, "link", &again); !strings.Contains(again, "break=top%2Cattend%3A1") || !strings.Contains(again, "mark=2%2C7") {
		t.Fatalf("link %s", again)
	}
	other, w := start(t), newViewer(t)
	other.Do(w, wire.Command{Cmd: "open", Link: again})
	if g := w.until(2); g.Meta["breaks"] != f.Meta["breaks"] || g.Meta["marks"] != "[2,7]" {
		t.Errorf("breaks %s, marks %s", g.Meta["breaks"], g.Meta["marks"])
	}
	w.t = t
	other.Do(w, wire.Command{Cmd: "mark", Marks: []int{5}})
	if g := w.until(2); g.Meta["marks"] != "[5]" {
		t.Errorf("marks %s", g.Meta["marks"])
	}
	// Marks name steps of this run; breakpoints are the room's and stay.
	rec := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2}, MaxNew: 2})
	other.Do(w, wire.Command{Cmd: "run", Recipe: &rec})
	if g := w.until(-1); g.Meta["marks"] != "" || !strings.Contains(g.Meta["breaks"], "attend:1") {
		t.Errorf("another run: breaks %s, marks %s", g.Meta["breaks"], g.Meta["marks"])
	}
}

func TestBreakpointsThatCannotBeAreRefused(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=1&break=layer:3,token"})
	f := v.until(1) // the rest of the link holds
	v.problem("break.layer")
	var b breaksMeta
	if get(t, f, "breaks", &b); !reflect.DeepEqual(b.Points, []string{"token"}) {
		t.Errorf("points %v", b.Points)
	}
	r.Do(v, wire.Command{Cmd: "break", Breaks: []string{"attend:10"}}) // 5 + 6 - 1 tokens are fed
	v.problem("break.position")
	r.Do(v, wire.Command{Cmd: "mark", Marks: []int{24}})
	v.problem("mark.beyond")
}

// TestAForkAsksAgain: what was found after the fork belongs to the other run.
func TestAForkAsksAgain(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=23&break=top"})
	v.until(23)
	r.Do(v, wire.Command{Cmd: "seek", Step: 7})
	v.until(7)
	r.Do(v, wire.Command{Cmd: "fork", Token: 11})
	f := v.until(7)
	var b breaksMeta
	get(t, f, "breaks", &b)
	for _, h := range b.Hits {
		if h[0] > 7 {
			t.Errorf("a hit at %d, which is not recorded any more", h[0])
		}
	}
	r.Do(v, wire.Command{Cmd: "seek", Step: 23})
	f = v.until(23)
	var tokens json.RawMessage
	get(t, f, "tokens", &tokens)
	var again string
	get(t, f, "link", &again)
	other, w := start(t), newViewer(t)
	other.Do(w, wire.Command{Cmd: "open", Link: again})
	if g := w.until(23); g.Meta["breaks"] != f.Meta["breaks"] {
		t.Errorf("breaks %s after the fork, %s when run afresh", f.Meta["breaks"], g.Meta["breaks"])
	}
}

// TestALinkBringsBackWhatLiesAhead: back in the middle of a run, the frame of its link
// says what the frame said: what is recorded, found and ended after it.
func TestALinkBringsBackWhatLiesAhead(t *testing.T) {
	for _, stop := range []bool{false, true} {
		r, v := start(t), newViewer(t)
		r.Do(v, wire.Command{Cmd: "open", Link: link + "&break=top,attend:1&step=14"})
		v.until(14)
		if stop {
			r.Do(v, wire.Command{Cmd: "stop"})
		}
		r.Do(v, wire.Command{Cmd: "seek", Step: 5})
		f := v.until(5)
		for len(v.frames) > 0 {
			f = <-v.frames
		}
		var again string
		if get(t, f, "link", &again); !strings.Contains(again, "&to=14") || strings.Contains(again, "ended=stop") != stop {
			t.Fatalf("link %s", again)
		}
		other, w := start(t), newViewer(t)
		other.Do(w, wire.Command{Cmd: "open", Link: again})
		g := w.until(5)
		for _, key := range []string{"run", "breaks", "link", "step", "kv"} {
			if f.Meta[key] != g.Meta[key] {
				t.Errorf("%s is %s, of its link %s", key, f.Meta[key], g.Meta[key])
			}
		}
		if len(w.problems) > 0 {
			t.Errorf("problem %v", <-w.problems)
		}
	}
}

// TestLostBranchesAreTold: a link names one run of a tree, and says of how many.
func TestLostBranchesAreTold(t *testing.T) {
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link + "&step=7"})
	v.until(7)
	r.Do(v, wire.Command{Cmd: "fork", Token: 11})
	var again string
	get(t, v.until(7), "link", &again)
	other, w := start(t), newViewer(t)
	other.Do(w, wire.Command{Cmd: "open", Link: again})
	if p := <-w.problems; p.ID != "branch.lost" || p.Args["Have"] != 1 {
		t.Errorf("problem %v", p)
	}
	if get(t, w.until(7), "link", &again); strings.Contains(again, "others") {
		t.Errorf("link %s", again)
	}
}
