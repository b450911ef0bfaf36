package mat

// pieceWork is what a piece must have so that taking it and handing it over cost little, where there is
// enough for each thread to have one.
const pieceWork = 1 << 21

// Cuts are the ends of pieces.
type Cuts [MaxPieces]int

// Even cuts n things, each of so much work, for so many threads: large pieces first, and equal ones at
// the end, as many for each thread, so that nobody waits long for who took the last one. It returns how
// many pieces there are.
func (c *Cuts) Even(n, work, threads int) (pieces int) {
	if threads == 1 {
		c[0] = n
		return min(n, 1)
	}
	least := max(pieceWork/max(work, 1), (n+MaxPieces-1)/MaxPieces, 1)
	for at, last := 0, 0; at < n; pieces++ {
		left := n - at
		size := left / (3 * threads)
		if size < least && last == 0 {
			last = threads * max(1, left/(least*threads))
			last = (left + last - 1) / last
		}
		at += min(left, max(size, last))
		c[pieces] = at
	}
	return pieces
}

// Of returns the things [from, to) of piece p.
func (c *Cuts) Of(p int) (from, to int) {
	if p > 0 {
		from = c[p-1]
	}
	return from, c[p]
}
