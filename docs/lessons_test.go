package docs_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kvstep/docs"
)

var (
	markedTerm = regexp.MustCompile(`\[\[([^|\]]*)\|`)
	planLink   = regexp.MustCompile(`\]\(([a-z]+)/(en|zh)\.md\)`)
)

// TestLessonsNameTerms: whatever a lesson or a plan marks has a card, and what a plan links to is a lesson.
func TestLessonsNameTerms(t *testing.T) {
	var ids []string
	for _, term := range glossaryText(t) {
		ids = append(ids, term.ID())
	}
	lessons, seen := docs.Lessons(), 0
	err := fs.WalkDir(lessons, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".md") {
			return err
		}
		data, err := fs.ReadFile(lessons, path)
		for _, m := range markedTerm.FindAllStringSubmatch(string(data), -1) {
			if seen++; !slices.Contains(ids, m[1]) {
				t.Errorf("%s marks %s, which the glossary does not have", path, m[1])
			}
		}
		for _, m := range planLink.FindAllStringSubmatch(string(data), -1) {
			if _, err := fs.Stat(lessons, m[1]+"/lesson.yaml"); err != nil {
				t.Errorf("%s names the lesson %s: %v", path, m[1], err)
			}
		}
		return err
	})
	if err != nil || seen == 0 {
		t.Errorf("%d terms are marked: %v", seen, err)
	}
}
