package breakpoint

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

type recorded []sim.Step

func (r recorded) Step(n int) *sim.Step { return &r[n] }

// record runs a small random model: 3 layers, 4 heads of 2 K/V heads.
func record(t *testing.T, lanes string, seed uint64) (*model.Model, recorded) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 2))
	c := sim.Config{Family: "llama", Dim: 16, Layers: 3, Heads: 4, KVHeads: 2, HeadDim: 8, FFN: 20,
		Vocab: 40, Context: 64, NormEps: 1e-5, RopeBase: 100, Tied: true, BOS: 0, EOS: -1}
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	rec := recipe.Complete(sim.Recipe{Model: "random", Tokens: []int{1, 2, 3, 4, 5}, MaxNew: 8, Lanes: lanes})
	var all recorded
	for s, err := range run.Steps(context.Background(), &library.Loaded{Name: "random", Model: m}, rec, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return m, all
}

// hits are the steps at which p hits.
func hits(m *model.Model, all recorded, p Point) []int {
	var at []int
	for n := range all {
		if _, ok := p.Hit(m, all, n); ok {
			at = append(at, n)
		}
	}
	return at
}

func TestTokenHitsWheneverOneIsChosen(t *testing.T) {
	m, all := record(t, "both", 1)
	if got, want := hits(m, all, Point{Kind: Token}), []int{3, 7, 11, 15, 19, 23, 27, 31}; !slices.Equal(got, want) {
		t.Errorf("steps %v, want %v", got, want)
	}
}

func TestLayerHitsOnceAPass(t *testing.T) {
	m, all := record(t, "both", 1)
	if got, want := hits(m, all, Point{Kind: Layer, N: 2}), []int{2, 6, 10, 14, 18, 22, 26, 30}; !slices.Equal(got, want) {
		t.Errorf("steps %v, want %v", got, want)
	}
	if got := hits(m, all, Point{Kind: Layer, N: 3}); got != nil {
		t.Errorf("a layer that is not there: %v", got)
	}
}

// A token takes 3 layers x 2 heads x 8 numbers x 4 bytes x 2 (K and V) = 384
// bytes, 128 a layer: 5 prompt tokens hold 1920 bytes after prefill.
func TestCacheHitsOnceWhenItPasses(t *testing.T) {
	m, all := record(t, "both", 1)
	// 1024 bytes lie between the first layer of prefill (640) and the second (1280).
	if got := hits(m, all, Point{Kind: Cache, N: 1}); !slices.Equal(got, []int{1}) {
		t.Errorf("1 KiB: %v", got)
	}
	// 2048 = 1920 + 128: exactly reached in layer 1 of decode, passed in layer 2.
	if got := hits(m, all, Point{Kind: Cache, N: 2}); !slices.Equal(got, []int{5}) {
		t.Errorf("2 KiB: %v", got)
	}
	if got := hits(m, all, Point{Kind: Cache, N: 2, KB: true}); !slices.Equal(got, []int{4}) { // 2048 is more than 2000
		t.Errorf("2 kB: %v", got)
	}
	h, _ := Point{Kind: Cache, N: 2}.Hit(m, all, 5)
	if h.Bytes != 2176 {
		t.Errorf("%d bytes", h.Bytes)
	}
	if got := hits(m, all, Point{Kind: Cache, N: 1000}); got != nil {
		t.Errorf("never reached: %v", got)
	}
	m, all = record(t, "uncached", 1)
	if got := hits(m, all, Point{Kind: Cache, N: 1}); got != nil {
		t.Errorf("without a cached lane: %v", got)
	}
}

func TestTopHitsWhereTheLikeliestChanges(t *testing.T) {
	m, all := record(t, "both", 1)
	var want []int
	last := -1
	for n, s := range all {
		if s.Part != sim.HeadPart {
			continue
		}
		if last >= 0 && s.Top()[0].ID != last {
			want = append(want, n)
		}
		last = s.Top()[0].ID
	}
	if len(want) == 0 || len(want) == 7 {
		t.Fatalf("the run is no test: changes at %v", want)
	}
	if got := hits(m, all, Point{Kind: Top}); !slices.Equal(got, want) {
		t.Errorf("steps %v, want %v", got, want)
	}
	h, _ := Point{Kind: Top}.Hit(m, all, want[0])
	if before := all[want[0]-4].Top()[0].ID; h.Before != before {
		t.Errorf("before it was %d, not %d", before, h.Before)
	}
}

// TestAttendReadsTheRealProbabilities finds the hits a second way: over every
// probability of every head of every layer, each position in turn.
func TestAttendReadsTheRealProbabilities(t *testing.T) {
	found := 0
	for seed := range uint64(4) {
		m, all := record(t, "both", seed)
		for i := range 12 {
			var want []int
			for n := range all {
				s := &all[n]
				if s.Part == sim.LayerPart && someoneLooksAt(m, s, i) {
					want = append(want, n)
				}
			}
			got := hits(m, all, Point{Kind: Attend, N: i})
			if !slices.Equal(got, want) {
				t.Errorf("position %d: steps %v, want %v", i, got, want)
			}
			for _, n := range got {
				h, _ := Point{Kind: Attend, N: i}.Hit(m, all, n)
				if p := m.Attention(&all[n], h.Head).Probs.At(h.Query-all[n].Cached, i); p != h.Prob || p <= Half || h.Query <= i {
					t.Errorf("step %d: hit %+v, the model says %v", n, h, p)
				}
			}
			found += len(got)
		}
	}
	if found < 5 {
		t.Errorf("only %d hits: the models are no test", found)
	}
}

func someoneLooksAt(m *model.Model, s *sim.Step, i int) bool {
	for h := range m.Config.Heads {
		probs := m.Attention(s, h).Probs
		for row := range s.Rows {
			if s.Cached+row > i && probs.At(row, i) > Half {
				return true
			}
		}
	}
	return false
}

func TestDifferHitsOnceWhenTheLanesPart(t *testing.T) {
	m, all := record(t, "both", 1)
	if got := hits(m, all, Point{Kind: Differ}); got != nil {
		t.Errorf("the lanes are identical: %v", got)
	}
	for _, n := range []int{0, 9} { // no run makes such steps; TestSpoiltCacheIsNoticed in sim/run does by force
		spoilt := slices.Clone(all)
		for i := n; i < n+3; i++ {
			spoilt[i].Identical, spoilt[i].Differs = false, "scores"
		}
		if got := hits(m, spoilt, Point{Kind: Differ}); !slices.Equal(got, []int{n}) {
			t.Errorf("differing from %d on: %v", n, got)
		}
	}
}

func TestParseReadsWhatStringWrites(t *testing.T) {
	for _, p := range []Point{{Kind: Token, N: 0}, {Kind: Layer, N: 0}, {Kind: Layer, N: 31}, {Kind: Cache, N: 32}, {Kind: Cache, N: 32, KB: true}, {Kind: Top, N: 0}, {Kind: Attend, N: 7}, {Kind: Differ, N: 0}} {
		if got, err := Parse(p.String()); err != nil || got != p {
			t.Errorf("%s: %v %v", p, got, err)
		}
	}
	for s, id := range map[string]string{
		"": "break.kind", "tokens": "break.kind", "token:1": "break.kind", "layer": "break.number", "layer:x": "break.number",
		"layer:-1": "break.number", "cache:0": "break.number", "cache:1048577": "break.number", "cache:1048577kB": "break.number", "layer:1kB": "break.number", "cache:1KB": "break.number", "attend:99999999999": "break.number",
	} {
		_, err := Parse(s)
		var p *sim.Problem
		if !errors.As(err, &p) || p.ID != id {
			t.Errorf("%q: %v, want %s", s, err, id)
		}
	}
	got, err := ParseList([]string{"top", "layer:1", "top"})
	if want := []Point{{Kind: Top, N: 0}, {Kind: Layer, N: 1}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := ParseList(make([]string, Max+1)); err == nil {
		t.Error("too many were accepted")
	}
}

func TestCheckKnowsTheRun(t *testing.T) {
	c := sim.Config{Layers: 3}
	for p, id := range map[Point]string{
		{Kind: Layer, N: 2}: "", {Kind: Layer, N: 3}: "break.layer", {Kind: Attend, N: 9}: "", {Kind: Attend, N: 10}: "break.position", {Kind: Cache, N: 9999}: "",
	} {
		err := p.Check(c, 10)
		var problem *sim.Problem
		if id == "" && err != nil || id != "" && (!errors.As(err, &problem) || problem.ID != id) {
			t.Errorf("%s: %v, want %q", p, err, id)
		}
	}
}

// FuzzParse: whatever is accepted reads the same after it is written again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"token", "layer:2", "cache:32", "cache:32kB", "top", "attend:0", "differ", "layer:", ":", "cache:+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := Parse(p.String()); err != nil || again != p {
			t.Fatalf("%q: %v, then %v (%v)", s, p, again, err)
		}
	})
}

// TestCacheHitsOnceUnderAWindow: a cache that evicts as much as it takes stays above the
// line that it has passed, and below one that it never reaches.
func TestCacheHitsOnceUnderAWindow(t *testing.T) {
	m, _ := record(t, "both", 1)
	rec := recipe.Complete(sim.Recipe{Tokens: []int{1, 2, 3, 4, 5}, MaxNew: 8, Cache: sim.CachePolicy{Kind: sim.CacheWindow, Window: 3}})
	var all recorded
	for s, err := range run.Steps(context.Background(), &library.Loaded{Name: "random", Model: m}, rec, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	// 3 tokens of 384 bytes, 1152: above 1 KiB with the last layer of prefill.
	if got := hits(m, all, Point{Kind: Cache, N: 1}); !slices.Equal(got, []int{2}) {
		t.Errorf("1 KiB: %v", got)
	}
	if got := hits(m, all, Point{Kind: Cache, N: 2}); got != nil {
		t.Errorf("2 KiB: %v", got)
	}
}

// TestTopComparesOneSequence: in a batch whose prompts come in pieces, the likeliest token
// is compared with that of the same request's last choice.
func TestTopComparesOneSequence(t *testing.T) {
	m, _ := record(t, "both", 1)
	rec := recipe.Complete(sim.Recipe{Tokens: []int{1, 2, 3, 4, 5}, MaxNew: 4, Batch: &sim.Batch{Schedule: sim.ScheduleContinuous, Slots: 3, Chunk: 3,
		Requests: []sim.Request{{Tokens: []int{6, 7}, MaxNew: 6}, {Tokens: []int{8, 9, 10, 11}, MaxNew: 3, Arrive: 1}}}})
	var all recorded
	last := map[int]int{} // by request, the likeliest token of its last choice
	var want []int
	for s, err := range run.Steps(context.Background(), &library.Loaded{Name: "random", Model: m}, rec, func() float64 { return 0 }) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
		for _, p := range s.PassSteps {
			if p.Output == nil {
				continue
			}
			now := p.Top()[0].ID
			if before, ok := last[p.Seq]; ok && before != now && p.Seq == s.Seq {
				want = append(want, s.N)
			}
			last[p.Seq] = now
		}
	}
	if got := hits(m, all, Point{Kind: Top}); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
