package take

import (
	"encoding/json"
	"slices"
	"strings"

	"kvstep/web/text"
)

// elsewhere are the families of messages that no handout has a place for: those
// of the command and its reasons, of figures, and of what only a server can do, and
// their problems.
var elsewhere = []string{"cli", "cost", "plot", "reason", "several", "versus", "waits",
	"problem.addr", "problem.batch", "problem.break", "problem.checkpoint", "problem.cli", "problem.command", "problem.config", "problem.cost", "problem.file", "problem.hub", "problem.plot",
	"problem.link", "problem.message", "problem.model", "problem.prompt", "problem.recipe", "problem.server", "problem.site", "problem.sweep", "problem.take", "problem.tokenizer", "problem.variants"}

// spoken are a language's messages as a handout carries them.
func spoken(lang string) string {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text.JSON(lang), &all); err != nil {
		panic("take: " + err.Error()) // embedded, and read by every test
	}
	for id := range all {
		if slices.ContainsFunc(elsewhere, func(family string) bool { return strings.HasPrefix(id, family+".") }) {
			delete(all, id)
		}
	}
	short, err := json.Marshal(all)
	if err != nil {
		panic("take: " + err.Error())
	}
	return string(short)
}
