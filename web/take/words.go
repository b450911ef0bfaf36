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

// spoken are a language's messages as a handout carries them.
func spoken(lang string) string {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text.JSON(lang), &all); err != nil {
		panic("take: " + err.Error()) // embedded, and read by every test
	}
	for id := range all {
		if family, _, _ := strings.Cut(id, "."); slices.Contains(elsewhere, family) {
			delete(all, id)
		}
	}
	short, err := json.Marshal(all)
	if err != nil {
		panic("take: " + err.Error())
	}
	return string(short)
}
