package wire

import (
	"strconv"

	"kvstep/sim"
	"kvstep/sim/plain"
)

// integer is written as a JSON number while JavaScript can hold it exactly,
// and as a decimal string beyond 2^53.
type integer int64

func (n integer) MarshalJSON() ([]byte, error) {
	s := strconv.FormatInt(int64(n), 10)
	if n > 1<<53 || n < -(1<<53) {
		s = `"` + s + `"`
	}
	return []byte(s), nil
}

// score is written in float32 digits, half the bytes, where float32 reaches it, and
// else in all of its own: a penalty may take a logit far beyond.
type score float64

func (x score) MarshalJSON() ([]byte, error) {
	if slim := float32(x); slim-slim == 0 && (slim != 0) == (x != 0) {
		return plain.JSON(slim), nil
	}
	return plain.JSON(float64(x)), nil
}

// counters are sim.Counters with integers safe for JavaScript; zeros are left
// out, as most of the uncached lane's and of a layer's logits are.
type counters struct {
	Flops struct {
		QKV    integer `json:"qkv,omitzero"`
		Scores integer `json:"scores,omitzero"`
		AV     integer `json:"av,omitzero"`
		Out    integer `json:"out,omitzero"`
		MLP    integer `json:"mlp,omitzero"`
		Head   integer `json:"head,omitzero"`
	} `json:"flops"`
	Elementwise  integer `json:"elementwise"`
	KVTokens     integer `json:"kv_tokens,omitzero"`
	KVBytes      integer `json:"kv_bytes,omitzero"`
	KVReadBytes  integer `json:"kv_read_bytes,omitzero"`
	KVWriteBytes integer `json:"kv_write_bytes,omitzero"`
	WeightBytes  integer `json:"weight_bytes"`
	Seconds      float64 `json:"seconds,omitzero"`
}

func safe(c sim.Counters) (s counters) {
	f := c.Flops
	s.Flops.QKV, s.Flops.Scores, s.Flops.AV = integer(f.QKV), integer(f.Scores), integer(f.AV)
	s.Flops.Out, s.Flops.MLP, s.Flops.Head = integer(f.Out), integer(f.MLP), integer(f.Head)
	s.Elementwise, s.KVTokens, s.KVBytes = integer(c.Elementwise), integer(c.KVTokens), integer(c.KVBytes)
	s.KVReadBytes, s.KVWriteBytes = integer(c.KVReadBytes), integer(c.KVWriteBytes)
	s.WeightBytes, s.Seconds = integer(c.WeightBytes), c.Seconds
	return s
}

type lanes struct {
	Cached   *counters `json:"cached"` // null when the recipe leaves the lane out
	Uncached *counters `json:"uncached"`
}

type ledgerInfo struct {
	Step  lanes     `json:"step"`
	Total lanes     `json:"total"`
	Count countInfo `json:"count"`
}

func (m *Moment) ledger() ledgerInfo {
	sw := m.Link.switches()
	l := ledgerInfo{Count: countInfo{sw.Unit, sw.Pairs, sw.Logits}}
	s := m.Step
	if s == nil {
		return l
	}
	for lane, slots := range [2][2]**counters{
		{&l.Step.Cached, &l.Total.Cached}, {&l.Step.Uncached, &l.Total.Uncached},
	} {
		if s.Ran[lane] {
			step, total := safe(m.recount(s, sim.Lane(lane))), safe(m.recounted(s, sim.Lane(lane)))
			*slots[0], *slots[1] = &step, &total
		}
	}
	return l
}
