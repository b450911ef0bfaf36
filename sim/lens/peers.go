package lens

import (
	"kvstep/sim"
)

// peersLens is who else is in the pass.
var peersLens = Lens{Name: "peers", Of: OfCounts, Needs: []Need{severalSequences}, Show: value(showPeers)}

// PeersKind says what sequences of a pass are to each other.
type PeersKind string

const (
	PeersBatch PeersKind = "batch" // requests
	PeersBeam  PeersKind = "beam"  // texts of one search
)

// PeersInfo is who else is in the pass, in a run of several sequences.
type PeersInfo struct {
	Kind   PeersKind   `json:"kind"`
	Seq    int         `json:"seq"`             // whose step the frame shows
	Pick   int         `json:"pick"`            // whom the viewer asked for: where this pass does not have it, seq is another
	Pass   []PeerInfo  `json:"pass"`            // the sequences of the pass, in the order of their rows
	Fed    []int       `json:"fed"`             // rows of seq in every pass up to this one
	Again  []int       `json:"again,omitempty"` // where seq was preempted: of them, those that it had computed before
	From   []int       `json:"from,omitempty"`  // and the position at which they begin
	Refs   []int       `json:"refs,omitempty"`  // sequences that use each block, by its number; 0: none of this pass
	Held   Integer     `json:"held,omitzero"`   // bytes that all their caches take, what they share once
	Events []PassEvent `json:"events"`          // what happened in this step, told at the first layer of a pass and at its head
}

// PeerInfo is one sequence of a pass.
type PeerInfo struct {
	Seq           int    `json:"seq"`
	Rows          int    `json:"rows"`
	Cached        int    `json:"cached"`
	Prompt        int    `json:"prompt"`           // tokens
	Token         *int   `json:"token,omitempty"`  // where one was chosen; of a beam its best continuation that stays
	GeneratedText string `json:"said"`             // generated so far
	Table         []int  `json:"table,omitempty"`  // its blocks
	Copied        []int  `json:"copied,omitempty"` // those of them that are copies, made because two beams would write into one
}

func showPeers(m *Moment) *PeersInfo {
	info := &PeersInfo{Kind: PeersBeam, Seq: m.View.Seq, Pick: m.View.Seq, Pass: []PeerInfo{}, Fed: []int{}, Events: []PassEvent{}}
	if m.Recipe.Batch != nil {
		info.Kind = PeersBatch
	}
	s := m.Step
	if s == nil {
		return info
	}
	info.Seq = s.Seq
	if s.KV != nil {
		info.Held = Integer(s.KV.Usage().Held)
	}
	copies := copiedBlocks(m)
	for i, p := range everyone(s) {
		x := PeerInfo{Seq: p.Seq, Rows: p.Rows, Cached: p.Cached, Prompt: p.Prompt, GeneratedText: saidOf(m, p)}
		if p.Token >= 0 {
			x.Token = &p.Token
		}
		if p.KV != nil {
			use := p.KV.Usage()
			x.Table = use.Table
			info.refs(use)
		}
		for _, c := range copies[i] {
			x.Copied = append(x.Copied, c[1])
		}
		info.Pass = append(info.Pass, x)
	}
	for _, f := range append(fedPasses(m), fedOf(s)) {
		info.Fed = append(info.Fed, f.rows)
		if preempted(s) > 0 {
			info.From, info.Again = append(info.From, f.cached), append(info.Again, f.recomputing)
		}
	}
	info.Events = eventsOf(m, copies)
	return info
}

// refs notes how often the blocks of a sequence are used.
func (info *PeersInfo) refs(use sim.CacheUsage) {
	for i, b := range use.Table {
		for len(info.Refs) <= b {
			info.Refs = append(info.Refs, 0)
		}
		info.Refs[b] = use.Refs[i]
	}
}
