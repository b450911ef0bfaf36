package wire

import "kvstep/sim"

const (
	// MaxLinkBytes is the longest link that is read. Browsers take longer ones; a Chinese
	// character is nine bytes of it.
	MaxLinkBytes = 256 << 10
	// placeBytes is kept free in it for what a link says beside its recipe: a step,
	// bookmarks, breakpoints, a trail, open panels, "to" of a file.
	placeBytes = 8 << 10
	// maxLang is the longest name of a language.
	maxLang = 64
)

// CheckLink refuses a recipe whose links could not be opened again, wherever somebody
// stands in the run: Problem "link.room". Whatever starts a run asks it first.
func CheckLink(r sim.Recipe) error {
	if have, most := len(Link{Recipe: r, Step: -1}.Query()), MaxLinkBytes-placeBytes; have > most {
		return sim.NewProblem("link.room", "Have", have, "Max", most)
	}
	return nil
}
