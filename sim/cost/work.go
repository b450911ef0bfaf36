package cost

// Work is what one pass, or many passes together, amount to in one layer,
// whatever the model. Every count of this package is linear in it. So a sum of
// passes is counted like one pass, and cutting a prompt into chunks changes no
// FLOPs: it changes neither the rows nor the allowed pairs, only the passes.
type Work struct {
	Passes int64 // times all weights are read
	Rows   int64 // m: token rows computed
	Pairs  int64 // P: (query, key) pairs scored, per head
	Logits int64 // r: rows that get logits
	Reads  int64 // s+m: rows of K read, and as many of V, each once per pass

	Latent  int64 // pairs scored in MLA's latent instead (its absorbed form)
	Expand  int64 // cached rows of which MLA makes K and V again (its expanded form)
	Experts int64 // experts that some row of a pass goes to: their weights are read
}

// PassWork returns one pass over rows new tokens with cached tokens before them,
// in a layer that sees everything.
//
//	allowed: P = m*s + m*(m+1)/2    every query sees the past and itself
//	dense:   P = m*(s+m)            the masked half is computed too
func PassWork(rows, cached int, sw Switches) Work { return windowWork(rows, cached, 0, sw) }

// windowWork counts PassWork where a query sees only the last window keys, itself
// included (0: all). Keys further back than that are in nobody's reach:
//
//	allowed: P = sum over the rows of min(s+1+i, window)
//	dense:   P = m * reads, reads = min(s, window-1) + m
func windowWork(rows, cached int, window int64, sw Switches) Work {
	m, s := int64(rows), int64(cached)
	reach := s
	if window > 0 {
		reach = min(s, window-1)
	}
	w := Work{Passes: 1, Rows: m, Logits: 1, Reads: reach + m}
	if sw.Pairs == "dense" {
		w.Pairs = times(m, reach+m)
	} else {
		w.Pairs = reaching(s+1, m, window)
	}
	if sw.Logits == "all" {
		w.Logits = m
	}
	return w
}

// reaching returns min(n, window) + min(n+1, window) + ..., count terms.
func reaching(n, count, window int64) int64 {
	below := count // terms that the window does not cut
	if window > 0 {
		below = min(count, max(0, window-n+1))
	}
	return plus(plus(times(below, n), triangle(below-1)), times(count-below, window))
}

// triangle returns 1 + 2 + ... + n = n(n+1)/2; one of the factors is even.
func triangle(n int64) int64 {
	if n <= 0 {
		return 0
	}
	if n%2 == 0 {
		return times(n/2, n+1)
	}
	return times(n, (n+1)/2)
}

// passWork returns one pass as the layers of a group see it.
func (s Shape) passWork(rows, cached int, g group, sw Switches) Work {
	w := windowWork(rows, cached, g.window, sw)
	if s.MLA.KVRank > 0 {
		if s.absorbs(cached > 0) {
			w.Latent, w.Pairs = w.Pairs, 0
		} else {
			w.Expand = int64(cached)
		}
	}
	if g.half == experts {
		w.Experts = min(int64(s.MoE.Experts), times(int64(s.MoE.Active), w.Rows))
	}
	return w
}

// absorbs reports whether a pass takes MLA's absorbed form.
func (s Shape) absorbs(cached bool) bool {
	return s.MLA.Form == Absorbed || s.MLA.Form == Auto && cached
}
