package lens

import (
	"kvstep/sim"
)

// PeersInfo is who else is in the pass, in a run of several sequences.
type PeersInfo struct {
	Kind string     `json:"kind"` // batch or beam
	Seq  int        `json:"seq"`  // whose step the frame shows
	Pick int        `json:"pick"` // whom the viewer asked for: perhaps not in this pass
	Pass []PeerInfo `json:"pass"` // the sequences of this pass, in the order of their rows
	Fed  []int      `json:"fed"`  // rows of Seq in every pass up to this one
	// Refs is how many sequences use each block, by its number; 0: none of this pass.
	Refs   []int   `json:"refs,omitempty"`
	Held   Integer `json:"held,omitzero"` // bytes that the caches of all sequences take, what they share once
	Events []event `json:"events"`
}

// PeerInfo is one sequence of a pass.
type PeerInfo struct {
	Seq    int       `json:"seq"`
	Phase  sim.Phase `json:"phase"`
	Rows   int       `json:"rows"`
	Cached int       `json:"cached"`
	Prompt int       `json:"prompt"`
	Token  *int      `json:"token,omitempty"`
	Label  string    `json:"label,omitempty"`
	Said   string    `json:"said"`
	Sum    *Score    `json:"sum,omitempty"` // of a beam: log-probability of what it has said
	Over   string    `json:"over,omitempty"`
	Table  []int     `json:"table,omitempty"`  // paged: its blocks
	Copied []int     `json:"copied,omitempty"` // of them: copies that it got because beams had parted
}

// showPeers is nil in a run of one sequence.
func showPeers(m *Moment) *PeersInfo {
	if !m.several() {
		return nil
	}
	info := &PeersInfo{Kind: "beam", Seq: m.View.Seq, Pick: m.View.Seq, Pass: []PeerInfo{}, Fed: []int{}, Events: []event{}}
	if m.Recipe.Batch != nil {
		info.Kind = "batch"
	}
	s := m.Step
	if s == nil {
		return info
	}
	info.Seq = s.Seq
	if s.KV != nil {
		info.Held = Integer(s.KV.Use().Held)
	}
	copies := copiedBlocks(m)
	for i, p := range everyone(s) {
		x := PeerInfo{Seq: p.Seq, Phase: p.Phase, Rows: p.Rows, Cached: p.Cached, Prompt: p.Prompt, Said: saidOf(m, p), Over: p.FinishReason}
		if p.Token >= 0 {
			x.Token, x.Label = &p.Token, m.Label(p.Token)
		}
		if b := beamsBefore(m, s); b != nil && p.Seq < len(b.Live) {
			sum := Score(b.Live[p.Seq].Sum)
			x.Sum = &sum
		}
		if p.KV != nil {
			use := p.KV.Use()
			x.Table = use.Table
			info.refs(use)
		}
		for _, c := range copies[i] {
			x.Copied = append(x.Copied, c[1])
		}
		info.Pass = append(info.Pass, x)
	}
	for pass := range s.Pass + 1 {
		rows := 0
		if own := m.own(pass * m.perPass()); own != nil {
			rows = own.Rows
		}
		info.Fed = append(info.Fed, rows)
	}
	info.Events = eventsOf(m, copies)
	return info
}

// refs notes how often the blocks of a sequence are used.
func (info *PeersInfo) refs(use sim.CacheUse) {
	for i, b := range use.Table {
		for len(info.Refs) <= b {
			info.Refs = append(info.Refs, 0)
		}
		info.Refs[b] = use.Refs[i]
	}
}
