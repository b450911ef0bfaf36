package take

import (
	"encoding/json"
	"slices"
	"strings"

	"kvstep/web/text"
)

// elsewhere are the families of messages that no handout has a place for: those
// of the command and its reasons, of figures, and of what only a server can do.
var elsewhere = []string{"cli", "cost", "plot", "several", "versus", "waits", "reason"}

// elsewhereProblems are the problems likewise: no handout opens a model, writes a file or
// asks a server.
var elsewhereProblems = []string{"addr", "checkpoint", "cli", "command", "config", "cost", "file", "hub", "plot", "server", "site", "sweep", "take", "tokenizer", "variants"}

// spoken are a language's messages as a handout carries them.
func spoken(lang string) string {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text.JSON(lang), &all); err != nil {
		panic("take: " + err.Error()) // embedded, and read by every test
	}
	for id := range all {
		family, rest, _ := strings.Cut(id, ".")
		kind, _, _ := strings.Cut(rest, ".")
		if slices.Contains(elsewhere, family) || family == "problem" && slices.Contains(elsewhereProblems, kind) {
			delete(all, id)
		}
	}
	short, err := json.Marshal(all)
	if err != nil {
		panic("take: " + err.Error())
	}
	return string(short)
}
