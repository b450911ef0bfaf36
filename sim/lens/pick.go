package lens

import (
	"kvstep/sim/explain"
)

type PickInfo struct {
	Layer  int  `json:"layer"`
	Head   int  `json:"head"`
	KVHead int  `json:"kv_head"`
	Follow bool `json:"follow"`
	From   *int `json:"from"`

	Op    string        `json:"op"`
	Trail []explain.Ref `json:"trail"`
	Show  []string      `json:"show,omitempty"`
	Real  string        `json:"real,omitempty"`
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
