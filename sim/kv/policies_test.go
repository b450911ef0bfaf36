package kv

import (
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kvstep/sim"
)

// drawn is a policy of the list with small parameters that suit a head.
func drawn(r *rand.Rand, x *Policy, headDim int) sim.CachePolicy {
	p := sim.CachePolicy{Kind: x.Kind}
	for _, q := range x.Params {
		switch at := q.at(&p).(type) {
		case *string:
			*at = q.Words[r.IntN(len(q.Words))]
		case *int:
			for *at = -1; q.check(&p, headDim) != nil || q.Divides && *at > 0 && headDim%*at > 0; {
				*at = int(q.Least) + r.IntN(6)
			}
		}
	}
	return p
}

// each runs a test of every policy, some times with other parameters.
func each(t *testing.T, test func(t *testing.T, r *rand.Rand, s Spec, p sim.CachePolicy)) {
	r := rand.New(rand.NewPCG(63, 1))
	for _, x := range Policies {
		t.Run(x.Kind, func(t *testing.T) {
			for range 60 {
				s := Spec{Layers: 1 + r.IntN(2), KVHeads: 2, HeadDim: 2 * (1 + r.IntN(4)), Most: 12 + r.IntN(20)}
				p := drawn(r, x, s.HeadDim)
				if err := Check(p, s.HeadDim); err != nil {
					t.Fatalf("%+v: %v", p, err)
				}
				test(t, r, s, p)
				if t.Failed() {
					t.Fatalf("%s of %+v", Text(p), s)
				}
			}
		})
	}
}

// TestTraitsAreWhatACacheDoes: every policy of the list does what it says of itself: pages,
// counts and checks ask its traits and never look at its kind.
func TestTraitsAreWhatACacheDoes(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, s Spec, p sim.CachePolicy) {
		traits, told := TraitsOf(p), &heard{}
		c, err := New(s, p, NewArena(0))
		if err != nil {
			t.Fatal(err)
		}
		c.Report(told)
		inexact := false
		for n := 1; n <= s.Most; n++ {
			if room, err := c.Reserve(1); room != 1 {
				t.Fatal(err)
			}
			for l := range s.Layers {
				k, v := make([]float32, s.width()), make([]float32, s.width())
				for i := range k {
					k[i], v[i] = r.Float32(), r.Float32()
				}
				c.Append(l, k, v)
				inexact = checkKept(t, r, c, s, traits, l, n, v) || inexact
			}
			c.EndPass()
			if got, want := c.LayerBytes(0), s.LayerBytes(p, n, s.QuantisedLen(p, n)); got != want {
				t.Errorf("%d tokens take %d bytes, %d foretold", n, got, want)
			}
		}
		if most := traits.MaxTokens(); traits.NumCached(1<<30) != cmp.Or(most, 1<<30) {
			t.Errorf("most is %d: %+v", most, traits)
		}
		if lost := len(told.evicted) > 0; inexact == traits.Exact || lost != (traits.Evicts && traits.NumCached(s.Most) < s.Most) {
			t.Errorf("%d rows evicted, inexact %v: %+v", len(told.evicted), inexact, traits)
		}
		if (len(told.quantised) > 0) != traits.Quantises() || (len(told.taken) > 0) != (traits.Block > 0) || (len(c.Usage().Table) > 0) != (traits.Block > 0) {
			t.Errorf("%d rows quantised, %d blocks taken: %+v", len(told.quantised), len(told.taken), traits)
		}
		if f := c.Fork(1); (f != nil) != (traits.Block > 0) {
			t.Errorf("a fork is %v: %+v", f, traits)
		}
		if s.TokenBits(p) < int64(2*s.Layers*s.width()*traits.Bits) {
			t.Errorf("%d bits a token: %+v", s.TokenBits(p), traits)
		}
		if !traits.Rewinds() {
			return
		}
		if c.Truncate(3); c.LayerBytes(0) != s.LayerBytes(p, 3, 3) {
			t.Errorf("3 tokens take %d bytes", c.LayerBytes(0))
		}
	})
}

// checkKept asks every head of a layer for what it keeps of n tokens, the newest of which
// is v, and reports whether that is not all, as it was computed.
func checkKept(t *testing.T, r *rand.Rand, c Cache, s Spec, traits Traits, l, n int, v []float32) (inexact bool) {
	t.Helper()
	var first []int
	for h := range s.KVHeads {
		k, values, at := c.Sees(l, h)
		if at == nil {
			for p := range n {
				at = append(at, p)
			}
		}
		if h == 0 {
			first = slices.Clone(at)
		}
		if len(at) != traits.NumCached(n) || k.NumRows() != len(at) || traits.Alike && !slices.Equal(at, first) {
			t.Fatalf("%d tokens: head %d keeps %v: %+v", n, h, at, traits)
		}
		for p := 0; traits.Keeps != nil && p < n; p++ {
			if sure := p < traits.Keeps.First || p >= n-traits.Keeps.Newest; sure && !slices.Contains(at, p) {
				t.Fatalf("%d tokens: head %d keeps %v, not %d: %+v", n, h, at, p, traits)
			}
		}
		inexact = inexact || len(at) < n || !slices.Equal(values.Row(len(at)-1), v[h*s.HeadDim:(h+1)*s.HeadDim])
		probs := make([]float32, len(at))
		for i := range probs {
			probs[i] = r.Float32()
		}
		c.Attended(l, h, probs)
		if scores := c.Scores(l); (scores != nil) != traits.Scored || traits.Scored && len(scores[h]) != len(at) {
			t.Fatalf("scores %v: %+v", scores, traits)
		}
	}
	return inexact
}

// TestEveryPolicyForetellsItsMemory: what a shape says of every policy of the list is what
// its cache takes of the machine when it is made, and room for.
func TestEveryPolicyForetellsItsMemory(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, s Spec, p sim.CachePolicy) {
		memory := sim.NewMemory(nil, "memory.room", 0)
		arena := NewArena(0).In(memory)
		c, err := New(s, p, arena)
		if err != nil {
			t.Fatal(err)
		}
		if s.Bytes(p) != memory.Held() {
			t.Errorf("%d bytes foretold, %d held", s.Bytes(p), memory.Held())
		}
		c.Free()
		if memory.Held() != 0 || arena.Held() != 0 {
			t.Errorf("%d bytes stay held", memory.Held())
		}
		p.Budget = 1 + r.Int64N(s.TokenBytes()*int64(s.Most))
		room := 0
		if c, err = New(s, p, NewArena(p.Budget)); err == nil {
			room, err = c.Reserve(1)
		}
		if (room > 0) != (s.Fits(p, p.Budget) > 0) {
			t.Errorf("%d tokens fit in %d bytes, room for %d (%v)", s.Fits(p, p.Budget), p.Budget, room, err)
		}
	})
}

// TestParametersInEveryNotation: text, JSON and fields of every policy of the list say the
// same, zeros too; a parameter's name is that of its field in JSON.
func TestParametersInEveryNotation(t *testing.T) {
	tags := map[uintptr]string{}
	fields := reflect.TypeFor[sim.CachePolicy]()
	for i := range fields.NumField() {
		tags[fields.Field(i).Offset], _, _ = strings.Cut(fields.Field(i).Tag.Get("json"), ",")
	}
	each(t, func(t *testing.T, r *rand.Rand, s Spec, p sim.CachePolicy) {
		base := reflect.ValueOf(&p).Pointer()
		for _, x := range Of(p).Params {
			if name := tags[reflect.ValueOf(x.at(&p)).Pointer()-base]; name != x.Name {
				t.Errorf("parameter %s stands in the field %s", x.Name, name)
			}
			if !slices.Contains(Names(), x.Name) || IsNumber(x.Name) == (x.Words != nil) {
				t.Errorf("parameter %s is no name of a policy", x.Name)
			}
		}
		if again, err := Parse(Text(p)); err != nil || again != p {
			t.Errorf("%q reads as %+v (%v)", Text(p), again, err)
		}
		if form := Forms()[slices.Index(Kinds(), p.Kind)]; !strings.HasPrefix(form, p.Kind) || strings.Count(form, ":") != strings.Count(Text(p), ":") {
			t.Errorf("%q has the form %q", Text(p), form)
		}
		data, err := json.Marshal(p)
		raw := map[string]any{}
		if err != nil || json.Unmarshal(data, &raw) != nil {
			t.Fatalf("%s: %v", data, err)
		}
		given := map[string]string{}
		for name, v := range raw {
			if word, ok := v.(string); ok && name != "kind" {
				given[name] = word
			} else if n, ok := v.(float64); ok {
				given[name] = Budget.Write(n)
			}
		}
		if again, err := Read(p.Kind, given); err != nil || again != p {
			t.Errorf("%s reads as %+v (%v)", data, again, err)
		}
	})
}

// TestOffers: every policy is offered, with parameters that it can have, under names that
// no other has; the offer of a policy's value is found again by what it shows.
func TestOffers(t *testing.T) {
	var names, kinds []string
	for _, o := range Offers() {
		if slices.Contains(names, o.Name) {
			t.Errorf("two offers are called %s", o.Name)
		}
		names = append(names, o.Name)
		if !slices.Contains(kinds, o.Start.Kind) {
			kinds = append(kinds, o.Start.Kind)
		}
		if err := Check(o.Start, 8); err != nil || Complete(o.Start) != o.Start {
			t.Errorf("%s starts as %+v: %v", o.Name, o.Start, err)
		}
		for _, hidden := range o.Hides {
			if o.Shows(hidden) || !slices.ContainsFunc(Of(o.Start).Params, func(x Param) bool { return x.Name == hidden }) {
				t.Errorf("%s hides %s", o.Name, hidden)
			}
		}
	}
	if !slices.Equal(kinds, Kinds()) {
		t.Errorf("%v are offered of %v", kinds, Kinds())
	}
	if p := Shared(); TraitsOf(p).Block == 0 || !TraitsOf(Default()).Exact {
		t.Errorf("%+v shares no blocks", p)
	}
	for room := range 20 {
		for _, p := range Within(room) {
			if most := TraitsOf(p).MaxTokens(); Check(p, 8) != nil || room > 0 && most > room {
				t.Errorf("%s is offered where there is room for %d tokens", Text(p), room)
			}
		}
	}
}

// TestWords: what a person may write of a policy, and what is said to the rest.
func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"paged": "paged:4", "window": "window:8:0", "window:3": "window:3:0", "h2o:6": "h2o:6:4", "h2o:2:0": "h2o:2:0",
		"int8:channel": "int8:channel:8", "int4:token:2": "int4:token:2",
		"paged:0": "recipe.whole block 1 64", "paged:65": "recipe.whole block 1 64", "window:0": "recipe.whole window 1 1048576",
		"window:1:-1": "recipe.whole sinks 0 1048576", "h2o:1048577": "recipe.whole window 1 1048576", "h2o:1:1048577": "recipe.whole heavy 0 1048576",
		"int8:row": "recipe.choice axis", "sieve": "recipe.choice cache", "contiguous:1": "cache.text",
	} {
		p, err := Parse(text)
		if got := outcome(p, err); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, c := range []struct {
		p    sim.CachePolicy
		want string
	}{
		{sim.CachePolicy{Kind: sim.CacheInt8, Axis: AxisToken}, "int8:token:0"},
		{sim.CachePolicy{Kind: sim.CacheInt8, Axis: AxisChannel}, "recipe.whole group 1 8"},
		{sim.CachePolicy{Kind: sim.CacheInt8, Axis: AxisToken, Group: 9}, "recipe.whole group 0 8"},
		{sim.CachePolicy{Kind: sim.CacheInt4, Axis: AxisToken, Group: 3}, "cache.group"},
		{sim.CachePolicy{Kind: sim.CacheInt4, Axis: "row"}, "recipe.choice axis"},
		{sim.CachePolicy{Kind: sim.CacheWindow}, "recipe.whole window 1 1048576"},
		{sim.CachePolicy{Kind: sim.CacheContiguous, Budget: 1<<50 + 1}, "recipe.whole budget 0 1125899906842624"},
		{sim.CachePolicy{}, "recipe.choice cache"},
	} {
		if got := outcome(c.p, Check(c.p, 8)); got != c.want {
			t.Errorf("%+v: %s, want %s", c.p, got, c.want)
		}
	}
	if p, err := Read(sim.CacheWindow, map[string]string{"block": "0"}); outcome(p, err) != "recipe.whole block 1 64" {
		t.Errorf("another kind's parameter is not checked: %v", err)
	}
	if p, err := Read(sim.CacheWindow, map[string]string{"block": "3", "window": "2", "budget": "70"}); err != nil || p != (sim.CachePolicy{Kind: sim.CacheWindow, Window: 2, Budget: 70}) {
		t.Errorf("%+v (%v)", p, err)
	}
}

// outcome is a policy's text, or the problem with its field and range.
func outcome(p sim.CachePolicy, err error) string {
	problem, ok := err.(*sim.Problem)
	if !ok {
		return Text(p)
	}
	words := []string{problem.ID}
	for _, arg := range []string{"Field", "Least", "Most"} {
		if text, ok := problem.Args[arg].(string); ok {
			words = append(words, text)
		}
	}
	return strings.Join(words, " ")
}
