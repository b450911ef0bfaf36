package checkpoint

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// sharded cuts the tiny model into n files and an index.
func sharded(t testing.TB, n int) fstest.MapFS {
	t.Helper()
	all := tinyTensors("F16")
	fsys := folder(t, tinyConfig(), all)
	delete(fsys, weightsFile)
	where := map[string]string{}
	for i := range n {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, n)
		part := all[i*len(all)/n : (i+1)*len(all)/n]
		for _, x := range part {
			where[x.Name] = name
		}
		fsys[name] = &fstest.MapFile{Data: AppendSafetensors(nil, File{Meta: map[string]string{"made by": "a test"}, Tensors: part})}
	}
	setIndex(t, fsys, where)
	return fsys
}

func setIndex(t testing.TB, fsys fstest.MapFS, where map[string]string) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"metadata": map[string]any{"total_size": 1234, "x": []any{nil, true, -1.5e3, "y"}}, "weight_map": where})
	if err != nil {
		t.Fatal(err)
	}
	fsys[indexFile] = &fstest.MapFile{Data: text}
}

func weightMap(t testing.TB, fsys fstest.MapFS) map[string]string {
	t.Helper()
	var x struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(fsys[indexFile].Data, &x); err != nil {
		t.Fatal(err)
	}
	return x.Map
}

func TestShards(t *testing.T) {
	c, one, meta, err := LoadFolder(folder(t, tinyConfig(), tinyTensors("F16")))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 4; n++ {
		var last, total int64
		m, err := Load(sharded(t, n), func(done, all int64) {
			if done < last || done > all {
				t.Errorf("progress went from %d to %d of %d", last, done, all)
			}
			last, total = done, all
		})
		if err != nil {
			t.Fatal(err)
		}
		if m.Config != c || m.Meta["made by"] != meta["made by"] || last != total || total == 0 || !slices.Equal(m.Ends, []int{3}) {
			t.Errorf("%d files: %+v, read %d of %d", n, m, last, total)
		}
		for l := range one.Layers {
			if !slices.Equal(m.Weights.Layers[l].Down.Row(1), one.Layers[l].Down.Row(1)) || !slices.Equal(m.Weights.Layers[l].AttnNorm, one.Layers[l].AttnNorm) {
				t.Errorf("%d files: layer %d differs", n, l)
			}
		}
	}
}

// TestShardsWrong: an index and files that disagree, and names that are paths.
func TestShardsWrong(t *testing.T) {
	const first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
	check := func(id, file string, change func(fsys fstest.MapFS, where map[string]string)) {
		t.Helper()
		fsys := sharded(t, 2)
		where := weightMap(t, fsys)
		was := fsys[indexFile]
		change(fsys, where)
		if fsys[indexFile] == was {
			setIndex(t, fsys, where)
		}
		_, err := Load(fsys, nil)
		if p := wantProblem(t, err, id); p.Args["File"] != file {
			t.Errorf("%v, want it to name %s", p, file)
		}
	}
	for _, path := range []string{"../" + first, "/" + first, "./" + first, "a/" + first, `..\` + first, `C:` + first, "", ".", "..", "x.bin", "config.json", "a//b.safetensors", first + "/"} {
		check("checkpoint.path", indexFile, func(_ fstest.MapFS, where map[string]string) { where["lm_head.weight"] = path })
	}
	check("checkpoint.shard", first, func(_ fstest.MapFS, where map[string]string) { where["model.embed_tokens.weight"] = second })
	check("checkpoint.unlisted", second, func(_ fstest.MapFS, where map[string]string) { delete(where, "lm_head.weight") })
	check("checkpoint.absent", second, func(_ fstest.MapFS, where map[string]string) { where["ghost"] = second })
	check("checkpoint.file", second, func(fsys fstest.MapFS, _ map[string]string) { delete(fsys, second) })
	check("checkpoint.truncated", second, func(fsys fstest.MapFS, _ map[string]string) {
		fsys[second] = &fstest.MapFile{Data: fsys[second].Data[:100]}
	})
	check("checkpoint.shard", second, func(fsys fstest.MapFS, _ map[string]string) { fsys[second] = fsys[first] })
	check("checkpoint.duplicate", indexFile, func(fsys fstest.MapFS, _ map[string]string) {
		fsys[indexFile] = &fstest.MapFile{Data: []byte(`{"weight_map":{"a":"x.safetensors","b":"x.safetensors","a":"y.safetensors"}}`)}
	})
	check("checkpoint.duplicate", indexFile, func(fsys fstest.MapFS, _ map[string]string) {
		fsys[indexFile] = &fstest.MapFile{Data: []byte(`{"weight_map":{"a":"x.safetensors"},"weight_map":{}}`)}
	})
	for _, bad := range []string{``, `{`, `[]`, `{}`, `{"weight_map":{}}`, `{"weight_map":{"a":1}}`, `{"weight_map":{"a":"x.safetensors"}} x`,
		`{"metadata":` + strings.Repeat("[", 100000), `{"metadata":` + strings.Repeat(`{"a":`, 100000), `{"a":,"weight_map":{}}`} {
		check("checkpoint.header", indexFile, func(fsys fstest.MapFS, _ map[string]string) {
			fsys[indexFile] = &fstest.MapFile{Data: []byte(bad)}
		})
	}
	check("checkpoint.shards", indexFile, func(_ fstest.MapFS, where map[string]string) {
		for i := range maxShards + 1 {
			where[fmt.Sprint("t", i)] = fmt.Sprintf("%d.safetensors", i)
		}
	})
	check("checkpoint.entries", indexFile, func(_ fstest.MapFS, where map[string]string) {
		for i := range 100_000 {
			where[fmt.Sprint("t", i)] = first
		}
	})
	check("checkpoint.pickle", pickleFile, func(fsys fstest.MapFS, _ map[string]string) {
		delete(fsys, indexFile)
		fsys[pickleFile] = &fstest.MapFile{}
	})
}
