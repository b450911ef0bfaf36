package token

import "container/heap"

// A merge rule says whether two neighbouring ids become one, and how good that
// merge is compared with others.
type mergeRule func(left, right int) (merged int, score float32, ok bool)

// merge applies the rule greedily: again and again the pair with the highest
// score, the leftmost of equals, until no pair can be merged. It works in
// ids, and returns the part of it that is left.
//
// Trying every pair each time (as run.c does) is quadratic in the text; a heap
// of candidate pairs over a linked list gives the same result in n log n.
func merge(ids []int, rule mergeRule) []int {
	if len(ids) < 2 {
		return ids
	}
	m := merger{ids: ids, rule: rule, next: make([]int, len(ids)), prev: make([]int, len(ids))}
	// At first every id's neighbours are those beside it.
	for i := range ids {
		m.prev[i], m.next[i] = i-1, i+1
	}
	for i := range ids[1:] {
		m.propose(i)
	}
	for len(m.pairs) > 0 {
		p := heap.Pop(&m.pairs).(pair)
		right := m.next[p.at]
		// A pair is stale when one of its ids was merged with another since.
		if right >= len(ids) || ids[p.at] != p.left || ids[right] != p.right {
			continue
		}
		// The left place takes the merged id, the right one leaves the list.
		ids[p.at], ids[right] = p.merged, mergedAway
		m.next[p.at] = m.next[right]
		if after := m.next[right]; after < len(ids) {
			m.prev[after] = p.at
		}
		// The new id makes a pair with each neighbour.
		if before := m.prev[p.at]; before >= 0 {
			m.propose(before)
		}
		m.propose(p.at)
	}
	// Walk what is left of the list; it only ever moves ids to the left.
	kept := ids[:0]
	for i := 0; i < len(ids); i = m.next[i] {
		kept = append(kept, ids[i])
	}
	return kept
}

// mergedAway marks the place of an id that was merged into the one before it.
const mergedAway = -1

// merger is the state of one merge: ids as a doubly linked list.
type merger struct {
	ids        []int
	next, prev []int // len(ids) and -1 at the ends
	rule       mergeRule
	pairs      pairHeap
}

// propose adds the pair that begins at place i, if it can be merged.
func (m *merger) propose(i int) {
	j := m.next[i]
	if j >= len(m.ids) {
		return
	}
	if id, score, ok := m.rule(m.ids[i], m.ids[j]); ok {
		heap.Push(&m.pairs, pair{at: i, left: m.ids[i], right: m.ids[j], merged: id, score: score})
	}
}

// pair is a candidate: the ids at place at and after it, as they were.
type pair struct {
	at, left, right, merged int
	score                   float32
}

// pairHeap has the best pair on top: the highest score, then the leftmost.
type pairHeap []pair

// Len, Swap, Less, Push and Pop are container/heap's interface.
func (h pairHeap) Len() int      { return len(h) }
func (h pairHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h pairHeap) Less(i, j int) bool {
	if h[i].score != h[j].score {
		return h[i].score > h[j].score
	}
	return h[i].at < h[j].at
}
func (h *pairHeap) Push(x any) { *h = append(*h, x.(pair)) }
func (h *pairHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
