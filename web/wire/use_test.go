package wire

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/mat"
	"kvstep/sim/model"
)

// policies are one of each kind, small enough for the small model to meet them.
var policies = everyKind("contiguous", "paged:2", "window:3:1", "h2o:2:2", "int8:token:3", "int4:channel:3")

// everyKind adds the kinds that nobody thought of, as they are offered.
func everyKind(texts ...string) []string {
	for _, o := range kv.Offers() {
		if !slices.ContainsFunc(texts, func(text string) bool { return text == o.Start.Kind || strings.HasPrefix(text, o.Start.Kind+":") }) {
			texts = append(texts, kv.Text(o.Start))
		}
	}
	return texts
}

// under is the small run under a policy and a budget.
func under(t testing.TB, policy string, budget int64, more int) (*library.Loaded, sim.Recipe, []sim.Step) {
	t.Helper()
	l, rec, _ := small(t)
	p, err := kv.Parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	p.Budget = budget
	rec.Cache, rec.MaxNew = p, more
	return l, rec, stepsOf(t, l, rec)
}

// TestReservedRoomIsThatOfTheRun: the room that a card names is what the cache took, of
// a run without new tokens too, which keeps its whole prompt.
func TestReservedRoomIsThatOfTheRun(t *testing.T) {
	for _, more := range []int{0, 1, 5} {
		l, rec, steps := under(t, "contiguous", 0, more)
		m := moment(l, rec, steps, len(steps)-1, 0, 0)
		info := seen[lens.CacheInfo](m, "kv")
		var use lens.UseInfo
		meta(t, frameOf(t, m), "use", &use)
		if got := int64(info.Capacity) * int64(info.BytesPerToken); got != int64(use.Allocated) {
			t.Errorf("%d new tokens: room for %d tokens, which are %d bytes; the cache took %d", more, info.Capacity, got, use.Allocated)
		}
	}
}

// TestFrameTellsOfTheCache: what a frame says of the cache under every policy is
// what the step holds: bytes, blocks, rows evicted, masks, and the effect.
func TestFrameTellsOfTheCache(t *testing.T) {
	let, changed := 0, 0
	for _, policy := range policies {
		l, rec, steps := under(t, policy, 0, 9)
		var blocks []int
		for n := range steps {
			s := &steps[n]
			m := moment(l, rec, steps, n, max(s.Layer, 0), 3)
			f := frameOf(t, m)
			var use lens.UseInfo
			meta(t, f, "use", &use)
			want := s.KV.Usage()
			if use.Policy != kv.Text(rec.Cache) || int64(use.Allocated) != want.Allocated || int64(use.Used) != want.Used ||
				!slices.Equal(use.Table, want.Table) || !slices.Equal(use.Refs, want.Refs) || use.Fits != nil || use.ShortBy != 0 {
				t.Fatalf("%s, step %d: %+v, the cache says %+v", policy, n, use, want)
			}
			if blocks = append(blocks, use.Taken...); !slices.Equal(blocks, want.Table) {
				t.Fatalf("%s, step %d: blocks taken so far %v, the table is %v", policy, n, blocks, want.Table)
			}
			if kv.TraitsOf(rec.Cache).Evicts {
				let += checkGone(t, tensor(t, f, "cache_gone").Data, l.Model.Config, s)
			}
			since := make([]byte, m.From.Cached+m.From.Rows)
			for _, x := range f.Tensors {
				if x.Name == "evicted" {
					since = x.Data
				}
			}
			for i := range m.From.Rows {
				for j, q := range since {
					evicted := q > 0 && int(q)-1 <= m.From.Cached+i
					if hidden := model.Hidden(m.From, l.Model.KVHead(3), i, j); hidden != (evicted || model.Masked(m.From.Cached, i, j)) {
						t.Fatalf("%s, step %d: [%d %d] is hidden: %v, evicted is %d", policy, n, i, j, hidden, q)
					}
				}
			}
			if f.Meta["effect"] == "" {
				if s.Effect != nil {
					t.Fatalf("%s, step %d: no word of the effect", policy, n)
				}
				continue
			}
			var effect lens.EffectInfo
			meta(t, f, "effect", &effect)
			at := &steps[(effect.Pass+1)*(l.Model.Config.Layers+1)-1]
			if at.N > n || n-at.N > l.Model.Config.Layers || effect.MaxDelta != at.Effect.MaxDelta || effect.KL != at.Effect.KL ||
				effect.Token != at.Effect.Token || !reflect.DeepEqual(effect.Changed, at.Effect.Changed) {
				t.Fatalf("%s, step %d: %+v, the step says %+v", policy, n, effect, at.Effect)
			}
			changed++
		}
	}
	if let == 0 || changed == 0 {
		t.Errorf("%d rows evicted, %d effects", let, changed)
	}
}

// checkGone compares the tensor with the cache, and what it says of this step
// with what a trace says.
func checkGone(t *testing.T, data []byte, c sim.Config, s *sim.Step) (now int) {
	t.Helper()
	positions := s.Cached + s.Rows
	heads := len(data) / c.Layers / positions
	var gone [][3]int
	for l := range c.Layers {
		for h := range c.KVHeads {
			for p := range positions {
				told := int(data[(l*heads+h%heads)*positions+p])
				q := math.MaxInt
				if p < s.KV.Len(l) {
					q = s.KV.EvictedAt(l, h, p)
				}
				if want := q < s.KV.Len(l); want != (told > 0) || want && told != q+1 {
					t.Fatalf("step %d: layer %d head %d position %d: told %d, evicted before %d", s.N, l, h, p, told, q)
				}
				if l == s.Layer && told > s.Cached {
					gone = append(gone, [3]int{told - 1, h, p})
				}
			}
		}
	}
	if want := kv.Evictions(s); !reflect.DeepEqual(gone, want) {
		t.Fatalf("step %d: evicted %v, a trace says %v", s.N, gone, want)
	}
	return len(gone)
}

// TestRowsOfCodes: the error of every row is that of the cache, at most half of
// the row's largest scale (and what float32 rounds); rows in float32 have neither.
func TestRowsOfCodes(t *testing.T) {
	for _, policy := range []string{"int8:token:3", "int4:token", "int4:channel:3"} {
		l, rec, steps := under(t, policy, 0, 9)
		c, coded := l.Model.Config, 0
		for n := range steps {
			s := &steps[n]
			m := withPanels(moment(l, rec, steps, n, max(s.Layer, 0), 0), "rows")
			f := frameOf(t, m)
			var use lens.UseInfo
			meta(t, f, "use", &use)
			errors, scales := tensor(t, f, "cache_error"), tensor(t, f, "cache_scale")
			positions := s.Cached + s.Rows
			for i, e := range errors.Data {
				value, layer, h, p := i/(c.Layers*c.KVHeads*positions), i/(c.KVHeads*positions)%c.Layers, i/positions%c.KVHeads, i%positions
				scale := mat.F32(uint16(scales.Data[2*i]) | uint16(scales.Data[2*i+1])<<8)
				_, want, _, ok := sim.Code{}, float32(0), float32(0), false
				if p < s.KV.Len(layer) {
					for d := range c.HeadDim {
						_, x, _, is := s.KV.Code(layer, h, p, d, value == 1)
						want, ok = max(want, x), ok || is
					}
				}
				if scale != want || !ok && e != 0 {
					t.Fatalf("%s, step %d: scale %v error %d, the cache says %v", policy, n, scale, e, want)
				}
				if half := float64(scale) / 2; float64(e)/255*float64(use.MaxError) > half*1.01+float64(use.MaxError)/255 {
					t.Fatalf("%s, step %d: an error of %d/255 of %v, half a step is %v", policy, n, e, use.MaxError, half)
				}
				if ok {
					coded++
				}
			}
			if use.Settled != nil && *use.Settled != s.Cached/3*3 {
				t.Fatalf("step %d: %d settled of %d", n, *use.Settled, s.Cached)
			}
		}
		if coded == 0 {
			t.Errorf("%s: nothing was in codes", policy)
		}
	}
}

// TestHeavyRowsTellTheirAttention: of a row that was evicted what it had received
// by then, and it was the smallest of the older ones.
func TestHeavyRowsTellTheirAttention(t *testing.T) {
	l, rec, steps := under(t, "h2o:2:2", 0, 9)
	for n := range steps {
		layer := max(steps[n].Layer, 0)
		x := tensor(t, frameOf(t, withPanels(moment(l, rec, steps, n, layer, 0), "rows")), "cache_received")
		s := &steps[n]
		if s.Part == sim.HeadPart {
			s = &steps[n-l.Model.Config.Layers]
		}
		for i := range x.Shape[0] * x.Shape[1] {
			want := s.KV.Scores(i / x.Shape[1])[i%x.Shape[1]]
			if got := uint16(x.Data[2*i]) | uint16(x.Data[2*i+1])<<8; got != mat.F16(want) {
				t.Fatalf("step %d, row %d: %v, want %v", n, i, mat.F32(got), want)
			}
		}
	}
}

// TestWallAndWays: a run out of memory says what it lacks and how far others
// would go; each of them, run, goes that far.
func TestWallAndWays(t *testing.T) {
	const budget = 7*192 + 100 // bytes: 7 tokens in two layers, and some
	l, rec, steps := under(t, "contiguous", budget, 9)
	last := len(steps) - 1
	m := moment(l, rec, steps, last, 0, 0)
	var use lens.UseInfo
	meta(t, frameOf(t, m), "use", &use)
	if steps[last].RunFinishReason != sim.FinishMemory || use.Fits == nil || *use.Fits != len(steps[last].Tokens) || *use.Fits != 7 || use.ShortBy != 192 || len(use.Alternatives) < 4 {
		t.Fatalf("%s, %+v", steps[last].RunFinishReason, use)
	}
	for _, w := range use.Alternatives {
		p, err := kv.Parse(w.Cache)
		if err != nil {
			t.Fatal(err)
		}
		rec := rec
		rec.Cache, rec.Cache.Budget = p, budget
		all := stepsOf(t, l, rec)
		end := all[len(all)-1]
		if got := len(end.Tokens); got != min(w.Fits, w.Whole) {
			t.Errorf("%+v: %d tokens", w, got)
		}
	}
	if meta(t, frameOf(t, moment(l, rec, steps, last-1, 0, 0)), "use", &use); use.Budget != budget {
		t.Errorf("%+v", use)
	}
}

// TestCountersUnderPolicies: whatever a viewer counts, what the cache holds,
// reads and writes is what the run has counted.
func TestCountersUnderPolicies(t *testing.T) {
	for _, policy := range policies {
		l, rec, steps := under(t, policy, 0, 6)
		for n := range steps {
			m := moment(l, rec, steps, n, 0, 0)
			m.View.Unit, m.View.Pairs = "mac", "dense"
			for lane := range sim.Lane(2) {
				for _, c := range [][2]sim.Counters{{lens.Recount(&m.Moment, m.Step, lane), m.Step.Lanes[lane]}, {lens.Recounted(&m.Moment, m.Step, lane), m.Step.Totals[lane]}} {
					if c[0].KVBytes != c[1].KVBytes || c[0].KVReadBytes != c[1].KVReadBytes || c[0].KVWriteBytes != c[1].KVWriteBytes {
						t.Fatalf("%s step %d: %+v, the run counted %+v", policy, n, c[0], c[1])
					}
					if c[0].Flops.MLP*2 != c[1].Flops.MLP {
						t.Fatalf("%s step %d: %d MACs of %d FLOPs", policy, n, c[0].Flops.MLP, c[1].Flops.MLP)
					}
				}
			}
		}
	}
}
