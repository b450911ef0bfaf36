package cost

import (
	"math"
	"math/rand/v2"
	"testing"

	"kvstep/sim"
)

// randomConfig is small and of any shape: MHA, GQA and MQA, q != d, each family.
func randomConfig(r *rand.Rand) sim.Config {
	g := 1 + r.IntN(3)
	c := sim.Config{
		Family: pickOf(r, "llama", "llama", "qwen2", "qwen3", "gpt2"),
		Dim:    1 + r.IntN(9), Layers: 1 + r.IntN(3), KVHeads: g, Heads: g * (1 + r.IntN(3)),
		HeadDim: 2 * (1 + r.IntN(3)), FFN: 1 + r.IntN(12), Vocab: 1 + r.IntN(11), Context: 12,
		Tied: r.IntN(2) == 0,
	}
	c.NoPE = c.Family != "gpt2" && r.IntN(6) == 0
	return c
}

func pickOf(r *rand.Rand, s ...string) string { return s[r.IntN(len(s))] }

func randomSwitches(r *rand.Rand) Switches {
	return Switches{
		Unit: pickOf(r, "flop", "mac"), Pairs: pickOf(r, "allowed", "dense"),
		Logits: pickOf(r, "last", "all"), Scope: pickOf(r, "matmul", "matmul+elementwise"),
	}
}

// TestCounted runs the counting model on 200 random shapes, its prompt cut
// into random chunks, in both lanes, and wants every counter of every layer,
// of the head, of the pass and of the run to be what the formulas say.
func TestCounted(t *testing.T) {
	compared := 0
	same := func(t *testing.T, c sim.Config, what string, got, want sim.Counters) {
		t.Helper()
		compared += 12 // fields of Counters that are counted
		if got != want {
			t.Fatalf("%+v\n%s: formulas %+v\ncounted %+v", c, what, got, want)
		}
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		c, sw, width := randomConfig(r), randomSwitches(r), int64([]int{1, 2, 4}[r.IntN(3)])
		shape := Shape{c, int(width)}
		cached := newCounting(c, sw, width, seed)
		again := newCounting(c, sw, width, seed)
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
			f := shape.Head(rows, held, sw)
			same(t, c, "cached head", f, n)
			same(t, c, "cached pass", shape.Pass(rows, held, sw), Add(pass, n))
			sums[0], counts[0] = Add(sums[0], f), Add(counts[0], n)

			n = again.take(c.Layers - 1)
			n.KVTokens, n.KVBytes = 0, 0
			f = Uncached(shape.Head(held+rows, 0, sw))
			same(t, c, "uncached head", f, n)
			sums[1], counts[1] = Add(sums[1], f), Add(counts[1], n)
			again.forget()
		}
		same(t, c, "cached run", sums[0], counts[0])
		same(t, c, "uncached run", sums[1], counts[1])
	}
	t.Logf("%d counter equalities", compared)
}

// TestGenerateCounted compares whole generations, in closed form, with the
// counting model decoding token by token.
func TestGenerateCounted(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		c, sw := randomConfig(r), randomSwitches(r)
		prompt := 1 + r.IntN(6)
		newTokens := 1 + r.IntN(6)
		g, err := Generate(c, prompt, newTokens, sw)
		if err != nil {
			t.Fatal(err)
		}
		m := newCounting(c, sw, 4, seed)
		var prefill, decode [2]sim.Counters
		run := func(lane sim.Lane, rows, held int) sim.Counters {
			if lane == sim.Uncached {
				m.forget()
				rows, held = held+rows, 0
			}
			var pass sim.Counters
			x := m.enter(make([]int, rows), held)
			for l := range c.Layers {
				m.layer(l, x, held)
				pass = Add(pass, m.take(l))
			}
			m.logits(x)
			pass = Add(pass, m.take(c.Layers-1))
			if lane == sim.Uncached {
				pass.KVTokens, pass.KVBytes, pass.KVReadBytes, pass.KVWriteBytes = 0, 0, 0, 0
			}
			return pass
		}
		for lane := range sim.Lane(2) {
			m.forget()
			prefill[lane] = run(lane, prompt, 0)
			decode[lane].KVTokens, decode[lane].KVBytes = prefill[lane].KVTokens, prefill[lane].KVBytes
			for i := range newTokens - 1 {
				decode[lane] = Add(decode[lane], run(lane, 1, prompt+i))
			}
			total := Add(prefill[lane], decode[lane])
			if g.Prefill[lane] != prefill[lane] || g.Decode[lane] != decode[lane] || g.Total[lane] != total {
				t.Fatalf("%+v %+v %d+%d lane %d:\n%+v\n%+v\n%+v\n%+v", c, sw, prompt, newTokens, lane,
					g.Prefill[lane], prefill[lane], g.Decode[lane], decode[lane])
			}
		}
		if g.CacheTokens != g.Total[sim.Cached].KVTokens || g.CacheTokens != int64(prompt+newTokens-1) {
			t.Fatalf("cache ends with %d tokens", g.CacheTokens)
		}
	}
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
		c := randomConfig(r)
		w := makeWeights(c, seed)
		if got, want := Params(c), w.size(c.Tied); got != want {
			t.Fatalf("%+v: %d parameters, want %d", c, got, want)
		}
		if got, want := WeightBytes(c, 2), 2*w.size(c.Tied); got != want {
			t.Fatalf("%+v: %d bytes, want %d", c, got, want)
		}
	}
}
