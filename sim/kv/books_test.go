package kv

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
)

// events compares what the cache reported with the account.
func (x *trial) events() {
	order := func(a, b quantisedEvent) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(a.position, b.position), cmp.Compare(len(a.v), len(b.v)))
	}
	got, want := slices.Clone(x.told.quantised), slices.Clone(x.account.quantised)
	slices.SortStableFunc(got, order)
	slices.SortStableFunc(want, order)
	same := func(a, b quantisedEvent) bool {
		return order(a, b) == 0 && slices.Equal(a.k, b.k) && slices.Equal(a.v, b.v)
	}
	if !slices.EqualFunc(got, want, same) {
		x.fail("quantised %d rows, want %d", len(got), len(want))
	}
	if !slices.Equal(x.told.evicted, x.account.evicted) {
		x.fail("evicted %v, want %v", x.told.evicted, x.account.evicted)
	}
	if !slices.Equal(x.taken, x.told.taken) || !slices.Equal(x.freed, x.told.freed) {
		x.fail("views tell of blocks %v and %v, the cache of %v and %v", x.taken, x.freed, x.told.taken, x.told.freed)
	}
	if have := len(x.told.taken) - len(x.told.freed); x.p.Block > 0 && have != len(x.cache.Usage().Table) {
		x.fail("%d blocks taken and not freed, the table has %d", have, len(x.cache.Usage().Table))
	}
}

// sizes compares what the cache takes with what its rows and its shape say.
func (x *trial) sizes() {
	used, n := int64(0), x.account.len(0)
	for l := range x.s.Layers {
		want := x.account.used(l)
		used += want
		if got := x.cache.LayerBytes(l); got != want {
			x.fail("layer %d has %d bytes of %d tokens, want %d", l, got, n, want)
		}
		if got := x.s.LayerBytes(x.p, n, x.account.inCodes(l)); got != want {
			x.fail("layer %d: %d bytes foretold, want %d", l, got, want)
		}
	}
	if u := x.cache.Usage(); u.Used != used || u.Allocated < u.Used || u.Held != u.Allocated || u.Held != x.arena.Held() {
		x.fail("it takes %+v, its rows %d", u, used)
	}
	if got := x.s.QuantisedLen(x.p, n); x.p.Axis == AxisChannel && got != x.account.inCodes(0) {
		x.fail("%d tokens in codes foretold, want %d", got, x.account.inCodes(0))
	}
}

// reserve takes memory, and checks that it takes what it said it would.
func (x *trial) reserve(n int) int {
	lacks, before, u := x.cache.Lacks(n), x.memory.Held(), x.cache.Usage()
	room, err := x.cache.Reserve(n)
	if (err == nil) != (room == n) {
		x.fail("room for %d of %d: %v", room, n, err)
	}
	took := x.memory.Held() - before
	switch now := x.cache.Usage(); {
	case x.p.Block > 0:
		if lacks != took || now.Allocated != int64(blocks(x.account.len(0)+n, x.p.Block)*x.p.Block)*x.s.TokenBytes() {
			x.fail("lacks %d, took %d, has %d", lacks, took, now.Allocated)
		}
	case took > 0: // rows in float32; both rooms are held while it copies
		if lacks != took+u.Allocated-x.coded() || x.p.Axis != AxisChannel {
			x.fail("lacks %d, took %d", lacks, took)
		}
	case lacks != 0 || took < 0:
		x.fail("lacks %d, took %d", lacks, took)
	}
	return room
}

// coded is the bytes of codes and scales that a cache of groups of tokens has.
func (x *trial) coded() int64 {
	size := x.p.Group
	if size == 0 {
		size = x.s.HeadDim
	}
	numbers := (x.s.Most + size - 1) / size * size * x.s.HeadDim
	bits := map[string]int{sim.CacheInt8: 8, sim.CacheInt4: 4}[x.p.Kind]
	return int64(2*x.s.Layers*x.s.KVHeads) * int64((numbers*bits+7)/8+numbers/size*4)
}

// TestBudgetsAreForetold: a cache within a budget has room for as many tokens as its shape
// says, asks for the bytes that it says, and holds no more than the budget.
func TestBudgetsAreForetold(t *testing.T) {
	r := rand.New(rand.NewPCG(62, 1))
	walls := 0
	for range 2000 {
		s := Spec{Layers: 1 + r.IntN(2), KVHeads: 1 + r.IntN(2), HeadDim: 1 + r.IntN(8), Most: 1 + r.IntN(20)}
		p := anyPolicy(r, s.HeadDim)
		p.Budget = 1 + r.Int64N(s.TokenBytes()*int64(s.Most+2))
		name, fits, filled := fmt.Sprintf("%s of %+v in %d bytes", Text(p), s, p.Budget), s.Fits(p, p.Budget), 0
		c, err := New(s, p, NewArena(p.Budget))
		for err == nil && filled < s.Most { // by channel in pieces: new K is float32 for a pass
			var room int
			asked := s.Most - filled
			if room, err = c.Reserve(asked); room == 0 {
				break
			}
			if problem, ok := err.(*sim.Problem); ok && problem.Args["Want"] != s.ShortBy(p, asked-room) {
				t.Fatalf("%s: room for %d of %d tokens: %v, %d bytes foretold", name, room, asked, err, s.ShortBy(p, asked-room))
			}
			for range room {
				for l := range s.Layers {
					c.Append(l, make([]float32, s.width()), make([]float32, s.width()))
				}
			}
			c.EndPass()
			if filled, err = filled+room, nil; c.Usage().Allocated > p.Budget {
				t.Fatalf("%s: it holds %d", name, c.Usage().Allocated)
			}
		}
		if filled != fits {
			t.Fatalf("%s: room for %d tokens (%v), %d foretold", name, filled, err, fits)
		}
		if fits == 0 || fits == s.Most {
			continue
		}
		if n := s.Bytes(p); n > p.Budget && !TraitsOf(p).Quantises() {
			t.Fatalf("%s: %d bytes foretold", name, n)
		}
		walls++
		_, err = c.Reserve(3)
		problem, ok := err.(*sim.Problem)
		if !ok || problem.ID != "kv.memory" || problem.Args["Want"] != s.ShortBy(p, 3) || problem.Args["Budget"] != p.Budget || problem.Args["Held"] != c.Usage().Held {
			t.Fatalf("%s: %v, %d bytes foretold", name, err, s.ShortBy(p, 3))
		}
	}
	if walls < 500 {
		t.Errorf("only %d caches were full", walls)
	}
}

// TestTokenBits: a token's bits are those that the rows of many take, in the limit.
func TestTokenBits(t *testing.T) {
	s := Spec{Layers: 3, KVHeads: 2, HeadDim: 8, Most: 64}
	for text, want := range map[string]float64{
		"contiguous": 32, "paged:4": 32, "window:3:1": 32, "h2o:2:2": 32,
		"int8:token:8": 8 + 32.0/8, "int8": 8 + 32.0/8, "int4:token:2": 4 + 32.0/2, "int4:channel:4": 4 + 32.0/4,
	} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.TokenBits(p), int64(math.Round(want*float64(2*s.Layers*s.width()))); got != want {
			t.Errorf("%s: %d bits a token, want %d", text, got, want)
		}
	}
}
