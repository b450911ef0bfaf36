package cost

import (
	"testing"

	"kvstep/sim"

	"pgregory.net/rapid"
)

// counters are all that have a formula.
var counters = []string{"qkv", "scores", "av", "out", "mlp", "head", "elementwise",
	"kv_tokens", "kv_bytes", "kv_read_bytes", "kv_write_bytes", "weight_bytes"}

func anySwitches(t *rapid.T) Switches {
	pick := func(name, a, b string) string { return rapid.SampledFrom([]string{a, b}).Draw(t, name) }
	return Switches{Unit: pick("unit", "flop", "mac"), Pairs: pick("pairs", "allowed", "dense"),
		Logits: pick("logits", "last", "all"), Scope: "matmul"}
}

// TestFormulasAreTheCounters: for every counter, every kind of step, both
// lanes, every family and all switches, the formula with the step's values put
// in gives the counter, and so does every line it refers to.
func TestFormulasAreTheCounters(t *testing.T) {
	formulas := Formulas()
	rapid.Check(t, func(t *rapid.T) {
		c, sw := anyConfig(t), anySwitches(t)
		c.NoPE = c.Family != "gpt2" && rapid.Bool().Draw(t, "nope")
		s := Of(c)
		layer := rapid.IntRange(-1, c.Layers-1).Draw(t, "layer")
		rows, cached := rapid.IntRange(1, 300).Draw(t, "rows"), rapid.IntRange(0, 300).Draw(t, "cached")
		part := sim.LayerPart
		if layer < 0 {
			part = sim.HeadPart
		}
		for lane := range sim.Lane(2) {
			counted, letters := s.Step(lane, layer, rows, cached, sw), s.Letters(lane, layer, rows, cached, sw)
			for _, name := range counters {
				var got int64
				for _, f := range formulas {
					if f.Counter != name || f.Part != part || f.CachedOnly && lane == sim.Uncached {
						continue
					}
					got = f.Expr.Value(letters)
					checkLines(t, f, letters, sw)
				}
				if want := Counter(counted, name); got != want {
					t.Fatalf("%s of a %s, lane %d: the formula gives %d, counted are %d", name, part, lane, got, want)
				}
			}
		}
	})
}

// TestTotalsAreTheSums: for every counter, at every step of a run, in both
// lanes, every family and all switches, the closed form gives what the steps so
// far add up to.
func TestTotalsAreTheSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, sw := anyConfig(t), anySwitches(t)
		c.Layers = min(c.Layers, 3)
		c.NoPE = c.Family != "gpt2" && rapid.Bool().Draw(t, "nope")
		s, prompt := Of(c), rapid.IntRange(1, 40).Draw(t, "prompt")
		var sums [2]sim.Counters
		for n := range (c.Layers + 1) * rapid.IntRange(1, 6).Draw(t, "passes") {
			pass, layer := n/(c.Layers+1), n%(c.Layers+1)
			rows, cached, phase := prompt, 0, "prefill"
			if pass > 0 {
				rows, cached, phase = 1, prompt+pass-1, "decode"
			}
			if layer == c.Layers {
				layer = -1
			}
			for lane := range sim.Lane(2) {
				sums[lane] = Add(sums[lane], s.Step(lane, layer, rows, cached, sw))
				letters := s.Letters(lane, layer, rows, cached, sw)
				for letter, v := range s.Sums(lane, prompt, n, sw) {
					letters[letter] = v
				}
				for _, f := range Totals() {
					if f.CachedOnly && lane == sim.Uncached {
						continue
					}
					if got, want := f.Expr.Value(letters), Counter(sums[lane], f.Counter); got != want {
						t.Fatalf("%s after step %d, lane %d, %+v: the formula gives %d, the steps %d", f.Counter, n, lane, sw, got, want)
					}
					written := map[string]bool{}
					for _, line := range f.Lines {
						if !line.in(phase, lane, sw) || line.Optional != "" && letters[line.Optional] == 0 {
							continue
						}
						if written[line.Letter] || line.Expr.Value(letters) != letters[line.Letter] {
							t.Fatalf("%s: the line of %s gives %d, it is %d", f.Counter, line.Letter, line.Expr.Value(letters), letters[line.Letter])
						}
						written[line.Letter] = true
					}
				}
			}
		}
	})
}

// checkLines: a letter that is itself a formula has its value.
func checkLines(t *rapid.T, f Formula, letters map[string]int64, sw Switches) {
	t.Helper()
	for _, line := range f.Lines {
		if line.Pairs != "" && line.Pairs != sw.Pairs || line.Logits != "" && line.Logits != sw.Logits {
			continue
		}
		if got := line.Expr.Value(letters); got != letters[line.Letter] {
			t.Fatalf("%s: %s = %d, but its line gives %d", f.Counter, line.Letter, letters[line.Letter], got)
		}
	}
}

// TestAtIsTheSumOfTheSteps: the closed form of a run up to any step is what
// adding its steps one by one gives, for shapes of any kind.
func TestAtIsTheSumOfTheSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, sw, prompt := anyShape(t), anySwitches(t), rapid.IntRange(1, 40).Draw(t, "prompt")
		s.Layers = min(s.Layers, 4)
		s.Local, s.MoE.Dense = min(s.Local, s.Layers), min(s.MoE.Dense, s.Layers)
		var sums [2]sim.Counters
		n := 0
		for pass := range rapid.IntRange(1, 9).Draw(t, "passes") {
			rows, cached := prompt, 0
			if pass > 0 {
				rows, cached = 1, prompt+pass-1
			}
			for part := range s.Layers + 1 {
				layer := part
				if part == s.Layers {
					layer = -1
				}
				step, total := s.At(prompt, n, sw)
				for lane := range sim.Lane(2) {
					want := s.Step(lane, layer, rows, cached, sw)
					sums[lane] = Add(sums[lane], want)
					if step[lane] != want || total[lane] != sums[lane] {
						t.Fatalf("step %d lane %d: %+v %+v, want %+v %+v", n, lane, step[lane], total[lane], want, sums[lane])
					}
				}
				n++
			}
		}
	})
}
