package cost

import (
	"math"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
)

// randomShape is small and of any shape: MHA, GQA and MQA, q != d, each family,
// with windows, experts and latents, and numbers of any width.
func randomShape(r *rand.Rand) Shape {
	g := 1 + r.IntN(3)
	c := sim.Config{
		Family: pickOf(r, "llama", "llama", "qwen2", "qwen3", "gpt2", "opt", "gemma", "gemma2", "gemma3", "grok"),
		Dim:    1 + r.IntN(9), Layers: 1 + r.IntN(3), KVHeads: g, Heads: g * (1 + r.IntN(3)),
		HeadDim: 2 * (1 + r.IntN(3)), FFN: 1 + r.IntN(12), Vocab: 1 + r.IntN(11), Context: 12,
		Tied: r.IntN(2) == 0,
	}
	c.NoPE = c.Family != "gpt2" && c.Family != "opt" && r.IntN(6) == 0
	s := styled(c)
	for _, flag := range []*bool{&s.QKVBias, &s.OutBias, &s.MLPBias, &s.HeadNorm, &s.EmbedScale, &s.Softcap, &s.LogitCap} {
		*flag = *flag != (r.IntN(8) == 0) // now and then what no family has
	}
	if s.Rope && r.IntN(4) == 0 {
		s.Rotated = 2 * (1 + r.IntN(c.HeadDim/2))
	}
	if !s.Gated && r.IntN(3) == 0 {
		s.Act = []int64{relu, gelu, gelusErf, rmsGated - 1}[r.IntN(4)]
	}
	switch r.IntN(4) {
	case 0:
		s.Local, s.Window = 1+r.IntN(c.Layers), 1+r.IntN(9)
	case 1:
		s = latent(r, s)
	}
	if r.IntN(3) == 0 && s.Gated {
		e := 1 + r.IntN(7)
		s.MoE = MoE{Experts: e, Active: 1 + r.IntN(e), FFN: 1 + r.IntN(5), Shared: r.IntN(4), Dense: r.IntN(c.Layers + 1), Bias: r.IntN(2) == 0}
	}
	width := func() int { return []int{4, 8, 16, 32, 3}[r.IntN(5)] }
	return s.Wide(width(), width())
}

// latent is s with latent attention in one of its forms.
func latent(r *rand.Rand, s Shape) Shape {
	s.Family, s.KVHeads, s.NoPE = "deepseek", s.Heads, false
	s.Style, s.Positions = styles["deepseek"], 0
	s.MLA = MLA{QRank: r.IntN(4), KVRank: 1 + r.IntN(5), Rope: 2 * (1 + r.IntN(2)), Nope: 1 + r.IntN(4), V: 1 + r.IntN(4),
		Form: pickOf(r, Auto, Absorbed, Expanded)}
	s.HeadDim = s.MLA.Rope + s.MLA.Nope
	return s
}

func pickOf(r *rand.Rand, s ...string) string { return s[r.IntN(len(s))] }

func randomSwitches(r *rand.Rand) Switches {
	return Switches{
		Unit: pickOf(r, "flop", "mac"), Pairs: pickOf(r, "allowed", "dense"),
		Logits: pickOf(r, "last", "all"), Scope: pickOf(r, "matmul", "matmul+elementwise"),
	}
}

// TestCounted runs the counting model on 600 random shapes, its prompt cut
// into random chunks, in both lanes, and wants every counter of every layer,
// of the head, of the pass and of the run to be what the formulas say.
func TestCounted(t *testing.T) {
	compared := 0
	same := func(t *testing.T, c Shape, what string, got, want sim.Counters) {
		t.Helper()
		compared += 12 // fields of Counters that are counted
		if got != want {
			t.Fatalf("%+v\n%s: formulas %+v\ncounted %+v", c, what, got, want)
		}
	}
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 2))
		c, sw := randomShape(r), randomSwitches(r)
		// Whole bytes: with fewer bits every part fills up its last byte by itself.
		shape := c.Wide((c.Bits+7)/8*8, (c.KVBits+7)/8*8)
		c = shape
		cached := newCounting(c, sw, seed)
		again := newCounting(c, sw, seed)
		var sums, counts [2]sim.Counters
		var tokens []int
		for len(tokens) < 1+r.IntN(c.Context) {
			rows, held := 1+r.IntN(c.Context-len(tokens)), len(tokens)
			for range rows {
				tokens = append(tokens, r.IntN(c.Vocab))
			}
			// the uncached lane: everything again, and nothing kept
			x, y := cached.enter(tokens[held:], held), again.enter(tokens, 0)
			var pass sim.Counters
			for l := range c.Layers {
				cached.layer(l, x, held)
				n := cached.take(l)
				f := shape.Layer(l, rows, held, sw)
				same(t, c, "cached layer", f, n)
				pass, sums[0], counts[0] = Add(pass, n), Add(sums[0], f), Add(counts[0], n)

				again.layer(l, y, 0)
				n = again.take(l)
				n.KVTokens, n.KVBytes, n.KVReadBytes, n.KVWriteBytes = 0, 0, 0, 0
				f = Uncached(shape.Layer(l, held+rows, 0, sw))
				same(t, c, "uncached layer", f, n)
				sums[1], counts[1] = Add(sums[1], f), Add(counts[1], n)
			}
			a, b := cached.logits(x), again.logits(y)
			sameLogits(t, a, b)
			n := cached.take(c.Layers - 1)
			f := shape.Unembed(rows, held, sw)
			same(t, c, "cached head", f, n)
			same(t, c, "cached pass", shape.Pass(rows, held, sw), Add(pass, n))
			sums[0], counts[0] = Add(sums[0], f), Add(counts[0], n)

			n = again.take(c.Layers - 1)
			n.KVTokens, n.KVBytes = 0, 0
			f = Uncached(shape.Unembed(held+rows, 0, sw))
			same(t, c, "uncached head", f, n)
			sums[1], counts[1] = Add(sums[1], f), Add(counts[1], n)
			again.forget()
		}
		same(t, c, "cached run", sums[0], counts[0])
		same(t, c, "uncached run", sums[1], counts[1])
	}
	t.Logf("%d counter equalities", compared)
}

// TestBillCounted compares whole generations, in closed form, with the counting
// model decoding token by token, some sequences side by side.
func TestBillCounted(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		c, sw := randomShape(r), randomSwitches(r)
		j := Job{Prompt: 1 + r.IntN(6), New: 1 + r.IntN(6), Batch: 1 + r.IntN(3)}
		b, err := c.Bill(j, sw)
		if err != nil {
			t.Fatal(err)
		}
		for lane := range sim.Lane(2) {
			m := newCounting(c, sw, seed)
			sequences := make([]cache, j.Batch)
			forget := func() {
				for i := range sequences {
					sequences[i] = newCache(c)
				}
			}
			forget()
			prefill := m.together(sequences, j.Prompt, 0)
			decode := sim.Counters{KVTokens: prefill.KVTokens, KVBytes: prefill.KVBytes}
			for i := range j.New - 1 {
				if lane == sim.Cached {
					decode = Add(decode, m.together(sequences, 1, j.Prompt+i))
				} else {
					forget()
					decode = Add(decode, m.together(sequences, j.Prompt+i+1, 0))
				}
			}
			if lane == sim.Uncached {
				prefill, decode = Uncached(prefill), Uncached(decode)
			}
			for i, got := range []Counts{b.Prefill[lane], b.Decode[lane], b.Total[lane]} {
				want := []sim.Counters{prefill, decode, Add(prefill, decode)}[i]
				if g, fits := got.Counters(); !fits || rounded(g, want, c, int64(j.New)) != want {
					t.Fatalf("%+v %+v %+v lane %d:\n%+v\n%+v", c, sw, j, lane, g, want)
				}
			}
		}
	}
}

// rounded is got, with the bytes of want where they differ by rounding only:
// each part of each pass fills up its last byte, a whole generation only one.
func rounded(got, want sim.Counters, s Shape, passes int64) sim.Counters {
	most := passes * int64(2*s.Layers+2)
	for _, f := range []struct {
		got  *int64
		want int64
		bits int
	}{{&got.KVReadBytes, want.KVReadBytes, s.KVBits}, {&got.KVWriteBytes, want.KVWriteBytes, s.KVBits}, {&got.KVBytes, want.KVBytes, s.KVBits}, {&got.WeightBytes, want.WeightBytes, s.Bits}} {
		if d := f.want - *f.got; f.bits%8 != 0 && d >= 0 && d <= most {
			*f.got = f.want
		}
	}
	return got
}

// together is one pass over some sequences at once, each with its cache. They
// read the weights together, and hold what they hold each.
func (m *counting) together(sequences []cache, rows, held int) sim.Counters {
	x := make([][][]float64, len(sequences))
	for i := range x {
		x[i] = m.enter(make([]int, rows), held)
	}
	var pass sim.Counters
	for l := range m.c.Layers {
		for i := range sequences {
			m.cache = sequences[i]
			m.layer(l, x[i], held)
		}
		pass = Add(pass, m.take(l))
	}
	for i := range sequences {
		m.logits(x[i])
	}
	pass = Add(pass, m.take(m.c.Layers-1))
	pass.KVTokens, pass.KVBytes = 0, 0
	for _, c := range sequences {
		tokens, numbers := c.rows(m.c.Layers - 1)
		pass.KVTokens += tokens
		for l := range m.c.Layers - 1 {
			_, n := c.rows(l)
			numbers += n
		}
		pass.KVBytes += numbers
	}
	pass.KVBytes = inBytes(pass.KVBytes, m.c.KVBits)
	return pass
}

// sameLogits holds the counting model to its word: it is a transformer, so
// both lanes must agree on the next token.
func sameLogits(t *testing.T, a, b [][]float64) {
	t.Helper()
	x, y := a[len(a)-1], b[len(b)-1]
	for i := range x {
		if d := math.Abs(x[i] - y[i]); !(d < 1e-9) {
			t.Fatalf("lanes differ by %g at logit %d", d, i)
		}
	}
}

// TestParams counts the numbers that the counting model really has.
func TestParams(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 4))
		s := randomShape(r)
		w := makeWeights(s, seed)
		if got, want := s.Params(), w.size(s.Tied, s.MoE.Experts); got != want {
			t.Fatalf("%+v: %d parameters, want %d", s, got, want)
		}
		if got, want := s.ActiveParams(), w.size(s.Tied, s.MoE.Active); got != want {
			t.Fatalf("%+v: %d parameters active, want %d", s, got, want)
		}
		if got, want := s.Wide(16, 16).WeightBytes(), 2*s.Params(); got != want {
			t.Fatalf("%+v: %d bytes, want %d", s, got, want)
		}
	}
}
