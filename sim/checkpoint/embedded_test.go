package checkpoint

import (
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
)

// TestEmbedded: every embedded model loads, with what a first page needs.
func TestEmbedded(t *testing.T) {
	names := Names()
	if slices.Contains(names, first) && names[0] != first {
		t.Errorf("%v does not begin with %s", names, first)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			fsys, err := Folder(name)
			if err != nil {
				t.Fatal(err)
			}
			c, w, meta, err := LoadFolder(fsys)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", c)
			if len(w.Layers) != c.Layers || len(meta) == 0 {
				t.Errorf("%d layers, metadata %v", len(w.Layers), meta)
			}
			info, err := fs.Stat(fsys, "model.safetensors")
			if err != nil || info.Size() > 3<<20 {
				t.Errorf("model.safetensors: %v, at most 3 MiB wanted: %v", info, err)
			}
			if _, err := fs.Stat(fsys, "tokenizer.json"); err != nil {
				t.Error(err)
			}
			world, err := LoadTrainingSet(fsys)
			if err != nil {
				t.Fatal(err)
			}
			for _, lang := range []string{"en", "zh"} {
				if len(world.Prompts[lang]) == 0 {
					t.Errorf("world.json has no prompt in %s", lang)
				}
			}
		})
	}
	if len(names) == 0 {
		t.Skip("no model is embedded yet")
	}
}

func TestFolderUnknown(t *testing.T) {
	for _, name := range []string{"", "nobody", "README.md", ".", "..", "../models", "story/", "/story", "story/../story", "STORY"} {
		_, err := Folder(name)
		p := wantProblem(t, err, "model.unknown")
		if p.Args["Name"] != name || p.Args["Known"] == nil {
			t.Errorf("%q: %v", name, p)
		}
	}
}

func TestLoadTrainingSet(t *testing.T) {
	load := func(text string) (TrainingSet, error) {
		return LoadTrainingSet(fstest.MapFS{"world.json": {Data: []byte(text)}})
	}
	w, err := load(`{"prompts":{"en":["Tom"],"zh":["小猫"]},"open":{"en":["A"]},"words":{"en":["cat"]},"seen":["a"],"other":1}`)
	if err != nil || fmt.Sprint(w) != "{map[en:[Tom] zh:[小猫]] map[en:[A]] map[en:[cat]] [a]}" {
		t.Errorf("%v, %v", w, err)
	}
	for _, text := range []string{"", "{", "[]", `{"prompts":5}`, `{"prompts":{"en":"x"}}`} {
		_, err := load(text)
		wantProblem(t, err, "model.world")
	}
	if w, err := LoadTrainingSet(fstest.MapFS{}); err != nil || w.Prompts != nil {
		t.Errorf("without world.json: %v, %v", w, err)
	}
}
