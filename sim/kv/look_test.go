package kv

import (
	"slices"

	"kvstep/sim"
)

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
		got := v.Scores(head)
		if ok := got != nil; ok != (definitions[x.p.Kind].attended != nil) || ok && got[p] != score {
			x.fail("head %d position %d: scores %v, want %v", head, p, got, score)
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
