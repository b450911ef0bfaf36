package main

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"kvstep/sim"
	"kvstep/sim/cost"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// probePeak returns how many multiplications and additions a second so many threads can do in registers
// (mat.Peak): nothing that reads its numbers from anywhere is faster.
func probePeak(threads int, fused bool) float64 {
	const rounds = 100_000
	best := 0.0
	for range 5 {
		var all sync.WaitGroup
		var done atomic.Int64
		start := time.Now()
		for range threads {
			all.Go(func() { done.Add(int64(mat.Peak(rounds, fused))) })
		}
		all.Wait()
		best = max(best, float64(done.Load())/time.Since(start).Seconds())
	}
	return best
}

// probed is larger than any cache of a processor that people have.
var probed []byte

// probeBandwidth returns how many bytes a second one thread reads from memory: the
// runtime's own search for a byte that is not there.
func probeBandwidth() float64 {
	if probed == nil {
		probed = make([]byte, 256<<20)
		for i := range probed { // so that every page has memory of its own
			probed[i] = byte(i) | 1
		}
	}
	best := 0.0
	for range 3 {
		start := time.Now()
		if bytes.IndexByte(probed, 0) >= 0 {
			return 0
		}
		best = max(best, float64(len(probed))/time.Since(start).Seconds())
	}
	return best
}

// benchShapes are models that people time engines with, beside the presets.
var benchShapes = map[string]sim.Config{
	"stories260K": {Family: "llama", Dim: 64, Layers: 5, Heads: 8, KVHeads: 4, HeadDim: 8, FFN: 172, Vocab: 512, Context: 512},
	"stories15M":  {Family: "llama", Dim: 288, Layers: 6, Heads: 6, KVHeads: 6, HeadDim: 48, FFN: 768, Vocab: 32000, Context: 256},
	"stories110M": {Family: "llama", Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, HeadDim: 64, FFN: 2048, Vocab: 32000, Context: 1024},
}

const maxRandom = 1_000_000_000 // parameters, 4 GB

// benchModel loads a model, or makes one of a known shape with random weights, of so
// many bits a number.
func benchModel(name, tokenizer string, random bool, bits int) (*library.Loaded, error) {
	if !random {
		return load(name, tokenizer)
	}
	c, ok := benchShapes[name]
	if !ok {
		s, _, err := cost.Preset(name)
		if err != nil {
			return nil, err
		}
		c = s.Config
	}
	c.NormEps, c.BOS, c.EOS = 1e-5, -1, -1
	if c.RopeBase == 0 {
		c.RopeBase, c.Tied = 10000, true
	}
	c.NoPE = c.Family == "gpt2"
	if n := cost.Params(c); n > maxRandom {
		return nil, sim.NewProblem("variants.large", "Have", n, "Max", maxRandom)
	}
	m, err := model.New(c, randomWeights(c, bits))
	if err != nil {
		return nil, err
	}
	return &library.Loaded{Name: name, Model: m}, nil
}

// randomWeights returns small numbers, always the same ones; those of matrices have so many
// bits, 32 or 16.
func randomWeights(c sim.Config, bits int) sim.Weights {
	state := uint64(1)
	next := func() float32 {
		state = state*6364136223846793005 + 1442695040888963407
		return float32(int32(state>>32)) * (0.05 / (1 << 31))
	}
	vector := func(n int) []float32 {
		x := mat.Uninit(n)
		for i := range x {
			x[i] = next()
		}
		return x
	}
	ones := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = 1
		}
		return x
	}
	matrix := func(rows, cols int) mat.Matrix {
		if bits != 16 {
			return mat.Of(rows, cols, vector(rows*cols))
		}
		words := mat.UninitHalves(rows * cols)
		for i := range words {
			words[i] = mat.F16(next())
		}
		return mat.OfHalves(rows, cols, mat.Float16, words)
	}
	w := sim.Weights{Embed: matrix(c.Vocab, c.Dim), FinalNorm: ones(c.Dim)}
	for range c.Layers {
		l := sim.LayerWeights{
			AttnNorm: ones(c.Dim), MLPNorm: ones(c.Dim), Q: matrix(c.QDim(), c.Dim), K: matrix(c.KVDim(), c.Dim), V: matrix(c.KVDim(), c.Dim),
			O: matrix(c.Dim, c.QDim()), Up: matrix(c.FFN, c.Dim), Down: matrix(c.Dim, c.FFN),
		}
		switch c.Family {
		case "gpt2":
			l.AttnBias, l.MLPBias, l.OBias, l.UpBias, l.DownBias = vector(c.Dim), vector(c.Dim), vector(c.Dim), vector(c.FFN), vector(c.Dim)
		default:
			l.Gate = matrix(c.FFN, c.Dim)
		}
		if c.Family == "gpt2" || c.Family == "qwen2" {
			l.QBias, l.KBias, l.VBias = vector(c.QDim()), vector(c.KVDim()), vector(c.KVDim())
		}
		if c.Family == "qwen3" {
			l.QNorm, l.KNorm = ones(c.HeadDim), ones(c.HeadDim)
		}
		w.Layers = append(w.Layers, l)
	}
	if c.Family == "gpt2" {
		w.FinalBias, w.Positions = vector(c.Dim), mat.Of(c.Context, c.Dim, vector(c.Context*c.Dim))
	}
	if w.Unembed = w.Embed; !c.Tied {
		w.Unembed = matrix(c.Vocab, c.Dim)
	}
	return w
}
