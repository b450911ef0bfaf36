package lesson

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"kvstep/sim/library"
)

// realLesson is a lesson of one beat that looks at a run at real size.
func realLesson(look string) fstest.MapFS {
	words := &fstest.MapFile{Data: []byte("# Real\n\n## one: One\n\n{{real.layers}} {{before.real.layers}} {{real.room.weights > 0}}\n")}
	return fstest.MapFS{
		"lesson.yaml": {Data: []byte("minutes: 1\nrun: {model: paper, new: 1}\nmoments: {before: pass 0 layer 0}\n" +
			"beats:\n  - {id: one, at: pass 0 head, look: {" + look + "}}\n")},
		"en.md": words, "zh.md": words,
	}
}

// A beat that looks at a model at real size can say what that costs, at its moment and at others.
func TestLookAtRealSize(t *testing.T) {
	shelf, bad := Open(realLesson("real: Llama-3-8B@H100-SXM-80GB"), "real", nil)
	if len(bad) > 0 {
		t.Fatal(bad[0])
	}
	if _, bad := shelf.Lessons[0].Check(context.Background(), NewPlayer(library.New())); len(bad) > 0 {
		t.Fatal(bad[0])
	}
	if _, bad := Open(realLesson("real: nothing"), "real", nil); len(bad) != 1 || bad[0].ID != "lesson.real" || bad[0].Line != 5 {
		t.Errorf("a device that nobody knows: %v", bad)
	}
	shelf, _ = Open(realLesson("head: 0"), "real", nil)
	_, bad = shelf.Lessons[0].Check(context.Background(), NewPlayer(library.New()))
	if len(bad) == 0 || !strings.Contains(bad[0].ID, "expression") {
		t.Errorf("real without a look at it: %v", bad)
	}
}
