package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"kvstep/sim"
)

// What one input costs decides how many are tried: seeds are small, and nothing is
// made of an input, nor read beside it, before it is needed.

// refused fails unless err is a Problem. It is wantProblem without the look at the
// stack that t.Helper takes.
func refused(t *testing.T, err error) {
	if _, ok := errors.AsType[*sim.Problem](err); !ok {
		t.Fatalf("error %v (%T), want a problem", err, err)
	}
}

// weights reads the weights of a folder for a config that was read before.
func weights(fsys fs.FS, c sim.Config) (sim.Weights, error) {
	t := &tensorReader{file: weightsFile, have: map[string]*stored{}}
	_, files, err := t.open(fsys)
	for _, s := range files {
		defer s.close()
	}
	if err != nil {
		return sim.Weights{}, err
	}
	return t.weights(c)
}

// FuzzSafetensors: whatever is read reads the same after it is written again,
// and writing again gives the same bytes.
func FuzzSafetensors(f *testing.F) {
	f.Add(AppendSafetensors(nil, sample()))
	f.Add(AppendSafetensors(nil, File{Tensors: tinyTensors("F16")[:3]}))
	f.Add(blob(one("F32", "[2,2]", "[0,16]"), 16))
	f.Add(blob("{}", 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := ReadSafetensors(data)
		if err != nil {
			refused(t, err)
			return
		}
		written := AppendSafetensors(nil, *file)
		again, err := ReadSafetensors(written)
		if err != nil {
			t.Fatal(err)
		}
		if err := sameFile(*again, *file); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(AppendSafetensors(nil, *again), written) {
			t.Fatal("written twice, and different")
		}
		for _, tensor := range file.Tensors {
			if x, err := tensor.Float32s(); err == nil && len(x)*dtypeSize(tensor.DType) != len(tensor.Data) {
				t.Fatalf("%s: %d numbers of %d bytes", tensor.Name, len(x), len(tensor.Data))
			}
		}
	})
}

// FuzzHeader is FuzzSafetensors for the JSON alone, with a right length before it.
func FuzzHeader(f *testing.F) {
	data := AppendSafetensors(nil, sample())
	f.Add(string(data[8:8+int(data[0])+int(data[1])<<8]), 29)
	f.Add(one("F32", "[2,2]", "[0,16]"), 16)
	f.Add(`{"__metadata__":{"a":"\u00e9\ud83d\ude00\ud800"}}`, 0)
	f.Fuzz(func(t *testing.T, header string, size int) {
		file, err := ReadSafetensors(blob(header, size&0xfff))
		if err != nil {
			refused(t, err)
			return
		}
		if !json.Valid([]byte(header)) {
			t.Fatalf("read a header that is not JSON: %q", header)
		}
		again, err := ReadSafetensors(AppendSafetensors(nil, *file))
		if err != nil {
			t.Fatal(err)
		}
		if err := sameFile(*again, *file); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzLlama2c: a file that loads has the size that its header asks for.
func FuzzLlama2c(f *testing.F) {
	f.Add(tinyLlama2c(true))
	f.Add(tinyLlama2c(false))
	f.Add(tinyLlama2cV1(true))
	f.Add(tinyLlama2cV1(false))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, w, err := LoadLlama2c(data)
		if err != nil {
			refused(t, err)
			return
		}
		n, header := c.Vocab*c.Dim+c.Dim+c.Context*c.HeadDim, headerV0Size
		if binary.LittleEndian.Uint32(data) == llama2cMagic {
			n, header = c.Vocab*c.Dim+c.Dim, llama2cHeaderV1
		}
		if !c.Tied {
			n += c.Vocab * c.Dim
		}
		for _, l := range w.Layers {
			n += len(l.AttnNorm) + len(l.MLPNorm)
			for _, m := range []interface{ NumRows() int }{l.Q, l.K, l.V, l.O} {
				n += m.NumRows() * c.Dim // O is [dim, dim] here
			}
			n += 3 * l.Gate.NumRows() * l.Gate.NumCols()
		}
		if header+4*n != len(data) {
			t.Fatalf("%d bytes loaded as %d: %+v", len(data), header+4*n, c)
		}
	})
}

// FuzzConfig: a config is refused, or possible; and beside the tiny weights it
// loads only if it describes them.
func FuzzConfig(f *testing.F) {
	text, err := json.Marshal(tinyConfig())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	for _, name := range []string{"gpt2", "llama3", "mistral", "qwen2", "qwen3"} {
		f.Add(copyOf(f, families+name)[configFile].Data)
	}
	files := fstest.MapFS{weightsFile: {Data: AppendSafetensors(nil, File{Tensors: tinyTensors("F16")})}}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := parseConfig("config.json", text)
		if err != nil {
			refused(t, err)
			return
		}
		if c.Heads%c.KVHeads != 0 || !c.NoPE && c.HeadDim%2 != 0 || c.Dim < 1 || c.BOS >= c.Vocab || c.EOS >= c.Vocab {
			t.Fatalf("impossible: %+v", c)
		}
		if _, err = weights(files, c); err != nil {
			refused(t, err)
		} else if c.Dim != 8 || c.Layers != 2 || c.QDim() != 24 || c.KVDim() != 12 || c.FFN != 10 || c.Vocab != 12 || c.Tied {
			t.Fatalf("loaded weights of another shape: %+v", c)
		}
	})
}

// FuzzIndex: an index and its two files load as one model, or are refused; names that
// pass are names.
func FuzzIndex(f *testing.F) {
	files := sharded(f, 2)
	f.Add(string(files[indexFile].Data))
	f.Add(`{"metadata":{"a":[1,{"b":null}]},"weight_map":{"x":"../y.safetensors"}}`)
	c, err := ReadConfig(files)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := readIndex([]byte(text))
		if err != nil {
			refused(t, err)
			return
		}
		if !json.Valid([]byte(text)) && !strings.ContainsAny(text, "+-.eE0123456789nulltruefalse") {
			t.Fatalf("read an index that is not JSON: %q", text)
		}
		for _, name := range x.files {
			if strings.ContainsAny(name, `/\:`) || name == ".." {
				t.Fatalf("a path: %q", name)
			}
		}
		with := maps.Clone(files)
		with[indexFile] = &fstest.MapFile{Data: []byte(text)}
		if _, err := weights(with, c); err != nil {
			refused(t, err)
		}
	})
}

// smallGPT2 is the config and the weights of a GPT-2 of one layer in F16.
func smallGPT2() (c sim.Config, data []byte) {
	c = sim.Config{Family: "gpt2", Dim: 2, Layers: 1, Heads: 1, KVHeads: 1, HeadDim: 2, FFN: 3, Vocab: 3, Context: 2,
		NormEps: 1e-5, NoPE: true, Tied: true}
	var list []Tensor
	for _, x := range []struct {
		name  string
		shape []int
	}{
		{"wte.weight", []int{3, 2}}, {"wpe.weight", []int{2, 2}},
		{"h.0.ln_1.weight", []int{2}}, {"h.0.ln_1.bias", []int{2}},
		{"h.0.attn.c_attn.weight", []int{2, 6}}, {"h.0.attn.c_attn.bias", []int{6}},
		{"h.0.attn.c_proj.weight", []int{2, 2}}, {"h.0.attn.c_proj.bias", []int{2}},
		{"h.0.ln_2.weight", []int{2}}, {"h.0.ln_2.bias", []int{2}},
		{"h.0.mlp.c_fc.weight", []int{2, 3}}, {"h.0.mlp.c_fc.bias", []int{3}},
		{"h.0.mlp.c_proj.weight", []int{3, 2}}, {"h.0.mlp.c_proj.bias", []int{2}},
		{"ln_f.weight", []int{2}}, {"ln_f.bias", []int{2}},
	} {
		n := 2
		for _, d := range x.shape {
			n *= d
		}
		list = append(list, Tensor{Name: x.name, DType: "F16", Shape: x.shape, Data: make([]byte, n)})
	}
	return c, AppendSafetensors(nil, File{Tensors: list})
}

// FuzzGPT2: bytes of a GPT-2's weights changed, cut and added.
func FuzzGPT2(f *testing.F) {
	c, data := smallGPT2()
	if _, err := weights(fstest.MapFS{weightsFile: {Data: data}}, c); err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	keepHalves(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{weightsFile: {Data: data}}
		w, err := weights(files, c)
		x, errHalves := weights(seen{files}, c)
		if (err == nil) != (errHalves == nil) {
			t.Fatalf("widened: %v; in 16 bits: %v", err, errHalves)
		}
		if err != nil {
			refused(t, err)
			refused(t, errHalves)
			return
		}
		sameWeights(t, x, w)
		if len(w.Layers) != c.Layers || w.Layers[0].Q.NumRows() != c.Dim {
			t.Fatalf("%d layers, %d rows of Q", len(w.Layers), w.Layers[0].Q.NumRows())
		}
	})
}
