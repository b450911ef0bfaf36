package run

import (
	"slices"

	"kvstep/sim"
	"kvstep/sim/mat"
)

// What a run holds of the machine's memory, and what it will want.

// release drops what a run that is over has no more use for, while its steps are looked at:
// all but the memory in which rows stand.
func (e *engine) release() {
	e.releaseOutputs()
	e.lanes, e.scratch, e.caches, e.prefixes, e.decoder, e.all, e.live = [2]*lane{}, nil, nil, nil, nil, nil, nil
	e.asking = nil
	e.held.Give(e.held.Held() - e.rows.rest)
}

// rest gives back what no lane needs before the next pass.
func (e *engine) rest() {
	for _, lane := range e.lanes {
		if lane != nil && !e.once { // who looks once still looks at it
			lane.rest()
		}
	}
}

// maxRows returns how many rows a pass can have in a lane at most: every token of as many
// sequences as go together.
func (e *engine) maxRows(lane sim.Lane) (n int) {
	together := 1
	if e.recipe.Batch != nil {
		together = e.recipe.Batch.Slots
	}
	var each []int
	for _, q := range e.all {
		each = append(each, e.maxPositions(lane, q))
	}
	slices.Sort(each)
	for _, most := range each[max(0, len(each)-together):] {
		n += most
	}
	return n * e.decoder.width()
}

// afford asks whether the machine has memory for what a sequence's cache may take in the
// next pass. Nothing is decided yet, so that it can be asked again.
func (e *engine) afford(q *sequence) error {
	if q.cache == nil {
		return nil
	}
	return e.held.Fits(q.cache.Lacks(len(q.pending()) + e.decoder.proposals()))
}

// numScheduled returns how many new tokens the pass has.
func (e *engine) numScheduled() (n int) {
	for _, q := range e.live {
		n += q.numScheduled
	}
	return n
}

// wants returns how many bytes more will be held when the pass is over, its steps included.
func (e *engine) wants() (n int64) {
	for i, lane := range e.lanes {
		if lane == nil {
			continue
		}
		asked := 0
		for _, q := range e.live {
			if !e.computes(sim.Lane(i), q) {
				continue
			}
			asked++
			if q.proposed != nil {
				asked += len(q.proposed.Proposed)
			}
		}
		rows, positions := e.size(sim.Lane(i))
		n += lane.wants(rows, positions, asked)
	}
	if w := e.decoder.width(); w > 1 && e.block() > 0 { // each that goes on has a block of its own before the next pass
		n += int64(w) * mat.SlabBytes(int(e.blockBytes()/4))
	}
	steps := int64(len(e.live)*(e.m.Model.Config.Layers+1)) * sim.StepBytes
	return n + e.rows.wants(e.numScheduled()) + steps
}

// size returns the rows that the pass has in a lane, and how many keys they see at most.
func (e *engine) size(lane sim.Lane) (rows, positions int) {
	for _, q := range e.live {
		if !e.computes(lane, q) {
			continue
		}
		n := q.numScheduled
		if lane == sim.Uncached {
			n += q.cached
		}
		rows, positions = rows+n, max(positions, e.maxPositions(lane, q))
	}
	return rows, positions
}

// maxPositions returns how many keys a row of a sequence can see in a lane.
func (e *engine) maxPositions(lane sim.Lane, q *sequence) int {
	if lane == sim.Uncached {
		return min(q.maxTokens, e.waitAfter)
	}
	return q.maxTokens
}
