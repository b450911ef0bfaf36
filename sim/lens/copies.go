package lens

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/kv"
)

// copiedBlocks are, for each sequence of the pass, the blocks [from, to] that it had
// to copy because another beam writes into the same one.
func copiedBlocks(m *Moment) [][][2]int {
	peers := everyone(m.Step)
	all := make([][][2]int, len(peers))
	b := beamsBefore(m, m.Step)
	if b == nil || m.Step.KV == nil {
		return all
	}
	parents := everyone(m.At(headBefore(m, m.Step)))
	for i, p := range peers {
		if p.Seq >= len(b.Live) || b.Live[p.Seq].Parent >= len(parents) {
			continue
		}
		before, now := parents[b.Live[p.Seq].Parent].KV.Usage().Table, p.KV.Usage().Table
		for k := range min(len(before), len(now)) {
			if before[k] != now[k] {
				all[i] = append(all[i], [2]int{before[k], now[k]})
			}
		}
	}
	return all
}

// movedBlocks returns the blocks that the sequence which is looked at took just before this
// step, and those that went back to the free ones. A prompt found in the cache
// takes no block for it; a block that others use goes nowhere; and who was preempted comes
// without any.
func movedBlocks(m *Moment, u sim.CacheUsage) (taken, given []int) {
	var before []int
	if q := m.Step.Schedule; q != nil && q.Requests[m.Step.Seq].Reused > 0 {
		before = u.Table[:q.Requests[m.Step.Seq].Reused/kv.TraitsOf(m.Recipe.Cache).Block]
	}
	if last := m.last(); last != nil && last.KV != nil && preempted(last) == preempted(m.Step) {
		before = last.KV.Usage().Table
	}
	for _, b := range without(before, u.Table) {
		if slices.Contains(u.Free, b) {
			given = append(given, b)
		}
	}
	taken = without(u.Table, before)
	copies := copiedBlocks(m)
	for i, p := range everyone(m.Step) { // a copy is told as one
		for _, c := range copies[i] {
			if p.Seq == m.Step.Seq {
				taken = slices.DeleteFunc(taken, func(b int) bool { return b == c[1] })
			}
		}
	}
	return taken, given
}
