package wire

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/explain"
	"kvstep/sim/kv"
	"kvstep/sim/lens"
	"kvstep/sim/library"
	"kvstep/sim/model"
	"kvstep/sim/model/modeltest"
	"kvstep/sim/recipe"
	"kvstep/sim/run"
)

// views are all that a viewer can have open, one by one and together.
func views() map[string]lens.View {
	all := map[string]lens.View{
		"nothing": {}, "together": everything, "real": {Real: everything.Real},
		"switches": {Show: []string{"formulas", "history"}, Unit: "mac", Pairs: "dense", Logits: "all"},
		"scores":   {Op: "scores", Trail: []explain.Ref{{Op: "scores", Col: 2}, {Op: "K", Row: 2, Col: 1}}},
	}
	for _, panel := range lens.Panels {
		show := []string{panel}
		for _, whole := range []string{"history", "rows"} {
			if len(panel) > len(whole) && panel[:len(whole)+1] == whole+"-" {
				show = []string{whole, panel}
			}
		}
		all[panel] = lens.View{Show: show}
	}
	return all
}

// growing are runs of so many tokens, of every kind.
func growing(tokens int) map[string]sim.Recipe {
	const prompt = 12
	plain := sim.Recipe{Model: "small", MaxNew: tokens - prompt, Lanes: "both"}
	for i := range prompt {
		plain.Tokens = append(plain.Tokens, 1+i%5)
	}
	all := map[string]sim.Recipe{"contiguous": plain}
	for _, policy := range []string{"paged:4", "window:9:2", "h2o:5:4", "int8:token:3", "int4:channel:3"} {
		r := plain
		r.Cache, _ = kv.Parse(policy)
		all[policy] = r
	}
	uncached, beams, batch := plain, plain, plain
	uncached.Lanes = "uncached"
	beams.Sampler, beams.Cache = sim.Sampler{Kind: "beam", Width: 3, Length: 1}, all["paged:4"].Cache
	batch.Cache, batch.Batch = beams.Cache, &sim.Batch{Schedule: sim.ScheduleContinuous, Slots: 3, Chunk: 8, Requests: []sim.Request{
		{Tokens: plain.Tokens, MaxNew: 3}, {Tokens: plain.Tokens, MaxNew: tokens - prompt, Arrive: tokens - prompt - 4}}}
	all["uncached"], all["beams"], all["batch"] = uncached, beams, batch
	for name, r := range all {
		all[name] = recipe.Complete(r)
	}
	return all
}

// TestAFrameAsksForItsOwnPass: however long a run is, a frame at its end asks for as many of
// its steps, whatever the viewer has open: what the passes before it come to is kept.
func TestAFrameAsksForItsOwnPass(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 26))
	c := sim.Config{Family: "llama", Dim: 12, Layers: 2, Heads: 2, KVHeads: 1, HeadDim: 6, FFN: 12,
		Vocab: 40, Context: 320, NormEps: 1e-5, RopeBase: 100, Tied: true, BOS: 0, EOS: -1}
	m, err := model.New(c, modeltest.Weights(r, c))
	if err != nil {
		t.Fatal(err)
	}
	l := &library.Loaded{Name: "small", Model: m}
	asked := map[string][]int{}
	for _, tokens := range []int{40, 80, 160} {
		for kind, rec := range growing(tokens) {
			steps := stepsOf(t, l, rec)
			for name, view := range views() {
				kept, calls := &lens.Kept{}, 0
				frame := func(n int) {
					calls = 0
					v := view
					v.Trail = slices.Clone(view.Trail)
					for i := range v.Trail {
						v.Trail[i].Step = n
					}
					ids, _ := l.Prepare(rec)
					f := planned(&Frame{Seq: 1, Link: Link{Step: n}, Moment: lens.Moment{Model: l, Recipe: rec, Prompt: len(ids), Waiting: ids, Recorded: n + 1, View: v, Kept: kept}})
					f.Place(n, func(n int) *sim.Step { calls++; return &steps[n] })
					Encode(nil, f)
				}
				for _, back := range []int{c.Layers + 1, 1, 0} { // the layer, and the head, of the last pass
					frame(len(steps) - 2 - back)
					if back < c.Layers+1 {
						at := fmt.Sprintf("%s, %s open, %d before the end", kind, name, back)
						asked[at] = append(asked[at], calls)
					}
				}
			}
		}
	}
	most := 0
	for at, calls := range asked {
		if slices.Max(calls) != calls[0] {
			t.Errorf("%s: %v steps are asked for after 40, 80 and 160 tokens", at, calls)
		}
		most = max(most, slices.Max(calls))
	}
	t.Logf("%d views: at most %d steps", len(asked), most)
	if most > 20*(c.Layers+1) {
		t.Errorf("a frame asks for %d steps", most)
	}
}

// longRun is a run of the embedded model that has 480 tokens after so many passes.
func longRun(b *testing.B, l *library.Loaded, passes int) (sim.Recipe, []sim.Step) {
	b.Helper()
	rec := recipe.Complete(sim.Recipe{Model: l.Name, Tokens: make([]int, 481-passes), MaxNew: passes, Lanes: "cached"})
	for i := range rec.Tokens {
		rec.Tokens[i] = 300 + i%7
	}
	var steps []sim.Step
	seconds := 0.0
	for s, err := range run.Steps(context.Background(), l, rec, func() float64 { seconds += 0.000123456789; return seconds }) {
		if err != nil {
			b.Fatal(err)
		}
		steps = append(steps, s)
	}
	return rec, steps
}

// BenchmarkGrowth encodes the last decode frame of runs of 64 to 448 passes, with each panel open and with
// all. All have 480 tokens, so that what is drawn for each position is the same: what
// is left is what grows with the run. Its exponent is fitted to the times; the bar is 0.1.
func BenchmarkGrowth(b *testing.B) {
	l, err := library.New().Get("")
	if err != nil {
		b.Fatal(err)
	}
	c := l.Model.Config
	c.EOS = -1 // no pass may end the text
	m, err := model.New(c, l.Model.Weights)
	if err != nil {
		b.Fatal(err)
	}
	l = &library.Loaded{Name: l.Name, Model: m, Tokenizer: l.Tokenizer}
	passes := []int{64, 128, 256, 448}
	frames := make([]func(lens.View) func(), len(passes))
	for i, n := range passes {
		rec, steps := longRun(b, l, n)
		frames[i] = func(view lens.View) func() {
			m := planned(moment(l, rec, steps, len(steps)-2, l.Model.Config.Layers-1, 0))
			m.View.Show, m.View.Unit, m.View.Pairs, m.View.Logits, m.View.Real, m.View.Op = view.Show, view.Unit, view.Pairs, view.Logits, view.Real, view.Op
			m.Kept = &lens.Kept{}
			var buf []byte
			return func() { buf = Encode(buf[:0], m) }
		}
	}
	for name, view := range views() {
		b.Run("open="+name, func(b *testing.B) {
			best := make([]float64, len(passes))
			encode := make([]func(), len(passes))
			for i := range passes {
				encode[i], best[i] = frames[i](view), math.Inf(1)
				encode[i]()
			}
			for range 20 { // by turns: whatever else the machine does, it does to all
				for i := range passes {
					started := b.Elapsed()
					for range 10 {
						encode[i]()
					}
					best[i] = min(best[i], (b.Elapsed()-started).Seconds()/10)
				}
			}
			for i, n := range passes {
				b.ReportMetric(best[i]*1e6, fmt.Sprintf("us/%d", n))
			}
			b.ReportMetric(exponent(passes, best), "exponent")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// exponent fits time = c x passes^e by least squares of the logarithms.
func exponent(passes []int, times []float64) float64 {
	var n, x, y, xx, xy float64
	for i, p := range passes {
		u, v := math.Log(float64(p)), math.Log(times[i])
		n, x, y, xx, xy = n+1, x+u, y+v, xx+u*u, xy+u*v
	}
	return (n*xy - x*y) / (n*xx - x*x)
}

// BenchmarkLarge encodes frames of the shape of GPT-2 (12 layers and heads, random weights): a layer of decode after
// 1,000 tokens, of a long run and of a long prompt, and a layer of the prompt of 900, with the pictures of all heads
// open and without. A step of the pass has been shown before.
func BenchmarkLarge(b *testing.B) {
	if testing.Short() {
		b.Skip("skipped in short mode: a model of 124 million numbers")
	}
	c := sim.Config{Family: "gpt2", Dim: 768, Layers: 12, Heads: 12, KVHeads: 12, HeadDim: 64, FFN: 3072,
		Vocab: 50257, Context: 1024, NormEps: 1e-5, NoPE: true, Tied: true, BOS: -1, EOS: -1}
	m, err := model.New(c, modeltest.Weights(rand.New(rand.NewPCG(1, 2)), c))
	if err != nil {
		b.Fatal(err)
	}
	l := &library.Loaded{Name: "gpt2", Model: m}
	for _, prompt := range []int{16, 900} {
		rec := recipe.Complete(sim.Recipe{Model: "gpt2", MaxNew: 1001 - prompt, Lanes: "cached"})
		for i := range prompt {
			rec.Tokens = append(rec.Tokens, 1+i%97)
		}
		var steps []sim.Step
		for s, err := range run.Steps(context.Background(), l, rec, func() float64 { return 0 }) {
			if err != nil {
				b.Fatal(err)
			}
			steps = append(steps, s)
		}
		for _, at := range []struct {
			name string
			n    int
		}{{"prefill", 6}, {"decode", len(steps) - 6}} {
			if at.n == 6 && prompt < 900 {
				continue
			}
			for _, show := range []string{"", "heads"} {
				b.Run(fmt.Sprintf("%s/prompt=%d/open=%s", at.name, prompt, show), func(b *testing.B) {
					kept, buf := &lens.Kept{}, []byte(nil)
					encode := func(n int) {
						f := planned(moment(l, rec, steps, n, steps[n].Layer, 3))
						f.Kept, f.View.Cell = kept, nil
						if show != "" {
							f.View.Show = []string{show}
						}
						buf = Encode(buf[:0], f)
					}
					var took float64
					for range b.N { // what the step before has left is kept, what this one adds is not
						*kept = lens.Kept{}
						encode(at.n - 1)
						started := b.Elapsed()
						encode(at.n)
						took += (b.Elapsed() - started).Seconds()
					}
					b.ReportMetric(took/float64(b.N)*1e3, "ms/frame")
					b.ReportMetric(float64(len(buf)), "bytes/frame")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
