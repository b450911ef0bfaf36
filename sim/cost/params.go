package cost

import "kvstep/sim"

// Params is the number of parameters, the embedding counted once if it is
// also the head.
func Params(c sim.Config) int64 {
	s := Of(c)
	z, k := s.sizes(), families[c.Family]
	n := z.v*z.d + z.l*s.layerParams() + k.normParams(z.d)
	if !c.Tied {
		n += z.v * z.d
	}
	if !k.rope {
		n += int64(c.Context) * z.d // a learned vector for every position
	}
	return n
}

// WeightBytes is the size of all parameters at bytesPer bytes each. One pass
// reads less: of the tables of embeddings and positions only the rows of its
// tokens (Counters.WeightBytes leaves them out), unless the table is the head.
func WeightBytes(c sim.Config, bytesPer int) int64 { return times(Params(c), int64(bytesPer)) }

// KVBytesPerToken is what one token adds to the cache: 2 L kv b. It depends on
// neither the query heads, nor the MLP, nor the vocabulary.
func KVBytesPerToken(c sim.Config, bytesPer int) int64 {
	return times(int64(c.Layers), Shape{c, bytesPer}.kvRow())
}

// kvRow is the bytes of K and V of one token in one layer: 2 kv b.
func (s Shape) kvRow() int64 {
	z := s.sizes()
	return times(2, z.kv, z.b)
}

// layerParams is the number of parameters of one layer, norms included:
// Q, K, V d(q+2kv), output qd, MLP 2dF or 3dF, two norms, and biases.
func (s Shape) layerParams() int64 {
	z, k := s.sizes(), families[s.Family]
	n := z.d*(z.q+2*z.kv) + z.q*z.d + k.mlp*z.d*z.f + 2*k.normParams(z.d)
	if k.qkvBias {
		n += z.q + 2*z.kv
	}
	if k.outBias {
		n += z.d + z.f + z.d
	}
	if k.headNorm {
		n += 2 * z.hd // one gain for all heads of Q, one for those of K
	}
	return n
}

// normParams is a gain, and for LayerNorm a bias.
func (k family) normParams(d int64) int64 {
	if k.layerNorm {
		return 2 * d
	}
	return d
}
