package lens

import (
	"kvstep/sim/explain"
)

// pickLens is whose matrices the tensors are.
var pickLens = Lens{Name: "pick", Show: value(showPick)}

// PickInfo is whose matrices the tensors are.
type PickInfo struct {
	Layer  int  `json:"layer"`
	Head   int  `json:"head"`
	KVHead int  `json:"kv_head"`
	Follow bool `json:"follow"` // the layer follows the cursor
	// From is the step that the matrices come from, the latest one at or before the cursor
	// that ran the layer; null where it has not run yet, and then there are none.
	From *int `json:"from"`

	Op    string        `json:"op"`             // the op that is looked at, "" for the attention of one head
	Trail []explain.Ref `json:"trail"`          // what is explained, as far as it is still there
	Show  []string      `json:"show,omitempty"` // panels that this viewer has open
	Real  string        `json:"real,omitempty"` // "model@device"
}

func showPick(m *Moment) PickInfo {
	p := PickInfo{m.Layer(), m.Head(), m.Model.Model.KVHead(m.Head()), m.View.Layer == nil, nil, m.View.Op, m.View.Trail, m.View.Show, m.View.Real}
	if p.Trail == nil {
		p.Trail = []explain.Ref{}
	}
	if m.From != nil {
		p.From = &m.From.N
	}
	return p
}
