package lesson

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"testing/fstest"

	"kvstep/docs"
	"kvstep/sim/library"
)

// own returns the lessons of docs/lessons as files that a test may change.
func own(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(docs.Lessons(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(docs.Lessons(), name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// check reads and plays lessons, and returns all that is wrong.
func check(ctx context.Context, files fs.FS, p *Player) ([]Report, []*Fault) {
	shelf, bad := Open(files, "lessons", nil)
	var reports []Report
	if len(bad) == 0 {
		for _, l := range shelf.Lessons {
			r, more := l.Check(ctx, p)
			bad = append(bad, more...)
			reports = append(reports, r)
		}
	}
	return reports, bad
}

// TestLessons: every beat of every lesson can be played on the real engine in both languages, every right
// answer is right, every wrong one wrong with its own reply.
func TestLessons(t *testing.T) {
	reports, bad := check(t.Context(), docs.Lessons(), NewPlayer(library.New()))
	for _, f := range bad {
		t.Error(f)
	}
	shelf, _ := Open(docs.Lessons(), "lessons", nil)
	for id, r := range shelf.Reasons {
		if r.Texts["en"] == "" || r.Texts["zh"] == "" {
			t.Errorf("%s: the misconception %s is not in both languages", r.Place, id)
		}
	}
	kinds, questions := map[string]bool{}, 0
	for _, r := range reports {
		questions += r.Questions
		for _, k := range r.Kinds {
			kinds[k] = true
		}
		if !slices.Equal(r.Languages, Languages) {
			t.Errorf("%s speaks %v", r.Name, r.Languages)
		}
	}
	t.Logf("%d lessons, %d questions, kinds %v", len(reports), questions, slices.Sorted(maps.Keys(kinds)))
}
