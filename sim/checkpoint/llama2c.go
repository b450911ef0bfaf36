package checkpoint

import (
	"encoding/binary"
	"math"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// The first format of llama2.c (export.py, legacy_export; run.c, memory_map_weights):
//
//	7 int32   dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len;
//	          vocab_size is negative when the output head is not tied
//	float32   each kind for all layers in turn: embedding, attention norms, wq, wk, wv, wo,
//	          MLP norms, w1 (gate), w2 (down), w3 (up), final norm,
//	          freq_cis_real and freq_cis_imag (seq_len x head_dim/2 each, no longer used),
//	          the head when it is not tied
//
// Everything is little-endian; matrices are [out, in], row-major.

const llama2cHeader = 7 * 4 // bytes

// LoadLlama2c reads a llama2.c checkpoint, version 0. The weights are copied
// out of data. Errors are *sim.Problem "checkpoint.*" or "config.*", with File
// "llama2.c"; a caller that knows the path may put it there.
func LoadLlama2c(data []byte) (sim.Config, sim.Weights, error) {
	const file = "llama2.c"
	c, err := llama2cConfig(file, data)
	if err != nil {
		return c, sim.Weights{}, err
	}
	// Below 2^20 each, 2^24 for vocab, 2^12 for layers: no product overflows.
	d, q, kv, ffn := int64(c.Dim), int64(c.QDim()), int64(c.KVDim()), int64(c.FFN)
	// Floats of one layer: two norms, wq and wo, wk and wv, w1 w2 w3.
	perLayer := 2*d + 2*q*d + 2*kv*d + 3*ffn*d
	floats := int64(c.Vocab)*d + int64(c.Layers)*perLayer + d + int64(c.Context)*int64(c.HeadDim)
	if !c.Tied {
		floats += int64(c.Vocab) * d
	}
	want, have := llama2cHeader+4*floats, int64(len(data))
	if have > want {
		return c, sim.Weights{}, problem("checkpoint.long", file, "Want", want, "Have", have)
	}
	r := &floatReader{file: file, data: data, at: llama2cHeader, want: want}
	w := r.weights(c)
	return c, w, r.err
}

// llama2cConfig reads and checks the seven numbers.
func llama2cConfig(file string, data []byte) (sim.Config, error) {
	if len(data) < llama2cHeader {
		return sim.Config{}, problem("checkpoint.truncated", file, "Tensor", "header", "Want", llama2cHeader, "Have", len(data))
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

// weights reads all tensors in the order of the file.
func (r *floatReader) weights(c sim.Config) sim.Weights {
	n, d := c.Layers, c.Dim
	embed := r.matrices("token_embedding", 1, c.Vocab, d) // [vocab, dim]
	attnNorm := r.matrices("rms_att", n, 1, d)            // layers x [dim]
	q := r.matrices("wq", n, c.QDim(), d)                 // layers x [heads*head_dim, dim]
	k := r.matrices("wk", n, c.KVDim(), d)                // layers x [kv_heads*head_dim, dim]
	v := r.matrices("wv", n, c.KVDim(), d)                // layers x [kv_heads*head_dim, dim]
	o := r.matrices("wo", n, d, c.QDim())                 // layers x [dim, heads*head_dim]
	mlpNorm := r.matrices("rms_ffn", n, 1, d)             // layers x [dim]
	gate := r.matrices("w1", n, c.FFN, d)                 // layers x [ffn, dim]
	down := r.matrices("w2", n, d, c.FFN)                 // layers x [dim, ffn]
	up := r.matrices("w3", n, c.FFN, d)                   // layers x [ffn, dim]
	final := r.matrices("rms_final", 1, 1, d)             // [dim]
	r.skip("freq_cis", int64(c.Context)*int64(c.HeadDim)) // real and imaginary, head_dim/2 each
	head := embed
	if !c.Tied {
		head = r.matrices("wcls", 1, c.Vocab, d)
	}
	if r.err != nil {
		return sim.Weights{}
	}
	w := sim.Weights{Embed: embed[0], FinalNorm: final[0].Row(0), Head: head[0]}
	for i := range n {
		w.Layers = append(w.Layers, sim.LayerWeights{
			AttnNorm: attnNorm[i].Row(0), Q: q[i], K: k[i], V: v[i], O: o[i],
			MLPNorm: mlpNorm[i].Row(0), Gate: gate[i], Up: up[i], Down: down[i],
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
	x := make([]float32, n*rows*cols)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.data[from+4*i:]))
	}
	if r.err = finite(r.file, tensor, x); r.err != nil {
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
