package checkpoint

import (
	"encoding/binary"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// The formats of llama2.c with float32 numbers (export.py, legacy_export and
// version1_export; run.c, memory_map_weights). Both begin their numbers with
//
//	7 int32   dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len
//
// Version 0 has these at byte 0; vocab_size is negative when the output head is not
// tied. Then, each kind for all layers in turn: embedding, attention norms, wq, wk,
// wv, wo, MLP norms, w1 (gate), w2 (down), w3 (up), final norm, freq_cis_real and
// freq_cis_imag (seq_len x head_dim/2 each, no longer used), the head when it is
// not tied.
//
// Version 1 has "24ka" (0x616b3432), an int32 1, the seven numbers, a byte that is 1
// when the head is tied, zeros up to byte 256. Then: attention norms, MLP norms,
// final norm, embedding, wq, wk, wv, wo, w1, w2, w3, the head when it is not tied.
//
// Everything is little-endian; matrices are [out, in], row-major.

const (
	headerV0Size    = 7 * 4      // bytes
	llama2cMagic    = 0x616b3432 // "ak42"
	llama2cHeaderV1 = 256        // bytes
)

// LoadLlama2c reads a llama2.c checkpoint, version 0 or 1. The weights are used
// where they stand in data if they can be: data must stay as it is. Errors are
// *sim.Problem "checkpoint.*" or "config.*", with File "llama2.c"; a caller that
// knows the path may put it there.
func LoadLlama2c(data []byte) (sim.Config, sim.Weights, error) {
	const file = "llama2.c"
	c, at, v1, err := llama2cShape(file, data)
	if err != nil {
		return c, sim.Weights{}, err
	}
	want, have := fileSize(c, at, v1), int64(len(data))
	if have > want {
		return c, sim.Weights{}, problem("checkpoint.long", file, "Want", want, "Have", have)
	}
	r := &floatReader{file: file, data: data, at: at, want: want}
	if v1 {
		w := r.weightsV1(c)
		return c, w, r.err
	}
	w := r.weights(c)
	return c, w, r.err
}

// Llama2cSize returns how many bytes a checkpoint with these first bytes has, if it has so
// many; else it is refused before the rest is read.
func Llama2cSize(data []byte, have int64) (int64, error) {
	const file = "llama2.c"
	c, at, v1, err := llama2cShape(file, data)
	if err != nil {
		return 0, err
	}
	switch want := fileSize(c, at, v1); {
	case have > want:
		return 0, problem("checkpoint.long", file, "Want", want, "Have", have)
	case have < want:
		return 0, problem("checkpoint.truncated", file, "Tensor", "header", "Want", want, "Have", have)
	case want > maxWeights:
		return 0, problem("checkpoint.large", file, "Have", have, "Max", int64(maxWeights))
	default:
		return want, nil
	}
}

// fileSize returns the bytes of a checkpoint whose numbers begin at byte at.
func fileSize(c sim.Config, at int, v1 bool) int64 {
	// Below 2^20 each, 2^24 for vocab, 2^12 for layers: no product overflows.
	d, q, kv, ffn := int64(c.Dim), int64(c.QDim()), int64(c.KVDim()), int64(c.FFN)
	// Floats of one layer: two norms, wq and wo, wk and wv, w1 w2 w3.
	perLayer := 2*d + 2*q*d + 2*kv*d + 3*ffn*d
	floats := int64(c.Vocab)*d + int64(c.Layers)*perLayer + d
	if !v1 {
		floats += int64(c.Context) * int64(c.HeadDim)
	}
	if !c.Tied {
		floats += int64(c.Vocab) * d
	}
	return int64(at) + 4*floats
}

// Llama2cHeader is how many bytes Llama2cConfig needs, or all of a smaller file.
const Llama2cHeader = llama2cHeaderV1

// Llama2cConfig returns the shape that a llama2.c checkpoint has, from its first bytes.
func Llama2cConfig(data []byte) (sim.Config, error) {
	c, _, _, err := llama2cShape("llama2.c", data)
	return c, err
}

// llama2cShape reads and checks the header. The weights begin at byte at.
func llama2cShape(file string, data []byte) (c sim.Config, at int, v1 bool, err error) {
	header := data
	if v1 = len(data) >= 4 && binary.LittleEndian.Uint32(data) == llama2cMagic; v1 {
		if len(data) < llama2cHeaderV1 {
			return c, 0, v1, problem("checkpoint.truncated", file, "Tensor", "header", "Want", llama2cHeaderV1, "Have", len(data))
		}
		if version := int32(binary.LittleEndian.Uint32(data[4:])); version != 1 { // 2 is int8
			return c, 0, v1, problem("config.unsupported", file, "Field", "version", "Have", version)
		}
		header = data[8:]
	}
	if c, err = configFrom(file, header); err != nil || !v1 {
		return c, headerV0Size, v1, err
	}
	return c, llama2cHeaderV1, v1, llama2cV1Rest(file, data, &c)
}

// llama2cV1Rest reads what version 1 has behind the seven numbers.
func llama2cV1Rest(file string, data []byte, c *sim.Config) error {
	rest := data[8+headerV0Size : llama2cHeaderV1]
	if rest[0] > 1 {
		return problem("config.range", file, "Field", "shared_classifier", "Have", rest[0], "Min", 0, "Max", 1)
	}
	if !c.Tied { // the sign is version 0's way of saying it
		return problem("config.range", file, "Field", "vocab_size", "Have", -c.Vocab, "Min", 1, "Max", maxVocab)
	}
	c.Tied = rest[0] == 1
	for i, b := range rest[1:] {
		if b != 0 {
			return problem("checkpoint.header", file, "Offset", 8+headerV0Size+1+i)
		}
	}
	return nil
}

// configFrom reads and checks the seven numbers.
func configFrom(file string, data []byte) (sim.Config, error) {
	if len(data) < headerV0Size {
		return sim.Config{}, problem("checkpoint.truncated", file, "Tensor", "header", "Want", headerV0Size, "Have", len(data))
	}
	number := func(i int) int { return int(int32(binary.LittleEndian.Uint32(data[4*i:]))) }
	c := sim.Config{
		Family: "llama", Dim: number(0), FFN: number(1), Layers: number(2), Heads: number(3),
		KVHeads: number(4), Vocab: number(5), Context: number(6), Tied: true,
		NormEps: 1e-5, RopeBase: 10000, RopeInterleaved: true, BOS: 1, EOS: 2,
	}
	if c.Vocab < 0 { // run.c: "hacky way of signaling unshared weights"
		c.Vocab, c.Tied = -c.Vocab, false
	}
	if c.Heads > 0 {
		if c.Dim%c.Heads != 0 {
			return c, problem("config.divide", file, "Field", "dim", "Have", c.Dim, "By", "n_heads", "ByHave", c.Heads)
		}
		c.HeadDim = c.Dim / c.Heads
	}
	if err := checkConfig(file, c, llama2cNames); err != nil {
		return c, err
	}
	if c.Vocab <= c.EOS { // BOS 1 and EOS 2 are fixed in run.c
		return c, problem("config.range", file, "Field", "vocab_size", "Have", c.Vocab, "Min", c.EOS+1, "Max", maxVocab)
	}
	return c, nil
}

// floatReader takes float32 tensors from a file one after the other. The first
// thing that is wrong stays in err; after it, tensors come back empty.
type floatReader struct {
	file string
	data []byte
	at   int   // next byte
	want int64 // bytes that the whole file should have
	err  error
}

// byKind are the tensors as the files have them: each kind for all layers.
type byKind struct {
	embed, attnNorm, q, k, v, o, mlpNorm, gate, down, up, final, head []mat.Matrix
}

// weights reads all tensors in the order of version 0.
func (r *floatReader) weights(c sim.Config) sim.Weights {
	n, d := c.Layers, c.Dim
	var x byKind
	x.embed = r.matrices("token_embedding", 1, c.Vocab, d) // [vocab, dim]
	x.attnNorm = r.matrices("rms_att", n, 1, d)            // layers x [dim]
	x.q = r.matrices("wq", n, c.QDim(), d)                 // layers x [heads*head_dim, dim]
	x.k = r.matrices("wk", n, c.KVDim(), d)                // layers x [kv_heads*head_dim, dim]
	x.v = r.matrices("wv", n, c.KVDim(), d)                // layers x [kv_heads*head_dim, dim]
	x.o = r.matrices("wo", n, d, c.QDim())                 // layers x [dim, heads*head_dim]
	x.mlpNorm = r.matrices("rms_ffn", n, 1, d)             // layers x [dim]
	x.gate = r.matrices("w1", n, c.FFN, d)                 // layers x [ffn, dim]
	x.down = r.matrices("w2", n, d, c.FFN)                 // layers x [dim, ffn]
	x.up = r.matrices("w3", n, c.FFN, d)                   // layers x [ffn, dim]
	x.final = r.matrices("rms_final", 1, 1, d)             // [dim]
	r.skip("freq_cis", int64(c.Context)*int64(c.HeadDim))  // real and imaginary, head_dim/2 each
	x.head = x.embed
	if !c.Tied {
		x.head = r.matrices("wcls", 1, c.Vocab, d)
	}
	return r.join(c, x)
}

// weightsV1 reads all tensors in the order of version 1.
func (r *floatReader) weightsV1(c sim.Config) sim.Weights {
	n, d := c.Layers, c.Dim
	var x byKind
	x.attnNorm = r.matrices("attention_norm", n, 1, d)
	x.mlpNorm = r.matrices("ffn_norm", n, 1, d)
	x.final = r.matrices("norm", 1, 1, d)
	x.embed = r.matrices("tok_embeddings", 1, c.Vocab, d)
	x.q = r.matrices("wq", n, c.QDim(), d)
	x.k = r.matrices("wk", n, c.KVDim(), d)
	x.v = r.matrices("wv", n, c.KVDim(), d)
	x.o = r.matrices("wo", n, d, c.QDim())
	x.gate = r.matrices("w1", n, c.FFN, d)
	x.down = r.matrices("w2", n, d, c.FFN)
	x.up = r.matrices("w3", n, c.FFN, d)
	x.head = x.embed
	if !c.Tied {
		x.head = r.matrices("output", 1, c.Vocab, d)
	}
	return r.join(c, x)
}

// join makes layers of what the file has by kind.
func (r *floatReader) join(c sim.Config, x byKind) sim.Weights {
	if r.err != nil {
		return sim.Weights{}
	}
	w := sim.Weights{Embed: x.embed[0], FinalNorm: x.final[0].Row(0), Unembed: x.head[0]}
	for i := range c.Layers {
		w.Layers = append(w.Layers, sim.LayerWeights{
			AttnNorm: x.attnNorm[i].Row(0), Q: x.q[i], K: x.k[i], V: x.v[i], O: x.o[i],
			MLPNorm: x.mlpNorm[i].Row(0), Gate: x.gate[i], Up: x.up[i], Down: x.down[i],
		})
	}
	return w
}

// matrices reads n matrices of rows x cols, one kind for all layers.
func (r *floatReader) matrices(tensor string, n, rows, cols int) []mat.Matrix {
	from := r.at
	// skip first: nothing is allocated for numbers that are not there.
	if !r.skip(tensor, int64(n)*int64(rows)*int64(cols)) {
		return nil
	}
	x, ok := mat.ViewF32(r.data[from:r.at])
	if !ok {
		x = make([]float32, n*rows*cols)
		widen(x, "F32", r.data[from:r.at])
	}
	if r.err = finite(r.file, tensor, x, 0); r.err != nil {
		return nil
	}
	list := make([]mat.Matrix, n)
	for i := range list {
		list[i] = mat.Of(rows, cols, x[i*rows*cols:(i+1)*rows*cols])
	}
	return list
}

// skip passes over n floats, and reports whether the file has them.
func (r *floatReader) skip(tensor string, n int64) bool {
	if r.err != nil {
		return false
	}
	if n > int64(len(r.data)-r.at)/4 {
		r.err = problem("checkpoint.truncated", r.file, "Tensor", tensor, "Want", r.want, "Have", len(r.data))
		return false
	}
	r.at += int(4 * n)
	return true
}
