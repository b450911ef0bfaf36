package export

import (
	"encoding/json"
	"slices"
	"strings"

	"kvstep/sim"
	"kvstep/sim/checkpoint"
	"kvstep/sim/lens"
	"kvstep/web/wire"
)

// laneRows remembers what of the lane without a cache the records of a layer have, which are made pass by pass: a row of
// that lane depends on its own token and on earlier ones only, so that the rows of tokens that two passes have in common
// are the same.
type laneRows map[int]*laneRecord // by layer

// laneRecord is the last record of a layer.
type laneRecord struct {
	step   int
	tokens []int // whose rows that and the records before it have
	before int   // rows that the records before it have
}

// cut leaves in a frame's record the rows of the lane that are in no record before it, nor in itself as those of the
// cached lane, all of them with their digits, and returns how many rows others have. Heads of a step follow
// each other.
func (x laneRows) cut(f *checkpoint.File, m *lens.Moment) (before int) {
	f.Tensors = slices.DeleteFunc(f.Tensors, func(t checkpoint.Tensor) bool { return strings.HasPrefix(t.Name, "without_") })
	if m.Step == nil || m.Step.Part != sim.LayerPart {
		return 0
	}
	last := x[m.Step.Layer]
	if last == nil || last.step != m.Step.N {
		last = x.next(last, f, m)
		x[m.Step.Layer] = last
	}
	if last.tokens == nil {
		return 0
	}
	for _, t := range lens.WithoutRows(m, last.before) {
		f.Tensors = append(f.Tensors, wire.Tensor(t))
	}
	return last.before
}

// next begins the record of a step after the last one of its layer: the first head has what the frame says of it.
func (x laneRows) next(last *laneRecord, f *checkpoint.File, m *lens.Moment) *laneRecord {
	var info *lens.WithoutInfo
	next := &laneRecord{step: m.Step.N}
	if err := json.Unmarshal([]byte(f.Meta["without"]), &info); err != nil || info == nil || info.Source == lens.WithoutNone {
		return next
	}
	info.Max = nil // nothing is a picture here
	f.Meta["without"] = jsonText(info)
	next.tokens = m.Step.Tokens
	for last != nil && next.before < min(len(last.tokens), len(next.tokens)) && last.tokens[next.before] == next.tokens[next.before] {
		next.before++
	}
	return next
}
