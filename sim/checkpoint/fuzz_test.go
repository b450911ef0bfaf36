package checkpoint

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/fstest"
)

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
			wantProblem(t, err, "")
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
		file, err := ReadSafetensors(blob(header, size&0xffff))
		if err != nil {
			wantProblem(t, err, "")
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
	f.Fuzz(func(t *testing.T, data []byte) {
		c, w, err := LoadLlama2c(data)
		if err != nil {
			wantProblem(t, err, "")
			return
		}
		n := c.Vocab*c.Dim + c.Dim + c.Context*c.HeadDim
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
		if 28+4*n != len(data) {
			t.Fatalf("%d bytes loaded as %d: %+v", len(data), 28+4*n, c)
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
	weights := AppendSafetensors(nil, File{Tensors: tinyTensors("F16")})
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := parseConfig("config.json", text)
		if err != nil {
			wantProblem(t, err, "")
			return
		}
		if c.Heads%c.KVHeads != 0 || !c.NoPE && c.HeadDim%2 != 0 || c.Dim < 1 || c.BOS >= c.Vocab || c.EOS >= c.Vocab {
			t.Fatalf("impossible: %+v", c)
		}
		_, _, _, err = LoadFolder(fstest.MapFS{"config.json": {Data: text}, "model.safetensors": {Data: weights}})
		if err != nil {
			wantProblem(t, err, "")
		} else if c.Dim != 8 || c.Layers != 2 || c.QDim() != 24 || c.KVDim() != 12 || c.FFN != 10 || c.Vocab != 12 || c.Tied {
			t.Fatalf("loaded weights of another shape: %+v", c)
		}
	})
}
