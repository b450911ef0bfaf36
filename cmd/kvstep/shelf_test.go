package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kvstep/sim/library"
)

// tinyBin is a llama2.c file, of version 0 or 1: dim 4, hidden 6, 1 layer, 2 heads,
// vocabulary 5, 8 positions.
func tinyBin(version int) []byte {
	var data []byte
	if version == 1 {
		data = binary.LittleEndian.AppendUint32(data, 0x616b3432)
		data = binary.LittleEndian.AppendUint32(data, 1)
	}
	for _, n := range []uint32{4, 6, 1, 2, 2, 5, 8} {
		data = binary.LittleEndian.AppendUint32(data, n)
	}
	floats := 5*4 + 2*4 + 4*4*4 + 3*4*6 + 4
	if version == 1 {
		data = append(append(data, 1), make([]byte, 256-len(data)-1)...)
	} else {
		floats += 8 * 2
	}
	for i := range floats {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(i%13)/8))
	}
	return data
}

// TestModelsFolder: what lies in the models folder is listed, named, counted and run.
func TestModelsFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "someone", "qwen3"), os.DirFS("../../sim/run/testdata/families/qwen3")); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"v0.bin": tinyBin(0), "v1.bin": tinyBin(1), "v1.tokenizer.bin": nil, "tokenizer.bin": nil, "notes.txt": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "v1.tokenizer.bin")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "story"), os.DirFS("../../sim/run/testdata/families/gpt2")); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := command(t, "models", "--models", dir)
	if code != 0 || !strings.Contains(out, "someone/qwen3") || !strings.Contains(out, "v0 ") || !strings.Contains(out, "v1 ") || strings.Contains(out, "notes") || strings.Contains(out, "tokenizer") {
		t.Errorf("exit %d\n%s%s", code, out, stderr)
	}
	for _, model := range []string{"someone/qwen3", "v0", "v1", filepath.Join(dir, "v1.bin"), filepath.Join(dir, "someone", "qwen3")} {
		code, out, stderr := command(t, "trace", "--models", dir, "--model", model, "--tokens", "1,3", "--max-new", "2")
		if code != 0 || !strings.Contains(out, "head") || strings.Contains(out, "NO:") {
			t.Errorf("trace %s: exit %d\n%s%s", model, code, out, stderr)
		}
		if code, _, stderr = command(t, "cost", "--models", dir, "--model", model, "--prompt", "2", "--new", "2"); code != 0 {
			t.Errorf("cost %s: exit %d %s", model, code, stderr)
		}
		if code, _, stderr = command(t, "sweep", "--models", dir, "--model", model, "--lengths", "1,2", "--repeats", "1", "--lanes", "cached"); code != 0 {
			t.Errorf("sweep %s: exit %d %s", model, code, stderr)
		}
	}
	if code, _, stderr := command(t, "trace", "--models", dir, "--model", "../x", "--tokens", "1"); code != 1 || !strings.Contains(stderr, "../x") {
		t.Errorf("a path that leads nowhere: exit %d %s", code, stderr)
	}
	// The embedded model of a name stays what it is.
	modelsDir = dir
	t.Cleanup(func() { modelsDir = "" })
	lib := newLibrary(&bytes.Buffer{})
	if m, err := lib.Get("story"); err != nil || m.Model.Config.Family != "llama" {
		t.Errorf("story is %+v, %v", m, err)
	}
	if err := os.CopyFS(filepath.Join(dir, "late"), os.DirFS("../../sim/run/testdata/families/qwen2")); err != nil {
		t.Fatal(err)
	}
	if m, err := lib.Get("late"); err != nil || m.Model.Config.Family != "qwen2" || !slices.Contains(lib.Names(), "late") {
		t.Errorf("a model that came later: %v", err)
	}
	if c, _, err := lib.Shape("someone/qwen3"); err != nil || c.Family != "qwen3" {
		t.Errorf("%+v %v", c, err)
	}
}

// TestMappedIsTheSame: weights in place and weights that were read run alike.
func TestMappedIsTheSame(t *testing.T) {
	for _, name := range []string{"llama", "gpt2", "llama3", "qwen2"} {
		dir := "../../sim/run/testdata/families/" + name
		mapped, err := openFolder(name, dir, &bytes.Buffer{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		read, err := library.OpenFolder(name, os.DirFS(dir), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, b := mapped.Model.Weights, read.Model.Weights
		for l := range a.Layers {
			for i := range a.Layers[l].Down.NumRows() {
				for j, v := range a.Layers[l].Down.Row(i) {
					if v != b.Layers[l].Down.At(i, j) || a.Layers[l].Q.At(0, 0) != b.Layers[l].Q.At(0, 0) {
						t.Fatalf("%s: layer %d, row %d differs", name, l, i)
					}
				}
			}
		}
	}
}
