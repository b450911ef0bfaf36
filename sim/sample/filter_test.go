package sample

import (
	"errors"
	"slices"
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

// TestFiltersAreWhole: what a filter must say of itself, and that those which change
// scores come before those which drop tokens.
func TestFiltersAreWhole(t *testing.T) {
	names, keys, dropping := []string{}, []string{}, false
	for _, f := range Filters {
		if f.Name == "" || f.Key == "" || f.Step == 0 || slices.Contains(names, f.Name) || slices.Contains(keys, f.Key) {
			t.Errorf("%s in links %q, arrows of %v: missing, or given twice", f.Name, f.Key, f.Step)
		}
		if (f.Rescore == nil) == (f.Apply == nil) || f.Rescore != nil && (dropping || f.Limit != nil) {
			t.Errorf("%s must change scores, before others drop tokens, or drop tokens", f.Name)
		}
		if err := f.Check(f.Off); err != nil {
			t.Errorf("%s cannot be off: %v", f.Name, err)
		}
		names, keys, dropping = append(names, f.Name), append(keys, f.Key), dropping || f.Apply != nil
	}
}

// TestSettings: a setting reads as it was written, in this sampler and in no copy.
func TestSettings(t *testing.T) {
	for _, f := range Filters {
		var s sim.Sampler
		for _, other := range Filters {
			other.In(&s).Set(other.Off)
		}
		before := s
		x := f.Least + f.Step
		f.In(&s).Set(x)
		if got, old := f.In(&s).Get(), f.In(&before).Get(); got != x || old == x {
			t.Errorf("%s: set to %v it is %v, and a copy %v", f.Name, x, got, old)
		}
		if f.In(&s).Set(f.Off); len(s.More) > 0 {
			t.Errorf("%s is off, and in %v", f.Name, s.More)
		}
	}
	s := sim.Sampler{Kind: "sample", Temperature: 1, TopP: 1, More: map[string]float64{"luck": 1}}
	if p := (*sim.Problem)(nil); !errors.As(Check(s), &p) || p.ID != "recipe.json" {
		t.Errorf("a filter that nobody knows: %v", Check(s))
	}
}

// TestFiltersInAnyOrder: no filter counts on what those before it have left: tokens of any
// rank may be gone, one always stays, and nobody comes back.
func TestFiltersInAnyOrder(t *testing.T) {
	var dropping []*Filter
	for _, f := range Filters {
		if f.Apply != nil {
			dropping = append(dropping, f)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		logits := anyLogits(t)
		d := newDist(Scores{Logits: logits, T: 1}, len(logits))
		d.turn = 1
		gone := rapid.SliceOfN(rapid.Bool(), len(logits), len(logits)).Draw(t, "gone")
		d.Keep(func(rank int, _ float32) bool { return !gone[rank] })
		for _, f := range rapid.Permutation(dropping).Draw(t, "order") {
			before := map[int]bool{}
			for rank := range d.Left() {
				before[rank] = true
			}
			d.turn++
			f.Apply(d, rapid.OneOf(rapid.SampledFrom([]float64{f.Least, f.Most, f.Off}), rapid.Float64Range(f.Least, f.Most)).Draw(t, f.Name))
			left := 0
			for rank, w := range d.Left() {
				if left++; !before[rank] || w == 0 || !d.Has(rank) {
					t.Fatalf("%s: rank %d of weight %v came back", f.Name, rank, w)
				}
			}
			if _, n := d.sum(d.turn); left == 0 || n != left {
				t.Fatalf("%s left %d, and says %d", f.Name, left, n)
			}
			if rank := d.draw(rapid.Float64Range(0, 1).Draw(t, "r")); !d.Has(rank) {
				t.Fatalf("drew rank %d, which is dropped", rank)
			}
		}
	})
}

// BenchmarkChoose150000 draws from a vocabulary of that size by each filter alone, as a
// run that goes on does.
func BenchmarkChoose150000(b *testing.B) {
	logits := vocabulary(150_000)
	for _, f := range Filters {
		s := sim.Sampler{Kind: "sample", Temperature: 0.8, TopP: 1}
		if f.In(&s).Set((f.Least + min(f.Most, 1)) / 2); f == &topK {
			s.TopK = 50
		}
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Pick(logits, s, 1, []int{1, 2, 3}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
