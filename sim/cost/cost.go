// Package cost counts what a forward pass pays, FLOPs and bytes, from shapes
// alone. Nothing here runs a model, and nothing here is an estimate: a slow
// model in the tests increments a counter beside every scalar operation, and
// both agree to the last digit.
//
// The letters are those of the formulas everywhere in kvstep:
//
//	d  width of the residual stream     H  query heads       F  hidden width of the MLP
//	q  H x head_dim                     G  key/value heads   V  vocabulary
//	kv G x head_dim                     L  layers            b  bytes per number
//
//	m  rows: new tokens of this pass    s  tokens already in the cache
//	P  (query, key) pairs               r  rows that get logits
//
// work.go has what a pass amounts to (m, P, r), price.go what one row or one
// pair costs in a model; the counts are their products. They are int64 for one
// pass (Layer, Head, Pass: what the engine pays as it goes), and of any size for
// a whole generation (Count). roofline.go models the time on a device.
package cost

import "kvstep/sim"

// Switches say what a number counts; a number without them means nothing. The
// same pass of GPT-2 over 1,024 tokens is 292, 272, 136 or 97 billion by them.
type Switches struct {
	Unit   string `json:"unit"`   // "flop", or "mac": one multiply-add is 2 FLOPs but 1 MAC
	Pairs  string `json:"pairs"`  // "allowed" by the causal mask, or "dense": the masked ones too
	Logits string `json:"logits"` // "last" row only, or "all" rows
	Scope  string `json:"scope"`  // "matmul", or "matmul+elementwise": what Headline adds up
}

// Default returns what the engine really does.
func Default() Switches {
	return Switches{Unit: "flop", Pairs: "allowed", Logits: "last", Scope: "matmul"}
}

// Layer returns Of(c).Layer.
func Layer(c sim.Config, layer, rows, cached int, sw Switches) sim.Counters {
	return Of(c).Layer(layer, rows, cached, sw)
}

// Unembed returns Of(c).Unembed.
func Unembed(c sim.Config, rows, cached int, sw Switches) sim.Counters {
	return Of(c).Unembed(rows, cached, sw)
}

// Pass returns Of(c).Pass.
func Pass(c sim.Config, rows, cached int, sw Switches) sim.Counters {
	return Of(c).Pass(rows, cached, sw)
}

// Layer counts one decoder layer of the cached lane: rows new tokens, cached
// tokens before them. The cache levels are those after this layer's append:
// layers 0..layer hold cached+rows tokens, later ones still hold cached.
func (s Shape) Layer(layer, rows, cached int, sw Switches) sim.Counters {
	return s.LayerOf(layer, []Span{{rows, cached}}, sw)
}

// Span is what one sequence has in a pass: rows new tokens, and cached before them.
type Span struct{ Rows, Cached int }

// LayerOf counts what Layer does, in a pass over several sequences. Their work adds up; weights
// are read once for all of them.
func (s Shape) LayerOf(layer int, spans []Span, sw Switches) sim.Counters {
	return s.filled(s.workOf(layer, spans, sw), layer, spans)
}

// LayersOf appends LayerOf of every layer to all. Layers that are made alike are
// worked out once.
func (s Shape) LayersOf(all []sim.Counters, spans []Span, sw Switches) []sim.Counters {
	var work sim.Counters
	for l := range s.Layers {
		if l < 2 || s.layerHalves(l) != s.layerHalves(l-1) { // the first one has the embeddings too
			work = s.workOf(l, spans, sw)
		}
		all = append(all, s.filled(work, l, spans))
	}
	return all
}

// workOf counts LayerOf without the levels of the cache.
func (s Shape) workOf(layer int, spans []Span, sw Switches) sim.Counters {
	var c sim.Counters
	for i, x := range spans {
		for _, g := range s.layerHalves(layer) {
			c = Add(c, s.counters(s.price(g.half), 1, s.passWork(x.Rows, x.Cached, g, sw).after(i), sw))
		}
		if layer == 0 {
			c = Add(c, s.counters(s.entryPrice(), 1, PassWork(x.Rows, x.Cached, sw).after(i), sw))
		}
	}
	return c
}

// filled returns c with the levels of the cache after a layer.
func (s Shape) filled(c sim.Counters, layer int, spans []Span) sim.Counters {
	held, tokens := int64(0), int64(0)
	for _, x := range spans {
		before, now := int64(x.Cached), int64(x.Cached)+int64(x.Rows)
		for l := range s.Layers {
			if l <= layer {
				held = plus(held, s.keeps(l, now))
			} else {
				held = plus(held, s.keeps(l, before))
			}
		}
		tokens = plus(tokens, s.keeps(layer, now))
	}
	c.KVTokens, c.KVBytes = tokens, inBytes(times(held, s.kvPrice()), s.KVBits)
	return c
}

// after returns the work of sequence i of a pass: the first one pays for the pass.
func (w Work) after(i int) Work {
	if i > 0 {
		w.Passes = 0
	}
	return w
}

// Unembed counts the last part of a pass: the final norm of every row, and the
// logits of the last row (or of all). It does not touch the cache.
func (s Shape) Unembed(rows, cached int, sw Switches) sim.Counters {
	return s.UnembedOf([]Span{{rows, cached}}, 1, sw)
}

// UnembedOf counts Unembed in a pass over several sequences in which n rows get logits,
// such as the last one of each, or those of proposals; switched to all rows it
// counts all.
func (s Shape) UnembedOf(spans []Span, n int, sw Switches) sim.Counters {
	var c sim.Counters
	held, tokens := int64(0), int64(0)
	for i, x := range spans {
		w := PassWork(x.Rows, x.Cached, sw).after(i)
		if sw.Logits != "all" {
			w.Logits = 0
			if i == 0 {
				w.Logits = int64(n)
			}
		}
		c = Add(c, s.counters(s.headPrice(), 1, w, sw))
		s.hold(&c, int64(x.Cached)+int64(x.Rows))
		held, tokens = plus(held, c.KVBytes), plus(tokens, c.KVTokens)
	}
	c.KVBytes, c.KVTokens = held, tokens
	return c
}

// Pass counts a whole forward pass of the cached lane: every layer and the head.
func (s Shape) Pass(rows, cached int, sw Switches) sim.Counters {
	w := PassWork(rows, cached, sw)
	c := Add(s.counters(s.entryPrice(), 1, w, sw), s.counters(s.headPrice(), 1, w, sw))
	for _, g := range s.groups() {
		c = Add(c, s.counters(s.price(g.half), g.layers, s.passWork(rows, cached, g, sw), sw))
	}
	s.hold(&c, int64(cached)+int64(rows))
	return c
}

// hold sets the levels: every layer has seen tokens positions.
func (s Shape) hold(c *sim.Counters, tokens int64) {
	local := s.keeps(0, tokens)
	held := plus(times(int64(s.Local), local), times(int64(s.Layers-s.Local), tokens))
	c.KVTokens = s.keeps(s.Layers-1, tokens)
	c.KVBytes = inBytes(times(held, s.kvPrice()), s.KVBits)
}

// keeps returns how many of the tokens it has seen a layer holds.
func (s Shape) keeps(layer int, tokens int64) int64 {
	if layer < s.Local {
		return min(tokens, int64(s.Window))
	}
	return tokens
}

// Uncached turns counters into those of the uncached lane, which runs
// Layer(l, cached+rows, 0) and Unembed(cached+rows, 0) in every pass: the same
// work and the same weights, but nothing is kept, so nothing is read back.
func Uncached(c sim.Counters) sim.Counters {
	c.KVTokens, c.KVBytes, c.KVReadBytes, c.KVWriteBytes = 0, 0, 0, 0
	return c
}

// Add returns a followed by b. Operations, traffic and seconds are flows: they add up.
// KVTokens and KVBytes are levels, what is held: the later one is what holds.
func Add(a, b sim.Counters) sim.Counters {
	f, g := a.Flops, b.Flops
	return sim.Counters{
		Flops: sim.Flops{
			QKV: plus(f.QKV, g.QKV), Scores: plus(f.Scores, g.Scores), AV: plus(f.AV, g.AV),
			Out: plus(f.Out, g.Out), MLP: plus(f.MLP, g.MLP), Head: plus(f.Head, g.Head),
		},
		Elementwise:  plus(a.Elementwise, b.Elementwise),
		KVTokens:     b.KVTokens,
		KVBytes:      b.KVBytes,
		KVReadBytes:  plus(a.KVReadBytes, b.KVReadBytes),
		KVWriteBytes: plus(a.KVWriteBytes, b.KVWriteBytes),
		WeightBytes:  plus(a.WeightBytes, b.WeightBytes),
		Seconds:      a.Seconds + b.Seconds,
		Untimed:      a.Untimed + b.Untimed,
	}
}

// Headline returns the one number to print, by the scope: all matmuls, or all
// matmuls and every other scalar operation.
func Headline(c sim.Counters, sw Switches) int64 {
	f := c.Flops
	n := plus(plus(plus(f.QKV, f.Scores), plus(f.AV, f.Out)), plus(f.MLP, f.Head))
	if sw.Scope == "matmul+elementwise" {
		n = plus(n, c.Elementwise)
	}
	return n
}
