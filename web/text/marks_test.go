package text

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"kvstep/docs"
)

// TestTermsAreOfTheGlossary: a mark names a term of the glossary, and a message marks the same
// terms in both languages.
func TestTermsAreOfTheGlossary(t *testing.T) {
	known := map[string]bool{}
	for _, term := range glossary(t) {
		known[term.ID()] = true
	}
	marks := map[string]map[string][]string{}
	for _, lang := range Langs() {
		marks[lang] = termsOf(t, lang)
		for id, terms := range marks[lang] {
			for _, term := range terms {
				if !known[term] {
					t.Errorf("%s, %s: the glossary has no term %q", lang, id, term)
				}
			}
		}
	}
	for id := range messages(t, "en") {
		if en, zh := marks["en"][id], marks["zh"][id]; !slices.Equal(en, zh) {
			t.Errorf("%s marks %v in English, %v in Chinese", id, en, zh)
		}
	}
}

// TestTermsThatPagesSayAreMarked: of every term of the glossary that some message of the page says, some
// message says so with its mark.
func TestTermsThatPagesSayAreMarked(t *testing.T) {
	marked := map[string]bool{}
	for _, terms := range termsOf(t, "en") {
		for _, id := range terms {
			marked[id] = true
		}
	}
	en := messages(t, "en")
	for _, term := range glossary(t) {
		if marked[term.ID()] {
			continue
		}
		for _, name := range append([]string{term.Name.En}, term.Also...) {
			name, _, _ = strings.Cut(name, " (")
			said := regexp.MustCompile(`(?i)(^|[^\w-])` + regexp.QuoteMeta(name) + `s?($|[^\w-])`)
			for id, message := range en {
				if !elsewhere.MatchString(id) && said.MatchString(placeholder.ReplaceAllString(message, "")) {
					t.Errorf("%s says %q, a term of the glossary that no message marks: [[%s|%s]]", id, name, term.ID(), name)
				}
			}
		}
	}
}

// elsewhere are messages of the command, of figures and of form controls, which have no cards.
var elsewhere = regexp.MustCompile(`^(cli|limit|plot|plots|problem|waits|cost|reason|recipe\.help|versus|held)\.`)

func glossary(t *testing.T) []docs.Term {
	t.Helper()
	terms, err := docs.Glossary()
	if err != nil || len(terms) < 60 {
		t.Fatalf("%d terms: %v", len(terms), err)
	}
	return terms
}

// termsOf returns the terms that each message of a language marks, all its forms together, each once.
func termsOf(t *testing.T, lang string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for id, message := range raw(t, lang) {
		for _, m := range termMark.FindAllStringSubmatch(message, -1) {
			found[id] = append(found[id], m[1])
		}
		slices.Sort(found[id])
		found[id] = slices.Compact(found[id])
	}
	return found
}
