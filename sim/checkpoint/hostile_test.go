package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kvstep/sim"
)

const families = "../run/testdata/families/"

// allocated is how many bytes f allocates in all, which is at least what it has at a
// time, and how long it takes.
func allocated(f func()) (bytes uint64, took time.Duration) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	started := time.Now()
	f()
	took = time.Since(started)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, took
}

// copyOf is a folder in memory.
func copyOf(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(dir + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = &fstest.MapFile{Data: data}
	}
	return files
}

// TestHostileHeaders: whatever a header says, it is refused soon, and for no more
// memory than twice the file and 8 MiB.
func TestHostileHeaders(t *testing.T) {
	full := func(begin, fill, end string) string {
		n := (maxHeader - len(begin) - len(end)) / len(fill)
		return begin + strings.Repeat(fill, n) + end
	}
	var many, names strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, `"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},`, i)
		fmt.Fprintf(&names, `"%d":"a.safetensors",`, i)
	}
	list := strings.TrimSuffix(many.String(), ",")
	for name, header := range map[string]string{
		"spaces":          full("{", " ", ""),
		"deep":            full("{", "[", ""),
		"deep objects":    full("", `{"a":`, ""),
		"deep in shape":   full(`{"a":{"dtype":"F32","shape":`, "[", ""),
		"a long name":     full(`{"`, "x", `":{}}`),
		"escapes":         full(`{"`, `\u00e9`, `":{}}`),
		"surrogates":      full(`{"__metadata__":{"a":"`, `\ud83d\ude00`, `"}`),
		"metadata":        full(`{"__metadata__":{`, `"":"",`, ``),
		"100,000 entries": "{" + list + "}",
		"a long shape":    full(`{"a":{"dtype":"F32","shape":[`, "1,", "1]}}"),
		"huge numbers":    full(`{"a":{"dtype":"F32","shape":[`, "9", "]}}"),
		"huge dims":       one("F32", "[4611686018427387904,4,4]", "[0,4]"),
		"no UTF-8":        full(`{"`, "\xff", `":{}}`),
		"zeros":           full("{", "\x00", ""),
	} {
		t.Run(name, func(t *testing.T) {
			data := blob(header, 0)
			files := fstest.MapFS{weightsFile: {Data: data}}
			text, err := json.Marshal(tinyConfig())
			if err != nil {
				t.Fatal(err)
			}
			files[configFile] = &fstest.MapFile{Data: text}
			size, took := allocated(func() { _, err = Load(files, nil) })
			wantProblem(t, err, "")
			if limit := uint64(2*len(data) + 8<<20); size > limit {
				t.Errorf("%d bytes for a file of %d", size, len(data))
			}
			t.Logf("%d bytes of header: %v, %d bytes", len(header), took, size)
			if took > 500*time.Millisecond { // 100 ms where nobody else is at work
				t.Errorf("took %v", took)
			}
		})
	}
	index := fstest.MapFS{configFile: {Data: []byte(`{"model_type":"llama","hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":8,"vocab_size":9}`)}}
	index[indexFile] = &fstest.MapFile{Data: []byte(`{"weight_map":{` + strings.TrimSuffix(names.String(), ",") + `}}`)}
	_, err := Load(index, nil)
	wantProblem(t, err, "checkpoint.entries")
}

// TestHostileConfigs: sizes that no file can have cost nothing.
func TestHostileConfigs(t *testing.T) {
	for _, name := range []string{"llama", "gpt2"} {
		files := copyOf(t, families+name)
		var config map[string]any
		if err := json.Unmarshal(files[configFile].Data, &config); err != nil {
			t.Fatal(err)
		}
		for field, value := range config {
			if _, number := value.(float64); !number {
				continue
			}
			for _, huge := range []any{1 << 20, 1 << 24, 1<<31 - 1, int64(1) << 62, -1, 0, 1e300, []int{1}, "1", strings.Repeat("[", 20000)} {
				changed := map[string]any{}
				for k, v := range config {
					changed[k] = v
				}
				changed[field] = huge
				text, err := json.Marshal(changed)
				if err != nil {
					t.Fatal(err)
				}
				files[configFile] = &fstest.MapFile{Data: text}
				size, _ := allocated(func() { _, err = Load(files, nil) })
				if err != nil {
					wantProblem(t, err, "")
				}
				if size > 2*40_000+8<<20 {
					t.Errorf("%s %s=%v: %d bytes", name, field, huge, size)
				}
			}
		}
	}
}

// TestHostileFlips: every byte of every header changed in some ways; it loads, or says
// which file is wrong.
func TestHostileFlips(t *testing.T) {
	for _, name := range []string{"gpt2-bare", "llama3"} {
		files := copyOf(t, families+name)
		for file, was := range files {
			if file == "expect.json" {
				continue
			}
			n := len(was.Data)
			if strings.HasSuffix(file, ".safetensors") {
				n = 8 + int(binary.LittleEndian.Uint64(was.Data))
			}
			step := 1
			if testing.Short() {
				step = 17
			}
			for at := 0; at < n; at += step {
				for _, x := range []byte{1, 0x80, '0' ^ '9'} {
					data := bytes.Clone(was.Data)
					data[at] ^= x
					files[file] = &fstest.MapFile{Data: data}
					if _, err := Load(files, nil); err != nil && wantProblem(t, err, "").Args["File"] == nil {
						t.Fatalf("%s, byte %d: %v names no file", file, at, err)
					}
				}
			}
			files[file] = was
		}
	}
}

// TestHostileCuts: every file of every family cut short is refused, or was not needed.
func TestHostileCuts(t *testing.T) {
	for _, name := range []string{"gpt2-bare", "llama3", "qwen2", "qwen3"} {
		files := copyOf(t, families+name)
		for file, was := range files {
			if file == "expect.json" {
				continue
			}
			for n := 0; n < len(bytes.TrimRight(was.Data, "\n")); n += 1 + n/300 {
				files[file] = &fstest.MapFile{Data: was.Data[:n]}
				_, err := Load(files, nil)
				wantProblem(t, err, "")
			}
			files[file] = was
		}
	}
}

// TestMemory: a model of half-size numbers takes what its numbers take.
func TestMemory(t *testing.T) {
	for _, name := range []string{"llama", "llama3", "mistral", "qwen2", "qwen3", "gpt2", "gpt2-bare"} {
		files := copyOf(t, families+name)
		total := 0
		for _, f := range files {
			total += len(f.Data)
		}
		var err error
		size, _ := allocated(func() { _, err = Load(files, nil) })
		if err != nil || size > uint64(2*total+8<<20) {
			t.Errorf("%s: %d bytes for %d (%v)", name, size, total, err)
		}
	}
}

// seen is a file system whose files can be seen in place.
type seen struct{ fstest.MapFS }

type seenFile struct {
	fs.File
	data []byte
}

func (f seenFile) View() ([]byte, error) { return f.data, nil }

func (s seen) Open(name string) (fs.File, error) {
	f, err := s.MapFS.Open(name)
	if err != nil {
		return nil, err
	}
	return seenFile{f, s.MapFS[name].Data}, nil
}

// TestInPlace: F32 weights that can be seen in place are not copied; where a file
// cannot be read from any place but can be seen, that is enough for the others.
func TestInPlace(t *testing.T) {
	x := tinyTensors("F32")
	files := folder(t, tinyConfig(), x)
	m, err := Load(seen{files}, nil)
	if err != nil {
		t.Fatal(err)
	}
	data := files[weightsFile].Data
	was := m.Weights.Unembed.At(11, 7)
	last := data[len(data)-4:] // the head is the last tensor
	binary.LittleEndian.PutUint32(last, 0x3f800000)
	if m.Weights.Unembed.At(11, 7) != 1 || was == 1 {
		t.Skip("these bytes are not at a multiple of 4, or of the other order")
	}
	h, err := Load(seen{folder(t, tinyConfig(), tinyTensors("F16"))}, nil)
	if err != nil || h.Weights.Unembed.At(11, 7) != was {
		t.Error(h, err)
	}
}

// TestLlama2cV1 has the tensors of version 0 in another order, and refuses what the
// header may not say.
func TestLlama2cV1(t *testing.T) {
	for _, tied := range []bool{true, false} {
		data := tinyLlama2cV1(tied)
		c, w, err := LoadLlama2c(data)
		if err != nil {
			t.Fatal(err)
		}
		if shape, err := Llama2cConfig(data[:Llama2cHeader]); err != nil || shape != c {
			t.Errorf("%+v, %v", shape, err)
		}
		l0, l1 := w.Layers[0], w.Layers[1]
		for _, x := range []struct {
			name string
			have float32
			at   int // number of the file
		}{
			{"attention norm 1", l1.AttnNorm[0], 4}, {"MLP norm 0", l0.MLPNorm[0], 8}, {"final norm", w.FinalNorm[0], 16},
			{"embedding", w.Embed.At(1, 0), 24}, {"wq 0", l0.Q.At(0, 0), 40}, {"wk 1", l1.K.At(0, 0), 80},
			{"wv 0", l0.V.At(0, 0), 88}, {"wo 1", l1.O.At(0, 0), 120}, {"w1 0", l0.Gate.At(0, 0), 136},
			{"w2 0", l0.Down.At(0, 0), 184}, {"w3 1, last", l1.Up.At(5, 3), 279},
		} {
			if x.have != float32(x.at)/8 {
				t.Errorf("%s is number %v of the file, want %d", x.name, 8*x.have, x.at)
			}
		}
		if head := w.Unembed.At(0, 0); tied && head != 20./8 || !tied && head != 280./8 {
			t.Errorf("head is number %v", 8*head)
		}
		for n := range data {
			_, _, err := LoadLlama2c(data[:n])
			wantProblem(t, err, "checkpoint.truncated")
		}
		_, _, err = LoadLlama2c(append(bytes.Clone(data), 0))
		wantProblem(t, err, "checkpoint.long")
		for at := range Llama2cHeader {
			for _, x := range []byte{1, 2, 0x80} {
				flipped := bytes.Clone(data)
				flipped[at] ^= x
				if _, _, err := LoadLlama2c(flipped); err == nil && (at < 32 || at > 35) { // the context has no tensor in version 1
					t.Errorf("byte %d of the header changed, and it loads", at)
				} else if err != nil {
					wantProblem(t, err, "")
				}
			}
		}
	}
}

// tinyLlama2cV1 is tinyLlama2c in version 1: number i of the file is i/8.
func tinyLlama2cV1(tied bool) []byte {
	v0 := tinyLlama2c(true)
	data := append([]byte("24ka\x01\x00\x00\x00"), v0[:headerV0Size]...)
	floats, shared := (len(v0)-headerV0Size)/4-3*2, byte(1)
	if !tied {
		floats, shared = floats+5*4, 0
	}
	data = append(data, shared)
	data = append(data, make([]byte, llama2cHeaderV1-len(data))...)
	for i := range floats {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(i)/8))
	}
	return data
}

// TestRealFolder: a folder of the disk, pipes and folders among its files.
func TestRealFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(families+"llama")); err != nil {
		t.Fatal(err)
	}
	if m, err := Load(os.DirFS(dir), nil); err != nil || m.Config.Family != "llama" {
		t.Fatal(err)
	}
	if err := os.Remove(dir + "/" + weightsFile); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/"+weightsFile, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Load(os.DirFS(dir), nil)
	wantProblem(t, err, "file.regular")
	var p *sim.Problem
	if errors.As(err, &p) && p.Args["File"] != weightsFile {
		t.Error(p)
	}
}
