package cost

import (
	"math"
	"math/big"

	"kvstep/sim"
)

// Counts are sim.Counters without a largest number, and without seconds.
type Counts struct {
	Flops struct {
		QKV    *big.Int `json:"qkv"`
		Scores *big.Int `json:"scores"`
		AV     *big.Int `json:"av"`
		Out    *big.Int `json:"out"`
		MLP    *big.Int `json:"mlp"`
		Head   *big.Int `json:"head"`
	} `json:"flops"`
	Elementwise  *big.Int `json:"elementwise"`
	KVTokens     *big.Int `json:"kv_tokens"`
	KVBytes      *big.Int `json:"kv_bytes"`
	KVReadBytes  *big.Int `json:"kv_read_bytes"`
	KVWriteBytes *big.Int `json:"kv_write_bytes"`
	WeightBytes  *big.Int `json:"weight_bytes"`
}

// flops returns the matmul parts, in the order of the constants of price.go.
func (c *Counts) flops() [numParts]**big.Int {
	f := &c.Flops
	return [numParts]**big.Int{&f.QKV, &f.Scores, &f.AV, &f.Out, &f.MLP, &f.Head}
}

// flows returns the counters that add up, levels those that do not (see Add).
func (c *Counts) flows() []**big.Int {
	flops := c.flops()
	return append(flops[:], &c.Elementwise, &c.KVReadBytes, &c.KVWriteBytes, &c.WeightBytes)
}

func (c *Counts) levels() []**big.Int { return []**big.Int{&c.KVTokens, &c.KVBytes} }

// zero returns no work and an empty cache.
func zero() Counts {
	var c Counts
	for _, x := range append(c.flows(), c.levels()...) {
		*x = new(big.Int)
	}
	return c
}

// then returns a followed by b.
func (a Counts) then(b Counts) Counts {
	sum := zero()
	x, y := a.flows(), b.flows()
	for i, to := range sum.flows() {
		(*to).Add(*x[i], *y[i])
	}
	sum.KVTokens, sum.KVBytes = b.KVTokens, b.KVBytes
	return sum
}

// uncached returns Uncached of c.
func (c Counts) uncached() Counts {
	c.KVTokens, c.KVBytes, c.KVReadBytes, c.KVWriteBytes = new(big.Int), new(big.Int), new(big.Int), new(big.Int)
	return c
}

// Headline returns the one number to print, as Headline of sim.Counters.
func (c Counts) Headline(sw Switches) *big.Int {
	n := new(big.Int)
	for _, f := range c.flops() {
		n.Add(n, *f)
	}
	if sw.Scope == "matmul+elementwise" {
		n.Add(n, c.Elementwise)
	}
	return n
}

// Counters returns c in int64; false if it does not fit, or if the sum of its
// operations or of its bytes would not: then what is too large is math.MaxInt64.
func (c Counts) Counters() (sim.Counters, bool) {
	all := c.Headline(Switches{Scope: "matmul+elementwise"})
	traffic := plusBig(c.KVBytes, c.KVReadBytes, c.KVWriteBytes, c.WeightBytes)
	clip := func(n *big.Int) int64 {
		if !n.IsInt64() {
			return math.MaxInt64
		}
		return n.Int64()
	}
	f := c.Flops
	return sim.Counters{
		Flops: sim.Flops{QKV: clip(f.QKV), Scores: clip(f.Scores), AV: clip(f.AV),
			Out: clip(f.Out), MLP: clip(f.MLP), Head: clip(f.Head)},
		Elementwise: clip(c.Elementwise),
		KVTokens:    clip(c.KVTokens), KVBytes: clip(c.KVBytes),
		KVReadBytes: clip(c.KVReadBytes), KVWriteBytes: clip(c.KVWriteBytes),
		WeightBytes: clip(c.WeightBytes),
	}, all.IsInt64() && traffic.IsInt64() && c.KVTokens.IsInt64()
}

// bigWork is Work of any size, by kind.
type bigWork [kinds]*big.Int

// tally adds up price x work, weights and cache in numbers until the end.
type tally struct {
	macs, weights      [numParts]big.Int
	other, read, write big.Int
}

func (t *tally) add(p price, layers int64, work bigWork) {
	for kind, amount := range work {
		if amount == nil || amount.Sign() == 0 || layers == 0 {
			continue
		}
		n, each := timesBig(big.NewInt(layers), amount), p[kind]
		addTo := func(sum *big.Int, price int64) {
			if price != 0 {
				sum.Add(sum, timesBig(n, big.NewInt(price)))
			}
		}
		for part := range each.macs {
			addTo(&t.macs[part], each.macs[part])
			addTo(&t.weights[part], each.weights[part])
		}
		addTo(&t.other, each.elementwise)
		addTo(&t.read, each.kvRead)
		addTo(&t.write, each.kvWrite)
	}
}

func (t *tally) counts(s Shape, sw Switches) Counts {
	c := zero()
	for part, f := range c.flops() {
		*f = timesBig(&t.macs[part], big.NewInt(unit(sw)))
	}
	c.Elementwise = new(big.Int).Set(&t.other)
	c.KVReadBytes, c.KVWriteBytes = bigBytes(&t.read, s.KVBits), bigBytes(&t.write, s.KVBits)
	weights := new(big.Int)
	for part := range t.weights {
		weights.Add(weights, &t.weights[part])
	}
	c.WeightBytes = bigBytes(weights, s.Bits)
	return c
}

// bigBytes returns inBytes of any size.
func bigBytes(n *big.Int, bits int) *big.Int {
	b := timesBig(n, big.NewInt(int64(bits)))
	return b.Rsh(b.Add(b, big.NewInt(7)), 3)
}

func timesBig(x ...*big.Int) *big.Int {
	product := big.NewInt(1)
	for _, v := range x {
		product.Mul(product, v)
	}
	return product
}

func plusBig(x ...*big.Int) *big.Int {
	sum := new(big.Int)
	for _, v := range x {
		sum.Add(sum, v)
	}
	return sum
}
