package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/sim/recipe"
	simrun "kvstep/sim/run"
	"kvstep/web/room"
	"kvstep/web/wire"
)

// mappedBin writes a llama2.c file that is mapped, and large enough for two threads.
func mappedBin(t testing.TB, path string, seed uint64) {
	t.Helper()
	if err := os.WriteFile(path, binOf(seed), 0o600); err != nil {
		t.Fatal(err)
	}
}

var bins sync.Map // by seed: they are large, and every test wants one

func binOf(seed uint64) []byte {
	if data, ok := bins.Load(seed); ok {
		return data.([]byte)
	}
	const dim, ffn, layers, heads, vocab, positions = 256, 768, 4, 4, 12000, 64
	var data []byte
	for _, n := range []uint32{dim, ffn, layers, heads, heads, vocab, positions} {
		data = binary.LittleEndian.AppendUint32(data, n)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for range vocab*dim + layers*(2*dim+4*dim*dim+3*ffn*dim) + dim + positions*dim/heads {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(r.Float64()/8-1.0/16)))
	}
	bins.Store(seed, data)
	return data
}

// harm is what other programs do to files in use.
var harm = map[string]func(path string) error{
	"shortened":    func(path string) error { return os.Truncate(path, 8192) },
	"emptied":      func(path string) error { return os.Truncate(path, 0) },
	"written over": func(path string) error { return writeOver(path, make([]byte, 1<<20)) },
	"damaged":      func(path string) error { return writeOver(path, bytes.Repeat([]byte{0xff}, 1<<20)) }, // no numbers: choosing fails first
}

func writeOver(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(data, 4096)
	return err
}

func wantChanged(t *testing.T, err error) {
	t.Helper()
	var p *sim.Problem
	if !errors.As(err, &p) || p.ID != "model.changed" || p.Args["File"] != "m.bin" {
		t.Errorf("it says %v", err)
	}
}

// TestAFileThatChangesUnderARun: whatever is done to the file, and with one thread or two,
// the process lives, no token of other weights is told, and the run says that the file
// changed.
func TestAFileThatChangesUnderARun(t *testing.T) {
	for name, change := range harm {
		for _, at := range []int{-1, 0, 2, 4, 7} { // before the run, in its first pass, after it, in the next
			path := filepath.Join(t.TempDir(), "m.bin")
			mappedBin(t, path, 1)
			m, err := openBin("m", path, "")
			if err != nil {
				t.Fatal(err)
			}
			if at < 0 {
				if err := change(path); err != nil {
					t.Fatal(err)
				}
			}
			r := recipe.Complete(sim.Recipe{Model: "m", Tokens: []int{1, 5, 9}, MaxNew: 20})
			var last error
			n := 0
			for s, err := range simrun.Steps(t.Context(), m, r, func() float64 { return 0 }) {
				if last = err; err != nil {
					break
				}
				if n++; s.N == at {
					if err := change(path); err != nil {
						t.Fatal(err)
					}
				}
			}
			wantChanged(t, last)
			if n > at+5 {
				t.Errorf("%s at %d: %d steps were told", name, at, n)
			}
		}
	}
}

// TestAFileThatIsReplaced: a new file of the same name changes nothing for a run that is
// under way; the next one reads it.
func TestAFileThatIsReplaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.bin")
	mappedBin(t, path, 1)
	modelsDir = dir
	t.Cleanup(func() { modelsDir = "" })
	lib := newLibrary(io.Discard)
	first, err := lib.Get("m")
	if err != nil {
		t.Fatal(err)
	}
	text := func(m *library.Loaded, then func()) (ids []int) {
		r := recipe.Complete(sim.Recipe{Model: "m", Tokens: []int{1, 5, 9}, MaxNew: 6})
		for s, err := range simrun.Steps(t.Context(), m, r, func() float64 { return 0 }) {
			if err != nil {
				t.Fatal(err)
			}
			if s.N == 6 {
				then()
			}
			if s.Part == sim.HeadPart {
				ids = append(ids, s.Token)
			}
		}
		return ids
	}
	want := text(first, func() {})
	got := text(first, func() {
		mappedBin(t, path+".new", 2)
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	})
	second, err := lib.Get("m")
	if err != nil {
		t.Fatal(err)
	}
	other := text(second, func() {})
	if second == first || len(want) != 6 || !equal(got, want) || equal(other, want) {
		t.Errorf("%v, replaced meanwhile %v, the new file %v", want, got, other)
	}
	if third, err := lib.Get("m"); err != nil || third != second {
		t.Errorf("it is opened again without need: %v", err)
	}
}

func equal(a, b []int) bool {
	return len(a) == len(b) && string(wordsOf(a)) == string(wordsOf(b))
}

func wordsOf(a []int) (b []byte) {
	for _, n := range a {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	return b
}

// onFirstWrite does something when the first bytes have been written.
type onFirstWrite struct {
	bytes.Buffer
	then func()
}

func (w *onFirstWrite) Write(p []byte) (int, error) {
	if w.then != nil {
		w.then()
		w.then = nil
	}
	return w.Buffer.Write(p)
}

// TestTraceOfAFileThatIsShortened: the command ends with words and status 1.
func TestTraceOfAFileThatIsShortened(t *testing.T) {
	for _, how := range []string{"shortened", "written over"} {
		path := filepath.Join(t.TempDir(), "m.bin")
		mappedBin(t, path, 1)
		out := &onFirstWrite{then: func() {
			if err := harm[how](path); err != nil {
				t.Error(err)
			}
		}}
		var errs bytes.Buffer
		err := run(context.Background(), []string{"trace", "--model", path, "--tokens", "1,2,3", "--max-new", "40", "--format", "jsonl"}, strings.NewReader(""), out, &errs)
		if exitCode(err) != 1 || !strings.Contains(errs.String(), "m.bin was changed") {
			t.Errorf("%s: exit %d: %s", how, exitCode(err), errs.String())
		}
	}
}

// viewer is a room.Viewer that keeps what it hears.
type viewer struct {
	frames   chan []byte
	problems chan *sim.Problem
}

func newViewer() *viewer {
	return &viewer{make(chan []byte, 1000), make(chan *sim.Problem, 100)}
}

func (v *viewer) Frame(f *room.Encoded)  { v.frames <- f.Data }
func (v *viewer) Problem(p *sim.Problem) { v.problems <- p }
func (v *viewer) Loading([]byte)         {}

// TestARoomWhoseFileChanges: its viewer is told and is shown nothing that would follow from other
// weights, another room notices nothing, and when the file is whole again the same room runs it.
func TestARoomWhoseFileChanges(t *testing.T) {
	for how, change := range harm {
		t.Run(how, func(t *testing.T) { roomWhoseFileChanges(t, change) })
	}
}

func roomWhoseFileChanges(t *testing.T, change func(path string) error) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.bin")
	mappedBin(t, path, 1)
	modelsDir = dir
	t.Cleanup(func() { modelsDir = "" })
	lib := newLibrary(io.Discard)
	one, two := room.New(t.Context(), lib), room.New(t.Context(), lib)
	defer one.Close()
	defer two.Close()
	v, other := newViewer(), newViewer()
	wait := func(v *viewer) *sim.Problem {
		t.Helper()
		select {
		case <-v.frames:
			return nil
		case p := <-v.problems:
			return p
		case <-time.After(time.Minute):
			t.Fatal("nothing comes")
			return nil
		}
	}
	one.Do(v, wire.Command{Cmd: "open", Link: "?model=m&tokens=1,5,9&new=8"})
	two.Do(other, wire.Command{Cmd: "open", Link: "?prompt=Once+upon+a+time"})
	for range 2 { // the first frame, and that of one layer
		if p := wait(v); p != nil {
			t.Fatal(p)
		}
		one.Do(v, wire.Command{Cmd: "forward", By: "layer"})
	}
	if p := wait(v); p != nil {
		t.Fatal(p)
	}
	if err := change(path); err != nil {
		t.Fatal(err)
	}
	one.Do(v, wire.Command{Cmd: "forward", By: "layer"})
	for range 2 { // the step cannot be taken, nor can the moment before it be derived any more
		p := wait(v)
		for p == nil { // frames that were sent before
			p = wait(v)
		}
		wantChanged(t, p)
	}
	two.Do(other, wire.Command{Cmd: "forward", By: "token"})
	if p := wait(other); p != nil {
		t.Errorf("the other room hears %v", p)
	}
	mappedBin(t, path, 1)
	rec := recipe.Complete(sim.Recipe{Model: "m", Tokens: []int{1, 5, 9}, MaxNew: 8})
	for len(v.frames) > 0 {
		<-v.frames
	}
	one.Do(v, wire.Command{Cmd: "run", Recipe: &rec})
	one.Do(v, wire.Command{Cmd: "seek", Step: 9})
	for range 2 {
		if p := wait(v); p != nil {
			t.Errorf("when the file is whole again: %v", p)
		}
	}
}

// TestWhatIsNoFile: pipes, devices, folders and links that lead round are refused at
// once, wherever a file is named.
func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	whole := path("m.bin")
	mappedBin(t, whole, 1)
	for _, name := range []string{"pipe.bin", "pipe.json", "pipe.csv.part", "folder/config.json", "words/tokenizer.json", "world/world.json", "index/model.safetensors.index.json", "gpt2/vocab.json", "generation/generation_config.json", "start/tokenizer_config.json"} {
		_ = os.MkdirAll(filepath.Dir(path(name)), 0o700)
		if err := syscall.Mkfifo(path(name), 0o600); err != nil {
			t.Skip("skipped: no pipes here:", err)
		}
	}
	for _, name := range []string{"words", "world", "index", "generation", "start"} {
		if err := os.CopyFS(path(name), os.DirFS("../../sim/checkpoint/models/story")); err != nil && !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
		for _, file := range []string{"config.json", "tokenizer.json", "model.safetensors"} {
			data, err := os.ReadFile("../../sim/checkpoint/models/story/" + file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(path(name + "/" + file)); err != nil {
				if err := os.WriteFile(path(name+"/"+file), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := os.Remove(path("index/model.safetensors")); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile("../../sim/run/testdata/families/gpt2/" + file)
		if err == nil {
			err = os.WriteFile(path("gpt2/"+file), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path("gpt2/merges.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"round.bin": "round.bin", "round.json": "round.json", "zero.bin": "/dev/zero", "zero.json": "/dev/zero", "zero.csv": "/dev/zero"} {
		if err := os.Symlink(to, path(link)); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Mkdir(path("x.bin"), 0o700)
	_ = os.Mkdir(path("x.json"), 0o700)
	for _, args := range [][]string{
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "pipe.bin"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "zero.bin"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "round.bin"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "x.bin"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "m.bin", "--tokenizer", "pipe.bin"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "m.bin", "--tokenizer", "zero.bin"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "m.bin", "--tokenizer", "x.bin"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "folder"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "words"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "world"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "index"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "gpt2"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "generation"},
		{"trace", "--tokens", "1", "--max-new", "1", "--model", "start"},
		{"cost", "--model", "pipe.json"},
		{"cost", "--model", "zero.json"},
		{"cost", "--model", "round.json"},
		{"cost", "--model", "x.json"},
		{"cost", "--model", "folder"},
		{"cost", "--model", "pipe.bin"},
		{"cost", "--model", "zero.bin"},
		{"bench", "--model", "zero.bin"},
		{"serve", "--model", "pipe.bin", "--no-open", "--addr", "127.0.0.1:0"},
		{"sweep", "--lengths", "1", "--repeats", "1", "--out", "pipe.csv"},
		{"plot", "time", "--data", "pipe.json", "--out", "x.svg"},
		{"plot", "time", "--data", "zero.csv", "--out", "x.svg"},
	} {
		for i, a := range args {
			if i > 0 && (strings.Contains(a, ".") && !strings.Contains(a, ":") || i > 1 && args[i-1] == "--model") {
				args[i] = path(a)
			}
		}
		if _, err := os.Lstat(path("start/tokenizer.json")); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		go func() {
			defer close(done)
			code, _, stderr := command(t, args...)
			if code == 0 || stderr == "" {
				t.Errorf("%v: exit %d, %s", args, code, stderr)
			}
		}()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatalf("%v hangs", args)
		}
		if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 512<<20 {
			t.Errorf("%v: %d bytes are read", args, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

// TestSizesBeforeReading: a file that cannot be mapped is read only if its size is what it
// says, and one that does not tell its size only to a limit.
func TestSizesBeforeReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.bin")
	mappedBin(t, path, 1)
	f, info, err := openRegular(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := readAll2c(f, info, path); err != nil || !bytes.Equal(data, whole) {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if err := os.Truncate(path, 10<<30); err != nil { // sparse
		t.Skip("skipped: no sparse files here:", err)
	}
	g, info, err := openRegular(path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	var p *sim.Problem
	if _, err := readAll2c(g, info, path); !errors.As(err, &p) || p.ID != "checkpoint.long" {
		t.Errorf("10 GiB: %v", err)
	}
	if _, err := readRegular(path, 1<<20); !errors.As(err, &p) || p.ID != "file.large" {
		t.Errorf("10 GiB: %v", err)
	}
	if data, err := readRegular("/proc/self/status", 1<<20); err != nil || len(data) == 0 {
		t.Errorf("a file that does not tell its size: %d bytes, %v", len(data), err)
	}
	if _, err := readRegular("/proc/self/status", 10); !errors.As(err, &p) || p.ID != "file.large" {
		t.Errorf("a file that does not tell its size: %v", err)
	}
}

// TestAFileThatIsShortenedWhileItIsRead: the model is refused, and no mapping stays.
func TestAFileThatIsShortenedWhileItIsRead(t *testing.T) {
	dir := t.TempDir()
	c, err := library.Open("story")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	x := c.Model.Config
	config := `{"model_type":"llama","hidden_size":512,"intermediate_size":1024,"num_hidden_layers":2,"num_attention_heads":4,"vocab_size":8192,"max_position_embeddings":64,"tie_word_embeddings":true,"hidden_act":"silu","bos_token_id":0,"eos_token_id":0}`
	x.Dim, x.FFN, x.Layers, x.Heads, x.KVHeads, x.HeadDim, x.Vocab = 512, 1024, 2, 4, 4, 128, 8192
	file := checkpoint.File{}
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		data := make([]byte, 0, 4*n)
		for range n {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(r.Float64()/8)))
		}
		file.Tensors = append(file.Tensors, checkpoint.Tensor{Name: name + ".weight", DType: "F32", Shape: shape, Data: data})
	}
	add("model.embed_tokens", x.Vocab, x.Dim)
	for i := range x.Layers {
		in := "model.layers." + strconv.Itoa(i) + "."
		add(in+"input_layernorm", x.Dim)
		add(in+"post_attention_layernorm", x.Dim)
		for _, p := range []string{"q", "k", "v", "o"} {
			add(in+"self_attn."+p+"_proj", x.Dim, x.Dim)
		}
		add(in+"mlp.gate_proj", x.FFN, x.Dim)
		add(in+"mlp.up_proj", x.FFN, x.Dim)
		add(in+"mlp.down_proj", x.Dim, x.FFN)
	}
	add("model.norm", x.Dim)
	path := filepath.Join(dir, "model.safetensors")
	whole := checkpoint.AppendSafetensors(nil, file)
	for name, data := range map[string][]byte{"model.safetensors": whole, "config.json": []byte(config)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := openFolder("m", dir, io.Discard, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	first := true
	_, err = openFolder("m", dir, io.Discard, func(done, _ int64) {
		if first {
			first = false
			if err := os.Truncate(path, 1<<16); err != nil {
				t.Error(err)
			}
		}
	})
	var p *sim.Problem
	if !errors.As(err, &p) || p.ID != "checkpoint.file" && p.ID != "model.changed" {
		t.Errorf("it says %v", err)
	}
	if n, size := mappings(t, dir); n > 0 {
		t.Errorf("%d bytes stay mapped", size)
	}
}
