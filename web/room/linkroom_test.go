package room

import (
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/recipe"
	"kvstep/web/wire"
)

// TestWhatIsAcceptedCanBeOpenedAgain: by run, by link, and by a fork that is one too many.
// A run that is refused leaves the one on screen.
func TestWhatIsAcceptedCanBeOpenedAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: long texts, and one goroutine")
	}
	r, v := start(t), newViewer(t)
	r.Do(v, wire.Command{Cmd: "open", Link: link})
	v.next()
	long := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2}, Stop: []string{strings.Repeat("猫", 30_000)}})
	r.Do(v, wire.Command{Cmd: "run", Recipe: &long})
	v.problem("link.room")
	v.next()

	// A recipe that leaves room for nothing but its place: it runs, and has no room for a fork.
	fits := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2}, MaxNew: 4})
	for n := 30_000; ; n -= 1 {
		fits.Stop = []string{strings.Repeat("猫", n)}
		if wire.CheckLink(fits) == nil {
			break
		}
	}
	for fits.Stop = append(fits.Stop, "a"); wire.CheckLink(fits) == nil; fits.Stop[1] += "a" {
	}
	if fits.Stop[1] = fits.Stop[1][1:]; fits.Stop[1] == "" {
		fits.Stop = fits.Stop[:1]
	}
	r.Do(v, wire.Command{Cmd: "run", Recipe: &fits})
	v.next()
	r.Do(v, wire.Command{Cmd: "forward", By: "token"})
	f := v.until(3)
	var frameLink string
	get(t, f, "link", &frameLink)
	if _, err := wire.ParseLink(frameLink); err != nil {
		t.Errorf("the link of its frame does not open: %.100v", err)
	}
	r.Do(v, wire.Command{Cmd: "fork", Token: 3})
	v.problem("link.room")
	v.next()
	r.Do(v, wire.Command{Cmd: "branch", Cache: "window:2:0"}) // which forces every token so far
	v.problem("link.room")
}
