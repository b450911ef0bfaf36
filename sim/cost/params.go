package cost

import "kvstep/sim"

// Params returns Of(c).Params.
func Params(c sim.Config) int64 { return Of(c).Params() }

// WeightBytes returns the size of all parameters of c at bytesPer bytes each.
func WeightBytes(c sim.Config, bytesPer int) int64 {
	return Of(c).Wide(8*bytesPer, 32).WeightBytes()
}

// KVBytesPerToken returns Of(c).KVBytesPerToken at bytesPer bytes a number.
func KVBytesPerToken(c sim.Config, bytesPer int) int64 {
	return Of(c).Wide(32, 8*bytesPer).KVBytesPerToken()
}

// Params returns the number of parameters, the embedding counted once if it is
// also the head.
func (s Shape) Params() int64 { return s.countParams(s.MoE.Experts) }

// ActiveParams returns how many of them one token meets: all but the experts that
// it does not go to.
func (s Shape) ActiveParams() int64 { return s.countParams(s.MoE.Active) }

// LayerParams returns the parameters of all layers and of the final norm: without
// the embeddings, the table of positions and the head.
func (s Shape) LayerParams() int64 {
	table := times(int64(s.Vocab), int64(s.Dim))
	if !s.Tied {
		table *= 2
	}
	return s.Params() - table - times(int64(s.Positions), int64(s.Dim))
}

// countParams counts some of the experts. A pass reads all weights but the tables
// that it only looks tokens and positions up in.
func (s Shape) countParams(experts int) int64 {
	z := s.sizes()
	n := s.headPrice()[perPass].allWeights() + int64(s.Positions)*z.d
	if !s.Tied {
		n += z.v * z.d
	}
	for _, g := range s.groups() {
		p := s.price(g.half)
		n += g.layers * (p[perPass].allWeights() + int64(experts)*p[perExpert].allWeights())
	}
	return n
}

func (i item) allWeights() (n int64) {
	for _, w := range i.weights {
		n += w
	}
	return n
}

// WeightBytes returns the size of all parameters. One pass reads less: of the
// tables of embeddings and positions only the rows of its tokens
// (Counters.WeightBytes leaves them out), unless the table is the head.
func (s Shape) WeightBytes() int64 { return inBytes(s.Params(), s.Bits) }

// KVBytesPerToken returns what one token adds to the cache: 2 L kv b, or with a
// latent L (c+r) b. It depends on neither the query heads, nor the MLP, nor the
// vocabulary. A layer with a full window adds nothing any more.
func (s Shape) KVBytesPerToken() int64 {
	return inBytes(times(int64(s.Layers), s.kvPrice()), s.KVBits)
}

// kvPrice returns the numbers that one layer caches for one token.
func (s Shape) kvPrice() int64 {
	if s.MLA.KVRank > 0 {
		return int64(s.MLA.KVRank) + int64(s.MLA.Rope)
	}
	return 2 * int64(s.KVHeads) * int64(s.HeadDim)
}
