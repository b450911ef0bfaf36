package cost

import (
	"cmp"

	"kvstep/sim"
)

// The parts of a pass, in the order of sim.Flops.
const (
	qkv = iota
	scores
	av
	out
	mlp
	head
	numParts
)

// item is what one unit of some work costs. Bytes are left to the end: here
// weights, K and V are counted in numbers.
type item struct {
	macs        [numParts]int64 // multiply-adds of matmuls
	elementwise int64           // every other scalar operation
	weights     [numParts]int64 // weights read
	kvRead      int64           // numbers of the cache read
	kvWrite     int64           // numbers of the cache written
}

// The kinds of work, in the order of the fields of Work.
const (
	perPass = iota
	perRow
	perPair
	perLogit
	perRead
	perLatent
	perExpand
	perExpert
	kinds
)

func (w Work) amounts() [kinds]int64 {
	return [kinds]int64{w.Passes, w.Rows, w.Pairs, w.Logits, w.Reads, w.Latent, w.Expand, w.Experts}
}

// price is what one unit of each kind of work costs. A count is the sum over
// the kinds of price x work.
//
// The scalar operations are truth/formulas.json's: every + - * / exp tanh sqrt
// and compare is 1, an accumulator starts at 0, and masking, gathering,
// copying, and the tables of sines and cosines are free.
type price [kinds]item

// sizes are the letters of the package comment.
type sizes struct{ d, q, kv, h, g, hd, f, v int64 }

func (s Shape) sizes() sizes {
	hd := int64(s.HeadDim)
	return sizes{
		d: int64(s.Dim), q: int64(s.Heads) * hd, kv: int64(s.KVHeads) * hd,
		h: int64(s.Heads), g: int64(s.KVHeads), hd: hd, f: int64(s.FFN), v: int64(s.Vocab),
	}
}

func (s Shape) price(h half) price {
	switch {
	case h == denseMLP:
		return s.mlpPrice()
	case h == experts:
		return s.expertsPrice()
	case s.MLA.KVRank > 0:
		return s.latentPrice()
	}
	return s.attentionPrice()
}

// attentionPrice returns the attention of one layer, with its norms and its
// residual sum.
//
//	qkv  2 m d (q + 2kv)      scores  2 P q
//	out  2 m q d              av      2 P q
//
// Scores and av do not depend on G: sharing K and V saves bytes, not FLOPs.
func (s Shape) attentionPrice() (p price) {
	z := s.sizes()
	p[perRow].macs[qkv] = z.d * (z.q + 2*z.kv)
	p[perRow].macs[out] = z.q * z.d
	p[perPair].macs[scores] = z.q
	p[perPair].macs[av] = z.q
	p[perPass].weights[qkv] = z.d*(z.q+2*z.kv) + s.halfNorms()*s.normParams()
	p[perPass].weights[out] = z.q * z.d
	p[perRow].elementwise = s.halfNorms()*s.norm(z.d) + z.d
	if s.Rope { // 6 for each pair of Q and K that is turned
		p[perRow].elementwise += 3 * (z.h + z.g) * int64(cmp.Or(s.Rotated, s.HeadDim))
	}
	if s.QKVBias {
		p[perRow].elementwise += z.q + 2*z.kv
		p[perPass].weights[qkv] += z.q + 2*z.kv
	}
	if s.OutBias {
		p[perRow].elementwise += z.d
		p[perPass].weights[out] += z.d
	}
	if s.HeadNorm { // one gain for all heads of Q, one for those of K
		p[perRow].elementwise += (z.h + z.g) * rms(z.hd)
		p[perPass].weights[qkv] += 2 * z.hd
	}
	p[perPair].elementwise = s.softmax()
	p[perRead].kvRead, p[perRow].kvWrite = s.kvPrice(), s.kvPrice()
	return p
}

// latentPrice returns the attention of one layer with latent K and V: n, r and v are
// the widths of a head's plain part, of its rotated part and of its value, c
// that of the latent, a that of Q's latent.
//
//	qkv     2 m (d a + a H (n+r) + d (c+r) + c H (n+v))     without a: 2 m d H (n+r) for the first two
//	scores  2 P H (n+r)     av  2 P H v     expanded: K and V are made of the latent, c H (n+v) a row
//	scores  2 P H (c+r)     av  2 P H c     absorbed: the same c H (n+v) turns Q into the latent, and what
//	out     2 m H v d                       came out of it into values, so that K and V are never made
//
// Both forms cost the same per row and read the same weights. They differ per
// pair; and the expanded one makes K and V of cached rows again in every pass.
func (s Shape) latentPrice() (p price) {
	z, l := s.sizes(), s.MLA
	n, r, v, c, a := int64(l.Nope), int64(l.Rope), int64(l.V), int64(l.KVRank), int64(l.QRank)
	first := z.d * z.h * (n + r)
	if a > 0 {
		first = z.d*a + a*z.h*(n+r)
	}
	p[perRow].macs[qkv] = first + z.d*(c+r) + c*z.h*(n+v)
	p[perRow].macs[out] = z.h * v * z.d
	p[perExpand].macs[qkv] = c * z.h * (n + v)
	p[perPair].macs[scores], p[perPair].macs[av] = z.h*(n+r), z.h*v
	p[perLatent].macs[scores], p[perLatent].macs[av] = z.h*(c+r), z.h*c
	p[perPass].weights[qkv] = p[perRow].macs[qkv] + s.halfNorms()*s.normParams() + c + a // the latents' own gains
	p[perPass].weights[out] = p[perRow].macs[out]
	p[perRow].elementwise = s.halfNorms()*s.norm(z.d) + z.d + rms(c) + 3*(z.h*r+r)
	if a > 0 {
		p[perRow].elementwise += rms(a)
	}
	p[perPair].elementwise, p[perLatent].elementwise = s.softmax(), s.softmax()
	p[perRead].kvRead, p[perRow].kvWrite = s.kvPrice(), s.kvPrice()
	return p
}

// mlpPrice returns a dense MLP with its norms and its residual sum: 4 m d F, or
// with a gate 6 m d F.
func (s Shape) mlpPrice() (p price) {
	z := s.sizes()
	p[perRow].macs[mlp] = s.matrices() * z.d * z.f
	p[perPass].weights[mlp] = s.matrices()*z.d*z.f + s.halfNorms()*s.normParams()
	p[perRow].elementwise = s.halfNorms()*s.norm(z.d) + z.d + s.Act*z.f
	if s.MLPBias { // on the gate too
		p[perRow].elementwise += (s.matrices()-1)*z.f + z.d
		p[perPass].weights[mlp] += (s.matrices()-1)*z.f + z.d
	}
	return p
}

// expertsPrice returns an MLP of E experts, of which each row takes k, of width Fe,
// and all rows a shared one of width Fs: 2 m d E for the router, 6 m d (k Fe + Fs).
//
// A pass reads the weights of the experts that its rows go to. Which they are
// depends on the rows: here they go to as many as they can, min(E, m k), so
// that weight bytes are exact for one row and the most there can be for more.
//
// Elementwise: the router's softmax 5E, its k largest by k scans kE, their
// weights made to sum to 1 again 2k, the weighted sum 2kd, the shared one's d.
func (s Shape) expertsPrice() (p price) {
	z, x := s.sizes(), s.MoE
	e, k, fe, fs := int64(x.Experts), int64(x.Active), int64(x.FFN), int64(x.Shared)
	p[perRow].macs[mlp] = z.d*e + 3*z.d*(k*fe+fs)
	p[perPass].weights[mlp] = z.d*e + 3*z.d*fs + s.halfNorms()*s.normParams()
	p[perExpert].weights[mlp] = 3 * z.d * fe
	p[perRow].elementwise = s.halfNorms()*s.norm(z.d) + z.d + s.Act*(k*fe+fs) +
		5*e + k*e + 2*k + 2*k*z.d
	if fs > 0 {
		p[perRow].elementwise += z.d
	}
	if x.Bias {
		p[perRow].elementwise += e
		p[perPass].weights[mlp] += e
	}
	return p
}

// headPrice returns the final norm of all rows and the logits, 2 r d V. The head
// matrix is read whole whether or not it is also the embedding table. What a
// pass does to the embeddings before its first layer is entryPrice.
func (s Shape) headPrice() (p price) {
	z := s.sizes()
	p[perLogit].macs[head] = z.d * z.v
	p[perRow].elementwise = s.norm(z.d)
	p[perPass].weights[head] = s.normParams() + z.v*z.d
	if s.LogitCap {
		p[perLogit].elementwise = 3 * z.v
	}
	return p
}

// entryPrice counts the way into the layers: reading an embedding is free,
// adding a row of a table of positions to it, or multiplying it by a
// number, is d.
func (s Shape) entryPrice() (p price) {
	if s.Positions > 0 {
		p[perRow].elementwise += int64(s.Dim)
	}
	if s.EmbedScale {
		p[perRow].elementwise += int64(s.Dim)
	}
	return p
}

// matrices returns how many of d x F an MLP has: up, down, and the gate.
func (s Shape) matrices() int64 {
	if s.Gated {
		return 3
	}
	return 2
}

// halfNorms returns the norms of width d around attention, and as many around the MLP.
func (s Shape) halfNorms() int64 { return int64(s.Norms) / 2 }

// softmax returns the elementwise work on one (query, key) pair: per head 1 for the
// scale and 5 for the softmax (compare, subtract, exp, add, divide).
func (s Shape) softmax() int64 {
	each := int64(1 + 5)
	if s.Softcap {
		each += 3
	}
	return each * int64(s.Heads)
}

// norm counts one row through one norm. RMSNorm is 4d+4: square and add (2d), /d,
// +eps, sqrt, 1/x, then times 1/rms and times gain (2d). LayerNorm subtracts
// the mean first and adds a bias last: 7d+5.
func (s Shape) norm(d int64) int64 {
	if s.LayerNorm {
		return 7*d + 5
	}
	return rms(d)
}

func rms(d int64) int64 { return 4*d + 4 }

// normParams returns a gain, and for LayerNorm a bias.
func (s Shape) normParams() int64 {
	if s.LayerNorm {
		return 2 * int64(s.Dim)
	}
	return int64(s.Dim)
}

// counters returns price x work for some layers, everything but the levels.
func (s Shape) counters(p price, layers int64, w Work, sw Switches) sim.Counters {
	var macs [numParts]int64
	var other, read, write, weights int64
	for kind, amount := range w.amounts() {
		n, each := times(layers, amount), &p[kind]
		if n == 0 {
			continue
		}
		add := func(sum *int64, price int64) {
			if price != 0 {
				*sum = plus(*sum, times(n, price))
			}
		}
		for part, m := range each.macs {
			add(&macs[part], unit(sw)*m)
			add(&weights, each.weights[part])
		}
		add(&other, each.elementwise)
		add(&read, each.kvRead)
		add(&write, each.kvWrite)
	}
	return sim.Counters{
		Flops: sim.Flops{QKV: macs[qkv], Scores: macs[scores], AV: macs[av],
			Out: macs[out], MLP: macs[mlp], Head: macs[head]},
		Elementwise:  other,
		KVReadBytes:  inBytes(read, s.KVBits),
		KVWriteBytes: inBytes(write, s.KVBits),
		WeightBytes:  inBytes(weights, s.Bits),
	}
}

// unit returns FLOPs per multiply-add, or 1 when multiply-adds are what is counted.
func unit(sw Switches) int64 {
	if sw.Unit == "mac" {
		return 1
	}
	return 2
}
