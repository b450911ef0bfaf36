package lens

import (
	"strconv"

	"kvstep/sim"
	"kvstep/sim/plain"
)

// Integer is written as a JSON number while JavaScript can hold it exactly,
// and as a decimal string beyond 2^53.
type Integer int64

func (n Integer) MarshalJSON() ([]byte, error) {
	s := strconv.FormatInt(int64(n), 10)
	if n > 1<<53 || n < -(1<<53) {
		s = `"` + s + `"`
	}
	return []byte(s), nil
}

// Score is written in float32 digits, half the bytes, where float32 reaches it, and
// else in all of its own: a penalty may take a logit far beyond.
type Score float64

func (x Score) MarshalJSON() ([]byte, error) {
	if slim := float32(x); slim-slim == 0 && (slim != 0) == (x != 0) {
		return plain.JSON(slim), nil
	}
	return plain.JSON(float64(x)), nil
}

// counters are sim.Counters with integers safe for JavaScript; zeros are left
// out, as most of the uncached lane's and of a layer's logits are.
type counters struct {
	Flops struct {
		QKV    Integer `json:"qkv,omitzero"`
		Scores Integer `json:"scores,omitzero"`
		AV     Integer `json:"av,omitzero"`
		Out    Integer `json:"out,omitzero"`
		MLP    Integer `json:"mlp,omitzero"`
		Head   Integer `json:"head,omitzero"`
	} `json:"flops"`
	Elementwise  Integer `json:"elementwise"`
	KVTokens     Integer `json:"kv_tokens,omitzero"`
	KVBytes      Integer `json:"kv_bytes,omitzero"`
	KVReadBytes  Integer `json:"kv_read_bytes,omitzero"`
	KVWriteBytes Integer `json:"kv_write_bytes,omitzero"`
	WeightBytes  Integer `json:"weight_bytes"`
	Seconds      float64 `json:"seconds,omitzero"`
}

func safe(c sim.Counters) (s counters) {
	f := c.Flops
	s.Flops.QKV, s.Flops.Scores, s.Flops.AV = Integer(f.QKV), Integer(f.Scores), Integer(f.AV)
	s.Flops.Out, s.Flops.MLP, s.Flops.Head = Integer(f.Out), Integer(f.MLP), Integer(f.Head)
	s.Elementwise, s.KVTokens, s.KVBytes = Integer(c.Elementwise), Integer(c.KVTokens), Integer(c.KVBytes)
	s.KVReadBytes, s.KVWriteBytes = Integer(c.KVReadBytes), Integer(c.KVWriteBytes)
	s.WeightBytes, s.Seconds = Integer(c.WeightBytes), c.Seconds
	return s
}

type lanes struct {
	Cached   *counters `json:"cached"` // null when the recipe leaves the lane out
	Uncached *counters `json:"uncached"`
}

type LedgerInfo struct {
	Step  lanes     `json:"step"`
	Total lanes     `json:"total"`
	Count CountInfo `json:"count"`
}

func (m *Moment) ledger() LedgerInfo {
	sw := m.switches()
	l := LedgerInfo{Count: CountInfo{sw.Unit, sw.Pairs, sw.Logits}}
	s := m.Step
	if s == nil {
		return l
	}
	for lane, slots := range [2][2]**counters{
		{&l.Step.Cached, &l.Total.Cached}, {&l.Step.Uncached, &l.Total.Uncached},
	} {
		if s.Ran[lane] {
			step, total := safe(m.Recount(s, sim.Lane(lane))), safe(m.Recounted(s, sim.Lane(lane)))
			*slots[0], *slots[1] = &step, &total
		}
	}
	return l
}
