package kv

import (
	"cmp"
	"fmt"
	"math"
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

// anyPolicy is a random policy, edges more often than not.
func anyPolicy(r *rand.Rand, headDim int) sim.CachePolicy {
	group := []int{1, 2 - headDim%2, headDim}[r.IntN(3)]
	axis := []string{AxisToken, AxisChannel}[r.IntN(2)]
	return []sim.CachePolicy{
		{Kind: sim.CacheContiguous},
		{Kind: sim.CachePaged, Block: 1 + r.IntN(5)},
		{Kind: sim.CacheWindow, Window: 1 + r.IntN(4), Sinks: r.IntN(3)},
		{Kind: sim.CacheH2O, Window: 1 + r.IntN(4), Heavy: r.IntN(4)},
		{Kind: sim.CacheInt8, Axis: axis, Group: group},
		{Kind: sim.CacheInt4, Axis: axis, Group: group},
	}[r.IntN(6)]
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
		for range 2 { // query heads to a K/V head
			probs := make([]float32, len(want))
			for i := range probs {
				probs[i] = float32(x.r.IntN(4)) / 4
			}
			x.cache.Attended(layer, h, probs)
			x.account.attended(layer, h, want, probs)
		}
	}
	return all
}

// look asks the history about this moment: it says what the queries of the pass met.
func (x *trial) look(layer, before, after int, seen [][]met) {
	v := x.history.At(x.cache, layer, before, after)
	x.view = v
	taken, freed := v.Blocks()
	x.taken, x.freed = append(x.taken, taken...), append(x.freed, freed...)
	if v.Len(layer) != after || layer+1 < x.s.Layers && v.Len(layer+1) != before || v.QuantisedLen() != x.account.inCodes(layer) {
		x.fail("view of %d, %d positions, %d in codes", v.Len(layer), v.Len(x.s.Layers-1), v.QuantisedLen())
	}
	for i, heads := range seen {
		for h, m := range heads {
			k, w, at := v.Sees(layer, h, before+i)
			if at != nil && !slices.Equal(at, m.at) || k.NumRows() != len(m.at) {
				x.fail("the history has query %d see %v, it saw %v", before+i, at, m.at)
			}
			for j := range m.at {
				if !slices.Equal(k.Row(j), m.k[j]) || !slices.Equal(w.Row(j), m.v[j]) {
					x.fail("the history reads position %d otherwise than query %d did", m.at[j], before+i)
				}
			}
		}
	}
	for _, check := range x.later {
		check()
	}
	x.later = nil
	var now [][3]int
	for h := range x.s.KVHeads {
		for p := range after {
			now = append(now, x.position(v, layer, h, p, before)...)
		}
	}
	evicted := func() {
		if got := Evictions(&sim.Step{KV: v, Part: sim.LayerPart, Layer: layer, Cached: before, Rows: after - before}); !slices.Equal(got, now) {
			x.fail("the step evicted %v, want %v", got, now)
		}
	}
	evicted()
	x.later = append(x.later, evicted)
}

// position checks what a view says of one: who evicted it, its score, its codes. It returns
// its eviction if that is of a query from before on.
func (x *trial) position(v View, layer, head, p, before int) (now [][3]int) {
	gone, score := never, x.account.kept[layer][head][p]
	for _, e := range x.account.evicted {
		if e.layer == layer && e.head == head && e.position == p {
			gone, score = e.query, e.score
		}
	}
	if got := v.EvictedAt(layer, head, p); got != gone {
		x.fail("layer %d head %d position %d: evicted before %d, want %d", layer, head, p, got, gone)
	}
	if gone != never && gone >= before {
		now = append(now, [3]int{gone, head, p})
	}
	scored := func() {
		if got, ok := v.Score(head, p); ok != (x.p.Kind == sim.CacheH2O) || ok && got != score {
			x.fail("head %d position %d: score %v, want %v", head, p, got, score)
		}
	}
	scored()
	x.later = append(x.later, scored) // the view says the same when the cache has gone on
	for side := range 2 {
		d := x.r.IntN(x.s.HeadDim)
		code, scale, low, ok := v.Code(layer, head, p, d, side == 1)
		if inCodes := x.account.coded() > 0 && (side == 1 || p < x.account.inCodes(layer)); ok != inCodes {
			x.fail("position %d has a code: %v", p, ok)
		}
		if want := x.account.read(side, layer, head, p)[d]; ok && (float32(float32(code.Value)*scale)+low != want || code.Top != 1<<x.account.coded()-1) {
			x.fail("position %d: code %+v, scale %v, low %v, reads %v", p, code, scale, low, want)
		}
	}
	return now
}

// first is a history of some tokens alone: what happened later has not happened in it.
func (x *trial) first(n int) {
	v := x.history.First(n).At(x.cache, x.s.Layers-1, n, n)
	inCodes := min(n, x.account.inCodes(0))
	if x.p.Axis == AxisChannel {
		inCodes = inCodes / x.p.Group * x.p.Group
	}
	if v.QuantisedLen() != inCodes {
		x.fail("of %d tokens %d are in codes, want %d", n, v.QuantisedLen(), inCodes)
	}
	for l := range x.s.Layers {
		for h := range x.s.KVHeads {
			keys, values := v.Keys(l, h), v.Values(l, h)
			for p := range n {
				k := x.account.rows[0][l][p][h*x.s.HeadDim : (h+1)*x.s.HeadDim]
				if p < inCodes {
					k = x.account.read(0, l, h, p)
				}
				if !slices.Equal(keys.Row(p), k) || !slices.Equal(values.Row(p), x.account.read(1, l, h, p)) {
					x.fail("of %d tokens position %d reads %v, want %v", n, p, keys.Row(p), k)
				}
				gone := never
				for _, e := range x.account.evicted {
					if e.layer == l && e.head == h && e.position == p && e.query < n {
						gone = e.query
					}
				}
				if got := v.EvictedAt(l, h, p); got != gone {
					x.fail("of %d tokens position %d is evicted before %d, want %d", n, p, got, gone)
				}
			}
		}
	}
}

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
			if problem, ok := err.(*sim.Problem); ok && problem.Args["Want"] != s.Want(p, asked-room) {
				t.Fatalf("%s: room for %d of %d tokens: %v, %d bytes foretold", name, room, asked, err, s.Want(p, asked-room))
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
		if !ok || problem.ID != "kv.memory" || problem.Args["Want"] != s.Want(p, 3) || problem.Args["Budget"] != p.Budget || problem.Args["Held"] != c.Usage().Held {
			t.Fatalf("%s: %v, %d bytes foretold", name, err, s.Want(p, 3))
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
