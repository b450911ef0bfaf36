package wire

import (
	"slices"

	"kvstep/sim"
)

// peersInfo is who else is in the pass, in a run of several sequences.
type peersInfo struct {
	Kind string     `json:"kind"` // batch or beam
	Seq  int        `json:"seq"`  // whose step the frame shows
	Pick int        `json:"pick"` // whom the viewer asked for: perhaps not in this pass
	Pass []peerInfo `json:"pass"` // the sequences of this pass, in the order of their rows
	Fed  []int      `json:"fed"`  // rows of Seq in every pass up to this one
	// Refs is how many sequences use each block, by its number; 0: none of this pass.
	Refs   []int   `json:"refs,omitempty"`
	Held   integer `json:"held,omitzero"` // bytes that the caches of all sequences take, what they share once
	Events []event `json:"events"`
}

// peerInfo is one sequence of a pass.
type peerInfo struct {
	Seq    int       `json:"seq"`
	Phase  sim.Phase `json:"phase"`
	Rows   int       `json:"rows"`
	Cached int       `json:"cached"`
	Prompt int       `json:"prompt"`
	Token  *int      `json:"token,omitempty"`
	Label  string    `json:"label,omitempty"`
	Said   string    `json:"said"`
	Sum    *score    `json:"sum,omitempty"` // of a beam: log-probability of what it has said
	Over   string    `json:"over,omitempty"`
	Table  []int     `json:"table,omitempty"`  // paged: its blocks
	Copied []int     `json:"copied,omitempty"` // of them: copies that it got because beams had parted
}

// several tells whether passes of the run may have several sequences.
func (m *Moment) several() bool { return m.Recipe.Batch != nil || m.Recipe.Sampler.Kind == "beam" }

// maxNew is how many tokens the sequence that is looked at may get.
func (m *Moment) maxNew() int {
	seq := m.Link.Pick.Seq
	if m.Step != nil {
		seq = m.Step.Seq
	}
	if b := m.Recipe.Batch; b != nil && seq > 0 && seq <= len(b.Requests) {
		return b.Requests[seq-1].MaxNew
	}
	return m.Recipe.MaxNew
}

// peers is nil in a run of one sequence.
func (m *Moment) peers() *peersInfo {
	if !m.several() {
		return nil
	}
	info := &peersInfo{Kind: "beam", Seq: m.Link.Pick.Seq, Pick: m.Link.Pick.Seq, Pass: []peerInfo{}, Fed: []int{}, Events: []event{}}
	if m.Recipe.Batch != nil {
		info.Kind = "batch"
	}
	s := m.Step
	if s == nil {
		return info
	}
	info.Seq = s.Seq
	if s.KV != nil {
		info.Held = integer(s.KV.Use().Held)
	}
	copies := m.copies()
	for i, p := range everyone(s) {
		x := peerInfo{Seq: p.Seq, Phase: p.Phase, Rows: p.Rows, Cached: p.Cached, Prompt: p.Prompt, Said: m.said(p), Over: p.FinishReason}
		if p.Token >= 0 {
			x.Token, x.Label = &p.Token, m.label(p.Token)
		}
		if b := m.beamsBefore(s); b != nil && p.Seq < len(b.Live) {
			sum := score(b.Live[p.Seq].Sum)
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
	info.Events = m.events(copies)
	return info
}

// refs notes how often the blocks of a sequence are used.
func (info *peersInfo) refs(use sim.CacheUse) {
	for i, b := range use.Table {
		for len(info.Refs) <= b {
			info.Refs = append(info.Refs, 0)
		}
		info.Refs[b] = use.Refs[i]
	}
}

// addPeers adds what a run of several sequences has.
func (m *Moment) addPeers(meta map[string]string) {
	if p := m.peers(); p != nil {
		meta["peers"] = text(p)
	}
	if s := m.schedule(); s != nil {
		meta["schedule"] = text(s)
	}
}

// everyone is all sequences of a step's pass.
func everyone(s *sim.Step) []*sim.Step {
	if len(s.PassSteps) == 0 {
		return []*sim.Step{s}
	}
	return s.PassSteps
}

func (m *Moment) label(id int) string { return m.labelled([]int{id})[0][1].(string) }

// said is what a sequence of the pass has generated so far.
func (m *Moment) said(p *sim.Step) string {
	if p.Part == sim.HeadPart && p.Beams == nil {
		return p.GeneratedText
	}
	if m.Recipe.Batch == nil {
		if b := m.beamsBefore(p); b != nil && p.Seq < len(b.Live) {
			return b.Live[p.Seq].Text
		}
		return ""
	}
	return m.saidBy(p.Seq)
}

// saidBy is what a request has generated so far, whether or not this pass has it.
func (m *Moment) saidBy(seq int) string {
	for n := m.Step.N; n >= 0; n-- {
		if n%m.perPass() != m.perPass()-1 {
			continue
		}
		for _, p := range everyone(m.At(n)) {
			if p.Seq == seq {
				return p.GeneratedText
			}
		}
	}
	return ""
}

// headBefore is the number of the head step of the pass before that of s; negative: none.
func (m *Moment) headBefore(s *sim.Step) int { return s.Pass*m.perPass() - 1 }

// beamsBefore are the beams that the pass of a step continues.
func (m *Moment) beamsBefore(s *sim.Step) *sim.Beams {
	if at := m.headBefore(s); at >= 0 {
		return m.At(at).Beams
	}
	return nil
}

// copies are, for each sequence of the pass, the blocks [from, to] that it had
// to copy because another beam writes into the same one.
func (m *Moment) copies() [][][2]int {
	peers := everyone(m.Step)
	all := make([][][2]int, len(peers))
	b := m.beamsBefore(m.Step)
	if b == nil || m.Step.KV == nil {
		return all
	}
	parents := everyone(m.At(m.headBefore(m.Step)))
	for i, p := range peers {
		if p.Seq >= len(b.Live) || b.Live[p.Seq].Parent >= len(parents) {
			continue
		}
		before, now := parents[b.Live[p.Seq].Parent].KV.Use().Table, p.KV.Use().Table
		for k := range min(len(before), len(now)) {
			if before[k] != now[k] {
				all[i] = append(all[i], [2]int{before[k], now[k]})
			}
		}
	}
	return all
}

// moved are the blocks that the sequence which is looked at took just before this
// step, and those that went back to the free ones. A prompt found in the cache
// takes no block for it; a block that others use goes nowhere.
func (m *Moment) moved(u sim.CacheUse) (taken, given []int) {
	var before []int
	if q := m.Step.Schedule; q != nil && q.Requests[m.Step.Seq].Reused > 0 {
		before = u.Table[:q.Requests[m.Step.Seq].Reused/m.Recipe.Cache.Block]
	}
	if last := m.last(); last != nil && last.KV != nil {
		before = last.KV.Use().Table
	}
	for _, b := range without(before, u.Table) {
		if slices.Contains(u.Free, b) {
			given = append(given, b)
		}
	}
	taken = without(u.Table, before)
	copies := m.copies()
	for i, p := range everyone(m.Step) { // a copy is told as one
		for _, c := range copies[i] {
			if p.Seq == m.Step.Seq {
				taken = slices.DeleteFunc(taken, func(b int) bool { return b == c[1] })
			}
		}
	}
	return taken, given
}
