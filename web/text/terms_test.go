package text

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// term is one thing and its word in each language.
type term struct {
	Term    string
	En      string   // pattern: where an English message has it, the Chinese one has one of Zh
	Zh      []string // the word; after it such as only look like what is never said
	Never   []string // what no Chinese text says instead
	NeverEn string   `json:"never_en"` // what no English text says instead
	Page    bool     // whether a teacher may say it otherwise: it is a name of the page, or a plain word elsewhere
}

func terms(t *testing.T) (all []term) {
	t.Helper()
	data, err := os.ReadFile("testdata/terms.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil || len(all) < 20 {
		t.Fatalf("%d terms: %v", len(all), err)
	}
	return all
}

// wrong returns what a Chinese text says instead of the word, and "" where it keeps to it.
func (t term) wrong(text string) string {
	for _, word := range t.Zh {
		text = strings.ReplaceAll(text, word, " ")
	}
	for _, never := range t.Never {
		if strings.Contains(text, never) {
			return never
		}
	}
	return ""
}

func (t term) said(text string) bool {
	return slices.ContainsFunc(t.Zh, func(word string) bool { return strings.Contains(text, word) })
}

// TestOneWordForOneThing: the catalogues, the Chinese docs and the lessons keep to the table of terms.
func TestOneWordForOneThing(t *testing.T) {
	en, zh, docs := messages(t, "en"), messages(t, "zh"), described(t)
	for _, all := range []map[string]string{en, zh} {
		for id := range all { // a value's name is no word: {{.Token}} may be a position
			all[id] = placeholder.ReplaceAllString(all[id], "N")
		}
	}
	for _, term := range terms(t) {
		about, used := regexp.MustCompile(term.En), 0
		for id, message := range en {
			if about.MatchString(strings.TrimSpace(message)) {
				if used++; !term.said(zh[id]) && !elsewise[id] {
					t.Errorf("%s is about %q, in Chinese %q: %s", id, term.Term, term.Zh[0], zh[id])
				}
			}
			if bad := term.wrong(zh[id]); bad != "" {
				t.Errorf("%s says %q, want %q: %s", id, bad, term.Zh[0], zh[id])
			}
			if term.NeverEn != "" && regexp.MustCompile(term.NeverEn).MatchString(message) {
				t.Errorf("%s says not %q: %s", id, term.Term, message)
			}
		}
		if used == 0 {
			t.Errorf("no message is about %q", term.Term)
		}
		for doc, data := range docs {
			if term.Page && strings.HasPrefix(doc, "docs/lessons") {
				continue
			}
			for n, line := range strings.Split(data, "\n") {
				if bad := term.wrong(line); bad != "" {
					t.Errorf("%s:%d says %q, want %q: %s", doc, n+1, bad, term.Zh[0], line)
				}
				if term.NeverEn != "" && regexp.MustCompile(term.NeverEn).MatchString(line) {
					t.Errorf("%s:%d says not %q: %s", doc, n+1, term.Term, line)
				}
			}
		}
	}
}

// described returns what else people read about the page: the documents that are in Chinese, and the words of lessons.
func described(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, some := range []string{"paper.zh.md", "glossary.md", "lessons/*/??.md", "lessons/*.zh.md"} {
		paths, _ := filepath.Glob(filepath.Join("..", "..", "docs", some))
		if len(paths) == 0 {
			t.Fatalf("no docs/%s", some)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all[strings.TrimPrefix(path, "../../")] = string(data)
		}
	}
	return all
}

// elsewise are messages that say the same in Chinese without the word, or mean another thing by it.
var elsewise = map[string]bool{
	"choice.greedy_note": true, "choice.intro": true, "cost.pays_note": true, "explain.shared": true,
	"plot.ridge.of": true, "problem.cli.prompt_or_tokens": true, "real.note": true, "take.size.some": true,
	"branch.lean": true,
}

// ordinals count from 1, what tensors hold from 0.
var ordinals = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`\b\d+(st|nd|rd|th)\b|\}\}(st|nd|rd|th)\b|\b(first|second) (layer|head|pass|dimension)\b`),
	"zh": regexp.MustCompile(`第 ?(\{\{|\d)|第[一二三](层|步|轮|个头|维|次前向)`),
}

// TestNothingIsCountedFromOne: layers, heads, positions, dimensions, passes and steps have numbers, which begin
// with 0, and no ordinals. A line of a file is no such thing.
func TestNothingIsCountedFromOne(t *testing.T) {
	except := []string{"problem.sweep.table"}
	for lang, ordinal := range ordinals {
		for id, message := range messages(t, lang) {
			if ordinal.MatchString(message) && !slices.Contains(except, id) {
				t.Errorf("%s, %s: %q", lang, id, message)
			}
		}
	}
}

var quoted = map[string][]*regexp.Regexp{
	"en": {regexp.MustCompile(`“([^”{]+)”`), regexp.MustCompile(`[Pp]ress ([A-Z]\w+)`)},
	"zh": {regexp.MustCompile(`“([^”{]+)”`)},
}

// TestButtonsAreCalledByTheirNames: what a sentence quotes, or tells to press, is the whole text of another message.
func TestButtonsAreCalledByTheirNames(t *testing.T) {
	except := []string{"main", "Enter"} // a branch of git, and a key
	for lang, patterns := range quoted {
		all, seen := messages(t, lang), 0
		names := map[string]bool{}
		for _, message := range all {
			names[message] = true
			names[strings.TrimSuffix(message, "\n")] = true
		}
		for id, message := range all {
			for _, re := range patterns {
				for _, m := range re.FindAllStringSubmatch(message, -1) {
					if seen++; !names[m[1]] && !slices.Contains(except, m[1]) {
						t.Errorf("%s, %s speaks of %q, but nothing is called so: %s", lang, id, m[1], message)
					}
				}
			}
		}
		if seen < 8 {
			t.Errorf("%s: only %d names found", lang, seen)
		}
	}
}

// TestTitlesDiffer: no two panels, menus or figures have one name.
func TestTitlesDiffer(t *testing.T) {
	for lang := range ordinals {
		named := map[string]string{}
		for id, message := range messages(t, lang) {
			if !strings.HasSuffix(id, ".title") {
				continue
			}
			if other := named[message]; other != "" {
				t.Errorf("%s: %s and %s are both called %q", lang, other, id, message)
			}
			named[message] = id
		}
		if len(named) < 20 {
			t.Errorf("%s: only %d titles found", lang, len(named))
		}
	}
}
