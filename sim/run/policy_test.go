package run

import (
	"context"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/export"
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
)

// randomPolicy is any policy that a head of headDim numbers can have.
func randomPolicy(r *rand.Rand, headDim int) sim.CachePolicy {
	divisor := func() int {
		for {
			if g := 1 + r.IntN(headDim); headDim%g == 0 {
				return g
			}
		}
	}
	kinds := []sim.CachePolicy{
		{Kind: sim.CacheContiguous},
		{Kind: sim.CachePaged, Block: 1 + r.IntN(9)},
		{Kind: sim.CacheWindow, Window: 1 + r.IntN(9), Sinks: r.IntN(4)},
		{Kind: sim.CacheH2O, Window: 1 + r.IntN(5), Heavy: r.IntN(5)},
		{Kind: []string{sim.CacheInt8, sim.CacheInt4}[r.IntN(2)], Axis: "token", Group: divisor()},
		{Kind: []string{sim.CacheInt8, sim.CacheInt4}[r.IntN(2)], Axis: "channel", Group: divisor()},
	}
	return kinds[r.IntN(len(kinds))]
}

// TestPagesChangeNothing: with blocks of any size every step of the run is that
// of the contiguous cache, bit for bit, and both lanes agree.
func TestPagesChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 1))
	for range rounds(60) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		plain := collect(t, m, rec)
		rec.Cache = sim.CachePolicy{Kind: sim.CachePaged, Block: 1 + r.IntN(64)}
		for i, s := range collect(t, m, rec) {
			if !s.Identical {
				t.Fatalf("step %d: the lanes differ in %s", i, s.Differs)
			}
			if export.StateHash(m.Model, &s) != export.StateHash(m.Model, &plain[i]) || !sameRows(s.Out, plain[i].Out) {
				t.Fatalf("%+v: step %d differs from the contiguous one", rec.Cache, i)
			}
			a, b := s.Lanes[sim.Cached], plain[i].Lanes[sim.Cached]
			if a.Seconds, b.Seconds = 0, 0; a != b {
				t.Fatalf("step %d costs %+v, contiguous %+v", i, a, b)
			}
		}
	}
}

// TestWhatAPolicyShows: under any policy what a step remembers is what its layer
// really read: running the layer again over it gives the same rows, bit for bit.
func TestWhatAPolicyShows(t *testing.T) {
	r := rand.New(rand.NewPCG(32, 1))
	for range rounds(120) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		rec.Cache = randomPolicy(r, m.Model.Config.HeadDim)
		if offers := kv.Offers(); r.IntN(3) == 0 { // of kinds that nobody thought of too
			if p := offers[r.IntN(len(offers))].Start; kv.Check(p, m.Model.Config.HeadDim) == nil {
				rec.Cache = p
			}
		}
		for _, s := range collect(t, m, rec) {
			if s.Part == sim.HeadPart {
				continue
			}
			in := m.Model.Inside(&s, 0, s.Rows)
			if !sameRows(in.Out, s.Out) {
				t.Fatalf("%+v: step %d read something else", rec.Cache, s.N)
			}
			for h := range m.Model.Config.Heads {
				width := m.Model.Config.HeadDim
				if a := m.Model.Attention(&s, h); !sameRows(a.Out, in.Attn.Cols(h*width, (h+1)*width)) {
					t.Fatalf("%+v: step %d shows another attention", rec.Cache, s.N)
				}
			}
		}
	}
}

// keeper is a slow and simple account of what one head keeps: position -> the
// attention it has received.
type keeper map[int]float32

// admit lets one go if the policy's room is full, then takes position p in. The
// newest Window-1 that are kept stay, p will be the newest itself.
func (k keeper) admit(p int, c sim.CachePolicy) {
	if len(k) == kv.TraitsOf(c).MaxTokens() {
		old := slices.Sorted(maps.Keys(k))
		victim := old[0]
		if c.Kind == sim.CacheWindow {
			victim = old[c.Sinks]
		}
		for _, q := range old[:max(1, len(old)-(c.Window-1))] {
			if c.Kind == sim.CacheH2O && k[q] < k[victim] {
				victim = q
			}
		}
		delete(k, victim)
	}
	k[p] = 0
}

// TestEvictionIsAMask: windows, sinks and heavy hitters attend as a dense pass
// over all keys does under the mask of what a slow account says is kept: scores
// of -Inf, probabilities of 0, every other bit the same.
func TestEvictionIsAMask(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 1))
	hidden := 0
	for range rounds(100) {
		m := random(t, r)
		c := m.Model.Config
		rec := randomRecipe(r, c)
		rec.MaxNew = min(30, c.Context-20)
		for rec.Cache = randomPolicy(r, c.HeadDim); !kv.TraitsOf(rec.Cache).Evicts; {
			rec.Cache = randomPolicy(r, c.HeadDim)
		}
		kept := make([][]keeper, c.Layers)
		for l := range kept {
			for range c.KVHeads {
				kept[l] = append(kept[l], keeper{})
			}
		}
		group := c.Heads / c.KVHeads
		lost := map[[3]int]float32{} // attention received by layer, head and position, once evicted
		for _, s := range collect(t, m, rec) {
			if s.Part == sim.HeadPart {
				continue
			}
			heads := make([][]float32, c.Heads) // attention of the row
			for row := range s.Rows {
				p := s.Cached + row
				for g, k := range kept[s.Layer] {
					before := maps.Clone(k)
					k.admit(p, rec.Cache)
					for q, w := range before {
						if _, ok := k[q]; !ok {
							lost[[3]int{s.Layer, g, q}] = w
						}
					}
					if len(k) > kv.TraitsOf(rec.Cache).MaxTokens() {
						t.Fatalf("%d kept", len(k))
					}
					keys, values := s.KV.Keys(s.Layer, g).Rows(0, p+1), s.KV.Values(s.Layer, g).Rows(0, p+1)
					for h := g * group; h < (g+1)*group; h++ {
						q, probs, out := m.Model.HeadQ(&s, h, row, row+1).Row(0), make([]float32, p+1), make([]float32, c.HeadDim)
						mat.MulT(mat.RowOf(probs), mat.RowOf(q), keys)
						mat.Scale(probs, mat.Rsqrt(float32(c.HeadDim)))
						for j := range probs {
							if _, ok := k[j]; !ok {
								probs[j] = float32(math.Inf(-1))
								hidden++
							}
						}
						mat.Softmax(probs, probs, nil)
						mat.WeightedSum(out, probs, values, nil)
						heads[h] = out
						for j := range k {
							k[j] += probs[j]
						}
					}
				}
				in := m.Model.Inside(&s, row, row+1)
				for h, want := range heads {
					if got := in.Attn.Row(0)[h*c.HeadDim : (h+1)*c.HeadDim]; !sameBits(got, want) {
						t.Fatalf("%+v: step %d row %d head %d: %v, the mask gives %v", rec.Cache, s.N, row, h, got[0], want[0])
					}
				}
			}
			for g, k := range kept[s.Layer] {
				for p := range s.Cached + s.Rows {
					want, ok := k[p]
					if !ok {
						want = lost[[3]int{s.Layer, g, p}]
					}
					got := s.KV.Scores(g)
					if ok := got != nil; ok != kv.TraitsOf(rec.Cache).Scored || ok && got[p] != want {
						t.Fatalf("%+v: position %d received %v, the slow account says %v", rec.Cache, p, got, want)
					}
				}
			}
			if u := s.KV.Usage(); u.Used > u.Allocated || u.Used != s.Lanes[sim.Cached].KVBytes {
				t.Fatalf("%+v, counted %d", u, s.Lanes[sim.Cached].KVBytes)
			}
			want := int64(0)
			for l := range c.Layers {
				want += int64(min(s.KV.Len(l), kv.TraitsOf(rec.Cache).MaxTokens())) * int64(c.KVDim()) * 8
			}
			if s.KV.Bytes() != want {
				t.Fatalf("%d bytes held, %d expected", s.KV.Bytes(), want)
			}
		}
	}
	if hidden == 0 {
		t.Error("nothing was ever evicted")
	}
}

// TestQuantisedWithinHalfAStep: every number of the cache reads as code x scale
// + low, at most half a step from what was computed; tokens that fill no group
// yet read as they were; bytes are those of the formula.
func TestQuantisedWithinHalfAStep(t *testing.T) {
	r := rand.New(rand.NewPCG(34, 1))
	for range rounds(60) {
		m := random(t, r)
		c := m.Model.Config
		rec := randomRecipe(r, c)
		for rec.Cache = randomPolicy(r, c.HeadDim); rec.Cache.Kind != sim.CacheInt8 && rec.Cache.Kind != sim.CacheInt4; {
			rec.Cache = randomPolicy(r, c.HeadDim)
		}
		steps := collect(t, m, rec)
		computed := map[bool][][][]float32{false: make([][][]float32, c.Layers), true: make([][][]float32, c.Layers)}
		for _, s := range steps {
			for i := 0; s.Part == sim.LayerPart && i < s.Rows; i++ {
				computed[false][s.Layer] = append(computed[false][s.Layer], m.Model.K(&s, i, i+1).Row(0))
				computed[true][s.Layer] = append(computed[true][s.Layer], m.Model.V(&s, i, i+1).Row(0))
			}
		}
		s := &steps[len(steps)-1]
		coded := 0
		for l := range c.Layers {
			for g := range c.KVHeads {
				for value, read := range map[bool]mat.Matrix{false: s.KV.Keys(l, g), true: s.KV.Values(l, g)} {
					for p := range read.NumRows() {
						for d := range c.HeadDim {
							got, want := read.At(p, d), computed[value][l][p][g*c.HeadDim+d]
							code, scale, low, ok := s.KV.Code(l, g, p, d, value)
							if !ok {
								if got != want || value || rec.Cache.Axis != kv.AxisChannel {
									t.Fatalf("%+v: %v reads as %v and has no code", rec.Cache, want, got)
								}
								continue
							}
							coded++
							if float32(float32(code.Value)*scale)+low != got {
								t.Fatalf("%+v: %d x %v + %v is not %v", rec.Cache, code.Value, scale, low, got)
							}
							// Half a step, and the rounding of one product and one sum.
							room := float64(scale)/2 + 2e-7*(math.Abs(float64(low))+255*float64(scale))
							if math.Abs(float64(got)-float64(want)) > room {
								t.Fatalf("%+v: %v reads as %v, half a step is %v", rec.Cache, want, got, scale/2)
							}
						}
					}
				}
			}
		}
		if coded == 0 && rec.Cache.Axis == kv.AxisToken {
			t.Fatal("nothing was quantised")
		}
		if rec.Cache.Axis != kv.AxisToken {
			continue
		}
		bits := map[string]float64{sim.CacheInt8: 8, sim.CacheInt4: 4}[rec.Cache.Kind] + 2*16/float64(rec.Cache.Group)
		want := math.Ceil(float64(2*c.Layers*c.KVDim()*len(s.Tokens)) * bits / 8)
		if got := float64(s.KV.Bytes()); got != want {
			t.Fatalf("%+v: %v bytes, the formula gives %v", rec.Cache, got, want)
		}
	}
}

// TestPassesDoNotMatter: under any policy that rounds and evicts token by token,
// a token's row does not depend on how the tokens before it were cut into passes.
func TestPassesDoNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 1))
	for range rounds(60) {
		m := random(t, r)
		rec := randomRecipe(r, m.Model.Config)
		rec.Lanes = "cached"
		for rec.Cache = randomPolicy(r, m.Model.Config.HeadDim); rec.Cache.Axis == kv.AxisChannel; {
			rec.Cache = randomPolicy(r, m.Model.Config.HeadDim)
		}
		steps := collect(t, m, rec)
		last := steps[len(steps)-1]
		whole := rec
		whole.Tokens, whole.Prompt, whole.MaxNew = last.Tokens, "", 1
		once := collect(t, m, whole)
		if a, b := once[len(once)-1], last; !sameBits(a.Logits(), b.Logits()) {
			t.Fatalf("%+v: a prefill of all %d tokens has other logits", rec.Cache, len(last.Tokens))
		}
	}
}

// TestMemoryIsAWall: under a budget the run goes as far as predicted from the
// shape, and its last step says so.
func TestMemoryIsAWall(t *testing.T) {
	r := rand.New(rand.NewPCG(36, 1))
	walls := 0
	for range rounds(100) {
		m := random(t, r)
		c := m.Model.Config
		rec := randomRecipe(r, c)
		rec.Cache = kv.Complete(randomPolicy(r, c.HeadDim))
		prompt, err := m.Prepare(rec)
		if err != nil {
			t.Fatal(err)
		}
		spec := kv.SpecOf(c, len(prompt)+rec.MaxNew-1)
		rec.Cache.Budget = spec.TokenBytes()*int64(1+r.IntN(spec.Most)) + int64(r.IntN(9))
		fits := spec.Fits(rec.Cache, rec.Cache.Budget)
		steps, err := try(m, rec)
		if fits == 0 {
			if err == nil {
				t.Fatalf("%+v: nothing fits, but it ran", rec.Cache)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%+v: %v", rec.Cache, err)
		}
		last := steps[len(steps)-1]
		if u := last.KV.Usage(); u.Allocated > rec.Cache.Budget {
			t.Fatalf("%+v", u)
		}
		if last.RunFinishReason == sim.FinishMemory {
			walls++
			checkWant(t, spec, rec.Cache, fits, len(prompt))
			if len(last.Tokens) != fits {
				t.Fatalf("%+v: out of memory after %d tokens, predicted %d", rec.Cache, len(last.Tokens), fits)
			}
		} else if len(last.Tokens) > fits {
			t.Fatalf("%+v: %d tokens, but only %d fit", rec.Cache, len(last.Tokens), fits)
		}
	}
	if walls < rounds(10) {
		t.Errorf("only %d runs met the wall", walls)
	}
}

// checkWant fills a cache with fits tokens and asks for more: the refusal says
// what was predicted.
func checkWant(t *testing.T, spec kv.Spec, p sim.CachePolicy, fits, prompt int) {
	t.Helper()
	cache, err := kv.New(spec, p, kv.NewArena(p.Budget))
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, spec.KVHeads*spec.HeadDim)
	more := max(1, prompt-fits)
	for filled := 0; filled < fits; { // by channel in pieces: new K is float32 for a pass
		room, err := cache.Reserve(fits - filled)
		if room == 0 || err == nil && room != fits-filled {
			t.Fatalf("%+v: room for %d, predicted %d (%v)", p, filled+room, fits, err)
		}
		for range room {
			for l := range spec.Layers {
				cache.Append(l, row, row)
			}
		}
		cache.EndPass()
		filled += room
	}
	_, err = cache.Reserve(more)
	var refused *sim.Problem
	if !errors.As(err, &refused) || refused.Args["Want"] != spec.ShortBy(p, more) {
		t.Fatalf("%+v: %v, predicted %d", p, err, spec.ShortBy(p, more))
	}
}

// try is collect for runs that may be refused.
func try(m *library.Loaded, r sim.Recipe) (all []sim.Step, err error) {
	for s, err := range Steps(context.Background(), m, r, noClock) {
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}
