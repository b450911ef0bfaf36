// Package export writes runs for other programs: a trace as JSON lines, every number as
// safetensors, and the hash of a state.
package export

import (
	"io"
	"iter"

	"kvstep/sim"
	"kvstep/sim/kv"
	"kvstep/sim/plain"
)

// traceLine is one step in the trace format of docs/trace.md.
type traceLine struct {
	N         int              `json:"n"`
	Phase     sim.Phase        `json:"phase"`
	Part      sim.Part         `json:"part"`
	Layer     *int             `json:"layer"`
	Rows      int              `json:"rows"`
	Cached    int              `json:"cached"`
	Lanes     map[string]any   `json:"lanes"`
	Identical *bool            `json:"identical"`          // null: the lanes were not compared
	Compared  *int             `json:"compared,omitempty"` // where the uncached lane waits
	Differs   string           `json:"differs,omitempty"`
	Cache     *sim.CacheUsage  `json:"cache,omitempty"`
	Gone      [][3]int         `json:"gone,omitempty"`
	Guess     *sim.Speculation `json:"speculation,omitempty"`
	Schedule  *sim.Schedule    `json:"schedule,omitempty"`
	Peers     []tracePeer      `json:"peers,omitempty"`
	Beams     *sim.Beams       `json:"beams,omitempty"`
	*TraceChoice
}

// TraceChoice is what only a head step has. (Exported for the sake of plain.JSON.)
type TraceChoice struct {
	LogitsTop [][2]any    `json:"logits_top"`
	Token     *int        `json:"token"`
	Text      string      `json:"text"`
	Done      *string     `json:"done"`
	Choice    *sim.Choice `json:"choice,omitempty"`
	Effect    *sim.Effect `json:"effect,omitempty"`
}

// tracePeer is one of several sequences that a pass computes.
type tracePeer struct {
	Seq      int             `json:"seq"`
	Phase    sim.Phase       `json:"phase"`
	Rows     int             `json:"rows"`
	Cached   int             `json:"cached"`
	Compared *int            `json:"compared,omitempty"` // where the uncached lane waits for it
	Cache    *sim.CacheUsage `json:"cache,omitempty"`
	Token    *int            `json:"token,omitempty"`
	Text     string          `json:"text,omitempty"`
	Said     string          `json:"said,omitempty"`
	Over     string          `json:"over,omitempty"`
}

func peersOf(s *sim.Step) (peers []tracePeer) {
	for _, p := range s.PassSteps {
		x := tracePeer{Seq: p.Seq, Phase: p.Phase, Rows: p.Rows, Cached: p.Cached, Text: p.Text, Said: p.GeneratedText, Over: p.FinishReason}
		if p.Waits() {
			x.Compared = &p.Compared
		}
		if p.KV != nil {
			use := p.KV.Usage()
			x.Cache = &use
		}
		if p.Token >= 0 {
			x.Token = &p.Token
		}
		peers = append(peers, x)
	}
	return peers
}

// WriteTrace writes steps as JSON lines, one a step, until the first error.
// The command and the page's download write the same bytes (but for measured
// seconds) because both call it.
func WriteTrace(w io.Writer, steps iter.Seq2[*sim.Step, error]) error {
	for s, err := range steps {
		if err != nil {
			return err
		}
		l := traceLine{N: s.N, Phase: s.Phase, Part: s.Part, Rows: s.Rows, Cached: s.Cached,
			Lanes: lanesOf(s), Identical: &s.Identical, Differs: s.Differs, Guess: s.Speculation,
			Schedule: s.Schedule, Peers: peersOf(s), Beams: s.Beams}
		if s.Waits() {
			l.Identical, l.Compared = nil, &s.Compared
		}
		if s.KV != nil {
			use := s.KV.Usage()
			l.Cache, l.Gone = &use, kv.Evictions(s)
		}
		if s.Part == sim.LayerPart {
			l.Layer = &s.Layer
		} else {
			l.TraceChoice = &TraceChoice{Text: s.Text, Choice: s.Choice(), Effect: s.Effect}
			if s.Token >= 0 {
				l.Token = &s.Token
			}
			for _, c := range s.Top() {
				l.LogitsTop = append(l.LogitsTop, [2]any{c.ID, c.Logit})
			}
			if s.RunFinishReason != "" {
				l.Done = &s.RunFinishReason
			}
		}
		if err := plain.Line(w, l); err != nil {
			return err
		}
	}
	return nil
}

// lanesOf returns what each lane of the run paid.
func lanesOf(s *sim.Step) map[string]any {
	m := map[string]any{}
	for lane, name := range map[sim.Lane]string{sim.Cached: "cached", sim.Uncached: "uncached"} {
		switch {
		case !s.Counted[lane]:
		case s.Lanes[lane].Untimed > 0:
			m[name] = untimed{Counters: s.Lanes[lane]}
		default:
			m[name] = &s.Lanes[lane]
		}
	}
	return m
}

// untimed are the counters of a lane that waited: its seconds are null.
type untimed struct {
	sim.Counters
	Seconds *float64 `json:"seconds"`
}
