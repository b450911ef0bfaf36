package export

import (
	"encoding/json"
	"slices"
	"strings"

	"kvstep/docs"
	"kvstep/web/text"
)

// elsewhere are the families of messages that no handout has a place for: those
// of the command and its reasons, of figures, of what only a server can do, and
// problems: a copy refuses nothing, it has what was asked or says that it has not.
var elsewhere = []string{"cli", "cost", "lanes", "plot", "problem", "reason", "several", "versus", "waits"}

// messagesOf returns a language's messages as a handout carries them.
func messagesOf(lang string) string {
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

// termsOf returns a language's cards of the glossary.
func termsOf(lang string) string {
	cards, err := docs.Cards(lang)
	if err != nil {
		panic("take: " + err.Error()) // embedded, and read by every test
	}
	return string(cards)
}
