package sample

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

// anyLogits mixes ordinary numbers with the worst: ties, both zeros, -Inf, the
// largest, the smallest, and differences at which exp underflows.
func anyLogits(t *rapid.T) []float32 {
	nasty := []float32{0, float32(math.Copysign(0, -1)), 1, 1, -inf, math.MaxFloat32, -math.MaxFloat32,
		1e-45, 88.7, -88.7, -103.9, -104, 5, 5.000001, 1e20}
	logits := rapid.SliceOfN(rapid.OneOf(
		rapid.SampledFrom(nasty), rapid.Float32Range(-20, 20), rapid.SampledFrom([]float32{2, 3, 4}),
	), 1, 60).Draw(t, "logits")
	if slices.Max(logits) == -inf {
		logits[len(logits)/2] = 0
	}
	return logits
}

func anySampler(t *rapid.T) sim.Sampler {
	return sim.Sampler{
		Kind:              rapid.SampledFrom([]string{"sample", "sample", "sample", "greedy"}).Draw(t, "kind"),
		Temperature:       rapid.SampledFrom([]float64{1e-300, 1e-3, 0.1, 0.7, 1, 1.5, 10, 100}).Draw(t, "temperature"),
		TopK:              rapid.SampledFrom([]int{0, 0, 1, 2, 5, 40, 1000}).Draw(t, "top_k"),
		TopP:              rapid.SampledFrom([]float64{1, 1, 0.95, 0.9, 0.5, 0.1, 0.0001}).Draw(t, "top_p"),
		MinP:              rapid.SampledFrom([]float64{0, 0, 1, 0.5, 0.1, 1e-3, 1e-300}).Draw(t, "min_p"),
		RepetitionPenalty: rapid.SampledFrom([]float64{0, 1, 1.1, 1.3, 2, 0.5, 100, 0.01}).Draw(t, "repetition_penalty"),
		Seed:              rapid.Uint64().Draw(t, "seed"),
		More:              anyMore(t),
	}
}

// anyMore sets the filters that have no field of their own, each off in half of the cases.
func anyMore(t *rapid.T) map[string]float64 {
	var s sim.Sampler
	for _, f := range Filters {
		if f.own == nil && rapid.Bool().Draw(t, f.Name+" is on") {
			f.In(&s).Set(rapid.OneOf(rapid.SampledFrom([]float64{f.Least, f.Most}), rapid.Float64Range(f.Least, f.Most)).Draw(t, f.Name))
		}
	}
	return s.More
}

// reference is the filters once more, as Hugging Face writes them: every
// filter looks at all scores and sets those of the tokens it removes to -Inf;
// the distribution after it is the softmax of what is there. All in float64.
type reference struct {
	scores []float64
	order  []int // ids, highest score first, ties by lower id; temperature may round two scores to one, but not change it
}

func newReference(logits []float32) *reference {
	r := &reference{scores: make([]float64, len(logits))}
	for i, x := range logits {
		r.scores[i] = float64(x)
	}
	r.sort()
	return r
}

func (r *reference) penalty(penalty float64, past []int) {
	seen := map[int]bool{}
	for _, id := range past {
		if x := r.scores[id]; !seen[id] && !math.IsInf(x, 0) {
			if x < 0 {
				x *= penalty
			} else {
				x /= penalty
			}
			r.scores[id] = min(max(x, -math.MaxFloat64), math.MaxFloat64)
		}
		seen[id] = true
	}
	r.sort()
}

// temperature subtracts the highest first: the softmax is the same.
func (r *reference) temperature(t float64) {
	highest := slices.Max(r.scores)
	for i, x := range r.scores {
		r.scores[i] = (x - highest) / t
	}
}

func (r *reference) sort() {
	r.order = make([]int, len(r.scores))
	for i := range r.order {
		r.order[i] = i
	}
	slices.SortStableFunc(r.order, func(a, b int) int { return cmp.Compare(r.scores[b], r.scores[a]) })
}

// keep removes all but the n likeliest.
func (r *reference) keep(n int) {
	for _, id := range r.order[min(n, len(r.scores)):] {
		r.scores[id] = math.Inf(-1)
	}
}

func (r *reference) probs() []float64 {
	highest := slices.Max(r.scores)
	p := make([]float64, len(r.scores))
	for i, x := range r.scores {
		p[i] = math.Exp(x - highest)
	}
	return share(p)
}

// topP is how many top-p keeps: of all in rising order, it removes those whose
// running sum stays at or below 1-p, but never the last.
func (r *reference) topP(p float64) int {
	probs, order := r.probs(), slices.Clone(r.order)
	slices.Reverse(order)
	removed, sum := 0, 0.0
	for _, id := range order[:len(order)-1] {
		if sum += probs[id]; sum > 1-p {
			break
		}
		removed++
	}
	return len(order) - removed
}

// minP is how many have at least the share p of the likeliest's probability.
func (r *reference) minP(p float64) int {
	n, probs := 0, r.probs()
	for _, x := range probs {
		if x >= p*slices.Max(probs) {
			n++
		}
	}
	return n
}

// share divides by the sum.
func share(p []float64) []float64 {
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// slack is for float32 weights against float64.
const slack = 1e-5

// between holds a filter to what it may have left, and lets r follow what it says: where a
// cut depends on a sum, float32 may make it a little earlier or later.
func (r *reference) between(t *rapid.T, stage sim.Stage, low, high int) {
	if stage.Possible < low || stage.Possible > high {
		t.Fatalf("%s left %d, want %d to %d of %v", stage.Filter, stage.Possible, low, high, r.probs())
	}
}

// references are the filters once more, by name: each applies itself, set to x, to r. One
// of a filter that is a file of its own stands in the test of that file.
var references = map[string]func(t *rapid.T, r *reference, x float64, past []int, stage sim.Stage){
	"repetition_penalty": func(_ *rapid.T, r *reference, x float64, past []int, _ sim.Stage) { r.penalty(x, past) },
	"temperature":        func(_ *rapid.T, r *reference, x float64, _ []int, _ sim.Stage) { r.temperature(x) },
	"top_k": func(t *rapid.T, r *reference, k float64, _ []int, stage sim.Stage) {
		r.between(t, stage, min(int(k), r.minP(1e-45)), int(k))
		r.keep(stage.Possible)
	},
	"top_p": func(t *rapid.T, r *reference, p float64, _ []int, stage sim.Stage) {
		r.between(t, stage, r.topP(p-slack), r.topP(p+slack))
		r.keep(stage.Possible)
	},
	"min_p": func(t *rapid.T, r *reference, p float64, _ []int, stage sim.Stage) {
		r.between(t, stage, r.minP(max(min(p*(1+slack), 1), 1e-45)), r.minP(max(p*(1-slack), 1e-46)))
		r.keep(stage.Possible)
	},
	sim.StageGreedy: func(t *rapid.T, r *reference, _ float64, _ []int, stage sim.Stage) {
		r.between(t, stage, 1, 1)
		r.keep(1)
	},
	sim.StageSoftmax: func(*rapid.T, *reference, float64, []int, sim.Stage) {},
}

// TestEveryFilterHasAReference, and every reference its filter.
func TestEveryFilterHasAReference(t *testing.T) {
	for _, f := range Filters {
		if references[f.Name] == nil {
			t.Errorf("nobody has written %s a second time", f.Name)
		}
	}
	for name := range references {
		if Find(name) == nil && name != sim.StageGreedy && name != sim.StageSoftmax {
			t.Errorf("%s is not among the filters", name)
		}
	}
}

// expected is the names of the stages that settings have.
func expected(s sim.Sampler) []string {
	names := []string{sim.StageSoftmax}
	for _, f := range []struct {
		name string
		on   bool
	}{
		{"repetition_penalty", s.RepetitionPenalty != 0 && s.RepetitionPenalty != 1},
		{sim.StageGreedy, s.Kind == "greedy"},
		{"temperature", s.Kind == "sample" && s.Temperature != 1},
		{"top_k", s.Kind == "sample" && s.TopK > 0},
		{"top_p", s.Kind == "sample" && s.TopP < 1},
		{"min_p", s.Kind == "sample" && s.MinP > 0},
	} {
		if f.on {
			names = append(names, f.name)
		}
	}
	for _, f := range Filters { // what is not off is in More
		if _, on := s.More[f.Name]; on && s.Kind == "sample" {
			names = append(names, f.Name)
		}
	}
	return names
}

// TestAgainstReference: every stage of every choice, and the distribution that
// is drawn from, over logits and settings of all kinds.
func TestAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits, s, draw := anyLogits(t), anySampler(t), rapid.Uint64Range(0, 1000).Draw(t, "draw")
		past := rapid.SliceOfN(rapid.IntRange(0, len(logits)-1), 0, 8).Draw(t, "past")
		c, err := Choose(logits, s, draw, past)
		if err != nil {
			t.Fatal(err)
		}
		checkPick(t, logits, s, draw, past)
		r := newReference(logits)
		var names []string
		for _, stage := range c.Stages {
			names = append(names, stage.Filter)
			before := r.probs()
			x := 0.0
			if f := Find(stage.Filter); f != nil {
				x = f.In(&s).Get()
			}
			references[stage.Filter](t, r, x, past, stage)
			kept, after := 0.0, r.probs()
			for id, x := range r.scores {
				if !math.IsInf(x, -1) {
					kept += before[id]
				}
			}
			if stage.Possible < r.minP(1e-45) || stage.Possible > r.minP(1e-46) {
				t.Fatalf("%s left %d of %v", stage.Filter, stage.Possible, after)
			}
			if math.Abs(stage.Kept-kept) > slack {
				t.Fatalf("%s kept %v, want %v", stage.Filter, stage.Kept, kept)
			}
			for i, o := range c.Options {
				if math.Abs(stage.Probs[i]-after[o.ID]) > slack {
					t.Fatalf("%s: token %d has %v, want %v", stage.Filter, o.ID, stage.Probs[i], after[o.ID])
				}
			}
		}
		if !slices.Equal(names, expected(s)) {
			t.Fatalf("stages %v of %+v", names, s)
		}
		checkTop(t, c, logits)
		checkOptions(t, c)
		for i, id := range r.order[:min(shown, len(logits))] {
			if listed := i < len(c.Options); listed == (logits[id] == -inf) || listed && c.Options[i].ID != id {
				t.Fatalf("options %+v, want %v", c.Options, r.order)
			}
		}
		dist, err := Probs(logits, s, past)
		if err != nil {
			t.Fatal(err)
		}
		for id, p := range r.probs() {
			if math.Abs(dist[id]-p) > slack {
				t.Fatalf("token %d is drawn with %v, want %v", id, dist[id], p)
			}
		}
	})
}

// checkTop: the ten likeliest before any filter.
func checkTop(t *rapid.T, c Choice, logits []float32) {
	r := newReference(logits)
	probs := r.probs()
	if len(c.Top) != min(shown, len(logits)) {
		t.Fatalf("%d candidates of %d", len(c.Top), len(logits))
	}
	for i, top := range c.Top {
		if top.ID != r.order[i] || top.Logit != logits[r.order[i]] || math.Abs(float64(top.Prob)-probs[r.order[i]]) > slack {
			t.Fatalf("rank %d is %+v, want id %d with %v", i, top, r.order[i], probs[r.order[i]])
		}
		for j, o := range c.Options {
			if last := c.Stages[len(c.Stages)-1]; o.ID == top.ID && top.Kept != (last.Probs[j] > 0) {
				t.Fatalf("rank %d kept %v, at last %v", i, top.Kept, last.Probs[j])
			}
		}
	}
}

// checkOptions: the stretches lie side by side from 0, are as long as the last
// probabilities, and the token chosen is the one where the random number falls.
func checkOptions(t rapid.TB, c Choice) {
	const rounding = 1e-12
	last := c.Stages[len(c.Stages)-1].Probs
	hit := false
	for i, o := range c.Options {
		switch {
		case i == 0 && o.From != 0, i > 0 && i < shown && o.From != c.Options[i-1].To, i >= shown && o.From < c.Options[i-1].To:
			t.Fatalf("option %d starts at %v: %+v", i, o.From, c.Options)
		case math.Abs(o.To-o.From-last[i]) > rounding, o.To > 1:
			t.Fatalf("option %d has %v..%v, probability %v", i, o.From, o.To, last[i])
		case o.ID == c.Token:
			hit = o.From <= c.Random+rounding && c.Random <= o.To+rounding && o.To > o.From
		}
	}
	from := c.Stages[len(c.Stages)-1]
	greedy := from.Filter == sim.StageGreedy // which looks at all that was there before it
	if greedy {
		from = c.Stages[len(c.Stages)-2]
	}
	for _, top := range c.Top {
		i := slices.IndexFunc(c.Options, func(o sim.Option) bool { return o.ID == top.ID })
		if i >= 0 && math.Abs(top.Drawn-from.Probs[i]) > rounding || !greedy && (top.Drawn > 0) != top.Kept {
			t.Fatalf("%+v; the options have %v", top, from.Probs)
		}
	}
	if !hit {
		t.Fatalf("%v does not fall on %d: %+v", c.Random, c.Token, c.Options)
	}
}

// TestPenaltyByHand: Hugging Face's arithmetic, once for each token of the text.
func TestPenaltyByHand(t *testing.T) {
	logits := []float32{4, -1, 3, 0, -inf}
	c, err := Choose(logits, sim.Sampler{Kind: "greedy", RepetitionPenalty: 2}, 0, []int{0, 1, 0, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	scores := map[int]float64{}
	for _, o := range c.Options {
		scores[o.ID] = o.Score
	}
	for id, want := range []float64{2, -2, 3, 0} {
		if scores[id] != want {
			t.Errorf("token %d: %v, want %v", id, scores[id], want)
		}
	}
	if c.Token != 2 || c.Top[0].ID != 0 || c.Top[0].Kept || !c.Top[1].Kept {
		t.Errorf("chose %d: %+v", c.Token, c.Top)
	}
}

// TestAdversarial: rows at which a careless filter goes wrong.
func TestAdversarial(t *testing.T) {
	equal := []float32{7, 7, 7, 7, 7, 7, 7, 7}
	for _, row := range []struct {
		name   string
		logits []float32
		s      sim.Sampler
		want   []int // possible after each stage
	}{
		{"all equal", equal, sim.Sampler{Temperature: 1, TopP: 0.5, MinP: 1}, []int{8, 4, 4}},
		{"equal, top-k", equal, sim.Sampler{Temperature: 1, TopK: 3, TopP: 1}, []int{8, 3}},
		{"one survivor", []float32{-inf, -5, -inf}, sim.Sampler{Temperature: 3, TopK: 2, TopP: 0.9, MinP: 0.5}, []int{1, 1, 1, 1, 1}},
		{"tiny T", []float32{1, 1.0000001, 1}, sim.Sampler{Temperature: 1e-300, TopP: 1}, []int{3, 1}},
		{"tiny T, tie", []float32{1, 2, 2}, sim.Sampler{Temperature: 5e-324, TopP: 1}, []int{3, 2}},
		{"large T", []float32{-300, 300, 0, -inf}, sim.Sampler{Temperature: 100, TopP: 0.999}, []int{1, 3, 3}},
		{"min-p alone", []float32{0, -1, -2, -3}, sim.Sampler{Temperature: 1, TopP: 1, MinP: 0.1}, []int{4, 3}},
	} {
		row.s.Kind = "sample"
		c, err := Choose(row.logits, row.s, 1, nil)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		var got []int
		for _, stage := range c.Stages {
			got = append(got, stage.Possible)
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: possible %v, want %v", row.name, got, row.want)
		}
		checkOptions(t, c)
	}
}
