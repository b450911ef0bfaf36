package lesson

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestLargeFilesEndSoon: no file of a size that is read takes long to read, whatever is repeated in it; larger ones
// are refused unread.
func TestLargeFilesEndSoon(t *testing.T) {
	for _, sign := range []string{
		"[", "![", "](", "*a ", "**", "_a", "`", "``a", "> ", "- ", "1. ", "{{", "}}", "{{a}} ", "{{1}} ", "[[", "]]", "[[a|b]] ", "<", "<a ", "&", "\\", "a\n===\n", "## a: b\n",
		"- `a` b\n", "[a]: b\n", "\t", "    a\n", "```\n", "中", "1 ", "7",
	} {
		paragraph := strings.Repeat(sign, (maxParagraph-1)/len(sign)) + "\n\n"
		words := "# A\n\n## one: One\n\n" + strings.Repeat(paragraph, (maxWords-100)/len(paragraph))
		begun := time.Now()
		_, bad := Open(fstest.MapFS{
			structureFile: {Data: []byte("minutes: 1\nrun: {model: paper}\nbeats:\n  - {id: one, at: start}\n")},
			"en.md":       {Data: []byte(words)}, "zh.md": {Data: []byte("# A\n\n## one: One\n\nA\n")},
		}, "large", nil)
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("%q takes %v", sign, took)
		} else {
			t.Logf("%q: %d faults, %v", sign, len(bad), took)
		}
	}
	for _, sign := range []string{"a: ", "- ", "[", "{", "a: [\n", "? ", "&a ", "*a ", "'", "\"", "|\n", "a:\n ", "#", "- a\n", "a: b\n", "%", "!!a "} {
		begun := time.Now()
		_, bad := Open(fstest.MapFS{structureFile: {Data: []byte(strings.Repeat(sign, (maxStructure-10)/len(sign)))}}, "large", nil)
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("%q takes %v", sign, took)
		} else {
			t.Logf("%q: %d faults, %v", sign, len(bad), took)
		}
	}
	if _, bad := Open(fstest.MapFS{
		structureFile: {Data: []byte("minutes: 1\nlanguages: en\nrun: {model: paper}\nbeats:\n  - {id: one, at: start}\n")},
		"en.md":       {Data: []byte("# A\n\n" + strings.Repeat("[", maxParagraph+1))},
	}, "large", nil); len(bad) != 1 || bad[0].ID != "lesson.paragraph" || bad[0].Line != 3 {
		t.Errorf("a paragraph that is too long: %v", bad)
	}
	for _, name := range []string{structureFile, "en.md", reasonsFile} {
		files := starter(t)
		files[name] = strings.Repeat("a: b\n", 2<<20)
		if _, bad := Open(asFS(files), "large", nil); !slices.ContainsFunc(bad, func(f *Fault) bool { return f.ID == "lesson.long" && f.File == "large/"+name }) {
			t.Errorf("%s of 10 MB: %v", name, bad)
		}
	}
}
