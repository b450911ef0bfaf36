package kv

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// trial is a cache, the slow account of what it ought to hold, and its history.
type trial struct {
	t       *testing.T
	r       *rand.Rand
	s       Spec
	p       sim.CachePolicy
	arena   *Arena
	memory  *sim.Memory
	cache   Cache
	account *account
	history *History
	told    *heard
	view    View
	name    string

	taken, freed []int    // blocks, as views told of them
	later        []func() // what views of the pass before still have to say
}

// both tells two observers.
type both struct{ a, b Observer }

func (o both) Evicted(layer, head, position, query int, score float32) {
	o.a.Evicted(layer, head, position, query, score)
	o.b.Evicted(layer, head, position, query, score)
}

func (o both) Quantised(layer, position int, k, v []float32) {
	o.a.Quantised(layer, position, k, v)
	o.b.Quantised(layer, position, k, v)
}

func (o both) BlockTaken(block int, copied bool) {
	o.a.BlockTaken(block, copied)
	o.b.BlockTaken(block, copied)
}

func (o both) BlockFreed(block int) {
	o.a.BlockFreed(block)
	o.b.BlockFreed(block)
}

// anyPolicy is a random policy of the list, of its smallest parameters.
func anyPolicy(r *rand.Rand, headDim int) sim.CachePolicy {
	return drawn(r, Policies[r.IntN(len(Policies))], headDim)
}

func newTrial(t *testing.T, r *rand.Rand) *trial {
	s := Spec{Layers: 1 + r.IntN(2), KVHeads: 1 + r.IntN(2), HeadDim: 1 + r.IntN(8), Most: 1 + r.IntN(30)}
	x := &trial{t: t, r: r, s: s, p: anyPolicy(r, s.HeadDim), memory: sim.NewMemory(nil, "memory.room", 0)}
	x.name = fmt.Sprintf("%s of %+v", Text(x.p), s)
	x.arena = NewArena(0).In(x.memory)
	cache, err := New(s, x.p, x.arena)
	if err != nil {
		t.Fatal(err)
	}
	x.cache, x.account, x.told = cache, newAccount(s, x.p), &heard{}
	x.remember(NewHistory(s, x.p))
	if u := cache.Usage(); u.Used != 0 || u.Held != u.Allocated {
		t.Fatalf("%s: empty, it takes %+v", x.name, u)
	}
	return x
}

func (x *trial) remember(h *History) {
	if x.history != nil { // no view will tell of these
		x.taken, x.freed = append(x.taken, x.history.blocks.taken...), append(x.freed, x.history.blocks.freed...)
	}
	x.history = h
	x.cache.Report(both{h, x.told})
}

func (x *trial) fail(format string, args ...any) {
	x.t.Helper()
	x.t.Fatalf("%s: %s", x.name, fmt.Sprintf(format, args...))
}

// row is K or V of a token: small, large, beyond float16, or all alike.
func (x *trial) row() []float32 {
	size := []float64{1, 1e-6, 300, 1e5}[x.r.IntN(4)]
	row := make([]float32, x.s.width())
	for i := range row {
		if row[i] = float32(size * x.r.NormFloat64()); x.r.IntN(6) == 0 {
			row[i] = row[0]
		}
	}
	return row
}

// pass feeds up to n tokens, layer by layer, and checks every query.
func (x *trial) pass(n int) {
	before := x.account.len(0)
	n = min(n, x.s.Most-before)
	if room := x.reserve(n); room != n {
		x.fail("room for %d of %d tokens", room, n)
	}
	for l := range x.s.Layers {
		k, v := mat.New(n, x.s.width()), mat.New(n, x.s.width())
		var met [][]met
		for i := range n {
			copy(k.Row(i), x.row())
			copy(v.Row(i), x.row())
			x.cache.Append(l, k.Row(i), v.Row(i))
			x.account.append(l, k.Row(i), v.Row(i))
			met = append(met, x.query(l))
		}
		x.history.Keep(l, k, v)
		x.look(l, before, before+n, met)
	}
	x.cache.EndPass()
	x.account.endPass()
	x.events()
	x.sizes()
	if u := x.cache.Usage(); x.p.Axis == AxisChannel && u.Allocated != x.coded()+int64(x.account.p.Group*x.s.Layers*x.s.width()*4) {
		x.fail("after a pass it has %d bytes, %d of them codes", u.Allocated, x.coded())
	}
	x.first(x.r.IntN(before + n + 1))
}

// met is what a query saw of one head.
type met struct {
	k, v [][]float32
	at   []int
}

// query is what the newest query of a layer sees in every head, which is as it ought to
// be, and spreads its attention over.
func (x *trial) query(layer int) (all []met) {
	for h := range x.s.KVHeads {
		k, v, at := x.cache.Sees(layer, h)
		want := x.account.at(layer, h)
		if at != nil && !slices.Equal(at, want) || k.NumRows() != len(want) || v.NumRows() != len(want) {
			x.fail("layer %d head %d sees %v (%d rows), want %v", layer, h, at, k.NumRows(), want)
		}
		m := met{at: want}
		for i, p := range want {
			if !slices.Equal(k.Row(i), x.account.read(0, layer, h, p)) || !slices.Equal(v.Row(i), x.account.read(1, layer, h, p)) {
				x.fail("layer %d head %d position %d reads %v, want %v", layer, h, p, k.Row(i), x.account.read(0, layer, h, p))
			}
			m.k, m.v = append(m.k, slices.Clone(k.Row(i))), append(m.v, slices.Clone(v.Row(i)))
		}
		all = append(all, m)
		for q := range 2 { // query heads to a K/V head
			probs := make([]float32, len(want))
			for i := range probs {
				probs[i] = float32(x.r.IntN(4)) / 4
			}
			x.cache.Attended(layer, h, probs)
			x.account.attended(layer, h, want, probs, q == 0)
		}
	}
	return all
}

// back forgets the newest tokens, as far as the policy can.
func (x *trial) back() {
	n := x.account.len(0)
	to := x.r.IntN(n + 1)
	switch {
	case x.account.most() > 0:
		to = 0
	case x.p.Axis == AxisChannel && to > 0: // or everything
		to = max(to, x.account.inCodes(0))
	}
	if n > 0 {
		x.remember(x.view.First(to))
	} else {
		x.remember(x.history.First(to))
	}
	x.cache.Truncate(to)
	x.account.truncate(to)
	if x.account.most() > 0 { // it begins again
		x.account.evicted, x.told.evicted = nil, nil
	}
	x.later = nil
	x.sizes()
}

// fork goes on in a cache that shares memory, and the first one stays as it was.
func (x *trial) fork() {
	n := x.r.IntN(x.account.len(0) + 1)
	f := x.cache.Fork(n)
	if (f != nil) != (x.p.Block > 0) {
		x.fail("a fork is %v", f)
	}
	if f == nil {
		return
	}
	other := *x
	other.cache, other.account, other.told = f, newAccount(x.s, x.p), &heard{}
	for l := range x.s.Layers {
		for p := range n {
			other.account.append(l, x.account.rows[0][l][p], x.account.rows[1][l][p])
		}
	}
	other.remember(x.history.First(n))
	held := x.memory.Held()
	if want := min(3, x.s.Most-n); want > 0 {
		other.name += ", a fork"
		if room := other.reserve(want); room != want {
			x.fail("a fork has no room")
		}
		for l := range x.s.Layers {
			row := x.row()
			f.Append(l, row, row)
			other.account.append(l, row, row)
			other.query(l)
		}
	}
	if copied := n%x.p.Block > 0 && n < x.s.Most; other.told.copies != map[bool]int{true: 1}[copied] || other.history.Copies() != other.told.copies {
		x.fail("%d copies after %d tokens in blocks of %d", other.told.copies, n, x.p.Block)
	}
	f.Free()
	if x.memory.Held() != held || len(other.told.freed) != len(other.told.taken) {
		x.fail("a fork keeps %d bytes", x.memory.Held()-held)
	}
	for l := range x.s.Layers {
		if x.account.len(0) > 0 {
			x.query(l)
		}
	}
}

// TestCachesKeepTheirAccount: under random passes, truncations and forks every policy
// keeps, reads, reports and takes what a slow account says, and so does its history.
func TestCachesKeepTheirAccount(t *testing.T) {
	trials := 1500
	if testing.Short() {
		trials = 300
	}
	r := rand.New(rand.NewPCG(61, 1))
	evicted, quantised := 0, 0
	for range trials {
		x := newTrial(t, r)
		for range 1 + r.IntN(8) {
			switch n := r.IntN(10); {
			case n < 7:
				x.pass(1 + r.IntN(5)*r.IntN(3))
			case n < 9:
				x.back()
			default:
				x.fork()
			}
		}
		evicted, quantised = evicted+len(x.told.evicted), quantised+len(x.told.quantised)
		x.cache.Free()
		if x.arena.Held() != 0 || x.memory.Held() != 0 {
			x.fail("%d bytes of the arena and %d of the machine stay held", x.arena.Held(), x.memory.Held())
		}
	}
	if evicted < trials || quantised < trials {
		t.Errorf("%d rows evicted, %d quantised: too few to prove anything", evicted, quantised)
	}
}
