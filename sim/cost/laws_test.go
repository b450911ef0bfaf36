package cost

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

// anyConfig is up to the size of GPT-2, of any family that is counted.
func anyConfig(t *rapid.T) sim.Config {
	size := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	groups := size("kv_heads", 8)
	return sim.Config{
		Family: rapid.SampledFrom([]string{"llama", "qwen2", "qwen3", "gpt2"}).Draw(t, "family"),
		Dim:    size("dim", 2000), Layers: size("layers", 48), KVHeads: groups, Heads: groups * size("group", 8),
		HeadDim: 2 * size("half_head", 64), FFN: size("ffn", 8000), Vocab: size("vocab", 50000),
		Context: size("context", 2048), Tied: rapid.Bool().Draw(t, "tied"),
	}
}

// anyShape is a shape of any kind: also with windows, experts and latents.
func anyShape(t *rapid.T) Shape {
	s := styled(anyConfig(t))
	size := func(name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }
	switch rapid.IntRange(0, 3).Draw(t, "attention") {
	case 0:
		s.Local, s.Window = size("local", s.Layers), size("window", 200)
	case 1:
		s.Family, s.Style, s.KVHeads, s.Positions = "deepseek", styles["deepseek"], s.Heads, 0
		s.MLA = MLA{QRank: size("q_rank", 600) - 1, KVRank: size("kv_rank", 600), Rope: 2 * size("rope", 40), Nope: size("nope", 200), V: size("v", 200),
			Form: rapid.SampledFrom([]string{Auto, Absorbed, Expanded}).Draw(t, "form")}
		s.HeadDim = s.MLA.Rope + s.MLA.Nope
	}
	if rapid.Bool().Draw(t, "experts") {
		e := size("experts", 64)
		s.MoE = MoE{Experts: e, Active: size("active", e), FFN: size("moe_ffn", 500), Shared: size("shared", 500) - 1,
			Dense: size("dense", s.Layers) - 1, Bias: rapid.Bool().Draw(t, "bias")}
	}
	width := rapid.SampledFrom([]int{8, 16, 32})
	return s.Wide(width.Draw(t, "bits"), width.Draw(t, "kv_bits"))
}

// lawful is s where the laws hold: MLA makes K and V of cached rows again in its
// expanded form, and so costs more the more passes there are.
func (s Shape) lawful() Shape {
	if s.MLA != (MLA{}) {
		s.MLA.Form = Absorbed
	}
	return s
}

// timesCounters is c repeated n times.
func timesCounters(c sim.Counters, n int64) sim.Counters {
	f := &c.Flops
	for _, x := range []*int64{&f.QKV, &f.Scores, &f.AV, &f.Out, &f.MLP, &f.Head, &c.Elementwise} {
		*x *= n
	}
	return c
}

// operations leaves the FLOPs and elementwise operations: the laws are about
// them, while bytes are read once per pass however many rows share them.
func operations(c sim.Counters) sim.Counters {
	return sim.Counters{Flops: c.Flops, Elementwise: c.Elementwise}
}

// TestLawOfTheUncachedStep: dense + all, an uncached step with t tokens before
// it costs t+1 times the cached step, operation by operation.
func TestLawOfTheUncachedStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, before := anyShape(t).lawful().Full(), rapid.IntRange(0, 3000).Draw(t, "before") // a window cuts dense pairs too
		sw := Switches{Unit: rapid.SampledFrom([]string{"flop", "mac"}).Draw(t, "unit"), Pairs: "dense", Logits: "all"}
		for l := range min(c.Layers, 3) {
			cached := operations(c.Layer(l, 1, before, sw))
			uncached := operations(Uncached(c.Layer(l, before+1, 0, sw)))
			if uncached != timesCounters(cached, int64(before)+1) {
				t.Fatalf("layer %d: %+v is not %d times %+v", l, uncached, before+1, cached)
			}
		}
		cached, uncached := operations(c.Pass(1, before, sw)), operations(Uncached(c.Pass(before+1, 0, sw)))
		if uncached != timesCounters(cached, int64(before)+1) {
			t.Fatalf("%+v is not %d times %+v", uncached, before+1, cached)
		}
	})
}

// TestLawOfChunks: allowed + all, operations do not depend on how the tokens
// are cut into passes; nor does what is held and written. Reads do.
func TestLawOfChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyShape(t).lawful()
		sw := Switches{Unit: "flop", Pairs: "allowed", Logits: "all"}
		chunks := rapid.SliceOfN(rapid.IntRange(1, 300), 1, 12).Draw(t, "chunks")
		var sum sim.Counters
		tokens := 0
		for _, rows := range chunks {
			sum = Add(sum, c.Pass(rows, tokens, sw))
			tokens += rows
		}
		whole := c.Pass(tokens, 0, sw)
		if operations(sum) != operations(whole) {
			t.Fatalf("in chunks %v %+v, whole %+v", chunks, sum, whole)
		}
		if sum.KVTokens != whole.KVTokens || sum.KVBytes != whole.KVBytes || sum.KVWriteBytes != whole.KVWriteBytes {
			t.Fatalf("in chunks %v the cache ends as %+v, whole %+v", chunks, sum, whole)
		}
		if sum.KVReadBytes < whole.KVReadBytes || c.MoE == (MoE{}) && sum.WeightBytes != int64(len(chunks))*whole.WeightBytes || sum.WeightBytes < whole.WeightBytes {
			t.Fatalf("in chunks %v reads %+v, whole %+v", chunks, sum, whole)
		}
	})
}

// TestLawOfCachedGeneration: allowed + all, cached generation of g tokens
// after a prompt of n costs one prefill of n+g-1 tokens.
func TestLawOfCachedGeneration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyShape(t).lawful()
		n, g := rapid.IntRange(1, 2000).Draw(t, "n"), rapid.IntRange(1, 2000).Draw(t, "g")
		sw := Switches{Unit: "flop", Pairs: "allowed", Logits: "all"}
		got, err := c.Generate(n, g, sw)
		if err != nil {
			t.Fatal(err)
		}
		if whole := c.Pass(n+g-1, 0, sw); operations(got.Total[sim.Cached]) != operations(whole) {
			t.Fatalf("%+v, one prefill %+v", got.Total[sim.Cached], whole)
		}
	})
}

// TestGenerateIsItsPasses: the closed form is the sum of the passes, under
// every switch, in both lanes; and a pass is the sum of its layers and head.
func TestGenerateIsItsPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyShape(t)
		n, g := rapid.IntRange(1, 60).Draw(t, "n"), rapid.IntRange(1, 40).Draw(t, "g")
		sw := Switches{
			Unit:   rapid.SampledFrom([]string{"flop", "mac"}).Draw(t, "unit"),
			Pairs:  rapid.SampledFrom([]string{"allowed", "dense"}).Draw(t, "pairs"),
			Logits: rapid.SampledFrom([]string{"last", "all"}).Draw(t, "logits"),
		}
		got, err := c.Generate(n, g, sw)
		if err != nil {
			t.Fatal(err)
		}
		sum := [2]sim.Counters{c.Pass(n, 0, sw), Uncached(c.Pass(n, 0, sw))}
		for i := range g - 1 {
			sum[sim.Cached] = Add(sum[sim.Cached], c.Pass(1, n+i, sw))
			sum[sim.Uncached] = Add(sum[sim.Uncached], Uncached(c.Pass(n+i+1, 0, sw)))
		}
		if got.Total != sum {
			t.Fatalf("%+v, passes %+v", got.Total, sum)
		}
		var layers sim.Counters
		for l := range c.Layers {
			layers = Add(layers, c.Layer(l, n, g, sw))
		}
		if whole := Add(layers, c.Unembed(n, g, sw)); whole != c.Pass(n, g, sw) {
			t.Fatalf("layers and head %+v, pass %+v", whole, c.Pass(n, g, sw))
		}
	})
}

// TestExactArithmetic compares times and plus with arbitrary precision.
func TestExactArithmetic(t *testing.T) {
	most := big.NewInt(math.MaxInt64)
	clip := func(x *big.Int) int64 {
		if x.Cmp(most) > 0 {
			return math.MaxInt64
		}
		return x.Int64()
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64), 1, 4).Draw(t, "x")
		for i := range x {
			x[i] >>= rapid.IntRange(0, 63).Draw(t, "shift")
		}
		product, sum := big.NewInt(1), new(big.Int).Add(big.NewInt(x[0]), big.NewInt(x[len(x)-1]))
		for _, v := range x {
			product.Mul(product, big.NewInt(v))
		}
		if got := times(x...); got != clip(product) {
			t.Fatalf("times(%v) = %d, want %d", x, got, clip(product))
		}
		if got := plus(x[0], x[len(x)-1]); got != clip(sum) {
			t.Fatalf("plus = %d, want %d", got, clip(sum))
		}
	})
}

// TestExactAtAnySize: a bill is what the one rows, pairs, logits and passes cost,
// times how many there are, by arbitrary precision; Generate gives the same
// where it fits an int64 and is a Problem exactly where it does not.
func TestExactAtAnySize(t *testing.T) {
	refused, exact := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := anyConfig(t)
		if rapid.Bool().Draw(t, "tiny") { // few operations: the sums over tokens reach the limit first
			c = sim.Config{Family: "llama", Dim: 1, Layers: 1, Heads: 1, KVHeads: 1, HeadDim: 2, FFN: 1, Vocab: 1, Context: 1}
		}
		n := 1 + rapid.IntRange(0, math.MaxInt32-1).Draw(t, "n")>>rapid.IntRange(0, 30).Draw(t, "n >>")
		g := 1 + rapid.IntRange(0, math.MaxInt32-1).Draw(t, "g")>>rapid.IntRange(0, 30).Draw(t, "g >>")
		sw := Default()
		sw.Pairs = rapid.SampledFrom([]string{"allowed", "dense"}).Draw(t, "pairs")
		sw.Scope = "matmul+elementwise"
		s := Of(c)
		ops, bytes := bigUncached(s, n, g, sw)
		bill, err := s.Bill(Job{n, g, 1}, sw)
		if err != nil {
			t.Fatal(err)
		}
		last := bill.Total[sim.Uncached]
		if last.Headline(sw).Cmp(ops) != 0 || last.WeightBytes.Cmp(bytes) != 0 {
			t.Fatalf("n %d, g %d: %v operations, %v bytes, want %v and %v", n, g, last.Headline(sw), last.WeightBytes, ops, bytes)
		}
		fits := ops.IsInt64() && bytes.IsInt64()
		got, err := s.Generate(n, g, sw)
		if fits != (err == nil) {
			t.Fatalf("n %d, g %d: %v operations, %v bytes, error %v", n, g, ops, bytes, err)
		}
		if !fits {
			refused++
			return
		}
		exact++
		if all := Headline(got.Total[sim.Uncached], sw); ops.Cmp(big.NewInt(all)) != 0 {
			t.Fatalf("n %d, g %d: %d operations, want %v", n, g, all, ops)
		}
	})
	t.Logf("%d fit an int64, %d do not", exact, refused)
}

// bigUncached is all operations of g uncached passes, and all bytes of the
// weights, from what one row, pair, row of logits and pass cost by themselves.
func bigUncached(s Shape, n, g int, sw Switches) (ops, bytes *big.Int) {
	// sum of T^a for T = 1..x
	sums := func(x int64) (one, two *big.Int) {
		one = new(big.Int).Mul(big.NewInt(x), big.NewInt(x+1))
		two = new(big.Int).Mul(one, big.NewInt(2*x+1))
		return one.Rsh(one, 1), two.Div(two, big.NewInt(6))
	}
	rows, pairs := sums(int64(n) + int64(g) - 1)
	rowsBefore, pairsBefore := sums(int64(n) - 1)
	rows.Sub(rows, rowsBefore)
	pairs.Sub(pairs, pairsBefore) // dense
	if sw.Pairs == "allowed" {
		pairs.Rsh(pairs.Add(pairs, rows), 1)
	}
	all := func(w Work) sim.Counters { // one unit of work in every layer and the head
		c := Add(s.counters(s.entryPrice(), 1, w, sw), s.counters(s.headPrice(), 1, w, sw))
		for _, g := range s.groups() {
			c = Add(c, s.counters(s.price(g.half), g.layers, w, sw))
		}
		return c
	}
	ops = new(big.Int)
	for amount, unit := range map[*big.Int]Work{rows: {Rows: 1}, pairs: {Pairs: 1}, big.NewInt(int64(g)): {Logits: 1}} {
		c := all(unit)
		each := c.Flops.Total() + c.Elementwise
		ops.Add(ops, new(big.Int).Mul(amount, big.NewInt(each)))
	}
	bytes = new(big.Int).Mul(big.NewInt(int64(g)), big.NewInt(all(Work{Passes: 1}).WeightBytes))
	return ops, bytes
}

// TestWhereAnInt64Ends: the largest dense model of the presets, without a cache.
func TestWhereAnInt64Ends(t *testing.T) {
	c := sim.Config{Family: "llama", Dim: 16384, Layers: 126, Heads: 128, KVHeads: 8, HeadDim: 128,
		FFN: 53248, Vocab: 128256, Context: 131072} // Llama-3.1-405B
	if _, err := Generate(c, 1, 4752, Default()); err != nil {
		t.Error(err)
	}
	if _, err := Generate(c, 1, 4753, Default()); err == nil {
		t.Error("4,753 tokens are more than an int64 holds")
	}
}

// TestProblems: what is refused, and that the field is named.
func TestProblems(t *testing.T) {
	good := sim.Config{Family: "llama", Dim: 8, Layers: 1, Heads: 4, KVHeads: 2, HeadDim: 2, FFN: 8, Vocab: 8, Context: 8}
	if err := Check(good); err != nil {
		t.Fatal(err)
	}
	refuses := func(wants string, err error) {
		t.Helper()
		var p *sim.Problem
		if !errors.As(err, &p) || !strings.Contains(p.Error(), wants) {
			t.Errorf("got %v, want %q", err, wants)
		}
	}
	with := func(change func(*sim.Config)) error {
		c := good
		change(&c)
		return Check(c)
	}
	refuses("Field=family", with(func(c *sim.Config) { c.Family = "bert" }))
	refuses("Field=dim", with(func(c *sim.Config) { c.Dim = 0 }))
	refuses("Field=layers", with(func(c *sim.Config) { c.Layers = -1 }))
	refuses("Field=context", with(func(c *sim.Config) { c.Context = 0 }))
	refuses("By=kv_heads", with(func(c *sim.Config) { c.KVHeads = 3 }))
	refuses("Field=ffn", with(func(c *sim.Config) { c.FFN = math.MaxInt }))
	refuses("cost.large", with(func(c *sim.Config) { c.Dim, c.HeadDim = maxWidth, maxWidth; c.Layers = maxLayers }))
	_, err := Generate(good, 0, 1, Default())
	refuses("Field=prompt", err)
	_, err = Generate(good, 1, -1, Default())
	refuses("Field=new", err)
	for field, sw := range map[string]Switches{
		"unit": {"tflop", "dense", "all", "matmul"}, "pairs": {"mac", "", "all", "matmul"},
		"logits": {"mac", "dense", "first", "matmul"}, "scope": {"mac", "dense", "all", "both"},
	} {
		refuses("Field="+field, CheckSwitches(sw))
	}
	if err := CheckSwitches(Default()); err != nil {
		t.Error(err)
	}
}

// TestLayersOf: layers that are made alike are worked out once, and none is taken
// for another.
func TestLayersOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Of(anyConfig(t))
		size := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
		if c.Local = size("local", c.Layers); c.Local > 0 {
			c.Window = 1 + size("window", 30)
		}
		if rapid.Bool().Draw(t, "experts") {
			c.MoE = MoE{Experts: 4, Active: 2, FFN: 8, Dense: size("dense", c.Layers)}
		}
		spans := []Span{{1 + size("rows", 40), size("cached", 60)}, {1, size("more", 60)}}
		all := c.LayersOf(nil, spans, Default())
		for l, got := range all {
			if want := c.LayerOf(l, spans, Default()); got != want {
				t.Fatalf("layer %d of %d: %+v, alone %+v", l, len(all), got, want)
			}
		}
		if len(all) != c.Layers {
			t.Fatalf("%d of %d layers", len(all), c.Layers)
		}
	})
}

// TestSpansAddUp: a pass over several sequences costs what they cost one by one,
// but for the weights, which are read once.
func TestSpansAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Of(anyConfig(t))
		size := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
		sw := Switches{"flop", rapid.SampledFrom([]string{"allowed", "dense"}).Draw(t, "pairs"), rapid.SampledFrom([]string{"last", "all"}).Draw(t, "logits"), "matmul"}
		spans := make([]Span, 1+size("sequences", 4))
		for i := range spans {
			spans[i] = Span{1 + size("rows", 40), size("cached", 60)}
		}
		layer := size("layer", c.Layers-1)
		var layers, heads sim.Counters
		for _, x := range spans {
			l, h := c.Layer(layer, x.Rows, x.Cached, sw), c.Unembed(x.Rows, x.Cached, sw)
			l.KVTokens, l.KVBytes = l.KVTokens+layers.KVTokens, l.KVBytes+layers.KVBytes
			h.KVTokens, h.KVBytes = h.KVTokens+heads.KVTokens, h.KVBytes+heads.KVBytes
			layers, heads = Add(layers, l), Add(heads, h)
		}
		layers.WeightBytes = c.Layer(layer, 1, 0, sw).WeightBytes
		heads.WeightBytes = c.Unembed(1, 0, sw).WeightBytes
		if got := c.LayerOf(layer, spans, sw); got != layers {
			t.Fatalf("layer %d of %v costs %+v, one by one %+v", layer, spans, got, layers)
		}
		if got := c.UnembedOf(spans, len(spans), sw); got != heads {
			t.Fatalf("the head of %v costs %+v, one by one %+v", spans, got, heads)
		}
	})
}
