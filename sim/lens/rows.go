package lens

import (
	"kvstep/sim"
)

// rowsLens is where every cached row comes from.
var rowsLens = Lens{Name: "rows", Of: OfRun, Needs: []Need{open("rows"), aStep, aCache}, Show: bare(showRows), Tensors: []Spec{
	{"rows", "U8, U16 or U32", "[3, L, T]", "1 + the pass that wrote the K and V row of this position (0: not yet), passes that have read it since, passes in which the uncached lane computed it again, or would have, where it waits"},
}}

// showRows returns where every cached row comes from, as the recorded steps up to
// the cursor tell it: [3, layers, positions] of
//
//	0  1 + the pass that wrote the row; 0 where it is not written yet
//	1  passes that have read it since
//	2  passes in which the uncached lane computed it again, or would have, where it waits
//
// All K/V heads of a layer are written and read together.
func showRows(m *Moment) []Tensor {
	layers, positions := m.Model.Model.Config.Layers, m.Step.Cached+m.Step.Rows
	counts := make([]uint32, 3*layers*positions)
	before := fedPasses(m)
	reached := provenance(append(before, fedOf(m.Step)), positions)
	coming := reached // of layers that this pass has not reached
	if m.Step.Part == sim.LayerPart && m.Step.Layer < layers-1 {
		coming = provenance(before, positions)
	}
	for layer := range layers {
		from := reached
		if m.Step.Part == sim.LayerPart && layer > m.Step.Layer {
			from = coming
		}
		for kind := range from {
			copy(counts[(kind*layers+layer)*positions:], from[kind])
		}
	}
	return []Tensor{wholes("rows", counts, 3, layers, positions)}
}

// provenance returns where the rows of one layer come from, by kind and position, after some passes.
func provenance(passes []fed, positions int) (counts [3][]uint32) {
	for kind := range counts {
		counts[kind] = make([]uint32, positions)
	}
	var read [2]uint32                   // so many passes so far; of those, so many in which the other lane computed all again
	from := make([][2]uint32, positions) // what these were before the first that has read this position
	reading := 0                         // positions below are read by every pass
	settle := func() {                   // until a pass that has fewer
		for p := range reading {
			counts[1][p] += read[0] - from[p][0]
			counts[2][p] += read[1] - from[p][1]
		}
		reading = 0
	}
	for pass, f := range passes {
		if !f.in {
			continue
		}
		if f.cached < reading {
			settle()
		}
		for ; reading < min(f.cached, positions); reading++ {
			from[reading] = read
		}
		if read[0]++; f.uncached {
			read[1]++
		}
		for p := f.cached; p < min(f.cached+f.stay, positions); p++ { // once more, if it was preempted
			counts[0][p], counts[1][p], counts[2][p] = uint32(pass)+1, 0, 0
		}
	}
	settle()
	return counts
}
