package cost

import "math/big"

// Sums over the passes of a generation, in closed form and of any size: they
// take the same time for any number of tokens.

// ramp returns n + (n+1) + ..., count terms: count n + count(count-1)/2.
func ramp(n, count int64) *big.Int {
	twice := plusBig(big.NewInt(n), big.NewInt(n), big.NewInt(count-1))
	return half2(timesBig(big.NewInt(count), twice))
}

// ramps returns triangle(n) + triangle(n+1) + ..., count terms, where triangle(n) is
// 1 + ... + n: tetrahedron(n+count-1) - tetrahedron(n-1).
func ramps(n, count int64) *big.Int {
	top := tetrahedron(n + count - 1)
	return top.Sub(top, tetrahedron(n-1))
}

// tetrahedron returns triangle(1) + ... + triangle(n) = n(n+1)(n+2)/6.
func tetrahedron(n int64) *big.Int {
	p := timesBig(big.NewInt(n), big.NewInt(n+1), big.NewInt(n+2))
	return p.Quo(p, big.NewInt(6))
}

func half2(n *big.Int) *big.Int { return n.Rsh(n, 1) }

// within returns how many of n, n+1, ..., count terms, are not above limit.
func within(n, count, limit int64) int64 { return min(count, max(0, limit-n+1)) }

// clipped returns min(n, limit) + min(n+1, limit) + ..., count terms; limit 0 is none.
func clipped(n, count, limit int64) *big.Int {
	if limit == 0 {
		return ramp(n, count)
	}
	below := within(n, count, limit)
	return plusBig(ramp(n, below), timesBig(big.NewInt(count-below), big.NewInt(limit)))
}

// squares returns n^2 + (n+1)^2 + ..., count terms: T^2 is triangle(T) + triangle(T-1).
func squares(n, count int64) *big.Int { return plusBig(ramps(n, count), ramps(n-1, count)) }

// clippedPairs returns the allowed pairs of passes over n, n+1, ... tokens, count
// passes, where a query sees window keys: with T tokens triangle(T), and above
// the window triangle(w) + (T-w) w, which is w T - triangle(w-1).
func clippedPairs(n, count, window int64) *big.Int {
	if window == 0 {
		return ramps(n, count)
	}
	below := within(n, count, window)
	above, w := count-below, big.NewInt(window)
	cut := timesBig(big.NewInt(above), ramp(0, window)) // ramp(0, w) is triangle(w-1)
	return plusBig(ramps(n, below), timesBig(w, ramp(n+below, above)), cut.Neg(cut))
}
