package run

import (
	"kvstep/sim/kv"
	"kvstep/sim/library"
	"kvstep/sim/mat"
)

// Session runs a model with a contiguous cache and remembers nothing but that:
// no steps, no second lane. It is what tracing is measured against, and gives the
// same bits.
type Session struct {
	lane      *lane
	cache     *kv.Contiguous
	maxTokens int
	logits    mat.Matrix // [1, vocab]
}

// NewSession makes a session with room for maxTokens.
func NewSession(m *library.Loaded, maxTokens int) (*Session, error) {
	cache, err := kv.NewContiguous(kv.SpecOf(m.Model.Config, maxTokens), kv.NewArena(0))
	if err != nil {
		return nil, err
	}
	return &Session{lane: newLane(m.Model), cache: cache, maxTokens: maxTokens, logits: mat.New(1, m.Model.Config.Vocab)}, nil
}

// Feed runs tokens after those that were fed before, all in one pass, and gives
// the logits of the last, [vocab], until the next call. There must be room.
func (s *Session) Feed(tokens ...int) []float32 {
	s.lane.begin(len(tokens), s.maxTokens)
	s.lane.add(tokens, s.cache.Len(0), s.cache)
	for l := range s.lane.m.Config.Layers {
		s.lane.layer(l)
	}
	s.lane.headInto(s.logits, len(tokens)-1)
	return s.logits.Row(0)
}

// Len returns how many tokens have been fed.
func (s *Session) Len() int { return s.cache.Len(0) }

// Clear forgets all tokens.
func (s *Session) Clear() { s.cache.Truncate(0) }
